/* SPDX-License-Identifier: MIT */

/* The invariants of a queue of frames: all that is counted, counted again. */

#include "core/frames.h"

static bool is_answer(const uint8_t *frame)
{
	return frame_op(frame) == WIRE_RESPONSE || frame_op(frame) == WIRE_DOWN ||
	       frame[FRAME_AT_FLAGS] & WIRE_CONFIRM;
}

static bool answer_is_known(const struct frames *f, const uint8_t *frame)
{
	return (uintptr_t)map_get(&f->answers, frame_ref(frame)) == frame_number(frame);
}

static void count(struct frames *sum, struct chunk *chunk, const uint8_t *frame)
{
	uint32_t memfd;
	uint64_t weight = frame_weight(frame, &memfd);
	bool is_held = frame[FRAME_AT_OP] & FRAME_HELD;

	chunk->n_held += is_held;
	chunk->n_queued += !is_held;
	sum->n_held += is_held;
	sum->n_queued += !is_held;
	sum->n_memfds += memfd != 0;
	sum->n_exits += frame_op(frame) == WIRE_EXIT;
	sum->answers.used += is_answer(frame);
	sum->weight += weight;
	sum->foreign += frame[FRAME_AT_OP] & FRAME_FOREIGN ? weight : 0;
}

static const char *check_chunk(const struct frames *f, const struct chunk *chunk,
			       struct frames *sum, uint64_t *number)
{
	uint32_t dead = 0, n = 0, size;
	struct chunk sums = {0};

	for (uint32_t at = 0; at < chunk->size; at += size, n++) {
		const uint8_t *frame = chunk->bytes + at;

		size = frame_size(frame);
		if (size < WIRE_HEADER_SIZE || size > chunk->size - at)
			return "frames: a frame has no sound size";
		if (frame_is_queued(frame) && at < chunk->next)
			return "frames: a queued frame before the hint";
		if (frame_op(frame) == FRAME_DEAD) {
			dead += size;
			continue;
		}
		if (frame_number(frame) <= *number)
			return "frames: numbers do not grow";
		*number = frame_number(frame);
		if (is_answer(frame) && !answer_is_known(f, frame))
			return "frames: an answer is not found by its ref";
		count(sum, &sums, frame);
	}
	if (chunk->n_queued != sums.n_queued || chunk->n_held != sums.n_held)
		return "frames: a chunk's counts are wrong";
	if (chunk->dead != dead || chunk->n_frames != n || chunk->size > chunk->capacity)
		return "frames: a chunk's bytes are wrong";
	return NULL;
}

const char *frames_check(const struct frames *f)
{
	struct frames sum = {0};
	uint64_t number = 0;
	bool seen = false;

	LIST_EACH (l, &f->chunks) {
		const struct chunk *chunk = LIST_ENTRY(l, struct chunk, link);
		const char *broken = check_chunk(f, chunk, &sum, &number);

		if (broken)
			return broken;
		if (!chunk->n_queued && !chunk->n_held)
			return "frames: an empty chunk is kept";
		seen |= f->first == chunk;
		if (chunk->n_queued && !seen)
			return "frames: a queued frame before the first chunk";
	}
	if (sum.n_queued != f->n_queued || sum.n_held != f->n_held || sum.weight != f->weight ||
	    sum.answers.used != f->answers.used || sum.foreign != f->foreign ||
	    sum.n_memfds != f->n_memfds || sum.n_exits != f->n_exits || number >= f->next_number)
		return "frames: the sums are wrong";
	return NULL;
}
