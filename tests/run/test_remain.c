/* SPDX-License-Identifier: MIT */

/* Oneshots that remain: up from their normal end to their stop. */

#include <stdlib.h>
#include <string.h>

#include "support.h"

RUN_SUITE(remain);

#define UNDONE "stop_command = @puppet/undo exit:0\nstop_post = @puppet/post exit:0\n"
#define ONESHOT                                                                 \
	"[service a]\ncommand = @puppet/a\nready = exit\nremain = yes\n" UNDONE \
	"[service b]\ncommand = @puppet/b\n"

Test(remain, is_up_without_a_process_until_it_is_stopped)
{
	struct node *n = node_run(ONESHOT);

	journal_until(n, "a start *");
	cr_expect_str_eq(state_of(n, "a"), "starting");
	order(n, "a", "exit:0");
	journal_until(n, "b start *");
	sync_tree(n);
	cr_expect_str_eq(state_of(n, "a"), "running");
	cr_expect_eq(look(n, "a").os_pid, 0);
	cr_expect_eq(journal_count(n, "undo *"), 0);
	cr_expect_eq(journal_count(n, "post *"), 0);
	ctl(n, "stop a");
	cr_expect_str_eq(state_of(n, "a"), "stopped");
	cr_expect(journal_is_before(n, "undo start *", "post start *"));
	ctl(n, "start --no-wait a");
	node_end(n);
}

Test(remain, a_failure_is_one)
{
	struct node *n =
		node_run("[supervisor s]\nintensity = 0\nrestart = temporary\n"
			 "[service s/a]\ncommand = @puppet/a\nready = exit\nremain = yes\n");

	journal_until(n, "a start *");
	order(n, "a", "exit:3");
	sync_tree(n);
	cr_expect_str_eq(state_of(n, "s"), "failed");
	node_end(n);
}

/* Each way to its end: doomed, killed, stopped with its group, with the daemon. */
Test(remain, ends_as_what_runs_does)
{
	struct node *n = node_run("[supervisor s]\nstrategy = one_for_all\n"
				  "[service s/a]\ncommand = @puppet/a exit:0\nready = exit\n"
				  "remain = yes\nrestart = permanent\n"
				  "[service s/b]\ncommand = @puppet/b\n");
	struct watch *w = watch_open(n);

	sync_tree(n);
	ctl(n, "exit s/a enough");
	watch_until(w, "exit s/a enough");
	watch_until(w, "ready s/b");
	ctl(n, "exit s/a kill");
	watch_until(w, "exit s/a killed");
	watch_until(w, "ready s/b");
	ctl(n, "kill -KILL s/b");
	watch_until(w, "exit s/b killed");
	watch_until(w, "exit s/a shutdown");
	watch_until(w, "ready s/b");
	cr_expect_str_eq(state_of(n, "s/a"), "running");
	node_end(n);
}

/* What it has left behind ends with it, not with its stop. */
Test(remain, nothing_else_of_it_remains)
{
	struct node *n =
		node_run("[service a]\ncommand = sh -c 'sleep 1000 & echo $! >@folder/left'\n"
			 "ready = exit\nremain = yes\n");

	ctl(n, "wait a --for ready");
	proc_wait_gone((pid_t)atoi(node_read(n, "left")));
	cr_expect_str_eq(state_of(n, "a"), "running");
	node_end(n);
}

Test(remain, an_undo_that_hangs_is_killed)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a exit:0\nready = exit\n"
				  "remain = yes\nshutdown = 1s\nstop_command = sh -c 'echo undo "
				  "start >@folder/journal; exec sleep 600'\n");

	ctl(n, "wait a --for ready");
	ctl(n, "stop a");
	cr_expect_eq(journal_count(n, "undo start"), 1);
	cr_expect_str_eq(look(n, "a").reason, "killed");
	node_end(n);
}
