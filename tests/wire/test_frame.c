/* SPDX-License-Identifier: MIT */

/*
 * Frames: what was encoded is decoded; every truncation and every change of a single byte of each
 * kind of frame is decoded without harm. The copies that are decoded have exactly their size, so
 * that a sanitizer sees one byte too many.
 */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/field.h"
#include "wire/frame.h"
#include "wire/hello.h"

static void put_request(struct buf *out)
{
	struct wire_frame frame = wire_frame(WIRE_REQUEST, "start", 7);
	struct wire_encoder e;

	wire_begin(&e, out, &frame);
	field_put_text(&e, 0, "target", "web/api");
	field_put_bool(&e, 0, "no_wait", true);
	cr_assert_eq(wire_end(&e), 0);
}

static void put_row(struct buf *out)
{
	char *const words[] = {(char[]){"sleep"}, (char[]){""}, (char[]){"60 s"}, NULL};
	struct wire_frame frame = wire_frame(WIRE_ROW, "", 7);
	struct wire_encoder e;

	wire_begin(&e, out, &frame);
	field_put_text(&e, 0, "name", "web/api");
	field_put_int(&e, FIELD_DETAIL, "os_pid", -4711);
	field_put_span(&e, 0, "uptime", SPAN_MS(1500));
	field_put_time(&e, 0, "time", INT64_C(1700000000000000000));
	field_put_null(&e, 0, "reason");
	field_put_list(&e, 0, "command", words);
	cr_assert_eq(wire_end(&e), 0);
}

static void put_reply(struct buf *out)
{
	struct wire_frame frame = wire_frame(WIRE_REPLY, "", 7);
	struct wire_encoder e;

	wire_begin(&e, out, &frame);
	field_put_int(&e, FIELD_HIDDEN, "status", 3);
	field_put_text(&e, 0, "error", "web/x: no such actor");
	cr_assert_eq(wire_end(&e), 0);
}

static void put_hello(struct buf *out)
{
	cr_assert_eq(hello_put(out), 0);
}

static void put_all(struct buf *out)
{
	put_hello(out);
	put_request(out);
	put_row(out);
	put_reply(out);
}

static const struct {
	const char *name;
	void (*put)(struct buf *out);
	int frames;
} kinds[] = {
	{"hello", put_hello, 1}, {"request", put_request, 1},        {"row", put_row, 1},
	{"reply", put_reply, 1}, {"four in a datagram", put_all, 4},
};

/* Decodes all of it, looks at all of it. The number of frames, or -EPROTO. */
static int walk(const void *data, size_t size)
{
	struct wire_frame frame;
	size_t cursor = 0;
	int n = 0, r;

	while ((r = wire_decode(data, size, &cursor, &frame)) > 0) {
		const char *release;
		uint32_t protocol;
		size_t sum = 0;

		n++;
		for (size_t i = 0; i < frame.tag_size; i++)
			sum += (size_t)frame.tag[i];
		if (frame.op == WIRE_HELLO && hello_read(&frame, &protocol, &release) == 0)
			sum += strlen(release);
		if (field_check(&frame) == 0) {
			size_t at = 0;
			struct field f;

			while (field_next(&frame, &at, &f) > 0) {
				size_t item = 0;
				const char *text;

				sum += strlen(f.name);
				if (f.type == FIELD_TEXT)
					sum += strlen(f.text);
				while ((text = field_list_next(&f, &item)))
					sum += strlen(text);
			}
			cr_assert_null(field_text(&frame, "no such field"));
		}
		cr_assert_lt(sum, SIZE_MAX);
	}
	return r < 0 ? r : n;
}

static int walk_copy(const void *data, size_t size)
{
	void *copy = malloc(size ? size : 1);
	int r;

	cr_assert_not_null(copy);
	memcpy(copy, data, size);
	r = walk(copy, size);
	free(copy);
	return r;
}

Test(frame, round_trip)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct buf b = BUF_INIT;

		kinds[i].put(&b);
		cr_assert_eq(walk_copy(b.data, b.size), kinds[i].frames, "%s", kinds[i].name);
		buf_fini(&b);
	}
}

Test(frame, header_is_as_documented)
{
	static const unsigned char expected[] = {
		34, 0, 0, 0, WIRE_ROW, 0, 2, 0,              /* size, op, flags, tag size */
		1,  2, 0, 0, 0,        0, 0, 0,              /* from */
		3,  0, 0, 0, 0,        0, 0, 0x80,           /* to */
		5,  0, 0, 0, 0,        0, 0, 0,    'h', 'i', /* ref, tag */
	};
	struct wire_frame frame = wire_frame(WIRE_ROW, "hi", 5);
	struct wire_encoder e;
	struct buf b = BUF_INIT;

	frame.from = 0x201;
	frame.to = UINT64_C(0x8000000000000003);
	wire_begin(&e, &b, &frame);
	cr_assert_eq(wire_end(&e), 0);
	cr_assert_eq(b.size, sizeof(expected));
	cr_assert_arr_eq(b.data, expected, sizeof(expected));
	buf_fini(&b);
}

Test(frame, every_truncation)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct buf b = BUF_INIT;

		kinds[i].put(&b);
		for (size_t size = 0; size < b.size; size++) {
			int r = walk_copy(b.data, size);

			cr_assert(r == -EPROTO || r < kinds[i].frames, "%s cut to %zu",
				  kinds[i].name, size);
		}
		buf_fini(&b);
	}
}

Test(frame, every_change_of_a_byte)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct buf b = BUF_INIT;

		kinds[i].put(&b);
		for (size_t at = 0; at < b.size; at++) {
			char was = b.data[at];

			for (int value = 0; value < 256; value++) {
				b.data[at] = (char)value;
				walk_copy(b.data, b.size);
			}
			b.data[at] = was;
		}
		cr_assert_eq(walk_copy(b.data, b.size), kinds[i].frames, "%s", kinds[i].name);
		buf_fini(&b);
	}
}

Test(frame, too_long_leaves_nothing)
{
	struct buf b = BUF_INIT;
	struct wire_frame frame = wire_frame(WIRE_ROW, "", 1);
	char *text = malloc(WIRE_DATAGRAM_MAX + 1);
	struct wire_encoder e;
	size_t before;

	cr_assert_not_null(text);
	memset(text, 'x', WIRE_DATAGRAM_MAX);
	text[WIRE_DATAGRAM_MAX] = '\0';
	put_request(&b);
	before = b.size;
	wire_begin(&e, &b, &frame);
	field_put_text(&e, 0, "text", text);
	field_put_text(&e, 0, "more", "short");
	cr_assert_eq(wire_end(&e), -EMSGSIZE);
	cr_assert_eq(b.size, before);
	cr_assert_eq(walk(b.data, b.size), 1);

	/* The longest that fits: header, field header, name. */
	text[WIRE_DATAGRAM_MAX - WIRE_HEADER_SIZE - 8 - sizeof("text") - 1] = '\0';
	wire_begin(&e, &b, &frame);
	field_put_text(&e, 0, "text", text);
	cr_assert_eq(wire_end(&e), 0);
	cr_assert_eq(b.size - before, WIRE_DATAGRAM_MAX);
	cr_assert_eq(walk(b.data, b.size), 2);
	free(text);
	buf_fini(&b);
}

Test(frame, datagrams_hold_whole_frames)
{
	struct buf b = BUF_INIT;
	size_t at = 0;
	int frames = 0, datagrams = 0;

	for (int i = 0; i < 5000; i++)
		put_row(&b);
	while (at < b.size) {
		size_t size = wire_datagram_size(b.data + at, b.size - at);
		int n = walk(b.data + at, size);

		cr_assert_gt(size, 0);
		cr_assert_leq(size, WIRE_DATAGRAM_MAX);
		cr_assert_gt(n, 0);
		frames += n;
		at += size;
		datagrams++;
	}
	cr_assert_eq(frames, 5000);
	cr_assert_eq(datagrams, (int)(b.size / WIRE_DATAGRAM_MAX) + 1);
	buf_fini(&b);
}
