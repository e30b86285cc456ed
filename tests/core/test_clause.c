/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <string.h>

#include "core/clause.h"
#include "core/frames.h"

static size_t put_clause(uint8_t *at, enum clause_kind kind, uint8_t has, uint64_t from,
			 uint64_t ref, const char *glob)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct clause clause = {
		.kind = kind,
		.has = has,
		.from = from,
		.ref = ref,
		.glob = (const uint8_t *)glob,
		.glob_size = strlen(glob),
	};

	cr_assert_eq(clause_put(&out, &clause), 0);
	memcpy(at, out.data, out.size);
	return out.size;
}

Test(clause, matches_by_kind_from_ref_and_tag)
{
	static const struct {
		const char *name;
		enum clause_kind kind;
		uint8_t has;
		uint64_t from, ref;
		const char *glob;
		bool matches;
	} rows[] = {
		{"anything", CLAUSE_ANY, 0, 0, 0, "", true},
		{"its kind", CLAUSE_CALL, 0, 0, 0, "", true},
		{"another kind", CLAUSE_MESSAGE, 0, 0, 0, "", false},
		{"its sender", CLAUSE_ANY, CLAUSE_HAS_FROM, 5, 0, "", true},
		{"another sender", CLAUSE_ANY, CLAUSE_HAS_FROM, 6, 0, "", false},
		{"its ref", CLAUSE_ANY, CLAUSE_HAS_REF, 0, 9, "", true},
		{"another ref", CLAUSE_ANY, CLAUSE_HAS_REF, 0, 0, "", false},
		{"its tag", CLAUSE_CALL, CLAUSE_HAS_ALL, 5, 9, "g?t*", true},
		{"another tag", CLAUSE_ANY, CLAUSE_HAS_TAG, 0, 0, "put", false},
		{"no tag", CLAUSE_ANY, CLAUSE_HAS_TAG, 0, 0, "", false},
	};
	uint8_t frame[WIRE_HEADER_SIZE + 3] = {0};

	number_store(frame, sizeof(frame), 4);
	frame[FRAME_AT_OP] = WIRE_CALL | FRAME_FOREIGN;
	number_store(frame + FRAME_AT_TAG_SIZE, 3, 2);
	number_store(frame + FRAME_AT_FROM, 5, 8);
	number_store(frame + FRAME_AT_REF, 9, 8);
	memcpy(frame + WIRE_HEADER_SIZE, "get", 3);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t bytes[CLAUSE_HEADER_SIZE + 16];
		size_t cursor = 0, size = put_clause(bytes, rows[i].kind, rows[i].has, rows[i].from,
						     rows[i].ref, rows[i].glob);
		struct clause clause;
		uint64_t work = 0;

		cr_assert_eq(clause_decode(bytes, size, &cursor, &clause), 1, "%s", rows[i].name);
		cr_expect_eq(clause_matches(&clause, frame, &work), rows[i].matches, "%s",
			     rows[i].name);
	}
}
