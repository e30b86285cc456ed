/* SPDX-License-Identifier: MIT */

/*
 * Frames that an actor sends. What a doomed one still sends is ignored (SEMANTICS 11); whoever
 * breaks the rules loses the connection.
 */

#include <string.h>

#include "core/model.h"
#include "core/signal.h"

/* Room for a name out of a frame, which has no final NUL there. */
#define NAME_SIZE (SPEC_PATH_MAX + SPEC_NAME_MAX + 2)

static const char broken[] = "it sent a damaged frame";
static const char no_memory[] = "the daemon is short of memory";

/* Whom a frame is for. False where it is damaged. ret_actor NULL: nobody. */
static bool dispatch_receiver(const struct core *core, const struct wire_frame *frame,
			      char name[NAME_SIZE], struct actor **ret_actor)
{
	const char *end;
	size_t size;
	struct actor *actor;

	name[0] = '\0';
	if (!(frame->flags & WIRE_NAMED)) {
		actor = actor_find(core, (actor_pid){frame->to});
		*ret_actor = actor && actor_is_alive(actor) ? actor : NULL;
		return frame->to;
	}
	end = memchr(frame->tag, '\0', frame->tag_size);
	if (!end || end == frame->tag)
		return false;
	size = (size_t)(end - frame->tag) + 1;
	if (size > NAME_SIZE)
		return false;
	memcpy(name, frame->tag, size);
	*ret_actor = registry_find(core, name);
	return true;
}

static const char *dispatch_monitor(struct source *source, const struct wire_frame *frame)
{
	struct actor *target;
	char name[NAME_SIZE];

	if (!frame->ref || !dispatch_receiver(source->core, frame, name, &target))
		return broken;
	if (edge_find_ref(source->actor, frame->ref))
		return "it used a ref twice";
	return signal_monitor(source->actor, target, frame, *name ? name : NULL) < 0 ? no_memory
										     : NULL;
}

static const char *dispatch_cancel(struct source *source, const struct wire_frame *frame)
{
	bool flush = frame->flags & WIRE_FLUSH;
	bool active = signal_cancel(source->actor, frame->ref, flush);

	source_put(source,
		   &(struct wire_frame){.op = WIRE_DONE, .ref = frame->ref, .to = active ? 1 : 0});
	return NULL;
}

/* NULL, or how it broke the rules. */
static const char *dispatch_take_one(struct source *source, const struct wire_frame *frame)
{
	if (frame->op == WIRE_MONITOR)
		return dispatch_monitor(source, frame);
	if (frame->op == WIRE_CANCEL)
		return dispatch_cancel(source, frame);
	return "it sent a frame of a kind that is not for the daemon";
}

void dispatch_frames(struct core *core, const struct event *event)
{
	struct wire_frame frame;
	struct source *source;
	size_t cursor = 0;
	int r;

	while ((source = source_find(core, event->source)) &&
	       (r = wire_decode(event->data, event->size, &cursor, &frame)) != 0) {
		const char *wrong = broken;

		if (r > 0 && actor_is_doomed(source->actor))
			continue;
		if (r > 0)
			wrong = dispatch_take_one(source, &frame);
		if (wrong && source_find(core, event->source))
			source_expel(source, wrong);
	}
}
