/* SPDX-License-Identifier: MIT */

/* The record; its protocol is told in the header. */

#include "suplog/record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "logs/keeper.h"

/* "suplog 3" */
#define RECORD_MAGIC UINT64_C(0x3320676f6c707573)
#define RECORD_SIZE \
	(sizeof(struct record_head) + (size_t)KEEPER_STREAMS_MAX * sizeof(struct record_slot))
#define RECORD_ALL ((size_t)1 << 30)

_Static_assert(sizeof(struct record_head) == KEEPER_PROGRESS_AT, "the record's head");
_Static_assert(sizeof(struct record_slot) == KEEPER_PROGRESS_EACH, "a slot of the record");

static uint64_t record_word(uint64_t n, enum record_phase phase)
{
	return n << 8 | (uint64_t)phase;
}

static void record_say(struct record *r, uint64_t n, enum record_phase phase)
{
	atomic_store_explicit(&r->head->word, record_word(n, phase), memory_order_release);
}

/* Empties staging. */
static void record_drain(struct record *r)
{
	ssize_t n;

	do
		n = splice(r->staging[0], NULL, r->nothing, NULL, RECORD_ALL, SPLICE_F_NONBLOCK);
	while (n > 0 || (n < 0 && errno == EINTR));
}

/* Steps 4 to 7, from any of them. */
static int record_take(struct record *r, int pipe, size_t n)
{
	ssize_t moved;

	while (n > 0) {
		moved = splice(pipe, NULL, r->staging[1], NULL, n, SPLICE_F_NONBLOCK);
		if (moved < 0 && errno == EINTR)
			continue;
		if (moved <= 0)
			break;
		n -= (size_t)moved;
		record_say(r, n, RECORD_DRAINING);
		record_drain(r);
		record_say(r, n, n > 0 ? RECORD_COMMITTED : RECORD_IDLE);
	}
	record_say(r, 0, RECORD_IDLE);
	return n > 0 ? -EAGAIN : 0;
}

/* What the head says becomes the slot's. */
static void record_apply(struct record *r)
{
	struct record_slot *slot = record_slot(r, r->head->number);

	slot->offset = r->head->offset;
	slot->state = r->head->state;
}

/* A predecessor's last batch: what is done of it is done, the rest is owed. */
static int record_settle(struct record *r)
{
	uint64_t word = atomic_load_explicit(&r->head->word, memory_order_acquire);
	uint64_t phase = word & 0xff, n = word >> 8;
	int staged = 0;

	if (phase >= RECORD_N_PHASES ||
	    (phase != RECORD_IDLE && r->head->number >= KEEPER_STREAMS_MAX))
		return -EPROTO;
	if (ioctl(r->staging[0], FIONREAD, &staged) < 0)
		return -errno;
	if (phase == RECORD_HELD) {
		record_slot(r, r->head->number)->lost += (uint64_t)staged;
		record_say(r, 0, RECORD_IDLE);
	} else if (phase == RECORD_COMMITTED) {
		n -= MIN_OF((uint64_t)staged, n);
		record_say(r, n, RECORD_DRAINING);
	}
	if (phase == RECORD_COMMITTED || phase == RECORD_DRAINING) {
		record_apply(r);
		record_drain(r);
		record_slot(r, r->head->number)->owed = n;
		record_say(r, 0, RECORD_IDLE);
	}
	record_drain(r);
	return 0;
}

int record_open(struct record *r, int memfd, const int staging[2])
{
	struct stat st;
	void *map;

	*r = RECORD_INIT;
	memcpy(r->staging, staging, sizeof(r->staging));
	r->nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (r->nothing < 0 || fstat(memfd, &st) < 0)
		return -errno;
	if ((size_t)st.st_size < RECORD_SIZE && ftruncate(memfd, (off_t)RECORD_SIZE) < 0)
		return -errno;
	map = mmap(NULL, RECORD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	if (map == MAP_FAILED)
		return -errno;
	r->head = map;
	r->slots = (struct record_slot *)((struct record_head *)map + 1);
	if (r->head->magic == 0)
		r->head->magic = RECORD_MAGIC;
	return r->head->magic == RECORD_MAGIC ? record_settle(r) : -EPROTO;
}

void record_close(struct record *r)
{
	if (r->head)
		munmap(r->head, RECORD_SIZE);
	for (int i = 0; i < 2; i++)
		if (r->staging[i] >= 0)
			close(r->staging[i]);
	if (r->nothing >= 0)
		close(r->nothing);
	*r = RECORD_INIT;
}

int record_begin(struct record *r, uint32_t number, int pipe)
{
	struct record_slot *slot = record_slot(r, number);
	struct stat st;
	uint64_t owed;

	if (fstat(pipe, &st) < 0)
		return -errno;
	if (slot->progress.pipe != st.st_ino) {
		record_forget(r, number);
		slot->progress.pipe = st.st_ino;
		return 0;
	}
	owed = slot->owed;
	if (owed == 0)
		return 0;
	r->head->number = number;
	r->head->offset = slot->offset;
	r->head->state = slot->state;
	record_say(r, owed, RECORD_COMMITTED);
	slot->owed = 0;
	record_take(r, pipe, owed);
	return 0;
}

void record_forget(struct record *r, uint32_t number)
{
	struct record_slot *slot = record_slot(r, number);

	/* First what makes the rest good. */
	*(volatile uint64_t *)&slot->progress.pipe = 0;
	atomic_signal_fence(memory_order_seq_cst);
	memset(slot, 0, sizeof(*slot));
}

void record_taking(struct record *r, uint32_t number)
{
	_Atomic uint64_t *word = &record_slot(r, number)->progress.word;

	atomic_store_explicit(word, atomic_load_explicit(word, memory_order_relaxed) | 1,
			      memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
}

void record_taken(struct record *r, uint32_t number, uint64_t taken, bool open)
{
	struct keeper_progress *p = &record_slot(r, number)->progress;

	p->open = open;
	atomic_store_explicit(&p->word, taken << 1, memory_order_release);
}

void record_set_file(struct record *r, uint32_t number, const struct record_slot *file)
{
	struct record_slot *slot = record_slot(r, number);

	/* No inode: the file's end counts, whatever the offset says. */
	*(volatile uint64_t *)&slot->ino = 0;
	atomic_thread_fence(memory_order_release);
	slot->dev = file->dev;
	slot->offset = file->offset;
	slot->state = file->state;
	slot->since = file->since;
	atomic_thread_fence(memory_order_release);
	*(volatile uint64_t *)&slot->ino = file->ino;
}

int record_commit(struct record *r, uint32_t number, int pipe, size_t n,
		  const struct record_slot *then)
{
	r->head->number = number;
	r->head->offset = then->offset;
	r->head->state = then->state;
	record_say(r, n, RECORD_COMMITTED);
	record_apply(r);
	return record_take(r, pipe, n);
}

size_t record_hold(struct record *r, uint32_t number, int pipe, size_t n)
{
	size_t held = 0;
	ssize_t moved;

	r->head->number = number;
	record_say(r, 0, RECORD_HELD);
	while (held < n) {
		moved = splice(pipe, NULL, r->staging[1], NULL, n - held, SPLICE_F_NONBLOCK);
		if (moved < 0 && errno == EINTR)
			continue;
		if (moved <= 0)
			break;
		held += (size_t)moved;
	}
	if (held == 0)
		record_say(r, 0, RECORD_IDLE);
	return held;
}

size_t record_release(struct record *r, int pipe, size_t n, const struct record_slot *then,
		      char *data, size_t room)
{
	size_t left = 0, behind;
	ssize_t moved;
	int held = 0;

	ioctl(r->staging[0], FIONREAD, &held);
	behind = n - MIN_OF(n, (size_t)held);
	r->head->offset = then->offset;
	r->head->state = then->state;
	record_say(r, behind, RECORD_DRAINING);
	record_apply(r);
	n -= behind;
	while (n > 0) {
		moved = splice(r->staging[0], NULL, r->nothing, NULL, n, SPLICE_F_NONBLOCK);
		if (moved <= 0)
			break;
		n -= (size_t)moved;
	}
	while (left < room) {
		int waiting = 0;

		if (ioctl(r->staging[0], FIONREAD, &waiting) < 0 || waiting == 0)
			break;
		moved = read(r->staging[0], data + left, room - left);
		if (moved <= 0)
			break;
		left += (size_t)moved;
	}
	record_drain(r);
	record_say(r, behind, RECORD_COMMITTED);
	record_take(r, pipe, behind);
	return left;
}

uint64_t record_take_lost(struct record *r, uint32_t number)
{
	uint64_t lost = record_slot(r, number)->lost;

	record_slot(r, number)->lost = 0;
	return lost;
}
