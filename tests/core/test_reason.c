/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/macros.h"
#include "core/reason.h"
#include "tests/support/alloc.h"

/* Every form is read, and printed as it was. */
Test(reason, forms)
{
	static const struct {
		const char *text;
		enum reason_kind kind;
		int code;
		bool normal_child, normal_link; /* SEMANTICS 54 */
		const char *printed;            /* NULL: as text */
	} rows[] = {
		{"normal", REASON_NORMAL, 0, true, true, NULL},
		{"shutdown", REASON_SHUTDOWN, 0, true, false, NULL},
		{"shutdown:", REASON_SHUTDOWN_TEXT, 0, true, false, NULL},
		{"shutdown:bye now", REASON_SHUTDOWN_TEXT, 0, true, false, NULL},
		{"exit:0", REASON_NORMAL, 0, true, true, "normal"},
		{"exit:1", REASON_EXIT, 1, false, false, NULL},
		{"exit:137", REASON_EXIT, 137, false, false, NULL},
		{"exit:255", REASON_EXIT, 255, false, false, NULL},
		{"exit:007", REASON_EXIT, 7, false, false, "exit:7"},
		{"exit:256", REASON_TEXT, 0, false, false, NULL},
		{"exit:-1", REASON_TEXT, 0, false, false, NULL},
		{"exit:", REASON_TEXT, 0, false, false, NULL},
		{"exit", REASON_TEXT, 0, false, false, NULL},
		{"signal:TERM", REASON_SIGNAL, SIGTERM, false, false, NULL},
		{"signal:SIGSEGV", REASON_SIGNAL, SIGSEGV, false, false, "signal:SEGV"},
		{"signal:NOPE", REASON_TEXT, 0, false, false, NULL},
		{"killed", REASON_KILLED, 0, false, false, NULL},
		{"kill", REASON_KILL, 0, false, false, NULL},
		{"noproc", REASON_NOPROC, 0, false, false, NULL},
		{"noconnection", REASON_NOCONNECTION, 0, false, false, NULL},
		{"timeout:start", REASON_TIMEOUT_START, 0, false, false, NULL},
		{"timeout", REASON_TEXT, 0, false, false, NULL},
		{"exec:ENOENT", REASON_EXEC, ENOENT, false, false, NULL},
		{"exec:EWHATEVER", REASON_TEXT, 0, false, false, NULL},
		{"watchdog", REASON_WATCHDOG, 0, false, false, NULL},
		{"unhealthy", REASON_UNHEALTHY, 0, false, false, NULL},
		{"mailbox_overflow", REASON_MAILBOX_OVERFLOW, 0, false, false, NULL},
		{"Normal", REASON_TEXT, 0, false, false, NULL},
		{"db said: no\xc3\xa4", REASON_TEXT, 0, false, false, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reason reason = REASON(REASON_NONE);
		char printed[REASON_FORMAT_MAX];

		cr_assert_eq(reason_parse(rows[i].text, &reason), 0, "%s", rows[i].text);
		cr_expect_eq(reason.kind, rows[i].kind, "%s: kind %d", rows[i].text, reason.kind);
		cr_expect_eq(reason.code, rows[i].code, "%s: code %d", rows[i].text, reason.code);
		cr_expect_eq(reason_is_normal_child(&reason), rows[i].normal_child, "%s",
			     rows[i].text);
		cr_expect_eq(reason_is_normal_link(&reason), rows[i].normal_link, "%s",
			     rows[i].text);
		cr_expect_str_eq(reason_format(&reason, printed),
				 rows[i].printed ? rows[i].printed : rows[i].text);
		reason_fini(&reason);
	}
}

Test(reason, refused)
{
	static const char *const rows[] = {"",         "a\nb",       "\x1b[31m", "a\x7f",
					   "\xff\xfe", "a\xc2\x9bm", "tab\t",    "shutdown:\r"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reason reason = REASON_EXIT_CODE(9);

		cr_expect_eq(reason_parse(rows[i], &reason), -EINVAL, "row %zu", i);
		cr_expect_eq(reason.code, 9, "row %zu: touched", i);
	}
}

/* What is too long is cut where a character begins. */
Test(reason, cut)
{
	char text[400];
	char printed[REASON_FORMAT_MAX];

	for (size_t before = 0; before < 4; before++) {
		struct reason reason;
		size_t size;

		memset(text, 'x', before);
		for (size_t i = before; i + 3 < sizeof(text); i += 3)
			strcpy(text + i, "\xe2\x82\xac");
		cr_assert_eq(reason_parse(text, &reason), 0);
		size = strlen(reason_format(&reason, printed));
		cr_expect_leq(size, REASON_TEXT_MAX);
		cr_expect_gt(size, REASON_TEXT_MAX - 3);
		cr_expect_eq((size - before) % 3, 0, "before %zu: cut at %zu", before, size);
		cr_expect_eq(strncmp(text, printed, size), 0);
		reason_fini(&reason);
	}
}

Test(reason, copies_share_and_outlive)
{
	struct reason a;
	struct reason b;
	char printed[REASON_FORMAT_MAX];

	cr_assert_eq(reason_parse("so it goes", &a), 0);
	alloc_fail_at(0);
	b = reason_copy(&a);
	cr_expect_eq(alloc_count(), 0, "a copy allocates");
	reason_fini(&a);
	cr_expect_eq(a.kind, REASON_NONE);
	cr_expect_str_eq(reason_format(&b, printed), "so it goes");
	reason_fini(&b);
	reason_fini(&b);
}

Test(reason, equal)
{
	static const char *const rows[] = {"normal",   "shutdown",  "shutdown:a", "shutdown:b",
					   "exit:1",   "exit:2",    "a",          "b",
					   "exec:EIO", "signal:INT"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t j = 0; j < ARRAY_LEN(rows); j++) {
			struct reason a;
			struct reason b;

			cr_assert_eq(reason_parse(rows[i], &a), 0);
			cr_assert_eq(reason_parse(rows[j], &b), 0);
			a.step = STEP_USER;
			cr_expect_eq(reason_equal(&a, &b), i == j, "%s, %s", rows[i], rows[j]);
			reason_fini(&a);
			reason_fini(&b);
		}
	}
}

Test(reason, short_of_memory)
{
	struct reason reason = REASON_EXIT_CODE(9);
	int r;

	alloc_fail_at(1);
	r = reason_parse("free text", &reason);
	cr_assert(alloc_fail_end());
	cr_expect_eq(r, -ENOMEM);
	cr_expect_eq(reason.code, 9);
	alloc_fail_at(1);
	reason = reason_shutdown_text("why");
	cr_assert(alloc_fail_end());
	cr_expect_eq(reason.kind, REASON_SHUTDOWN);
	reason = reason_shutdown_text("why");
	cr_expect_eq(reason.kind, REASON_SHUTDOWN_TEXT);
	reason_fini(&reason);
}

Test(reason, steps)
{
	for (int step = STEP_NONE + 1; step < STEP_N; step++) {
		const char *name = start_step_name((enum start_step)step);

		cr_expect_gt(strlen(name), 0, "step %d", step);
		cr_expect_eq((int)start_step_parse(name), step, "%s", name);
	}
	cr_expect_eq(start_step_parse("nonsense"), STEP_NONE);
	cr_expect_eq(start_step_parse(""), STEP_NONE);
}

/* What a failed step was about goes along, and is no part of the text. */
Test(reason, exec_with_its_object)
{
	struct reason with = reason_exec(STEP_CHDIR, ENOENT, "/srv/api");
	struct reason without = reason_exec(STEP_SPAWN, ENOENT, NULL);
	struct reason copy = reason_copy(&with);
	char text[REASON_FORMAT_MAX];

	cr_assert_str_eq(reason_object(&with), "/srv/api");
	cr_assert_str_eq(reason_object(&copy), "/srv/api");
	cr_assert_null(reason_object(&without));
	cr_assert_null(reason_object(&REASON(REASON_NORMAL)));
	cr_assert_str_eq(reason_format(&with, text), "exec:ENOENT");
	cr_assert(reason_equal(&with, &without));
	reason_fini(&with);
	cr_assert_str_eq(reason_object(&copy), "/srv/api");
	reason_fini(&copy);
	alloc_fail_at(1);
	with = reason_exec(STEP_CHDIR, ENOENT, "/srv/api");
	cr_assert(alloc_fail_end());
	cr_assert_null(reason_object(&with));
	cr_assert_eq(with.code, ENOENT);
}

/* The same of what the daemon has found. */
Test(reason, found_with_its_object)
{
	static const enum reason_kind kinds[] = {REASON_TIMEOUT_START, REASON_UNHEALTHY,
						 REASON_WATCHDOG};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct reason found = reason_found(kinds[i], "refused");
		struct reason copy = reason_copy(&found), plain = REASON((uint8_t)kinds[i]);
		char a[REASON_FORMAT_MAX], b[REASON_FORMAT_MAX];

		reason_fini(&found);
		cr_expect_str_eq(reason_object(&copy), "refused");
		cr_expect_str_eq(reason_format(&copy, a), reason_format(&plain, b));
		cr_expect(reason_equal(&copy, &plain));
		cr_expect_null(reason_object(&plain));
		reason_fini(&copy);
	}
}

/* 54: two questions with two answers. */
Test(reason, s54_normal_for_a_supervisor_and_for_a_link)
{
	static const struct {
		const char *text;
		bool child, link;
	} rows[] = {
		{"normal", true, true},         {"shutdown", true, false},
		{"shutdown:x", true, false},    {"exit:1", false, false},
		{"signal:TERM", false, false},  {"killed", false, false},
		{"kill", false, false},         {"noproc", false, false},
		{"noconnection", false, false}, {"timeout:start", false, false},
		{"exec:ENOENT", false, false},  {"some text", false, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reason reason;

		cr_assert_eq(reason_parse(rows[i].text, &reason), 0);
		cr_expect_eq(reason_is_normal_child(&reason), rows[i].child, "%s", rows[i].text);
		cr_expect_eq(reason_is_normal_link(&reason), rows[i].link, "%s", rows[i].text);
		reason_fini(&reason);
	}
}
