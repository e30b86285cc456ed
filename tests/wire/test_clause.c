/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "wire/clause.h"
#include "wire/frame.h"
#include "wire/number.h"

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

/* A glob is written only where the clause has one. */
Test(clause, bytes_of_a_clause)
{
	static const uint8_t expected[] = {22, 0, 5, 5, 1, 2, 3, 4, 5, 6,   7,
					   8,  9, 0, 0, 0, 0, 0, 0, 0, 'a', '*'};
	uint8_t bytes[64];

	cr_assert_eq(put_clause(bytes, CLAUSE_DOWN, CLAUSE_HAS_FROM | CLAUSE_HAS_TAG,
				0x0807060504030201, 9, "a*"),
		     sizeof(expected));
	cr_expect_arr_eq(bytes, expected, sizeof(expected));
	cr_expect_eq(put_clause(bytes, CLAUSE_ANY, 0, 0, 0, "ab"), CLAUSE_HEADER_SIZE);
}
