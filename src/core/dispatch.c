/* SPDX-License-Identifier: MIT */

/*
 * Frames that an actor sends. What a doomed one still sends is ignored (SEMANTICS 11); whoever
 * breaks the rules loses the connection.
 */

#include <string.h>

#include "core/mailbox.h"
#include "core/model.h"
#include "core/signal.h"
#include "wire/rule.h"

/* Room for a name out of a frame, which has no final NUL there. */
#define NAME_SIZE (SPEC_PATH_MAX + SPEC_NAME_MAX + 2)

static const char broken[] = "it sent a damaged frame";
static const char no_memory[] = "the daemon is short of memory";

/* Whom a frame is for, and the name where it has one. False where it is damaged. */
static bool dispatch_address(const struct core *core, const struct wire_frame *frame,
			     char name[NAME_SIZE], struct address *ret_to)
{
	const char *end;
	size_t size;
	struct actor *actor;

	name[0] = '\0';
	if (!(frame->flags & WIRE_NAMED)) {
		actor = actor_find(core, (actor_pid){frame->to});
		*ret_to = (struct address){actor && actor_is_alive(actor) ? actor : NULL, false};
		return frame->to;
	}
	end = memchr(frame->tag, '\0', frame->tag_size);
	if (!end || end == frame->tag)
		return false;
	size = (size_t)(end - frame->tag) + 1;
	if (size > NAME_SIZE)
		return false;
	memcpy(name, frame->tag, size);
	*ret_to = (struct address){registry_find(core, name), true};
	return true;
}

static const char *dispatch_monitor(struct source *source, const struct wire_frame *frame)
{
	struct address to;
	char name[NAME_SIZE];
	const char *wrong;

	if (!frame->ref || !dispatch_address(source->core, frame, name, &to))
		return broken;
	wrong = signal_refuses_ref(source->actor, frame->ref);
	if (wrong)
		return wrong;
	if (to.actor)
		outbox_hurry(source->actor, to.actor);
	return signal_monitor(source, to.actor, frame, *name ? name : NULL) < 0 ? no_memory : NULL;
}

static void dispatch_let_go(struct core *core, const struct wire_frame *frame)
{
	if (frame->flags & WIRE_MEMFD)
		mailbox_release_memfd(
			core, (uint32_t)number_load((const uint8_t *)frame->payload + 4, 4));
}

/* Whom it is for. A call is a monitor and a message: its monitor is made here. */
static const char *dispatch_prepare(struct source *source, const struct wire_frame *frame,
				    struct address *ret_to)
{
	char name[NAME_SIZE];
	const char *wrong;

	if (!dispatch_address(source->core, frame, name, ret_to))
		return broken;
	if (frame->op == WIRE_MESSAGE) {
		if (!ret_to->actor && *name)
			ret_to->actor = registry_find_durable(source->core, name);
		return NULL;
	}
	if (!frame->ref)
		return broken;
	wrong = signal_refuses_ref(source->actor, frame->ref);
	if (wrong)
		return wrong;
	return signal_monitor(source, ret_to->actor, frame, *name ? name : NULL) < 0 ? no_memory
										     : NULL;
}

static const char *dispatch_message(struct source *source, const struct wire_frame *frame)
{
	struct address to;
	const char *wrong = dispatch_prepare(source, frame, &to);

	if (!wrong)
		return outbox_send(source, frame, &to);
	dispatch_let_go(source->core, frame);
	return wrong;
}

/* A RECEIVE that waits, a message that waits in the outbox, a monitor, a call. */
static const char *dispatch_cancel(struct source *source, const struct wire_frame *frame)
{
	bool flush = frame->flags & WIRE_FLUSH;
	struct wire_frame done = wire_frame(WIRE_DONE, "", frame->ref);

	/* Its `to` is that of the RECEIVE's own answer: 1 would be a message's number. */
	if (outlet_cancel(source, frame->ref))
		done = wire_frame(WIRE_DONE, "cancelled", frame->ref);
	else if (outbox_cancel(source->actor, frame->ref) ||
		 signal_cancel(source->actor, frame->ref, flush))
		done.to = 1;
	source_put(source, &done);
	return NULL;
}

/* ready = mailbox: it asks for messages, so it is ready for them. */
static void dispatch_asked(const struct source *source)
{
	struct child *child = source->actor->child;

	if (child && child->spec->ready == READY_MAILBOX)
		child_input(child, IN_READY, NULL);
}

/* CREDIT, RECEIVE, ACK. */
static const char *dispatch_outlet(struct source *source, const struct wire_frame *frame)
{
	const char *wrong = outlet_take(source, frame);

	if (!wrong && frame->op != WIRE_ACK)
		dispatch_asked(source);
	return wrong;
}

/* NULL, or how it broke the rules. */
static const char *dispatch_take_one(struct source *source, const struct wire_frame *frame)
{
	switch (frame->op) {
	case WIRE_MESSAGE:
	case WIRE_CALL:
		return dispatch_message(source, frame);
	case WIRE_RESPONSE:
		return outbox_answer(source, frame);
	case WIRE_MONITOR:
		return dispatch_monitor(source, frame);
	case WIRE_CANCEL:
		return dispatch_cancel(source, frame);
	case WIRE_CREDIT:
	case WIRE_RECEIVE:
	case WIRE_ACK:
		return dispatch_outlet(source, frame);
	default:
		return "it sent a frame of a kind that is not for the daemon";
	}
}

/* What a doomed actor still sends is let go of. */
static const char *dispatch_take(struct source *source, const struct wire_frame *frame)
{
	bool memfd = frame->flags & WIRE_MEMFD;
	const char *wrong;

	if (memfd && frame->payload_size != 8)
		return broken;
	if (memfd && mailbox_reserve_memfd(source->core) < 0)
		return no_memory;
	if (!actor_is_doomed(source->actor)) {
		wrong = wire_broken_rule(frame, WIRE_TO_DAEMON);
		if (!wrong)
			return dispatch_take_one(source, frame);
	} else {
		wrong = NULL;
	}
	dispatch_let_go(source->core, frame);
	return wrong;
}

static bool is_plain_message(const struct wire_frame *frame)
{
	return frame->op == WIRE_MESSAGE && !frame->flags && frame->to;
}

/*
 * Plain messages to the same actor from the first one on, side by side: how many bytes, and how
 * many of them are the last one's.
 */
static size_t dispatch_measure(const struct event *event, size_t start,
			       const struct wire_frame *first, size_t *ret_last)
{
	size_t cursor = start, end = start;
	struct wire_frame frame;

	while (wire_decode(event->data, event->size, &cursor, &frame) > 0 &&
	       is_plain_message(&frame) && frame.to == first->to &&
	       cursor - end <= WIRE_DATAGRAM_MAX - 2 * WIRE_HEADER_SIZE) {
		*ret_last = cursor - end;
		end = cursor;
	}
	return end - start;
}

/* Frames whose sender has lost its connection by one before them. */
static void dispatch_let_go_rest(struct core *core, const struct event *event, size_t cursor)
{
	struct wire_frame frame;

	while (wire_decode(event->data, event->size, &cursor, &frame) > 0)
		if (frame.flags & WIRE_MEMFD && frame.payload_size == 8 &&
		    mailbox_reserve_memfd(core) == 0)
			dispatch_let_go(core, &frame);
}

void dispatch_frames(struct core *core, const struct event *event)
{
	struct wire_frame frame;
	struct source *source;
	size_t cursor = 0, one_by_one = 0, start, size, last = 0;
	int r;

	while ((source = source_find(core, event->source))) {
		const char *wrong = broken;

		start = cursor;
		r = wire_decode(event->data, event->size, &cursor, &frame);
		if (r == 0)
			return;
		size = 0;
		if (r > 0 && start >= one_by_one && is_plain_message(&frame) &&
		    !actor_is_doomed(source->actor))
			size = dispatch_measure(event, start, &frame, &last);
		if (size &&
		    outbox_send_run(source, (const uint8_t *)event->data + start, size, last)) {
			cursor = start + size;
			continue;
		}
		one_by_one = MAX_OF(one_by_one, start + size);
		if (r > 0)
			wrong = dispatch_take(source, &frame);
		if (wrong && (source = source_find(core, event->source)))
			source_expel(source, wrong);
	}
	dispatch_let_go_rest(core, event, cursor);
}
