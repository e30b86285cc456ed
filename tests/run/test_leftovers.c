/* SPDX-License-Identifier: MIT */

/* What services leave behind in other groups and sessions, and who finds it. */

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "support.h"

RUN_SUITE(leftovers);

/* The first such line there ever was. */
static pid_t told_pid(struct node *n, const char *pattern)
{
	return (pid_t)atoi(strrchr(journal_find(n, pattern), ' ') + 1);
}

/* The next one. */
static pid_t told_next_pid(struct node *n, const char *pattern)
{
	return (pid_t)atoi(strrchr(journal_until(n, pattern), ' ') + 1);
}

/* s115: a restart waits for its group; what is elsewhere goes a moment later. */
Test(leftovers, a_crash_leaves_nothing_for_long)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a ignore:TERM once:x stray\n"
				  "[service b]\ncommand = @puppet/b stray\n");
	pid_t stray = told_pid(n, "a stray *"), other = told_pid(n, "b stray *");

	order(n, "a", "exit:3");
	proc_wait_gone(stray);
	cr_assert(proc_exists(other), "it belongs to one that lives");
	sync_tree(n);
	cr_assert_eq(look(n, "a").restarts, 1);
	node_end(n);
}

/* Strays of strays, a tree of sessions: a stop is done only when all of them are gone. */
Test(leftovers, a_stop_waits_for_sessions_below_sessions)
{
	struct node *n = node_run(
		"[service a]\n"
		"command = sh -c 'setsid setsid sh -c \"setsid -f @puppet/c; exec @puppet/b\" & "
		"exec @puppet/a leave:TERM=0'\n");
	pid_t b = told_pid(n, "b start *"), c = told_pid(n, "c start *"), d, e;

	order(n, "b", "stray");
	d = told_pid(n, "b stray *");
	order(n, "c", "stray");
	e = told_pid(n, "c stray *");
	told_pid(n, "a start *");
	ctl(n, "stop a");
	cr_expect_not(proc_exists(b));
	cr_expect_not(proc_exists(c));
	cr_expect_not(proc_exists(d));
	cr_expect_not(proc_exists(e));
	node_end(n);
}

/* It has no environment any more, and a group of its own: its session tells whose it was. */
Test(leftovers, a_job_without_an_environment)
{
	struct node *n =
		node_run("[service a]\n"
			 "command = bash -c 'set -m; env -i @puppet/b & exec @puppet/a'\n");
	pid_t first = told_next_pid(n, "b start *"), second;

	order(n, "a", "exit:3");
	proc_wait_gone(first);
	second = told_next_pid(n, "b start *");
	ctl(n, "stop a");
	cr_expect_not(proc_exists(second));
	node_end(n);
}

/* Without a cgroup nothing tells whose it is. It ends with supd. */
Test(leftovers, a_stray_without_an_environment_ends_with_supd)
{
	struct node *n = node_run("cgroup = no\n[service a]\n"
				  "command = sh -c 'setsid -f env -i @puppet/b; exec @puppet/a'\n");
	pid_t b = told_pid(n, "b start *");

	ctl(n, "stop a");
	cr_expect(proc_exists(b));
	node_end(n);
	cr_expect_not(proc_exists(b));
}

/* kill_mode = main: they are meant to stay, for as long as supd does. */
Test(leftovers, kill_mode_main_leaves_them)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a once:x child once:y stray\n"
				  "kill_mode = main\n"
				  "[service b]\ncommand = @puppet/b once:z stray\n");
	pid_t child = told_pid(n, "a child *"), stray = told_pid(n, "a stray *");
	pid_t other = told_pid(n, "b stray *");

	order(n, "a", "exit:3");
	journal_until(n, "a start *");
	ctl(n, "stop a");
	/* The end of this one makes supd look. */
	order(n, "b", "exit:3");
	proc_wait_gone(other);
	cr_expect(proc_exists(child));
	cr_expect(proc_exists(stray));
	node_end(n);
}

/* What supd's program had as children before it became supd is none of its affairs. */
Test(leftovers, children_from_before_are_strangers)
{
	struct node *n = node_new();
	pid_t b;

	node_config(n, "[service a]\ncommand = @puppet/a\n");
	n->socket = node_path(n, "run/control");
	program_start(
		&n->supd, &n->who, NULL,
		split(node_expand(n, keep_printf("!sh -c '@puppet/b & exec %s -c %s'",
						 build_path("supd"), node_path(n, "supd.conf")))));
	b = told_pid(n, "b start *");
	told_pid(n, "a start *");
	order(n, "a", "exit:3");
	journal_until(n, "a start *");
	kill(n->supd.os_pid, SIGTERM);
	cr_assert_eq(node_wait(n), 0);
	cr_assert(proc_exists(b), "%s", node_log(n));
	kill(b, SIGKILL);
	cr_assert_eq(waitpid(b, NULL, 0), b);
	node_check_nothing_left(n);
}

/* Members of a group that its parent outside of it does not reap keep nobody down for ever. */
Test(leftovers, a_zombie_in_the_group_of_a_dead_service)
{
	struct node *n = node_run(
		"[service a]\n"
		"command = sh -c 'sh -c \"@puppet/c once:z exit:0 & exec setsid @puppet/b\" & "
		"exec @puppet/a'\n");
	pid_t b = told_pid(n, "b start *");

	order(n, "a", "exit:3");
	proc_wait_gone(b);
	journal_until(n, "a start *");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "a"), "running");
	node_end(n);
}

/* SIGKILL to supd: the next one ends all of it, whatever session it is in, before its own start. */
Test(leftovers, of_a_supd_that_was_killed)
{
	struct node *n =
		node_run("[service a]\ncommand = @puppet/a ignore:TERM once:x child once:y stray\n"
			 "shutdown = 100ms\n");
	pid_t old[] = {told_pid(n, "a child *"), told_pid(n, "a stray *"), os_pid_of(n, "a")};

	kill(n->supd.os_pid, SIGKILL);
	node_wait(n);
	cr_assert(proc_exists(old[0]) && proc_exists(old[1]) && proc_exists(old[2]));
	node_start(n);
	sync_tree(n);
	for (size_t i = 0; i < 3; i++)
		cr_expect_eq(waitpid(old[i], NULL, WNOHANG), old[i], "%zu", i);
	cr_expect_not_null(strstr(node_log(n), "3 OS processes had to be ended"), "%s",
			   node_log(n));
	node_end(n);
}
