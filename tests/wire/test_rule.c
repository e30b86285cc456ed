/* SPDX-License-Identifier: MIT */

/* The table of ops: who may send what, with which flags. */

#include <criterion/criterion.h>
#include <string.h>

#include "wire/rule.h"

static struct wire_frame frame_of(int op, uint8_t flags, uint64_t ref)
{
	struct wire_frame frame = {
		.op = (uint8_t)op,
		.flags = flags,
		.ref = ref,
		.tag = "web\0do",
		.tag_size = 6,
		.payload = "12345678",
		.payload_size = 8,
	};

	return frame;
}

static bool goes(int op, uint8_t flags, uint64_t ref, enum wire_way way)
{
	struct wire_frame frame = frame_of(op, flags, ref);

	return !wire_broken_rule(&frame, way);
}

Test(rule, who_may_send_what)
{
	static const uint8_t from_actors[] = {
		WIRE_HELLO,  WIRE_REQUEST, WIRE_MESSAGE, WIRE_CALL, WIRE_RESPONSE, WIRE_MONITOR,
		WIRE_CANCEL, WIRE_CREDIT,  WIRE_RECEIVE, WIRE_ACK,  WIRE_GOODBYE,
	};
	static const uint8_t from_daemon[] = {
		WIRE_HELLO, WIRE_ROW,  WIRE_REPLY, WIRE_MESSAGE, WIRE_CALL,   WIRE_RESPONSE,
		WIRE_EXIT,  WIRE_DOWN, WIRE_DONE,  WIRE_WINDOW,  WIRE_QUEUED,
	};

	for (int op = 0; op < 256; op++) {
		cr_expect_eq(goes(op, 0, 1, WIRE_TO_DAEMON),
			     memchr(from_actors, op, sizeof(from_actors)) != NULL, "op %d", op);
		cr_expect_eq(goes(op, 0, 1, WIRE_TO_ACTOR),
			     memchr(from_daemon, op, sizeof(from_daemon)) != NULL, "op %d", op);
	}
}

Test(rule, each_flag_belongs_to_its_ops)
{
	static const struct {
		uint8_t op, to_daemon, to_actor;
	} rows[] = {
		{WIRE_MESSAGE, WIRE_NAMED | WIRE_MEMFD | WIRE_CONFIRM,
		 WIRE_MEMFD | WIRE_REDELIVERED},
		{WIRE_CALL, WIRE_NAMED | WIRE_MEMFD | WIRE_DIRECT, WIRE_MEMFD | WIRE_REDELIVERED},
		{WIRE_RESPONSE, WIRE_MEMFD, WIRE_MEMFD | WIRE_REDELIVERED},
		{WIRE_EXIT, 0, WIRE_REDELIVERED},
		{WIRE_DOWN, 0, WIRE_REDELIVERED},
		{WIRE_MONITOR, WIRE_NAMED, 0},
		{WIRE_CANCEL, WIRE_FLUSH, 0},
		{WIRE_RECEIVE, WIRE_NOW | WIRE_IN_ORDER, 0},
	};

	for (int op = 0; op < WIRE_N_OPS; op++) {
		uint8_t to_daemon = 0, to_actor = 0;

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			if (rows[i].op != op)
				continue;
			to_daemon = rows[i].to_daemon;
			to_actor = rows[i].to_actor;
		}
		for (int bit = 1; bit < 256; bit <<= 1) {
			if (goes(op, 0, 1, WIRE_TO_DAEMON))
				cr_expect_eq(goes(op, (uint8_t)bit, 1, WIRE_TO_DAEMON),
					     (to_daemon & bit) != 0, "op %d, flag %d", op, bit);
			if (goes(op, 0, 1, WIRE_TO_ACTOR))
				cr_expect_eq(goes(op, (uint8_t)bit, 1, WIRE_TO_ACTOR),
					     (to_actor & bit) != 0, "op %d, flag %d", op, bit);
		}
	}
}

Test(rule, refs)
{
	cr_expect_not(goes(WIRE_REQUEST, 0, 0, WIRE_TO_DAEMON));
	cr_expect_not(goes(WIRE_CALL, 0, 0, WIRE_TO_DAEMON));
	cr_expect_not(goes(WIRE_RESPONSE, 0, 0, WIRE_TO_DAEMON));
	cr_expect_not(goes(WIRE_MONITOR, 0, 0, WIRE_TO_DAEMON));
	cr_expect_not(goes(WIRE_CANCEL, 0, 0, WIRE_TO_DAEMON));
	cr_expect_not(goes(WIRE_RECEIVE, 0, 0, WIRE_TO_DAEMON));
	cr_expect_not(goes(WIRE_ACK, 0, 0, WIRE_TO_DAEMON));
	cr_expect_not(goes(WIRE_MESSAGE, WIRE_CONFIRM, 0, WIRE_TO_DAEMON));
	cr_expect(goes(WIRE_MESSAGE, 0, 0, WIRE_TO_DAEMON));
	cr_expect(goes(WIRE_CREDIT, 0, 0, WIRE_TO_DAEMON));
	cr_expect(goes(WIRE_EXIT, 0, 0, WIRE_TO_ACTOR));
}

Test(rule, a_name_needs_its_end)
{
	struct wire_frame frame = frame_of(WIRE_MESSAGE, WIRE_NAMED, 0);

	cr_expect_null(wire_broken_rule(&frame, WIRE_TO_DAEMON));
	cr_expect_eq(wire_name_size(&frame), 3);
	frame.tag_size = 4; /* the tag proper is empty */
	cr_expect_null(wire_broken_rule(&frame, WIRE_TO_DAEMON));
	frame.tag_size = 3;
	cr_expect_not_null(wire_broken_rule(&frame, WIRE_TO_DAEMON));
	frame.tag_size = 0;
	cr_expect_not_null(wire_broken_rule(&frame, WIRE_TO_DAEMON));
	frame.tag = "\0do";
	frame.tag_size = 3;
	cr_expect_not_null(wire_broken_rule(&frame, WIRE_TO_DAEMON));
}

Test(rule, a_memfd_has_a_size)
{
	struct wire_frame frame = frame_of(WIRE_CALL, WIRE_MEMFD, 1);

	for (frame.payload_size = 0; frame.payload_size <= 16; frame.payload_size++)
		cr_expect_eq(!wire_broken_rule(&frame, WIRE_TO_DAEMON), frame.payload_size == 8,
			     "%zu", frame.payload_size);
}

Test(rule, what_counts_as_a_credit)
{
	for (int op = 0; op < 256; op++) {
		const struct wire_rule *rule = wire_rule((uint8_t)op);

		cr_expect_eq(rule && rule->takes_credit, op >= WIRE_MESSAGE && op <= WIRE_DOWN,
			     "op %d", op);
	}
}
