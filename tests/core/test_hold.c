/* SPDX-License-Identifier: MIT */

/* Beyond OTP: D4 and D5, what an operator stops and starts; D6, give_up = hold; D7, delays. */

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

TestSuite(operator, .init = setup, .fini = teardown);
TestSuite(hold, .init = setup, .fini = teardown);
TestSuite(delay, .init = setup, .fini = teardown);

static void boot(const char *tree)
{
	world_boot(&w, tree);
	world_marks(&w, "");
}

/* ---- D4, D5 ---- */

Test(operator, d4_a_stop_holds_through_a_siblings_crash)
{
	boot("/(one_for_all){a b c}");
	cr_expect_str_eq(world_send(&w, REQUEST_STOP, "b", NULL), "ok");
	cr_expect(world_view(&w, "b").held);
	world_marks(&w, "");
	world_crash(&w, "a");
	cr_expect_str_eq(world_marks(&w, "t-+"), "-a tc -c +a +c");
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:stopped c:running");
}

Test(operator, d4_a_stop_holds_through_a_restart_of_the_supervisor)
{
	boot("/(intensity=9){s(intensity=0){a b}}");
	world_send(&w, REQUEST_STOP, "s/a", NULL);
	world_crash(&w, "s/b");
	cr_expect_eq(world_starts(&w, "s"), 2);
	cr_expect_str_eq(world_states(&w, "s"), "a:stopped b:running");
	cr_expect_str_eq(world_send(&w, REQUEST_START, "s/a", NULL), "ok");
	cr_expect_str_eq(world_state(&w, "s/a"), "running");
}

/* Only an operator's stop is called a hold: autostart = no passes over a child all the same. */
Test(operator, d4_a_hold_is_an_operators)
{
	boot("/(one_for_all){a b(down)}");
	cr_expect_not(world_view(&w, "b").held);
	world_crash(&w, "a");
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:stopped");
	world_marks(&w, "");
	world_send(&w, REQUEST_STOP, "b", NULL);
	cr_expect(world_view(&w, "b").held);
	world_send(&w, REQUEST_START, "b", NULL);
	cr_expect_not(world_view(&w, "b").held);
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:running");
}

/* Skipped without waiting in an ordered start. */
Test(operator, d4_a_held_child_is_skipped)
{
	boot("/(intensity=9){s(intensity=0 rest_for_one){a b c}}");
	world_send(&w, REQUEST_STOP, "s/b", NULL);
	world_marks(&w, "");
	world_crash(&w, "s/a");
	cr_expect_str_eq(world_marks(&w, "+"), "+s/a +s/c +s");
}

Test(operator, d4_a_stop_triggers_no_auto_shutdown)
{
	boot("/{s(any_significant temporary){a(transient significant) b}}");
	cr_expect_str_eq(world_send(&w, REQUEST_STOP, "s/a", NULL), "ok");
	cr_expect_str_eq(world_state(&w, "s"), "running");
}

Test(operator, d4_a_stop_during_a_start)
{
	world_manners(&w, "a")->mute = true;
	boot("/(rest_for_one){a(notify) b}");
	cr_expect_str_eq(world_send(&w, REQUEST_STOP, "a", NULL), "ok");
	cr_expect_str_eq(world_states(&w, "/"), "a:stopped b:running");
}

Test(operator, d4_a_stop_is_done_when_nothing_is_left)
{
	boot("/{s{a b}}");
	world_manners(&w, "s/a")->lingering = true;
	cr_expect_str_eq(world_send(&w, REQUEST_STOP, "s", NULL), "");
	world_manners(&w, "s/a")->lingering = false;
	world_serve(&w);
	cr_expect_str_eq(world_answer(&w, 0), "ok");
}

Test(operator, d4_starting_under_a_stopped_supervisor_names_it)
{
	struct world *const world = &w;

	boot("/{s{t{a}}}");
	world_send(world, REQUEST_STOP, "s", NULL);
	cr_expect_str_eq(world_send(world, REQUEST_START, "s/t/a", NULL), "parent_down");
	cr_expect_str_eq(world_send(world, REQUEST_RESTART, "s/t/a", NULL), "parent_down");
}

Test(operator, d4_the_root_is_not_stopped)
{
	boot("/{a}");
	cr_expect_str_eq(world_send(&w, REQUEST_STOP, "/", NULL), "root");
	cr_expect_str_eq(world_send(&w, REQUEST_RESTART, "/", NULL), "root");
	cr_expect_str_eq(world_send(&w, REQUEST_REMOVE, "/", NULL), "root");
	cr_expect_str_eq(world_send(&w, REQUEST_STOP, "nobody", NULL), "noproc");
}

/* OTP's own terminate_child does not hold. */
Test(operator, d4_terminate_child_does_not_hold)
{
	boot("/(one_for_all){a b}");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "b");
	cr_expect_not(world_view(&w, "b").held);
	world_crash(&w, "a");
	cr_expect_str_eq(world_state(&w, "b"), "running");
}

Test(operator, d5_start_of_what_runs_is_a_success_that_says_so)
{
	boot("/{a}");
	cr_expect_str_eq(world_send(&w, REQUEST_START, "a", NULL), "already");
}

Test(operator, d5_restart_stops_and_starts)
{
	boot("/(intensity=0 escalate){a b}");
	cr_expect_str_eq(world_send(&w, REQUEST_RESTART, "a", NULL), "ok");
	cr_expect_str_eq(world_marks(&w, ""), "ta -a >a +a");
	world_send(&w, REQUEST_STOP, "b", NULL);
	world_marks(&w, "");
	cr_expect_str_eq(world_send(&w, REQUEST_RESTART, "b", NULL), "ok");
	cr_expect_str_eq(world_marks(&w, ""), "released:b >b +b");
	cr_expect_not(world_view(&w, "b").held);
}

Test(operator, a_failed_start_is_told)
{
	boot("/{a(notify) b}");
	world_send(&w, REQUEST_STOP, "a", NULL);
	world_manners(&w, "a")->fails = 1;
	cr_expect_str_eq(world_send(&w, REQUEST_START, "a", NULL), "start_failed exit:7");
}

Test(operator, the_last_word_wins)
{
	boot("/{a}");
	world_manners(&w, "a")->lingering = true;
	cr_expect_str_eq(world_send(&w, REQUEST_RESTART, "a", NULL), "");
	cr_expect_str_eq(world_send(&w, REQUEST_STOP, "a", NULL), "");
	world_manners(&w, "a")->lingering = false;
	world_serve(&w);
	cr_expect_str_eq(world_state(&w, "a"), "stopped");
	cr_expect_str_eq(world_answer(&w, 0), "ok");
	cr_expect_str_eq(world_answer(&w, 1), "stopped shutdown");
}

Test(operator, remove_stops_and_forgets)
{
	boot("/{a b}");
	world_start_child(&w, "/", "d");
	cr_expect_str_eq(world_send(&w, REQUEST_REMOVE, "d", NULL), "ok");
	cr_expect_eq(core_find(w.core, "d"), SLOT_NONE);
	cr_expect_str_eq(world_send(&w, REQUEST_REMOVE, "a", NULL), "ok");
	cr_expect_str_eq(world_ask(&w, REQUEST_WHICH_CHILDREN, "/", NULL), "b=up");
	cr_expect_str_eq(world_send(&w, REQUEST_START, "a", NULL), "noproc");
}

/* The range of a stopped child does not wait for it. */
Test(operator, a_stop_of_what_the_range_waits_for)
{
	boot("/(rest_for_one){a(restart_delay=60s) b c}");
	world_crash(&w, "a");
	cr_expect_str_eq(world_states(&w, "/"), "a:backoff b:waiting c:waiting");
	cr_expect_str_eq(world_send(&w, REQUEST_STOP, "a", NULL), "ok");
	cr_expect_str_eq(world_states(&w, "/"), "a:stopped b:running c:running");
}

Test(operator, a_removal_of_what_the_range_waits_for)
{
	boot("/(one_for_all){a b c(restart_delay=60s)}");
	world_crash(&w, "c");
	cr_expect_str_eq(world_send(&w, REQUEST_REMOVE, "c", NULL), "ok");
	cr_expect_str_eq(world_state(&w, "a"), "running");
	cr_expect_str_eq(world_state(&w, "b"), "running");
}

Test(operator, wait_and_sync)
{
	boot("/{a(notify) b}");
	world_manners(&w, "a")->mute = true;
	world_crash(&w, "a");
	cr_expect_str_eq(world_send(&w, REQUEST_WAIT_READY, "a", NULL), "");
	cr_expect_str_eq(world_send(&w, REQUEST_SYNC, "", NULL), "");
	cr_expect_str_eq(
		world_request(&w, &(struct request){.kind = REQUEST_SYNC, .allow_starting = true}),
		"ok");
	world_manners(&w, "a")->mute = false;
	world_serve(&w);
	cr_expect_str_eq(world_answer(&w, 1), "ok");
	cr_expect_str_eq(world_answer(&w, 2), "ok");
	cr_expect_str_eq(world_send(&w, REQUEST_WAIT_DOWN, "b", NULL), "");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "b");
	cr_expect_str_eq(world_answer(&w, 1), "ok");
	cr_expect_str_eq(world_send(&w, REQUEST_WAIT_DOWN, "b", NULL), "ok");
}

Test(operator, who_is_forgotten_gets_no_answer)
{
	struct event forget = {.kind = EVENT_FORGET};

	boot("/{a}");
	world_manners(&w, "a")->lingering = true;
	world_send(&w, REQUEST_STOP, "a", NULL);
	forget.request.id = w.n_requests;
	world_step(&w, &forget);
	world_manners(&w, "a")->lingering = false;
	world_serve(&w);
	cr_expect_str_eq(world_answer(&w, 0), "");
	cr_expect_str_eq(world_state(&w, "a"), "stopped");
}

/* ---- D6 ---- */

Test(hold, d6_the_culprit_alone_is_given_up)
{
	boot("/(intensity=1){a b}");
	world_crash(&w, "a");
	world_crash(&w, "a");
	cr_expect_str_eq(world_states(&w, "/"), "a:failed b:running");
	cr_expect_str_eq(world_marks(&w, "t:"), "failed:a");
	cr_expect_not(w.halted);
}

Test(hold, d6_the_window_is_each_childs_own)
{
	boot("/(intensity=1){a b c}");
	world_crash(&w, "a");
	world_crash(&w, "b");
	world_crash(&w, "c");
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:running c:running");
}

Test(hold, d6_the_range_waits_and_is_started_with_the_culprit)
{
	boot("/(rest_for_one intensity=0){a b c}");
	world_crash(&w, "b");
	cr_expect_str_eq(world_marks(&w, "t-:"), "-b failed:b tc -c waiting:c");
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:failed c:waiting");
	cr_expect_str_eq(world_send(&w, REQUEST_START, "c", NULL), "blocked");
	world_marks(&w, "");
	cr_expect_str_eq(world_send(&w, REQUEST_START, "b", NULL), "ok");
	cr_expect_str_eq(world_marks(&w, "+"), "+b +c");
}

Test(hold, d6_one_for_all_waits_as_a_whole)
{
	boot("/(one_for_all intensity=0){a b c}");
	world_crash(&w, "c");
	cr_expect_str_eq(world_states(&w, "/"), "a:waiting b:waiting c:failed");
	cr_expect_str_eq(world_send(&w, REQUEST_START, "c", NULL), "ok");
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:running c:running");
}

Test(hold, d6_started_again_its_window_is_empty)
{
	boot("/(intensity=1 period=1h){a}");
	for (unsigned i = 0; i < 3; i++) {
		world_crash(&w, "a");
		cr_expect_str_eq(world_state(&w, "a"), "running");
		world_crash(&w, "a");
		cr_expect_str_eq(world_state(&w, "a"), "failed");
		cr_expect_str_eq(world_send(&w, REQUEST_START, "a", NULL), "ok");
	}
}

Test(hold, d6_a_failed_first_start_is_a_death_like_another)
{
	world_manners(&w, "a")->fails = 100;
	boot("/(intensity=2){a(notify) b}");
	cr_expect_str_eq(world_states(&w, "/"), "a:failed b:running");
	cr_expect_str_eq(world_reason(&w, "a"), "exit:7");
	cr_expect_str_eq(world_state(&w, "/"), "running");
}

Test(hold, d6_a_failed_first_start_of_a_temporary_is_its_end)
{
	world_manners(&w, "a")->fails = 1;
	world_boot(&w, "/(intensity=2){a(notify temporary) b}");
	cr_expect_str_eq(world_marks(&w, ">!+"), ">/ >a !a >b +b +/");
	cr_expect_str_eq(world_states(&w, "/"), "a:failed b:running");
}

Test(hold, d6_a_failed_first_start_under_rest_for_one)
{
	world_manners(&w, "b")->fails = 1;
	world_boot(&w, "/(rest_for_one intensity=2){a b(notify) c}");
	cr_expect_str_eq(world_marks(&w, "!+t"), "+a !b +/ +b +c");
}

/* ---- D7 ---- */

Test(delay, d7_it_doubles_with_jitter_up_to_the_maximum)
{
	static const int64_t ms[] = {1000, 2000, 4000, 8000, 10000, 10000};

	boot("/(intensity=99){a(restart_delay=1s restart_delay_max=10s)}");
	for (size_t i = 0; i < sizeof(ms) / sizeof(ms[0]); i++) {
		world_crash(&w, "a");
		cr_expect_str_eq(world_state(&w, "a"), "backoff");
		world_pass(&w, ms[i] - 1);
		cr_expect_str_eq(world_state(&w, "a"), "backoff", "delay %zu", i);
		world_pass(&w, ms[i] / 4 + 1);
		cr_expect_str_eq(world_state(&w, "a"), "running", "delay %zu", i);
	}
}

Test(delay, d7_it_starts_again_after_restart_reset)
{
	boot("/(intensity=99){a(restart_delay=1s restart_reset=60s)}");
	for (unsigned i = 0; i < 4; i++) {
		world_crash(&w, "a");
		world_pass(&w, 40000);
	}
	world_pass(&w, 60000);
	world_crash(&w, "a");
	world_pass(&w, 1250);
	cr_expect_str_eq(world_state(&w, "a"), "running");
}

Test(delay, d7_not_without_restart_delay)
{
	boot("/{a}");
	world_crash(&w, "a");
	cr_expect_str_eq(world_marks(&w, ""), "-a >a +a"); /* 131 */
}

/* The group stops at once and starts together, after the longest delay. */
Test(delay, d7_a_group_starts_together)
{
	boot("/(one_for_all intensity=9){a(restart_delay=4s) b(restart_delay=1s)}");
	world_crash(&w, "a");
	cr_expect_str_eq(world_marks(&w, "t-+"), "-a tb -b");
	world_pass(&w, 3999);
	cr_expect_str_eq(world_marks(&w, "+"), "");
	world_pass(&w, 1001);
	cr_expect_str_eq(world_marks(&w, "+"), "+a +b");
}

/* One that is up (rest_for_one, before the range) dies meanwhile: it joins. */
Test(delay, d7_a_siblings_death_meanwhile_joins)
{
	boot("/(rest_for_one intensity=9){a b(restart_delay=10s) c}");
	world_crash(&w, "b");
	world_pass(&w, 1000);
	world_marks(&w, "");
	world_crash(&w, "a");
	cr_expect_str_eq(world_marks(&w, "+"), "");
	world_pass(&w, 12000);
	cr_expect_str_eq(world_marks(&w, "+"), "+a +b +c");
}

Test(delay, d7_the_counter_outlives_its_supervisor)
{
	boot("/(intensity=9){s(intensity=1){a(restart_delay=1s)}}");
	world_crash(&w, "s/a");
	world_pass(&w, 2000);
	world_crash(&w, "s/a");
	cr_expect_eq(world_starts(&w, "s"), 2);
	world_crash(&w, "s/a");
	world_pass(&w, 1999);
	cr_expect_str_eq(world_state(&w, "s/a"), "backoff");
}

Test(delay, d7_a_supervisor_has_delays_too)
{
	boot("/(intensity=9){s(intensity=0 restart_delay=2s){a}}");
	world_crash(&w, "s/a");
	cr_expect_str_eq(world_state(&w, "s"), "backoff");
	world_pass(&w, 2500);
	cr_expect_str_eq(world_state(&w, "s"), "running");
}

/* Nothing of it is due any more: the rest goes on at once. */
Test(delay, d4_d7_a_stop_of_the_culprit_while_its_group_stops)
{
	boot("/(one_for_all){a(restart_delay=10s) b c}");
	world_manners(&w, "b")->stubborn = true;
	world_crash(&w, "a");
	cr_expect_str_eq(world_send(&w, REQUEST_STOP, "a", NULL), "ok");
	world_manners(&w, "b")->stubborn = false;
	world_serve(&w);
	cr_expect_str_eq(world_states(&w, "/"), "a:stopped b:running c:running");
}

Test(delay, d7_an_operators_start_does_not_wait)
{
	boot("/{a(restart_delay=60s)}");
	world_crash(&w, "a");
	cr_expect_str_eq(world_send(&w, REQUEST_START, "a", NULL), "ok");
}
