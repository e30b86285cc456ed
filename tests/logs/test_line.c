/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "logs/line.h"

#define T "2026-11-30T20:37:10.123456Z"
#define JSON "{\"time\":\"" T "\",\"name\":\"web/api\","

static const struct {
	const char *raw;
	enum logs_format format;
	const char *text;
	size_t size;
	bool has_time, continues, more;
} rows[] = {
	{T " hello", LOGS_TEXT, "hello", 5, true, false, false},
	{T " ", LOGS_TEXT, "", 0, true, false, false},
	{T "+ hello", LOGS_TEXT, " hello", 6, true, true, false},
	{T, LOGS_TEXT, T, UTC_SIZE, false, false, false},
	{T "-hello", LOGS_TEXT, T "-hello", UTC_SIZE + 6, false, false, false},
	{"hello", LOGS_TEXT, "hello", 5, false, false, false},
	{"", LOGS_TEXT, "", 0, false, false, false},
	{T " hello", LOGS_RAW, T " hello", UTC_SIZE + 6, false, false, false},
	{JSON "\"line\":\"hello\"}", LOGS_JSON, "hello", 5, true, false, false},
	{JSON "\"line\":\"\"}", LOGS_JSON, "", 0, true, false, false},
	{JSON "\"line\":\"hel\",\"more\":true}", LOGS_JSON, "hel", 3, true, false, true},
	{JSON "\"line\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u001b\"}", LOGS_JSON,
	 "\"\\/\b\f\n\r\t\0\33", 10, true, false, false},
	{JSON "\"line\":\"\\u00fc\\u20AC\\ud83d\\ude00\"}", LOGS_JSON,
	 "\303\274\342\202\254\360\237\230\200", 9, true, false, false},
	{JSON "\"line_base64\":\"/w==\"}", LOGS_JSON, "\377", 1, true, false, false},
	{JSON "\"line_base64\":\"AP8=\"}", LOGS_JSON, "\0\377", 2, true, false, false},
	{JSON "\"line_base64\":\"AP8B\"}", LOGS_JSON, "\0\377\1", 3, true, false, false},
	{JSON "\"line_base64\":\"+/8BAg==\",\"more\":true}", LOGS_JSON, "\373\377\1\2", 4, true,
	 false, true},
};

Test(line, rows)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf scratch = BUF_INIT;
		struct log_line line;

		cr_assert_eq(line_parse(rows[i].format, rows[i].raw, strlen(rows[i].raw), &scratch,
					&line),
			     0);
		cr_expect_eq(line.size, rows[i].size, "row %zu", i);
		cr_expect_eq(memcmp(line.text, rows[i].text, MIN_OF(line.size, rows[i].size)), 0,
			     "row %zu: %.*s", i, (int)line.size, line.text);
		cr_expect_eq(line.has_time, rows[i].has_time, "row %zu", i);
		cr_expect_eq(line.continues, rows[i].continues, "row %zu", i);
		cr_expect_eq(line.more, rows[i].more, "row %zu", i);
		if (rows[i].format == LOGS_JSON)
			cr_expect(line.name_size == 7 && memcmp(line.name, "web/api", 7) == 0);
		else
			cr_expect_null(line.name);
		cr_expect_eq(line_is_continued(rows[i].raw, strlen(rows[i].raw)), rows[i].more);
		if (rows[i].format == LOGS_TEXT)
			cr_expect_eq(line_is_piece(rows[i].raw, strlen(rows[i].raw)),
				     rows[i].continues);
		buf_fini(&scratch);
	}
}

/* What is not quite a record is a line of text, as it stands. */
Test(line, no_records)
{
	static const char *const raws[] = {
		"{",
		"{}",
		JSON "\"line\":\"hello\"}x",
		JSON "\"line\":\"hello\"",
		JSON "\"line\":\"hello",
		JSON "\"line\":\"hel\\",
		JSON "\"line\":\"hel\\x\"}",
		JSON "\"line\":\"\\u12\"}",
		JSON "\"line\":\"\\u12g4\"}",
		JSON "\"line\":\"\\ud83d\"}",
		JSON "\"line\":\"\\ude00\"}",
		JSON "\"line\":\"\\ud83d\\u0041\"}",
		JSON "\"line_base64\":\"A\"}",
		JSON "\"line_base64\":\"AP=8\"}",
		JSON "\"line_base64\":\"A===\"}",
		JSON "\"text\":\"hello\"}",
		"{\"time\":\"yesterday\",\"name\":\"a\",\"line\":\"hello\"}",
		"{\"seq\":12,\"kind\":\"exit\"}",
	};

	for (size_t i = 0; i < ARRAY_LEN(raws); i++) {
		struct buf scratch = BUF_INIT;
		struct log_line line;

		cr_assert_eq(line_parse(LOGS_JSON, raws[i], strlen(raws[i]), &scratch, &line), 0);
		cr_expect(!line.has_time && !line.more && !line.name, "%s", raws[i]);
		cr_expect(line.text == raws[i] && line.size == strlen(raws[i]), "%s", raws[i]);
		buf_fini(&scratch);
	}
}

/* Cut anywhere, it is read within its bounds. */
Test(line, every_cut)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t size = 0; size < strlen(rows[i].raw); size++) {
			char *cut = size > 0 ? memcpy(malloc(size), rows[i].raw, size) : NULL;
			struct buf scratch = BUF_INIT;
			struct log_line line;

			cr_assert_eq(
				line_parse(rows[i].format, cut ? cut : "", size, &scratch, &line),
				0);
			cr_assert_leq(line.size, size);
			buf_fini(&scratch);
			free(cut);
		}
	}
}
