/* SPDX-License-Identifier: MIT */
#ifndef BASE_LIST_H
#define BASE_LIST_H

/*
 * An intrusive, circular, doubly linked list. The head is a node too; an unlinked node points at
 * itself, so that unlinking twice does no harm. Nothing here allocates.
 */

#include <stdbool.h>

#include "base/macros.h"

struct list {
	struct list *next; /* borrowed */
	struct list *prev; /* borrowed */
};

#define LIST_ENTRY(node, type, member) CONTAINER_OF(node, type, member)

/* Safe against unlinking of the node at hand, and of no other. */
#define LIST_EACH(it, head)                                                       \
	for (struct list *it = (head)->next, *it##_next = it->next; it != (head); \
	     it = it##_next, it##_next = it->next)

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_insert_before(struct list *where, struct list *node)
{
	node->prev = where->prev;
	node->next = where;
	where->prev->next = node;
	where->prev = node;
}

static inline void list_append(struct list *head, struct list *node)
{
	list_insert_before(head, node);
}

static inline void list_unlink(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Takes the first node off the list; NULL where it is empty. */
static inline struct list *list_take_first(struct list *head)
{
	struct list *first = head->next;

	if (first == head)
		return NULL;
	list_unlink(first);
	return first;
}

#endif
