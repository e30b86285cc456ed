/* SPDX-License-Identifier: MIT */
#ifndef CORE_ORDER_H
#define CORE_ORDER_H

/*
 * Who has to wait for whom, as a graph, for the search of cycles: before anything is started by the
 * configuration, and in the tree where a child is added.
 *
 * A child is four nodes: its gate (all that it depends on is ready), its begin, its being ready,
 * and, for a one_for_all, the gate of its whole group. Edges lead from what waits to what it waits
 * for:
 *
 *   1. begin -> gate; ready -> begin; a child's begin -> its supervisor's begin
 *   2. after, requires: gate -> ready of the other; between children of the same one_for_all begin
 *      -> ready, as they are stopped together anyway
 *   3. rest_for_one, one_for_all: ready -> ready of each of its children
 *   4. ... with start = ordered: begin -> ready of the child before it
 *   5. one_for_all: begin -> the group -> gate of each child; rest_for_one: gate -> gate of the
 *      child before it: who waits keeps those down that its supervisor stops with it. So nobody in
 *      a rest_for_one may wait for one that comes later in it, whatever start is
 *
 * Children of a one_for_one wait for nobody's sake: one that is not started yet counts as started,
 * so the order of sections is no order of dependence there.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/spec.h"

enum order_why {
	ORDER_SELF,     /* two nodes of one child */
	ORDER_INSIDE,   /* it is below the other */
	ORDER_CONTAINS, /* the other is below it */
	ORDER_BEFORE,   /* the other stands before it, under the same ordered supervisor */
	ORDER_GROUP,    /* the other is stopped and started with it, by their supervisor */
	ORDER_AFTER,    /* the keys */
	ORDER_REQUIRES,
};

struct order_edge {
	uint32_t from, to; /* nodes */
	enum order_why why;
};

struct order {
	struct order_edge *edges; /* owned */
	size_t n, capacity;
	uint32_t n_children;
};

/* A step of a cycle: `from` waits for the next one's `from`, the last one for the first's. */
struct order_step {
	uint32_t from; /* number of the child */
	enum order_why why;
};

/* All return 0 or -ENOMEM. */
void order_fini(struct order *order);
/* Children are numbered from 0 by the caller: rule 1 for one, and its parent (itself: the root). */
int order_add_child(struct order *order, uint32_t child, uint32_t parent);
/* Rules 3 to 5 for one child; before: its elder sibling, or itself where it has none. */
int order_add_place(struct order *order, const struct spec *supervisor, uint32_t parent,
		    uint32_t child, uint32_t before);
/* Rule 2. both: the supervisor that both are children of; NULL: they have different ones. */
int order_add_depend(struct order *order, uint32_t child, uint32_t on, const struct spec *both,
		     enum order_why why);
/*
 * The first cycle that there is, in the order of edges: its steps, each between two different
 * children, owned by the caller; NULL: there is none. Linear; does not call itself. 0, -ENOMEM.
 */
int order_find_cycle(const struct order *order, struct order_step **ret_steps, size_t *ret_n);

#endif
