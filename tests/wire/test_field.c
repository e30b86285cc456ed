/* SPDX-License-Identifier: MIT */

/* Fields: each type there and back, and payloads that are damaged in ways worth a name. */

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "wire/field.h"

static struct wire_frame decode_only(const struct buf *b)
{
	struct wire_frame frame = {0};
	size_t cursor = 0;

	cr_assert_eq(wire_decode(b->data, b->size, &cursor, &frame), 1);
	cr_assert_eq(cursor, b->size);
	return frame;
}

static void begin(struct wire_encoder *e, struct buf *b)
{
	struct wire_frame frame = wire_frame(WIRE_ROW, "", 1);

	wire_begin(e, b, &frame);
}

Test(field, types_there_and_back)
{
	char *const words[] = {(char[]){"a"}, (char[]){""}, (char[]){"b c"}, NULL};
	char *const none[] = {NULL};
	struct buf b = BUF_INIT;
	struct wire_encoder e;
	struct wire_frame frame;
	struct field f;
	size_t cursor = 0;

	begin(&e, &b);
	field_put_null(&e, FIELD_DETAIL, "null");
	field_put_bool(&e, 0, "bool", true);
	field_put_int(&e, 0, "int", INT64_MIN);
	field_put_text(&e, 0, "text", "");
	field_put_text(&e, 0, "no_text", NULL);
	field_put_span(&e, 0, "span", SPAN_INFINITY);
	field_put_time(&e, 0, "time", 1);
	field_put_bytes(&e, 0, "bytes", "a\0b", 3);
	field_put_list(&e, 0, "list", words);
	field_put_list(&e, 0, "empty", none);
	field_put_list(&e, 0, "no_list", NULL);
	cr_assert_eq(wire_end(&e), 0);
	frame = decode_only(&b);
	cr_assert_eq(field_check(&frame), 0);

	cr_assert(field_find(&frame, "null", FIELD_NULL, &f) && f.flags == FIELD_DETAIL);
	cr_assert(field_bool(&frame, "bool"));
	cr_assert(!field_bool(&frame, "int"));
	cr_assert_eq(field_int(&frame, "int", 5), INT64_MIN);
	cr_assert_eq(field_int(&frame, "absent", 5), 5);
	cr_assert_str_eq(field_text(&frame, "text"), "");
	cr_assert_null(field_text(&frame, "no_text"));
	cr_assert(field_find(&frame, "no_text", FIELD_NULL, &f));
	cr_assert(field_find(&frame, "span", FIELD_SPAN, &f) && f.number == INT64_MAX);
	cr_assert(field_find(&frame, "time", FIELD_TIME, &f) && f.number == 1);
	cr_assert(field_find(&frame, "bytes", FIELD_BYTES, &f));
	cr_assert_eq(f.text_size, 3);
	cr_assert_arr_eq(f.text, "a\0b", 3);
	cr_assert(field_find(&frame, "list", FIELD_LIST, &f));
	cr_assert_str_eq(field_list_next(&f, &cursor), "a");
	cr_assert_str_eq(field_list_next(&f, &cursor), "");
	cr_assert_str_eq(field_list_next(&f, &cursor), "b c");
	cr_assert_null(field_list_next(&f, &cursor));
	cr_assert(field_find(&frame, "empty", FIELD_LIST, &f));
	cursor = 0;
	cr_assert_null(field_list_next(&f, &cursor));
	cr_assert(field_find(&frame, "no_list", FIELD_NULL, &f));
	buf_fini(&b);
}

Test(field, damaged_payloads)
{
	static const struct {
		const char *name;
		size_t size;
		const char *payload;
	} rows[] = {
		{"a header cut short", 7, "\3\0\2\0\2\0\0"},
		{"no name", 9, "\0\0\1\0\0\0\0\0\0"},
		{"a name without its end", 10, "\0\0\2\0\0\0\0\0ab"},
		{"a name with an early end", 11, "\0\0\3\0\0\0\0\0a\0\0"},
		{"a name longer than the payload", 10, "\0\0\x20\0\0\0\0\0a\0"},
		{"a value longer than the payload", 12, "\3\0\2\0\3\0\0\0a\0x\0"},
		{"a value of nearly 4 GiB", 12,
		 "\3\0\2\0\xff\xff\xff\xff"
		 "a\0x\0"},
		{"an unknown type", 10, "\10\0\2\0\0\0\0\0a\0"},
		{"null with a value", 11, "\0\0\2\0\1\0\0\0a\0x"},
		{"a bool of two", 11, "\1\0\2\0\1\0\0\0a\0\2"},
		{"a bool of two bytes", 12, "\1\0\2\0\2\0\0\0a\0\0\0"},
		{"an int of four bytes", 14, "\2\0\2\0\4\0\0\0a\0\0\0\0\0"},
		{"a text without its end", 12, "\3\0\2\0\2\0\0\0a\0xy"},
		{"a text with an early end", 13, "\3\0\2\0\3\0\0\0a\0x\0\0"},
		{"a text of nothing", 10, "\3\0\2\0\0\0\0\0a\0"},
		{"a negative span", 18, "\4\0\2\0\10\0\0\0a\0\0\0\0\0\0\0\0\x80"},
		{"a list without its end", 12, "\6\0\2\0\2\0\0\0a\0xy"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wire_frame frame = {.payload = rows[i].payload,
					   .payload_size = rows[i].size};

		cr_assert_eq(field_check(&frame), -EPROTO, "%s", rows[i].name);
	}
}
