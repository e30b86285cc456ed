/* SPDX-License-Identifier: MIT */

#include "supd/event_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

#define EVENT_SIZE_USUAL 1024

struct event_block {
	struct event_block *next;
	size_t used;
	char data[EVENT_BLOCK_SIZE];
};

int event_ring_init(struct event_ring *ring, size_t capacity)
{
	capacity = MAX_OF(capacity, (size_t)1);
	*ring = (struct event_ring){
		.entries = calloc(capacity, sizeof(struct event_entry)),
		.capacity = capacity,
		.most_blocks = 2 + capacity / (EVENT_BLOCK_SIZE / EVENT_SIZE_USUAL),
	};
	return ring->entries ? 0 : -ENOMEM;
}

void event_ring_fini(struct event_ring *ring)
{
	while (ring->front) {
		struct event_block *block = ring->front;

		ring->front = block->next;
		free(block);
	}
	free(ring->entries);
	*ring = (struct event_ring){0};
}

/* ---- blocks ---- */

static bool block_has(const struct event_block *block, const void *data)
{
	uintptr_t at = (uintptr_t)data, start = (uintptr_t)block->data;

	return at >= start && at < start + sizeof(block->data);
}

/* All events of the front block are dropped, and others are there behind it. */
static bool ring_front_is_free(const struct event_ring *ring)
{
	const struct event_entry *first = event_ring_at(ring, ring->first);

	return ring->front && (!first || !block_has(ring->front, first->data));
}

static struct event_block *ring_take_front(struct event_ring *ring)
{
	struct event_block *block = ring->front;

	ring->front = block->next;
	if (!ring->front)
		ring->back = NULL;
	ring->n_blocks--;
	return block;
}

/* The oldest make room until there is a block to be filled anew. NULL: there is none at all. */
static struct event_block *ring_recycle(struct event_ring *ring)
{
	while (ring->front && !ring_front_is_free(ring))
		ring->first++;
	return ring->front ? ring_take_front(ring) : NULL;
}

static int ring_add_block(struct event_ring *ring)
{
	struct event_block *block = NULL;

	if (ring->n_blocks < ring->most_blocks && !ring_front_is_free(ring))
		block = malloc(sizeof(*block));
	if (!block)
		block = ring_recycle(ring);
	if (!block)
		return -ENOMEM;
	block->next = NULL;
	block->used = 0;
	if (ring->back)
		ring->back->next = block;
	else
		ring->front = block;
	ring->back = block;
	ring->n_blocks++;
	return 0;
}

/* ---- events ---- */

int event_ring_put(struct event_ring *ring, const struct event_entry *entry)
{
	struct event_entry *to;
	int r = 0;

	if (entry->size > EVENT_SIZE_MAX)
		return -EMSGSIZE;
	if (ring->next - ring->first == ring->capacity)
		ring->first++;
	if (!ring->back || sizeof(ring->back->data) - ring->back->used < entry->size)
		r = ring_add_block(ring);
	if (r < 0)
		return r;
	to = &ring->entries[ring->next % ring->capacity];
	*to = *entry;
	to->data = memcpy(ring->back->data + ring->back->used, entry->data, entry->size);
	ring->back->used += entry->size;
	ring->next++;
	return 0;
}

const struct event_entry *event_ring_at(const struct event_ring *ring, uint64_t position)
{
	if (position < ring->first || position >= ring->next)
		return NULL;
	return &ring->entries[position % ring->capacity];
}

enum event_key { BY_SEQ, BY_LINK, BY_TIME };

static bool event_is_below(const struct event_entry *entry, enum event_key key, uint64_t number)
{
	switch (key) {
	case BY_SEQ:
		return entry->seq < number;
	case BY_LINK:
		return entry->link < number;
	case BY_TIME:
		break;
	}
	return entry->at.ns < (int64_t)number;
}

/* The position of the first that is not below the number. */
static uint64_t ring_search(const struct event_ring *ring, enum event_key key, uint64_t number)
{
	uint64_t low = ring->first, high = ring->next;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (event_is_below(event_ring_at(ring, middle), key, number))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t event_ring_seek(const struct event_ring *ring, uint64_t seq)
{
	return ring_search(ring, BY_SEQ, seq);
}

uint64_t event_ring_seek_time(const struct event_ring *ring, struct mono at)
{
	return ring_search(ring, BY_TIME, (uint64_t)at.ns);
}

const struct event_entry *event_ring_link(const struct event_ring *ring, uint64_t link)
{
	const struct event_entry *entry = event_ring_at(ring, ring_search(ring, BY_LINK, link));

	/* Those that follow a change without being one have its number too, and stand behind it. */
	return entry && entry->link == link && entry->is_link ? entry : NULL;
}

struct wire_frame event_entry_row(const struct event_entry *entry)
{
	struct wire_frame row = wire_frame(WIRE_ROW, "", 0);

	row.payload = entry->data;
	row.payload_size = entry->size;
	return row;
}
