/* SPDX-License-Identifier: MIT */
#ifndef CORE_EDGE_H
#define CORE_EDGE_H

/*
 * What ties two actors: a link, a monitor, or a call (a monitor and the way of its answer in one).
 * A monitor or a call belongs to its owner, who has chosen its ref; a link belongs to both alike,
 * there is one at most between two, and the older of them counts as its owner.
 *
 * An edge is all that its end needs: when one of the two has ended, the edge becomes the letter
 * that tells the other one, and waits with it where there is no memory for the message just then.
 * So no EXIT and no DOWN is ever lost, and no death allocates.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/pid.h"
#include "core/reason.h"

struct actor;
struct core;

enum edge_kind { EDGE_LINK, EDGE_MONITOR, EDGE_CALL, EDGE_N_KINDS };

struct edge {
	struct list at_owner;  /* owner.edges_out; a letter: its receiver's letters */
	struct list at_target; /* target.edges_in */
	struct edge *next;     /* in its bucket of core.edges */
	struct actor *owner;   /* borrowed; a letter: its receiver */
	struct actor *target;  /* borrowed; NULL: a letter */
	uint64_t ref;          /* not 0; a link: the target's pid */
	enum edge_kind kind;
	bool direct;          /* EDGE_CALL: the answer goes to the connection at once */
	uint64_t source;      /* ... which one */
	actor_pid from;       /* a letter: who has ended */
	struct reason reason; /* owned; a letter: why */
	char name[];          /* a monitor or call by name: that; else "" */
};

/* All edges by owner, kind and ref: buckets of chains, more of them as edges come. */
struct edge_table {
	struct edge **buckets; /* owned array */
	size_t capacity;       /* a power of two, or 0 */
	size_t used;
};

struct edge *edge_find_link(const struct actor *a, const struct actor *b); /* NULL: none */
/* The owner's monitor or call with that ref, be it a letter; NULL: none. */
struct edge *edge_find_ref(const struct actor *owner, uint64_t ref);
/* A link that is not there yet. NULL: no memory. */
struct edge *edge_add_link(struct actor *a, struct actor *b);
/* A monitor or a call; name: by which it was asked for, or NULL. NULL: no memory. */
struct edge *edge_add_monitor(struct actor *owner, struct actor *target, enum edge_kind kind,
			      uint64_t ref, const char *name);
/* A letter that nobody has become: a monitor of what is gone. NULL: no memory. */
struct edge *edge_new_letter(struct actor *receiver, enum edge_kind kind, uint64_t ref,
			     const char *name);
/* From now on a letter to one of its two, from the other, or from who that was. */
void edge_to_letter(struct edge *edge, struct actor *receiver, actor_pid from,
		    const struct reason *reason);
void edge_remove(struct edge *edge);
struct actor *edge_other(const struct edge *edge, const struct actor *one);
/* All of them go, and nobody is told: for the end of the core, which ends no actor. */
void edge_table_clear(struct edge_table *table);
void edge_table_fini(struct edge_table *table);

#endif
