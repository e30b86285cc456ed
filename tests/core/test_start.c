/* SPDX-License-Identifier: MIT */

/* SEMANTICS 9, child specs and start; D8, D9, D17. The numbers are in the names. */

#include <criterion/criterion.h>

#include "tests/core/support.h"

static struct world w;

static void setup(void)
{
	world_init(&w);
}

static void teardown(void)
{
	world_fini(&w);
}

TestSuite(start, .init = setup, .fini = teardown);

Test(start, s90_one_after_the_other_each_ready_before_the_next)
{
	world_manners(&w, "b")->mute = true;
	world_boot(&w, "/{a(notify) b(notify) c(notify)}");
	cr_expect_str_eq(world_marks(&w, ""), ">/ >a +a >b");
	cr_expect_str_eq(world_state(&w, "c"), "waiting");
	world_manners(&w, "b")->mute = false;
	world_serve(&w);
	cr_expect_str_eq(world_marks(&w, ""), "+b >c +c +/");
}

Test(start, d17_parallel_all_at_once)
{
	world_manners(&w, "a")->mute = true;
	world_boot(&w, "/(parallel){a(notify) b(notify) c(notify)}");
	cr_expect_str_eq(world_marks(&w, ""), ">/ >a >b >c +b +c");
	world_manners(&w, "a")->mute = false;
	world_serve(&w);
	cr_expect_str_eq(world_marks(&w, ""), "+a +/");
}

Test(start, s91_a_failed_start_rolls_back_in_reverse)
{
	world_manners(&w, "s/c")->fails = 1;
	world_boot(&w, "/(escalate){s{a b c(notify) d}}");
	cr_expect_str_eq(world_marks(&w, "+-!t"), "+s/a +s/b !s/c ts/b -s/b ts/a -s/a !s !/");
	cr_expect_str_eq(world_reason(&w, "s"), "shutdown:failed_to_start_child(c,exit:7)");
	cr_expect(w.halted);
	cr_expect_eq(w.halt, HALT_GAVE_UP);
}

Test(start, s92_no_retry_and_no_count_in_the_first_start)
{
	world_manners(&w, "a")->fails = 1;
	world_boot(&w, "/(escalate intensity=5){a(notify)}");
	cr_expect_str_eq(world_marks(&w, ">!+"), ">/ >a !a !/");
	cr_expect(w.halted);
}

Test(start, s93_a_nested_failed_start_is_the_parents_failed_child)
{
	world_manners(&w, "s/t/a")->fails = 1;
	world_boot(&w, "/(escalate){x s{t{a(notify)}}}");
	cr_expect_str_eq(world_reason(&w, "s"), "shutdown:failed_to_start_child(t,shutdown:"
						"failed_to_start_child(a,exit:7))");
	cr_expect_str_eq(world_state(&w, "x"), "stopped");
}

Test(start, s94_ignore_keeps_the_spec_and_counts_as_success)
{
	world_manners(&w, "a")->ignores = world_manners(&w, "b")->ignores = true;
	world_boot(&w, "/{a(notify) b(notify temporary) c}");
	cr_expect_str_eq(world_marks(&w, "~+"), "~a ~b +c +/");
	cr_expect_str_eq(world_ask(&w, REQUEST_WHICH_CHILDREN, "/", NULL), "c=up a=undefined");
}

/* Exec succeeded, then it dies: started, and a death that counts. */
Test(start, s98_ready_then_exit_is_a_death)
{
	world_boot(&w, "/(intensity=1){a}");
	world_crash(&w, "a");
	cr_expect_str_eq(world_marks(&w, ">+-!"), ">/ >a +a +/ -a >a +a");
	cr_expect_eq(world_starts(&w, "a"), 2);
}

/* Before it is ready the same exit is a failed start. */
Test(start, s98_exit_before_ready_is_a_failed_start)
{
	world_manners(&w, "a")->fails = 1;
	world_boot(&w, "/(hold){a(notify)}");
	cr_expect_str_eq(world_marks(&w, "!+-"), "!a +/ +a");
}

/* One outcome an attempt: what comes after it is of nobody's interest. */
Test(start, s99_the_end_of_a_failed_attempt_is_no_second_event)
{
	struct event exited = {.kind = EVENT_EXITED, .code = 7};

	world_manners(&w, "a")->fails = 1;
	world_boot(&w, "/(hold){a(notify)}");
	exited.pid.n = world_view(&w, "a").pid.n - 1;
	world_marks(&w, "");
	world_step(&w, &exited);
	exited.kind = EVENT_GONE;
	world_step(&w, &exited);
	cr_expect_str_eq(world_marks(&w, ""), "");
	cr_expect_str_eq(world_state(&w, "a"), "running");
}

Test(start, s97_calls_wait_while_a_child_starts)
{
	world_manners(&w, "b")->mute = true;
	world_boot(&w, "/(rest_for_one){a b(notify)}");
	cr_expect_str_eq(world_ask(&w, REQUEST_WHICH_CHILDREN, "/", NULL), "");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a"), "");
	world_manners(&w, "b")->mute = false;
	world_serve(&w);
	cr_expect_str_eq(world_answer(&w, 1), "b=up a=up");
	cr_expect_str_eq(world_answer(&w, 0), "ok");
}

/* D8: not under one_for_one: a death is dealt with while a sibling is still starting. */
Test(start, d8_a_slow_start_delays_no_siblings_restart)
{
	world_manners(&w, "b")->mute = true;
	world_boot(&w, "/{a b(notify) c}");
	world_crash(&w, "a");
	cr_expect_str_eq(world_marks(&w, ">+-"), ">/ >a +a >b -a >a +a");
}

Test(start, d8_elsewhere_it_waits)
{
	world_manners(&w, "b")->mute = true;
	world_boot(&w, "/(one_for_all){a b(notify)}");
	world_crash(&w, "a");
	cr_expect_str_eq(world_marks(&w, ">+-"), ">/ >a +a >b -a");
	world_manners(&w, "b")->mute = false;
	world_serve(&w);
	cr_expect_str_eq(world_marks(&w, ">+-"), "+b +/ -b >a +a >b +b");
}

/* D9: a start that goes on is stopped like what runs. */
Test(start, d9_shutdown_stops_a_starting_process)
{
	world_manners(&w, "b")->mute = true;
	world_boot(&w, "/(escalate){a b(notify)}");
	world_shutdown(&w);
	cr_expect_str_eq(world_marks(&w, "t!-"), "tb !b ta -a !/");
	cr_expect(w.halted);
	cr_expect_eq(w.halt, HALT_ORDERLY);
}

Test(start, ready_exit_is_ready_when_it_has_ended)
{
	world_boot(&w, "/(rest_for_one){a(exit transient) b}");
	cr_expect_str_eq(world_marks(&w, ">+-"), ">/ >a +a >b -a +b +/");
	cr_expect_str_eq(world_states(&w, "/"), "a:done b:running");
}

Test(start, ready_delay_counts_from_the_exec)
{
	world_boot(&w, "/{a(delay=500ms) b}");
	world_pass(&w, 499);
	cr_expect_str_eq(world_state(&w, "a"), "starting");
	world_pass(&w, 1);
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:running");
}

/* With start_post nobody is ready before the daemon says so, whatever its kind. */
Test(start, start_post_waits_for_the_daemon)
{
	static const char *const trees[] = {"/{a(exec post) b}", "/{a(notify post) b}",
					    "/{a(delay=1s post) b}"};

	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		world_manners(&w, "a")->mute = true;
		world_boot(&w, trees[i]);
		world_pass(&w, 1500);
		cr_expect_str_eq(world_states(&w, "/"), "a:starting b:waiting", "%s", trees[i]);
		world_manners(&w, "a")->mute = false;
		world_serve(&w);
		cr_expect_str_eq(world_states(&w, "/"), "a:running b:running", "%s", trees[i]);
		teardown();
		setup();
	}
}

/* The time of a delay comes before that of the start. */
Test(start, start_post_times_out_after_the_delay)
{
	world_manners(&w, "a")->mute = true;
	world_boot(&w, "/(hold intensity=0){a(delay=10s post timeout=2s)}");
	world_pass(&w, 11999);
	cr_expect_str_eq(world_state(&w, "a"), "starting");
	world_pass(&w, 1);
	cr_expect_str_eq(world_reason(&w, "a"), "timeout:start");
}

Test(start, start_post_that_fails_is_a_failed_start)
{
	struct event fault = {.kind = EVENT_FAULT};

	world_manners(&w, "a")->mute = true;
	world_boot(&w, "/(hold intensity=0){a(post)}");
	cr_assert_eq(reason_parse("start_post:exit:3", &fault.reason), 0);
	fault.pid = world_view(&w, "a").pid;
	world_step(&w, &fault);
	world_serve(&w);
	reason_fini(&fault.reason);
	cr_expect_str_eq(world_marks(&w, "t!-"), "ta !a");
	cr_expect_str_eq(world_reason(&w, "a"), "start_post:exit:3");
	cr_expect_str_eq(world_state(&w, "a"), "failed");
}

Test(start, timeout_kills_and_is_a_failed_start)
{
	world_manners(&w, "a")->mute = true;
	world_boot(&w, "/(hold intensity=0){a(notify timeout=2s) b}");
	world_pass(&w, 1999);
	cr_expect_str_eq(world_state(&w, "a"), "starting");
	world_pass(&w, 1);
	cr_expect_str_eq(world_marks(&w, "k!"), "ka !a");
	cr_expect_str_eq(world_reason(&w, "a"), "timeout:start");
	cr_expect_str_eq(world_states(&w, "/"), "a:failed b:running");
}

/* What the daemon has found meanwhile becomes part of that reason, and of no other. */
Test(start, a_timeout_with_what_was_found)
{
	struct event exited = {.kind = EVENT_EXITED, .code = 9, .by_signal = true};

	for (int late = 0; late < 2; late++) {
		struct reason reason;

		world_manners(&w, "a")->mute = true;
		world_boot(&w, "/(hold intensity=0){a(tcp timeout=2s)}");
		w.now.ns += late ? SPAN_S(2).ns : SPAN_S(1).ns;
		cr_assert_eq(core_step(w.core, &(struct event){.kind = EVENT_TICK}, w.now), 0);
		exited.pid = world_view(&w, "a").pid;
		exited.reason = reason_found(REASON_TIMEOUT_START, "refused");
		cr_assert_eq(core_step(w.core, &exited, w.now), 0);
		exited.kind = EVENT_GONE;
		cr_assert_eq(core_step(w.core, &exited, w.now), 0);
		exited.kind = EVENT_EXITED;
		reason_fini(&exited.reason);
		reason = world_view(&w, "a").reason;
		cr_expect_eq(reason.kind, late ? REASON_TIMEOUT_START : REASON_KILLED);
		cr_expect_eq(reason_object(&reason) != NULL, late);
		teardown();
		setup();
	}
}

/* The daemon's own shortage is nobody's failure: tried again after 100 ms, doubling to 5 s. */
Test(start, shortage_is_uncounted_and_tried_again)
{
	static const int64_t waits[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};

	world_manners(&w, "a")->is_short = true;
	world_boot(&w, "/(escalate intensity=0){a}");
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		world_marks(&w, "");
		world_pass(&w, waits[i] - 1);
		cr_expect_str_eq(world_marks(&w, ""), "", "wait %zu", i);
		world_pass(&w, 1);
		cr_expect_str_eq(world_marks(&w, ""), "shortage:a", "wait %zu", i);
	}
	world_manners(&w, "a")->is_short = false;
	world_pass(&w, 5000);
	cr_expect_str_eq(world_states(&w, "/"), "a:running");
}

Test(start, shortage_stopped_meanwhile)
{
	world_manners(&w, "a")->is_short = true;
	world_boot(&w, "/{a b}");
	cr_expect_str_eq(world_send(&w, REQUEST_STOP, "a", NULL), "ok");
	cr_expect_str_eq(world_states(&w, "/"), "a:stopped b:running");
	cr_expect_str_eq(world_marks(&w, "tk"), "");
}

Test(start, autostart_no_stays_down)
{
	world_boot(&w, "/{a(down) b}");
	cr_expect_str_eq(world_states(&w, "/"), "a:stopped b:running");
	cr_expect_str_eq(world_send(&w, REQUEST_START, "a", NULL), "ok");
	cr_expect_str_eq(world_state(&w, "a"), "running");
}
