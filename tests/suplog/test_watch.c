/* SPDX-License-Identifier: MIT */

/* A line that is waited for: of what was written since, by whichever keeper. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/suplog/rig.h"

#define FILE_0 "a.log"
#define REF 5
#define MARK 77

static const struct rig_stream text = {.file = FILE_0, .name = "a"};
static const struct rig_stream raw = {.file = FILE_0, .name = "a", .format = "raw"};

static void begin(struct rig *r, const struct rig_stream *s)
{
	rig_init(r);
	rig_stream(r, 0, s);
}

static void expect_watching(struct rig *r, int64_t ref)
{
	struct rig_notice n;

	rig_expect(r, KEEPER_WATCHING, &n);
	cr_assert_eq(n.number, 0);
	cr_assert_eq(field_int(&n.frame, "ref", 0), ref);
}

static void watch(struct rig *r, int64_t ref, const char *pattern)
{
	rig_watch(r, 0, ref, pattern);
	expect_watching(r, ref);
}

static void expect_match(struct rig *r, int64_t ref)
{
	struct rig_notice n;

	rig_expect(r, KEEPER_MATCHED, &n);
	cr_assert_eq(n.number, 0);
	cr_assert_eq(field_int(&n.frame, "ref", 0), ref);
}

/* All that was written is in the log, and nothing of it has matched meanwhile. */
static void expect_none(struct rig *r)
{
	struct rig_notice n;

	rig_mark(r, 0, MARK, 0);
	cr_assert(rig_hear(r, &n, RIG_PATIENCE_MS));
	cr_assert_str_eq(n.kind, "marked");
	cr_assert_eq(field_int(&n.frame, "ref", 0), MARK);
}

static void expect_log(const struct rig *r, const char *ought)
{
	CLEANUP(buf_fini) struct buf log = BUF_INIT;

	rig_read_log(r, FILE_0, &log);
	cr_assert_str_eq(buf_text(&log), ought);
}

/* It is told of once. */
static void try_once(const struct rig_stream *s)
{
	struct rig r;

	begin(&r, s);
	rig_start(&r);
	watch(&r, REF, "^ready (now|soon)$");
	rig_puts(&r, 0, "not ready now\nready never\n");
	expect_none(&r);
	rig_puts(&r, 0, "ready soon\nready now\n");
	expect_match(&r, REF);
	rig_puts(&r, 0, "ready now\n");
	expect_none(&r);
	if (s == &raw)
		expect_log(&r, "not ready now\nready never\nready soon\nready now\nready now\n");
	rig_fini(&r);
}

Test(watch, a_line_of_text)
{
	try_once(&text);
}

Test(watch, a_line_of_raw)
{
	try_once(&raw);
}

/* What was in the pipe before is written, and means nothing. */
Test(watch, what_was_there_before_does_not_count)
{
	struct rig r;

	begin(&r, &raw);
	rig_puts(&r, 0, "ready\nready");
	rig_start(&r);
	watch(&r, REF, "ready");
	expect_none(&r);
	rig_puts(&r, 0, "\nready\n");
	expect_match(&r, REF);
	rig_fini(&r);
}

/* Of a log that takes nothing all is in the pipe: what was there when it was asked is passed over,
 * by a keeper that was killed meanwhile as well. */
Test(watch, goes_on_where_a_keeper_was_killed)
{
	struct rig r;

	begin(&r, &raw);
	for (int i = 0; i < 1000; i++)
		rig_puts(&r, 0, "ready, said the one before\n");
	rig_start(&r);
	watch(&r, REF, "^ready");
	rig_kill(&r);
	for (int i = 0; i < 20; i++) {
		rig_start(&r);
		expect_watching(&r, REF);
		rig_kill(&r);
	}
	rig_start(&r);
	expect_watching(&r, REF);
	expect_none(&r);
	rig_puts(&r, 0, "ready\n");
	expect_match(&r, REF);
	rig_kill(&r);
	/* Whoever had not heard it is told again. */
	rig_start(&r);
	expect_watching(&r, REF);
	expect_match(&r, REF);
	rig_fini(&r);
}

/* What came after it was asked counts, also where nobody had time to look at it. */
Test(watch, nothing_new_is_passed_over)
{
	struct rig r;

	begin(&r, &text);
	rig_puts(&r, 0, "ready before\n");
	rig_start(&r);
	watch(&r, REF, "^ready$");
	rig_kill(&r);
	rig_puts(&r, 0, "ready\n");
	rig_start(&r);
	expect_watching(&r, REF);
	expect_match(&r, REF);
	rig_fini(&r);
}

/* The next one asks for itself, and who gives up is told nothing. */
Test(watch, another_one)
{
	struct rig r;

	begin(&r, &raw);
	rig_start(&r);
	watch(&r, REF, "ready");
	rig_puts(&r, 0, "ready\n");
	expect_match(&r, REF);
	watch(&r, REF + 1, "ready");
	expect_none(&r);
	rig_puts(&r, 0, "ready\n");
	expect_match(&r, REF + 1);
	watch(&r, REF + 2, "ready");
	rig_watch(&r, 0, 0, NULL);
	expect_none(&r);
	rig_puts(&r, 0, "ready\n");
	expect_none(&r);
	rig_fini(&r);
}

/* It is a line that was written, whether the log has it or not. */
Test(watch, a_line_that_is_dropped_counts)
{
	struct rig r;
	struct rig_stream s = text;

	s.rate = 2;
	begin(&r, &s);
	rig_start(&r);
	watch(&r, REF, "^ready$");
	rig_puts(&r, 0, "one\ntwo\nthree\nready\nfive\n");
	expect_match(&r, REF);
	rig_fini(&r);
}

Test(watch, also_by_a_log_that_takes_nothing)
{
	struct rig r;
	struct rig_stream s = text;
	struct rig_notice n;
	char path[128];

	s.overflow = "drop";
	begin(&r, &s);
	/* A log that is a folder is none. */
	snprintf(path, sizeof(path), "%s/" FILE_0, r.folder);
	cr_assert_eq(mkdir(path, 0755), 0);
	rig_start(&r);
	rig_puts(&r, 0, "ready\n");
	rig_expect(&r, KEEPER_DROPPED, &n);
	watch(&r, REF, "^ready$");
	rig_puts(&r, 0, "not yet\nready\n");
	expect_match(&r, REF);
	rig_fini(&r);
}
