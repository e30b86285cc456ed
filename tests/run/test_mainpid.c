/* SPDX-License-Identifier: MIT */

/* MAINPID=: a service's main process becomes another one. */

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "script.h"

RUN_SUITE(mainpid);

#define PUPPET(words) "[service a]\nready = notify\ncommand = @puppet/a " words "\n"

static pid_t reported(struct node *n, const char *file)
{
	journal_until(n, "a reported");
	return (pid_t)atoi(report_get(n, file, "pid"));
}

/* ---- one that is our child ---- */

Test(mainpid, a_daemon_that_leaves_its_parent)
{
	struct node *n = node_run(PUPPET("daemonize report:r ready"));
	struct watch *w = watch_open(n);
	pid_t os_pid = reported(n, "r");

	ctl(n, "wait a --for ready");
	cr_expect_eq(os_pid_of(n, "a"), os_pid);
	cr_expect_eq(look(n, "a").restarts, 0);
	order(n, "a", "exit:3");
	watch_until(w, "exit a exit:3");
	watch_until(w, "ready a");
	cr_expect_eq(look(n, "a").restarts, 1);
	node_end(n);
}

Test(mainpid, its_first_process_is_not_missed)
{
	struct node *n = node_run(PUPPET("daemonize report:r ready"));
	pid_t os_pid = reported(n, "r"), list[4];

	ctl(n, "wait a --for ready");
	/* The first one has been reaped, or is about to be. */
	while (proc_children(n->supd.os_pid, list, 4) > 1)
		ctl(n, "status a");
	cr_expect_eq(list[0], os_pid);
	cr_expect_str_eq(state_of(n, "a"), "running");
	node_end(n);
}

Test(mainpid, stop_goes_to_the_new_one)
{
	struct node *n = node_run(PUPPET("leave:TERM=0 daemonize ready"));

	ctl(n, "wait a --for ready");
	ctl(n, "stop a");
	journal_until(n, "a TERM");
	cr_expect_str_eq(look(n, "a").reason, "shutdown");
	cr_expect_str_eq(look(n, "a").exit_status, "0");
	node_end(n);
}

Test(mainpid, its_group_is_told_too)
{
	struct node *n = node_run(PUPPET("daemonize catch:USR1 child ready"));
	const char *line = journal_until(n, "a child *");
	pid_t child = (pid_t)atoi(line + strlen("a child "));

	ctl(n, "wait a --for ready");
	/* While its parent lives, its group is not known to be its own. */
	while (proc_parent(os_pid_of(n, "a")) != n->supd.os_pid)
		ctl(n, "status a");
	ctl(n, "kill --all -USR1 a");
	journal_until(n, "a USR1");
	journal_until(n, "a USR1");
	ctl(n, "kill -KILL a");
	proc_wait_gone(child);
	journal_until(n, "a child *");
	node_end(n);
}

Test(mainpid, killed_when_it_does_not_stop)
{
	struct node *n = node_run(PUPPET("daemonize catch:TERM child ready") "shutdown = 100ms\n");

	ctl(n, "wait a --for ready");
	ctl(n, "stop a");
	cr_expect_str_eq(look(n, "a").reason, "killed");
	node_end(n);
}

Test(mainpid, twice)
{
	struct node *n = node_run(PUPPET("daemonize daemonize report:r ready"));
	pid_t os_pid = reported(n, "r");

	ctl(n, "wait a --for ready");
	cr_expect_eq(os_pid_of(n, "a"), os_pid);
	ctl(n, "kill -KILL a");
	cr_expect_neq(reported(n, "r"), os_pid);
	node_end(n);
}

Test(mainpid, many_times_over)
{
	struct node *n = node_run("[supervisor /]\nintensity = 100\n" PUPPET("daemonize ready"));
	struct watch *w = watch_open(n);

	for (int i = 0; i < 30; i++) {
		ctl(n, "wait a --for ready");
		ctl(n, "kill -KILL a");
		watch_until(w, "exit a killed");
		watch_until(w, "ready a");
	}
	node_end(n);
}

/* ---- one that is another's child ---- */

Test(mainpid, a_child_of_the_first)
{
	struct node *n = node_run(PUPPET("fork report:r leave:TERM=0 ready"));
	pid_t os_pid = reported(n, "r");

	ctl(n, "wait a --for ready");
	cr_expect_eq(os_pid_of(n, "a"), os_pid);
	cr_expect_eq(proc_parent(proc_parent(os_pid)), n->supd.os_pid);
	ctl(n, "stop a");
	cr_expect_str_eq(look(n, "a").reason, "shutdown");
	node_end(n);
}

/* Its parent gets the wait status; and goes with it. */
Test(mainpid, the_end_of_a_child_of_the_first)
{
	struct node *n = node_run("[service a]\nready = notify\nrestart = temporary\n"
				  "autostart = no\ncommand = @puppet/a fork report:r ready\n");
	struct watch *w = watch_open(n);
	pid_t parent, list[1];

	ctl(n, "start a");
	parent = proc_parent(reported(n, "r"));
	cr_expect_neq(parent, n->supd.os_pid);
	order(n, "a", "exit:3");
	cr_expect_str_eq(watch_until(w, "exit a *"), "exit a normal");
	cr_expect_not(proc_exists(parent));
	cr_expect_eq(proc_children(n->supd.os_pid, list, 1), 0);
	cr_expect_not_null(strstr(node_log(n), "its exit status is not known"));
	node_end(n);
}

/* It becomes ours. */
Test(mainpid, a_child_of_the_first_which_ends_before_it)
{
	struct node *n = node_run("[service a]\nready = notify\nrestart = temporary\n"
				  "autostart = no\ncommand = @puppet/a fork report:r ready\n");
	struct watch *w = watch_open(n);
	pid_t os_pid;

	ctl(n, "start a");
	os_pid = reported(n, "r");
	kill(proc_parent(os_pid), SIGKILL);
	while (proc_parent(os_pid) != n->supd.os_pid)
		ctl(n, "status a");
	cr_expect_str_eq(state_of(n, "a"), "running");
	order(n, "a", "exit:3");
	cr_expect_str_eq(watch_until(w, "exit a *"), "exit a exit:3");
	node_end(n);
}

/* ---- one that only its cgroup tells of ---- */

/* It has a session of its own, no parent, and no environment. */
static struct node *node_with_stranger(const char *config)
{
	const struct script scripts[] = {
		{"a", keep_printf("mkfifo \"${0%%.sh}.fifo\"\n"
				  "( setsid env -i sh -c 'echo $$ >\"$1\"; exec sleep 1000' sh "
				  "\"${0%%.sh}.fifo\" & )\n"
				  "read -r pid <\"${0%%.sh}.fifo\"\necho \"$pid\"\n"
				  "%s \"send:MAINPID=$pid;READY=1\" barrier\n",
				  build_path("tests/herald"))},
		{NULL, NULL}};
	struct node *n = run_scripts(
		keep_printf("%s%s", config, SCRIPT("a") "notify_access = group\n"), scripts);

	ctl(n, "sync");
	return n;
}

Test(mainpid, one_in_its_cgroup)
{
	struct node *n = node_with_stranger("");

	if (strcmp(json_get(ctl(n, "--json status a"), "containment"), "cgroup") != 0) {
		node_end(n);
		cr_assert_null(getenv("NO_SKIP"), "needs cgroup v2");
		cr_skip_test("there is no cgroup v2 that the test may write to");
	}
	cr_expect_str_eq(state_of(n, "a"), "running");
	cr_expect_eq(os_pid_of(n, "a"), atoi(node_read(n, "a.out")));
	ctl(n, "stop a");
	cr_expect_str_eq(look(n, "a").reason, "shutdown");
	node_end(n);
}

Test(mainpid, a_stranger)
{
	struct node *n = node_with_stranger("cgroup = no\n");

	ctl(n, "wait a --for down");
	cr_expect_str_eq(state_of(n, "a"), "done");
	cr_expect_not_null(strstr(node_log(n), "is not heard: that is none of its processes"));
	kill((pid_t)atoi(node_read(n, "a.out")), SIGKILL);
	node_end(n);
}

/* ---- lies ---- */

Test(mainpid, only_of_its_own)
{
	struct node *n = node_run("[supervisor /]\nstart = parallel\n" PUPPET(
		"ready") "[service b]\nready = notify\ncommand = @puppet/b child ready\n");
	const char *child = journal_find(n, "b child *") + strlen("b child ");
	const char *log, *first;
	pid_t os_pid;

	ctl(n, "wait a --for ready");
	ctl(n, "wait b --for ready");
	os_pid = os_pid_of(n, "a");
	order(n, "a", "notify:MAINPID=1");
	order(n, "a", "notify:MAINPID=0");
	order(n, "a", "notify:MAINPID=-5");
	order(n, "a", "notify:MAINPID=99999999999");
	order(n, "a", "notify:MAINPID=2147483647");
	order(n, "a", "notify:MAINPID=");
	order(n, "a", keep_printf("notify:MAINPID=%d", (int)n->supd.os_pid));
	order(n, "a", keep_printf("notify:MAINPID=%d", (int)getpid()));
	order(n, "a", keep_printf("notify:MAINPID=%d", (int)os_pid_of(n, "b")));
	order(n, "a", keep_printf("notify:MAINPID=%s", child));
	order(n, "a", keep_printf("notify:MAINPID=%d", (int)os_pid));
	order(n, "a", "barrier");
	order(n, "a", "say:lied");
	journal_until(n, "a lied");
	cr_expect_eq(os_pid_of(n, "a"), os_pid);
	log = node_log(n);
	first = strstr(log,
		       "its notification MAINPID=1 is not heard: that is none of its processes");
	cr_assert_not_null(first, "%s", log);
	cr_expect_null(strstr(strchr(first, '\n'), "none of its processes"), "%s", log);
	node_end(n);
}

Test(mainpid, one_that_has_ended)
{
	struct node *n = node_run(PUPPET("orphan ready"));
	const char *orphan = journal_until(n, "a orphan *") + strlen("a orphan ");
	pid_t os_pid;

	ctl(n, "wait a --for ready");
	os_pid = os_pid_of(n, "a");
	proc_wait_gone((pid_t)atoi(orphan));
	order(n, "a", keep_printf("notify:MAINPID=%s", orphan));
	order(n, "a", "barrier");
	order(n, "a", "say:lied");
	journal_until(n, "a lied");
	cr_expect_eq(os_pid_of(n, "a"), os_pid);
	node_end(n);
}

/* ---- after the daemon's end ---- */

Test(mainpid, the_next_daemon_finds_it)
{
	struct node *n = node_run(PUPPET("leave:TERM=0 daemonize report:r ready"));
	pid_t os_pid = reported(n, "r");

	ctl(n, "wait a --for ready");
	kill(n->supd.os_pid, SIGKILL);
	program_wait(&n->supd);
	node_start(n);
	journal_until(n, "a TERM");
	cr_expect_neq(reported(n, "r"), os_pid);
	reap_orphans();
	cr_expect_not(proc_exists(os_pid));
	node_end(n);
}
