/* SPDX-License-Identifier: MIT */

/* HELLO: what it says, and what is none. */

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "wire/hello.h"

Test(hello, there_and_back)
{
	struct buf b = BUF_INIT;
	struct wire_frame frame;
	size_t cursor = 0;
	uint32_t protocol = 0;
	const char *release = NULL;

	cr_assert_eq(hello_put(&b), 0);
	cr_assert_eq(wire_decode(b.data, b.size, &cursor, &frame), 1);
	cr_assert_eq(hello_read(&frame, &protocol, &release), 0);
	cr_assert_eq(protocol, WIRE_PROTOCOL);
	cr_assert_str_eq(release, WIRE_RELEASE);
	buf_fini(&b);
}

Test(hello, what_is_none)
{
	static const struct {
		const char *name;
		uint8_t op;
		size_t size;
		const char *payload;
	} rows[] = {
		{"another op", WIRE_ROW, 10, "supd\1\0\0\0x"},
		{"another magic", WIRE_HELLO, 10, "supx\1\0\0\0x"},
		{"cut in the version", WIRE_HELLO, 6, "supd\1"},
		{"no release", WIRE_HELLO, 8, "supd\1\0\0"},
		{"a release without its end", WIRE_HELLO, 9, "supd\1\0\0\0xy"},
		{"nothing", WIRE_HELLO, 0, ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wire_frame frame = {
			.op = rows[i].op,
			.payload = rows[i].payload,
			.payload_size = rows[i].size,
		};
		uint32_t protocol = 99;
		const char *release = "untouched";

		cr_assert_eq(hello_read(&frame, &protocol, &release), -EPROTO, "%s", rows[i].name);
		cr_assert_eq(protocol, 99u, "%s", rows[i].name);
	}
}

static void take(struct buf *b, struct wire_frame *ret_frame)
{
	size_t cursor = 0;

	cr_assert_eq(wire_decode(b->data, b->size, &cursor, ret_frame), 1);
}

Test(hello, what_the_daemon_says_of_a_mailbox)
{
	struct buf b = BUF_INIT;
	struct wire_frame frame;
	struct hello_more more;

	cr_assert_eq(hello_put_daemon(&b, UINT64_C(0x1122334455667788), 1 << 20, HELLO_DURABLE), 0);
	take(&b, &frame);
	cr_assert(hello_has_more(&frame));
	cr_assert_eq(hello_read_daemon(&frame, &more), 0);
	cr_expect_eq(more.pid, UINT64_C(0x1122334455667788));
	cr_expect_eq(more.window, 1 << 20);
	cr_expect_eq(more.flags, HELLO_DURABLE);
	for (size_t cut = 1; cut <= 20; cut++) {
		struct wire_frame shorter = frame;

		shorter.payload_size -= cut;
		cr_expect_eq(hello_read_daemon(&shorter, &more), -EPROTO, "%zu less", cut);
		cr_expect_eq(hello_has_more(&shorter), cut < 20);
	}
	buf_fini(&b);
}

Test(hello, what_a_helper_says_of_itself)
{
	static const uint8_t token[HELLO_TOKEN_SIZE] = "0123456789abcdef";
	struct buf b = BUF_INIT;
	struct wire_frame frame;
	struct hello_more more;

	cr_assert_eq(hello_put_helper(&b, 42, token), 0);
	take(&b, &frame);
	cr_assert_eq(hello_read_helper(&frame, &more), 0);
	cr_expect_eq(more.pid, 42);
	cr_expect_arr_eq(more.token, token, sizeof(token));
	for (size_t cut = 1; cut <= 24; cut++) {
		struct wire_frame shorter = frame;

		shorter.payload_size -= cut;
		cr_expect_eq(hello_read_helper(&shorter, &more), -EPROTO, "%zu less", cut);
	}
	buf_clear(&b);
	cr_assert_eq(hello_put(&b), 0);
	take(&b, &frame);
	cr_expect_not(hello_has_more(&frame));
	buf_fini(&b);
}
