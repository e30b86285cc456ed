/* SPDX-License-Identifier: MIT */

/* What supd is started with: standard input, output and error in every bad state, and stray fds. */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

RUN_SUITE(streams);

#define TREE "[supd]\nlog_level = debug\n[service a]\ncommand = sleep 1000\nstdout = null\n"

static void live(struct node *n)
{
	for (int i = 0; i < 20; i++)
		ctl(n, "restart a");
	cr_assert_str_eq(state_of(n, "a"), "running");
}

/* ---- closed ---- */

static void close_all(void *argument)
{
	(void)argument;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
}

Test(streams, closed_at_the_start)
{
	struct node *n = node_new();
	struct stat null, st;

	n->who.prepare = close_all;
	node_config(n, TREE);
	node_start(n);
	live(n);
	cr_assert_eq(stat("/dev/null", &null), 0);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		cr_assert_eq(stat(keep_printf("/proc/%d/fd/%d", (int)n->supd.os_pid, fd), &st), 0);
		cr_assert_eq(st.st_rdev, null.st_rdev, "fd %d", fd);
		cr_assert_eq(stat(keep_printf("/proc/%d/fd/%d", (int)os_pid_of(n, "a"), fd), &st),
			     0);
		cr_assert_eq(st.st_rdev, null.st_rdev, "fd %d of a service", fd);
	}
	node_end(n);
}

/* ---- a standard error that nobody reads ---- */

static int ends[2];

static void write_into_pipe(void *argument)
{
	(void)argument;
	dup2(ends[1], STDERR_FILENO);
}

static struct node *start_with_pipe(void)
{
	struct node *n = node_new();

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_gt(fcntl(ends[1], F_SETPIPE_SZ, 4096), 0);
	n->who.prepare = write_into_pipe;
	node_config(n, TREE);
	node_start(n);
	close(ends[1]);
	return n;
}

Test(streams, standard_error_without_a_reader)
{
	struct node *n = start_with_pipe();

	close(ends[0]);
	live(n);
	node_end(n);
}

/* Nothing waits for the reader; once it reads, all that was kept comes. */
Test(streams, standard_error_that_stalls)
{
	struct node *n = start_with_pipe();
	struct buf log = BUF_INIT;
	bool ending = false;
	ssize_t size = 1;
	char *lines;
	size_t stopped = 0;

	live(n);
	while (size > 0 && !strstr(buf_text(&log), "all has stopped")) {
		char *room = buf_reserve(&log, 65536);

		/* All restarts are there already: now the end is wanted. */
		if (stopped == 20 && !ending)
			ending = kill(n->supd.os_pid, SIGTERM) == 0;
		size = read(ends[0], room, 65536);
		cr_assert_geq(size, 0);
		log.size += (size_t)size;
		room[size] = '\0';
		stopped = 0;
		for (lines = log.data; (lines = strstr(lines, "  stopped\n")); lines++)
			stopped++;
	}
	cr_assert_not_null(strstr(buf_text(&log), "all has stopped; ends with status 0"));
	cr_assert_null(strstr(buf_text(&log), "lines are missing"));
	buf_fini(&log);
	cr_assert_eq(node_wait(n), 0);
	close(ends[0]);
}

/* ---- stray fds ---- */

#define STRAY 77

static void leave_open(void *argument)
{
	(void)argument;
	dup2(STDERR_FILENO, STRAY);
}

static void wait_closed(const char *path)
{
	struct mono end = mono_add(deadline(), SPAN_S(PATIENCE));

	while (access(path, F_OK) == 0) {
		cr_assert_lt(deadline().ns, end.ns, "%s is open", path);
		poll(NULL, 0, 10);
	}
}

Test(streams, inherited_fds_are_held_by_nobody)
{
	struct node *n = node_new();

	n->who.prepare = leave_open;
	node_config(n, TREE);
	node_start(n);
	cr_assert_lt(access(keep_printf("/proc/%d/fd/%d", (int)n->supd.os_pid, STRAY), F_OK), 0);
	cr_assert_lt(access(keep_printf("/proc/%d/fd/%d", (int)os_pid_of(n, "a"), STRAY), F_OK), 0);
	/* 3 is its mailbox; its own dynamic linker has 4 for a moment. */
	wait_closed(keep_printf("/proc/%d/fd/4", (int)os_pid_of(n, "a")));
	node_end(n);
}
