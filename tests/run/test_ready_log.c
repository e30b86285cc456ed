/* SPDX-License-Identifier: MIT */

/* ready = log:: whose line it is. A log keeper that stands still leaves all in the pipe. */

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

RUN_SUITE(ready_log);

#define ONCE "restart = temporary\nautostart = no\n"
/* Says that it is up at once in its first life, later when the gate is opened. */
#define SERVICE                                                                            \
	"[service a]\nready = log:^up$\nlog_format = raw\n"                                \
	"command = sh -euc 'if test -e @folder/later; then echo a waits >@folder/journal;" \
	" read x <@folder/gate; fi; echo up; : >@folder/later; read x <@folder/end'\n"

static pid_t keeper_of(const struct node *n)
{
	pid_t list[2];

	while (proc_keepers(n->supd.os_pid, list, 2) != 1)
		usleep(1000);
	return list[0];
}

static void halt(pid_t keeper)
{
	kill(keeper, SIGSTOP);
	proc_wait_state(keeper, 'T');
}

static void open_gate(struct node *n, const char *name)
{
	node_write(n, name, "open\n");
}

static struct node *node_with_gates(const char *config)
{
	struct node *n = node_new();

	cr_assert_eq(mkfifo(node_path(n, "gate"), 0666), 0);
	cr_assert_eq(mkfifo(node_path(n, "end"), 0666), 0);
	node_config(n, config);
	node_start(n);
	return n;
}

static void log_until(const struct node *n, const char *text)
{
	while (strcmp(node_service_log(n, "a"), text) != 0)
		usleep(1000);
}

/* What the one before has said is written, and says nothing about the next. */
Test(ready_log, a_line_that_an_earlier_one_has_left_is_not_its_own, .timeout = 2 * PATIENCE)
{
	struct node *n = node_with_gates(
		"[service a]\nready = log:^up$\nlog_format = raw\nkill_mode = main\n"
		"command = sh -euc 'if test -e @folder/later; then echo a waits >@folder/journal;"
		" read x <@folder/gate; echo up; exec sleep 600; fi;"
		" echo up; : >@folder/later; read x <@folder/end; echo up; exit 1'\n");
	struct watch *w = watch_open(n);
	pid_t keeper = keeper_of(n);

	ctl(n, "wait a --for ready");
	halt(keeper);
	open_gate(n, "end");
	watch_until(w, "exit a exit:1");
	kill(keeper, SIGCONT);
	journal_until(n, "a waits");
	log_until(n, "up\nup\n");
	/* Whatever the keeper has told of these lines is heard by then. */
	ctl(n, "report a");
	cr_assert_str_eq(state_of(n, "a"), "starting");
	open_gate(n, "gate");
	ctl(n, "wait a --for ready");
	log_until(n, "up\nup\nup\n");
	node_end(n);
}

/* No keeper, no start; and a stop is not held up by that. */
Test(ready_log, a_keeper_that_does_not_answer, .timeout = 2 * PATIENCE)
{
	struct node *n = node_with_gates(
		"[service a]\nready = log:^up$\nlog_format = raw\nstart_timeout = 300ms\n" ONCE
		"command = sh -c 'echo a begun >@folder/journal; echo up; exec sleep 600'\n"
		"[service b]\nready = log:^up$\n" ONCE
		"command = sh -c 'echo b begun >@folder/journal; echo up; exec sleep 600'\n"
		"[service c]\ncommand = @puppet/c\n");
	pid_t keeper = keeper_of(n);
	const char *error;

	halt(keeper);
	error = ctl_fails(n, 1, "start a");
	cr_assert_not_null(strstr(error, "log keeper"), "%s", error);
	ctl(n, "start b --no-wait");
	cr_assert_str_eq(state_of(n, "b"), "starting");
	ctl(n, "stop b");
	cr_assert_str_eq(state_of(n, "b"), "stopped");
	cr_assert_eq(journal_count(n, "a *") + journal_count(n, "b *"), 0);
	kill(keeper, SIGCONT);
	ctl(n, "start a");
	ctl(n, "start b");
	node_end(n);
}

/* One that is killed while it is asked is followed by one that answers. */
Test(ready_log, a_keeper_that_is_killed, .timeout = 2 * PATIENCE)
{
	struct node *n = node_with_gates(
		"[service a]\nready = log:^up$\nlog_format = raw\n" ONCE
		"command = sh -c 'echo up; exec sleep 600'\n[service c]\ncommand = @puppet/c\n");
	pid_t keeper = keeper_of(n);

	for (int i = 0; i < 5; i++) {
		halt(keeper);
		ctl(n, "start a --no-wait");
		cr_assert_str_eq(state_of(n, "a"), "starting");
		kill(keeper, SIGKILL);
		proc_wait_gone(keeper);
		ctl(n, "wait a --for ready");
		ctl(n, "stop a");
		keeper = keeper_of(n);
	}
	node_end(n);
}
