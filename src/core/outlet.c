/* SPDX-License-Identifier: MIT */

/*
 * From a mailbox to connections: by credit, and to RECEIVEs. A copy that was handed out has a hold
 * of its own on its memfd, until it leaves the core (source.c).
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/mailbox.h"
#include "core/model.h"

/* With that much in it, a connection is handed out no more in this step. */
#define OUT_MAX WIRE_DATAGRAM_MAX
/* Their frames are short: it is fds that would be many. */
#define OUT_MEMFDS_MAX 16
/* RECEIVEs of one connection at a time. */
#define RECEIVES_MAX 16

static const char no_memory[] = "the daemon is short of memory";

static bool outlet_has_room(const struct source *source)
{
	return !source->full && source->out.size - source->sent <= OUT_MAX &&
	       source->memfds < OUT_MEMFDS_MAX;
}

/* ---- one message ---- */

/* The copy loses what the queue added. 0, -ENOMEM. */
static int outlet_copy(struct source *source, struct place place)
{
	const uint8_t *frame = frame_at(place);
	uint32_t size = frame_size(frame), memfd;
	uint8_t *copy = buf_reserve(&source->out, size);

	source->out.error = 0;
	frame_weight(frame, &memfd);
	if (!copy || mailbox_hold_memfd(source->core, memfd) < 0)
		return -ENOMEM;
	memcpy(copy, frame, size);
	copy[FRAME_AT_OP] = frame_op(frame);
	source->out.size += size;
	source->memfds += frame[FRAME_AT_FLAGS] & WIRE_MEMFD ? 1 : 0;
	source_has_output(source);
	return 0;
}

/* A helper holds it; the actor's own connection has it, and only what is kept stays. */
static void outlet_settle(struct mailbox *m, struct source *source, struct place place)
{
	uint64_t number = frame_number(frame_at(place));

	if (source->role == ROLE_HELPER) {
		frames_hold(&m->frames, place);
		buf_append(&source->held, &number, sizeof(number));
		return;
	}
	m->out++;
	if (frame_at(place)[FRAME_AT_OP] & FRAME_KEPT)
		frames_hold(&m->frames, place);
	else
		mailbox_kill(m, place);
}

/* ---- RECEIVE ---- */

static void receive_free(struct receive *r)
{
	list_unlink(&r->link);
	free(r);
}

static void receive_answer_none(struct receive *r)
{
	source_put(r->source, &(struct wire_frame){.op = WIRE_DONE, .ref = r->ref});
	receive_free(r);
}

/* DONE, and the message right behind it. 0, -ENOMEM: neither. */
static int receive_answer(struct mailbox *m, struct receive *r, struct place place)
{
	struct source *source = r->source;
	size_t before = source->out.size;
	struct wire_frame done = {
		.op = WIRE_DONE, .ref = r->ref, .to = frame_number(frame_at(place))};

	if (!buf_reserve(&source->held, sizeof(uint64_t)) || source_append(source, &done) < 0) {
		source->held.error = 0;
		return -ENOMEM;
	}
	if (outlet_copy(source, place) < 0) {
		source->out.size = before;
		return -ENOMEM;
	}
	outlet_settle(m, source, place);
	receive_free(r);
	return 0;
}

/* True: it is to be gone on with. */
static bool outlet_serve(struct mailbox *m, struct receive *r)
{
	struct place place;

	if (!outlet_has_room(r->source))
		return !r->source->full;
	switch (receive_scan(m, r, &place)) {
	case SCAN_FOUND:
		if (receive_answer(m, r, place) == 0)
			return false;
		m->actor->core->mail_is_short = true;
		return true;
	case SCAN_MORE:
		return true;
	case SCAN_NOTHING:
		if (r->now)
			receive_answer_none(r);
		return false;
	}
	return false;
}

static void outlet_acknowledge_all(struct mailbox *m)
{
	uint64_t number;

	for (size_t at = 0; at < m->unacked.size; at += sizeof(number)) {
		struct place place;

		memcpy(&number, m->unacked.data + at, sizeof(number));
		place = frames_find(&m->frames, number);
		if (place.chunk && !frame_is_queued(frame_at(place)))
			mailbox_kill(m, place);
	}
	buf_clear(&m->unacked);
}

static const char *outlet_take_receive(struct mailbox *m, struct source *source,
				       const struct wire_frame *frame)
{
	unsigned waiting = 0;
	struct receive *r;

	if (clause_count(frame->payload, frame->payload_size) < 0)
		return "it sent damaged clauses, or too many";
	LIST_EACH (l, &m->receives) {
		r = LIST_ENTRY(l, struct receive, link);
		if (r->source == source && ++waiting == RECEIVES_MAX)
			return "it waits for too many messages at once";
	}
	r = malloc(sizeof(*r) + frame->payload_size);
	if (!r)
		return no_memory;
	*r = (struct receive){
		.source = source,
		.ref = frame->ref,
		.in_order = frame->flags & WIRE_IN_ORDER,
		.now = frame->flags & WIRE_NOW,
		.size = frame->payload_size,
	};
	if (r->size)
		memcpy(r->clauses, frame->payload, r->size);
	list_init(&r->link);
	list_append(&m->receives, &r->link);
	outlet_acknowledge_all(m);
	mailbox_wake(m);
	return NULL;
}

bool outlet_cancel(struct source *source, uint64_t ref)
{
	struct mailbox *m = source->actor->mailbox;

	if (!m)
		return false;
	LIST_EACH (l, &m->receives) {
		struct receive *r = LIST_ENTRY(l, struct receive, link);

		if (r->source == source && r->ref == ref) {
			receive_free(r);
			return true;
		}
	}
	return false;
}

/* ---- CREDIT, ACK ---- */

static const char *outlet_take_credit(struct mailbox *m, struct source *source,
				      const struct wire_frame *frame)
{
	if (source->role == ROLE_HELPER)
		return "it gave credit, and is only a helper";
	if (frame->ref < m->credit || frame->to < m->consumed || frame->to > m->out)
		return "it gave credit that does not fit what it had given before";
	m->credit = frame->ref;
	m->consumed = frame->to;
	mailbox_wake(m);
	return NULL;
}

/* True: it was among them, and is no more. */
static bool numbers_remove(struct buf *numbers, uint64_t number)
{
	uint64_t one;

	for (size_t at = 0; at < numbers->size; at += sizeof(one)) {
		memcpy(&one, numbers->data + at, sizeof(one));
		if (one != number)
			continue;
		memmove(numbers->data + at, numbers->data + at + sizeof(one),
			numbers->size - at - sizeof(one));
		numbers->size -= sizeof(one);
		return true;
	}
	return false;
}

/* What is kept is done with, whoever has it or has written it out. */
static void outlet_finish(struct mailbox *m, struct place place, uint64_t number)
{
	numbers_remove(&m->unacked, number);
	LIST_EACH (l, &m->actor->sources) {
		numbers_remove(&LIST_ENTRY(l, struct source, link)->held, number);
	}
	mailbox_kill(m, place);
}

/* From who holds it: it is written out. Else: what is kept is done with. */
static void outlet_take_ack(struct mailbox *m, struct source *source, uint64_t number)
{
	bool was_held = numbers_remove(&source->held, number);
	struct place place = frames_find(&m->frames, number);
	bool kept = place.chunk && frame_at(place)[FRAME_AT_OP] & FRAME_KEPT;

	if (!place.chunk || frame_is_queued(frame_at(place)))
		return;
	if (was_held && kept)
		buf_append(&m->unacked, &number, sizeof(number));
	else if (kept)
		outlet_finish(m, place, number);
	else if (was_held)
		mailbox_kill(m, place);
	m->unacked.error = 0;
}

const char *outlet_take(struct source *source, const struct wire_frame *frame)
{
	struct mailbox *m = mailbox_of(source->actor);

	if (!m)
		return no_memory;
	if (frame->op == WIRE_CREDIT)
		return outlet_take_credit(m, source, frame);
	if (frame->op == WIRE_RECEIVE)
		return outlet_take_receive(m, source, frame);
	outlet_take_ack(m, source, frame->ref);
	return NULL;
}

/* ---- by credit ---- */

/* A run of them, or the first alone. How many; 0: no memory. */
static uint64_t outlet_hand_out_some(struct mailbox *m, struct source *source)
{
	size_t room = (size_t)MIN_OF(m->frames.weight, (uint64_t)OUT_MAX), size;
	uint8_t *at = buf_reserve(&source->out, room);
	struct place place;
	uint64_t n;

	source->out.error = 0;
	if (!at)
		return 0;
	n = frames_hand_out(&m->frames, at, m->credit - m->handed, room, &size);
	if (n) {
		source->out.size += size;
		source_has_output(source);
		m->out += n;
		return n;
	}
	place = frames_first(&m->frames);
	if (outlet_copy(source, place) < 0)
		return 0;
	outlet_settle(m, source, place);
	return 1;
}

/* True: it is to be gone on with in the next step. */
static bool outlet_hand_out(struct mailbox *m, struct source *source)
{
	uint64_t n = 0, before = m->handed;
	bool more = false;

	while (m->handed < m->credit && m->frames.n_queued) {
		more = !outlet_has_room(source);
		if (more)
			break;
		n = outlet_hand_out_some(m, source);
		m->handed += n;
		if (n)
			continue;
		m->actor->core->mail_is_short = more = true;
		break;
	}
	if (m->handed > before || m->has_passed)
		source_put(source,
			   &(struct wire_frame){.op = WIRE_QUEUED, .ref = m->frames.n_queued});
	m->has_passed = false;
	return more && !source->full;
}

/* How many frames; 0: more than there is credit for. */
static uint64_t run_count(const uint8_t *frames, size_t size, uint64_t most)
{
	uint64_t n = 0;

	for (size_t at = 0; at < size && n <= most; at += frame_size(frames + at))
		n++;
	return n > most ? 0 : n;
}

bool outlet_pass(struct mailbox *m, const void *frames, size_t size, actor_pid from)
{
	struct source *source = source_of(m->actor);
	uint64_t n;
	uint8_t *at, *end;

	if (m->frames.n_queued || !list_is_empty(&m->receives) || !source ||
	    !outlet_has_room(source) || size > OUT_MAX)
		return false;
	n = run_count(frames, size, m->credit - m->handed);
	at = n ? buf_reserve(&source->out, size) : NULL;
	source->out.error = 0;
	if (!at)
		return false;
	memcpy(at, frames, size);
	for (end = at + size; at < end; at += frame_size(at)) {
		number_store(at + FRAME_AT_FROM, from.n, 8);
		number_store(at + FRAME_AT_TO, m->frames.next_number++, 8);
	}
	source->out.size += size;
	source_has_output(source);
	m->handed += n;
	m->out += n;
	m->has_passed = true;
	mailbox_wake(m);
	return true;
}

bool outlet_run(struct mailbox *m)
{
	struct source *source;
	bool more = false;

	LIST_EACH (l, &m->receives) {
		more |= outlet_serve(m, LIST_ENTRY(l, struct receive, link));
	}
	source = source_of(m->actor);
	if (source)
		more |= outlet_hand_out(m, source);
	return more;
}

/* ---- the connection goes ---- */

void outlet_leave(struct source *source)
{
	struct mailbox *m = source->actor ? source->actor->mailbox : NULL;
	uint64_t number;

	if (!m)
		return;
	LIST_EACH (l, &m->receives) {
		struct receive *r = LIST_ENTRY(l, struct receive, link);

		if (r->source == source)
			receive_free(r);
	}
	for (size_t at = 0; at < source->held.size; at += sizeof(number)) {
		memcpy(&number, source->held.data + at, sizeof(number));
		mailbox_give_back(m, number);
	}
	buf_clear(&source->held);
}
