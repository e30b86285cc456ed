/* SPDX-License-Identifier: MIT */
#ifndef LIB_QUEUE_H
#define LIB_QUEUE_H

/*
 * Messages at hand, in the order of their numbers, and what was tried on them. A receive that is
 * repeated goes on where it stopped: for each of its clauses a scan remembers up to which message
 * nothing matches, so that n receives with the same clauses cost one pass over the messages each
 * clause, not n.
 */

#include "base/buf.h"
#include "base/list.h"
#include "lib/sup.h"
#include "wire/clause.h"
#include "wire/frame.h"

/* A message, with all that belongs to it, in one allocation. */
struct letter {
	struct list link; /* queue.letters */
	struct sup_message message;
	uint16_t tag_size; /* others may put a NUL into a tag */
	bool passed;       /* a receive has looked at it and left it */
	void *map;         /* owned: the payload from a memfd, or NULL */
	size_t map_size;
	char bytes[]; /* tag, NUL, payload, NUL */
};

/* A copy of a MESSAGE, CALL, RESPONSE, EXIT or DOWN; fd: its payload where it is in a memfd, the
 * caller's. 0, -ENOMEM, -EPROTO. */
int letter_new(const struct wire_frame *frame, int fd, struct letter **ret_letter);
void letter_free(struct letter *letter); /* takes NULL */
struct letter *letter_of(struct sup_message *message);

/* The clauses of a receive and what is known of them. */
struct scan_clause {
	struct clause clause; /* lies in scan.bytes */
	struct list *tried;   /* nothing up to here matches; the queue's head: nothing tried */
};

struct scan {
	struct buf bytes;            /* owned: the clauses as a RECEIVE carries them */
	struct scan_clause *clauses; /* owned */
	size_t n;
	uint64_t used; /* when it was used last, for the choice of one to forget */
};

#define SCANS 4

struct queue {
	struct list letters; /* owned struct letter */
	uint64_t n_fresh;    /* not passed */
	struct scan scans[SCANS];
	uint64_t uses;
};

void queue_init(struct queue *q);
void queue_fini(struct queue *q);
/* Puts it into its place by number. */
void queue_insert(struct queue *q, struct letter *letter);
/* Takes it out, and marks those before it as passed. */
void queue_take(struct queue *q, struct letter *letter);
/* Takes it out. */
void queue_unlink(struct queue *q, struct letter *letter);
/* A receive has looked at all and taken none. */
void queue_pass_all(struct queue *q);

/* The scan for clauses: one that knows them, or a new one. 0, -EINVAL or -ENOMEM. */
int queue_scan(struct queue *q, const struct sup_clause *clauses, size_t n, struct scan **ret_scan);
/* How many bytes the first n clauses of the scan take. */
size_t scan_size(const struct scan *scan, size_t n);
/*
 * What a receive would take: by clause, or in order. NULL: nothing matches. *ret_i: by which clause
 * it was found.
 */
struct letter *queue_match(struct queue *q, struct scan *scan, bool in_order, size_t *ret_i);
/* The first letter that matches one clause, at or behind `from`; NULL: none. */
struct letter *queue_find(struct queue *q, struct list *from, const struct clause *clause);

/* Encodes clauses. 0, -EINVAL (a kind, or a pattern too long) or -ENOMEM. */
int clauses_put(struct buf *out, const struct sup_clause *clauses, size_t n);

#endif
