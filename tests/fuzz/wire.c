/* SPDX-License-Identifier: MIT */

/* Whatever comes off a socket: frames, hellos, fields, clauses. Nothing is read beyond its end. */

#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "wire/clause.h"
#include "wire/field.h"
#include "wire/hello.h"
#include "wire/rule.h"

static void look_at_fields(const struct wire_frame *frame)
{
	size_t cursor = 0, in_list = 0;
	struct field f;

	while (field_next(frame, &cursor, &f) > 0) {
		FUZZ_ASSERT(cursor <= frame->payload_size);
		FUZZ_ASSERT(strlen(f.name) < 64);
		while (f.type == FIELD_LIST && field_list_next(&f, &in_list))
			FUZZ_ASSERT(in_list <= f.text_size);
	}
	field_text(frame, "target");
	field_int(frame, "number", 0);
}

static void look_at_clauses(const struct wire_frame *frame, const uint8_t *whole)
{
	int n = clause_count(frame->payload, frame->payload_size);
	size_t cursor = 0;
	struct clause clause;
	uint64_t work = 0;

	while (n > 0 && clause_decode(frame->payload, frame->payload_size, &cursor, &clause) > 0)
		if (clause.has & CLAUSE_HAS_TAG)
			clause_glob(clause.glob, clause.glob_size, whole + WIRE_HEADER_SIZE,
				    frame->tag_size, &work);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cursor = 0, start = 0;
	struct wire_frame frame;
	struct hello_more more;
	const char *release;
	uint32_t protocol;

	while (start = cursor, wire_decode(data, size, &cursor, &frame) > 0) {
		FUZZ_ASSERT(cursor <= size && cursor > start);
		FUZZ_ASSERT(WIRE_HEADER_SIZE + frame.tag_size + frame.payload_size ==
			    cursor - start);
		wire_broken_rule(&frame, WIRE_TO_DAEMON);
		wire_broken_rule(&frame, WIRE_TO_ACTOR);
		look_at_fields(&frame);
		look_at_clauses(&frame, data + start);
		if (hello_read(&frame, &protocol, &release) == 0)
			FUZZ_ASSERT(strlen(release) < frame.payload_size);
		hello_read_daemon(&frame, &more);
		hello_read_helper(&frame, &more);
	}
	return 0;
}
