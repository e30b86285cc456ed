/* SPDX-License-Identifier: MIT */

/*
 * The queue of chunks. What is counted, in the queue and in each chunk, is counted in one place:
 * frames_count(). A chunk's `next` and the queue's `first` are hints that save walking over what is
 * known not to be queued; they are never beyond the first queued frame.
 */

#include "core/frames.h"

#include <stdlib.h>
#include <string.h>

/* Of a chunk's bytes: the first of a queue is small, as most mailboxes hold little. */
#define CHUNK_SMALL 512
#define CHUNK_LARGE 65536
/* A chunk is packed when this much of it, and at least half, is dead. */
#define CHUNK_WASTE 4096
/* Unused room at a full chunk's end is given back where it is more than this for each frame. */
#define CHUNK_SPARE 4
/* Room for so many answers stays when the last of them has gone. */
#define ANSWERS_KEPT 8

#define MEMFD_SIZE(payload) number_load((payload), 4)
#define MEMFD_NUMBER(payload) ((uint32_t)number_load((payload) + 4, 4))

/* ---- a frame's bytes ---- */

uint64_t frame_weight(const uint8_t *frame, uint32_t *ret_memfd)
{
	uint64_t size = frame_size(frame);
	const uint8_t *payload = frame_tag(frame) + frame_tag_size(frame);

	*ret_memfd = 0;
	if (!(frame[FRAME_AT_FLAGS] & WIRE_MEMFD) || size < frame_tag_size(frame) + 40u)
		return size;
	*ret_memfd = MEMFD_NUMBER(payload);
	return size + MEMFD_SIZE(payload);
}

/* ---- life ---- */

void frames_init(struct frames *f)
{
	*f = (struct frames){.next_number = 1};
	list_init(&f->chunks);
}

static void chunk_free(struct frames *f, struct chunk *chunk)
{
	struct list *next = chunk->link.next;

	if (f->first == chunk)
		f->first = next == &f->chunks ? NULL : LIST_ENTRY(next, struct chunk, link);
	list_unlink(&chunk->link);
	free(chunk);
}

void frames_fini(struct frames *f)
{
	uint64_t number = f->next_number;

	if (!f->chunks.next)
		return;
	map_fini(&f->answers);
	LIST_EACH (l, &f->chunks) {
		chunk_free(f, LIST_ENTRY(l, struct chunk, link));
	}
	frames_init(f);
	f->next_number = number;
}

/* Neighbours in memory move with a block that realloc moves. */
static struct chunk *chunk_resize(struct frames *f, struct chunk *chunk, size_t capacity)
{
	struct list *before = chunk->link.prev;
	bool is_first = f->first == chunk;
	struct chunk *moved;

	list_unlink(&chunk->link);
	moved = realloc(chunk, sizeof(*chunk) + capacity);
	if (moved) {
		chunk = moved;
		chunk->capacity = (uint32_t)capacity;
	}
	list_insert_before(before->next, &chunk->link);
	if (is_first)
		f->first = chunk;
	return moved;
}

static struct chunk *frames_tail(const struct frames *f)
{
	return list_is_empty(&f->chunks) ? NULL : LIST_ENTRY(f->chunks.prev, struct chunk, link);
}

static struct chunk *chunk_new(struct frames *f, size_t size)
{
	struct chunk *tail = frames_tail(f), *chunk;
	size_t capacity = tail ? MIN_OF((size_t)tail->capacity * 4, (size_t)CHUNK_LARGE) : 0;

	capacity = MAX_OF(capacity, size);
	capacity = MAX_OF(capacity, (size_t)CHUNK_SMALL);
	chunk = malloc(sizeof(*chunk) + capacity);
	if (!chunk)
		return NULL;
	*chunk = (struct chunk){.capacity = (uint32_t)capacity, .first = f->next_number};
	if (tail && tail->capacity - tail->size > CHUNK_SPARE * tail->n_frames)
		chunk_resize(f, tail, tail->size);
	list_append(&f->chunks, &chunk->link);
	return chunk;
}

/* ---- counting ---- */

static bool is_answer(const uint8_t *frame)
{
	return frame_op(frame) == WIRE_RESPONSE || frame_op(frame) == WIRE_DOWN ||
	       frame[FRAME_AT_FLAGS] & WIRE_CONFIRM;
}

static void answer_forget(struct frames *f, const uint8_t *frame)
{
	if (!is_answer(frame))
		return;
	map_remove(&f->answers, frame_ref(frame));
	if (!f->answers.used && f->answers.capacity > ANSWERS_KEPT)
		map_fini(&f->answers);
}

/* A frame comes into a state (n = 1) or leaves it (n = -1). */
static void frames_count(struct frames *f, struct chunk *chunk, const uint8_t *frame, int n)
{
	uint32_t memfd;
	uint64_t weight = frame_weight(frame, &memfd);
	uint64_t one = (uint64_t)(int64_t)n;

	if (frame[FRAME_AT_OP] & FRAME_HELD) {
		chunk->n_held += (uint32_t)one;
		f->n_held += one;
	} else {
		chunk->n_queued += (uint32_t)one;
		f->n_queued += one;
	}
	f->n_memfds += memfd ? one : 0;
	f->n_exits += frame_op(frame) == WIRE_EXIT ? one : 0;
	f->weight += weight * one;
	f->foreign += frame[FRAME_AT_OP] & FRAME_FOREIGN ? weight * one : 0;
}

/* ---- in ---- */

int frames_reserve_answer(struct frames *f)
{
	return map_reserve(&f->answers, f->answers.used + 1);
}

uint8_t *frames_reserve(struct frames *f, size_t size)
{
	struct chunk *tail = frames_tail(f);

	if (!tail || tail->capacity - tail->size < size)
		tail = chunk_new(f, size);
	return tail ? tail->bytes + tail->size : NULL;
}

void frames_commit(struct frames *f)
{
	struct chunk *tail = frames_tail(f);
	uint8_t *frame = tail->bytes + tail->size;

	if (is_answer(frame))
		map_set(&f->answers, frame_ref(frame), (void *)(uintptr_t)f->next_number);
	number_store(frame + FRAME_AT_TO, f->next_number++, 8);
	tail->size += frame_size(frame);
	tail->n_frames++;
	frames_count(f, tail, frame, 1);
	if (!f->first)
		f->first = tail;
}

/* How much of the run, in whole frames, fits into size bytes; at least one where one is there. */
static size_t run_prefix(const uint8_t *run, size_t size, size_t room)
{
	size_t at = 0;

	if (size <= room)
		return size;
	while (at < size && at + frame_size(run + at) <= room)
		at += frame_size(run + at);
	return at ? at : frame_size(run);
}

/* Frames without a memfd, no answers: counted all at once. */
static void chunk_stamp(struct frames *f, struct chunk *chunk, size_t size, uint64_t from,
			uint8_t state)
{
	uint8_t *frame = chunk->bytes + chunk->size, *end = frame + size;
	uint32_t n = 0;

	for (; frame < end; frame += frame_size(frame)) {
		frame[FRAME_AT_OP] |= state;
		number_store(frame + FRAME_AT_FROM, from, 8);
		number_store(frame + FRAME_AT_TO, f->next_number++, 8);
		n++;
	}
	chunk->size += (uint32_t)size;
	chunk->n_frames += n;
	chunk->n_queued += n;
	f->n_queued += n;
	f->weight += size;
	f->foreign += state & FRAME_FOREIGN ? size : 0;
	if (!f->first)
		f->first = chunk;
}

size_t frames_append(struct frames *f, const uint8_t *run, size_t size, uint64_t from,
		     uint8_t state)
{
	size_t done = 0;

	while (done < size) {
		struct chunk *tail = frames_tail(f);
		size_t room = tail ? tail->capacity - tail->size : 0;
		size_t part = run_prefix(run + done, size - done, room);

		if (!tail || part > room) {
			tail = chunk_new(f, MIN_OF(size - done, (size_t)CHUNK_LARGE));
			if (!tail)
				break;
			part = run_prefix(run + done, size - done, tail->capacity);
		}
		memcpy(tail->bytes + tail->size, run + done, part);
		chunk_stamp(f, tail, part, from, state);
		done += part;
	}
	return done;
}

/* ---- a chunk that is mostly dead ---- */

static void chunk_pack(struct chunk *chunk)
{
	uint32_t to = 0, next = UINT32_MAX, size;

	chunk->n_frames = 0;
	for (uint32_t at = 0; at < chunk->size; at += size) {
		uint8_t *frame = chunk->bytes + at;

		size = frame_size(frame);
		if (frame_op(frame) == FRAME_DEAD)
			continue;
		if (frame_is_queued(frame) && next == UINT32_MAX)
			next = to;
		memmove(chunk->bytes + to, frame, size);
		to += size;
		chunk->n_frames++;
	}
	chunk->size = to;
	chunk->next = MIN_OF(next, to);
	chunk->dead = 0;
}

/* Puts a packed chunk behind the one before it where both fit into one. */
static void chunk_join(struct frames *f, struct chunk *chunk)
{
	struct chunk *before;
	size_t size;

	if (chunk->link.prev == &f->chunks)
		return;
	before = LIST_ENTRY(chunk->link.prev, struct chunk, link);
	size = (size_t)before->size + chunk->size;
	if (size > CHUNK_LARGE)
		return;
	if (size > before->capacity) {
		before = chunk_resize(f, before, size);
		if (!before)
			return;
	}
	memcpy(before->bytes + before->size, chunk->bytes, chunk->size);
	if (!before->n_queued)
		before->next = before->size + chunk->next;
	if (f->first == chunk && chunk->n_queued)
		f->first = before;
	before->size += chunk->size;
	before->n_queued += chunk->n_queued;
	before->n_held += chunk->n_held;
	before->n_frames += chunk->n_frames;
	before->dead += chunk->dead;
	chunk_free(f, chunk);
}

static void chunk_tidy(struct frames *f, struct chunk *chunk)
{
	if (!chunk->n_queued && !chunk->n_held) {
		chunk_free(f, chunk);
		return;
	}
	if (chunk->dead < CHUNK_WASTE || chunk->dead < chunk->size / 2)
		return;
	chunk_pack(chunk);
	if (chunk != frames_tail(f)) {
		struct chunk *packed = chunk_resize(f, chunk, chunk->size);

		chunk_join(f, packed ? packed : chunk);
	}
}

/* ---- looking ---- */

static struct chunk *chunk_after(const struct frames *f, const struct chunk *chunk)
{
	return chunk->link.next == &f->chunks ? NULL
					      : LIST_ENTRY(chunk->link.next, struct chunk, link);
}

/* The first frame at or behind `at` that is wanted. */
static bool chunk_seek(const struct chunk *chunk, uint32_t *at, bool also_held)
{
	for (; *at < chunk->size; *at += frame_size(chunk->bytes + *at)) {
		const uint8_t *frame = chunk->bytes + *at;

		if (frame_is_queued(frame) || (also_held && frame_op(frame) != FRAME_DEAD))
			return true;
	}
	return false;
}

struct place frames_first(struct frames *f)
{
	struct chunk *chunk = f->first;

	while (chunk && !chunk->n_queued)
		chunk = chunk_after(f, chunk);
	f->first = chunk;
	if (!chunk)
		return (struct place){NULL, 0};
	chunk_seek(chunk, &chunk->next, false);
	return (struct place){chunk, chunk->next};
}

/* The first frame from a place on that is not dead. */
static struct place frames_seek(struct frames *f, struct chunk *chunk, uint32_t at)
{
	for (; chunk; chunk = chunk_after(f, chunk), at = 0)
		if (chunk_seek(chunk, &at, true))
			return (struct place){chunk, at};
	return (struct place){NULL, 0};
}

struct place frames_step(struct frames *f, struct place place)
{
	return frames_seek(f, place.chunk, place.at + frame_size(frame_at(place)));
}

struct place frames_after(struct frames *f, uint64_t number)
{
	struct chunk *chunk = frames_tail(f);
	struct place place;

	/* From behind: who asks again has seen most of what there is. */
	while (chunk && chunk->first > number && chunk->link.prev != &f->chunks)
		chunk = LIST_ENTRY(chunk->link.prev, struct chunk, link);
	place = frames_seek(f, chunk, 0);
	while (place.chunk && frame_number(frame_at(place)) <= number)
		place = frames_step(f, place);
	return place;
}

struct place frames_find(struct frames *f, uint64_t number)
{
	struct place place = {NULL, 0};

	if (number)
		place = frames_after(f, number - 1);
	if (place.chunk && frame_number(frame_at(place)) != number)
		place.chunk = NULL;
	return place;
}

struct place frames_find_answer(struct frames *f, uint64_t ref)
{
	return frames_find(f, (uint64_t)(uintptr_t)map_get(&f->answers, ref));
}

/* ---- out ---- */

static void frames_die(struct frames *f, struct place place)
{
	uint8_t *frame = frame_at(place);

	frames_count(f, place.chunk, frame, -1);
	answer_forget(f, frame);
	frame[FRAME_AT_OP] = FRAME_DEAD;
	place.chunk->dead += frame_size(frame);
}

void frames_kill(struct frames *f, struct place place)
{
	frames_die(f, place);
	chunk_tidy(f, place.chunk);
}

void frames_hold(struct frames *f, struct place place)
{
	uint8_t *frame = frame_at(place);

	frames_count(f, place.chunk, frame, -1);
	frame[FRAME_AT_OP] |= FRAME_HELD;
	frames_count(f, place.chunk, frame, 1);
}

void frames_give_back(struct frames *f, struct place place)
{
	uint8_t *frame = frame_at(place);

	frames_count(f, place.chunk, frame, -1);
	frame[FRAME_AT_OP] &= (uint8_t)~FRAME_HELD;
	frame[FRAME_AT_FLAGS] |= WIRE_REDELIVERED;
	frames_count(f, place.chunk, frame, 1);
	place.chunk->next = MIN_OF(place.chunk->next, place.at);
	if (!f->first || place.chunk->first < f->first->first)
		f->first = place.chunk;
}

/* A chunk's part of a purge; it is tidied behind that. */
static void chunk_purge(struct frames *f, struct chunk *chunk, bool keep, frames_lose *lose,
			void *owner)
{
	uint32_t size, memfd;

	for (uint32_t at = 0; at < chunk->size; at += size) {
		struct place place = {chunk, at};
		uint8_t *frame = chunk->bytes + at;

		size = frame_size(frame);
		if (frame_op(frame) == FRAME_DEAD)
			continue;
		if (keep && frame[FRAME_AT_OP] & FRAME_KEPT) {
			if (!frame_is_queued(frame))
				frames_give_back(f, place);
			continue;
		}
		frame_weight(frame, &memfd);
		if (memfd)
			lose(owner, memfd);
		frames_die(f, place);
	}
}

void frames_purge(struct frames *f, bool keep, frames_lose *lose, void *owner)
{
	LIST_EACH (l, &f->chunks) {
		struct chunk *chunk = LIST_ENTRY(l, struct chunk, link);

		chunk_purge(f, chunk, keep, lose, owner);
		chunk_tidy(f, chunk);
	}
}

/* A run of queued frames from a place on that may go together: its size; the counts are set. */
static uint32_t run_measure(const struct place place, uint64_t n, size_t size, uint32_t *ret_n,
			    uint8_t *ret_state)
{
	const struct chunk *chunk = place.chunk;
	uint32_t at = place.at, taken = 0;
	uint8_t state = 0;

	while (at < chunk->size && taken < n) {
		const uint8_t *frame = chunk->bytes + at;
		uint32_t one = frame_size(frame);

		if (!frame_is_queued(frame) || frame[FRAME_AT_OP] & FRAME_KEPT ||
		    frame[FRAME_AT_FLAGS] & WIRE_MEMFD || at - place.at + one > size)
			break;
		state |= frame[FRAME_AT_OP];
		at += one;
		taken++;
	}
	*ret_n = taken;
	*ret_state = state;
	return at - place.at;
}

/* The copy loses what the queue added; the original dies, but for the chunk, which is tidied. */
static void run_kill(struct frames *f, struct place place, uint32_t size, uint8_t *copy)
{
	struct chunk *chunk = place.chunk;

	for (uint32_t at = 0; at < size; at += frame_size(copy + at)) {
		uint8_t *frame = chunk->bytes + place.at + at;

		if (frame[FRAME_AT_OP] & FRAME_FOREIGN)
			f->foreign -= frame_size(frame);
		answer_forget(f, frame);
		f->n_exits -= frame_op(frame) == WIRE_EXIT;
		copy[at + FRAME_AT_OP] = frame_op(frame);
		frame[FRAME_AT_OP] = FRAME_DEAD;
	}
	chunk->next = place.at + size;
	chunk->dead += size;
	f->weight -= size;
}

uint32_t frames_hand_out(struct frames *f, uint8_t *out, uint64_t n, size_t size, size_t *ret_size)
{
	struct place place = frames_first(f);
	uint32_t taken = 0, part = 0;
	uint8_t state;

	*ret_size = 0;
	if (!place.chunk)
		return 0;
	part = run_measure(place, n, size, &taken, &state);
	if (!part)
		return 0;
	memcpy(out, frame_at(place), part);
	run_kill(f, place, part, out);
	place.chunk->n_queued -= taken;
	f->n_queued -= taken;
	if (!place.chunk->n_queued && !place.chunk->n_held)
		chunk_free(f, place.chunk);
	*ret_size = part;
	return taken;
}

/* ---- between queues ---- */

static void frames_renumber(struct frames *f, struct chunk *chunk)
{
	uint32_t size;

	chunk->first = f->next_number;
	for (uint32_t at = 0; at < chunk->size; at += size) {
		uint8_t *frame = chunk->bytes + at;

		size = frame_size(frame);
		if (frame_op(frame) == FRAME_DEAD)
			continue;
		number_store(frame + FRAME_AT_TO, f->next_number++, 8);
		frames_count(f, chunk, frame, 1);
	}
}

void frames_move_chunk(struct frames *f, struct frames *from)
{
	struct chunk *chunk = LIST_ENTRY(from->chunks.next, struct chunk, link);
	struct chunk *tail;
	uint32_t size;

	for (uint32_t at = 0; at < chunk->size; at += size) {
		uint8_t *frame = chunk->bytes + at;

		size = frame_size(frame);
		if (frame_op(frame) != FRAME_DEAD)
			frames_count(from, chunk, frame, -1);
	}
	if (from->first == chunk)
		from->first = chunk_after(from, chunk);
	list_unlink(&chunk->link);
	list_append(&f->chunks, &chunk->link);
	frames_renumber(f, chunk);
	tail = chunk;
	if (!f->first)
		f->first = tail;
	chunk_pack(tail);
	chunk_join(f, tail);
}
