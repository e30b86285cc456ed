/* SPDX-License-Identifier: MIT */

/* SEMANTICS 11, restart decision; 12, intensity; 13, a start that fails during a restart. */

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>

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

TestSuite(strategy, .init = setup, .fini = teardown);
TestSuite(intensity, .init = setup, .fini = teardown);
TestSuite(retry, .init = setup, .fini = teardown);

static void boot(const char *tree)
{
	world_boot(&w, tree);
	world_marks(&w, "");
}

/* ---- 11 ---- */

/* Every restart type with every kind of end. */
Test(strategy, s116_s117_s118_restart_types)
{
	static const struct {
		const char *type, *told;
		int code;
		int unix_signal;
		bool restarted;
	} rows[] = {
		{"permanent", NULL, 0, 0, true},
		{"permanent", NULL, 1, 0, true},
		{"permanent", NULL, 0, SIGKILL, true},
		{"permanent", "shutdown", 0, 0, true},
		{"permanent", "shutdown:x", 0, 0, true},
		{"transient", NULL, 0, 0, false},
		{"transient", NULL, 1, 0, true},
		{"transient", NULL, 0, SIGTERM, true},
		{"transient", NULL, 0, SIGKILL, true},
		{"transient", "shutdown", 5, 0, false},
		{"transient", "shutdown:x", 5, 0, false},
		{"transient", "crashed", 0, 0, true},
		{"transient success=3", NULL, 3, 0, false},
		{"temporary", NULL, 0, 0, false},
		{"temporary", NULL, 1, 0, false},
		{"temporary", NULL, 0, SIGSEGV, false},
		{"temporary", "crashed", 0, 0, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char tree[64];

		if (i)
			world_init(&w);
		snprintf(tree, sizeof(tree), "/{a(%s)}", rows[i].type);
		boot(tree);
		if (rows[i].told)
			world_tell(&w, "a", rows[i].told);
		if (rows[i].unix_signal)
			world_die(&w, "a", rows[i].unix_signal);
		else
			world_exit(&w, "a", rows[i].code);
		cr_expect_eq(world_starts(&w, "a"), rows[i].restarted ? 2 : 1, "row %zu", i);
		if (i + 1 < sizeof(rows) / sizeof(rows[0]))
			world_fini(&w);
	}
}

Test(strategy, s119_a_transient_that_ended_normally_keeps_its_spec)
{
	boot("/{a(transient) b(temporary)}");
	world_exit(&w, "a", 0);
	world_exit(&w, "b", 0);
	cr_expect_str_eq(world_ask(&w, REQUEST_WHICH_CHILDREN, "/", NULL), "a=undefined");
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART_CHILD, "/", "a"), "ok_up");
}

/* D18: a temporary one from a file vanishes for the child API alone. */
Test(strategy, d18_a_temporary_from_a_file_keeps_a_record)
{
	boot("/{a(temporary) b(temporary)}");
	world_exit(&w, "a", 0);
	world_exit(&w, "b", 4);
	cr_expect_str_eq(world_states(&w, "/"), "a:done b:failed");
	cr_expect_str_eq(world_ask(&w, REQUEST_WHICH_CHILDREN, "/", NULL), "nobody");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a"), "not_found");
	cr_expect_str_eq(world_send(&w, REQUEST_START, "a", NULL), "ok");
	cr_expect_str_eq(world_ask(&w, REQUEST_WHICH_CHILDREN, "/", NULL), "a=up");
}

Test(strategy, s120_a_death_that_needs_no_restart_does_not_count)
{
	boot("/(intensity=0 escalate){a(transient) b(temporary) c}");
	world_exit(&w, "a", 0);
	world_exit(&w, "b", 1);
	cr_expect_not(w.halted);
	world_crash(&w, "c");
	cr_expect(w.halted);
}

Test(strategy, s121_one_for_one_restarts_the_dead_one_only)
{
	boot("/{a b c}");
	world_crash(&w, "b");
	cr_expect_str_eq(world_marks(&w, "t-+"), "-b +b");
}

Test(strategy, s122_one_for_all_stops_in_reverse_then_starts_in_order)
{
	boot("/(one_for_all){a b c d}");
	world_crash(&w, "c");
	cr_expect_str_eq(world_marks(&w, "t-+"), "-c td -d tb -b ta -a +a +b +c +d");
}

/* Stopped completely before the first start. */
Test(strategy, s122_all_are_gone_before_the_first_start)
{
	boot("/(one_for_all){a b c}");
	world_manners(&w, "b")->lingering = true;
	world_crash(&w, "a");
	cr_expect_str_eq(world_marks(&w, ">t-"), "-a tc -c tb");
	world_manners(&w, "b")->lingering = false;
	world_serve(&w);
	cr_expect_str_eq(world_marks(&w, ">"), ">a >b >c");
}

Test(strategy, s123_rest_for_one_does_not_touch_those_before)
{
	boot("/(rest_for_one){a b c d}");
	world_crash(&w, "b");
	cr_expect_str_eq(world_marks(&w, "t-+"), "-b td -d tc -c +b +c +d");
}

Test(strategy, s124_no_group_restart_where_the_dead_one_is_not_restarted)
{
	boot("/(one_for_all){a b(temporary) c(transient)}");
	world_crash(&w, "b");
	world_exit(&w, "c", 0);
	cr_expect_str_eq(world_marks(&w, "t-+"), "-b -c");
}

Test(strategy, s125_temporary_siblings_are_not_started_again)
{
	boot("/(one_for_all){a b(temporary) c}");
	world_crash(&w, "a");
	cr_expect_str_eq(world_marks(&w, "t+"), "tc tb +a +c");
	cr_expect_str_eq(world_ask(&w, REQUEST_WHICH_CHILDREN, "/", NULL), "c=up a=up");
}

Test(strategy, s126_a_group_restart_starts_what_was_down)
{
	boot("/(one_for_all){a b c(transient)}");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "b");
	world_exit(&w, "c", 0);
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:stopped c:done");
	world_crash(&w, "a");
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:running c:running");
}

Test(strategy, s126_under_rest_for_one_those_after_only)
{
	boot("/(rest_for_one){a b c}");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "c");
	world_crash(&w, "b");
	cr_expect_str_eq(world_states(&w, "/"), "a:stopped b:running c:running");
}

Test(strategy, s127_a_restarted_child_keeps_its_place)
{
	boot("/{a b c}");
	world_crash(&w, "a");
	cr_expect_str_eq(world_ask(&w, REQUEST_WHICH_CHILDREN, "/", NULL), "c=up b=up a=up");
}

Test(strategy, s128_a_group_restart_counts_once)
{
	boot("/(one_for_all intensity=1 escalate){a b c}");
	world_crash(&w, "a");
	cr_expect_not(w.halted);
	world_crash(&w, "b");
	cr_expect(w.halted);
}

/* It was to be stopped anyway: absorbed. */
Test(strategy, s129_a_sibling_that_dies_in_the_way_is_absorbed)
{
	boot("/(one_for_all intensity=1 escalate){a b c}");
	world_manners(&w, "c")->stubborn = true;
	world_crash(&w, "a");
	world_crash(&w, "b");
	world_crash(&w, "c");
	cr_expect_not(w.halted);
	cr_expect_str_eq(world_marks(&w, "+"), "+a +b +c");
}

/* It was started anew: handled afterwards as a restart of its own. */
Test(strategy, s129_one_started_anew_is_a_restart_of_its_own)
{
	boot("/(one_for_all){a b(notify)}");
	world_manners(&w, "b")->mute = true;
	world_crash(&w, "a");
	world_crash(&w, "a");
	world_marks(&w, "");
	world_manners(&w, "b")->mute = false;
	world_serve(&w);
	cr_expect_str_eq(world_marks(&w, "t-+"), "+b tb -b +a +b");
}

/* ---- 12 ---- */

Test(intensity, s132_one_too_many_gives_up)
{
	boot("/(intensity=2 escalate){a}");
	world_crash(&w, "a");
	world_crash(&w, "a");
	cr_expect_not(w.halted);
	world_crash(&w, "a");
	cr_expect(w.halted);
	cr_expect_eq(w.halt, HALT_GAVE_UP);
}

Test(intensity, s133_the_restart_that_exceeds_is_not_made)
{
	boot("/(intensity=1 escalate){a b}");
	world_crash(&w, "a");
	world_marks(&w, "");
	world_crash(&w, "b");
	cr_expect_str_eq(world_marks(&w, ""), "-b gave_up:/ ta -a -/");
}

Test(intensity, s134_zero_ends_at_the_first)
{
	boot("/(intensity=0 escalate){a}");
	world_crash(&w, "a");
	cr_expect(w.halted);
}

/* A restart exactly a period old still counts; a nanosecond more and it does not. */
Test(intensity, s135_exactly_a_period_old_counts)
{
	boot("/(intensity=1 period=5s escalate){a}");
	world_crash(&w, "a");
	world_pass(&w, 5000);
	world_crash(&w, "a");
	cr_expect(w.halted);
}

Test(intensity, s135_older_than_the_period_does_not_count)
{
	boot("/(intensity=1 period=5s escalate){a}");
	for (unsigned i = 0; i < 10; i++) {
		world_crash(&w, "a");
		world_pass(&w, 5000);
		w.now.ns++;
	}
	cr_expect_not(w.halted);
	cr_expect_eq(world_starts(&w, "a"), 11);
}

Test(intensity, s136_all_are_stopped_in_reverse_then_it_ends_with_shutdown)
{
	boot("/{s(intensity=0 temporary){a b c}}");
	world_crash(&w, "s/b");
	cr_expect_str_eq(world_marks(&w, "t-"), "-s/b ts/c -s/c ts/a -s/a -s");
	cr_expect_str_eq(world_reason(&w, "s"), "shutdown");
}

Test(intensity, s137_the_history_is_the_supervisors)
{
	boot("/(intensity=1 escalate){a b}");
	world_crash(&w, "a");
	world_crash(&w, "b");
	cr_expect(w.halted);
}

Test(intensity, s138_s144_retries_count)
{
	boot("/{s(intensity=3 temporary){a(notify)}}");
	world_manners(&w, "s/a")->fails = 100;
	world_crash(&w, "s/a");
	cr_expect_str_eq(world_marks(&w, ">!"), ">s/a !s/a >s/a !s/a >s/a !s/a");
	cr_expect_str_eq(world_reason(&w, "s"), "shutdown");
}

Test(intensity, s139_requests_and_first_starts_do_not_count)
{
	boot("/(intensity=0 escalate){a b}");
	for (unsigned i = 0; i < 4; i++) {
		world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a");
		cr_expect_str_eq(world_ask(&w, REQUEST_RESTART_CHILD, "/", "a"), "ok_up");
		cr_expect_str_eq(world_send(&w, REQUEST_RESTART, "b", NULL), "ok");
	}
	cr_expect_str_eq(world_start_child(&w, "/", "c"), "ok_up");
	cr_expect_not(w.halted);
}

Test(intensity, s140_a_restarted_supervisor_has_an_empty_history)
{
	boot("/(intensity=9){s(intensity=1){a}}");
	for (unsigned i = 0; i < 3; i++) {
		world_crash(&w, "s/a");
		world_crash(&w, "s/a");
		cr_expect_eq(world_starts(&w, "s"), i + 2);
	}
}

Test(intensity, time_that_jumps_back_is_the_last_time)
{
	boot("/{a(restart_delay=1s)}");
	world_pass(&w, 10000);
	world_step(&w, &(struct event){.kind = EVENT_TICK});
	w.now.ns -= 8000000000;
	world_crash(&w, "a");
	cr_expect_geq(core_deadline(w.core).ns, 12000000000);
	cr_expect_eq(world_view(&w, "a").since.ns, 11000000000);
}

/* ---- 13 ---- */

/* What came before it in the queue is dealt with first. */
Test(retry, s143_at_the_end_of_the_queue)
{
	boot("/(rest_for_one intensity=5){a(notify) b}");
	world_manners(&w, "a")->mute = true;
	world_crash(&w, "a");
	cr_expect_str_eq(world_ask(&w, REQUEST_COUNT_CHILDREN, "/", NULL), "");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a"), "");
	world_marks(&w, "");
	world_exit(&w, "a", 7);
	cr_expect_str_eq(world_marks(&w, ">!:"), "!a retry:a");
	cr_expect_str_eq(world_answer(&w, 1), "specs=2 active=0 supervisors=0 workers=2");
	cr_expect_str_eq(world_answer(&w, 0), "ok");
	cr_expect_str_eq(world_states(&w, "/"), "a:stopped b:waiting");
}

Test(retry, s145_one_for_one_that_child_only)
{
	boot("/(intensity=5){a(notify) b}");
	world_manners(&w, "a")->fails = 2;
	world_crash(&w, "a");
	cr_expect_str_eq(world_marks(&w, "t!-+"), "-a !a !a +a");
}

Test(retry, s146_rest_for_one_from_the_one_that_failed)
{
	boot("/(rest_for_one intensity=5){a b(notify) c}");
	world_manners(&w, "b")->fails = 1;
	world_crash(&w, "a");
	cr_expect_str_eq(world_marks(&w, "t!-+"), "-a tc -c tb -b +a !b +b +c");
	cr_expect_eq(world_starts(&w, "a"), 2);
}

Test(retry, s146_d17_parallel_from_the_first_that_failed)
{
	boot("/(rest_for_one parallel intensity=5){a b(notify) c(notify)}");
	world_manners(&w, "b")->fails = world_manners(&w, "c")->fails = 1;
	world_crash(&w, "a");
	cr_expect_str_eq(world_marks(&w, "!+:"), "+a !b !c retry:b +b +c");
}

Test(retry, s147_one_for_all_from_the_beginning)
{
	boot("/(one_for_all intensity=5){a b(notify) c}");
	world_manners(&w, "b")->fails = 1;
	world_crash(&w, "a");
	cr_expect_str_eq(world_marks(&w, "t!-+"), "-a tc -c tb -b +a !b ta -a +a +b +c");
	cr_expect_eq(world_starts(&w, "a"), 3);
}

/* With a delay before the retry (D7) its states can be looked at. */
Test(retry, s148_restarting_undefined_and_pids)
{
	boot("/(rest_for_one intensity=5){a b(notify restart_delay=10s) c}");
	world_crash(&w, "b");
	cr_expect_str_eq(world_ask(&w, REQUEST_WHICH_CHILDREN, "/", NULL),
			 "c=undefined b=restarting a=up");
	cr_expect_str_eq(world_ask(&w, REQUEST_COUNT_CHILDREN, "/", NULL),
			 "specs=3 active=1 supervisors=0 workers=3"); /* 152 */
}

Test(retry, s149_calls_on_a_restarting_child)
{
	boot("/{a(restart_delay=10s)}");
	world_crash(&w, "a");
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART_CHILD, "/", "a"), "restarting");
	cr_expect_str_eq(world_ask(&w, REQUEST_DELETE_CHILD, "/", "a"), "restarting");
	cr_expect_str_eq(world_start_child(&w, "/", "a"), "already_present");
}

Test(retry, s150_terminate_child_takes_the_retry_away)
{
	boot("/{a(restart_delay=10s)}");
	world_crash(&w, "a");
	world_marks(&w, "");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a"), "ok");
	world_pass(&w, 100000);
	cr_expect_str_eq(world_marks(&w, ""), "");
	cr_expect_str_eq(world_state(&w, "a"), "stopped");
}

Test(retry, s151_restart_child_of_a_later_one_that_waits)
{
	boot("/(rest_for_one intensity=5){a(restart_delay=10s) b}");
	world_crash(&w, "a");
	world_marks(&w, "");
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART_CHILD, "/", "b"), "ok_up");
	world_pass(&w, 20000);
	cr_expect_str_eq(world_marks(&w, "t-+"), "+b tb -b +a +b");
}
