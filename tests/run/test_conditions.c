/* SPDX-License-Identifier: MIT */

/* Starts that depend on what is there (start_if). */

#include <signal.h>
#include <string.h>

#include "support.h"

RUN_SUITE(conditions);

Test(conditions, a_start_is_passed_over)
{
	struct node *n = node_run(
		"[supervisor s]\nstrategy = one_for_all\n"
		"[service s/a]\ncommand = @puppet/a\nstart_if = path_exists:@folder/flag\n"
		"[service s/b]\ncommand = @puppet/b\nstart_if = !path_exists:@folder/flag\n");
	const char *flag = node_path(n, "flag");

	journal_until(n, "b start *");
	sync_tree(n);
	cr_expect_str_eq(state_of(n, "s/a"), "done");
	cr_expect_str_eq(state_of(n, "s/b"), "running");
	cr_expect_eq(journal_count(n, "a *"), 0);
	cr_expect_not_null(strstr(ctl(n, "why s/a"), "start_if path_exists:"));
	cr_expect_str_eq(
		ctl(n, "start s/a"),
		keep_printf("s/a: not started: start_if path_exists:%s does not hold\n", flag));
	node_write(n, "flag", "");
	ctl(n, "start s/a");
	journal_until(n, "a start *");
	cr_expect_str_eq(state_of(n, "s/a"), "running");
	/* Looked at anew in a restart: b has no reason to run any more. */
	ctl(n, "kill -KILL s/b");
	journal_until(n, "a start *");
	sync_tree(n);
	cr_expect_str_eq(state_of(n, "s/b"), "done");
	cr_expect_str_eq(state_of(n, "s/a"), "running");
	node_end(n);
}

Test(conditions, by_a_command)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\nstart_if = command:test -e "
				  "@folder/flag\nstart_pre = @puppet/pre exit:0\n"
				  "[service b]\ncommand = @puppet/b\nstart_if = !command:test -e "
				  "@folder/flag\nstart_pre = @puppet/pre exit:0\n");

	journal_until(n, "b start *");
	sync_tree(n);
	cr_expect_str_eq(state_of(n, "a"), "done");
	cr_expect_eq(journal_count(n, "a *"), 0);
	cr_expect_eq(journal_count(n, "pre start *"), 1, "not of what is passed over");
	cr_expect_not_null(strstr(ctl(n, "why a"), "start_if command:test -e"));
	node_write(n, "flag", "");
	cr_expect_str_eq(ctl(n, "start a"), "a: started\n");
	cr_expect_not_null(strstr(ctl(n, "restart b"), "does not hold"));
	cr_expect_str_eq(state_of(n, "b"), "done");
	node_end(n);
}

/* One that hangs, one that is not there; a stop while it is looked at. */
Test(conditions, commands_that_are_no_help)
{
	struct node *n =
		node_run("[service a]\ncommand = @puppet/a\nstart_if = command:@puppet/if\n"
			 "start_if_timeout = 100ms\n"
			 "[service b]\ncommand = @puppet/b\nstart_if = !command:@folder/none\n"
			 "[service c]\ncommand = @puppet/c\nstart_if = command:@puppet/slow\n"
			 "stop_post = @puppet/post exit:0\nautostart = no\n");
	struct program p;

	sync_tree(n);
	cr_expect_str_eq(state_of(n, "a"), "done");
	cr_expect_str_eq(state_of(n, "b"), "done");
	cr_expect_not_null(strstr(node_log(n), "not done within 100ms"), "no answer is told");
	cr_expect_not_null(strstr(node_log(n), ": No such file or directory"));
	supctl_begin(n, &p, "start c");
	journal_until(n, "slow start *");
	ctl(n, "stop c");
	cr_expect_str_eq(state_of(n, "c"), "stopped");
	cr_expect_neq(program_wait(&p), 0);
	cr_expect_eq(journal_count(n, "c *"), 0);
	node_end(n);
}
