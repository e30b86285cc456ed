/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "core/clause.h"
#include "core/frames.h"

static size_t put_clause(uint8_t *at, enum clause_kind kind, uint8_t has, uint64_t from,
			 uint64_t ref, const char *glob)
{
	size_t size = CLAUSE_HEADER_SIZE + strlen(glob);

	number_store(at, size, 2);
	at[2] = (uint8_t)kind;
	at[3] = has;
	number_store(at + 4, from, 8);
	number_store(at + 12, ref, 8);
	memcpy(at + CLAUSE_HEADER_SIZE, glob, strlen(glob));
	return size;
}

/* The plain way: exponential, for short texts. */
static bool glob_slowly(const char *glob, const char *text)
{
	if (!*glob)
		return !*text;
	if (*glob == '*')
		return glob_slowly(glob + 1, text) || (*text && glob_slowly(glob, text + 1));
	return *text && (*glob == '?' || *glob == *text) && glob_slowly(glob + 1, text + 1);
}

/* All globs and texts of up to five bytes over a small alphabet. */
Test(clause, glob_agrees_with_its_definition)
{
	static const char globs[] = "ab*?", texts[] = "ab";
	char glob[6], text[6];

	for (unsigned g = 0; g < 4 * 4 * 4 * 4 * 4 * 6; g++) {
		unsigned rest = g / 6;
		size_t glob_size = g % 6;

		memset(glob, 0, sizeof(glob));
		for (size_t i = 0; i < glob_size; i++, rest /= 4)
			glob[i] = globs[rest % 4];
		for (unsigned t = 0; t < 2 * 2 * 2 * 2 * 2 * 6; t++) {
			size_t size = t % 6;
			uint64_t work = 0;

			rest = t / 6;
			memset(text, 0, sizeof(text));
			for (size_t i = 0; i < size; i++, rest /= 2)
				text[i] = texts[rest % 2];
			cr_assert_eq(clause_glob((uint8_t *)glob, glob_size, (uint8_t *)text, size,
						 &work),
				     glob_slowly(glob, text), "%s on %s", glob, text);
		}
	}
}

Test(clause, no_glob_takes_exponential_time)
{
	uint8_t glob[CLAUSE_GLOB_MAX], text[WIRE_TAG_MAX];
	uint64_t work = 0;

	for (size_t i = 0; i < sizeof(glob); i++)
		glob[i] = i % 2 ? 'a' : '*';
	glob[sizeof(glob) - 2] = 'b';
	memset(text, 'a', sizeof(text));
	cr_assert(!clause_glob(glob, sizeof(glob), text, sizeof(text), &work));
	cr_assert_leq(work, sizeof(glob) * sizeof(text) * 2);
}

Test(clause, decodes_what_was_put_and_nothing_else)
{
	uint8_t payload[200];
	struct clause clause;
	size_t cursor = 0, size;

	size = put_clause(payload, CLAUSE_REPLY, CLAUSE_HAS_FROM | CLAUSE_HAS_REF, 5, 6, "");
	size += put_clause(payload + size, CLAUSE_ANY, CLAUSE_HAS_TAG, 0, 0, "a*");
	cr_assert_eq(clause_count(payload, size), 2);
	cr_assert_eq(clause_decode(payload, size, &cursor, &clause), 1);
	cr_assert(clause.kind == CLAUSE_REPLY && clause.from == 5 && clause.ref == 6);
	cr_assert_eq(clause_decode(payload, size, &cursor, &clause), 1);
	cr_assert(clause.kind == CLAUSE_ANY && clause.glob_size == 2);
	cr_assert_eq(clause_decode(payload, size, &cursor, &clause), 0);
	cr_assert_eq(clause_count(payload, 0), 0);
	for (size_t cut = 1; cut < size; cut++)
		if (cut != CLAUSE_HEADER_SIZE)
			cr_assert_eq(clause_count(payload, cut), -EPROTO, "cut at %zu", cut);
}

/* Any byte changed: decoded or refused, never read beyond the end. */
Test(clause, every_changed_byte_is_harmless)
{
	uint8_t payload[64], copy[64];
	size_t size = put_clause(payload, CLAUSE_ANY, CLAUSE_HAS_TAG, 0, 0, "ab");

	size += put_clause(payload + size, CLAUSE_DOWN, 0, 0, 0, "");
	for (size_t at = 0; at < size; at++)
		for (int value = 0; value < 256; value++) {
			struct clause clause;
			size_t cursor = 0;

			memcpy(copy, payload, size);
			copy[at] = (uint8_t)value;
			while (clause_decode(copy, size, &cursor, &clause) > 0) {
				cr_assert_leq(cursor, size);
				cr_assert(clause.glob + clause.glob_size <= copy + size);
			}
		}
}

Test(clause, too_many_are_refused)
{
	static uint8_t payload[(CLAUSES_MAX + 1) * CLAUSE_HEADER_SIZE];
	size_t size = 0;

	for (int i = 0; i <= CLAUSES_MAX; i++)
		size += put_clause(payload + size, CLAUSE_ANY, 0, 0, 0, "");
	cr_assert_eq(clause_count(payload, size - CLAUSE_HEADER_SIZE), CLAUSES_MAX);
	cr_assert_eq(clause_count(payload, size), -EPROTO);
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
