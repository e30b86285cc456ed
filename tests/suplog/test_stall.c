/* SPDX-License-Identifier: MIT */

/*
 * A disk that hangs: the keeper's hand is stopped where it asks for a write, as it would be for as
 * long as the disk does not answer. What may be dropped is, the service never waits, and in the end
 * every line is either in the log or counted.
 */

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/suplog/rig.h"

#define FILE_0 "services/a.log"
#define LINE "there may be no time for this line\n"
#define LINES 20000

/* The thread that writes files: the first after the main one. */
static pid_t find_hand(const struct rig *r)
{
	const struct dirent *entry;
	char path[64];
	pid_t hand = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)r->keeper);
	dir = opendir(path);
	cr_assert_not_null(dir);
	while ((entry = readdir(dir))) {
		pid_t tid = (pid_t)atoi(entry->d_name);

		if (tid > 0 && tid != r->keeper && (hand == 0 || tid < hand))
			hand = tid;
	}
	closedir(dir);
	cr_assert_gt(hand, 0);
	return hand;
}

/* Stops it at its next write, when so many lines have come. */
static pid_t stall(struct rig *r, int lines)
{
	pid_t hand = find_hand(r);
	struct __ptrace_syscall_info info;
	int status;

	if (ptrace(PTRACE_SEIZE, hand, NULL, PTRACE_O_TRACESYSGOOD) < 0)
		cr_skip_test("threads cannot be stopped here: %s", strerror(errno));
	cr_assert_eq(ptrace(PTRACE_INTERRUPT, hand, NULL, NULL), 0);
	while (lines--)
		rig_puts(r, 0, LINE);
	for (;;) {
		cr_assert_eq(waitpid(hand, &status, __WALL), hand);
		cr_assert(WIFSTOPPED(status));
		info.op = PTRACE_SYSCALL_INFO_NONE;
		ptrace(PTRACE_GET_SYSCALL_INFO, hand, sizeof(info), &info);
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_pwrite64)
			return hand;
		cr_assert_eq(ptrace(PTRACE_SYSCALL, hand, NULL, NULL), 0);
	}
}

static void begin(struct rig *r)
{
	struct rig_notice n;

	rig_stream(r, 0, &(struct rig_stream){.name = "a", .file = FILE_0, .overflow = "drop"});
	rig_start(r);
	rig_puts(r, 0, LINE);
	rig_mark(r, 0, 1, 0);
	rig_expect(r, KEEPER_MARKED, &n);
}

/* Far more than the pipe holds: this ends as the main thread empties it. */
static void flood(const struct rig *r)
{
	for (int i = 0; i < LINES; i++)
		rig_puts(r, 0, LINE);
}

/* Lines of the log that were written, and those that remarks tell of. */
static void count_log(const struct rig *r, long *ret_written, long *ret_told)
{
	CLEANUP(buf_fini) struct buf log = BUF_INIT, bare = BUF_INIT;
	long lines, bytes;

	*ret_written = *ret_told = 0;
	rig_read_log(r, FILE_0, &log);
	rig_strip(&log, &bare);
	for (const char *at = bare.data, *end; (end = strchr(at, '\n')); at = end + 1) {
		if (sscanf(at, "supd: %ld lines (%ld bytes)", &lines, &bytes) == 2) {
			*ret_told += bytes / (long)strlen(LINE);
			cr_assert(lines == 0 || bytes == lines * (long)strlen(LINE));
		} else {
			cr_assert_eq(strncmp(at, LINE, strlen(LINE)), 0, "`%.60s`", at);
			++*ret_written;
		}
	}
}

/* With one line more, to its end. How many lines are told of as dropped meanwhile. */
static long finish(struct rig *r)
{
	struct rig_notice n;
	long heard = 0;

	rig_puts(r, 0, LINE);
	rig_ask(r, KEEPER_FINISH, -1, 0);
	while (rig_hear(r, &n, RIG_PATIENCE_MS))
		if (strcmp(n.kind, "dropped") == 0)
			heard += field_int(&n.frame, "lines", 0);
	return heard;
}

Test(stall, what_may_be_dropped_is_and_counted)
{
	struct rig r;
	struct rig_notice n;
	long written, told, heard;
	pid_t hand;

	rig_init(&r);
	begin(&r);
	hand = stall(&r, 1);
	flood(&r);
	rig_expect(&r, KEEPER_TROUBLE, &n);
	cr_assert_eq(field_int(&n.frame, "errno", 0), ETIMEDOUT);
	cr_assert_not_null(strstr(field_text(&n.frame, "error"), FILE_0));
	/* It is alive for all that. */
	rig_ask(&r, KEEPER_PING, -1, 5);
	rig_expect(&r, KEEPER_PONG, &n);
	cr_assert_eq(field_int(&n.frame, "ref", 0), 5);
	cr_assert_eq(ptrace(PTRACE_DETACH, hand, NULL, NULL), 0);
	rig_expect(&r, KEEPER_BETTER, &n);
	heard = finish(&r);
	count_log(&r, &written, &told);
	cr_assert_eq(written + told, LINES + 3, "%ld and %ld, not %d", written, told, LINES + 3);
	cr_assert_eq(told, heard, "%ld in the log, %ld by notice", told, heard);
	cr_assert_gt(told, 0);
	rig_fini(&r);
}

/* One that is killed meanwhile doubles nothing, and its successor tells of what it held. */
Test(stall, killed_while_the_disk_hangs)
{
	struct rig r;
	struct rig_notice n;
	long written, told;
	pid_t hand;
	int status;

	rig_init(&r);
	begin(&r);
	hand = stall(&r, 1);
	flood(&r);
	cr_assert_eq(kill(r.keeper, SIGKILL), 0);
	/* Who traces a thread has to reap it. */
	cr_assert_eq(waitpid(hand, &status, __WALL), hand);
	rig_kill(&r);
	rig_start(&r);
	rig_expect(&r, KEEPER_DROPPED, &n);
	cr_assert_gt(field_int(&n.frame, "bytes", 0), 0);
	cr_assert_eq(field_int(&n.frame, "bytes", 0) % (int)strlen(LINE), 0);
	rig_puts(&r, 0, LINE);
	rig_mark(&r, 0, 1, 0);
	rig_expect(&r, KEEPER_MARKED, &n);
	count_log(&r, &written, &told);
	cr_assert_geq(written, 2);
	cr_assert_gt(told, 0);
	cr_assert_leq(written + told, LINES + 3);
	rig_fini(&r);
}

/* There is no room to move all of a batch out of the way: none of it is there twice. */
Test(stall, a_batch_that_is_held_in_part)
{
	enum { BATCH = 1000 };
	struct rig r;
	struct rig_notice n;
	long written, told;
	pid_t hand;

	rig_init(&r);
	cr_assert_gt(fcntl(r.staging[0], F_SETPIPE_SZ, 4096), 0);
	begin(&r);
	hand = stall(&r, BATCH);
	rig_expect(&r, KEEPER_TROUBLE, &n);
	cr_assert_eq(ptrace(PTRACE_DETACH, hand, NULL, NULL), 0);
	rig_expect(&r, KEEPER_BETTER, &n);
	cr_assert_eq(rig_finish(&r), 0);
	count_log(&r, &written, &told);
	cr_assert_eq(written, BATCH + 1);
	cr_assert_eq(told, 0);
	rig_fini(&r);
}

/* The next notice of that kind; lines that are told of before it are added up. */
static void await(struct rig *r, const char *kind, long *heard)
{
	struct rig_notice n;

	do {
		cr_assert(rig_hear(r, &n, RIG_PATIENCE_MS), "no `%s` came", kind);
		if (strcmp(n.kind, "dropped") == 0)
			*heard += field_int(&n.frame, "lines", 0);
	} while (strcmp(n.kind, kind) != 0);
}

static void until_empty(const struct rig *r)
{
	int waiting;

	while (ioctl(r->pipes[0][0], FIONREAD, &waiting) == 0 && waiting > 0)
		usleep(1000);
}

/* The disk hangs again when the remark on what was dropped is written, with a batch behind it. */
Test(stall, while_a_remark_is_written)
{
	struct rig r;
	long written, told, heard = 0;

	rig_init(&r);
	begin(&r);
	for (int i = 0; i < 2; i++) {
		pid_t hand = stall(&r, 1);

		flood(&r);
		until_empty(&r);
		await(&r, "trouble", &heard);
		cr_assert_eq(ptrace(PTRACE_DETACH, hand, NULL, NULL), 0);
		await(&r, "better", &heard);
	}
	heard += finish(&r);
	count_log(&r, &written, &told);
	cr_assert_eq(written + told, 2 * LINES + 4, "%ld and %ld", written, told);
	cr_assert_eq(told, heard, "%ld in the log, %ld by notice", told, heard);
	rig_fini(&r);
}
