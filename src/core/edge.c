/* SPDX-License-Identifier: MIT */

/* The records of links, monitors and calls. What they mean is signal.c's. */

#include "core/edge.h"

#include <stdlib.h>
#include <string.h>

#include "core/model.h"

#define BUCKETS_MIN 64

/* ---- the table ---- */

static size_t table_place(const struct edge_table *table, actor_pid owner, uint64_t ref)
{
	uint64_t hash = (owner.n * UINT64_C(0x9e3779b97f4a7c15)) ^ ref;

	/* Refs are what an actor makes of them: the upper bits of one count as well. */
	hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return (size_t)(hash >> 32) & (table->capacity - 1);
}

static void table_insert(struct edge_table *table, struct edge *edge)
{
	struct edge **bucket = &table->buckets[table_place(table, edge->owner->pid, edge->ref)];

	edge->next = *bucket;
	*bucket = edge;
}

/* More buckets where there are as many edges as that; without memory the chains get longer. */
static bool table_grow(struct edge_table *table)
{
	struct edge_table grown = {.capacity = MAX_OF(table->capacity * 2, (size_t)BUCKETS_MIN)};

	if (table->used < table->capacity)
		return true;
	grown.buckets = calloc(grown.capacity, sizeof(struct edge *));
	if (!grown.buckets)
		return table->capacity;
	for (size_t i = 0; i < table->capacity; i++) {
		for (struct edge *e = table->buckets[i], *next; e; e = next) {
			next = e->next;
			table_insert(&grown, e);
		}
	}
	free(table->buckets);
	table->buckets = grown.buckets;
	table->capacity = grown.capacity;
	return true;
}

static void table_remove(struct edge_table *table, struct edge *edge)
{
	struct edge **at = &table->buckets[table_place(table, edge->owner->pid, edge->ref)];

	while (*at != edge)
		at = &(*at)->next;
	*at = edge->next;
	table->used--;
}

static struct edge *table_find(const struct edge_table *table, const struct actor *owner, bool link,
			       uint64_t ref)
{
	struct edge *edge =
		table->capacity ? table->buckets[table_place(table, owner->pid, ref)] : NULL;

	while (edge &&
	       (edge->owner != owner || edge->ref != ref || (edge->kind == EDGE_LINK) != link))
		edge = edge->next;
	return edge;
}

void edge_table_clear(struct edge_table *table)
{
	for (size_t i = 0; i < table->capacity; i++)
		while (table->buckets[i])
			edge_remove(table->buckets[i]);
}

void edge_table_fini(struct edge_table *table)
{
	free(table->buckets);
	*table = (struct edge_table){NULL, 0, 0};
}

/* ---- edges ---- */

static bool is_older(const struct actor *a, const struct actor *b)
{
	return a->pid.n < b->pid.n;
}

struct edge *edge_find_link(const struct actor *a, const struct actor *b)
{
	const struct actor *owner = is_older(a, b) ? a : b;

	return table_find(&a->core->edges, owner, true, (owner == a ? b : a)->pid.n);
}

struct edge *edge_find_ref(const struct actor *owner, uint64_t ref)
{
	return table_find(&owner->core->edges, owner, false, ref);
}

/* In the table, on no list. */
static struct edge *edge_new(struct actor *owner, enum edge_kind kind, uint64_t ref,
			     const char *name)
{
	struct edge_table *table = &owner->core->edges;
	size_t size = name ? strlen(name) + 1 : 1;
	struct edge *edge = table_grow(table) ? calloc(1, sizeof(*edge) + size) : NULL;

	if (!edge)
		return NULL;
	list_init(&edge->at_owner);
	list_init(&edge->at_target);
	edge->owner = owner;
	edge->kind = kind;
	edge->ref = ref;
	memcpy(edge->name, name ? name : "", size);
	table_insert(table, edge);
	table->used++;
	owner->n_refs += kind != EDGE_LINK;
	return edge;
}

static struct edge *edge_tie(struct edge *edge, struct actor *target)
{
	if (!edge)
		return NULL;
	edge->target = target;
	list_append(&edge->owner->edges_out, &edge->at_owner);
	list_append(&target->edges_in, &edge->at_target);
	return edge;
}

struct edge *edge_add_link(struct actor *a, struct actor *b)
{
	struct actor *owner = is_older(a, b) ? a : b;
	struct actor *target = owner == a ? b : a;

	return edge_tie(edge_new(owner, EDGE_LINK, target->pid.n, NULL), target);
}

struct edge *edge_add_monitor(struct actor *owner, struct actor *target, enum edge_kind kind,
			      uint64_t ref, const char *name)
{
	return edge_tie(edge_new(owner, kind, ref, name), target);
}

struct edge *edge_new_letter(struct actor *receiver, enum edge_kind kind, uint64_t ref,
			     const char *name)
{
	struct edge *edge = edge_new(receiver, kind, ref, name);

	if (edge)
		list_append(&receiver->letters, &edge->at_owner);
	return edge;
}

void edge_to_letter(struct edge *edge, struct actor *receiver, actor_pid from,
		    const struct reason *reason)
{
	struct edge_table *table = &receiver->core->edges;

	edge->from = from;
	edge->reason = reason_copy(reason);
	table_remove(table, edge);
	if (edge->kind == EDGE_LINK)
		edge->ref = edge->from.n;
	edge->owner = receiver;
	edge->target = NULL;
	table_insert(table, edge);
	table->used++;
	list_unlink(&edge->at_target);
	list_unlink(&edge->at_owner);
	list_append(&receiver->letters, &edge->at_owner);
}

void edge_remove(struct edge *edge)
{
	table_remove(&edge->owner->core->edges, edge);
	edge->owner->n_refs -= edge->kind != EDGE_LINK;
	list_unlink(&edge->at_owner);
	list_unlink(&edge->at_target);
	reason_fini(&edge->reason);
	free(edge);
}

struct actor *edge_other(const struct edge *edge, const struct actor *one)
{
	return edge->owner == one ? edge->target : edge->owner;
}
