/* SPDX-License-Identifier: MIT */

/* What a keeper does with one stream: lines, marks, rotation, forgetting, the end. */

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/suplog/rig.h"

#define FILE_0 "services/web/api.log"

static const struct rig_stream text = {.name = "web/api", .file = FILE_0, .format = "text"};
static const struct rig_stream raw = {.name = "web/api", .file = FILE_0, .format = "raw"};

/* Marks stream 0 and waits; its tail is compared where it is not NULL. */
static void mark(struct rig *r, int64_t lines, const char *tail)
{
	struct rig_notice n;
	struct field f;

	rig_mark(r, 0, 77, lines);
	rig_expect(r, KEEPER_MARKED, &n);
	cr_assert_eq(field_int(&n.frame, "ref", 0), 77);
	cr_assert(field_find(&n.frame, "tail", FIELD_BYTES, &f));
	if (tail)
		cr_assert(f.text_size == strlen(tail) && memcmp(f.text, tail, f.text_size) == 0,
			  "the tail is `%.*s`", (int)f.text_size, f.text);
}

Test(streams, lines_are_written_and_the_last_is_ended)
{
	struct rig r;

	rig_init(&r);
	rig_stream(&r, 0, &text);
	rig_start(&r);
	rig_puts(&r, 0, "one\ntwo\nthr");
	mark(&r, 2, "two\nthr");
	rig_expect_log(&r, FILE_0, true, "one\ntwo\nthr\n");
	rig_puts(&r, 0, "four\n");
	mark(&r, 20, NULL);
	rig_expect_log(&r, FILE_0, true, "one\ntwo\nthr\nfour\n");
	cr_assert_eq(rig_finish(&r), 0);
	rig_fini(&r);
}

/* A line whose end does not come is written all the same, and goes on in the same line. */
Test(streams, a_partial_line_is_written_after_a_while)
{
	struct rig r;
	struct stat st = {0};
	char path[256];

	rig_init(&r);
	rig_stream(&r, 0, &text);
	rig_start(&r);
	rig_puts(&r, 0, "login: ");
	snprintf(path, sizeof(path), "%s/" FILE_0, r.folder);
	while (stat(path, &st) < 0 || st.st_size == 0)
		usleep(1000);
	rig_puts(&r, 0, "root\nnext\n");
	mark(&r, 0, "");
	rig_expect_log(&r, FILE_0, true, "login: root\nnext\n");
	rig_fini(&r);
}

Test(streams, raw_is_what_came)
{
	struct rig r;
	static const char bytes[] = "a\0b\xff\n\n\r\x1b[1mno end";
	CLEANUP(buf_fini) struct buf log = BUF_INIT;

	rig_init(&r);
	rig_stream(&r, 0, &raw);
	rig_start(&r);
	rig_write(&r, 0, bytes, sizeof(bytes) - 1);
	mark(&r, 1, "\r\x1b[1mno end");
	rig_read_log(&r, FILE_0, &log);
	cr_assert_eq(log.size, sizeof(bytes) - 1);
	cr_assert_eq(memcmp(log.data, bytes, log.size), 0);
	rig_fini(&r);
}

/* Neither tears a line, loses one, nor lets a file grow over its limit. */
static void rotate_by_size(const char *format)
{
	struct rig r;
	struct rig_stream s = text;
	CLEANUP(buf_fini) struct buf all = BUF_INIT, log = BUF_INIT, bare = BUF_INIT;

	rig_init(&r);
	s.format = format;
	s.size = 100000;
	rig_stream(&r, 0, &s);
	rig_start(&r);
	for (int i = 0; i < 40000; i++)
		buf_printf(&all, "line %d of many that go into one file after the other\n", i);
	rig_write(&r, 0, all.data, all.size);
	mark(&r, 20, NULL);
	rig_read_log(&r, FILE_0, &log);
	if (strcmp(format, "text") == 0)
		rig_strip(&log, &bare);
	cr_assert_str_eq(*format == 't' ? bare.data : log.data, all.data);
	cr_assert_leq(rig_largest(&r, FILE_0), 100000);
	cr_assert_geq(rig_count_old(&r, FILE_0), log.size / 100000);
	cr_assert_leq(rig_count_old(&r, FILE_0), log.size / 99000 + 1);
	rig_fini(&r);
}

Test(streams, text_is_rotated_by_size)
{
	rotate_by_size("text");
}

Test(streams, raw_is_rotated_by_size)
{
	rotate_by_size("raw");
}

Test(streams, as_many_old_files_are_kept_as_are_wanted)
{
	struct rig r;
	struct rig_stream s = text;
	struct rig_notice n;

	rig_init(&r);
	s.files = 2;
	rig_stream(&r, 0, &s);
	rig_start(&r);
	for (int i = 1; i <= 5; i++) {
		rig_puts(&r, 0, "x\n");
		mark(&r, 0, "");
		rig_ask(&r, KEEPER_ROTATE, -1, i);
		rig_expect(&r, KEEPER_ROTATED, &n);
		cr_assert_eq(n.number, 0);
		cr_assert_eq(field_int(&n.frame, "ref", 0), i);
		cr_assert_eq(strncmp(field_text(&n.frame, "file"), FILE_0 ".2", sizeof(FILE_0) + 1),
			     0);
		rig_expect(&r, KEEPER_DONE, &n);
		cr_assert_eq(field_int(&n.frame, "ref", 0), i);
		cr_assert_null(field_text(&n.frame, "error"));
		cr_assert_eq(rig_count_old(&r, FILE_0), (size_t)MIN_OF(i, 2));
	}
	/* Nothing to rotate: done all the same. */
	rig_ask(&r, KEEPER_ROTATE, 0, 9);
	rig_expect(&r, KEEPER_DONE, &n);
	cr_assert_eq(rig_count_old(&r, FILE_0), 2);
	rig_fini(&r);
}

/* A request waits for the end of a line, not for ever; then the file is rotated when it ends. */
Test(streams, a_request_does_not_tear_a_line)
{
	struct rig r;
	struct rig_notice n;

	rig_init(&r);
	rig_stream(&r, 0, &raw);
	rig_start(&r);
	rig_puts(&r, 0, "whole\nbegun ");
	mark(&r, 0, "");
	rig_ask(&r, KEEPER_ROTATE, -1, 5);
	rig_expect(&r, KEEPER_DONE, &n);
	cr_assert_not_null(field_text(&n.frame, "error"));
	cr_assert_eq(rig_count_old(&r, FILE_0), 0);
	rig_puts(&r, 0, "ended\nnew\n");
	rig_expect(&r, KEEPER_ROTATED, &n);
	mark(&r, 0, "");
	rig_expect_log(&r, FILE_0, false, "whole\nbegun ended\nnew\n");
	cr_assert_eq(rig_count_old(&r, FILE_0), 1);
	rig_fini(&r);
}

Test(streams, a_file_that_is_old_is_rotated)
{
	struct rig r;
	struct rig_stream s = text;
	struct rig_notice n;

	rig_init(&r);
	s.age = SPAN_MS(300);
	rig_stream(&r, 0, &s);
	rig_start(&r);
	rig_puts(&r, 0, "x\n");
	rig_expect(&r, KEEPER_ROTATED, &n);
	rig_puts(&r, 0, "y\n");
	rig_expect(&r, KEEPER_ROTATED, &n);
	rig_expect_log(&r, FILE_0, true, "x\ny\n");
	cr_assert_eq(rig_count_old(&r, FILE_0), 2);
	rig_fini(&r);
}

/* A forgotten stream's number is another's at once. */
Test(streams, a_number_is_used_again)
{
	struct rig r;
	struct rig_stream other = {.name = "other", .file = "services/other.log", .format = "text"};

	rig_init(&r);
	rig_stream(&r, 0, &text);
	rig_start(&r);
	for (int i = 0; i < 20; i++) {
		rig_puts(&r, 0, "x\n");
		mark(&r, 0, "");
		rig_ask(&r, KEEPER_FORGET, 0, 0);
		close(r.pipes[0][0]);
		close(r.pipes[0][1]);
		r.pipes[0][0] = -1;
		rig_stream(&r, 0, i % 2 ? &text : &other);
	}
	rig_puts(&r, 0, "last\n");
	mark(&r, 1, "last\n");
	rig_expect_log(&r, FILE_0, true, "x\nx\nx\nx\nx\nx\nx\nx\nx\nx\nlast\n");
	rig_fini(&r);
}

/* Other settings for a stream that is there: no line is lost on the way. */
Test(streams, settings_change_between_lines)
{
	struct rig r;

	rig_init(&r);
	rig_stream(&r, 0, &text);
	rig_start(&r);
	rig_puts(&r, 0, "as text\n");
	mark(&r, 0, "");
	r.streams[0].file = "elsewhere.log";
	r.streams[0].format = "raw";
	rig_tell_stream(&r, 0, false);
	mark(&r, 0, ""); /* it was heard: the pipe may be looked at before the socket */
	rig_puts(&r, 0, "as raw\n");
	mark(&r, 0, "");
	rig_expect_log(&r, FILE_0, true, "as text\n");
	rig_expect_log(&r, "elsewhere.log", false, "as raw\n");
	rig_fini(&r);
}

/* All is written before the end, whoever is still there. */
Test(streams, pipes_are_read_empty_at_the_end)
{
	struct rig r;
	CLEANUP(buf_fini) struct buf all = BUF_INIT;

	rig_init(&r);
	for (int i = 0; i < 60000 / 10; i++)
		buf_printf(&all, "%08d\n", i);
	rig_stream(&r, 0, &text);
	rig_start(&r);
	rig_write(&r, 0, all.data, all.size);
	cr_assert_eq(rig_finish(&r), 0);
	rig_expect_log(&r, FILE_0, true, all.data);
	rig_fini(&r);
}

/* supd is gone: so are the pipes' other ends, but not what is in them. */
Test(streams, supd_dies)
{
	struct rig r;
	struct rig_notice n;

	rig_init(&r);
	rig_stream(&r, 0, &text);
	rig_start(&r);
	rig_puts(&r, 0, "last words\n");
	shutdown(r.control, SHUT_WR);
	while (rig_hear(&r, &n, RIG_PATIENCE_MS))
		;
	rig_expect_log(&r, FILE_0, true, "last words\n");
	rig_fini(&r);
}

Test(streams, garbage_ends_nothing)
{
	struct rig r;
	char bytes[300];

	rig_init(&r);
	rig_stream(&r, 0, &text);
	rig_start(&r);
	srand(1);
	for (int i = 0; i < 2000; i++) {
		for (size_t n = 0; n < sizeof(bytes); n++)
			bytes[n] = (char)rand();
		rig_send(&r, bytes, 1 + (size_t)rand() % sizeof(bytes));
	}
	rig_ask(&r, KEEPER_MARK, 70000, 1);
	rig_ask(&r, KEEPER_MARK, INT64_MAX, 1);
	rig_ask(&r, KEEPER_FORGET, 99, 1);
	rig_ask(&r, KEEPER_BEGIN, 0, 1);
	rig_ask(&r, KEEPER_STREAM, 3, 1);
	rig_puts(&r, 0, "still here\n");
	mark(&r, 1, "still here\n");
	rig_fini(&r);
}

/* A line that never ends is cut where it is as long as lines may be. */
Test(streams, a_line_without_end)
{
	struct rig r;
	struct rig_stream s = text;
	CLEANUP(buf_fini) struct buf log = BUF_INIT, bare = BUF_INIT;
	static char block[65536];

	rig_init(&r);
	s.size = 1 << 20;
	s.line_max = 1000;
	rig_stream(&r, 0, &s);
	rig_start(&r);
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 64; i++)
		rig_write(&r, 0, block, sizeof(block));
	rig_puts(&r, 0, "end\n");
	mark(&r, 0, "");
	rig_read_log(&r, FILE_0, &log);
	rig_strip(&log, &bare);
	cr_assert_eq(bare.size, 64 * sizeof(block) + 4);
	cr_assert_leq(rig_largest(&r, FILE_0), (1 << 20) + 1000);
	rig_fini(&r);
}

/* What is above the rate is counted, and said in the log. */
Test(streams, lines_above_the_rate_are_dropped)
{
	struct rig r;
	struct rig_stream s = text;
	struct rig_notice n;

	rig_init(&r);
	s.rate = 3;
	rig_stream(&r, 0, &s);
	rig_start(&r);
	rig_puts(&r, 0, "1\n2\n3\n4\n5\n");
	rig_expect(&r, KEEPER_DROPPED, &n);
	cr_assert_str_eq(field_text(&n.frame, "why"), "rate");
	cr_assert_eq(field_int(&n.frame, "lines", 0), 2);
	r.streams[0].rate = 0;
	rig_tell_stream(&r, 0, false);
	rig_puts(&r, 0, "6\n");
	mark(&r, 0, "");
	rig_fini(&r);
}

/* Old files are packed in the background; none is lost on the way. */
Test(streams, old_files_are_packed)
{
	struct rig r;
	struct rig_stream s = text;
	struct rig_notice n;
	struct stat st = {0};
	char path[512];

	rig_init(&r);
	s.packing = "zstd";
	rig_stream(&r, 0, &s);
	rig_start(&r);
	rig_puts(&r, 0, "to be packed\n");
	mark(&r, 0, "");
	rig_ask(&r, KEEPER_ROTATE, -1, 1);
	rig_expect(&r, KEEPER_ROTATED, &n);
	snprintf(path, sizeof(path), "%s/%s.zst", r.folder, field_text(&n.frame, "file"));
	for (int i = 0; i < RIG_PATIENCE_MS && stat(path, &st) < 0; i++)
		usleep(1000);
	cr_assert_gt(st.st_size, 0);
	rig_fini(&r);
}

/* A supd that hears nothing for long does not make the keeper keep all that it would say. */
Test(streams, rotations_that_nobody_hears_of)
{
	enum { LINES = 4000, LINE_SIZE = 100 };
	struct rig r;
	struct rig_notice n;
	char line[LINE_SIZE];
	int told = 0, waiting;

	memset(line, 'x', sizeof(line));
	line[LINE_SIZE - 1] = '\n';
	rig_init(&r);
	rig_stream(&r, 0,
		   &(struct rig_stream){.file = FILE_0, .format = "raw", .size = 1, .files = 2});
	rig_start(&r);
	for (int i = 0; i < LINES; i++)
		rig_write(&r, 0, line, sizeof(line));
	do
		usleep(1000);
	while (ioctl(r.pipes[0][0], FIONREAD, &waiting) == 0 && waiting > 0);
	rig_mark(&r, 0, 5, 0);
	while (rig_hear(&r, &n, RIG_PATIENCE_MS) && strcmp(n.kind, "marked") != 0)
		told += strcmp(n.kind, "rotated") == 0;
	cr_assert_str_eq(n.kind, "marked");
	cr_assert_lt(told, LINES / 2);
	cr_assert_eq(rig_finish(&r), 0);
	rig_fini(&r);
}

/* The log has so many old files, and something in the new one. */
static void until_rotated(const struct rig *r, size_t old)
{
	struct stat st = {0};
	char path[256];

	snprintf(path, sizeof(path), "%s/" FILE_0, r->folder);
	while (rig_count_old(r, FILE_0) < old || stat(path, &st) < 0 || st.st_size == 0)
		usleep(1000);
}

/* A file that begins with a line which has no end yet: that goes on there. */
static void begin_file_with_open_line(bool kill)
{
	struct rig r;
	struct rig_stream s = text;

	rig_init(&r);
	s.size = 60;
	rig_stream(&r, 0, &s);
	rig_start(&r);
	rig_puts(&r, 0, "the first of them\n");
	mark(&r, 0, "");
	rig_puts(&r, 0, "login: ");
	until_rotated(&r, 1);
	if (kill) {
		rig_kill(&r);
		rig_start(&r);
	}
	rig_puts(&r, 0, "root\n");
	mark(&r, 0, "");
	rig_expect_log(&r, FILE_0, true, "the first of them\nlogin: root\n");
	rig_fini(&r);
}

Test(streams, a_file_that_begins_with_an_open_line)
{
	begin_file_with_open_line(false);
	begin_file_with_open_line(true);
}

/* What was to be rotated when a line ends is, in the midst of a batch that fills a file. */
Test(streams, each_old_file_that_is_told_of_is_there)
{
	struct rig r;
	struct rig_stream s = raw;
	struct rig_notice n;
	CLEANUP(buf_fini) struct buf all = BUF_INIT;
	char path[512];
	size_t told = 0;

	rig_init(&r);
	s.size = 4096;
	rig_stream(&r, 0, &s);
	rig_start(&r);
	buf_puts(&all, "begun ");
	rig_puts(&r, 0, all.data);
	mark(&r, 0, "");
	rig_ask(&r, KEEPER_ROTATE, -1, 5);
	rig_expect(&r, KEEPER_DONE, &n);
	buf_puts(&all, "ended\n");
	for (int i = 0; i < 200; i++)
		buf_printf(&all, "line %d of many that go into one file after the other\n", i);
	rig_puts(&r, 0, all.data + strlen("begun "));
	rig_mark(&r, 0, 5, 0);
	while (rig_hear(&r, &n, RIG_PATIENCE_MS) && strcmp(n.kind, "marked") != 0) {
		cr_assert_str_eq(n.kind, "rotated", "%s", n.kind);
		snprintf(path, sizeof(path), "%s/%s", r.folder, field_text(&n.frame, "file"));
		cr_assert_eq(access(path, F_OK), 0, "%s", path);
		told++;
	}
	cr_assert_eq(told, rig_count_old(&r, FILE_0));
	rig_expect_log(&r, FILE_0, false, all.data);
	rig_fini(&r);
}

/* The last lines of a log that is copied unseen, asked for again and again. */
Test(streams, raw_lines_are_told_once)
{
	struct rig r;

	rig_init(&r);
	rig_stream(&r, 0, &raw);
	rig_start(&r);
	rig_puts(&r, 0, "one\ntwo\n");
	mark(&r, 20, "one\ntwo\n");
	mark(&r, 20, "one\ntwo\n");
	rig_puts(&r, 0, "three\n");
	mark(&r, 20, "one\ntwo\nthree\n");
	mark(&r, 2, "two\nthree\n");
	rig_fini(&r);
}

/* What is written in another format is not glued to a line that has no end. */
static void change_format(const char *from, const char *to)
{
	struct rig r;
	struct rig_stream s = text;
	CLEANUP(buf_fini) struct buf log = BUF_INIT;
	const char *end;

	rig_init(&r);
	s.format = from;
	rig_stream(&r, 0, &s);
	rig_start(&r);
	rig_puts(&r, 0, "login: ");
	until_rotated(&r, 0);
	r.streams[0].format = to;
	rig_tell_stream(&r, 0, false);
	mark(&r, 0, "");
	rig_puts(&r, 0, "next\n");
	mark(&r, 0, "");
	rig_read_log(&r, FILE_0, &log);
	end = strchr(log.data, '\n');
	cr_assert(end && end > strstr(log.data, "login: "), "%s, %s: %s", from, to, log.data);
	cr_assert(end < strstr(log.data, "next"), "%s, %s: %s", from, to, log.data);
	rig_fini(&r);
}

Test(streams, the_format_changes_within_a_line)
{
	static const char *const formats[] = {"text", "json", "raw"};

	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		for (size_t j = 0; j < ARRAY_LEN(formats); j++)
			if (i != j)
				change_format(formats[i], formats[j]);
}

/* A line may be longer than its pipe. */
Test(streams, a_line_that_the_pipe_does_not_hold)
{
	enum { SIZE = 300000 };
	struct rig r;
	struct rig_stream s = text;
	static char line[SIZE];
	CLEANUP(buf_fini) struct buf log = BUF_INIT, bare = BUF_INIT;

	rig_init(&r);
	s.line_max = 1 << 20;
	rig_stream(&r, 0, &s);
	rig_start(&r);
	memset(line, 'x', sizeof(line));
	line[SIZE - 1] = '\n';
	rig_puts(&r, 0, "before\n");
	rig_write(&r, 0, line, sizeof(line));
	mark(&r, 0, "");
	rig_read_log(&r, FILE_0, &log);
	rig_strip(&log, &bare);
	cr_assert_eq(bare.size, 7 + SIZE);
	/* With two times in front of them. */
	cr_assert_eq(log.size, bare.size + 2 * 28);
	rig_fini(&r);
}
