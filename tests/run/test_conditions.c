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
