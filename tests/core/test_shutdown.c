/* SPDX-License-Identifier: MIT */

/* SEMANTICS 10, shutdown; D13, D17, D21; exit signals: 32, 35, 37, 46, 112, 113; 50 with D15. */

#include <criterion/criterion.h>
#include <signal.h>

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

TestSuite(shutdown, .init = setup, .fini = teardown);
TestSuite(exit_signal, .init = setup, .fini = teardown);
TestSuite(budget, .init = setup, .fini = teardown);

Test(shutdown, s100_reverse_order_each_gone_before_the_next)
{
	world_boot(&w, "/{a s{b c} d}");
	world_manners(&w, "s/c")->lingering = true;
	world_marks(&w, "");
	world_shutdown(&w);
	cr_expect_str_eq(world_marks(&w, "t-"), "td -d ts/c");
	world_manners(&w, "s/c")->lingering = false;
	world_serve(&w);
	cr_expect_str_eq(world_marks(&w, "t-"), "-s/c ts/b -s/b -s ta -a -/");
	cr_expect(w.halted);
	cr_expect_eq(w.halt, HALT_ORDERLY);
}

Test(shutdown, d17_parallel_all_told_at_once)
{
	world_boot(&w, "/(parallel){a(shutdown=1s) b(shutdown=2s) c}");
	world_manners(&w, "a")->stubborn = world_manners(&w, "b")->stubborn = true;
	world_marks(&w, "");
	world_shutdown(&w);
	cr_expect_str_eq(world_marks(&w, "tk-"), "tc tb ta -c");
	world_pass(&w, 1000);
	cr_expect_str_eq(world_marks(&w, "tk-"), "ka -a");
	world_pass(&w, 1000);
	cr_expect_str_eq(world_marks(&w, "tk-"), "kb -b -/");
}

Test(shutdown, s101_s106_sigkill_after_its_time_recorded_killed)
{
	world_boot(&w, "/{a(shutdown=3s) b}");
	world_manners(&w, "a")->stubborn = true;
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a"), "");
	world_pass(&w, 2999);
	cr_expect_str_eq(world_marks(&w, "tk-"), "ta");
	world_pass(&w, 1);
	cr_expect_str_eq(world_marks(&w, "tk-"), "ka -a");
	cr_expect_str_eq(world_answer(&w, 0), "ok");
	cr_expect_str_eq(world_reason(&w, "a"), "killed");
}

/* After SIGKILL without limit: a process that does not go blocks its supervisor, and is named. */
Test(shutdown, s101_waits_without_limit_after_sigkill)
{
	world_boot(&w, "/{a(shutdown=1s)}");
	world_manners(&w, "a")->stubborn = world_manners(&w, "a")->lingering = true;
	world_marks(&w, "");
	world_shutdown(&w);
	world_pass(&w, 60000);
	cr_expect_str_eq(world_marks(&w, "tk-:"), "ta ka lingers:a");
	cr_expect_not(w.halted);
	world_manners(&w, "a")->lingering = false;
	world_serve(&w);
	cr_expect(w.halted);
}

Test(shutdown, s102_brutal_kill_no_sigterm_recorded_killed)
{
	world_boot(&w, "/{a(shutdown=brutal_kill)}");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a"), "ok");
	cr_expect_str_eq(world_marks(&w, "tk"), "ka");
	cr_expect_str_eq(world_reason(&w, "a"), "killed");
}

Test(shutdown, s103_infinity_waits_for_ever)
{
	world_boot(&w, "/{a(shutdown=infinity)}");
	world_manners(&w, "a")->stubborn = true;
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a");
	world_pass(&w, 1000000000);
	cr_expect_str_eq(world_marks(&w, "tk"), "ta");
}

Test(shutdown, s104_zero_is_both_at_once)
{
	world_boot(&w, "/{a(shutdown=0)}");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a"), "ok");
	cr_expect_str_eq(world_marks(&w, "tk"), "ta ka");
	cr_expect_str_eq(world_reason(&w, "a"), "killed");
}

/* Recorded as shutdown: gone in time by SIGTERM, or with any exit status. */
Test(shutdown, s105_s107_another_exit_than_asked_changes_nothing)
{
	world_boot(&w, "/(intensity=0 escalate){a}");
	world_manners(&w, "a")->code = 3;
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a"), "ok");
	cr_expect_str_eq(world_reason(&w, "a"), "shutdown");
	cr_expect_str_eq(world_states(&w, "/"), "a:stopped");
	cr_expect_not(w.halted);
}

/* One that had died before it was told: its real reason, no restart, no count. */
Test(shutdown, s108_a_death_in_the_way_of_a_stop_is_absorbed)
{
	world_boot(&w, "/(intensity=0 escalate){a b}");
	world_manners(&w, "a")->lingering = true;
	world_exit(&w, "a", 3);
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a"), "");
	world_manners(&w, "a")->lingering = false;
	world_serve(&w);
	cr_expect_str_eq(world_answer(&w, 0), "ok");
	cr_expect_str_eq(world_reason(&w, "a"), "exit:3");
	cr_expect_str_eq(world_states(&w, "/"), "a:stopped b:running");
}

/* It died while its supervisor was busy, which then is told to stop: no restart either. */
Test(shutdown, s108_a_death_that_waits_is_absorbed_by_the_shutdown)
{
	world_manners(&w, "b")->mute = true;
	world_boot(&w, "/(rest_for_one){a b(notify)}");
	world_crash(&w, "a");
	world_marks(&w, "");
	world_shutdown(&w);
	cr_expect_str_eq(world_marks(&w, ">t-!"), "tb !b !/");
	cr_expect(w.halted);
}

Test(shutdown, s109_children_without_a_process_are_skipped)
{
	world_boot(&w, "/{a b(transient) c(restart_delay=10s)}");
	world_exit(&w, "b", 0);
	world_crash(&w, "c");
	world_marks(&w, "");
	world_shutdown(&w);
	cr_expect_str_eq(world_marks(&w, ""), "ta -a -/");
}

/* Told to stop while it retries: no further attempt. */
Test(shutdown, s110_no_retry_after_the_request)
{
	world_boot(&w, "/(rest_for_one intensity=9){a(notify) b}");
	world_manners(&w, "a")->mute = true;
	world_crash(&w, "a");
	world_marks(&w, "");
	world_shutdown(&w);
	cr_expect_str_eq(world_marks(&w, ">t!-k"), "ta !a -/");
}

Test(shutdown, s111_a_supervisor_ends_with_its_parent_children_in_order)
{
	world_boot(&w, "/{s{a t{b c}}}");
	world_marks(&w, "");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "s"), "ok");
	cr_expect_str_eq(world_marks(&w, "t-"), "ts/t/c -s/t/c ts/t/b -s/t/b -s/t ts/a -s/a -s");
	cr_expect_str_eq(world_reason(&w, "s"), "shutdown");
}

Test(shutdown, s114_a_supervisors_time_is_up_the_rest_is_killed)
{
	world_boot(&w, "/{s(shutdown=1s){a(shutdown=infinity) t{b(shutdown=infinity)}}}");
	world_manners(&w, "s/t/b")->stubborn = world_manners(&w, "s/a")->stubborn = true;
	world_marks(&w, "");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "s");
	world_pass(&w, 999);
	cr_expect_str_eq(world_marks(&w, "tk"), "ts/t/b");
	world_pass(&w, 1);
	cr_expect_str_eq(world_marks(&w, "k-"), "ks/a ks/t/b -s/a -s/t/b -s/t -s");
	cr_expect_str_eq(world_answer(&w, 0), "ok");
}

Test(shutdown, s115_not_published_before_the_group_is_empty)
{
	world_boot(&w, "/{a}");
	world_manners(&w, "a")->lingering = true;
	world_marks(&w, "");
	world_crash(&w, "a");
	cr_expect_str_eq(world_marks(&w, ""), "");
	cr_expect_str_eq(world_state(&w, "a"), "stopping");
	world_pass(&w, 1000);
	cr_expect_str_eq(world_marks(&w, ""), "lingers:a");
	world_manners(&w, "a")->lingering = false;
	world_serve(&w);
	cr_expect_str_eq(world_marks(&w, ""), "-a >a +a");
}

/* ---- exit signals ---- */

Test(exit_signal, s32_normal_is_dropped)
{
	world_boot(&w, "/{a}");
	world_marks(&w, "");
	cr_expect_str_eq(world_send(&w, REQUEST_EXIT, "a", "normal"), "ok");
	cr_expect_str_eq(world_marks(&w, ""), "");
	cr_expect_str_eq(world_state(&w, "a"), "running");
}

Test(exit_signal, s35_it_ends_with_that_reason_whatever_the_wait_status)
{
	static const char *const reasons[] = {"shutdown", "exit:9", "unhealthy", "shutdown:bye"};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (i)
			world_init(&w);
		world_boot(&w, "/{a(transient)}");
		world_manners(&w, "a")->code = 0;
		world_marks(&w, "");
		cr_expect_str_eq(world_send(&w, REQUEST_EXIT, "a", reasons[i]), "ok");
		cr_expect_str_eq(world_marks(&w, "t"), "ta");
		cr_expect_str_eq(world_reason(&w, "a"), reasons[i]);
		if (i + 1 < sizeof(reasons) / sizeof(reasons[0]))
			world_fini(&w);
	}
}

Test(exit_signal, s35_sigkill_after_its_shutdown_time_the_reason_stays)
{
	world_boot(&w, "/{a(shutdown=2s transient)}");
	world_manners(&w, "a")->stubborn = true;
	world_send(&w, REQUEST_EXIT, "a", "shutdown:out");
	world_pass(&w, 2000);
	cr_expect_str_eq(world_marks(&w, "tk"), "ta ka");
	cr_expect_str_eq(world_reason(&w, "a"), "shutdown:out");
	cr_expect_str_eq(world_state(&w, "a"), "done");
}

Test(exit_signal, s37_kill_is_sigkill_at_once_recorded_killed)
{
	world_boot(&w, "/{a(temporary)}");
	world_manners(&w, "a")->stubborn = true;
	cr_expect_str_eq(world_send(&w, REQUEST_EXIT, "a", "kill"), "ok");
	cr_expect_str_eq(world_marks(&w, "tk"), "ka");
	cr_expect_str_eq(world_reason(&w, "a"), "killed");
}

Test(exit_signal, s46_the_first_reason_wins)
{
	world_boot(&w, "/{a(temporary shutdown=10s)}");
	world_manners(&w, "a")->stubborn = true;
	world_send(&w, REQUEST_EXIT, "a", "one");
	world_send(&w, REQUEST_EXIT, "a", "two");
	cr_expect_str_eq(world_marks(&w, "tk"), "ta");
	world_send(&w, REQUEST_EXIT, "a", "kill");
	cr_expect_str_eq(world_marks(&w, "tk"), "ka");
	cr_expect_str_eq(world_reason(&w, "a"), "one");
}

/* SIGTERM from outside is no exit signal: the wait status decides. */
Test(exit_signal, s47_sigterm_from_outside)
{
	world_boot(&w, "/{a(temporary) b(temporary) c(temporary)}");
	world_die(&w, "a", SIGTERM);
	world_die(&w, "b", SIGKILL);
	world_exit(&w, "c", 0);
	cr_expect_str_eq(world_reason(&w, "a"), "signal:TERM");
	cr_expect_str_eq(world_reason(&w, "b"), "killed");
	cr_expect_str_eq(world_reason(&w, "c"), "normal");
}

/* D15: no Unix signal, its kill time starts, the told reason stays. */
Test(exit_signal, s50_d15_last_words_win_over_the_wait_status)
{
	world_boot(&w, "/{a(transient shutdown=2s) b(transient shutdown=2s)}");
	world_marks(&w, "");
	world_tell(&w, "a", "shutdown:done");
	cr_expect_str_eq(world_marks(&w, "tk"), "");
	world_exit(&w, "a", 9);
	cr_expect_str_eq(world_reason(&w, "a"), "shutdown:done");
	cr_expect_str_eq(world_state(&w, "a"), "done");
	world_tell(&w, "b", "broken");
	world_pass(&w, 2000);
	cr_expect_str_eq(world_marks(&w, "tk"), "kb");
	cr_expect_str_eq(world_reason(&w, "b"), "broken");
	cr_expect_eq(world_starts(&w, "b"), 2);
}

Test(exit_signal, s112_a_supervisor_ignores_all_but_kill)
{
	world_boot(&w, "/{s{a}}");
	world_marks(&w, "");
	cr_expect_str_eq(world_send(&w, REQUEST_EXIT, "s", "shutdown"), "ok");
	cr_expect_str_eq(world_send(&w, REQUEST_EXIT, "s", "normal"), "ok");
	cr_expect_str_eq(world_send(&w, REQUEST_EXIT, "s", "whatever"), "ok");
	cr_expect_str_eq(world_marks(&w, ""), "");
	cr_expect_str_eq(world_send(&w, REQUEST_EXIT, "s", "kill"), "ok");
	cr_expect_str_eq(world_reason(&w, "s"), "killed");
	cr_expect_eq(world_starts(&w, "s"), 2);
}

/* D13: the new one waits until the old subtree is gone; the children get `killed` by their links.
 */
Test(exit_signal, s113_d13_a_killed_supervisors_subtree_goes_before_its_successor)
{
	world_boot(&w, "/{s{a b t{c}}}");
	world_manners(&w, "s/a")->lingering = true;
	world_marks(&w, "");
	world_send(&w, REQUEST_EXIT, "s", "kill");
	cr_expect_str_eq(world_marks(&w, "t-+"), "ts/a ts/b ts/t/c -s/b -s/t/c -s/t");
	cr_expect_str_eq(world_reason(&w, "s/b"), "killed");
	cr_expect_str_eq(world_reason(&w, "s/t"), "killed");
	world_manners(&w, "s/a")->lingering = false;
	world_serve(&w);
	cr_expect_str_eq(world_marks(&w, "t-+"), "-s/a -s +s/a +s/b +s/t/c +s/t +s");
}

/* ---- D21 ---- */

#define SLOW_TREE "/{a(shutdown=infinity) s{b(shutdown=infinity) c(shutdown=infinity)}}"

static void boot_slow(void)
{
	world_boot(&w, SLOW_TREE);
	world_manners(&w, "a")->stubborn = true;
	world_manners(&w, "s/b")->stubborn = true;
	world_manners(&w, "s/c")->stubborn = true;
	world_marks(&w, "");
	world_shutdown(&w);
	cr_expect_str_eq(world_marks(&w, "tk"), "ts/c");
}

Test(budget, d21_order_is_given_up_at_four_fifths)
{
	boot_slow();
	world_pass(&w, 71999);
	cr_expect_str_eq(world_marks(&w, ""), "");
	world_pass(&w, 1);
	cr_expect_str_eq(world_marks(&w, "tk:"), "budget:/ ta ts/b");
}

Test(budget, d21_sigkill_to_all_at_the_end)
{
	boot_slow();
	world_pass(&w, 89999);
	cr_expect_not(w.halted);
	world_marks(&w, "");
	world_pass(&w, 1);
	cr_expect_str_eq(world_marks(&w, "k:"), "budget:/ ka ks/b ks/c");
	cr_expect(w.halted);
	cr_expect_eq(w.halt, HALT_ORDERLY);
}

Test(budget, d21_a_second_shutdown_does_not_wait)
{
	boot_slow();
	world_shutdown(&w);
	cr_expect_str_eq(world_marks(&w, "k"), "ka ks/b ks/c");
	cr_expect(w.halted);
}

Test(budget, d21_children_go_by_their_own_grace_in_order)
{
	world_boot(&w, "/{a(shutdown=1s) b(shutdown=2s)}");
	world_manners(&w, "a")->stubborn = world_manners(&w, "b")->stubborn = true;
	world_marks(&w, "");
	world_shutdown(&w);
	world_pass(&w, 2000);
	cr_expect_str_eq(world_marks(&w, "tk-"), "tb kb -b ta");
	world_pass(&w, 1000);
	cr_expect_str_eq(world_marks(&w, "tk-"), "ka -a -/");
	cr_expect(w.halted);
}
