/* SPDX-License-Identifier: MIT */

/* The queue of frames against a plain array of what should be in it. */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/frames.h"
#include "tests/support/alloc.h"

#define MOST 4000

struct twin {
	uint64_t number;
	uint32_t size;
	bool held;
};

struct fixture {
	struct frames frames;
	struct twin twins[MOST];
	size_t n;
	uint64_t random;
};

static uint32_t rnd(struct fixture *f, uint32_t n)
{
	f->random = f->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(f->random >> 33) % n;
}

static uint8_t *fill(uint8_t *frame, uint32_t size)
{
	memset(frame, (int)(size & 0xff), size);
	memset(frame, 0, WIRE_HEADER_SIZE);
	number_store(frame, size, 4);
	frame[FRAME_AT_OP] = WIRE_MESSAGE;
	return frame;
}

static void add_one(struct fixture *f, uint32_t size)
{
	uint8_t *at = frames_reserve(&f->frames, size);

	cr_assert(at);
	fill(at, size);
	f->twins[f->n++] = (struct twin){f->frames.next_number, size, false};
	frames_commit(&f->frames);
}

static void add_run(struct fixture *f, uint32_t n, uint32_t size)
{
	uint8_t *run = malloc((size_t)n * size);

	for (uint32_t i = 0; i < n; i++) {
		fill(run + (size_t)i * size, size);
		f->twins[f->n++] = (struct twin){f->frames.next_number + i, size, false};
	}
	cr_assert_eq(frames_append(&f->frames, run, (size_t)n * size, 7, FRAME_FOREIGN),
		     (size_t)n * size);
	free(run);
}

static void forget(struct fixture *f, size_t i)
{
	memmove(&f->twins[i], &f->twins[i + 1], (f->n - i - 1) * sizeof(f->twins[0]));
	f->n--;
}

static void touch_one(struct fixture *f)
{
	size_t i = rnd(f, (uint32_t)f->n);
	struct twin *twin = &f->twins[i];
	struct place place = frames_find(&f->frames, twin->number);

	cr_assert(place.chunk, "number %lu", twin->number);
	cr_assert_eq(frame_size(frame_at(place)), twin->size);
	if (twin->held && rnd(f, 2)) {
		frames_give_back(&f->frames, place);
		twin->held = false;
	} else if (!twin->held && rnd(f, 4) == 0) {
		frames_hold(&f->frames, place);
		twin->held = true;
	} else {
		frames_kill(&f->frames, place);
		cr_assert(!frames_find(&f->frames, twin->number).chunk);
		forget(f, i);
	}
}

static void hand_out(struct fixture *f)
{
	static uint8_t out[WIRE_DATAGRAM_MAX];
	size_t size, at = 0, i = 0;
	uint32_t n = frames_hand_out(&f->frames, out, 1 + rnd(f, 40), sizeof(out), &size);

	for (uint32_t k = 0; k < n; k++, at += frame_size(out + at)) {
		while (i < f->n && f->twins[i].held)
			i++;
		cr_assert_lt(i, f->n);
		cr_assert_eq(frame_number(out + at), f->twins[i].number);
		cr_assert_eq(out[at + FRAME_AT_OP], WIRE_MESSAGE);
		forget(f, i);
	}
	cr_assert_eq(at, size);
}

static void compare(struct fixture *f)
{
	struct place place = frames_after(&f->frames, 0);

	cr_assert_null(frames_check(&f->frames));
	for (size_t i = 0; i < f->n; i++) {
		cr_assert(place.chunk);
		cr_assert_eq(frame_number(frame_at(place)), f->twins[i].number);
		cr_assert_eq(frame_is_queued(frame_at(place)), !f->twins[i].held);
		place = frames_step(&f->frames, place);
	}
	cr_assert(!place.chunk);
}

static void one_action(struct fixture *f)
{
	uint32_t what = rnd(f, 10);

	if (what < 2 && f->n < MOST / 2)
		add_one(f, WIRE_HEADER_SIZE + rnd(f, rnd(f, 30) ? 200 : 60000));
	else if (what < 4 && f->n < MOST / 2)
		add_run(f, 1 + rnd(f, 300), WIRE_HEADER_SIZE + rnd(f, 300));
	else if (what == 4)
		hand_out(f);
	else
		for (uint32_t i = 0; i < 30 && f->n; i++)
			touch_one(f);
}

Test(frames, agree_with_a_plain_array)
{
	static struct fixture f;
	long before = alloc_live();

	for (uint64_t seed = 1; seed <= 20; seed++) {
		f = (struct fixture){.random = seed};
		frames_init(&f.frames);
		for (int i = 0; i < 400; i++) {
			one_action(&f);
			if (i % 8 == 0)
				compare(&f);
		}
		frames_fini(&f.frames);
		cr_assert_eq(alloc_live(), before);
	}
}

/* Chunks that change queues keep the order, get new numbers, and cost no memory. */
Test(frames, a_queue_moves_behind_another_without_memory)
{
	static struct fixture a, b;

	frames_init(&a.frames);
	frames_init(&b.frames);
	for (uint32_t i = 0; i < 900; i++) {
		add_one(&a, WIRE_HEADER_SIZE + i % 50);
		add_one(&b, WIRE_HEADER_SIZE + i % 70);
	}
	frames_kill(&b.frames, frames_find(&b.frames, 1));
	while (!list_is_empty(&b.frames.chunks)) {
		alloc_fail_at(1);
		frames_move_chunk(&a.frames, &b.frames);
		alloc_fail_end();
		cr_assert_null(frames_check(&a.frames));
		cr_assert_null(frames_check(&b.frames));
	}
	for (size_t i = 1; i < 900; i++)
		a.twins[a.n++] = (struct twin){900 + i, b.twins[i].size, false};
	compare(&a);
	frames_fini(&a.frames);
	frames_fini(&b.frames);
}

static void count_lost(void *owner, uint32_t memfd)
{
	(void)memfd;
	(*(unsigned *)owner)++;
}

/* Of a million; what is kept stays in its order, and is given back where it was held. */
Test(frames, a_purge)
{
	enum { N = 1000000, EACH = 1000 };
	static struct fixture f;
	unsigned lost = 0;

	f = (struct fixture){.random = 1};
	frames_init(&f.frames);
	for (uint64_t i = 1; i <= N; i++) {
		uint8_t *at = fill(frames_reserve(&f.frames, 40), 40);
		bool kept = i % EACH == 0;

		at[FRAME_AT_OP] = (uint8_t)(WIRE_MESSAGE | (kept ? FRAME_KEPT : 0));
		at[FRAME_AT_FLAGS] = i % EACH < 2 ? WIRE_MEMFD : 0;
		number_store(at + 36, i, 4);
		frames_commit(&f.frames);
		if (kept && i % (uint64_t)(2 * EACH) == 0)
			frames_hold(&f.frames, frames_find(&f.frames, i));
		if (kept)
			f.twins[f.n++] = (struct twin){i, 40, false};
	}
	frames_purge(&f.frames, true, count_lost, &lost);
	compare(&f);
	cr_expect_eq(lost, N / EACH);
	cr_expect_eq(f.frames.n_memfds, N / EACH);
	frames_purge(&f.frames, false, count_lost, &lost);
	cr_expect_eq(lost, 2 * N / EACH);
	f.n = 0;
	compare(&f);
	cr_expect(list_is_empty(&f.frames.chunks));
}

Test(frames, without_memory_nothing_changes)
{
	static struct fixture f;
	uint8_t run[64 * 40];

	frames_init(&f.frames);
	for (int i = 0; i < 40; i++)
		fill(run + (ptrdiff_t)64 * i, 64);
	alloc_fail_at(1);
	cr_assert_null(frames_reserve(&f.frames, 100));
	alloc_fail_end();
	alloc_fail_at(1);
	cr_assert_eq(frames_append(&f.frames, run, sizeof(run), 1, 0), 0);
	alloc_fail_end();
	cr_assert_null(frames_check(&f.frames));
	add_one(&f, 64);
	alloc_fail_at(1);
	/* What still fits into the chunk that is there is in. */
	cr_assert_eq(frames_append(&f.frames, run, sizeof(run), 1, 0) % 64, 0);
	alloc_fail_end();
	cr_assert_null(frames_check(&f.frames));
	frames_fini(&f.frames);
}

/* One million queued messages cost at most their bytes and 64 each, the header included. */
Test(frames, a_message_costs_little_more_than_its_bytes)
{
	static const uint32_t payloads[] = {1, 32, 64, 1000, 3000, 9000};
	struct frames f;

	for (size_t k = 0; k < sizeof(payloads) / sizeof(payloads[0]); k++) {
		const uint64_t n = payloads[k] <= 64 ? 1000000 : 20000;
		uint64_t memory = 0;

		frames_init(&f);
		for (uint64_t i = 0; i < n; i++) {
			uint8_t *at = frames_reserve(&f, WIRE_HEADER_SIZE + payloads[k]);

			cr_assert(at);
			fill(at, WIRE_HEADER_SIZE + payloads[k]);
			frames_commit(&f);
		}
		LIST_EACH (l, &f.chunks) {
			memory += sizeof(struct chunk) + 16 +
				  LIST_ENTRY(l, struct chunk, link)->capacity;
		}
		cr_assert_leq(memory, n * (payloads[k] + 64), "%u bytes: %lu", payloads[k],
			      memory / n);
		frames_fini(&f);
	}
}
