/* SPDX-License-Identifier: MIT */

/* The ring of events: what is kept, what is found, what makes room. */

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "supd/event_ring.h"
#include "tests/support/alloc.h"

/* Data that tells which one it is. */
static int put(struct event_ring *ring, uint64_t seq, size_t size)
{
	static char data[EVENT_SIZE_MAX + 1];

	memset(data, (int)(seq % 251), sizeof(data));
	return event_ring_put(ring, &(struct event_entry){.seq = seq,
							  .link = seq / 2,
							  .is_link = seq % 2 == 0,
							  .data = data,
							  .size = (uint32_t)size & 0x3fffffff});
}

static void check(const struct event_ring *ring)
{
	uint64_t last = 0;

	cr_assert_leq(ring->next - ring->first, ring->capacity);
	cr_assert_leq(ring->n_blocks, ring->most_blocks);
	for (uint64_t p = ring->first; p < ring->next; p++) {
		const struct event_entry *entry = event_ring_at(ring, p);
		const unsigned char *data = entry->data;

		cr_assert_gt(entry->seq, last);
		last = entry->seq;
		for (size_t i = 0; i < entry->size; i += 97)
			cr_assert_eq(data[i], entry->seq % 251);
		cr_assert_eq(event_ring_seek(ring, entry->seq), p);
	}
	cr_assert_eq(event_ring_seek(ring, last + 1), ring->next);
	cr_assert_null(event_ring_at(ring, ring->next));
	cr_assert_null(event_ring_at(ring, ring->first - 1));
}

Test(event_ring, keeps_the_last_ones)
{
	struct event_ring ring;

	cr_assert_eq(event_ring_init(&ring, 7), 0);
	check(&ring);
	for (uint64_t seq = 1; seq <= 1000; seq++) {
		cr_assert_eq(put(&ring, seq, 1 + seq % 900), 0);
		check(&ring);
		cr_assert_eq(ring.next, seq);
		cr_assert_eq(ring.next - ring.first, seq < 7 ? seq : 7);
	}
	event_ring_fini(&ring);
}

Test(event_ring, bytes_are_bounded_too)
{
	struct event_ring ring;

	cr_assert_eq(event_ring_init(&ring, 1000), 0);
	for (uint64_t seq = 1; seq <= 3000; seq++) {
		cr_assert_eq(put(&ring, seq, EVENT_SIZE_MAX - seq % 5000), 0);
		if (seq % 100 == 0)
			check(&ring);
	}
	cr_assert_lt(ring.next - ring.first, 120);
	cr_assert_gt(ring.next - ring.first, 40);
	cr_assert_eq(put(&ring, 3001, EVENT_SIZE_MAX + 1), -EMSGSIZE);
	check(&ring);
	event_ring_fini(&ring);
}

Test(event_ring, numbers_with_gaps)
{
	struct event_ring ring;

	cr_assert_eq(event_ring_init(&ring, 100), 0);
	for (uint64_t seq = 10; seq <= 50; seq += 10)
		cr_assert_eq(put(&ring, seq, 20), 0);
	cr_assert_eq(event_ring_seek(&ring, 0), 0);
	cr_assert_eq(event_ring_seek(&ring, 10), 0);
	cr_assert_eq(event_ring_seek(&ring, 11), 1);
	cr_assert_eq(event_ring_seek(&ring, 50), 4);
	cr_assert_eq(event_ring_seek(&ring, 51), 5);
	event_ring_fini(&ring);
}

Test(event_ring, a_change_is_found_among_what_is_none)
{
	struct event_ring ring;

	cr_assert_eq(event_ring_init(&ring, 10), 0);
	for (uint64_t seq = 1; seq <= 20; seq++)
		cr_assert_eq(put(&ring, seq, 20), 0);
	/* Of 11 to 20 the even ones are changes, and those behind them have their number. */
	for (uint64_t link = 6; link <= 10; link++)
		cr_assert_eq(event_ring_link(&ring, link)->seq, link * 2);
	cr_assert_null(event_ring_link(&ring, 5), "dropped; one that has its number is left");
	cr_assert_null(event_ring_link(&ring, 11));
	cr_assert_null(event_ring_link(&ring, 0));
	event_ring_fini(&ring);
}

Test(event_ring, where_memory_is_short_the_oldest_make_room)
{
	struct event_ring ring;
	bool short_once = false;

	alloc_fail_at(1);
	cr_assert_eq(event_ring_init(&ring, 1000), -ENOMEM);
	event_ring_fini(&ring);
	alloc_fail_end();
	cr_assert_eq(event_ring_init(&ring, 1000), 0);
	alloc_fail_at(1);
	cr_assert_eq(put(&ring, 1, 1000), -ENOMEM);
	alloc_fail_end();
	check(&ring);
	for (uint64_t seq = 2; seq <= 500; seq++) {
		alloc_fail_at(1);
		cr_assert_eq(put(&ring, seq, 1000), seq == 2 ? -ENOMEM : 0);
		short_once |= alloc_fail_end();
		if (seq == 2)
			cr_assert_eq(put(&ring, seq, 1000), 0);
		check(&ring);
		cr_assert_eq(ring.n_blocks, 1);
	}
	cr_assert(short_once);
	event_ring_fini(&ring);
}

Test(event_ring, nothing_is_allocated_once_it_is_full)
{
	struct event_ring ring;

	cr_assert_eq(event_ring_init(&ring, 500), 0);
	for (uint64_t seq = 1; seq <= 2000; seq++)
		cr_assert_eq(put(&ring, seq, 300), 0);
	alloc_fail_at(0);
	for (uint64_t seq = 2001; seq <= 5000; seq++) {
		cr_assert_eq(put(&ring, seq, 300), 0);
		cr_assert_eq(ring.next - ring.first, 500);
	}
	cr_assert_eq(alloc_count(), 0);
	check(&ring);
	event_ring_fini(&ring);
}
