/* SPDX-License-Identifier: MIT */

/* Clauses as bytes, and the glob. The decoder trusts nothing. */

#include "wire/clause.h"

#include <errno.h>
#include <string.h>

#include "wire/frame.h"
#include "wire/number.h"

enum { OFFSET_KIND = 2, OFFSET_HAS = 3, OFFSET_FROM = 4, OFFSET_REF = 12 };

int clause_decode(const void *payload, size_t size, size_t *cursor, struct clause *ret_clause)
{
	const uint8_t *at = (const uint8_t *)payload + *cursor;
	size_t left = size - *cursor;
	size_t clause_size;

	if (left == 0)
		return 0;
	if (left < CLAUSE_HEADER_SIZE)
		return -EPROTO;
	clause_size = (size_t)number_load(at, 2);
	if (clause_size < CLAUSE_HEADER_SIZE || clause_size > left ||
	    clause_size > CLAUSE_HEADER_SIZE + CLAUSE_GLOB_MAX)
		return -EPROTO;
	if (at[OFFSET_KIND] >= CLAUSE_N_KINDS || at[OFFSET_HAS] & ~CLAUSE_HAS_ALL)
		return -EPROTO;
	if (!(at[OFFSET_HAS] & CLAUSE_HAS_TAG) && clause_size > CLAUSE_HEADER_SIZE)
		return -EPROTO;
	*ret_clause = (struct clause){
		.kind = (enum clause_kind)at[OFFSET_KIND],
		.has = at[OFFSET_HAS],
		.from = number_load(at + OFFSET_FROM, 8),
		.ref = number_load(at + OFFSET_REF, 8),
		.glob = at + CLAUSE_HEADER_SIZE,
		.glob_size = clause_size - CLAUSE_HEADER_SIZE,
		.bytes = at,
		.size = clause_size,
	};
	*cursor += clause_size;
	return 1;
}

int clause_count(const void *payload, size_t size)
{
	struct clause clause;
	size_t cursor = 0;
	int n = 0, r;

	while ((r = clause_decode(payload, size, &cursor, &clause)) > 0)
		if (++n > CLAUSES_MAX)
			return -EPROTO;
	return r < 0 ? r : n;
}

int clause_put(struct buf *out, const struct clause *clause)
{
	size_t glob_size = clause->has & CLAUSE_HAS_TAG ? clause->glob_size : 0;
	uint8_t header[CLAUSE_HEADER_SIZE] = {0};

	number_store(header, CLAUSE_HEADER_SIZE + glob_size, 2);
	header[OFFSET_KIND] = (uint8_t)clause->kind;
	header[OFFSET_HAS] = clause->has;
	number_store(header + OFFSET_FROM, clause->from, 8);
	number_store(header + OFFSET_REF, clause->ref, 8);
	buf_append(out, header, sizeof(header));
	return glob_size ? buf_append(out, clause->glob, glob_size) : out->error;
}

/* Where what follows a star does not match, the star takes one byte more. */
bool clause_glob(const uint8_t *glob, size_t glob_size, const uint8_t *text, size_t size,
		 uint64_t *work)
{
	size_t g = 0, t = 0, star = SIZE_MAX, retry = 0, steps = 0;

	while (t < size) {
		steps++;
		if (g < glob_size && glob[g] == '*') {
			star = ++g;
			retry = t;
		} else if (g < glob_size && (glob[g] == '?' || glob[g] == text[t])) {
			g++;
			t++;
		} else if (star != SIZE_MAX) {
			g = star;
			t = ++retry;
		} else {
			break;
		}
	}
	while (g < glob_size && glob[g] == '*')
		g++;
	*work += steps;
	return t == size && g == glob_size;
}

enum clause_kind clause_kind_of(uint8_t op)
{
	return op >= WIRE_MESSAGE && op <= WIRE_DOWN
		       ? (enum clause_kind)(op - WIRE_MESSAGE + CLAUSE_MESSAGE)
		       : CLAUSE_ANY;
}
