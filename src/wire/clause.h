/* SPDX-License-Identifier: MIT */
#ifndef WIRE_CLAUSE_H
#define WIRE_CLAUSE_H

/*
 * The clauses of a receive, as they travel in the payload of a RECEIVE frame; any number of them,
 * and none at all matches everything. All numbers are little-endian.
 *
 *   offset  size  what
 *        0     2  size of the clause, these included
 *        2     1  kind: 0 any, 1 message, 2 call, 3 reply, 4 exit, 5 down
 *        3     1  what it has: 1 from, 2 ref, 4 tag; what it has not matches anything
 *        4     8  from
 *       12     8  ref
 *       20        the tag's glob up to the clause's end: * any bytes, ? one byte, the rest itself
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define CLAUSE_HEADER_SIZE 20
/* A glob is never longer: no tag is. */
#define CLAUSE_GLOB_MAX 255
/* Everything there is to try, in one receive. */
#define CLAUSES_MAX 1024

enum clause_kind {
	CLAUSE_ANY,
	CLAUSE_MESSAGE,
	CLAUSE_CALL,
	CLAUSE_REPLY,
	CLAUSE_EXIT,
	CLAUSE_DOWN,
	CLAUSE_N_KINDS,
};

enum { CLAUSE_HAS_FROM = 1, CLAUSE_HAS_REF = 2, CLAUSE_HAS_TAG = 4, CLAUSE_HAS_ALL = 7 };

struct clause {
	enum clause_kind kind;
	uint8_t has;
	uint64_t from;
	uint64_t ref;
	const uint8_t *glob; /* borrowed from the payload */
	size_t glob_size;
	const uint8_t *bytes; /* the clause as it came, borrowed; size says how much */
	size_t size;
};

/*
 * Decodes the clause at *cursor of a payload and moves the cursor behind it. 1: there was one; 0:
 * the payload ended; -EPROTO: it is damaged, and nothing was moved.
 */
int clause_decode(const void *payload, size_t size, size_t *cursor, struct clause *ret_clause);

/* How many clauses the payload has; -EPROTO where one is damaged or there are too many. */
int clause_count(const void *payload, size_t size);

/* Appends a clause to a payload: kind, has, from, ref and the glob are looked at. 0 or -ENOMEM. */
int clause_put(struct buf *out, const struct clause *clause);

/* The kind of a frame by its op; CLAUSE_ANY where it is no message. */
enum clause_kind clause_kind_of(uint8_t op);

/*
 * The tag's glob. No recursion; at most glob_size * size steps of about 1 ns, which are added to
 * *work.
 */
bool clause_glob(const uint8_t *glob, size_t glob_size, const uint8_t *text, size_t size,
		 uint64_t *work);

#endif
