/* SPDX-License-Identifier: MIT */

/* Guests and their connections (D20), names (SEMANTICS 70 to 76), the pure rights. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/core/support.h"
#include "tests/support/alloc.h"

static struct world w;

static void setup(void)
{
	world_init(&w);
}

static void teardown(void)
{
	world_fini(&w);
}

TestSuite(guests, .init = setup, .fini = teardown);
TestSuite(registry, .init = setup, .fini = teardown);
TestSuite(rights);

static void boot(const char *tree)
{
	world_boot(&w, tree);
	world_marks(&w, "");
}

static const char *by(uint64_t source, enum request_kind kind, const char *target,
		      const char *child)
{
	return world_by(&w, source, kind, target, child);
}

static bool is_at(const char *name, actor_pid pid)
{
	const char *answer = by(0, REQUEST_WHEREIS, name, NULL);

	return strcmp(answer, pid.n ? "ok" : "noproc") == 0 && world_answer_pid(&w).n == pid.n;
}

/* ---- guests ---- */

Test(guests, a_guest_has_a_pid_of_its_own)
{
	uint64_t one, two;

	boot("/{a}");
	one = world_guest(&w, 1000);
	two = world_guest(&w, 1000);
	cr_expect_neq(world_source_pid(&w, one).n, 0);
	cr_expect_neq(world_source_pid(&w, one).n, world_source_pid(&w, two).n);
	cr_expect_str_eq(by(two, REQUEST_SELF, NULL, NULL), "ok");
	cr_expect_eq(world_answer_pid(&w).n, world_source_pid(&w, two).n);
	world_leave(&w, one, true);
	cr_expect_str_eq(by(one, REQUEST_SELF, NULL, NULL), "not_an_actor");
	cr_expect_str_eq(by(0, REQUEST_SELF, NULL, NULL), "not_an_actor");
}

Test(guests, a_helper_speaks_for_its_actor)
{
	uint64_t own, helper;

	boot("/{a}");
	own = world_join(&w, ROLE_MAIN, "a");
	helper = world_join(&w, ROLE_HELPER, "a");
	by(own, REQUEST_SELF, NULL, NULL);
	cr_expect_eq(world_answer_pid(&w).n, world_view(&w, "a").pid.n);
	by(helper, REQUEST_SELF, NULL, NULL);
	cr_expect_eq(world_answer_pid(&w).n, world_view(&w, "a").pid.n);
	world_leave(&w, helper, false);
	cr_expect_str_eq(by(own, REQUEST_SELF, NULL, NULL), "ok");
}

Test(guests, connections_end_with_their_actor)
{
	uint64_t own, late;

	boot("/{a(temporary)}");
	own = world_join(&w, ROLE_MAIN, "a");
	world_exit(&w, "a", 0);
	cr_expect_str_eq(world_dropped(&w, own), "its actor has ended");
	late = ++w.n_sources;
	world_step(&w, &(struct event){.kind = EVENT_JOIN,
				       .role = ROLE_HELPER,
				       .source = late,
				       .pid = world_source_pid(&w, own)});
	cr_expect_str_eq(world_dropped(&w, late), "its actor has ended");
}

/* SEMANTICS 11: what a doomed actor asks does not count. */
Test(guests, s11_a_doomed_actor_is_asked_nothing)
{
	uint64_t own;

	boot("/{a}");
	own = world_join(&w, ROLE_MAIN, "a");
	world_manners(&w, "a")->stubborn = true;
	world_send(&w, REQUEST_EXIT, "a", "bye");
	cr_expect_str_eq(by(own, REQUEST_SELF, NULL, NULL), "not_an_actor");
	cr_expect_str_eq(by(own, REQUEST_REGISTER, NULL, "x"), "not_an_actor");
}

Test(guests, without_memory_a_guest_is_turned_away)
{
	boot("/{a}");
	for (unsigned long n = 1;; n++) {
		uint64_t source;

		alloc_fail_at(n);
		source = world_guest(&w, 0);
		alloc_fail_end();
		if (!*world_dropped(&w, source))
			break;
		cr_expect_str_eq(world_dropped(&w, source), "the daemon is short of memory");
		cr_assert_lt(n, 20);
	}
}

/* ---- names ---- */

Test(registry, s70_a_name_has_one_holder)
{
	uint64_t one, two;

	boot("/{a}");
	one = world_guest(&w, 1);
	two = world_guest(&w, 1);
	cr_expect_str_eq(by(one, REQUEST_REGISTER, NULL, "x"), "ok");
	cr_expect_str_eq(by(two, REQUEST_REGISTER, NULL, "x"), "name_taken");
	cr_expect_eq(world_answer_pid(&w).n, world_source_pid(&w, one).n);
	cr_expect_str_eq(by(one, REQUEST_REGISTER, NULL, "x"), "name_taken");
	cr_expect(is_at("x", world_source_pid(&w, one)));
	cr_expect_str_eq(by(one, REQUEST_UNREGISTER, NULL, "x"), "ok");
	cr_expect_str_eq(by(one, REQUEST_UNREGISTER, NULL, "x"), "noproc");
	cr_expect_str_eq(by(two, REQUEST_REGISTER, NULL, "x"), "ok");
	cr_expect(is_at("x", world_source_pid(&w, two)));
}

Test(registry, s71_an_actor_may_have_several_names)
{
	uint64_t one;

	boot("/{a}");
	one = world_join(&w, ROLE_MAIN, "a");
	by(one, REQUEST_REGISTER, NULL, "x");
	by(one, REQUEST_REGISTER, NULL, "y");
	cr_expect(is_at("x", world_view(&w, "a").pid));
	cr_expect(is_at("y", world_view(&w, "a").pid));
	cr_expect(is_at("a", world_view(&w, "a").pid));
}

/* Nobody uses the daemon's memory up with names. */
Test(registry, their_number_is_bounded)
{
	uint64_t one;
	char name[16];

	world_boot(&w, "/{a}");
	one = world_join(&w, ROLE_MAIN, "a");
	for (unsigned i = 0; i < REGISTRY_NAMES_MAX; i++) {
		struct event event = {.kind = EVENT_REQUEST,
				      .request = {.kind = REQUEST_REGISTER,
						  .id = 1000,
						  .source = one,
						  .child = name}};

		snprintf(name, sizeof(name), "n%u", i);
		cr_assert_eq(core_step(w.core, &event, w.now), 0);
	}
	cr_expect_str_eq(by(one, REQUEST_REGISTER, NULL, "x"), "refused");
	cr_expect_str_eq(by(one, REQUEST_UNREGISTER, NULL, "n7"), "ok");
	cr_expect_str_eq(by(one, REQUEST_REGISTER, NULL, "x"), "ok");
	world_crash(&w, "a");
	cr_expect_eq(world_child(&w, "a")->actor.n_names, 0);
}

Test(registry, s73_a_name_goes_with_its_holder)
{
	uint64_t guest, own;

	boot("/{a}");
	guest = world_guest(&w, 1);
	own = world_join(&w, ROLE_MAIN, "a");
	by(guest, REQUEST_REGISTER, NULL, "x");
	by(own, REQUEST_REGISTER, NULL, "y");
	world_leave(&w, guest, false);
	cr_expect(is_at("x", ACTOR_PID_NONE));
	world_crash(&w, "a");
	cr_expect(is_at("y", ACTOR_PID_NONE));
	cr_expect(is_at("a", world_view(&w, "a").pid));
}

/* While it is doomed the name is taken, but leads nowhere. */
Test(registry, s73_the_doomed_keep_their_names)
{
	uint64_t guest, own;

	boot("/{a(temporary)}");
	guest = world_guest(&w, 0);
	own = world_join(&w, ROLE_MAIN, "a");
	by(own, REQUEST_REGISTER, NULL, "x");
	world_manners(&w, "a")->stubborn = true;
	world_send(&w, REQUEST_EXIT, "a", "bye");
	cr_expect(is_at("x", ACTOR_PID_NONE));
	cr_expect(is_at("a", ACTOR_PID_NONE));
	cr_expect_str_eq(by(guest, REQUEST_REGISTER, NULL, "x"), "name_taken");
	world_pass(&w, 5000);
	cr_expect_str_eq(by(guest, REQUEST_REGISTER, NULL, "x"), "ok");
}

Test(registry, paths_and_aliases_are_reserved)
{
	uint64_t guest;

	boot("/{a(alias=main alias=db transient) b(down alias=spare)}");
	guest = world_guest(&w, 0);
	cr_expect(is_at("main", world_view(&w, "a").pid));
	cr_expect(is_at("spare", ACTOR_PID_NONE));
	cr_expect_str_eq(by(guest, REQUEST_REGISTER, NULL, "main"), "name_taken");
	cr_expect_str_eq(by(guest, REQUEST_REGISTER, NULL, "spare"), "name_taken");
	cr_expect_eq(world_answer_pid(&w).n, 0);
	cr_expect_str_eq(by(guest, REQUEST_REGISTER, NULL, "b"), "name_taken");
	cr_expect_str_eq(by(guest, REQUEST_UNREGISTER, NULL, "main"), "noproc");
	world_exit(&w, "a", 0);
	cr_expect(is_at("db", ACTOR_PID_NONE));
	cr_expect_str_eq(by(guest, REQUEST_REGISTER, NULL, "db"), "name_taken");
	world_send(&w, REQUEST_START, "b", NULL);
	cr_expect(is_at("spare", world_view(&w, "b").pid));
	world_send(&w, REQUEST_REMOVE, "b", NULL);
}

Test(registry, what_leaves_the_tree_leaves_its_names)
{
	uint64_t guest;

	boot("/{a}");
	guest = world_guest(&w, 0);
	cr_expect_str_eq(world_start_child(&w, "/", "b(alias=x)"), "ok_up");
	cr_expect(is_at("x", world_view(&w, "b").pid));
	cr_expect_str_eq(world_send(&w, REQUEST_REMOVE, "b", NULL), "ok");
	cr_expect_str_eq(by(guest, REQUEST_REGISTER, NULL, "x"), "ok");
	cr_expect_str_eq(by(guest, REQUEST_REGISTER, NULL, "b"), "ok");
}

Test(registry, s76_a_child_whose_name_is_taken_does_not_start)
{
	uint64_t guest;

	boot("/{a(alias=y)}");
	guest = world_guest(&w, 0);
	by(guest, REQUEST_REGISTER, NULL, "b");
	by(guest, REQUEST_REGISTER, NULL, "x");
	cr_expect_str_eq(world_start_child(&w, "/", "b"), "start_failed already_registered");
	cr_expect_str_eq(world_start_child(&w, "/", "c(alias=x)"),
			 "start_failed already_registered");
	cr_expect_str_eq(world_start_child(&w, "/", "c(alias=y)"),
			 "start_failed already_registered");
	world_leave(&w, guest, true);
	cr_expect_str_eq(world_start_child(&w, "/", "c(alias=x)"), "ok_up");
	cr_expect_str_eq(world_start_child(&w, "/", "b"), "ok_up");
	cr_expect(is_at("x", world_view(&w, "c").pid));
}

Test(registry, names_that_are_none)
{
	char longest[SPEC_NAME_MAX + 2];
	const char *const bad[] = {"", "a/b", "<0.1.0>", "0.1.0", "/", "a b", "\n", longest};
	uint64_t guest;

	boot("/{a}");
	guest = world_guest(&w, 0);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_expect_str_eq(by(guest, REQUEST_REGISTER, NULL, bad[i]), "bad_name", "%s",
				 bad[i]);
	longest[SPEC_NAME_MAX] = '\0';
	cr_expect_str_eq(by(guest, REQUEST_REGISTER, NULL, longest), "ok");
}

Test(registry, for_another_one_needs_its_user)
{
	uint64_t one, two, other;
	char pid[ACTOR_PID_TEXT_MAX];

	boot("/{a}");
	one = world_guest(&w, 1);
	two = world_guest(&w, 1);
	other = world_guest(&w, 2);
	actor_pid_format(world_source_pid(&w, two), pid);
	cr_expect_str_eq(by(other, REQUEST_REGISTER, pid, "x"), "not_permitted");
	cr_expect_str_eq(by(one, REQUEST_REGISTER, pid, "x"), "ok");
	cr_expect(is_at("x", world_source_pid(&w, two)));
	cr_expect_str_eq(by(other, REQUEST_UNREGISTER, NULL, "x"), "not_permitted");
	cr_expect_str_eq(by(one, REQUEST_UNREGISTER, NULL, "x"), "ok");
	cr_expect_str_eq(by(one, REQUEST_REGISTER, "<0.99.0>", "x"), "noproc");
}

Test(registry, without_memory_nothing_is_registered)
{
	uint64_t guest;

	boot("/{a}");
	guest = world_guest(&w, 0);
	for (unsigned long n = 1; n < 20; n++) {
		const char *answer;

		alloc_fail_at(n);
		answer = by(guest, REQUEST_REGISTER, NULL, "x");
		alloc_fail_end();
		if (strcmp(answer, "ok") == 0)
			return;
		cr_expect_str_eq(answer, "no_memory");
		cr_expect(is_at("x", ACTOR_PID_NONE));
	}
	cr_assert_fail("it never succeeded");
}

/* ---- rights ---- */

Test(rights, each_rule)
{
	char admin[] = "admin", web[] = "exit:web/*", link[] = "link:db",
	     spawn[] = "spawn:www-?ata";
	char *as_admin[] = {admin, NULL};
	char *some[] = {web, link, spawn, NULL};
	const struct {
		struct rights_who who;
		enum rights_act act;
		struct rights_whom whom;
		bool allowed;
	} rows[] = {
		{{.admin = true, .uid = 5}, RIGHTS_EXIT, {6, "x"}, true},
		{{.uid = 5, .grants = as_admin}, RIGHTS_SPAWN, {6, "x"}, true},
		{{.uid = 5}, RIGHTS_EXIT, {5, "x"}, true},
		{{.uid = 5}, RIGHTS_EXIT, {6, "x"}, false},
		{{.uid = RIGHTS_NO_UID}, RIGHTS_LINK, {RIGHTS_NO_UID, "x"}, false},
		{{.uid = 5, .grants = some}, RIGHTS_EXIT, {6, "web/api"}, true},
		{{.uid = 5, .grants = some}, RIGHTS_EXIT, {6, "web"}, false},
		{{.uid = 5, .grants = some}, RIGHTS_EXIT, {6, NULL}, false},
		{{.uid = 5, .grants = some}, RIGHTS_LINK, {6, "db"}, true},
		{{.uid = 5, .grants = some}, RIGHTS_LINK, {6, "web/api"}, false},
		{{.uid = 5, .grants = some}, RIGHTS_SPAWN, {6, "www-data"}, true},
		{{.uid = 5, .grants = some}, RIGHTS_SPAWN, {6, "root"}, false},
		{{.uid = 5, .grants = some}, RIGHTS_REGISTER, {6, "db"}, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_eq(!rights_refusal(&rows[i].who, rows[i].act, &rows[i].whom),
			     rows[i].allowed, "row %zu", i);
}

Test(rights, grants)
{
	cr_expect(rights_is_grant("link:web/*") && rights_is_grant("exit:a") &&
		  rights_is_grant("spawn:www-data") && rights_is_grant("admin"));
	cr_expect_not(rights_is_grant("") || rights_is_grant("link:") || rights_is_grant("link") ||
		      rights_is_grant("administrator") || rights_is_grant("register:x"));
}
