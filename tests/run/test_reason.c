/* SPDX-License-Identifier: MIT */

/* Exit reasons and exit signals, as real processes give and take them (SEMANTICS 4, 5). */

#include <signal.h>
#include <string.h>

#include "support.h"

RUN_SUITE(reason);

/* A transient service that ends in this way: its reason, and whether it is started again. */
struct end {
	const char *words;
	const char *reason;
	const char *exit_status;
	bool again;
};

static void check_end(struct node *n, const struct end *end)
{
	struct watch *w;
	struct row row;

	ctl(n, "start a");
	w = watch_open(n);
	order(n, "a", end->words);
	cr_assert_str_eq(watch_until(w, "exit *"), keep_printf("exit a %s", end->reason), "%s",
			 end->words);
	sync_tree(n);
	row = look(n, "a");
	cr_assert_str_eq(row.state, end->again ? "running" : "done", "%s", end->words);
	cr_assert_str_eq(row.reason, end->reason);
	cr_assert_str_eq(row.exit_status, end->exit_status, "%s: %s", end->words, row.exit_status);
	ctl(n, "stop a");
	watch_close(w);
}

static void check_ends(const char *keys, const struct end *ends, size_t n_ends)
{
	struct node *n = node_run(keep_printf("[supervisor /]\nintensity = 1000\n"
					      "[service a]\ncommand = @puppet/a ready\n"
					      "ready = notify\nrestart = transient\n"
					      "autostart = no\n%s",
					      keys));

	for (size_t i = 0; i < n_ends; i++)
		check_end(n, &ends[i]);
	node_end(n);
}

#define CHECK_ENDS(keys, ends) check_ends(keys, ends, sizeof(ends) / sizeof(*(ends)))

/* 47 to 49, 51, 117 */
Test(reason, s49_wait_statuses)
{
	static const struct end ends[] = {
		{"exit:0", "normal", "0", false},
		{"exit:1", "exit:1", "1", true},
		{"exit:137", "exit:137", "137", true},
		{"exit:255", "exit:255", "255", true},
		{"die:SEGV", "signal:SEGV", "SIGSEGV", true},
		{"die:TERM", "signal:TERM", "SIGTERM", true},
		{"die:KILL", "killed", "SIGKILL", true},
		{"die:RTMIN+3", "signal:RTMIN+3", "SIGRTMIN+3", true},
	};

	CHECK_ENDS("", ends);
}

/* 50, D15: what it says itself goes before its wait status. */
Test(reason, s50_told_reasons)
{
	static const struct end ends[] = {
		{"notify:EXIT_REASON=out of order;X=1", "out of order", "SIGKILL", true},
		{"told:shutdown", "shutdown", "SIGKILL", false},
		{"told:shutdown:see you", "shutdown:see you", "SIGKILL", false},
		{"told:normal", "normal", "SIGKILL", false},
		{"told:exit:9", "exit:9", "SIGKILL", true},
	};

	CHECK_ENDS("shutdown = 20ms\n", ends);
}

Test(reason, success_exit_counts_as_normal)
{
	static const struct end ends[] = {
		{"exit:3", "normal", "3", false},
		{"die:TERM", "normal", "SIGTERM", false},
		{"exit:0", "normal", "0", false},
		{"exit:4", "exit:4", "4", true},
	};

	CHECK_ENDS("success_exit = 3 TERM\n", ends);
}

Test(reason, s56_status_137_of_a_shell_is_no_signal)
{
	struct node *n = node_run("[service a]\ncommand = sh -c 'exit 137'\n"
				  "restart = temporary\nautostart = no\n");

	ctl(n, "start a");
	ctl(n, "wait a --for down");
	cr_assert_str_eq(look(n, "a").reason, "exit:137");
	node_end(n);
}

Test(reason, s47_an_end_of_its_own_at_sigterm_from_outside)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a leave:TERM=0 ready\n"
				  "ready = notify\nrestart = transient\n");

	sync_tree(n);
	kill(os_pid_of(n, "a"), SIGTERM);
	ctl(n, "wait a --for down");
	sync_tree(n);
	cr_assert_str_eq(look(n, "a").reason, "normal");
	cr_assert_str_eq(state_of(n, "a"), "done");
	node_end(n);
}

/* No Unix signal is sent for last words; the wait status does not count after them. */
Test(reason, s50_last_words_send_no_signal)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a catch:TERM once:x told:bye\n"
				  "shutdown = infinity\nrestart = transient\n");
	struct watch *w = watch_open(n);

	journal_until(n, "a start *");
	order(n, "a", "say:alive");
	journal_until(n, "a alive");
	cr_assert_eq(journal_count(n, "a TERM"), 0);
	order(n, "a", "exit:7");
	cr_assert_str_eq(watch_until(w, "exit *"), "exit a bye");
	journal_until(n, "a start *");
	order(n, "a", "leave:TERM=0");
	order(n, "a", "say:now");
	journal_until(n, "a now");
	node_end(n);
}

/* What was said just before the end is not lost, however the two arrive. */
Test(reason, s3_last_words_just_before_the_end_count)
{
	struct node *n = node_run("[supervisor /]\nintensity = 30\nperiod = 100s\n"
				  "[service a]\ncommand = @puppet/a told:bye exit:4\n"
				  "autostart = no\n");
	struct watch *w = watch_open(n);

	ctl(n, "start --no-wait a");
	watch_until(w, "failed a*");
	cr_assert_eq(watch_count(w, "start a"), 31);
	cr_assert_eq(watch_count(w, "exit a bye"), 31);
	cr_assert_eq(watch_count(w, "exit *"), 31);
	node_end(n);
}

/* ---- exit signals ---- */

Test(reason, s32_exit_signal_normal_is_dropped)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a catch:TERM ready\n"
				  "ready = notify\n");
	pid_t os_pid;

	sync_tree(n);
	os_pid = os_pid_of(n, "a");
	cr_assert_str_eq(ctl(n, "exit a normal"), "a: exit signal sent\n");
	order(n, "a", "say:alive");
	journal_until(n, "a alive");
	cr_assert_eq(journal_count(n, "a TERM"), 0);
	cr_assert_eq(os_pid_of(n, "a"), os_pid);
	node_end(n);
}

Test(reason, s35_exit_signal_ends_it_with_that_reason)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a leave:TERM=0 ready\n"
				  "ready = notify\nrestart = transient\n");
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	ctl(n, "exit a 'out of order'");
	cr_assert_str_eq(watch_until(w, "exit *"), "exit a out of order");
	cr_assert_eq(journal_count(n, "a TERM"), 1);
	watch_until(w, "ready a");
	ctl(n, "exit a shutdown:enough");
	cr_assert_str_eq(watch_until(w, "exit *"), "exit a shutdown:enough");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "a"), "done");
	node_end(n);
}

Test(reason, s37_exit_signal_kill)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a catch:TERM ready\n"
				  "ready = notify\nshutdown = infinity\n");
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	ctl(n, "exit a kill");
	cr_assert_str_eq(watch_until(w, "exit *"), "exit a killed");
	cr_assert_eq(journal_count(n, "a TERM"), 0);
	watch_until(w, "ready a");
	ctl(n, "kill -KILL a");
	watch_until(w, "exit a killed");
	order(n, "a", "leave:TERM=0");
	order(n, "a", "say:now");
	journal_until(n, "a now");
	node_end(n);
}

/* And kill shortens the wait of what is doomed, with its reason unchanged. */
Test(reason, s46_the_first_reason_wins)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a catch:TERM ready\n"
				  "ready = notify\nshutdown = infinity\nrestart = temporary\n");

	sync_tree(n);
	ctl(n, "exit a first");
	journal_until(n, "a TERM");
	ctl(n, "exit a second");
	ctl(n, "exit a shutdown");
	cr_assert_str_eq(state_of(n, "a"), "stopping");
	ctl(n, "exit a kill");
	ctl(n, "wait a --for down");
	cr_assert_str_eq(look(n, "a").reason, "first");
	cr_assert_eq(journal_count(n, "a TERM"), 1);
	node_end(n);
}

Test(reason, exit_signal_to_what_is_down)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\nautostart = no\n");

	cr_assert_str_eq(ctl_fails(n, 3, "exit a broken"), "supctl: a: it does not run\n");
	cr_assert_str_eq(ctl_fails(n, 3, "exit nobody broken"), "supctl: nobody: no such actor\n");
	node_end(n);
}

/* ---- pids and names ---- */

Test(reason, s75_the_successor_has_the_name_at_once_and_a_pid_of_its_own)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a ready\nready = notify\n");
	struct row before, after;
	struct watch *w;

	sync_tree(n);
	before = look(n, "a");
	cr_assert_str_eq(look(n, before.pid).name, "a");
	w = watch_open(n);
	kill(before.os_pid, SIGKILL);
	watch_until(w, "exit a killed");
	watch_until(w, "start a");
	cr_assert_not(proc_exists(before.os_pid));
	sync_tree(n);
	after = look(n, "a");
	cr_assert_str_neq(after.pid, before.pid);
	cr_assert_neq(after.os_pid, before.os_pid);
	cr_assert_not(exists(n, before.pid));
	cr_assert_str_eq(look(n, after.pid).name, "a");
	node_end(n);
}

/* An OS process at a time, also where the first goes slowly. */
Test(reason, s75_no_two_at_a_time)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a catch:TERM ready\n"
				  "ready = notify\nshutdown = infinity\n");
	struct program restart;

	sync_tree(n);
	journal_until(n, "a start *");
	supctl_begin(n, &restart, "restart a");
	journal_until(n, "a TERM");
	cr_assert_str_eq(state_of(n, "a"), "stopping");
	cr_assert_eq(journal_count(n, "a start *"), 1);
	order(n, "a", "exit:0");
	cr_assert_eq(program_end(&restart).status, 0);
	cr_assert_eq(journal_count(n, "a start *"), 2);
	order(n, "a", "leave:TERM=0");
	order(n, "a", "say:now");
	journal_until(n, "a now");
	node_end(n);
}
