/* SPDX-License-Identifier: MIT */

/* Frames of every kind, side by side, as a beginning for the driver. */

#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "wire/clause.h"
#include "wire/field.h"
#include "wire/hello.h"
#include "wire/number.h"
#include "wire/rule.h"

/* splitmix64 */
uint64_t sample_random(uint64_t *seed, uint64_t below)
{
	uint64_t x = *seed += 0x9e3779b97f4a7c15;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	x ^= x >> 31;
	return below ? x % below : x;
}

static void put_clauses(uint64_t *seed, struct wire_encoder *e)
{
	for (uint64_t n = sample_random(seed, 4); n; n--) {
		uint8_t clause[CLAUSE_HEADER_SIZE + 3] = {0};

		number_store(clause, sizeof(clause), 2);
		clause[2] = (uint8_t)sample_random(seed, CLAUSE_N_KINDS);
		clause[3] = (uint8_t)sample_random(seed, 8) | CLAUSE_HAS_TAG;
		memcpy(clause + CLAUSE_HEADER_SIZE, "a*?", 3);
		wire_put(e, clause, sizeof(clause));
	}
}

static void put_payload(uint64_t *seed, struct wire_encoder *e, const struct wire_frame *frame)
{
	uint8_t bytes[8] = {0};

	if (frame->flags & WIRE_MEMFD) {
		number_store(bytes, 1000, 4);
		number_store(bytes + 4, sample_random(seed, 8) + 1, 4);
		wire_put(e, bytes, 8);
	} else if (frame->op == WIRE_RECEIVE) {
		put_clauses(seed, e);
	} else if (frame->op == WIRE_REQUEST || frame->op == WIRE_ROW) {
		field_put_text(e, 0, "target", "b");
		field_put_int(e, 0, "number", 7);
		field_put_span(e, 0, "timeout", SPAN_S(1));
		field_put_bytes(e, 0, "bytes", bytes, sizeof(bytes));
	} else if (frame->op != WIRE_CREDIT) {
		wire_put(e, "payload", sample_random(seed, 8));
	}
}

static void put_frame(uint64_t *seed, struct buf *out)
{
	static const char *const tags[] = {"", "a", "b\0aa", "name\0x"};
	static const uint16_t tag_sizes[] = {0, 1, 4, 6};
	struct wire_frame frame = {
		.op = (uint8_t)(sample_random(seed, 3) ? 16 + sample_random(seed, 14)
						       : 1 + sample_random(seed, 4)),
		.to = sample_random(seed, 9),
		.ref = sample_random(seed, 5),
	};
	const struct wire_rule *rule = wire_rule(frame.op);
	size_t tag = sample_random(seed, 4);
	struct wire_encoder e;

	if (frame.op == WIRE_HELLO) {
		hello_put_helper(out, 3, (const uint8_t *)"0123456789abcdef");
		return;
	}
	frame.flags = (uint8_t)(rule->flags_to_daemon & sample_random(seed, 256));
	frame.tag = tags[tag];
	frame.tag_size = tag_sizes[tag];
	wire_begin(&e, out, &frame);
	put_payload(seed, &e, &frame);
	wire_end(&e);
}

size_t sample_make(uint64_t *seed, uint8_t *data, size_t max)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	size_t size;

	for (uint64_t n = 1 + sample_random(seed, 12); n; n--)
		put_frame(seed, &out);
	size = out.size < max ? out.size : max;
	memcpy(data, out.data, size);
	return size;
}
