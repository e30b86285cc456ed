/* SPDX-License-Identifier: MIT */

/* Logs that take nothing, and files that others have their hands on. */

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/suplog/rig.h"

#define FILE_0 "services/a.log"

static const struct rig_stream text = {.name = "a", .file = FILE_0, .format = "text"};

/* Returns how many lines were told to be dropped before. */
static int64_t mark(struct rig *r, int number)
{
	struct rig_notice n;
	int64_t dropped = 0;

	rig_mark(r, number, 77, 0);
	while (rig_hear(r, &n, RIG_PATIENCE_MS)) {
		if (strcmp(n.kind, "dropped") == 0)
			dropped += field_int(&n.frame, "lines", 0);
		if (strcmp(n.kind, "marked") == 0 && field_int(&n.frame, "ref", 0) == 77)
			return dropped;
	}
	cr_assert_fail("a mark was not reached");
	return 0;
}

static char *path_in(const struct rig *r, const char *name, char path[256])
{
	snprintf(path, 256, "%s/%s", r->folder, name);
	return path;
}

static void expect_text(const struct rig *r, const char *ought)
{
	rig_expect_log(r, FILE_0, true, ought);
}

/* A mount namespace of the test's own, and a small file system in the log folder. */
static void small_disk(struct rig *r)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
		cr_skip_test("it needs a mount namespace of its own");
	cr_assert_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mount("small", r->folder, "tmpfs", 0, "size=256k,mode=755"), 0);
}

static void fill_disk(const struct rig *r, bool full)
{
	char path[256];
	static char block[4096];
	int fd;

	if (!full) {
		cr_assert_eq(unlink(path_in(r, "ballast", path)), 0);
		return;
	}
	fd = open(path_in(r, "ballast", path), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		;
	cr_assert_eq(errno, ENOSPC);
	close(fd);
}

/* The service waits; all of it is there when there is room again. */
static void full_disk_blocks(const char *format)
{
	struct rig r;
	struct rig_stream s = text;
	struct rig_notice n;
	CLEANUP(buf_fini) struct buf all = BUF_INIT, log = BUF_INIT, bare = BUF_INIT;
	int troubles = 0;

	rig_init(&r);
	small_disk(&r);
	s.format = format;
	rig_stream(&r, 0, &s);
	rig_start(&r);
	rig_puts(&r, 0, "first\n");
	mark(&r, 0);
	fill_disk(&r, true);
	buf_puts(&all, "first\n");
	for (int i = 0; i < 900; i++)
		buf_printf(&all, "line %d, which there is no room for at the moment\n", i);
	rig_write(&r, 0, all.data + 6, all.size - 6);
	rig_expect(&r, KEEPER_TROUBLE, &n);
	cr_assert_eq(field_int(&n.frame, "errno", 0), ENOSPC);
	cr_assert_not_null(strstr(field_text(&n.frame, "error"), FILE_0));
	/* Once, not once a try. */
	while (rig_hear(&r, &n, 800))
		troubles++;
	cr_assert_eq(troubles, 0);
	/* A keeper that dies meanwhile changes nothing. */
	rig_kill(&r);
	rig_start(&r);
	fill_disk(&r, false);
	mark(&r, 0);
	rig_read_log(&r, FILE_0, &log);
	if (*format == 't')
		rig_strip(&log, &bare);
	cr_assert_str_eq(*format == 't' ? bare.data : log.data, all.data);
	rig_fini(&r);
	umount(r.folder);
}

Test(trouble, a_full_disk_blocks_text)
{
	full_disk_blocks("text");
}

Test(trouble, a_full_disk_blocks_raw)
{
	full_disk_blocks("raw");
}

Test(trouble, better_is_said_too)
{
	struct rig r;
	struct rig_notice n;

	rig_init(&r);
	small_disk(&r);
	rig_stream(&r, 0, &text);
	rig_start(&r);
	fill_disk(&r, true);
	rig_puts(&r, 0, "x\n");
	rig_expect(&r, KEEPER_TROUBLE, &n);
	fill_disk(&r, false);
	rig_expect(&r, KEEPER_BETTER, &n);
	cr_assert_eq(n.number, 0);
	expect_text(&r, "x\n");
	rig_fini(&r);
	umount(r.folder);
}

/* A keeper that comes after it, and finds it no better, says nothing; then that it is over. */
Test(trouble, a_successor_knows_of_it)
{
	struct rig r;
	struct rig_stream s = text;
	struct rig_notice n;

	rig_init(&r);
	small_disk(&r);
	rig_stream(&r, 0, &s);
	rig_start(&r);
	fill_disk(&r, true);
	rig_puts(&r, 0, "x\n");
	rig_expect(&r, KEEPER_TROUBLE, &n);
	rig_kill(&r);
	r.streams[0].troubled = true;
	rig_start(&r);
	cr_assert_not(rig_hear(&r, &n, 800));
	fill_disk(&r, false);
	cr_assert(rig_hear(&r, &n, RIG_PATIENCE_MS));
	cr_assert_str_eq(n.kind, "better");
	expect_text(&r, "x\n");
	rig_kill(&r);
	/* ... also where it was over before that one came. */
	rig_start(&r);
	rig_puts(&r, 0, "y\n");
	cr_assert(rig_hear(&r, &n, RIG_PATIENCE_MS));
	cr_assert_str_eq(n.kind, "better");
	rig_fini(&r);
	umount(r.folder);
}

/* A full disk takes a line now and then: that is one trouble, not one a line. */
Test(trouble, a_moment_without_is_not_the_end)
{
	struct rig r;
	struct rig_notice n;
	int troubles = 0;

	rig_init(&r);
	small_disk(&r);
	rig_stream(&r, 0, &text);
	rig_start(&r);
	for (int i = 0; i < 10; i++) {
		fill_disk(&r, true);
		rig_puts(&r, 0, "x\n");
		while (rig_hear(&r, &n, i == 0 && troubles == 0 ? RIG_PATIENCE_MS : 10))
			if (strcmp(n.kind, "trouble") == 0)
				troubles++;
			else
				cr_assert_str_eq(n.kind, "better");
		fill_disk(&r, false);
		rig_mark(&r, 0, 1, 0);
		while (rig_hear(&r, &n, RIG_PATIENCE_MS) && strcmp(n.kind, "marked") != 0)
			troubles += strcmp(n.kind, "trouble") == 0;
	}
	cr_expect(troubles >= 1 && troubles < 10, "%d", troubles);
	rig_fini(&r);
	umount(r.folder);
}

/* What log_rate has cost stands in the log, though no line comes after it. */
Test(trouble, the_rate_is_told_of_when_it_is_quiet_again)
{
	struct rig r;
	struct rig_stream s = text;
	struct rig_notice n;
	CLEANUP(buf_fini) struct buf log = BUF_INIT;

	rig_init(&r);
	s.rate = 2;
	s.rate_span = SPAN_MS(300);
	rig_stream(&r, 0, &s);
	rig_start(&r);
	rig_puts(&r, 0, "1\n2\n3\n4\n5\n");
	for (int i = 0; i < RIG_PATIENCE_MS / 10 && !strstr(buf_text(&log), " lines ("); i++) {
		(void)rig_hear(&r, &n, 10);
		buf_clear(&log);
		rig_read_log(&r, FILE_0, &log);
	}
	expect_text(&r, "1\n2\nsupd: 3 lines (6 bytes) were dropped here: more than log_rate lets "
			"pass\n");
	rig_fini(&r);
}

#define LINES 50000
#define LINE "there may be no room for this line\n"

/* Lines of the log that were written, and those that remarks tell of. */
static void count_log(const struct buf *bare, long *ret_written, long *ret_told)
{
	long lines, bytes;

	*ret_written = *ret_told = 0;
	for (const char *at = bare->data, *end; (end = strchr(at, '\n')); at = end + 1) {
		if (strncmp(at, LINE, sizeof(LINE) - 1) == 0) {
			++*ret_written;
		} else if (sscanf(at, "supd: %ld lines (%ld bytes)", &lines, &bytes) == 2) {
			*ret_told += lines;
			cr_assert_eq(bytes, lines * (long)(sizeof(LINE) - 1));
		} else {
			cr_assert_eq(strncmp(at, "first\n", 6), 0, "`%.60s`", at);
		}
	}
}

/* drop: the service never waits, whole lines go, and their number is known to all. */
Test(trouble, a_full_disk_drops_where_it_may)
{
	struct rig r;
	struct rig_stream s = text;
	struct rig_notice n;
	CLEANUP(buf_fini) struct buf log = BUF_INIT, bare = BUF_INIT;
	long written, told, heard = 0, sent = LINES;
	int room = 0;

	rig_init(&r);
	small_disk(&r);
	s.overflow = "drop";
	rig_stream(&r, 0, &s);
	rig_start(&r);
	rig_puts(&r, 0, "first\n");
	mark(&r, 0);
	fill_disk(&r, true);
	/* Far more than the pipe holds. */
	for (int i = 0; i < LINES; i++)
		rig_puts(&r, 0, LINE);
	heard += mark(&r, 0);
	fill_disk(&r, false);
	do {
		rig_puts(&r, 0, LINE);
		sent++;
		heard += mark(&r, 0);
		buf_clear(&log);
		buf_clear(&bare);
		rig_read_log(&r, FILE_0, &log);
		rig_strip(&log, &bare);
	} while (strcmp(bare.data + bare.size - sizeof(LINE) + 1, LINE) != 0 || room++ == 0);
	count_log(&bare, &written, &told);
	cr_assert_eq(written + told, sent, "%ld and %ld, not %ld", written, told, sent);
	rig_ask(&r, KEEPER_FINISH, -1, 0);
	while (rig_hear(&r, &n, RIG_PATIENCE_MS))
		if (strcmp(n.kind, "dropped") == 0)
			heard += field_int(&n.frame, "lines", 0);
	cr_assert_eq(heard, told);
	rig_fini(&r);
	umount(r.folder);
}

/* How often the keeper's threads have slept. */
static long sleeps_of(const struct rig *r)
{
	char path[96], line[128];
	long all = 0, n;
	struct dirent *e;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)r->keeper);
	tasks = opendir(path);
	while ((e = readdir(tasks))) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/status", (int)r->keeper,
			 e->d_name);
		file = fopen(path, "r");
		while (file && fgets(line, sizeof(line), file))
			if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1)
				all += n;
		if (file)
			fclose(file);
	}
	closedir(tasks);
	return all;
}

/* With nothing to drop it sleeps until it tries again; with something it is there at once. */
Test(trouble, who_may_drop_and_has_nothing_to_drop_sleeps)
{
	struct rig r;
	struct rig_stream s = text;
	struct rig_notice n;
	long before, between;

	rig_init(&r);
	small_disk(&r);
	s.overflow = "drop";
	rig_stream(&r, 0, &s);
	rig_start(&r);
	fill_disk(&r, true);
	rig_puts(&r, 0, LINE);
	rig_expect(&r, KEEPER_TROUBLE, &n);
	mark(&r, 0);
	before = sleeps_of(&r);
	while (rig_hear(&r, &n, 1000))
		;
	between = sleeps_of(&r) - before;
	/* One each 5 ms were 200; tries, and telling of what was dropped, are few. */
	cr_expect_lt(between, 60, "%ld", between);
	for (int i = 0; i < LINES / 10; i++)
		rig_puts(&r, 0, LINE);
	cr_expect_gt(mark(&r, 0), 0);
	rig_fini(&r);
	umount(r.folder);
}

/* Somebody removes the file, its folder, or cuts it short. */
Test(trouble, a_file_that_is_removed_is_made_anew)
{
	struct rig r;
	char path[256];

	rig_init(&r);
	rig_stream(&r, 0, &text);
	rig_start(&r);
	rig_puts(&r, 0, "one\n");
	mark(&r, 0);
	cr_assert_eq(unlink(path_in(&r, FILE_0, path)), 0);
	rig_puts(&r, 0, "two\n");
	mark(&r, 0);
	expect_text(&r, "two\n");
	cr_assert_eq(unlink(path_in(&r, FILE_0, path)), 0);
	cr_assert_eq(rmdir(path_in(&r, "services", path)), 0);
	rig_puts(&r, 0, "three\n");
	mark(&r, 0);
	expect_text(&r, "three\n");
	cr_assert_eq(truncate(path_in(&r, FILE_0, path), 0), 0);
	rig_puts(&r, 0, "four\n");
	mark(&r, 0);
	expect_text(&r, "four\n");
	rig_fini(&r);
}

/* As logrotate does it: what was written before is in the one, what comes after soon in the other.
 */
Test(trouble, a_file_that_is_renamed_is_made_anew)
{
	struct rig r;
	char path[256], other[256];
	CLEANUP(buf_fini) struct buf all = BUF_INIT, log = BUF_INIT, bare = BUF_INIT;

	rig_init(&r);
	rig_stream(&r, 0, &text);
	rig_start(&r);
	rig_puts(&r, 0, "one\n");
	mark(&r, 0);
	cr_assert_eq(rename(path_in(&r, FILE_0, path),
			    path_in(&r, FILE_0 ".20260101T000000.000000Z", other)),
		     0);
	buf_puts(&all, "one\n");
	for (int i = 0; access(path, F_OK) < 0; i++) {
		cr_assert_lt(i, RIG_PATIENCE_MS);
		buf_printf(&all, "%d\n", i);
		dprintf(r.pipes[0][1], "%d\n", i);
		mark(&r, 0);
		usleep(1000);
	}
	rig_read_log(&r, FILE_0, &log);
	rig_strip(&log, &bare);
	cr_assert_str_eq(buf_text(&bare), all.data);
	rig_fini(&r);
}

/* The log folder itself is removed: the keeper ends, as only the next can write into another. */
Test(trouble, the_log_folder_is_removed)
{
	struct rig r;
	struct rig_notice n;
	char path[256], command[300];

	rig_init(&r);
	rig_stream(&r, 0, &text);
	rig_start(&r);
	rig_puts(&r, 0, "one\n");
	mark(&r, 0);
	snprintf(command, sizeof(command), "rm -rf %s", r.folder);
	cr_assert_eq(system(command), 0);
	rig_puts(&r, 0, "two\n");
	while (rig_hear(&r, &n, RIG_PATIENCE_MS))
		;
	rig_kill(&r);
	rig_start(&r);
	mark(&r, 0);
	expect_text(&r, "two\n");
	cr_assert_eq(access(path_in(&r, FILE_0, path), F_OK), 0);
	rig_fini(&r);
}

/* What stands where a log is to be, and is refused. */
static void refuse(int (*make)(const struct rig *r))
{
	struct rig r;
	struct rig_notice n;

	rig_init(&r);
	cr_assert_eq(make(&r), 0);
	rig_stream(&r, 0, &text);
	rig_start(&r);
	rig_puts(&r, 0, "x\n");
	rig_expect(&r, KEEPER_TROUBLE, &n);
	cr_assert_not_null(strstr(field_text(&n.frame, "error"), r.folder));
	rig_fini(&r);
}

static int make_folder_symlink(const struct rig *r)
{
	char path[256];

	return symlink("/tmp", path_in(r, "services", path));
}

static int make_file_symlink(const struct rig *r)
{
	char path[256];

	return mkdir(path_in(r, "services", path), 0755) ||
	       symlink("/dev/null", path_in(r, FILE_0, path));
}

static int make_fifo(const struct rig *r)
{
	char path[256];

	return mkdir(path_in(r, "services", path), 0755) || mkfifo(path_in(r, FILE_0, path), 0600);
}

static int make_hard_link(const struct rig *r)
{
	char path[256], other[256];
	int fd;

	if (mkdir(path_in(r, "services", path), 0755) < 0)
		return -1;
	fd = open(path_in(r, "other", other), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	close(fd);
	return link(other, path_in(r, FILE_0, path));
}

static int make_foreign_folder(const struct rig *r)
{
	char path[256];

	return mkdir(path_in(r, "services", path), 0755) || chown(path, 12345, 12345);
}

Test(trouble, a_symlink_is_no_folder)
{
	refuse(make_folder_symlink);
}

Test(trouble, a_symlink_is_no_file)
{
	refuse(make_file_symlink);
}

Test(trouble, a_fifo_is_no_file)
{
	refuse(make_fifo);
}

Test(trouble, a_file_with_two_names_is_refused)
{
	refuse(make_hard_link);
}

Test(trouble, a_folder_of_another_user_is_refused)
{
	if (geteuid() != 0)
		cr_skip_test("it needs root");
	refuse(make_foreign_folder);
}

/* Names of old files stay in order where the clock is set back. */
Test(trouble, old_names_are_in_order_whatever_the_clock)
{
	struct rig r;
	struct rig_notice n;
	char path[256];
	int fd;

	rig_init(&r);
	cr_assert_eq(mkdir(path_in(&r, "services", path), 0755), 0);
	fd = open(path_in(&r, FILE_0 ".21000101T000000.000000Z", path), O_WRONLY | O_CREAT, 0600);
	cr_assert_eq(write(fd, "0\n", 2), 2);
	close(fd);
	rig_stream(&r, 0, &(struct rig_stream){.file = FILE_0, .format = "raw"});
	rig_start(&r);
	for (int i = 1; i < 4; i++) {
		dprintf(r.pipes[0][1], "%d\n", i);
		mark(&r, 0);
		rig_ask(&r, KEEPER_ROTATE, -1, i);
		rig_expect(&r, KEEPER_DONE, &n);
	}
	{
		CLEANUP(buf_fini) struct buf log = BUF_INIT;

		rig_read_log(&r, FILE_0, &log);
		cr_assert_str_eq(log.data, "0\n1\n2\n3\n");
		cr_assert_eq(rig_count_old(&r, FILE_0), 4);
	}
	rig_fini(&r);
}
