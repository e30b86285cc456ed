/* SPDX-License-Identifier: MIT */

/* How services are stopped, and that nothing of them is left (SEMANTICS 10). */

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

RUN_SUITE(stop);

/* The OS pid that a puppet has told: "a child 123". */
static pid_t told_pid(struct node *n, const char *pattern)
{
	return (pid_t)atoi(strrchr(journal_find(n, pattern), ' ') + 1);
}

Test(stop, s100_reverse_order_each_gone_before_the_next_is_told)
{
	struct node *n =
		node_run("[defaults]\nshutdown = infinity\n"
			 "[service a]\ncommand = @puppet/a catch:TERM ready\nready = notify\n"
			 "[service b]\ncommand = @puppet/b catch:TERM ready\nready = notify\n"
			 "[service c]\ncommand = @puppet/c catch:TERM ready\nready = notify\n");

	sync_tree(n);
	kill(n->supd.os_pid, SIGTERM);
	journal_until(n, "c TERM");
	cr_assert_str_eq(state_of(n, "b"), "running");
	cr_assert_eq(journal_count(n, "b TERM"), 0);
	order(n, "c", "exit:0");
	journal_until(n, "b TERM");
	cr_assert_str_eq(state_of(n, "c"), "stopped");
	cr_assert_eq(journal_count(n, "a TERM"), 0);
	order(n, "b", "exit:0");
	journal_until(n, "a TERM");
	order(n, "a", "exit:0");
	cr_assert_eq(node_wait(n), 0);
	node_check_nothing_left(n);
}

Test(stop, s101_sigkill_after_the_shutdown_time)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a catch:TERM ready\n"
				  "ready = notify\nshutdown = 200ms\n");
	struct watch *w;
	pid_t os_pid;

	sync_tree(n);
	w = watch_open(n);
	os_pid = os_pid_of(n, "a");
	cr_assert_str_eq(ctl(n, "stop a"), "a: stopped\n");
	cr_assert_not(proc_exists(os_pid));
	watch_until(w, "held a");
	cr_assert_str_eq(watch_join(w, "exit *"), "stopping a shutdown; killing a; exit a killed");
	cr_assert_eq(journal_count(n, "a TERM"), 1);
	cr_assert_str_eq(look(n, "a").exit_status, "SIGKILL");
	node_end(n);
}

Test(stop, s102_brutal_kill_without_sigterm)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a catch:TERM ready\n"
				  "ready = notify\nshutdown = brutal_kill\n");

	sync_tree(n);
	ctl(n, "stop a");
	cr_assert_str_eq(look(n, "a").reason, "killed");
	cr_assert_eq(journal_count(n, "a TERM"), 0);
	node_end(n);
}

Test(stop, s103_infinity_waits)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a catch:TERM ready\n"
				  "ready = notify\nshutdown = infinity\n");
	struct program stop;

	sync_tree(n);
	supctl_begin(n, &stop, "stop a");
	journal_until(n, "a TERM");
	cr_assert_str_eq(ctl_fails(n, 5, "stop a --timeout 50ms"),
			 "supctl: stop a: not so within 50ms: what was asked for goes on\n");
	cr_assert_str_eq(state_of(n, "a"), "stopping");
	cr_assert_eq(journal_count(n, "a TERM"), 1);
	order(n, "a", "exit:0");
	cr_assert_eq(program_end(&stop).status, 0);
	cr_assert_str_eq(look(n, "a").reason, "shutdown");
	node_end(n);
}

Test(stop, s104_no_time_at_all)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a ignore:TERM ready\n"
				  "ready = notify\nshutdown = 0\n");

	sync_tree(n);
	ctl(n, "stop a");
	cr_assert_str_eq(look(n, "a").reason, "killed");
	node_end(n);
}

/* 105, 55: at SIGTERM it ends, with whatever status; the reason is what was asked for. */
Test(stop, s107_status_3_at_sigterm_is_no_restart_and_no_count)
{
	struct node *n = node_run("[supervisor s]\nintensity = 0\n"
				  "[service s/a]\ncommand = @puppet/a leave:TERM=3 ready\n"
				  "ready = notify\n");
	struct row row;

	sync_tree(n);
	ctl(n, "child terminate s a");
	row = look(n, "s/a");
	cr_assert_str_eq(row.state, "stopped");
	cr_assert_str_eq(row.reason, "shutdown");
	cr_assert_str_eq(row.exit_status, "3");
	cr_assert_str_eq(state_of(n, "s"), "running");
	cr_assert_eq(journal_count(n, "a start *"), 1);
	node_end(n);
}

Test(stop, s106_the_rest_goes_on_after_an_overrun)
{
	struct node *n = node_run("[supervisor s]\n"
				  "[service s/a]\ncommand = @puppet/a leave:TERM=0 ready\n"
				  "ready = notify\n"
				  "[service s/b]\ncommand = @puppet/b ignore:TERM ready\n"
				  "ready = notify\nshutdown = 100ms\n");

	sync_tree(n);
	ctl(n, "stop s");
	cr_assert_str_eq(look(n, "s/b").reason, "killed");
	cr_assert_str_eq(look(n, "s/a").reason, "shutdown");
	cr_assert_str_eq(look(n, "s").reason, "shutdown");
	cr_assert_eq(journal_count(n, "a TERM"), 1);
	node_end(n);
}

/* s110, D9. */
Test(stop, s110_a_start_under_way_is_stopped_like_what_runs)
{
	struct node *n = node_run("[supervisor s]\nstrategy = one_for_all\n"
				  "[service s/a]\ncommand = @puppet/a leave:TERM=0 say:deaf\n"
				  "ready = notify\nstart_timeout = infinity\n"
				  "[service s/b]\ncommand = @puppet/b\n");

	journal_until(n, "a deaf");
	ctl(n, "stop s");
	cr_assert_eq(journal_count(n, "a TERM"), 1);
	cr_assert_eq(journal_count(n, "a start *"), 1);
	cr_assert_eq(journal_count(n, "b start *"), 0);
	cr_assert_str_eq(state_of(n, "s/a"), "stopped");
	ctl(n, "start --no-wait s");
	journal_until(n, "a start *");
	node_end(n);
}

Test(stop, s57_a_stopped_process_is_continued)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a leave:TERM=0 ready\n"
				  "ready = notify\nshutdown = 1h\n");

	sync_tree(n);
	order(n, "a", "stop");
	proc_wait_state(os_pid_of(n, "a"), 'T');
	cr_assert_str_eq(state_of(n, "a"), "running");
	ctl(n, "stop a");
	cr_assert_str_eq(look(n, "a").reason, "shutdown");
	cr_assert_eq(journal_count(n, "a TERM"), 1);
	node_end(n);
}

Test(stop, signal_of_its_own)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a catch:TERM leave:USR1=0 ready\n"
				  "ready = notify\nshutdown = 1h\nstop_signal = USR1\n");

	sync_tree(n);
	ctl(n, "stop a");
	cr_assert_eq(journal_count(n, "a USR1"), 1);
	cr_assert_eq(journal_count(n, "a TERM"), 0);
	node_end(n);
}

/* ---- supervisors ---- */

Test(stop, s112_an_exit_signal_to_a_supervisor_is_ignored)
{
	struct node *n = node_run("[supervisor s]\n"
				  "[service s/a]\ncommand = @puppet/a catch:TERM ready\n"
				  "ready = notify\n");
	pid_t os_pid;

	sync_tree(n);
	os_pid = os_pid_of(n, "s/a");
	cr_assert_str_eq(ctl(n, "exit s shutdown"), "s: exit signal sent\n");
	ctl(n, "exit s broken");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "s"), "running");
	cr_assert_eq(os_pid_of(n, "s/a"), os_pid);
	cr_assert_eq(journal_count(n, "a TERM"), 0);
	node_end(n);
}

/* s113, D13: the successor starts when nothing is left of the old subtree. */
Test(stop, s113_the_successor_of_a_killed_supervisor_waits)
{
	struct node *n = node_run("[supervisor s]\n"
				  "[service s/a]\ncommand = @puppet/a once:x catch:TERM ready\n"
				  "ready = notify\nshutdown = infinity\n"
				  "[service s/b]\ncommand = @puppet/b ready\nready = notify\n");
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	ctl(n, "exit s kill");
	journal_until(n, "a TERM");
	watch_until(w, "exit s/b killed");
	cr_assert_str_eq(state_of(n, "s"), "stopping");
	cr_assert_eq(watch_count(w, "start *"), 0);
	order(n, "a", "exit:0");
	watch_until(w, "exit s/a killed");
	cr_assert_str_eq(watch_join(w, "start s"), "exit s killed; start s");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "s/b"), "running");
	node_end(n);
}

/* ---- what else belongs to it ---- */

Test(stop, s115_the_group_goes_with_the_main_process)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a ignore:TERM once:x child\n");
	struct watch *w = watch_open(n);
	pid_t child = told_pid(n, "a child *");

	order(n, "a", "exit:3");
	watch_until(w, "exit a exit:3");
	cr_assert_not(proc_exists(child));
	watch_until(w, "ready a");
	node_end(n);
}

/* It has left session and group, and its parent: it ends with the service all the same. After a
 * crash the restart does not wait for that. */
Test(stop, s115_a_stray_in_a_session_of_its_own_goes_too)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a ignore:TERM once:x stray\n"
				  "shutdown = brutal_kill\n");
	struct watch *w = watch_open(n);
	pid_t stray = told_pid(n, "a stray *");

	cr_assert(proc_exists(stray));
	order(n, "a", "exit:3");
	watch_until(w, "ready a");
	proc_wait_gone(stray);
	cr_assert_str_eq(state_of(n, "a"), "running");
	node_end(n);
}

/* The stray of one service is not taken for that of another, whose end is looked after. */
Test(stop, s115_the_stray_of_a_neighbour_stays)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a stray\n"
				  "[service b]\ncommand = @puppet/b once:x stray\n");
	pid_t a = told_pid(n, "a stray *"), b = told_pid(n, "b stray *");
	struct watch *w = watch_open(n);

	ctl(n, "kill -KILL b");
	watch_until(w, "ready b");
	proc_wait_gone(b);
	ctl(n, "stop b");
	cr_assert(proc_exists(a));
	node_end(n);
}

Test(stop, a_stray_is_ended_by_a_stop)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a leave:TERM=0 stray child\n");
	pid_t stray = told_pid(n, "a stray *"), child = told_pid(n, "a child *");

	ctl(n, "stop a");
	cr_assert_not(proc_exists(stray));
	cr_assert_not(proc_exists(child));
	node_end(n);
}

/* A supervisor's end is looked after once for many: that is as thorough, and done when it is. */
Test(stop, the_end_of_a_supervisor_leaves_no_stray)
{
	struct node *n = node_run("[supervisor s]\n"
				  "[service s/a]\ncommand = @puppet/a\n"
				  "[service s/b]\ncommand = @puppet/b stray\n"
				  "[service s/c]\ncommand = @puppet/c stray\n"
				  "[service s/d]\ncommand = @puppet/d stray\n");
	pid_t b = told_pid(n, "b stray *"), c = told_pid(n, "c stray *");
	pid_t d = told_pid(n, "d stray *");

	ctl(n, "stop s");
	cr_expect_not(proc_exists(b));
	cr_expect_not(proc_exists(c));
	cr_expect_not(proc_exists(d));
	node_end(n);
}

Test(stop, orphans_are_reaped)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a orphan orphan orphan\n");
	pid_t list[4];

	for (int i = 0; i < 3; i++)
		proc_wait_gone((pid_t)atoi(strrchr(journal_until(n, "a orphan *"), ' ') + 1));
	/* The answer to a request comes after what happened before it was reaped. What is started
	 * anew has orphans of its own. */
	ctl(n, "ping");
	for (size_t i = proc_children(n->supd.os_pid, list, 4); i-- > 0;)
		cr_assert_neq(proc_state(list[i]), 'Z');
	node_end(n);
}

static void check_kill_mode(const char *mode, size_t told)
{
	struct node *n = node_run(keep_printf("[service a]\ncommand = @puppet/a catch:TERM child\n"
					      "kill_mode = %s\nshutdown = infinity\n",
					      mode));
	pid_t child = told_pid(n, "a child *");
	struct program stop;

	supctl_begin(n, &stop, "stop a");
	for (size_t i = 0; i < told; i++)
		journal_until(n, "a TERM");
	order(n, "a", "say:still here");
	journal_until(n, "a still here");
	cr_assert_eq(journal_count(n, "a TERM"), told);
	cr_assert(proc_exists(child));
	order(n, "a", "exit:0");
	if (strcmp(mode, "main") != 0) {
		cr_assert_eq(program_end(&stop).status, 0);
		cr_assert_not(proc_exists(child));
	} else {
		cr_assert(proc_exists(child));
		kill(child, SIGKILL);
		cr_assert_eq(program_end(&stop).status, 0);
	}
	node_end(n);
}

Test(stop, kill_mode_group_tells_all)
{
	check_kill_mode("group", 2);
}

Test(stop, kill_mode_mixed_tells_the_main_process_and_kills_all)
{
	check_kill_mode("mixed", 1);
}

Test(stop, kill_mode_main_leaves_the_others)
{
	check_kill_mode("main", 1);
}
