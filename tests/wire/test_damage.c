/* SPDX-License-Identifier: MIT */

/*
 * Every truncation and every change of a single byte of every kind of frame is decoded without
 * harm: it is refused, or is another sound frame. Each input lies in a block of exactly its size,
 * so that a sanitizer sees a read beyond.
 */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/clause.h"
#include "wire/field.h"
#include "wire/hello.h"
#include "wire/number.h"
#include "wire/rule.h"

static void put_payload(struct wire_encoder *e, uint8_t op)
{
	static char one[] = "a", none[] = "";
	char *const list[] = {one, none, NULL};
	uint8_t clause[CLAUSE_HEADER_SIZE + 2] = {0};

	if (op == WIRE_REQUEST || op == WIRE_ROW || op == WIRE_REPLY) {
		field_put_null(e, 0, "n");
		field_put_bool(e, 0, "b", true);
		field_put_text(e, 0, "t", "x");
		field_put_span(e, 0, "s", SPAN_S(1));
		field_put_list(e, 0, "l", list);
		field_put_bytes(e, 0, "y", "\0", 1);
	} else if (op == WIRE_RECEIVE) {
		number_store(clause, sizeof(clause), 2);
		clause[3] = CLAUSE_HAS_TAG;
		clause[CLAUSE_HEADER_SIZE] = '*';
		clause[CLAUSE_HEADER_SIZE + 1] = '?';
		wire_put(e, clause, sizeof(clause));
		wire_put(e, clause, sizeof(clause));
	} else {
		wire_put(e, "12345678", 8);
	}
}

/* With every flag that it may have. */
static void put_frame(struct buf *out, uint8_t op)
{
	const struct wire_rule *rule = wire_rule(op);
	struct wire_frame frame = {.op = op,
				   .flags = rule->flags_to_daemon | rule->flags_to_actor,
				   .to = 1,
				   .ref = 2,
				   .tag = "ab\0c",
				   .tag_size = 4};
	struct wire_encoder e;

	if (op == WIRE_HELLO) {
		hello_put_helper(out, 3, (const uint8_t *)"0123456789abcdef");
		return;
	}
	wire_begin(&e, out, &frame);
	put_payload(&e, op);
	cr_assert_eq(wire_end(&e), 0);
}

static void look_into(const struct wire_frame *frame)
{
	struct hello_more more;
	struct clause clause;
	const char *release;
	uint32_t protocol;
	size_t cursor = 0;
	struct field f;
	uint64_t work = 0;

	wire_broken_rule(frame, WIRE_TO_DAEMON);
	wire_broken_rule(frame, WIRE_TO_ACTOR);
	while (field_next(frame, &cursor, &f) > 0)
		cr_assert_leq(cursor, frame->payload_size);
	cursor = 0;
	while (clause_decode(frame->payload, frame->payload_size, &cursor, &clause) > 0)
		clause_glob(clause.glob, clause.glob_size, (const uint8_t *)frame->tag,
			    frame->tag_size, &work);
	hello_read(frame, &protocol, &release);
	hello_read_daemon(frame, &more);
	hello_read_helper(frame, &more);
}

/* How many frames there were; they are whole and within the bytes. */
static unsigned decode(const uint8_t *bytes, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	struct wire_frame frame;
	size_t cursor = 0, start = 0;
	unsigned n = 0;
	int r;

	cr_assert_not_null(exact);
	memcpy(exact, bytes, size);
	while (start = cursor, (r = wire_decode(exact, size, &cursor, &frame)) > 0) {
		cr_assert_leq(cursor, size);
		cr_assert_eq(WIRE_HEADER_SIZE + frame.tag_size + frame.payload_size,
			     cursor - start);
		look_into(&frame);
		n++;
	}
	cr_assert(r == -EPROTO || (r == 0 && cursor == size));
	free(exact);
	return r < 0 ? 0 : n;
}

static void each_op(void (*check)(uint8_t op, uint8_t *bytes, size_t size))
{
	unsigned n = 0;

	for (uint8_t op = 0; op < WIRE_N_OPS; op++) {
		struct buf out CLEANUP(buf_fini) = BUF_INIT;

		if (!wire_rule(op))
			continue;
		put_frame(&out, op);
		cr_assert_eq(decode((uint8_t *)out.data, out.size), 1, "op %u", op);
		check(op, (uint8_t *)out.data, out.size);
		n++;
	}
	cr_assert_eq(n, 4 + WIRE_GOODBYE - WIRE_MESSAGE + 1);
}

static void truncate_each(uint8_t op, uint8_t *bytes, size_t size)
{
	for (size_t cut = 1; cut < size; cut++)
		cr_assert_eq(decode(bytes, cut), 0, "op %u, cut to %zu", op, cut);
}

static void change_each(uint8_t op, uint8_t *bytes, size_t size)
{
	(void)op;
	for (size_t at = 0; at < size; at++) {
		for (unsigned change = 1; change < 256; change++) {
			bytes[at] ^= (uint8_t)change;
			decode(bytes, size);
			bytes[at] ^= (uint8_t)change;
		}
	}
}

Test(damage, every_truncation_is_refused)
{
	each_op(truncate_each);
}

Test(damage, every_change_of_a_byte_does_no_harm)
{
	each_op(change_each);
}
