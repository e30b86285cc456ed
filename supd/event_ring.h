/* SPDX-License-Identifier: MIT */
#ifndef SUPD_EVENT_RING_H
#define SUPD_EVENT_RING_H

/*
 * The last so many events, each as the fields of its row (wire/field.h), encoded once. A reader is
 * a position: events are counted from 0 as they are put in, and position p is there as long as
 * first <= p < next. What a reader takes is copied out of here, so that any number of readers,
 * however slow, cost nothing beyond their position.
 *
 * The bytes lie in blocks, which are filled one behind the other and come to the front again when
 * all of their events are dropped: once there have been as many events as are kept, nothing is
 * allocated any more. Both are bounded, the number of events and their bytes. Where memory is short
 * before that, the oldest make room.
 *
 * Numbers (seq) grow with the position, with gaps where events were lost; so do the core's (link),
 * of which an event that is not the core's has the last one before it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "wire/frame.h"

/* One event is never larger. */
#define EVENT_SIZE_MAX 16384
#define EVENT_BLOCK_SIZE 65536

struct event_entry {
	uint64_t seq;
	uint64_t link;    /* see above; 0: of a daemon before this one, or before the first */
	struct mono at;   /* of what a daemon before this one saw: before its start, even below 0 */
	const void *data; /* borrowed from a block */
	uint32_t size : 30;
	uint32_t is_link : 1;
	uint32_t is_first : 1; /* of a daemon: numbers before it may have been left out */
};

struct event_block;

struct event_ring {
	struct event_entry *entries; /* owned array of `capacity` */
	size_t capacity;
	uint64_t first, next;      /* positions */
	struct event_block *front; /* owned list, in the order in which they were filled */
	struct event_block *back;
	size_t n_blocks, most_blocks;
};

/* Room for so many events (at least one), of 1 KiB on the average. 0 or -ENOMEM. */
int event_ring_init(struct event_ring *ring, size_t capacity);
void event_ring_fini(struct event_ring *ring);

/*
 * Puts in one event; the oldest make room. Its data is copied. 0; -EMSGSIZE; -ENOMEM: it is not
 * there, and the others may be fewer.
 */
int event_ring_put(struct event_ring *ring, const struct event_entry *entry);

/* NULL: not there. Borrowed until the next one is put in. */
const struct event_entry *event_ring_at(const struct event_ring *ring, uint64_t position);
/* The position of the first with at least that number; `next` where all are smaller. */
uint64_t event_ring_seek(const struct event_ring *ring, uint64_t seq);
/* The position of the first that was not before that time. */
uint64_t event_ring_seek_time(const struct event_ring *ring, struct mono at);
/* The core's change of that number; NULL: not there. */
const struct event_entry *event_ring_link(const struct event_ring *ring, uint64_t link);
/* Its fields. */
struct wire_frame event_entry_row(const struct event_entry *entry);

#endif
