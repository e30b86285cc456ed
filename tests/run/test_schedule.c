/* SPDX-License-Identifier: MIT */

/* Runs at their time. Nothing here waits for more than a few seconds of the clock. */

#include <string.h>

#include "actor.h"

RUN_SUITE(schedule);

Test(schedule, runs_again_and_again)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\n"
				  "[service j]\ncommand = @puppet/j\nevery = 1s\n"
				  "[service b]\ncommand = @puppet/b\n");

	journal_until(n, "b start *");
	sync_tree(n);
	journal_until(n, "j start *");
	order(n, "j", "exit:0");
	journal_until(n, "j start *");
	order(n, "j", "exit:3");
	ctl(n, "wait j --for down");
	journal_until(n, "j start *");
	cr_expect_not_null(strstr(ctl(n, "why j"), "because its time had come"));
	cr_expect_not_null(strstr(ctl(n, "--json status j"), "\"next_run\":\"20"));
	node_end(n);
}

Test(schedule, never_two_at_once)
{
	struct node *n = node_run("[service j]\ncommand = @puppet/j\nschedule = *:*:*\n");

	journal_until(n, "j start *");
	/* It is told in the log that one was left out; the same run goes on. */
	wait_log(n, "this one is left out");
	cr_expect_eq(journal_count(n, "j start *"), 1);
	order(n, "j", "exit:0");
	journal_until(n, "j start *");
	node_end(n);
}

Test(schedule, a_start_by_hand_and_a_hold)
{
	struct node *n = node_run("[service j]\ncommand = @puppet/j\nschedule = *-01-01\n");

	sync_tree(n);
	cr_expect_str_eq(state_of(n, "j"), "waiting");
	cr_expect_str_eq(ctl(n, "start j"), "j: started\n");
	journal_until(n, "j start *");
	order(n, "j", "exit:0");
	ctl(n, "wait j --for down");
	cr_expect_str_eq(state_of(n, "j"), "waiting");
	ctl(n, "stop j");
	cr_expect_str_eq(state_of(n, "j"), "stopped");
	ctl(n, "add k command='sleep 1000' every=1s");
	cr_expect_str_eq(state_of(n, "k"), "waiting");
	ctl(n, "wait k --for ready");
	node_end(n);
}
