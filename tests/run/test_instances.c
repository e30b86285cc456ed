/* SPDX-License-Identifier: MIT */

/* Templates, and the instances that are made of them. */

#include <string.h>

#include "support.h"

RUN_SUITE(instances);

#define WORKERS                                                \
	"[supervisor s]\nstrategy = rest_for_one\n"            \
	"[service s/w]\ncommand = @puppet/%i\ninstances = 2\n" \
	"[service s/last]\ncommand = @puppet/last\n"

Test(instances, come_and_go)
{
	struct node *n = node_run(WORKERS);

	journal_until(n, "last start *");
	cr_expect(journal_is_before(n, "1 start *", "2 start *"));
	cr_expect_str_eq(ctl(n, "start s/w@blue"), "s/w@blue: started\n");
	journal_until(n, "blue start *");
	cr_expect_str_eq(state_of(n, "s/w@blue"), "running");
	cr_expect_str_eq(ctl(n, "start s/w@blue"), "s/w@blue: runs already\n");
	ctl(n, "stop s/w@blue");
	cr_expect_str_eq(state_of(n, "s/w@blue"), "stopped");
	ctl(n, "remove s/w@blue");
	cr_expect_not_null(strstr(ctl_fails(n, 3, "status s/w@blue"), "s/w@blue: no such actor"));
	cr_expect_not_null(strstr(ctl_fails(n, 3, "start s/v@1"), "s/v@1: no such actor"));
	cr_expect_not_null(strstr(ctl_fails(n, 3, "start s/w@"), "s/w@: no such actor"));
	node_end(n);
}
