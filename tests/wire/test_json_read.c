/* SPDX-License-Identifier: MIT */

/* Lines of JSON read back: what was written, at any cut, and what nobody has written. */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/alloc.h"
#include "wire/json_read.h"

static const struct json_member members[] = {
	{"time", FIELD_TIME, 0},     {"span", FIELD_SPAN, 0},
	{"for_ever", FIELD_SPAN, 0}, {"detail", FIELD_NULL, FIELD_DETAIL},
	{"bytes", FIELD_BYTES, 0},   {NULL, FIELD_NULL, 0},
};

static void begin(struct wire_encoder *e, struct buf *b)
{
	struct wire_frame frame = wire_frame(WIRE_ROW, "", 1);

	wire_begin(e, b, &frame);
}

static struct wire_frame decode(const struct buf *b)
{
	struct wire_frame frame = {0};
	size_t cursor = 0;

	cr_assert_eq(wire_decode(b->data, b->size, &cursor, &frame), 1);
	cr_assert_eq(field_check(&frame), 0);
	return frame;
}

/* What is read, or -1. */
static int read_line(const char *line, size_t size, struct buf *b)
{
	struct wire_encoder e;
	int r;

	begin(&e, b);
	r = json_read_row(line, size, members, &e);
	if (r == 0)
		r = wire_end(&e);
	return r;
}

static void put_all(struct wire_encoder *e)
{
	char *const words[] = {(char[]){"a"}, (char[]){""}, (char[]){"\"b\\c"}, NULL};
	char *const none[] = {NULL};

	field_put_null(e, 0, "null");
	field_put_bool(e, 0, "yes", true);
	field_put_bool(e, 0, "no", false);
	field_put_int(e, 0, "zero", 0);
	field_put_int(e, 0, "least", INT64_MIN);
	field_put_int(e, 0, "most", INT64_MAX);
	field_put_text(e, FIELD_DETAIL, "detail", "x");
	field_put_text(e, 0, "text", "\"\\\n\x01\t\xc3\xa9\xf0\x9f\x98\x80/");
	field_put_text(e, 0, "empty", "");
	field_put_span(e, 0, "span", SPAN_MS(1050));
	field_put_span(e, 0, "for_ever", SPAN_INFINITY);
	field_put_time(e, 0, "time", 1700000000123456000);
	field_put_list(e, 0, "list", words);
	field_put_list(e, 0, "empty_list", none);
	field_put_bytes(e, 0, "bytes", "x\n\t", 3);
	field_put_bytes(e, 0, "nul", "\0\xff\x80", 3);
	field_put_bytes(e, 0, "one", "\xff", 1);
	field_put_bytes(e, 0, "two", "\xff\xfe", 2);
	field_put_bytes(e, 0, "four", "\xff\xfe\xfd\xfc", 4);
}

/* The row as wire/json.h writes it. */
static const char line_of_all[] =
	"{\"null\":null,\"yes\":true,\"no\":false,\"zero\":0,\"least\":-9223372036854775808,"
	"\"most\":9223372036854775807,\"detail\":\"x\","
	"\"text\":\"\\\"\\\\\\n\\u0001\\u0009\xc3\xa9\xf0\x9f\x98\x80/\",\"empty\":\"\","
	"\"span\":1.050000,\"for_ever\":\"infinity\",\"time\":\"2023-11-14T22:13:20.123456Z\","
	"\"list\":[\"a\",\"\",\"\\\"b\\\\c\"],\"empty_list\":[],\"bytes\":\"x\\n\\u0009\","
	"\"nul_base64\":\"AP+A\",\"one_base64\":\"/w==\",\"two_base64\":\"//4=\","
	"\"four_base64\":\"//79/A==\"}\n";

static void written(struct buf *frame, struct buf *json)
{
	struct wire_encoder e;

	begin(&e, frame);
	put_all(&e);
	cr_assert_eq(wire_end(&e), 0);
	cr_assert_eq(buf_puts(json, line_of_all), 0);
}

/* The same bytes: types, flags and values. */
Test(json_read, what_was_written)
{
	struct buf frame = BUF_INIT, json = BUF_INIT, again = BUF_INIT;

	written(&frame, &json);
	cr_assert_eq(read_line(json.data, json.size, &again), 0);
	cr_assert_eq(again.size, frame.size);
	cr_assert_eq(memcmp(again.data, frame.data, frame.size), 0);
	buf_fini(&frame);
	buf_fini(&json);
	buf_fini(&again);
}

/* A line that was cut, anywhere, is none; the memory behind it is not looked at. */
Test(json_read, cut)
{
	struct buf frame = BUF_INIT, json = BUF_INIT, again = BUF_INIT;

	written(&frame, &json);
	for (size_t size = 0; size + 1 < json.size; size++) {
		char *part = malloc(size ? size : 1);

		cr_assert_not_null(part);
		memcpy(part, json.data, size);
		buf_clear(&again);
		cr_assert_eq(read_line(part, size, &again), -EPROTO, "%zu bytes", size);
		free(part);
	}
	buf_fini(&frame);
	buf_fini(&json);
	buf_fini(&again);
}

/* Any one byte replaced: it is read or it is not, and what is read is whole. */
Test(json_read, damaged)
{
	static const char bytes[] = {'"', '\\', '{', '}',  '[', ']',   ',',
				     ':', '0',  'u', '\0', '-', '\xff'};
	struct buf frame = BUF_INIT, json = BUF_INIT, again = BUF_INIT;

	written(&frame, &json);
	for (size_t at = 0; at < json.size; at++)
		for (size_t i = 0; i < sizeof(bytes); i++) {
			char was = json.data[at];

			json.data[at] = bytes[i];
			buf_clear(&again);
			if (read_line(json.data, json.size, &again) == 0)
				decode(&again);
			json.data[at] = was;
		}
	buf_fini(&frame);
	buf_fini(&json);
	buf_fini(&again);
}

Test(json_read, others)
{
	static const struct {
		const char *line;
		int result;
	} lines[] = {
		{"{}", 0},
		{" { \"a\" : 1 , \"b\" : [ \"x\" , \"y\" ] } \n", 0},
		{"{\"a\":\"\\u00e9\\ud83d\\ude00\\/\\b\\f\\r\"}", 0},
		{"{\"time\":\"1969-12-31T23:59:59.000000Z\"}", 0},
		{"", -EPROTO},
		{"[]", -EPROTO},
		{"{} x", -EPROTO},
		{"{\"a\":{}}", -EPROTO},
		{"{\"a\":1,}", -EPROTO},
		{"{\"a\":1e5}", -EPROTO},
		{"{\"a\":-1.5}", -EPROTO},
		{"{\"a\":9223372036854775808}", -EPROTO},
		{"{\"a\":99999999999999999999999}", -EPROTO},
		{"{\"a\":9999999999.5}", -EPROTO},
		{"{\"\":1}", -EPROTO},
		{"{\"a\":[1]}", -EPROTO},
		{"{\"a\":\"\\u0000\"}", -EPROTO},
		{"{\"a\":\"\\ud800\"}", -EPROTO},
		{"{\"a\":\"\\udc00\"}", -EPROTO},
		{"{\"a\":\"\\x\"}", -EPROTO},
		{"{\"a_base64\":\"AAA\"}", -EPROTO},
		{"{\"a_base64\":\"AA!=\"}", -EPROTO},
		{"{\"time\":\"2026-13-01T00:00:00.000000Z\"}", -EPROTO},
		{"{\"time\":\"today\"}", -EPROTO},
		{"{\"a_name_that_is_longer_than_any_field_may_have_0123456789_0123456789\":1}",
		 -EPROTO},
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct buf b = BUF_INIT;

		cr_expect_eq(read_line(lines[i].line, strlen(lines[i].line), &b), lines[i].result,
			     "%s", lines[i].line);
		buf_fini(&b);
	}
}

Test(json_read, values)
{
	static const char line[] = "{\"a\":\"\\u00e9\\ud83d\\ude00\\/\\b\",\"span\":1.5,"
				   "\"time\":\"1969-12-31T23:59:59.000001Z\",\"n\":-5}";
	struct buf b = BUF_INIT;
	struct wire_frame row;
	struct field f;

	cr_assert_eq(read_line(line, sizeof(line) - 1, &b), 0);
	row = decode(&b);
	cr_assert_str_eq(field_text(&row, "a"), "\xc3\xa9\xf0\x9f\x98\x80/\b");
	cr_assert(field_find(&row, "span", FIELD_SPAN, &f));
	cr_assert_eq(f.number, 1500000000);
	cr_assert(field_find(&row, "time", FIELD_TIME, &f));
	cr_assert_eq(f.number, -999999000);
	cr_assert_eq(field_int(&row, "n", 0), -5);
	buf_fini(&b);
}

Test(json_read, no_memory)
{
	struct buf frame = BUF_INIT, json = BUF_INIT;
	bool failed = true;

	written(&frame, &json);
	for (unsigned long n = 1; failed; n++) {
		struct buf b = BUF_INIT;
		int r;

		alloc_fail_at(n);
		r = read_line(json.data, json.size, &b);
		failed = alloc_fail_end();
		cr_assert_eq(r, failed ? -ENOMEM : 0, "allocation %lu", n);
		buf_fini(&b);
	}
	buf_fini(&frame);
	buf_fini(&json);
}
