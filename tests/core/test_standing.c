/* SPDX-License-Identifier: MIT */

/* The key link: standing links between children (SEMANTICS D16, 29, 32 to 36). */

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

TestSuite(standing, .init = setup, .fini = teardown);

static bool are_linked(const char *one, const char *other)
{
	return edge_find_link(&world_child(&w, one)->actor, &world_child(&w, other)->actor);
}

/* Whichever of the two names the other, in whatever order they get ready. */
Test(standing, d16_linked_whenever_both_run)
{
	static const char *const trees[] = {
		"/{a(link=b) b}",           "/{a b(link=a)}",        "/{a(link=b) b(link=a)}",
		"/{b a(link=b)}",           "/{a(link=b notify) b}", "/{a(link=b) b(notify)}",
		"/(parallel){a(link=b) b}",
	};

	for (size_t i = 0; i < ARRAY_LEN(trees); i++) {
		world_boot(&w, trees[i]);
		cr_expect_str_eq(world_states(&w, "/"),
				 trees[i][2] == 'b' ? "b:running a:running" : "a:running b:running",
				 "%s", trees[i]);
		cr_expect_eq(w.core->edges.used, 1, "%s", trees[i]);
		cr_expect(are_linked("a", "b"), "%s", trees[i]);
		world_fini(&w);
		world_init(&w);
	}
}

/* D16, 35: one ends with the other; each new pair is linked anew (29 is for others' links). */
Test(standing, d16_anew_for_each_pair_of_incarnations)
{
	world_boot(&w, "/(intensity=9){a(link=b) b}");
	for (int i = 0; i < 3; i++) {
		world_marks(&w, "");
		world_crash(&w, i % 2 ? "a" : "b");
		cr_expect_str_eq(world_reason(&w, "a"), "exit:1");
		cr_expect_str_eq(world_reason(&w, "b"), "exit:1");
		cr_expect_str_eq(world_states(&w, "/"), "a:running b:running");
		cr_expect_eq(w.core->edges.used, 1);
		cr_expect(are_linked("a", "b"));
	}
}

/* D16: who is down, starting, or about to end keeps nobody from anything. */
Test(standing, d16_a_partner_that_does_not_run_fails_nothing)
{
	world_boot(&w, "/{a(link=b link=c link=nobody) b(down) c}");
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:stopped c:running");
	cr_expect_eq(w.core->edges.used, 1);
	world_ask(&w, REQUEST_START, "b", NULL);
	cr_expect(are_linked("a", "b"));
	/* Doomed: stays as it is, and is linked to nobody new. */
	world_manners(&w, "b")->stubborn = true;
	world_send(&w, REQUEST_EXIT, "b", "bye");
	cr_expect_str_eq(world_state(&w, "b"), "stopping");
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:stopping c:running");
	cr_expect_str_eq(world_reason(&w, "a"), "bye", "one that does not trap ends with it");
	cr_expect_str_eq(world_reason(&w, "c"), "bye", "and who is linked to that one");
	cr_expect_eq(w.core->edges.used, 1, "a and c, anew");
	cr_expect(are_linked("a", "c"));
	world_manners(&w, "b")->stubborn = false;
	world_serve(&w);
	world_pass(&w, 10000);
	cr_expect_str_eq(world_state(&w, "b"), "running");
	cr_expect(are_linked("a", "b"));
}

/* One that is still starting is linked when it is ready, not before. */
Test(standing, d16_not_before_both_are_ready)
{
	world_boot(&w, "/{a(link=b) b}");
	world_manners(&w, "a")->mute = true;
	world_crash(&w, "b");
	cr_expect_str_eq(world_states(&w, "/"), "a:starting b:running");
	cr_expect_eq(w.core->edges.used, 0);
	world_manners(&w, "b")->fails = 0;
	world_crash(&w, "b");
	cr_expect_str_eq(world_state(&w, "a"), "starting", "no exit signal reaches it");
	world_manners(&w, "a")->mute = false;
	world_serve(&w);
	cr_expect(are_linked("a", "b"));
}

/* SEMANTICS 32, 33. */
Test(standing, s32_s33_a_normal_end_and_a_trap)
{
	world_boot(&w, "/{a(trap link=b) b c(link=b)}");
	world_join(&w, ROLE_MAIN, "a");
	world_marks(&w, "");
	world_exit(&w, "b", 0);
	cr_expect_str_eq(world_marks(&w, ""), "-b >b +b", "nobody goes with it");
	cr_expect_str_eq(world_inbox(&w, 1), "exit:normal");
	world_crash(&w, "b");
	cr_expect_str_eq(world_inbox(&w, 1), "exit:exit:1");
	cr_expect_str_eq(world_state(&w, "a"), "running");
	cr_expect_str_eq(world_reason(&w, "c"), "exit:1");
	cr_expect(are_linked("a", "b"));
}

/* An actor may take it away; the next pair has it again. */
Test(standing, d16_unlinked_by_one_of_them)
{
	world_boot(&w, "/{a(link=b) b}");
	world_join(&w, ROLE_MAIN, "a");
	cr_expect_str_eq(world_by(&w, 1, REQUEST_UNLINK, "b", NULL), "ok");
	cr_expect_eq(w.core->edges.used, 0);
	world_marks(&w, "");
	world_crash(&w, "b");
	cr_expect_str_eq(world_marks(&w, "-+"), "-b +b");
	cr_expect(are_linked("a", "b"));
}

/* Between branches, and with a supervisor: it traps by nature, its partner does not. */
Test(standing, d16_across_the_tree)
{
	world_boot(&w, "/{s{x} t(link=u/z){y(link=s/x)} u{z}}");
	cr_expect(are_linked("s/x", "t/y"));
	cr_expect(are_linked("t", "u/z"));
	world_marks(&w, "");
	world_crash(&w, "u/z");
	cr_expect_str_eq(world_marks(&w, "-+"), "-u/z +u/z");
	cr_expect(are_linked("t", "u/z"));
	world_ask(&w, REQUEST_RESTART, "t", NULL);
	cr_expect_str_eq(world_reason(&w, "u/z"), "shutdown");
	cr_expect_str_eq(world_state(&w, "u/z"), "running");
	cr_expect(are_linked("t", "u/z"));
}

/* Children that come and go at run time; the ring of those that name one partner loses members from
 * its middle, its end and its head. */
Test(standing, d16_children_added_and_removed)
{
	world_boot(&w, "/{a}");
	cr_expect_str_eq(world_start_child(&w, "/", "b(link=a link=z)"), "ok_up");
	cr_expect_str_eq(world_start_child(&w, "/", "c(link=a link=z)"), "ok_up");
	cr_expect_str_eq(world_start_child(&w, "/", "d(link=a link=z)"), "ok_up");
	cr_expect_eq(w.core->edges.used, 3);
	world_ask(&w, REQUEST_STOP, "b", NULL);
	world_ask(&w, REQUEST_REMOVE, "b", NULL);
	cr_expect_str_eq(world_start_child(&w, "/", "z"), "ok_up");
	cr_expect(are_linked("c", "z"));
	cr_expect(are_linked("d", "z"));
	cr_expect(are_linked("a", "c"));
	world_ask(&w, REQUEST_REMOVE, "d", NULL);
	world_ask(&w, REQUEST_REMOVE, "c", NULL);
	cr_expect_eq(w.core->edges.used, 0);
	cr_expect_eq(w.core->standings.used, 0);
	cr_expect_str_eq(world_states(&w, "/"), "a:running z:running");
}

/* Each instance of a template. */
Test(standing, d16_instances)
{
	world_boot(&w, "/{a s(simple_one_for_one){t(link=a temporary)}}");
	cr_expect_str_eq(world_ask(&w, REQUEST_START_CHILD, "s", NULL), "ok_up");
	cr_expect_str_eq(world_ask(&w, REQUEST_START_CHILD, "s", NULL), "ok_up");
	cr_expect_eq(w.core->edges.used, 2);
	cr_expect(are_linked("s/t@1", "a"));
	world_crash(&w, "a");
	cr_expect_eq(core_find(w.core, "s/t@1"), SLOT_NONE);
	cr_expect_eq(w.core->standings.used, 0);
}

/* Why: the chain leads through the link to the one that died. */
Test(standing, why)
{
	const struct link *link;
	actor_pid b;

	world_boot(&w, "/{a(link=b temporary) b(temporary)}");
	b = world_view(&w, "b").pid;
	world_crash(&w, "b");
	link = core_chain(w.core, core_find(w.core, "a"), 0);
	cr_assert_eq(link->kind, LINK_EXITED);
	link = core_find_link(w.core, link->cause);
	cr_assert_eq(link->kind, LINK_DOOMED);
	cr_expect_eq(link->from.n, b.n);
	cr_expect_eq(link->cause.slot, core_find(w.core, "b"));
	link = core_find_link(w.core, link->cause);
	cr_assert_eq(link->kind, LINK_EXITED);
	cr_expect_eq(link->cause.origin, ORIGIN_SELF);
}

/* A link that there is no memory for is made when there is, without anybody's doing. */
Test(standing, without_memory_it_is_made_later)
{
	bool met = false;

	for (unsigned long n = 1;; n++) {
		bool failed;

		world_boot(&w, "/{a(link=b) b(notify)}");
		world_manners(&w, "b")->mute = true;
		world_crash(&w, "b");
		cr_assert_str_eq(world_state(&w, "b"), "starting");
		world_manners(&w, "b")->mute = false;
		alloc_fail_at(n);
		world_serve(&w);
		failed = alloc_fail_end();
		cr_expect_str_eq(world_states(&w, "/"), "a:running b:running");
		if (!are_linked("a", "b")) {
			met = true;
			cr_expect_lt(core_deadline(w.core).ns, MONO_NEVER.ns);
			world_pass(&w, 100);
		}
		cr_expect(are_linked("a", "b"), "%lu", n);
		cr_expect_eq(core_deadline(w.core).ns, MONO_NEVER.ns);
		world_fini(&w);
		world_init(&w);
		if (!failed)
			break;
	}
	cr_expect(met);
}

/* A child is not added where there is no memory for its links. */
Test(standing, without_memory_nothing_is_added)
{
	struct spec *spec = world_spec("b(link=a link=c)");
	const char *answer = "";

	world_boot(&w, "/{a}");
	for (unsigned long n = 1; strcmp(answer, "ok_up") != 0; n++) {
		struct request request = {.kind = REQUEST_START_CHILD, .target = "/", .spec = spec};

		alloc_fail_at(n);
		answer = world_request(&w, &request);
		if (alloc_fail_end() && strcmp(answer, "ok_up") != 0)
			cr_expect_str_eq(answer, "no_memory", "%lu", n);
		world_pass(&w, 100);
		cr_expect_eq(w.core->standings.used, strcmp(answer, "ok_up") == 0 ? 2 : 0, "%lu",
			     n);
		cr_assert_lt(n, 60);
	}
	cr_expect(are_linked("a", "b"));
	spec_unref(spec);
}

/* A whole chain goes down in one step, and comes back as it was. */
Test(standing, a_long_chain)
{
	char tree[4096] = "/(intensity=99 period=1s){c0";

	for (int i = 1; i < 50; i++)
		sprintf(tree + strlen(tree), " c%d(link=c%d)", i, i - 1);
	strcat(tree, "}");
	world_boot(&w, tree);
	cr_expect_eq(w.core->edges.used, 49);
	world_crash(&w, "c25");
	cr_expect_str_eq(world_reason(&w, "c0"), "exit:1");
	cr_expect_str_eq(world_reason(&w, "c49"), "exit:1");
	cr_expect_eq(w.core->edges.used, 49);
}
