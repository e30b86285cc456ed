/* SPDX-License-Identifier: MIT */

/* The graph of who waits for whom, and the search in it. */

#include "core/order.h"

#include <errno.h>
#include <stdlib.h>

enum node { NODE_GATE, NODE_BEGIN, NODE_READY, NODE_GROUP, NODE_N };

void order_fini(struct order *order)
{
	free(order->edges);
	*order = (struct order){0};
}

/* ---- the graph ---- */

static int order_add(struct order *order, uint32_t from, enum node from_node, uint32_t to,
		     enum node to_node, enum order_why why)
{
	if (order->n == order->capacity) {
		size_t capacity = order->capacity ? 2 * order->capacity : 64;
		struct order_edge *edges =
			reallocarray(order->edges, capacity, sizeof(*order->edges));

		if (!edges)
			return -ENOMEM;
		order->edges = edges;
		order->capacity = capacity;
	}
	order->edges[order->n++] =
		(struct order_edge){from * NODE_N + from_node, to * NODE_N + to_node, why};
	return 0;
}

int order_add_child(struct order *order, uint32_t child, uint32_t parent)
{
	int r = order_add(order, child, NODE_BEGIN, child, NODE_GATE, ORDER_SELF);

	if (child >= order->n_children)
		order->n_children = child + 1;
	if (r >= 0)
		r = order_add(order, child, NODE_READY, child, NODE_BEGIN, ORDER_SELF);
	if (r >= 0 && parent != child)
		r = order_add(order, child, NODE_BEGIN, parent, NODE_BEGIN, ORDER_INSIDE);
	return r;
}

int order_add_place(struct order *order, const struct spec *supervisor, uint32_t parent,
		    uint32_t child, uint32_t before)
{
	bool all = supervisor->strategy == STRATEGY_ONE_FOR_ALL;
	bool rest = supervisor->strategy == STRATEGY_REST_FOR_ONE;
	int r = 0;

	if (!all && !rest)
		return 0;
	r = order_add(order, parent, NODE_READY, child, NODE_READY, ORDER_CONTAINS);
	if (r >= 0 && supervisor->start == START_ORDERED && before != child)
		r = order_add(order, child, NODE_BEGIN, before, NODE_READY, ORDER_BEFORE);
	if (r >= 0 && rest && before != child)
		r = order_add(order, child, NODE_GATE, before, NODE_GATE, ORDER_GROUP);
	if (r >= 0 && all)
		r = order_add(order, child, NODE_BEGIN, parent, NODE_GROUP, ORDER_GROUP);
	if (r >= 0 && all)
		r = order_add(order, parent, NODE_GROUP, child, NODE_GATE, ORDER_GROUP);
	return r;
}

int order_add_depend(struct order *order, uint32_t child, uint32_t on, const struct spec *both,
		     enum order_why why)
{
	bool together = both && both->strategy == STRATEGY_ONE_FOR_ALL;

	return order_add(order, child, together ? NODE_BEGIN : NODE_GATE, on, NODE_READY, why);
}

/* ---- the search ---- */

enum colour { COLOUR_NEW, COLOUR_OPEN, COLOUR_DONE };

struct search {
	const struct order *order;
	uint32_t *first;  /* owned; of each node, its first place in by_node; one more at the end */
	uint32_t *next;   /* owned; the place that is looked at next */
	uint32_t *edges;  /* owned; numbers of edges, by the node that they come from */
	uint32_t *path;   /* owned; the edges that lead to the node in hand */
	uint8_t *colours; /* owned */
	size_t length;
};

static void search_fini(struct search *s)
{
	free(s->first);
	free(s->next);
	free(s->edges);
	free(s->path);
	free(s->colours);
}

static int search_init(struct search *s, const struct order *order)
{
	size_t n = (size_t)order->n_children * NODE_N;

	*s = (struct search){.order = order};
	s->first = calloc(n + 1, sizeof(*s->first));
	s->next = calloc(n + 1, sizeof(*s->next));
	s->edges = calloc(order->n + 1, sizeof(*s->edges));
	s->path = calloc(n + 1, sizeof(*s->path));
	s->colours = calloc(n + 1, 1);
	if (!s->first || !s->next || !s->edges || !s->path || !s->colours)
		return -ENOMEM;
	for (size_t i = 0; i < order->n; i++)
		s->first[order->edges[i].from + 1]++;
	for (size_t i = 0; i < n; i++)
		s->first[i + 1] += s->first[i];
	for (size_t i = 0; i < n; i++)
		s->next[i] = s->first[i];
	for (size_t i = 0; i < order->n; i++)
		s->edges[s->next[order->edges[i].from]++] = (uint32_t)i;
	for (size_t i = 0; i < n; i++)
		s->next[i] = s->first[i];
	return 0;
}

/* Depth first from a node. The edge that closes a cycle; UINT32_MAX: there is none from here. */
static uint32_t search_from(struct search *s, uint32_t start)
{
	const struct order_edge *edges = s->order->edges;
	uint32_t node = start;

	s->length = 0;
	s->colours[node] = COLOUR_OPEN;
	while (true) {
		uint32_t edge;

		if (s->next[node] == s->first[node + 1]) {
			s->colours[node] = COLOUR_DONE;
			if (s->length == 0)
				return UINT32_MAX;
			node = edges[s->path[--s->length]].from;
			continue;
		}
		edge = s->edges[s->next[node]++];
		if (s->colours[edges[edge].to] == COLOUR_OPEN)
			return edge;
		if (s->colours[edges[edge].to] == COLOUR_DONE)
			continue;
		s->path[s->length++] = edge;
		node = edges[edge].to;
		s->colours[node] = COLOUR_OPEN;
	}
}

/* The way from where the closing edge leads to, back to there: between different children only. */
static int search_result(const struct search *s, uint32_t closing, struct order_step **ret_steps,
			 size_t *ret_n)
{
	const struct order_edge *edges = s->order->edges;
	struct order_step *steps = calloc(s->length + 1, sizeof(*steps));
	size_t i = 0, n = 0;

	if (!steps)
		return -ENOMEM;
	while (i < s->length && edges[s->path[i]].from != edges[closing].to)
		i++;
	for (; i <= s->length; i++) {
		const struct order_edge *e = &edges[i < s->length ? s->path[i] : closing];

		if (e->from / NODE_N != e->to / NODE_N)
			steps[n++] = (struct order_step){e->from / NODE_N, e->why};
	}
	*ret_steps = steps;
	*ret_n = n;
	return 0;
}

int order_find_cycle(const struct order *order, struct order_step **ret_steps, size_t *ret_n)
{
	uint32_t n = order->n_children * NODE_N;
	uint32_t closing = UINT32_MAX;
	struct search s;
	int r = search_init(&s, order);

	*ret_steps = NULL;
	*ret_n = 0;
	for (uint32_t i = 0; r == 0 && i < n && closing == UINT32_MAX; i++)
		if (s.colours[i] == COLOUR_NEW)
			closing = search_from(&s, i);
	if (r == 0 && closing != UINT32_MAX)
		r = search_result(&s, closing, ret_steps, ret_n);
	search_fini(&s);
	return r;
}
