/* SPDX-License-Identifier: MIT */

/* Services with a terminal of their own. */

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

RUN_SUITE(tty);

static void need_terminals(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0)
		cr_skip_test("no pseudo-terminals here");
	close(master);
}

#define LOOK                                                  \
	"for i in 0 1 2; do test -t $i && echo $i is; done\n" \
	"echo to the terminal >/dev/tty\nstty size </dev/tty\nprintf 'a\\tb\\n' >&2\n"
#define SEEN "0 is\n1 is\n2 is\nto the terminal\n24 80\na\tb\n"

/* All bytes come as they were written, and all are there when the service is gone. */
Test(tty, to_a_file)
{
	struct node *n = node_new();

	need_terminals();
	node_write(n, "a.sh", LOOK);
	node_config(
		n, "[service a]\ncommand = sh @folder/a.sh\nready = exit\ntty = yes\n"
		   "stdout = file:@folder/out\n"
		   "[service b]\ncommand = sh -c 'seq 20000; test -t 0 || echo no'\n"
		   "ready = exit\ntty = yes\nstdout = file:@folder/many\nstdin = file:@folder/out\n"
		   "[service c]\ncommand = sh -c 'echo apart >&2; echo together'\n"
		   "ready = exit\ntty = yes\nstdout = null\nstderr = file:@folder/err\n");
	node_start(n);
	sync_tree(n);
	cr_assert_str_eq(node_read(n, "out"), SEEN);
	cr_assert_str_eq(node_read(n, "many"), shell("seq 20000; echo no").out);
	cr_assert_str_eq(node_read(n, "err"), "apart\n");
	node_end(n);
}

/* The reason for it all: a line is there when it was written, not when a block is full. */
Test(tty, programs_write_line_by_line)
{
	struct node *n = node_new();

	need_terminals();
	/* awk keeps what it prints, unless it is for a terminal. */
	node_config(n, "[service a]\ncommand = awk 'BEGIN { print \"a line\"; while (1) "
		       "system(\"sleep 1000\") }'\ntty = yes\nstdout = file:@folder/out\n"
		       "kill_mode = group\nshutdown = brutal_kill\n");
	node_start(n);
	for (int i = 0; i < PATIENCE * 100 && !*node_read(n, "out"); i++)
		usleep(10000);
	cr_assert_str_eq(node_read(n, "out"), "a line\n");
	node_end(n);
}

/* What the terminal passes on is looked at on its way. */
Test(tty, a_line_says_that_it_is_ready)
{
	struct node *n = node_new();

	need_terminals();
	node_config(n, "[service a]\ncommand = sh -c 'test -t 1; echo I am here $?; test -t 2; "
		       "echo and there $? >&2; sleep 1000'\n"
		       "tty = yes\nready = log:^and there 0$\nkill_mode = group\nlog_format = raw\n"
		       "shutdown = brutal_kill\n");
	node_start(n);
	ctl(n, "wait a --for ready");
	for (int i = 0; i < PATIENCE * 100 && !strstr(node_service_log(n, "a"), "and there 0\n");
	     i++)
		usleep(10000);
	cr_expect_str_eq(node_service_log(n, "a"), "I am here 0\nand there 0\n");
	ctl(n, "restart a");
	node_end(n);
}

Test(tty, to_the_log_and_over_restarts)
{
	struct node *n = node_new();

	need_terminals();
	node_config(n, "[service a]\ncommand = @puppet/a say:here\ntty = yes\n"
		       "[service b]\ncommand = sh -c 'echo a word in the log'\n"
		       "ready = exit\ntty = yes\n");
	node_start(n);
	sync_tree(n);
	for (int i = 0; i < 3; i++) {
		ctl(n, "restart a");
		ctl(n, "restart b");
	}
	ctl(n, "stop a");
	node_end(n);
	cr_assert_not_null(strstr(node_service_log(n, "b"), "Z a word in the log\n"));
}

/* Nobody takes what it writes: it waits, and nothing else does. */
static void full_pipe(void *argument)
{
	int *ends = argument;

	dup2(ends[1], STDOUT_FILENO);
}

Test(tty, a_reader_that_stalls_holds_up_nobody_else)
{
	struct node *n = node_new();
	int ends[2];
	char *text;
	size_t size = 0, want = strlen(shell("seq 100000").out);

	need_terminals();
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	node_config(n,
		    "[service a]\ncommand = sh -c 'seq 100000; exec sleep 1000'\ntty = yes\n"
		    "stdout = inherit\n[service b]\ncommand = @puppet/b say:here\nstdout = null\n");
	n->who.prepare = full_pipe;
	n->who.argument = ends;
	node_start(n);
	close(ends[1]);
	journal_until(n, "b here");
	ctl(n, "restart b");
	ctl(n, "ping");
	text = keep(malloc(want + 1));
	while (size < want) {
		ssize_t got = read(ends[0], text + size, want - size);

		cr_assert_gt(got, 0);
		size += (size_t)got;
	}
	text[size] = '\0';
	cr_assert_str_eq(text, shell("seq 100000").out);
	node_end(n);
	close(ends[0]);
}

/* The same, and the service ends meanwhile. */
Test(tty, ends_while_its_reader_stalls)
{
	struct node *n = node_new();
	int ends[2];

	need_terminals();
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	node_config(n, "[service a]\ncommand = sh -c 'seq 100000; exec sleep 1000'\ntty = yes\n"
		       "stdout = inherit\nshutdown = brutal_kill\n");
	n->who.prepare = full_pipe;
	n->who.argument = ends;
	node_start(n);
	ctl(n, "restart a");
	ctl(n, "restart a");
	ctl(n, "stop a");
	ctl(n, "start a");
	node_end(n);
	close(ends[0]);
	close(ends[1]);
}

#define OURS 64322
#define ITS 64323

static void be_in_a_group(void *argument)
{
	static const gid_t groups[] = {0, OURS};

	(void)argument;
	setgroups(2, groups);
}

/* The service's groups count where the daemon opens its file, and the daemon's do not. */
Test(tty, as_a_user_with_groups)
{
	struct node *n;

	need_terminals();
	need_root();
	n = node_new();
	n->who.prepare = be_in_a_group;
	node_write(n, "ours", "");
	node_write(n, "its", "");
	cr_assert_eq(chown(node_path(n, "ours"), 0, OURS), 0);
	cr_assert_eq(chown(node_path(n, "its"), 0, ITS), 0);
	cr_assert_eq(chmod(node_path(n, "ours"), 0660), 0);
	cr_assert_eq(chmod(node_path(n, "its"), 0660), 0);
	cr_assert_eq(chmod(n->folder, 0755), 0);
	node_config(n, keep_printf("[service a]\ncommand = echo x\nready = exit\ntty = yes\n"
				   "user = nobody\ngroups = %d\nstdout = file:@folder/its\n"
				   "[service b]\ncommand = echo x\nready = exit\ntty = yes\n"
				   "user = nobody\nstdout = file:@folder/ours\nautostart = no\n",
				   ITS));
	node_start(n);
	ctl(n, "wait a --for down");
	cr_expect_str_eq(node_read(n, "its"), "x\n");
	cr_expect_not_null(strstr(ctl_fails(n, 1, "start b"), "Permission denied"));
	cr_expect_str_eq(node_read(n, "ours"), "");
	node_end(n);
}

Test(tty, as_a_user)
{
	struct node *n;

	need_terminals();
	need_root();
	n = node_new();
	cr_assert_eq(chmod(n->folder, 0777), 0);
	node_config(n,
		    "[service a]\ncommand = sh -c 'echo x >/dev/stdout; stat -Lc %%U /dev/fd/0'\n"
		    "ready = exit\ntty = yes\nuser = nobody\nstdout = file:@folder/out\n"
		    "[service b]\ncommand = @puppet/b\ntty = yes\nuser = nobody\n"
		    "stdout = file:/root/none\nautostart = no\n");
	node_start(n);
	ctl(n, "wait a --for down");
	cr_assert_str_eq(node_read(n, "out"), "x\nnobody\n");
	cr_assert_str_eq(shell("stat -c %%U %s", node_path(n, "out")).out, "nobody\n");
	cr_assert_not_null(strstr(ctl_fails(n, 1, "start b"),
				  "b did not start: stdout /root/none: Permission denied"));
	node_end(n);
}
