/* SPDX-License-Identifier: MIT */
#ifndef CORE_FRAMES_H
#define CORE_FRAMES_H

/*
 * A queue of whole wire frames, one behind another in chunks of memory: an allocation and a header
 * for each message would cost more than most messages do. Each frame has a number, which counts
 * from 1 and grows through the queue. It stands in the frame's `to`, which nobody needs any more.
 *
 * What the queue itself has to know of a frame lies in the upper bits of its op, so that a frame
 * takes no byte more than it has:
 *
 *   HELD     it was handed out, and stays in its place until that is acknowledged
 *   FOREIGN  its sender is of another Unix user than the receiver
 *   KEPT     it was sent to a path: an incarnation's end does not take it away (SEMANTICS D3)
 *
 * A frame that is taken is marked dead in its place (op 0). A chunk goes when all in it is dead; it
 * is packed when most of it is, and what is left of two neighbours that fit into one is put
 * together.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "wire/frame.h"
#include "wire/number.h"

enum frame_state {
	FRAME_DEAD = 0,
	FRAME_OP = 0x1f,
	FRAME_FOREIGN = 0x20,
	FRAME_KEPT = 0x40,
	FRAME_HELD = 0x80,
};

struct chunk {
	struct list link;
	uint32_t size;     /* of what is in use; whole frames, dead ones too */
	uint32_t capacity; /* of bytes */
	uint32_t next;     /* no frame before here is queued */
	uint32_t n_queued; /* neither dead nor held */
	uint32_t n_held;
	uint32_t n_frames; /* dead ones too */
	uint32_t dead;     /* bytes of dead frames */
	uint64_t first;    /* number of the first frame there was; below those that follow */
	uint8_t bytes[];
};

struct frames {
	struct list chunks;  /* owned struct chunk, oldest first */
	struct chunk *first; /* borrowed; no chunk before it has queued frames; NULL: none has */
	uint64_t next_number;
	uint64_t n_queued;
	uint64_t n_held;
	uint64_t n_exits;   /* queued and held ones that are EXITs */
	uint64_t n_memfds;  /* queued and held ones whose payload lies in a memfd */
	struct map answers; /* found by their ref, RESPONSE, DOWN, what is to be confirmed: ref ->
			     * number, as a pointer's value; each ref once */
	uint64_t weight;  /* bytes of all that is queued and held, with what lies in their memfds */
	uint64_t foreign; /* ... of FOREIGN ones */
};

/* Where a frame lies. Good until the queue is changed by anything but frames_set(). */
struct place {
	struct chunk *chunk; /* NULL: nowhere */
	uint32_t at;
};

void frames_init(struct frames *f);
void frames_fini(struct frames *f); /* takes a zeroed one; numbers go on */

/* ---- a frame's bytes ---- */

enum {
	FRAME_AT_OP = 4,
	FRAME_AT_FLAGS = 5,
	FRAME_AT_TAG_SIZE = 6,
	FRAME_AT_FROM = 8,
	FRAME_AT_TO = 16,
	FRAME_AT_REF = 24,
};

static inline uint32_t frame_size(const uint8_t *frame)
{
	return (uint32_t)number_load(frame, 4);
}
/* Without what the queue adds; 0: dead. */
static inline uint8_t frame_op(const uint8_t *frame)
{
	return frame[FRAME_AT_OP] & FRAME_OP;
}
static inline uint16_t frame_tag_size(const uint8_t *frame)
{
	return (uint16_t)number_load(frame + FRAME_AT_TAG_SIZE, 2);
}
static inline uint64_t frame_from(const uint8_t *frame)
{
	return number_load(frame + FRAME_AT_FROM, 8);
}
static inline uint64_t frame_number(const uint8_t *frame)
{
	return number_load(frame + FRAME_AT_TO, 8);
}
static inline uint64_t frame_ref(const uint8_t *frame)
{
	return number_load(frame + FRAME_AT_REF, 8);
}
static inline const uint8_t *frame_tag(const uint8_t *frame)
{
	return frame + WIRE_HEADER_SIZE;
}
static inline bool frame_is_queued(const uint8_t *frame)
{
	return frame[FRAME_AT_OP] && !(frame[FRAME_AT_OP] & FRAME_HELD);
}
/* Its size, with that of its memfd; the memfd's number, 0 where it has none. */
uint64_t frame_weight(const uint8_t *frame, uint32_t *ret_memfd);

/* ---- in ---- */

/* Room for one answer more, which is to be committed. 0, -ENOMEM. */
int frames_reserve_answer(struct frames *f);
/* Room for a frame of that size, not part of the queue until frames_commit(). NULL: no memory. */
uint8_t *frames_reserve(struct frames *f, size_t size);
/* The frame written there, its op with FOREIGN and KEPT as they apply, gets the next number. */
void frames_commit(struct frames *f);
/*
 * A run of frames in one copy: stamps from, numbers and state on each. How many bytes of it, whole
 * frames, were taken: all, unless memory ran out.
 */
size_t frames_append(struct frames *f, const uint8_t *run, size_t size, uint64_t from,
		     uint8_t state);
/* The oldest chunk of a queue that has one goes behind the frames of f, with new numbers. Never
 * fails. */
void frames_move_chunk(struct frames *f, struct frames *from);

/* ---- looking ---- */

/* The first queued frame, the first behind a number, the one with that number (queued or held). */
struct place frames_first(struct frames *f);
struct place frames_after(struct frames *f, uint64_t number);
struct place frames_find(struct frames *f, uint64_t number);
/* The answer with that ref, queued or held. */
struct place frames_find_answer(struct frames *f, uint64_t ref);
/* The next frame in the queue that is not dead, queued or held. */
struct place frames_step(struct frames *f, struct place place);
static inline uint8_t *frame_at(struct place place)
{
	return place.chunk->bytes + place.at;
}

/* ---- out ---- */

/* queued -> dead, queued -> held, held -> queued (its number is back in its old place), held ->
 * dead. Where it dies the place is good no more. */
void frames_kill(struct frames *f, struct place place);
void frames_hold(struct frames *f, struct place place);
void frames_give_back(struct frames *f, struct place place);
/*
 * Copies queued frames in order to out, at most n and at most size bytes, without what the queue
 * added, as long as they follow each other in one chunk and none is KEPT or has a memfd; kills
 * them. How many.
 */
uint32_t frames_hand_out(struct frames *f, uint8_t *out, uint64_t n, size_t size, size_t *ret_size);

/*
 * All die, in linear time; with keep KEPT ones stay, and those of them that are held are given
 * back. lose hears of each memfd.
 */
typedef void frames_lose(void *owner, uint32_t memfd);
void frames_purge(struct frames *f, bool keep, frames_lose *lose, void *owner);

/* The invariants; NULL, or what is broken. Linear. (frames_check.c) */
const char *frames_check(const struct frames *f);

#endif
