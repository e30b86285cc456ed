/* SPDX-License-Identifier: MIT */

/* The log keeper's process: what can go wrong with it at its start and at its end. */

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

RUN_SUITE(log_keeper);

#define STAY "exec sleep 100000"
/* In which a daemon that ends tells its keeper so. */
#define A_MOMENT 100

static void until_said(struct node *n, const char *text)
{
	struct mono until = deadline();

	while (!strstr(node_log(n), text)) {
		usleep(2000);
		cr_assert_leq(deadline().ns - until.ns, (int64_t)PATIENCE * 1000000000,
			      "no \"%s\":\n%s", text, node_log(n));
	}
}

static int count_fds(const struct node *n)
{
	return atoi(shell("ls /proc/%d/fd | wc -l", (int)n->supd.os_pid).out);
}

static int count(const char *text, const char *part)
{
	int n = 0;

	for (; (text = strstr(text, part)); text++)
		n++;
	return n;
}

/* It is tried again and again, which costs nothing that lasts; at the end as well, for a while. */
Test(log_keeper, one_that_cannot_be_executed)
{
	struct node *n = node_new();
	int before;

	cr_assert_eq(shell("cp %s %s/supd", build_path("supd"), n->folder).status, 0);
	node_write(n, "suplog", "#!/nowhere/at/all\n");
	cr_assert_eq(chmod(node_path(n, "suplog"), 0755), 0);
	n->program = node_path(n, "supd");
	node_config(n, "[service a]\ncommand = @puppet/a say:here\n");
	node_start(n);
	journal_until(n, "a here");
	until_said(n, "next try in 200ms");
	before = count_fds(n);
	until_said(n, "next try in 800ms");
	cr_expect_leq(count_fds(n), before);
	before = count(node_log(n), "can not be started");
	kill(n->supd.os_pid, SIGTERM);
	cr_expect_eq(node_wait(n), 0);
	node_check_nothing_left(n);
	cr_expect_lt(count(node_log(n), "can not be started"), before + 20, "%s", node_log(n));
}

/* Killed when it was told that this is the end, and had written nothing: the next one does. */
Test(log_keeper, killed_at_the_end)
{
	struct node *n =
		node_run("[service a]\nlog_format = raw\nautostart = no\n"
			 "command = sh -c 'seq 5000; echo a done >@folder/journal; " STAY "'\n");
	pid_t list[2];

	while (proc_keepers(n->supd.os_pid, list, 2) != 1)
		usleep(2000);
	kill(list[0], SIGSTOP);
	proc_wait_state(list[0], 'T');
	ctl(n, "start a");
	journal_until(n, "a done");
	kill(n->supd.os_pid, SIGTERM);
	until_said(n, "all has stopped");
	usleep(A_MOMENT * 1000);
	kill(list[0], SIGKILL);
	cr_expect_eq(node_wait(n), 0);
	node_check_nothing_left(n);
	cr_assert_str_eq(node_service_log(n, "a"), shell("seq 5000").out);
}

/* Of two streams, of which one has a file. */
Test(log_keeper, the_log_of_standard_error_alone)
{
	struct node *n = node_run("[service a]\nstdout = syslog\nstderr = log\nready = exit\n"
				  "command = sh -c 'echo here >&2'\n");

	sync_tree(n);
	cr_expect_not_null(strstr(ctl(n, "logs --rotate a"), "/services/a.log.2"));
	node_end(n);
}

/* supd is killed, and its keeper cannot write what it has: the next one waits for its end. */
Test(log_keeper, of_a_daemon_that_was_killed)
{
	struct node *n = node_new();
	pid_t old;

	node_config(n, "[service a]\ncommand = sh -c 'echo here; " STAY "'\n");
	cr_assert_eq(shell("mkdir -p %s", node_path(n, "log/services/a.log")).status, 0);
	node_start(n);
	until_said(n, "its log: ");
	old = os_pid_of(n, "a");
	kill(n->supd.os_pid, SIGKILL);
	node_wait(n);
	node_start(n);
	cr_expect_eq(waitpid(old, NULL, 0), old);
	cr_expect_not_null(strstr(ctl(n, "status a --json"), "\"log_file\":\""), "%s", node_log(n));
	cr_assert_eq(shell("rmdir %s", node_path(n, "log/services/a.log")).status, 0);
	until_said(n, "its log is written again");
	node_end(n);
}
