/* SPDX-License-Identifier: MIT */

/* What the record tells supd of how far a stream has come, and marks of a place in it. */

#include <criterion/criterion.h>
#include <string.h>

#include "tests/suplog/rig.h"

#define FILE_0 "a.log"

static const struct rig_stream text = {.name = "a", .file = FILE_0, .format = "text"};
static const struct rig_stream raw = {.name = "a", .file = FILE_0, .format = "raw"};

/*
 * What supd does at the end of a process, once its successor writes already: the last lines are
 * those of the one before, and a line that is open is the successor's.
 */
static void mark_before_a_successor(const struct rig_stream *kind, bool open)
{
	struct rig r;
	struct rig_notice n;
	struct field f;

	rig_init(&r);
	rig_stream(&r, 0, kind);
	rig_start(&r);
	rig_puts(&r, 0, "one\ntwo\n");
	rig_await_taken(&r, 0, 8, false);
	rig_puts(&r, 0, "three\nlogin: ");
	rig_await_taken(&r, 0, 21, open);
	rig_mark_at(&r, 0, 77, 20, 8);
	rig_expect(&r, KEEPER_MARKED, &n);
	cr_assert(field_find(&n.frame, "tail", FIELD_BYTES, &f));
	cr_expect(f.text_size == 8 && memcmp(f.text, "one\ntwo\n", 8) == 0, "`%.*s`",
		  (int)f.text_size, f.text);
	rig_puts(&r, 0, "root\n");
	rig_await_taken(&r, 0, 26, false);
	rig_expect_log(&r, FILE_0, open, "one\ntwo\nthree\nlogin: root\n");
	rig_fini(&r);
}

Test(progress, a_mark_of_a_moment_before_text)
{
	mark_before_a_successor(&text, true);
}

Test(progress, a_mark_of_a_moment_before_raw)
{
	mark_before_a_successor(&raw, false);
}

/* A place that this keeper never comes to, as another one has counted it. */
Test(progress, a_mark_that_is_too_far)
{
	struct rig r;
	struct rig_notice n;

	rig_init(&r);
	rig_stream(&r, 0, &text);
	rig_start(&r);
	rig_puts(&r, 0, "one\ntw");
	rig_mark_at(&r, 0, 77, 20, 1000);
	rig_expect(&r, KEEPER_MARKED, &n);
	rig_expect_log(&r, FILE_0, true, "one\ntw\n");
	rig_fini(&r);
}

/* A keeper counts on where the one before was. */
Test(progress, progress_goes_on_after_a_kill)
{
	struct rig r;

	rig_init(&r);
	rig_stream(&r, 0, &text);
	rig_start(&r);
	rig_puts(&r, 0, "one\n");
	rig_await_taken(&r, 0, 4, false);
	rig_kill(&r);
	rig_start(&r);
	rig_puts(&r, 0, "two\n");
	rig_await_taken(&r, 0, 8, false);
	rig_fini(&r);
}
