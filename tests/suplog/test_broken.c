/* SPDX-License-Identifier: MIT */

/*
 * A disk with errors, and folders that may not be written into: said once, waited for or dropped
 * for as it is set, and over when it is over, with every line in the log or counted.
 */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/suplog/broken.h"

#define FOLDER "services"
#define FILE_0 "services/a.log"
/* Lines that a pipe holds, and far more than that. */
#define FEW 900
#define MANY 50000
#define LINE "a line that the disk may not take\n"

static char *path_in(const struct rig *r, const char *name, char path[256])
{
	snprintf(path, 256, "%s/%s", r->folder, name);
	return path;
}

/* Returns how many lines were told to be dropped before. */
static int64_t mark(struct rig *r)
{
	struct rig_notice n;
	int64_t dropped = 0;

	rig_mark(r, 0, 77, 0);
	while (rig_hear(r, &n, RIG_PATIENCE_MS)) {
		if (strcmp(n.kind, "dropped") == 0)
			dropped += field_int(&n.frame, "lines", 0);
		if (strcmp(n.kind, "marked") == 0 && field_int(&n.frame, "ref", 0) == 77)
			return dropped;
	}
	cr_assert_fail("a mark was not reached");
	return 0;
}

/* It is said, and in the time in which it is tried a few times more, not again. */
static void expect_trouble(struct rig *r, int error, const char *part)
{
	struct rig_notice n;

	rig_expect(r, KEEPER_TROUBLE, &n);
	cr_assert_eq(field_int(&n.frame, "errno", 0), error, "%s", field_text(&n.frame, "error"));
	cr_assert_not_null(strstr(field_text(&n.frame, "error"), part), "%s",
			   field_text(&n.frame, "error"));
	while (rig_hear(r, &n, 800))
		cr_assert_str_neq(n.kind, "trouble", "%s", field_text(&n.frame, "error"));
}

static void put_lines(const struct rig *r, struct buf *all, int n)
{
	size_t before = all->size;

	for (int i = 0; i < n; i++)
		buf_printf(all, "%d: " LINE, i);
	rig_write(r, 0, all->data + before, all->size - before);
}

/* The log is what was written. */
static void expect_all(const struct rig *r, const struct buf *all)
{
	CLEANUP(buf_fini) struct buf log = BUF_INIT, bare = BUF_INIT;
	bool raw = strcmp(r->streams[0].format, "raw") == 0;

	rig_read_log(r, FILE_0, &log);
	if (!raw)
		rig_strip(&log, &bare);
	cr_assert_str_eq(buf_text(raw ? &log : &bare), all->data);
}

/* Each of so many lines is in the log, or a remark there counts it. Returns how many were told. */
static int64_t expect_counted(const struct rig *r, long sent)
{
	CLEANUP(buf_fini) struct buf log = BUF_INIT, bare = BUF_INIT;
	long lines, bytes, written = 0, told = 0;

	rig_read_log(r, FILE_0, &log);
	rig_strip(&log, &bare);
	for (const char *at = buf_text(&bare), *end; (end = strchr(at, '\n')); at = end + 1) {
		if (sscanf(at, "supd: %ld lines (%ld bytes)", &lines, &bytes) == 2) {
			told += lines;
			cr_assert_eq(bytes, lines * (long)(sizeof(LINE) - 1));
		} else {
			cr_assert_eq(strncmp(at, LINE, sizeof(LINE) - 1), 0, "`%.60s`", at);
			written++;
		}
	}
	cr_assert_eq(written + told, sent, "%ld and %ld, not %ld", written, told, sent);
	return told;
}

/* ---- a disk with errors ---- */

static void begin(struct rig *r, struct broken *b, const char *format, const char *overflow)
{
	rig_init(r);
	broken_init(b, r);
	rig_stream(r, 0,
		   &(struct rig_stream){
			   .name = "a", .file = FILE_0, .format = format, .overflow = overflow});
	rig_start(r);
}

static void errors_block(const char *format)
{
	struct rig r;
	struct broken b;
	struct rig_notice n;
	CLEANUP(buf_fini) struct buf all = BUF_INIT;

	begin(&r, &b, format, "block");
	put_lines(&r, &all, 1);
	mark(&r);
	atomic_store(&b.write_error, EIO);
	put_lines(&r, &all, FEW);
	expect_trouble(&r, EIO, FILE_0 " cannot be written: Input/output error: look at the disk");
	cr_assert_gt(atomic_load(&b.refused), 1);
	/* Its successor finds it no better, and has all of it as well. */
	rig_kill(&r);
	rig_start(&r);
	expect_trouble(&r, EIO, FILE_0);
	atomic_store(&b.write_error, 0);
	rig_expect(&r, KEEPER_BETTER, &n);
	mark(&r);
	expect_all(&r, &all);
	rig_fini(&r);
	broken_fini(&b);
}

Test(broken, errors_block_text)
{
	errors_block("text");
}

Test(broken, errors_block_raw)
{
	errors_block("raw");
}

Test(broken, errors_drop_where_that_is_wanted)
{
	struct rig r;
	struct broken b;
	struct rig_notice n;
	int64_t heard = 0;
	long sent = 0;

	begin(&r, &b, "text", "drop");
	for (; sent < 10; sent++)
		rig_puts(&r, 0, LINE);
	mark(&r);
	atomic_store(&b.write_error, EIO);
	for (; sent < MANY; sent++)
		rig_puts(&r, 0, LINE);
	rig_expect(&r, KEEPER_TROUBLE, &n);
	cr_assert_eq(field_int(&n.frame, "errno", 0), EIO);
	heard += mark(&r);
	atomic_store(&b.write_error, 0);
	while (rig_hear(&r, &n, RIG_PATIENCE_MS) && strcmp(n.kind, "better") != 0)
		if (strcmp(n.kind, "dropped") == 0)
			heard += field_int(&n.frame, "lines", 0);
	rig_puts(&r, 0, LINE);
	rig_ask(&r, KEEPER_FINISH, -1, 0);
	while (rig_hear(&r, &n, RIG_PATIENCE_MS))
		if (strcmp(n.kind, "dropped") == 0)
			heard += field_int(&n.frame, "lines", 0);
	cr_assert_eq(heard, expect_counted(&r, sent + 1));
	cr_assert_gt(heard, 0);
	rig_fini(&r);
	broken_fini(&b);
}

/* What comes after a line whose end was dropped is a line of its own. */
static void drop_the_end(const char *format, const char *ought)
{
	struct rig r;
	struct broken b;
	struct rig_notice n;
	CLEANUP(buf_fini) struct buf log = BUF_INIT;
	struct stat st = {0};
	char path[256];

	begin(&r, &b, format, "drop");
	rig_puts(&r, 0, "login: ");
	while (stat(path_in(&r, FILE_0, path), &st) < 0 || st.st_size == 0)
		usleep(1000);
	atomic_store(&b.write_error, EIO);
	rig_puts(&r, 0, "root\nlost\n");
	rig_expect(&r, KEEPER_DROPPED, &n);
	cr_assert_eq(field_int(&n.frame, "lines", 0), 2);
	atomic_store(&b.write_error, 0);
	rig_expect(&r, KEEPER_BETTER, &n);
	rig_puts(&r, 0, "next\n");
	mark(&r);
	rig_read_log(&r, FILE_0, &log);
	for (char *at = log.data; *at;) {
		size_t stamp =
			*at == '{' ? strlen("{\"time\":\"2026-11-30T20:37:10.123456Z\",") : 28;
		char *end = strchr(at, '\n');

		cr_assert(end && (size_t)(end - at) >= stamp, "%s", at);
		cr_assert_eq(strncmp(at + stamp, ought, (size_t)(end + 1 - at) - stamp), 0, "%s",
			     log.data);
		ought += (size_t)(end + 1 - at) - stamp;
		at = end + 1;
	}
	cr_assert_str_eq(ought, "");
	rig_fini(&r);
	broken_fini(&b);
}

#define REMARK "supd: 2 lines (10 bytes) were dropped here: the log took nothing"

Test(broken, a_line_whose_end_is_dropped)
{
	drop_the_end("text", "login: \n" REMARK "\nnext\n");
	drop_the_end("json", "\"name\":\"a\",\"line\":\"login: \",\"more\":true}\n"
			     "\"name\":\"a\",\"line\":\"\"}\n"
			     "\"name\":\"a\",\"line\":\"" REMARK "\"}\n"
			     "\"name\":\"a\",\"line\":\"next\"}\n");
}

/* A mount namespace of the test's own, and a small file system in the log folder. */
static void small_disk(const struct rig *r)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
		cr_skip_test("it needs a mount namespace of its own");
	cr_assert_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mount("small", r->folder, "tmpfs", 0, "size=64k,mode=755"), 0);
}

/*
 * A part of a batch gets onto a disk that is full then, and cannot be cut off again: when both are
 * over it is not there twice; nor where another keeper comes meanwhile.
 */
static void torn(const char *format, bool kill)
{
	struct rig r;
	struct broken b;
	struct rig_notice n;
	CLEANUP(buf_fini) struct buf all = BUF_INIT;

	rig_init(&r);
	small_disk(&r);
	broken_init(&b, &r);
	rig_stream(&r, 0, &(struct rig_stream){.name = "a", .file = FILE_0, .format = format});
	rig_start(&r);
	put_lines(&r, &all, FEW);
	mark(&r);
	atomic_store(&b.cut_error, EIO);
	put_lines(&r, &all, FEW);
	rig_expect(&r, KEEPER_TROUBLE, &n);
	while (atomic_load(&b.refused) < 3)
		usleep(1000);
	if (kill) {
		rig_kill(&r);
		rig_start(&r);
		rig_expect(&r, KEEPER_TROUBLE, &n);
		/* It is no old file as long as that is in it. */
		rig_ask(&r, KEEPER_ROTATE, -1, 1);
		rig_expect(&r, KEEPER_DONE, &n);
		cr_assert_not_null(field_text(&n.frame, "error"));
	}
	cr_assert_eq(mount("small", r.folder, "tmpfs", MS_REMOUNT, "size=1m,mode=755"), 0);
	atomic_store(&b.cut_error, 0);
	rig_expect(&r, KEEPER_BETTER, &n);
	mark(&r);
	expect_all(&r, &all);
	rig_fini(&r);
	broken_fini(&b);
	umount(r.folder);
}

Test(broken, part_of_a_batch_that_cannot_be_cut_off)
{
	torn("text", false);
	torn("raw", false);
}

Test(broken, part_of_a_batch_that_cannot_be_cut_off_and_another_keeper)
{
	torn("text", true);
	torn("raw", true);
}

/* The disk of the log folder hangs: that is said of it, and the keeper is alive. */
Test(broken, a_log_folder_that_does_not_answer)
{
	struct rig r;
	struct broken b;
	struct rig_notice n;
	CLEANUP(buf_fini) struct buf all = BUF_INIT;

	rig_init(&r);
	broken_init(&b, &r);
	atomic_store(&b.hangs, true);
	rig_stream(&r, 0, &(struct rig_stream){.name = "a", .file = FILE_0, .format = "text"});
	rig_start(&r);
	put_lines(&r, &all, FEW);
	expect_trouble(&r, ETIMEDOUT, r.folder);
	rig_ask(&r, KEEPER_PING, -1, 3);
	rig_expect(&r, KEEPER_PONG, &n);
	atomic_store(&b.hangs, false);
	rig_expect(&r, KEEPER_BETTER, &n);
	mark(&r);
	expect_all(&r, &all);
	rig_fini(&r);
	broken_fini(&b);
}

/* A file system that cannot rename without replacing, as NFS cannot: rotation goes on. */
Test(broken, rotation_where_a_flag_of_rename_is_not_known)
{
	struct rig r;
	struct broken b;
	struct rig_notice n;
	CLEANUP(buf_fini) struct buf all = BUF_INIT;

	begin(&r, &b, "text", "block");
	atomic_store(&b.rename_error, EINVAL);
	for (int i = 1; i < 4; i++) {
		put_lines(&r, &all, 1);
		mark(&r);
		rig_ask(&r, KEEPER_ROTATE, -1, i);
		rig_expect(&r, KEEPER_DONE, &n);
		cr_assert_null(field_text(&n.frame, "error"), "%s", field_text(&n.frame, "error"));
	}
	cr_assert_eq(rig_count_old(&r, FILE_0), 3);
	expect_all(&r, &all);
	rig_fini(&r);
	broken_fini(&b);
}

/* ---- folders that may not be written into: a keeper has no right that its user has not ---- */

static void set_mode(const struct rig *r, const char *name, mode_t mode)
{
	char path[256];

	cr_assert_eq(chmod(path_in(r, name, path), mode), 0);
}

/* Rotation is what needs the folder. */
Test(broken, a_folder_that_may_not_be_written_blocks)
{
	struct rig r;
	struct rig_notice n;
	CLEANUP(buf_fini) struct buf all = BUF_INIT;

	rig_init(&r);
	rig_stream(
		&r, 0,
		&(struct rig_stream){.name = "a", .file = FILE_0, .format = "text", .size = 20000});
	rig_start(&r);
	put_lines(&r, &all, 1);
	mark(&r);
	set_mode(&r, FOLDER, 0555);
	put_lines(&r, &all, FEW);
	expect_trouble(&r, EACCES, FILE_0 " cannot be rotated");
	rig_kill(&r);
	rig_start(&r);
	expect_trouble(&r, EACCES, FILE_0);
	set_mode(&r, FOLDER, 0755);
	rig_expect(&r, KEEPER_BETTER, &n);
	mark(&r);
	expect_all(&r, &all);
	cr_assert_geq(rig_count_old(&r, FILE_0), 2);
	rig_fini(&r);
}

Test(broken, a_folder_that_may_not_be_written_drops_where_that_is_wanted)
{
	struct rig r;
	struct rig_notice n;
	int64_t heard = 0;

	rig_init(&r);
	rig_stream(&r, 0,
		   &(struct rig_stream){.name = "a",
					.file = FILE_0,
					.format = "text",
					.size = 20000,
					.overflow = "drop"});
	rig_start(&r);
	rig_puts(&r, 0, LINE);
	mark(&r);
	set_mode(&r, FOLDER, 0555);
	for (int i = 1; i < MANY; i++)
		rig_puts(&r, 0, LINE);
	rig_expect(&r, KEEPER_TROUBLE, &n);
	cr_assert_eq(field_int(&n.frame, "errno", 0), EACCES);
	heard += mark(&r);
	set_mode(&r, FOLDER, 0755);
	while (rig_hear(&r, &n, RIG_PATIENCE_MS) && strcmp(n.kind, "better") != 0)
		if (strcmp(n.kind, "dropped") == 0)
			heard += field_int(&n.frame, "lines", 0);
	rig_puts(&r, 0, LINE);
	heard += mark(&r);
	rig_ask(&r, KEEPER_FINISH, -1, 0);
	while (rig_hear(&r, &n, RIG_PATIENCE_MS))
		if (strcmp(n.kind, "dropped") == 0)
			heard += field_int(&n.frame, "lines", 0);
	cr_assert_eq(heard, expect_counted(&r, MANY + 1));
	cr_assert_gt(heard, 0);
	rig_fini(&r);
}

/* At a start: neither a folder, nor a file, nor what is in it can be opened. */
Test(broken, what_may_not_be_opened_is_waited_for)
{
	static const struct {
		const char *name, *part;
		mode_t mode, then;
	} rows[] = {
		{".", "folder " FOLDER, 0555, 0755},
		{FOLDER, FILE_0 " cannot be opened", 0555, 0755},
		{FOLDER, "folder " FOLDER, 0000, 0755},
		{FILE_0, FILE_0 " cannot be opened", 0440, 0640},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig r;
		struct rig_notice n;
		CLEANUP(buf_fini) struct buf all = BUF_INIT;
		char path[256];

		rig_init(&r);
		rig_stream(&r, 0,
			   &(struct rig_stream){.name = "a", .file = FILE_0, .format = "text"});
		if (i > 0)
			cr_assert_eq(mkdir(path_in(&r, FOLDER, path), 0755), 0);
		if (strcmp(rows[i].name, FILE_0) == 0)
			close(open(path_in(&r, FILE_0, path), O_CREAT | O_WRONLY | O_CLOEXEC,
				   0640));
		set_mode(&r, rows[i].name, rows[i].mode);
		rig_start(&r);
		put_lines(&r, &all, FEW);
		expect_trouble(&r, EACCES, rows[i].part);
		set_mode(&r, rows[i].name, rows[i].then);
		rig_expect(&r, KEEPER_BETTER, &n);
		mark(&r);
		expect_all(&r, &all);
		rig_fini(&r);
	}
}

/* A log folder that can be made later only: all is as if it had been there, packing too. */
Test(broken, a_log_folder_that_comes_late)
{
	struct rig r;
	struct rig_notice n;
	char path[256], packed[512];

	rig_init(&r);
	r.log_dir = path_in(&r, "late", path);
	set_mode(&r, ".", 0555);
	rig_stream(&r, 0, &(struct rig_stream){.name = "a", .file = FILE_0, .packing = "gzip"});
	rig_start(&r);
	rig_puts(&r, 0, LINE);
	expect_trouble(&r, EACCES, path);
	set_mode(&r, ".", 0755);
	mark(&r);
	rig_ask(&r, KEEPER_ROTATE, -1, 1);
	rig_expect(&r, KEEPER_ROTATED, &n);
	snprintf(packed, sizeof(packed), "%s/%.150s.gz", path, field_text(&n.frame, "file"));
	for (int i = 0; access(packed, F_OK) < 0; i++) {
		cr_assert_lt(i, RIG_PATIENCE_MS, "%s", packed);
		usleep(1000);
	}
	cr_assert_eq(rig_finish(&r), 0);
	rig_fini(&r);
}
