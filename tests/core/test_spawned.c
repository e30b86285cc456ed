/* SPDX-License-Identifier: MIT */

/* Spawned processes: in one step with their link and monitor, outside the tree, gone before it. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "core/look.h"
#include "tests/core/support.h"
#include "tests/support/alloc.h"

static struct world w;
static struct spec *spec;

/* Services a, b, each with a connection: sources 1 and 2; a guest: source 3. */
static void boot(const char *tree)
{
	world_boot(&w, tree);
	world_join(&w, ROLE_MAIN, "a");
	world_join(&w, ROLE_MAIN, "b");
	world_guest(&w, 0);
	world_marks(&w, "");
}

static void setup(void)
{
	spec = spec_new(CHILD_SERVICE, "spawned");
	spec->restart = RESTART_TEMPORARY;
	world_init(&w);
}

static void teardown(void)
{
	world_fini(&w);
	spec_unref(spec);
}

TestSuite(spawned, .init = setup, .fini = teardown);

static struct request spawn_request(uint64_t source)
{
	return (struct request){.kind = REQUEST_SPAWN, .source = source, .spec = spec};
}

/* As its pid in text, or the answer where it was none. */
static const char *spawn_it(uint64_t source, bool linked, uint64_t ref)
{
	static char pids[8][ACTOR_PID_TEXT_MAX];
	static unsigned next;
	struct request request = spawn_request(source);
	const char *answer;

	request.on = linked;
	request.ref = ref;
	answer = world_request(&w, &request);
	if (strcmp(answer, "ok") != 0)
		return answer;
	return actor_pid_format(world_answer_pid(&w), pids[next++ % 8]);
}

/* The pid of what is spawned next, to give it manners before. */
static const char *next_pid(void)
{
	static char text[ACTOR_PID_TEXT_MAX];

	return actor_pid_format((actor_pid){w.core->next_pid}, text);
}

/* Marks in which %1 and %2 stand for pids. */
static const char *marks_of(const char *format, const char *one, const char *other)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s", "");
	for (; *format; format++) {
		size_t used = strlen(text);

		if (format[0] != '%')
			snprintf(text + used, sizeof(text) - used, "%c", *format);
		else
			snprintf(text + used, sizeof(text) - used, "%s",
				 *++format == '1' ? one : other);
	}
	return text;
}

static bool is_known(const char *pid)
{
	return core_find(w.core, pid) != SLOT_NONE;
}

static void trap(uint64_t source)
{
	world_request(&w, &(struct request){.kind = REQUEST_TRAP, .source = source, .on = true});
}

/* ---- start and end ---- */

/* It is an actor like others: it has a pid, is looked at, and is nobody's child. */
Test(spawned, an_actor_outside_the_tree)
{
	struct actor_view view;
	const char *pid;

	boot("/{a b}");
	pid = spawn_it(1, false, 0);
	cr_assert(core_view_actor(w.core, pid, &view), "%s", pid);
	cr_expect_eq(view.kind, ACTOR_SPAWNED);
	cr_expect_null(view.path);
	cr_expect_eq(view.state, CHILD_RUNNING);
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:running");
	cr_expect_eq(core_next(w.core, core_find(w.core, pid)), SLOT_NONE);
	cr_expect_eq(core_next_spawned(w.core, SLOT_NONE), core_find(w.core, pid));
	cr_expect_eq(core_next_spawned(w.core, core_find(w.core, pid)), SLOT_NONE);
	cr_expect_eq(core_names_of(w.core, view.pid, NULL, 0), 0);
	cr_expect_str_eq(world_marks(&w, ""), marks_of(">%1 +%1", pid, NULL));
	world_exit(&w, pid, 3);
	cr_expect_str_eq(world_marks(&w, ""), marks_of("-%1", pid, NULL));
	cr_expect_not(is_known(pid));
	cr_expect_eq(core_next_spawned(w.core, SLOT_NONE), SLOT_NONE);
	cr_expect_str_eq(world_ask(&w, REQUEST_SYNC, NULL, NULL), "ok");
}

/* Its creator's end does not end it; nobody starts it again. */
Test(spawned, it_outlives_its_creator)
{
	const char *pid, *other;

	boot("/{a b}");
	pid = spawn_it(1, false, 0);
	other = spawn_it(3, false, 0);
	world_crash(&w, "a");
	world_leave(&w, 3, true);
	cr_expect(is_known(pid));
	cr_expect(is_known(other));
	world_crash(&w, other);
	cr_expect_not(is_known(other));
	world_die(&w, pid, 9);
	cr_expect_not(is_known(pid));
}

/* ---- link and monitor, in one step ---- */

Test(spawned, s35_linked)
{
	const char *pid;

	boot("/{a b}");
	pid = spawn_it(1, true, 0);
	world_crash(&w, pid);
	cr_expect_str_eq(world_reason(&w, "a"), "exit:1");
	world_join(&w, ROLE_MAIN, "a");
	pid = spawn_it(4, true, 0);
	world_crash(&w, "a");
	cr_expect_not(is_known(pid));
}

Test(spawned, s32_s33_linked_to_one_that_traps)
{
	boot("/{a b}");
	trap(1);
	world_crash(&w, spawn_it(1, true, 0));
	cr_expect_str_eq(world_inbox(&w, 1), "exit:exit:1");
	world_exit(&w, spawn_it(1, true, 0), 0);
	cr_expect_str_eq(world_inbox(&w, 1), "exit:normal");
}

Test(spawned, s58_monitored)
{
	const char *pid;

	boot("/{a b}");
	world_exit(&w, spawn_it(1, false, 7), 5);
	cr_expect_str_eq(world_inbox(&w, 1), "down7:exit:5");
	pid = spawn_it(3, false, 7);
	world_send(&w, REQUEST_EXIT, pid, "enough");
	cr_expect_str_eq(world_inbox(&w, 3), "down7:enough");
	cr_expect_eq(w.core->edges.used, 0);
	cr_expect_str_eq(world_reason(&w, "a"), "", "not linked");
}

Test(spawned, linked_and_monitored)
{
	boot("/{a b}");
	trap(1);
	world_crash(&w, spawn_it(1, true, 7));
	cr_expect_str_eq(world_inbox(&w, 1), "exit:exit:1 down7:exit:1");
}

/* One that ends before its creator has the answer: both are told all the same. */
Test(spawned, an_end_at_once_is_not_missed)
{
	boot("/{a b}");
	trap(1);
	world_manners(&w, next_pid())->mute = true;
	spawn_it(1, true, 7);
	for (uint32_t slot = core_next_spawned(w.core, SLOT_NONE); slot != SLOT_NONE;
	     slot = core_next_spawned(w.core, slot)) {
		actor_pid pid = w.pids[slot];

		world_step(&w, &(struct event){.kind = EVENT_STARTED, .pid = pid});
		cr_expect_str_eq(world_answer(&w, 0), "ok");
		world_step(&w, &(struct event){.kind = EVENT_EXITED, .pid = pid, .code = 2});
		world_step(&w, &(struct event){.kind = EVENT_GONE, .pid = pid});
		break;
	}
	cr_expect_str_eq(world_inbox(&w, 1), "exit:exit:2 down7:exit:2");
}

/* ---- what can not be started ---- */

/* The answer says so; neither a link nor a monitor tells of what never was. */
Test(spawned, a_start_that_fails)
{
	static const struct {
		struct event event;
		const char *answer;
	} rows[] = {
		{{.kind = EVENT_START_FAILED,
		  .reason = {.kind = REASON_EXEC, .step = STEP_EXEC, .code = 2}},
		 "start_failed exec:ENOENT"},
		{{.kind = EVENT_SHORTAGE, .code = 11}, "start_failed exec:EAGAIN"},
	};

	boot("/{a b}");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct event event = rows[i].event;

		world_manners(&w, next_pid())->mute = true;
		cr_expect_str_eq(spawn_it(1, true, 7), "", "it waits for the start");
		event.pid = w.pids[core_next_spawned(w.core, SLOT_NONE)];
		world_step(&w, &event);
		cr_expect_str_eq(world_answer(&w, 0), rows[i].answer);
		cr_expect_str_eq(world_inbox(&w, 1), "");
		cr_expect_str_eq(world_state(&w, "a"), "running");
		cr_expect_eq(core_next_spawned(w.core, SLOT_NONE), SLOT_NONE);
		cr_expect_eq(w.core->edges.used, 0);
		cr_expect_eq(world_child(&w, "a")->actor.n_spawned, 0);
		cr_expect_eq(core_deadline(w.core).ns, MONO_NEVER.ns);
	}
}

/* Who asked is gone when the answer comes. */
Test(spawned, an_answer_that_nobody_waits_for)
{
	boot("/{a b}");
	world_manners(&w, next_pid())->mute = true;
	spawn_it(3, false, 7);
	world_step(&w, &(struct event){.kind = EVENT_FORGET, .request.id = w.n_requests});
	world_leave(&w, 3, false);
	world_step(&w, &(struct event){.kind = EVENT_STARTED,
				       .pid = w.pids[core_next_spawned(w.core, SLOT_NONE)]});
	cr_expect_str_eq(world_answer(&w, 0), "");
	cr_expect_neq(core_next_spawned(w.core, SLOT_NONE), SLOT_NONE);
}

/* ---- refusals ---- */

Test(spawned, at_most_1000_of_one_actor)
{
	const char *pid;

	boot("/{a b}");
	world_child(&w, "a")->actor.n_spawned = CORE_SPAWNED_MAX - 1;
	pid = spawn_it(1, false, 0);
	cr_expect(is_known(pid), "%s", pid);
	cr_expect_str_eq(spawn_it(1, false, 0), "refused");
	cr_expect(is_known(spawn_it(2, false, 0)), "others may");
	world_exit(&w, pid, 0);
	cr_expect(is_known(spawn_it(1, false, 0)));
	world_child(&w, "a")->actor.n_spawned = 1;
}

Test(spawned, a_ref_that_is_in_use)
{
	boot("/{a b}");
	world_monitor(&w, 1, 7, world_view(&w, "b").pid, NULL);
	cr_expect_str_eq(spawn_it(1, false, 7), "refused");
	cr_expect_eq(core_next_spawned(w.core, SLOT_NONE), SLOT_NONE);
}

/* ARCHITECTURE 6: as another user only by right. */
Test(spawned, as_another_user)
{
	static const struct {
		const char *tree;
		uint32_t uid;
		const char *answer;
	} rows[] = {
		{"/{a}", 5, "not_permitted"},
		{"/{a}", 7, "ok"}, /* its own */
		{"/{a(grant=spawn:www-*)}", 5, "ok"},
		{"/{a(grant=spawn:root)}", 5, "not_permitted"},
		{"/{a(grant=exit:www-data)}", 5, "not_permitted"},
		{"/{a(grant=admin)}", 5, "ok"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct request request = spawn_request(1);

		world_boot(&w, rows[i].tree);
		world_join(&w, ROLE_MAIN, "a");
		world_child(&w, "a")->actor.uid = 7;
		request.child = "www-data";
		request.uid = rows[i].uid;
		cr_expect_str_eq(world_request(&w, &request), rows[i].answer, "%zu", i);
		world_fini(&w);
		world_init(&w);
	}
}

/* It has none of its creator's grants, nor a name that one could be for. */
Test(spawned, its_own_rights)
{
	const char *pid;
	uint64_t source;

	boot("/{a(grant=exit:*) b}");
	world_child(&w, "a")->actor.uid = 7;
	pid = spawn_it(1, false, 0);
	source = world_join(&w, ROLE_MAIN, pid);
	world_child(&w, pid)->actor.uid = 7;
	cr_expect_str_eq(world_by(&w, source, REQUEST_EXIT, "b", NULL), "not_permitted");
	world_child(&w, pid)->actor.uid = 8;
	cr_expect_str_eq(world_by(&w, 1, REQUEST_EXIT, pid, NULL), "not_permitted",
			 "exit:* is for names");
}

/* The operator's requests are for the tree, but for the exit signal and waiting. */
Test(spawned, what_operators_ask)
{
	static const enum request_kind kinds[] = {REQUEST_START, REQUEST_STOP, REQUEST_RESTART,
						  REQUEST_REMOVE};
	const char *pid;

	boot("/{a b}");
	pid = spawn_it(1, false, 0);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		cr_expect_str_eq(world_ask(&w, kinds[i], pid, NULL), "spawned");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", pid), "not_found");
	cr_expect_str_eq(world_ask(&w, REQUEST_WHICH_CHILDREN, pid, NULL), "not_supervisor");
	cr_expect_str_eq(world_ask(&w, REQUEST_WAIT_READY, pid, NULL), "ok");
	cr_expect_str_eq(world_ask(&w, REQUEST_WAIT_DOWN, pid, NULL), "");
	world_send(&w, REQUEST_EXIT, pid, "bye");
	cr_expect_str_eq(world_answer(&w, 1), "ok");
}

/* ---- the end of all ---- */

/* All at once, and before the tree. */
Test(spawned, they_end_before_the_tree)
{
	const char *one, *other;

	boot("/{a b}");
	trap(1);
	one = spawn_it(1, false, 0);
	other = spawn_it(2, true, 0);
	world_by(&w, 1, REQUEST_LINK, other, NULL);
	world_manners(&w, one)->stubborn = true;
	world_marks(&w, "");
	world_shutdown(&w);
	cr_expect_str_eq(world_marks(&w, "t-"), marks_of("t%1 t%2 -%2", one, other));
	cr_expect_str_eq(world_inbox(&w, 1), "exit:shutdown", "who traps hears of it");
	cr_expect_str_eq(spawn_it(1, false, 0), "shutting_down");
	world_pass(&w, 4999);
	cr_expect_str_eq(world_marks(&w, "k"), "");
	world_pass(&w, 501); /* a has half a second to take its EXIT (D14) */
	cr_expect_str_eq(world_marks(&w, "kt-"), marks_of("k%1 -%1 tb -b ta -a -/", one, NULL));
	cr_expect(w.halted);
	cr_expect_eq(w.halt, HALT_ORDERLY);
}

Test(spawned, a_second_shutdown_kills_all)
{
	const char *pid;

	boot("/{a b}");
	pid = spawn_it(1, false, 0);
	world_manners(&w, pid)->stubborn = true;
	world_shutdown(&w);
	world_marks(&w, "");
	world_shutdown(&w);
	cr_expect_not_null(strstr(world_marks(&w, "k"), marks_of("k%1", pid, NULL)));
	cr_expect(w.halted);
	cr_expect_eq(w.halt, HALT_ORDERLY);
}

/* D21: the budget runs from the beginning; at four fifths the tree is told, too. */
Test(spawned, d21_the_budget)
{
	const char *pid;

	boot("/{a b}");
	spec->shutdown = SHUTDOWN_INFINITY;
	pid = spawn_it(1, false, 0);
	world_manners(&w, pid)->stubborn = true;
	world_shutdown(&w);
	world_pass(&w, 71999);
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:running");
	world_pass(&w, 1);
	cr_expect_str_eq(world_states(&w, "/"), "a:stopped b:stopped");
	cr_expect_not(w.halted, "something is left");
	world_pass(&w, 18000);
	cr_expect_not(is_known(pid));
	cr_expect(w.halted);
}

/* The root gives up: they go with it, and the tree has ended when they have. */
Test(spawned, the_root_ends_by_itself)
{
	const char *pid;

	boot("/(intensity=0 escalate){a b}");
	pid = spawn_it(1, false, 0);
	world_manners(&w, pid)->stubborn = true;
	world_crash(&w, "b");
	cr_expect_str_eq(world_state(&w, "/"), "stopped");
	cr_expect_not(w.halted);
	cr_expect_str_eq(spawn_it(3, false, 0), "shutting_down");
	cr_expect_str_eq(world_ask(&w, REQUEST_START, "a", NULL), "shutting_down");
	world_pass(&w, 5000);
	cr_expect_not(is_known(pid));
	cr_expect(w.halted);
	cr_expect_eq(w.halt, HALT_GAVE_UP);
}

/* ---- memory ---- */

/* What is killed at the root's end is known to be doomed in the same step. */
Test(spawned, the_root_is_killed)
{
	boot("/{a b}");
	spec->shutdown = SHUTDOWN_BRUTAL_KILL;
	spawn_it(3, true, 7);
	world_send(&w, REQUEST_EXIT, "/", "kill");
	cr_expect_str_eq(world_inbox(&w, 3), "down7:killed");
	cr_expect(w.halted);
}

Test(spawned, without_memory_nothing_is_spawned)
{
	const char *answer = "";

	boot("/{a b}");
	for (unsigned long n = 1; strcmp(answer, "ok") != 0; n++) {
		struct request request = spawn_request(1);

		request.on = true;
		request.ref = 7;
		alloc_fail_at(n);
		answer = world_request(&w, &request);
		if (alloc_fail_end() && strcmp(answer, "ok") != 0) {
			cr_expect_str_eq(answer, "no_memory", "%lu", n);
			cr_expect_eq(w.core->edges.used, 0, "%lu", n);
			cr_expect_eq(core_next_spawned(w.core, SLOT_NONE), SLOT_NONE);
			cr_expect_eq(world_child(&w, "a")->actor.n_spawned, 0);
		}
		cr_assert_lt(n, 60);
	}
	cr_expect_eq(w.core->edges.used, 2);
}

/* Records go with their ends: many, one after the other, cost no more than one. */
Test(spawned, nothing_is_left_of_many)
{
	long before = 0;

	boot("/{a b}");
	for (int i = 0; i < 40; i++) {
		world_exit(&w, spawn_it(1, false, 7), 0);
		world_inbox(&w, 1);
		world_step(&w, &(struct event){.kind = EVENT_TICK});
		if (i == 8)
			before = alloc_live();
	}
	cr_expect_eq(alloc_live(), before);
	cr_expect_eq(w.core->n_children, 3);
}
