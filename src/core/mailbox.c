/* SPDX-License-Identifier: MIT */

/* A mailbox's record and queue: what goes in, what of it goes with an incarnation. */

#include "core/mailbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/model.h"
#include "core/signal.h"

/* ---- memfds ---- */

/* What is in the core can always be let go of, without memory. */
int core_reserve_memfds(struct core *core, size_t n)
{
	size_t capacity = MAX_OF(core->memfds_capacity * 2, (size_t)16);
	uint32_t *grown;

	if (n <= core->memfds_capacity)
		return 0;
	grown = reallocarray(core->released, MAX_OF(capacity, n), sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	core->released = grown;
	core->memfds_capacity = MAX_OF(capacity, n);
	return 0;
}

int mailbox_reserve_memfd(struct core *core)
{
	int r = core_reserve_memfds(core, core->n_memfds + core->n_released + 1);

	if (r == 0)
		core->n_memfds++;
	return r;
}

int mailbox_hold_memfd(struct core *core, uint32_t number)
{
	uintptr_t n;

	if (!number)
		return 0;
	n = (uintptr_t)map_get(&core->memfd_copies, number);
	return map_set(&core->memfd_copies, number, (void *)(n + 1));
}

void mailbox_release_memfd(struct core *core, uint32_t number)
{
	uintptr_t n;

	if (!number)
		return;
	n = (uintptr_t)map_get(&core->memfd_copies, number);
	if (n > 1)
		map_set(&core->memfd_copies, number, (void *)(n - 1));
	else if (n)
		map_remove(&core->memfd_copies, number);
	if (n)
		return;
	core->released[core->n_released++] = number;
	core->n_memfds--;
}

const uint32_t *core_released(const struct core *core, size_t *ret_n)
{
	*ret_n = core->n_released;
	return core->released;
}

/* ---- life ---- */

struct mailbox *mailbox_of(struct actor *actor)
{
	struct mailbox *m = actor->mailbox;

	if (m)
		return m;
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->actor = actor;
	frames_init(&m->frames);
	list_init(&m->lanes);
	list_init(&m->receives);
	list_init(&m->in_core);
	actor->mailbox = m;
	return m;
}

void mailbox_lose_memfd(void *core, uint32_t number)
{
	mailbox_release_memfd(core, number);
}

void mailbox_free(struct mailbox *m)
{
	if (!m)
		return;
	frames_purge(&m->frames, false, mailbox_lose_memfd, m->actor->core);
	list_unlink(&m->in_core);
	receive_forget(m);
	frames_fini(&m->frames);
	buf_fini(&m->unacked);
	m->actor->mailbox = NULL;
	free(m);
}

void mailbox_wake(struct mailbox *m)
{
	if (m && list_is_empty(&m->in_core))
		list_append(&m->actor->core->mailboxes, &m->in_core);
}

/* ---- its limits ---- */

bool mailbox_is_durable(const struct actor *actor)
{
	return actor->child && !actor->child->sup && actor->child->spec->mailbox == MAILBOX_DURABLE;
}

enum mailbox_overflow mailbox_policy(const struct mailbox *m)
{
	return m->actor->child ? m->actor->child->spec->mailbox_overflow : OVERFLOW_BLOCK;
}

uint64_t mailbox_limit(const struct actor *actor)
{
	return actor->child ? actor->child->spec->mailbox_limit : MAILBOX_LIMIT;
}

/* An empty one takes any one message; another Unix user's may fill the half of it. */
bool mailbox_has_room(const struct mailbox *m, uint64_t weight, bool foreign)
{
	uint64_t limit = mailbox_limit(m->actor), used = m->frames.weight;

	if (!m->frames.n_queued && !m->frames.n_held)
		return true;
	if (used > limit || weight > limit - used || m->frames.n_memfds >= MAILBOX_MEMFDS_MAX)
		return false;
	return !foreign ||
	       (m->frames.foreign <= limit / 2 && weight <= limit / 2 - m->frames.foreign);
}

/* ---- in ---- */

/* The header in its place; tag and payload behind it. */
static void frame_write(uint8_t *at, const struct wire_frame *frame, uint8_t state)
{
	size_t size = WIRE_HEADER_SIZE + frame->tag_size + frame->payload_size;

	number_store(at, size, 4);
	at[FRAME_AT_OP] = (uint8_t)(frame->op | state);
	at[FRAME_AT_FLAGS] = frame->flags;
	number_store(at + FRAME_AT_TAG_SIZE, frame->tag_size, 2);
	number_store(at + FRAME_AT_FROM, frame->from, 8);
	number_store(at + FRAME_AT_REF, frame->ref, 8);
	if (frame->tag_size)
		memcpy(at + WIRE_HEADER_SIZE, frame->tag, frame->tag_size);
	if (frame->payload_size)
		memcpy(at + WIRE_HEADER_SIZE + frame->tag_size, frame->payload,
		       frame->payload_size);
}

int frames_put(struct frames *f, const struct wire_frame *frame, uint8_t state)
{
	uint8_t *at = frames_reserve(f, WIRE_HEADER_SIZE + frame->tag_size + frame->payload_size);

	if (!at)
		return -ENOMEM;
	frame_write(at, frame, state);
	frames_commit(f);
	return 0;
}

int mailbox_put(struct actor *actor, const struct wire_frame *frame, uint8_t state)
{
	struct mailbox *m = mailbox_of(actor);
	bool is_answer = frame->op == WIRE_RESPONSE || frame->op == WIRE_DOWN;

	if (!m || (is_answer && frames_reserve_answer(&m->frames) < 0) ||
	    frames_put(&m->frames, frame, state) < 0)
		return -ENOMEM;
	mailbox_wake(m);
	return 0;
}

/* ---- out ---- */

void mailbox_kill(struct mailbox *m, struct place place)
{
	uint32_t memfd;

	frame_weight(frame_at(place), &memfd);
	mailbox_release_memfd(m->actor->core, memfd);
	frames_kill(&m->frames, place);
	if (!list_is_empty(&m->lanes) || m->overflows)
		mailbox_wake(m);
}

void mailbox_give_back(struct mailbox *m, uint64_t number)
{
	struct place place = frames_find(&m->frames, number);

	if (!place.chunk || frame_is_queued(frame_at(place)))
		return;
	frames_give_back(&m->frames, place);
	receive_rewind(m, number);
	mailbox_wake(m);
}

void mailbox_flush_ref(struct actor *actor, uint64_t ref)
{
	struct mailbox *m = actor->mailbox;
	struct place place = {NULL, 0};

	if (m)
		place = frames_find_answer(&m->frames, ref);
	if (place.chunk && frame_is_queued(frame_at(place)))
		mailbox_kill(m, place);
}

static bool frame_is_exit_of(const uint8_t *frame, uint64_t from)
{
	return frame_is_queued(frame) && frame_op(frame) == WIRE_EXIT && frame_from(frame) == from;
}

/* Behind each that goes the search begins behind its number. */
void mailbox_flush_exits(struct actor *actor, actor_pid from)
{
	struct mailbox *m = actor->mailbox;
	struct place place = {NULL, 0};

	if (m && m->frames.n_exits)
		place = frames_first(&m->frames);
	while (place.chunk && m->frames.n_exits) {
		const uint8_t *frame = frame_at(place);
		uint64_t number = frame_number(frame);

		if (!frame_is_exit_of(frame, from.n)) {
			place = frames_step(&m->frames, place);
			continue;
		}
		mailbox_kill(m, place);
		place = frames_after(&m->frames, number);
	}
}

bool mailbox_has_answer(const struct actor *actor, uint64_t ref)
{
	return actor->mailbox && map_get(&actor->mailbox->frames.answers, ref);
}

/* ---- an incarnation's end ---- */

void mailbox_end(struct actor *actor)
{
	struct mailbox *m = actor->mailbox;

	outbox_hurry_all(actor);
	if (!m)
		return;
	outbox_end_lanes(m);
	if (m->overflows)
		told_overflow_end(m);
	/* Kept messages that were handed out come back; the others go. */
	frames_purge(&m->frames, true, mailbox_lose_memfd, actor->core);
	receive_forget(m);
	buf_clear(&m->unacked);
	m->credit = m->handed = m->out = m->consumed = m->stop_number = 0;
	if (!m->frames.n_queued && !actor->child)
		mailbox_free(m);
	else if (!m->frames.n_queued)
		frames_fini(&m->frames);
}

bool mailbox_stop_is_taken(const struct actor *actor)
{
	struct mailbox *m = actor->mailbox;

	return m && m->stop_number && m->consumed == m->out &&
	       !frames_find(&m->frames, m->stop_number).chunk;
}

uint64_t mailbox_length(const struct actor *actor)
{
	const struct mailbox *m = actor->mailbox;

	return m ? m->frames.n_queued + m->frames.n_held + m->out - m->consumed : 0;
}

/* ---- a step ---- */

/* It is half empty again: who reads as fast as others send does not end it with each message. */
static bool mailbox_has_overcome(const struct mailbox *m)
{
	return m->overflows && list_is_empty(&m->lanes) &&
	       m->frames.weight <= mailbox_limit(m->actor) / 2;
}

/*
 * Lets in what then may be handed out: until neither has anything to do, or enough was done. Whose
 * receive has used the step's time up comes behind the others in the next one.
 */
void mailbox_run_all(struct core *core)
{
	struct list later, last, *l;

	core->mail_is_short = false;
	core->scan_work = 0;
	list_init(&later);
	list_init(&last);
	while ((l = list_take_first(&core->mailboxes))) {
		struct mailbox *m = LIST_ENTRY(l, struct mailbox, in_core);
		bool had_time = core->scan_work <= SCAN_WORK_MAX;
		bool more = outlet_run(m);

		more |= outbox_let_in(m);
		if (mailbox_has_overcome(m))
			told_overflow_end(m);
		if (!more)
			continue;
		list_unlink(&m->in_core);
		had_time &= core->scan_work > SCAN_WORK_MAX;
		list_append(had_time ? &last : &later, &m->in_core);
	}
	while ((l = list_take_first(&later)))
		list_append(&core->mailboxes, l);
	while ((l = list_take_first(&last)))
		list_append(&core->mailboxes, l);
}
