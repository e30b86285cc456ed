/* SPDX-License-Identifier: MIT */

/* Runs at their time. Nothing here waits for more than a few seconds of the clock. */

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

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
	cr_expect_not_null(strstr(ctl(n, "tree j"), "  next run 20"), "with its date");
	cr_expect_str_eq(ctl(n, "start j"), "j: started\n");
	journal_until(n, "j start *");
	order(n, "j", "exit:0");
	ctl(n, "wait j --for down");
	cr_expect_str_eq(state_of(n, "j"), "waiting");
	cr_expect_not_null(strstr(ctl(n, "tree j"), ", last run: normal\n"));
	cr_expect_not_null(strstr(ctl(n, "why j"), "now: j waits until it is wanted, since "));
	cr_expect_not_null(strstr(ctl(n, "why j"), "; it runs next at 20"));
	ctl(n, "stop j");
	cr_expect_str_eq(state_of(n, "j"), "stopped");
	cr_expect_null(strstr(ctl(n, "why j"), "runs next"), "it is held");
	ctl(n, "add k command='sleep 1000' every=1s");
	cr_expect_str_eq(state_of(n, "k"), "waiting");
	ctl(n, "wait k --for ready");
	node_end(n);
}

/* In a root of its own as far as what is kept is concerned. */
static void keep_apart(void *argument)
{
	(void)argument;
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/var/lib", "tmpfs", 0, NULL) < 0 || mkdir("/var/lib/supd", 0700) < 0 ||
	    mkdir("/var/lib/supd/stamps", 0700) < 0)
		_exit(97);
}

/* The last run, as a supd before this one has noted it, in the daemon's own /var/lib. */
static void note_long_ago(void *argument)
{
	const struct timespec long_ago[] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};
	char *name = keep_printf("%s/run%%j", (const char *)argument), *file;
	int fd;

	for (char *c = name; *c; c++)
		*c = *c == '/' ? '%' : *c;
	keep_apart(NULL);
	file = keep_printf("/var/lib/supd/stamps/%s", name);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || futimens(fd, long_ago) < 0)
		_exit(96);
	close(fd);
}

Test(schedule, a_run_that_was_missed_is_caught_up_with)
{
	struct node *n = node_new();

	need_root();
	node_config(n, "[service j]\ncommand = @puppet/j\nschedule = *-01-01\n"
		       "schedule_catch_up = yes\n"
		       "[service k]\ncommand = @puppet/k\nschedule = *-01-01\n"
		       "schedule_catch_up = yes\n");
	n->who.prepare = note_long_ago;
	n->who.argument = n->folder;
	node_start(n);
	journal_until(n, "j start *");
	cr_expect_str_eq(state_of(n, "k"), "waiting", "which has never run has missed nothing");
	node_end(n);
}
