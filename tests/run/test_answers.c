/* SPDX-License-Identifier: MIT */

/* What is answered to requests that are a little out of the ordinary. */

#include <string.h>

#include "support.h"

RUN_SUITE(answers);

Test(answers, a_oneshot_is_started_and_done)
{
	struct node *n = node_run("[service once]\ncommand = true\nready = exit\n");

	ctl(n, "wait once --for down");
	cr_assert_str_eq(ctl(n, "start once"), "once: started, and done\n");
	cr_assert_str_eq(ctl(n, "restart once"), "once: started, and done\n");
	cr_assert_str_eq(ctl(n, "start --no-wait once"), "once: is being started\n");
	node_end(n);
}

/* SEMANTICS 166: what it starts is what its template says. */
Test(answers, a_simple_one_for_one_takes_no_description)
{
	struct node *n = node_run("[supervisor jobs]\nstrategy = simple_one_for_one\n"
				  "[service jobs/job]\ncommand = sleep\n");

	cr_assert_not_null(
		strstr(ctl_fails(n, 1, "add jobs/x 'command=sleep 60'"), "child start SUPERVISOR"));
	cr_assert_str_eq(supctl(n, "child start jobs x 'command=sleep 60'").out,
			 "error simple_one_for_one\n");
	cr_assert_str_eq(ctl(n, "child count jobs --json"),
			 "{\"specs\":1,\"active\":0,\"supervisors\":0,\"workers\":0}\n");
	node_end(n);
}

Test(answers, a_command_is_shown_as_it_was_written)
{
	struct node *n =
		node_run("[service a]\ncommand = sh -c 'echo $$ 100%%; exec sleep 60' ${HOME}\n");
	char *spec = strtok(ctl(n, "child spec / a --json"), "\n");

	cr_assert_str_eq(json_get(spec, "command"),
			 "[\"sh\",\"-c\",\"echo $$ 100%%; exec sleep 60\",\"${HOME}\"]");
	node_end(n);
}
