/* SPDX-License-Identifier: MIT */

/* Rows as JSON: each type, what may not stand in a line, and times against the C library's. */

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "wire/field.h"
#include "wire/json.h"

static void begin(struct wire_encoder *e, struct buf *b)
{
	struct wire_frame frame = wire_frame(WIRE_ROW, "", 1);

	wire_begin(e, b, &frame);
}

/* Ends the only frame in b and renders it. */
static void end(struct wire_encoder *e, struct buf *b, struct buf *json)
{
	struct wire_frame frame = {0};
	size_t cursor = 0;

	cr_assert_eq(wire_end(e), 0);
	cr_assert_eq(wire_decode(b->data, b->size, &cursor, &frame), 1);
	json_put_row(json, &frame);
	cr_assert_eq(json->error, 0);
	buf_fini(b);
}

Test(json, every_type)
{
	char *const words[] = {(char[]){"a"}, (char[]){""}, (char[]){"\"b\\c"}, NULL};
	char *const none[] = {NULL};
	struct buf b = BUF_INIT, json = BUF_INIT;
	struct wire_encoder e;

	begin(&e, &b);
	field_put_null(&e, FIELD_DETAIL, "null");
	field_put_bool(&e, 0, "yes", true);
	field_put_bool(&e, 0, "no", false);
	field_put_int(&e, 0, "zero", 0);
	field_put_int(&e, 0, "least", INT64_MIN);
	field_put_int(&e, 0, "most", INT64_MAX);
	field_put_text(&e, FIELD_HIDDEN, "hidden", "not seen");
	field_put_text(&e, 0, "text", "web/db");
	field_put_text(&e, 0, "empty", "");
	field_put_text(&e, 0, "none", NULL);
	field_put_span(&e, 0, "span", SPAN_MS(1050));
	field_put_span(&e, 0, "for_ever", SPAN_INFINITY);
	field_put_time(&e, 0, "time", 1700000000123456789);
	field_put_list(&e, 0, "list", words);
	field_put_list(&e, 0, "empty_list", none);
	field_put_bytes(&e, 0, "bytes", "x\n", 2);
	field_put_bytes(&e, 0, "nul", "\0\xff", 2);
	end(&e, &b, &json);
	cr_assert_str_eq(
		buf_text(&json),
		"{\"null\":null,\"yes\":true,\"no\":false,\"zero\":0,\"least\":-"
		"9223372036854775808,"
		"\"most\":9223372036854775807,\"text\":\"web/db\",\"empty\":\"\",\"none\":null,"
		"\"span\":1.050000,\"for_ever\":\"infinity\","
		"\"time\":\"2023-11-14T22:13:20.123456Z\",\"list\":[\"a\",\"\",\"\\\"b\\\\c\"],"
		"\"empty_list\":[],\"bytes\":\"x\\n\",\"nul_base64\":\"AP8=\"}\n");
	buf_fini(&json);
}

Test(json, a_row_without_fields_is_an_object_too)
{
	struct buf b = BUF_INIT, json = BUF_INIT;
	struct wire_encoder e;

	begin(&e, &b);
	end(&e, &b, &json);
	cr_assert_str_eq(buf_text(&json), "{}\n");
	buf_fini(&json);
}

Test(json, text)
{
	static const struct {
		const char *text;
		size_t size;
		const char *json;
	} rows[] = {
		{"", 0, "\"\""},
		{"plain ~", 7, "\"plain ~\""},
		{"\"\\\n", 3, "\"\\\"\\\\\\n\""},
		{"\0\t\r\x1f\x7f", 5, "\"\\u0000\\u0009\\u000d\\u001f\\u007f\""},
		{"\x1b[31m", 5, "\"\\u001b[31m\""},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7", 9,
		 "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7\""},
		/* overlong, a surrogate, too large, cut off */
		{"\xc0\x80", 2, "\"\\ufffd\\ufffd\""},
		{"\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\""},
		{"\xf4\x90\x80\x80", 4, "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
		{"a\xe2\x82", 3, "\"a\\ufffd\\ufffd\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		/* Of its exact size: a step too far would be seen. */
		char *text = malloc(rows[i].size ? rows[i].size : 1);
		struct buf json = BUF_INIT;

		memcpy(text, rows[i].text, rows[i].size);
		json_put_text(&json, text, rows[i].size);
		cr_expect_str_eq(buf_text(&json), rows[i].json, "row %zu", i);
		buf_fini(&json);
		free(text);
	}
}

static void check_time(int64_t seconds)
{
	char expected[64];
	time_t t = (time_t)seconds;
	struct buf json = BUF_INIT;
	struct tm tm;
	size_t n;

	cr_assert_not_null(gmtime_r(&t, &tm));
	n = strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(expected + n, sizeof(expected) - n, ".000042Z");
	json_put_time(&json, seconds * 1000000000 + 42999);
	cr_assert_str_eq(buf_text(&json), expected);
	buf_fini(&json);
}

Test(json, times_are_those_of_the_c_library)
{
	struct buf json = BUF_INIT;

	/* Each day of four hundred years would not fit into 64 bits of nanoseconds. */
	for (int64_t day = 0; day < 106750; day++)
		check_time(day * 86400 + day * 7919 % 86400);
	json_put_time(&json, -1);
	cr_assert_str_eq(buf_text(&json), "?");
	buf_fini(&json);
}
