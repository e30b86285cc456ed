/* SPDX-License-Identifier: MIT */

/*
 * From connections to mailboxes. The rules, in the order in which they are asked:
 *
 *   1. who has used up the window breaks the rules
 *   2. nobody has that name: noproc; that pid is gone, or doomed: it is lost (SEMANTICS 4, 5, 10)
 *   3. one who has no mailbox: rejected
 *   4. something to the same receiver waits: it waits behind that (1)
 *   5. there is room: it is in
 *   6. else by the receiver's policy (D2): it waits, is rejected, is dropped, or ends the receiver
 *
 * A window is what a connection may send until it is told more: what it has sent, and what the
 * sender's outbox has room for.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/mailbox.h"
#include "core/model.h"
#include "core/signal.h"
#include "wire/rule.h"

/* An answer and a message have room for one more header in their datagram. */
#define MESSAGE_MAX (WIRE_DATAGRAM_MAX - 2 * WIRE_HEADER_SIZE)
/* Let in at most in one step. */
#define LET_IN_MAX 4096

static const char no_memory[] = "the daemon is short of memory";
static const char no_window[] = "it sent more than its window allows";
static const char too_long[] = "it sent a message too long for a datagram: that goes in a memfd";

/* ---- windows ---- */

uint64_t outbox_limit(const struct actor *sender)
{
	uint64_t limit = sender->child && !sender->child->sup ? sender->child->spec->outbox_limit
							      : SPEC_OUTBOX_LIMIT;

	return MAX_OF(limit, OUTBOX_LIMIT_MIN);
}

/* Told in steps of a quarter, so that there are few of them. */
static void outbox_grant(struct actor *sender)
{
	uint64_t limit = outbox_limit(sender);
	uint64_t room = limit - MIN_OF(limit, sender->outbox_weight);

	LIST_EACH (l, &sender->sources) {
		struct source *source = LIST_ENTRY(l, struct source, link);

		if (source->sent_bytes + room < source->window + limit / 4)
			continue;
		source->window = source->sent_bytes + room;
		source_put(source, &(struct wire_frame){.op = WIRE_WINDOW, .ref = source->window});
	}
}

/* The HELLO to a helper is sent before it is known whose that is. */
void outbox_open(struct source *source)
{
	source->window = source->role == ROLE_MAIN ? source->actor->child->spec->outbox_limit
						   : SPEC_OUTBOX_LIMIT;
	outbox_grant(source->actor);
}

/* ---- answers to who wants a message confirmed ---- */

static void confirm(struct core *core, uint64_t id, uint64_t ref, const char *why_not)
{
	struct source *source = source_find(core, id);

	if (source)
		source_put(source, &(struct wire_frame){.op = WIRE_DONE,
							.ref = ref,
							.tag = why_not,
							.tag_size = (uint16_t)strlen(why_not)});
}

/* ---- one message on its way ---- */

struct parcel {
	struct source *source;
	struct actor *to;
	struct wire_frame frame; /* as it lies in a lane: no name, `from` the source */
	uint64_t weight;
	uint32_t memfd;
	uint64_t ref; /* to be confirmed with that; 0: not */
	uint8_t state;
};

static void parcel_confirm(const struct parcel *p, const char *why_not)
{
	if (p->ref)
		confirm(p->source->core, p->source->id, p->ref, why_not);
}

static void parcel_lose(const struct parcel *p, const char *why_not)
{
	mailbox_release_memfd(p->source->core, p->memfd);
	parcel_confirm(p, why_not);
}

/* It is not to arrive: a message is lost, a call is over. */
static const char *parcel_reject(const struct parcel *p, uint8_t kind)
{
	parcel_lose(p, "rejected");
	if (p->frame.op == WIRE_CALL)
		signal_fail_call(p->source->actor, p->frame.ref, &REASON(kind));
	return NULL;
}

static bool is_foreign(const struct actor *sender, const struct actor *receiver)
{
	return sender->uid != receiver->uid && sender->uid != 0 && !sender->admin;
}

static void parcel_init(struct parcel *p, struct source *source, const struct wire_frame *frame,
			const struct address *to)
{
	size_t name = frame->flags & WIRE_NAMED ? wire_name_size(frame) + 1 : 0;

	*p = (struct parcel){.source = source, .to = to->actor, .frame = *frame};
	p->frame.flags &= WIRE_MEMFD | WIRE_CONFIRM;
	p->frame.from = source->id;
	p->frame.tag += name;
	p->frame.tag_size -= (uint16_t)name;
	p->weight = WIRE_HEADER_SIZE + p->frame.tag_size + frame->payload_size;
	if (frame->flags & WIRE_MEMFD) {
		p->weight += number_load(frame->payload, 4);
		p->memfd = (uint32_t)number_load((const uint8_t *)frame->payload + 4, 4);
	}
	if (frame->flags & WIRE_CONFIRM)
		p->ref = frame->ref;
	if (!to->actor)
		return;
	if (is_foreign(source->actor, to->actor))
		p->state |= FRAME_FOREIGN;
	if (to->is_name && frame->op == WIRE_MESSAGE && mailbox_is_durable(to->actor))
		p->state |= FRAME_KEPT;
}

/* Charges its sender's window. NULL, or how it broke the rules, and then its memfd is gone. */
static const char *parcel_admit(const struct parcel *p, uint64_t charge)
{
	struct source *source = p->source;
	const char *wrong = source->sent_bytes >= source->window ? no_window : NULL; /* 1 */

	if (!wrong) {
		source->sent_bytes += charge;
		outbox_grant(source->actor);
	}
	if (!wrong && WIRE_HEADER_SIZE + p->frame.tag_size + p->frame.payload_size > MESSAGE_MAX)
		wrong = too_long;
	if (wrong)
		mailbox_release_memfd(source->core, p->memfd);
	return wrong;
}

/* In a mailbox, or on its way into it, it is its sender's. */
static void frame_settle(uint8_t *frame, const struct actor *sender)
{
	uint64_t ref = frame_ref(frame);

	if (frame[FRAME_AT_FLAGS] & WIRE_CONFIRM)
		confirm(sender->core, frame_from(frame), ref, "");
	frame[FRAME_AT_FLAGS] &= (uint8_t)~WIRE_CONFIRM;
	number_store(frame + FRAME_AT_FROM, sender->pid.n, 8);
	if (frame_op(frame) == WIRE_MESSAGE)
		number_store(frame + FRAME_AT_REF, 0, 8);
}

/* ---- lanes ---- */

static struct lane *lane_find(const struct actor *sender, const struct mailbox *to)
{
	LIST_EACH (l, &sender->lanes) {
		struct lane *lane = LIST_ENTRY(l, struct lane, at_sender);

		if (lane->to == to)
			return lane;
	}
	return NULL;
}

static struct lane *lane_new(struct actor *sender, struct mailbox *to)
{
	struct lane *lane = calloc(1, sizeof(*lane));

	if (!lane)
		return NULL;
	lane->sender = sender;
	lane->to = to;
	frames_init(&lane->frames);
	list_init(&lane->at_sender);
	list_init(&lane->at_receiver);
	list_append(&sender->lanes, &lane->at_sender);
	list_append(&to->lanes, &lane->at_receiver);
	return lane;
}

static void lane_free(struct lane *lane)
{
	struct actor *sender = lane->sender;

	list_unlink(&lane->at_sender);
	list_unlink(&lane->at_receiver);
	frames_fini(&lane->frames);
	free(lane);
	if (list_is_empty(&sender->lanes))
		sender->cycle_told = false;
}

/* By what waits longest at each of them. */
static bool outbox_is_in_cycle(const struct actor *sender)
{
	size_t steps = sender->core->n_children + sender->core->n_guests;
	const struct actor *at = sender;

	do {
		if (list_is_empty(&at->lanes))
			return false;
		at = LIST_ENTRY(at->lanes.next, struct lane, at_sender)->to->actor;
	} while (at != sender && steps--);
	return at == sender;
}

static void outbox_tell_cycle(struct actor *sender)
{
	if (!sender->child || sender->cycle_told || !outbox_is_in_cycle(sender))
		return;
	sender->cycle_told = true;
	chain_add_from(sender->child, LINK_CYCLE, cause_origin(ORIGIN_SELF), NULL,
		       outbox_blocked_on(sender));
}

/* 0, -ENOMEM; -EEXIST: something with that ref waits already. */
static int lane_put(struct lane *lane, const struct parcel *p)
{
	if (p->ref && map_get(&lane->frames.answers, p->ref))
		return -EEXIST;
	if (p->ref && frames_reserve_answer(&lane->frames) < 0)
		return -ENOMEM;
	return frames_put(&lane->frames, &p->frame, p->state);
}

static const char *lane_add(struct lane *lane, const struct parcel *p)
{
	int r = lane ? lane_put(lane, p) : -ENOMEM;

	if (r < 0) {
		if (lane && !lane->frames.n_queued)
			lane_free(lane);
		parcel_lose(p, "rejected");
		return r == -EEXIST ? "it used a ref twice" : no_memory;
	}
	p->source->actor->outbox_weight += p->weight;
	outbox_tell_cycle(p->source->actor);
	return NULL;
}

/* 0, -ENOMEM. */
static int lane_move_one(struct lane *lane)
{
	struct place place = frames_first(&lane->frames);
	struct actor *sender = lane->sender;
	uint32_t size = frame_size(frame_at(place)), memfd;
	uint8_t *at = frames_reserve(&lane->to->frames, size);

	if (!at)
		return -ENOMEM;
	memcpy(at, frame_at(place), size);
	frame_settle(at, sender);
	sender->outbox_weight -= frame_weight(frame_at(place), &memfd);
	frames_commit(&lane->to->frames);
	frames_kill(&lane->frames, place);
	outbox_grant(sender);
	return 0;
}

/* All of it, without memory. */
static void lane_hurry(struct lane *lane)
{
	struct place place = frames_first(&lane->frames);
	struct actor *sender = lane->sender;
	struct mailbox *to = lane->to;

	for (; place.chunk; place = frames_step(&lane->frames, place))
		frame_settle(frame_at(place), sender);
	sender->outbox_weight -= lane->frames.weight;
	while (lane->frames.n_queued)
		frames_move_chunk(&to->frames, &lane->frames);
	lane_free(lane);
	mailbox_wake(to);
	outbox_grant(sender);
}

void outbox_hurry(struct actor *sender, struct actor *receiver)
{
	struct lane *lane = receiver->mailbox && !list_is_empty(&sender->lanes)
				    ? lane_find(sender, receiver->mailbox)
				    : NULL;

	if (lane)
		lane_hurry(lane);
}

void outbox_hurry_all(struct actor *sender)
{
	while (!list_is_empty(&sender->lanes))
		lane_hurry(LIST_ENTRY(sender->lanes.next, struct lane, at_sender));
}

/* What is kept waits on, so that the limit holds over many incarnations; the rest would have gone
 * with this one. */
static void lane_end(struct lane *lane)
{
	struct actor *sender = lane->sender;
	uint64_t before = lane->frames.weight;
	struct place place = frames_first(&lane->frames);

	for (; place.chunk; place = frames_step(&lane->frames, place)) {
		const uint8_t *frame = frame_at(place);

		if (!(frame[FRAME_AT_OP] & FRAME_KEPT) && frame[FRAME_AT_FLAGS] & WIRE_CONFIRM)
			confirm(sender->core, frame_from(frame), frame_ref(frame), "");
	}
	frames_purge(&lane->frames, true, mailbox_lose_memfd, sender->core);
	sender->outbox_weight -= before - lane->frames.weight;
	if (!lane->frames.n_queued)
		lane_free(lane);
	outbox_grant(sender);
}

void outbox_end_lanes(struct mailbox *m)
{
	LIST_EACH (l, &m->lanes) {
		struct lane *lane = LIST_ENTRY(l, struct lane, at_receiver);

		if (mailbox_is_durable(m->actor))
			lane_end(lane);
		else
			lane_hurry(lane);
	}
	mailbox_wake(m);
}

void outbox_free(struct actor *actor)
{
	while (!list_is_empty(&actor->lanes))
		lane_free(LIST_ENTRY(actor->lanes.next, struct lane, at_sender));
	while (actor->mailbox && !list_is_empty(&actor->mailbox->lanes))
		lane_hurry(LIST_ENTRY(actor->mailbox->lanes.next, struct lane, at_receiver));
}

/* True: one was moved, and the others come first now; ret_short where there was room and no memory.
 */
static bool lane_try(struct lane *lane, bool *ret_short)
{
	const uint8_t *frame = frame_at(frames_first(&lane->frames));
	uint32_t memfd;

	if (!mailbox_has_room(lane->to, frame_weight(frame, &memfd),
			      frame[FRAME_AT_OP] & FRAME_FOREIGN))
		return false;
	*ret_short = lane_move_one(lane) < 0;
	if (*ret_short)
		return false;
	list_unlink(&lane->at_receiver);
	if (lane->frames.n_queued)
		list_append(&lane->to->lanes, &lane->at_receiver);
	else
		lane_free(lane);
	return true;
}

bool outbox_let_in(struct mailbox *m)
{
	unsigned n = 0, before;
	bool is_short = false;

	do {
		before = n;
		LIST_EACH (l, &m->lanes) {
			n += lane_try(LIST_ENTRY(l, struct lane, at_receiver), &is_short);
			if (is_short || n >= LET_IN_MAX)
				break;
		}
	} while (n > before && n < LET_IN_MAX && !is_short);
	m->actor->core->mail_is_short |= is_short;
	if (n)
		mailbox_wake(m);
	return is_short || n >= LET_IN_MAX;
}

bool outbox_cancel(struct actor *sender, uint64_t ref)
{
	LIST_EACH (l, &sender->lanes) {
		struct lane *lane = LIST_ENTRY(l, struct lane, at_sender);
		struct place place = frames_find_answer(&lane->frames, ref);
		uint32_t memfd;

		if (!place.chunk)
			continue;
		sender->outbox_weight -= frame_weight(frame_at(place), &memfd);
		mailbox_release_memfd(sender->core, memfd);
		frames_kill(&lane->frames, place);
		/* What is behind it may be small enough. */
		mailbox_wake(lane->to);
		if (!lane->frames.n_queued)
			lane_free(lane);
		outbox_grant(sender);
		return true;
	}
	return false;
}

actor_pid outbox_blocked_on(const struct actor *sender)
{
	if (list_is_empty(&sender->lanes))
		return ACTOR_PID_NONE;
	return LIST_ENTRY(sender->lanes.next, struct lane, at_sender)->to->actor->pid;
}

/* ---- MESSAGE, CALL ---- */

static bool has_mailbox(const struct actor *actor)
{
	return !actor->child || (!actor->child->sup && actor->child->spec->mailbox != MAILBOX_NONE);
}

static const char *send_put(struct mailbox *m, struct parcel *p)
{
	p->frame.from = p->source->actor->pid.n;
	p->frame.flags &= WIRE_MEMFD;
	if (p->frame.op == WIRE_MESSAGE)
		p->frame.ref = 0;
	if (frames_put(&m->frames, &p->frame, p->state) < 0) {
		parcel_lose(p, "rejected");
		return no_memory;
	}
	mailbox_wake(m);
	parcel_confirm(p, "");
	return NULL;
}

static const char *send_by_policy(struct mailbox *m, struct parcel *p)
{
	struct cause cause = told_overflow(m, p->source->actor);

	switch (mailbox_policy(m)) {
	case OVERFLOW_BLOCK:
		return lane_add(lane_new(p->source->actor, m), p);
	case OVERFLOW_KILL:
		signal_overflow(m->actor, cause);
		break;
	case OVERFLOW_REJECT:
		m->dropped++;
		return parcel_reject(p, REASON_MAILBOX_OVERFLOW);
	case OVERFLOW_DROP:
	case OVERFLOW_N:
		break;
	}
	m->dropped++;
	parcel_lose(p, "");
	return NULL;
}

const char *outbox_send(struct source *source, const struct wire_frame *frame,
			const struct address *to)
{
	const char *wrong;
	struct parcel p;
	struct mailbox *m;
	struct lane *lane;

	parcel_init(&p, source, frame, to);
	wrong = parcel_admit(&p, p.weight + frame->tag_size - p.frame.tag_size);
	if (wrong)
		return wrong;
	if (to->actor && !has_mailbox(to->actor)) /* 3 */
		return parcel_reject(&p, REASON_NOPROC);
	if (!to->actor || (!(p.state & FRAME_KEPT) && actor_is_doomed(to->actor))) { /* 2 */
		parcel_lose(&p, !to->actor && to->is_name ? "noproc" : "");
		return NULL;
	}
	m = mailbox_of(to->actor);
	if (!m) {
		parcel_lose(&p, "rejected");
		return no_memory;
	}
	lane = lane_find(source->actor, m);
	if (lane) { /* 4 */
		(void)told_overflow(m, source->actor);
		return lane_add(lane, &p);
	}
	if (mailbox_has_room(m, p.weight, p.state & FRAME_FOREIGN)) /* 5 */
		return send_put(m, &p);
	return send_by_policy(m, &p); /* 6 */
}

bool outbox_send_run(struct source *source, const void *frames, size_t size, size_t last_size)
{
	struct actor *sender = source->actor;
	struct actor *to = actor_find(sender->core, (actor_pid){frame_number(frames)});
	struct mailbox *m;
	bool foreign;

	if (source->sent_bytes + size - last_size >= source->window || !to || !actor_is_alive(to) ||
	    actor_is_doomed(to) || !has_mailbox(to))
		return false;
	m = mailbox_of(to);
	foreign = is_foreign(sender, to);
	if (!m || (!list_is_empty(&sender->lanes) && lane_find(sender, m)) ||
	    !mailbox_has_room(m, size, foreign) || m->frames.weight + size > MAILBOX_LIMIT)
		return false;
	source->sent_bytes += size;
	outbox_grant(sender);
	if (outlet_pass(m, frames, size, sender->pid))
		return true;
	if (frames_append(&m->frames, frames, size, sender->pid.n, foreign ? FRAME_FOREIGN : 0) <
	    size)
		source_starve(source);
	mailbox_wake(m);
	return true;
}

/* ---- RESPONSE ---- */

/* NULL: nobody waits for it any more. */
static struct edge *answer_call(const struct source *source, const struct wire_frame *frame)
{
	const struct actor *caller = actor_find(source->core, (actor_pid){frame->to});
	struct edge *edge = caller && actor_is_alive(caller) && !actor_is_doomed(caller)
				    ? edge_find_ref(caller, frame->ref)
				    : NULL;

	return edge && edge->kind == EDGE_CALL && edge->target ? edge : NULL;
}

const char *outbox_answer(struct source *source, const struct wire_frame *frame)
{
	const struct address nobody = {.actor = NULL};
	struct edge *edge = answer_call(source, frame);
	struct actor *caller = edge ? edge->owner : NULL;
	struct source *direct;
	const char *wrong;
	struct parcel p;
	int r;

	parcel_init(&p, source, frame, &nobody);
	p.frame.from = source->actor->pid.n;
	wrong = parcel_admit(&p, p.weight);
	if (wrong)
		return wrong;
	if (!edge) {
		mailbox_release_memfd(source->core, p.memfd);
		return NULL;
	}
	if (edge->target != source->actor && edge->target->uid != source->actor->uid) {
		mailbox_release_memfd(source->core, p.memfd);
		return "it answered a call that was made to somebody else";
	}
	direct = edge->direct ? source_find(source->core, edge->source) : NULL;
	if (edge->direct) {
		p.frame.to = 0;
		if (!direct || source_put(direct, &p.frame) < 0)
			mailbox_release_memfd(source->core, p.memfd);
		edge_remove(edge);
		return NULL;
	}
	outbox_hurry(source->actor, caller);
	r = mailbox_put(caller, &p.frame, 0);
	if (r < 0) {
		mailbox_release_memfd(source->core, p.memfd);
		return no_memory;
	}
	edge_remove(edge);
	return NULL;
}
