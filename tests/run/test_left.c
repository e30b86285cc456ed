/* SPDX-License-Identifier: MIT */

/* What does not go, whatever is done to it: a stop says who that is, and returns when it is gone.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

RUN_SUITE(left);

/* The test traces it and does not look: so nobody else sees its end. */
Test(left, a_main_process_that_is_traced)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a leave:TERM=0 ready\n"
				  "ready = notify\nshutdown = 100ms\n");
	const char *expected;
	struct program stop;
	struct output out;
	pid_t os_pid;

	sync_tree(n);
	os_pid = os_pid_of(n, "a");
	if (ptrace(PTRACE_SEIZE, os_pid, NULL, NULL) < 0)
		cr_skip_test("the test may not trace its services");
	cr_expect_str_eq(json_get(ctl(n, "status --json a"), "left"), "null");
	supctl_begin(n, &stop, "stop a");
	expected = keep_printf("supctl: a: does not go: %d (puppet, Z)\n"
			       "supctl: stop a: not so within 4s: what was asked for goes on\n"
			       "supctl: a: does not go: %d (puppet, Z)\n",
			       (int)os_pid, (int)os_pid);
	cr_expect_str_eq(ctl_fails(n, 5, "stop a --timeout 4s"), expected);
	expected = keep_printf("[\"%d (puppet, Z)\"]", (int)os_pid);
	cr_expect_str_eq(json_get(ctl(n, "status --json a"), "left"), expected);
	cr_assert_eq(waitpid(os_pid, NULL, __WALL), os_pid);
	out = program_end(&stop);
	cr_expect_eq(out.status, 0);
	cr_expect_str_eq(out.out, "a: stopped\n");
	cr_expect_not_null(strstr(out.err, "supctl: a: does not go: "), "%s", out.err);
	cr_expect_str_eq(json_get(ctl(n, "status --json a"), "left"), "null");
	node_end(n);
}

static const char *freezer(void)
{
	return keep_printf("/sys/fs/cgroup/freezer/supd-test-%d", (int)getpid());
}

/* A child that the old freezer holds: no Unix signal reaches it, as in a disk that hangs. */
static void check_frozen(const char *cgroup)
{
	struct node *n;
	struct watch *w;
	pid_t child;

	if (mkdir(freezer(), 0755) < 0)
		cr_skip_test("there is no freezer of cgroup v1 that the test may use");
	n = node_run(keep_printf("cgroup = %s\n[service a]\ncommand = @puppet/a child\n", cgroup));
	child = (pid_t)atoi(strrchr(journal_find(n, "a child *"), ' ') + 1);
	cr_assert_eq(shell("cd %s && echo %d > cgroup.procs && echo FROZEN > freezer.state && "
			   "until grep -q FROZEN freezer.state; do :; done",
			   freezer(), (int)child)
			     .status,
		     0);
	w = watch_open(n);
	ctl(n, "stop a --no-wait");
	watch_until(w, "lingers a");
	cr_expect_not_null(
		strstr(node_log(n), keep_printf("has started: %d (puppet, D)\n", (int)child)), "%s",
		node_log(n));
	cr_expect_str_eq(json_get(ctl(n, "status --json a"), "left"),
			 keep_printf("[\"%d (puppet, D)\"]", (int)child));
	cr_assert_eq(shell("echo THAWED > %s/freezer.state", freezer()).status, 0);
	ctl(n, "stop a");
	cr_expect_not(proc_exists(child));
	node_end(n);
	cr_assert_eq(rmdir(freezer()), 0);
}

Test(left, a_frozen_child_in_a_cgroup)
{
	check_frozen("auto");
}

Test(left, a_frozen_child_without)
{
	check_frozen("no");
}
