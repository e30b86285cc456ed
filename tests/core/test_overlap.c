/* SPDX-License-Identifier: MIT */

/* The key overlap: the rules as numbered in core/overlap.c. */

#include <criterion/criterion.h>

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

TestSuite(overlap, .init = setup, .fini = teardown);

static void boot(const char *tree)
{
	world_boot(&w, tree);
	world_marks(&w, "");
}

static const char *restart(const char *path)
{
	return world_send(&w, REQUEST_RESTART, path, NULL);
}

/* a runs; its heir starts, and says nothing. */
static void boot_with_heir(const char *tree)
{
	boot(tree);
	world_manners(&w, "a")->mute = true;
	cr_assert_str_eq(restart("a"), "");
	cr_assert_not_null(child_heir(world_child(&w, "a")));
	world_marks(&w, "");
}

static struct child *elder(void)
{
	return world_child(&w, "a");
}

static void tell(const struct child *c, enum event_kind kind)
{
	struct event event = {.kind = kind, .pid = c->actor.pid};

	if (kind == EVENT_FAULT)
		event.reason = REASON(REASON_WATCHDOG);
	world_step(&w, &event);
}

static void heir_is_ready(void)
{
	world_manners(&w, "a")->mute = false;
	world_serve(&w);
}

/* Of one path: how many records there are. */
static size_t count(const char *path)
{
	size_t n = 0;

	for (uint32_t slot = core_next(w.core, SLOT_NONE); slot != SLOT_NONE;
	     slot = core_next(w.core, slot))
		n += strcmp(w.core->slots[slot]->path, path) == 0;
	return n;
}

/* ---- rule 2 ---- */

Test(overlap, the_new_one_is_ready_before_the_old_one_is_told)
{
	boot("/{z a(notify overlap) b}");
	cr_expect_str_eq(restart("a"), "ok");
	cr_expect_str_eq(world_marks(&w, ""), ">a +a replaces:a ta -a");
	cr_expect_eq(count("a"), 1);
	cr_expect_eq(world_starts(&w, "a"), 2, "it counts as before");
	cr_expect_str_eq(world_states(&w, "/"), "z:running a:running b:running", "at its place");
}

Test(overlap, without_the_key_the_old_one_goes_first)
{
	boot("/{a(notify)}");
	cr_expect_str_eq(restart("a"), "ok");
	cr_expect_str_eq(world_marks(&w, ">+-"), "-a >a +a");
}

Test(overlap, names_pass_in_one_step)
{
	uint64_t guest;
	actor_pid old, now;

	boot_with_heir("/{a(notify overlap alias=web)}");
	guest = world_guest(&w, 0);
	old = elder()->actor.pid;
	cr_expect_str_eq(world_by(&w, guest, REQUEST_WHEREIS, "web", NULL), "ok");
	cr_expect_eq(world_answer_pid(&w).n, old.n, "until then the old one has them");
	world_manners(&w, "a")->stubborn = true;
	heir_is_ready();
	now = elder()->actor.pid;
	cr_expect_neq(now.n, old.n);
	for (size_t i = 0; i < 2; i++) {
		world_by(&w, guest, REQUEST_WHEREIS, i ? "web" : "a", NULL);
		cr_expect_eq(world_answer_pid(&w).n, now.n, "and the old one is still there");
	}
	cr_expect_eq(count("a"), 2);
	world_manners(&w, "a")->stubborn = false;
	world_serve(&w);
	cr_expect_eq(count("a"), 1);
	cr_expect_str_eq(world_by(&w, guest, REQUEST_WHEREIS, "web", NULL), "ok");
}

Test(overlap, monitors_are_by_pid)
{
	uint64_t guest;

	boot("/{a(notify overlap)}");
	guest = world_guest(&w, 0);
	world_monitor(&w, guest, 7, elder()->actor.pid, NULL);
	world_manners(&w, "a")->stubborn = true;
	restart("a");
	cr_expect_str_eq(world_inbox(&w, guest), "", "the old one is there");
	world_manners(&w, "a")->stubborn = false;
	world_serve(&w);
	cr_expect_str_eq(world_inbox(&w, guest), "down7:shutdown");
}

Test(overlap, a_standing_link_passes)
{
	boot("/{a(notify overlap) b(link=a)}");
	cr_expect_str_eq(restart("a"), "ok");
	cr_expect_eq(world_starts(&w, "b"), 1, "the old one's end is no news for b");
	world_crash(&w, "a");
	cr_expect_eq(world_starts(&w, "b"), 2, "that of the new one is");
}

Test(overlap, who_requires_it_runs_on)
{
	boot("/{a(notify overlap) b(requires=a)}");
	cr_expect_str_eq(restart("a"), "ok");
	cr_expect_eq(world_starts(&w, "b"), 1);
	world_send(&w, REQUEST_STOP, "a", NULL);
	cr_expect_str_eq(world_states(&w, "/"), "a:stopped b:waiting");
}

Test(overlap, an_instance_overlaps_and_stays_one)
{
	boot("/{a@(instances=2 overlap notify) b}");
	cr_expect_str_eq(restart("a@1"), "ok");
	cr_expect_str_eq(world_states(&w, "/"), "a@1:running a@2:running b:running");
	world_send(&w, REQUEST_REMOVE, "a@1", NULL);
	cr_expect_eq(count("a@1"), 0);
}

Test(overlap, many_restarts_leave_one_record)
{
	boot("/{z a(notify overlap) b}");
	for (int i = 0; i < 50; i++)
		cr_expect_str_eq(restart("a"), "ok");
	cr_expect_eq(count("a"), 1);
	cr_expect_eq(world_starts(&w, "a"), 51);
	cr_expect_str_eq(world_states(&w, "/"), "z:running a:running b:running");
}

/* ---- rule 3 ---- */

Test(overlap, a_failed_start_changes_nothing)
{
	boot("/{a(notify overlap)}");
	world_manners(&w, "a")->fails = 1;
	cr_expect_str_eq(restart("a"), "start_failed exit:7");
	cr_expect_str_eq(world_marks(&w, ""), ">a !a");
	cr_expect_eq(count("a"), 1);
	cr_expect_eq(world_starts(&w, "a"), 1);
	cr_expect_str_eq(world_state(&w, "a"), "running");
	cr_expect_str_eq(restart("a"), "ok", "and the next one is as good as any");
}

Test(overlap, one_that_says_ignore_changes_nothing)
{
	boot("/{a(notify overlap)}");
	world_manners(&w, "a")->ignores = true;
	cr_expect_str_eq(restart("a"), "ok_undefined normal");
	cr_expect_eq(count("a"), 1);
	cr_expect_str_eq(world_state(&w, "a"), "running");
}

Test(overlap, a_fault_of_the_new_one_is_a_failed_start)
{
	boot_with_heir("/{a(notify overlap)}");
	tell(child_heir(elder()), EVENT_FAULT);
	cr_expect_str_eq(world_answer(&w, 0), "start_failed watchdog");
	cr_expect_eq(count("a"), 1);
	cr_expect_eq(world_starts(&w, "a"), 1);
}

Test(overlap, a_start_that_takes_too_long_fails)
{
	boot_with_heir("/{a(notify overlap timeout=1s)}");
	world_pass(&w, 1000);
	cr_expect_str_eq(world_answer(&w, 0), "start_failed timeout:start");
	cr_expect_str_eq(world_state(&w, "a"), "running");
}

Test(overlap, a_shortage_is_waited_out)
{
	boot("/{a(notify overlap)}");
	world_manners(&w, "a")->is_short = true;
	cr_expect_str_eq(restart("a"), "");
	world_manners(&w, "a")->is_short = false;
	world_pass(&w, 200);
	cr_expect_str_eq(world_answer(&w, 0), "ok");
}

/* ---- rule 4 ---- */

Test(overlap, a_stop_stops_both_and_waits_for_both)
{
	boot_with_heir("/{a(notify overlap)}");
	world_manners(&w, "a")->mute = false; /* what it says now is too late */
	world_manners(&w, "a")->lingering = true;
	cr_expect_str_eq(world_send(&w, REQUEST_STOP, "a", NULL), "");
	cr_expect_str_eq(world_answer(&w, 1), "", "nor is the restart answered");
	world_manners(&w, "a")->lingering = false;
	world_serve(&w);
	cr_expect_str_eq(world_answer(&w, 0), "ok");
	cr_expect_str_eq(world_answer(&w, 1), "stopped shutdown");
	cr_expect_eq(count("a"), 1);
	cr_expect_str_eq(world_state(&w, "a"), "stopped");
}

Test(overlap, the_end_of_the_old_one_waits_for_the_new_one)
{
	struct child *heir;

	boot_with_heir("/{a(notify overlap)}");
	heir = child_heir(elder());
	world_manners(&w, "a")->stubborn = true;
	world_send(&w, REQUEST_STOP, "a", NULL);
	world_exit(&w, "a", 0);
	cr_expect_str_eq(world_answer(&w, 0), "", "its heir is there");
	cr_expect_str_eq(world_send(&w, REQUEST_START, "a", NULL), "", "nor is it started yet");
	world_manners(&w, "a")->mute = false;
	tell(heir, EVENT_EXITED);
	tell(heir, EVENT_GONE);
	cr_expect_str_eq(world_answer(&w, 1), "ok");
	cr_expect_str_eq(world_answer(&w, 0), "ok");
	cr_expect_str_eq(world_state(&w, "a"), "running");
}

/* ... and so does its next start: the stop before that has its answer when both are gone. */
Test(overlap, a_start_waits_for_what_is_left_of_both)
{
	struct child *heir;

	boot_with_heir("/{a(notify overlap transient)}");
	heir = child_heir(elder());
	world_manners(&w, "a")->stubborn = true;
	restart("a"); /* ends the heir (rule 6) */
	world_exit(&w, "a", 0);
	cr_expect_str_eq(world_state(&w, "a"), "done");
	cr_expect_str_eq(world_send(&w, REQUEST_STOP, "a", NULL), "");
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART_CHILD, "/", "a"), "running");
	cr_expect_str_eq(world_ask(&w, REQUEST_DELETE_CHILD, "/", "a"), "running");
	cr_expect_str_eq(world_send(&w, REQUEST_START, "a", NULL), "", "not started yet");
	world_manners(&w, "a")->mute = false;
	tell(heir, EVENT_EXITED);
	tell(heir, EVENT_GONE);
	cr_expect_str_eq(world_answer(&w, 3), "ok");
	cr_expect_str_eq(world_answer(&w, 0), "ok");
	cr_expect_eq(count("a"), 1);
	cr_expect_str_eq(world_state(&w, "a"), "running");
}

Test(overlap, a_removal_removes_both)
{
	boot_with_heir("/{a(notify overlap) b}");
	cr_expect_str_eq(world_send(&w, REQUEST_REMOVE, "a", NULL), "ok");
	cr_expect_eq(count("a"), 1, "the record of the file");
	cr_expect(world_view(&w, "a").removed);
}

Test(overlap, a_child_that_is_terminated_goes_with_its_heir)
{
	boot_with_heir("/{a(notify overlap)}");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a"), "ok");
	cr_expect_eq(count("a"), 1);
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART_CHILD, "/", "a"), "");
	heir_is_ready();
	cr_expect_str_eq(world_state(&w, "a"), "running");
}

Test(overlap, a_shutdown_takes_both)
{
	boot_with_heir("/{s{x} a(notify overlap)}");
	world_shutdown(&w);
	cr_expect(w.halted);
}

Test(overlap, a_shutdown_takes_one_that_could_not_be_started)
{
	boot("/{a(notify overlap) b}");
	world_manners(&w, "a")->is_short = true;
	restart("a");
	world_shutdown(&w);
	cr_expect(w.halted);
}

Test(overlap, one_that_is_ready_while_all_ends_takes_nothing_over)
{
	boot_with_heir("/{s(one_for_one){x} a(notify overlap) b(shutdown=60s)}");
	world_manners(&w, "b")->stubborn = true;
	world_shutdown(&w);
	heir_is_ready();
	cr_expect_not_null(child_heir(elder()));
	world_manners(&w, "b")->stubborn = false;
	world_serve(&w);
	cr_expect(w.halted);
}

/* ---- rule 5 ---- */

Test(overlap, the_heir_of_one_that_dies_is_its_restart)
{
	boot_with_heir("/(intensity=0){a(notify overlap)}");
	world_crash(&w, "a");
	cr_expect_str_eq(world_marks(&w, ">+-"), "-a", "nothing else is started");
	cr_expect_eq(count("a"), 1);
	cr_expect_str_eq(world_state(&w, "a"), "starting");
	heir_is_ready();
	cr_expect_str_eq(world_answer(&w, 0), "ok");
	cr_expect_str_eq(world_state(&w, "a"), "running");
	cr_expect_not(w.halted, "and it was not counted");
}

Test(overlap, an_heir_that_has_inherited_is_tried_again_as_any_restart)
{
	boot_with_heir("/{a(notify overlap)}");
	world_crash(&w, "a");
	world_manners(&w, "a")->mute = false;
	tell(elder(), EVENT_FAULT);
	cr_expect_str_eq(world_answer(&w, 0), "start_failed watchdog");
	cr_expect_str_eq(world_state(&w, "a"), "running");
	cr_expect_eq(world_starts(&w, "a"), 2);
}

Test(overlap, a_fault_of_the_old_one_ends_that_one)
{
	boot_with_heir("/{a(notify overlap)}");
	tell(elder(), EVENT_FAULT);
	cr_expect_str_eq(world_state(&w, "a"), "starting");
	heir_is_ready();
	cr_expect_str_eq(world_answer(&w, 0), "ok");
}

/* ---- rule 6 ---- */

Test(overlap, a_second_restart_starts_another_heir)
{
	actor_pid first;

	boot_with_heir("/{a(notify overlap)}");
	first = child_heir(elder())->actor.pid;
	restart("a");
	cr_expect_str_eq(world_answer(&w, 1), "stopped shutdown");
	cr_assert_not_null(child_heir(elder()));
	cr_expect_neq(child_heir(elder())->actor.pid.n, first.n);
	heir_is_ready();
	cr_expect_str_eq(world_answer(&w, 0), "ok");
	cr_expect_eq(count("a"), 1);
}

/* ---- what is meant by a name, or a pid ---- */

Test(overlap, requests_by_the_heirs_pid_mean_the_child)
{
	char pid[ACTOR_PID_TEXT_MAX];

	boot_with_heir("/{a(notify overlap)}");
	actor_pid_format(child_heir(elder())->actor.pid, pid);
	cr_expect_str_eq(world_send(&w, REQUEST_START, pid, NULL), "already");
	cr_expect_str_eq(world_send(&w, REQUEST_STOP, pid, NULL), "ok");
	cr_expect_str_eq(world_state(&w, "a"), "stopped");
}

Test(overlap, one_that_was_replaced_is_no_child)
{
	char pid[ACTOR_PID_TEXT_MAX];

	boot("/{a(notify overlap)}");
	actor_pid_format(elder()->actor.pid, pid);
	world_manners(&w, "a")->stubborn = true;
	restart("a");
	cr_expect_str_eq(world_send(&w, REQUEST_STOP, pid, NULL), "noproc");
	cr_expect_str_eq(world_send(&w, REQUEST_EXIT, pid, "kill"), "ok");
	cr_expect_eq(count("a"), 1);
}

Test(overlap, what_counts_children_sees_one)
{
	boot_with_heir("/{a(notify overlap) b}");
	cr_expect_str_eq(world_ask(&w, REQUEST_COUNT_CHILDREN, "/", NULL),
			 "specs=2 active=2 supervisors=0 workers=2");
}

/* ---- admission ---- */

Test(overlap, what_can_not_be_there_twice)
{
	static const struct {
		const char *tree;
		bool good;
	} rows[] = {
		{"/{a(overlap)}", true},
		{"/{a(overlap transient notify)}", true},
		{"/{a(overlap temporary)}", false},
		{"/{a(overlap durable)}", false},
		{"/{a(overlap exit transient)}", false},
		{"/{a(overlap tcp)}", false},
		{"/{a(overlap unix)}", false},
		{"/{a(overlap http)}", false},
		{"/(one_for_all){a(overlap)}", false},
		{"/(rest_for_one){a(overlap)}", false},
		{"/(simple_one_for_one){a(overlap)}", false},
		{"/{a(overlap){b}}", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct spec *root = world_spec(rows[i].tree);

		cr_expect_eq(spec_validate(root->children[0], root),
			     rows[i].good ? SPEC_OK : SPEC_E_OVERLAP, "%s", rows[i].tree);
		cr_expect_eq(spec_refuses_overlap(root->children[0], root) == NULL, rows[i].good,
			     "%s", rows[i].tree);
		spec_unref(root);
	}
}

Test(overlap, every_allocation_may_fail)
{
	boot("/{a(notify overlap alias=web link=b requires=b) b}");
	for (unsigned long n = 1;; n++) {
		const char *answer;

		alloc_fail_at(n);
		answer = restart("a");
		if (!alloc_fail_end())
			break;
		cr_expect(strcmp(answer, "no_memory") == 0 || strcmp(answer, "ok") == 0,
			  "allocation %lu: %s", n, answer);
		cr_expect_eq(count("a"), 1, "allocation %lu", n);
		cr_expect_str_eq(world_state(&w, "a"), "running", "allocation %lu", n);
		cr_expect_null(core_check(w.core), "allocation %lu", n);
	}
	cr_expect_str_eq(world_state(&w, "a"), "running");
}
