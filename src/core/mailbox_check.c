/* SPDX-License-Identifier: MIT */

/* The invariants of mailboxes, outboxes and what was handed out. Linear in the messages. */

#include "core/mailbox.h"
#include "core/model.h"

static const char *check_lane(const struct lane *lane, bool is_agenda)
{
	struct frames *frames = (struct frames *)(uintptr_t)&lane->frames;
	const char *broken = frames_check(frames);
	const uint8_t *first;
	uint32_t memfd;

	if (broken)
		return broken;
	if (!frames->n_queued || frames->n_held)
		return "a lane without messages that wait";
	first = frame_at(frames_first(frames));
	if (!is_agenda && mailbox_has_room(lane->to, frame_weight(first, &memfd),
					   first[FRAME_AT_OP] & FRAME_FOREIGN))
		return "a message waits though there is room";
	return NULL;
}

static const char *check_outbox(const struct actor *actor)
{
	uint64_t weight = 0;

	LIST_EACH (l, &actor->lanes) {
		const struct lane *lane = LIST_ENTRY(l, struct lane, at_sender);
		const char *broken = check_lane(lane, !list_is_empty(&lane->to->in_core));

		if (broken)
			return broken;
		weight += lane->frames.weight;
	}
	if (weight != actor->outbox_weight)
		return "an outbox is weighed wrongly";
	return !list_is_empty(&actor->lanes) && !actor_is_alive(actor)
		       ? "a dead sender's messages still wait"
		       : NULL;
}

static const char *check_held(const struct actor *actor)
{
	uint64_t held = actor->mailbox ? actor->mailbox->unacked.size / 8 : 0;

	LIST_EACH (l, &actor->sources) {
		held += LIST_ENTRY(l, struct source, link)->held.size / 8;
	}
	if (actor->mailbox ? held > actor->mailbox->frames.n_held : held)
		return "more messages are held than there are";
	return NULL;
}

static const char *check_mailbox(const struct mailbox *m)
{
	const struct source *source = source_of(m->actor);
	const char *broken = frames_check(&m->frames);

	if (broken)
		return broken;
	if (m->handed > m->credit || m->consumed > m->out)
		return "more was handed out than there was credit for";
	if (list_is_empty(&m->in_core) && source && !source->full && !source->is_starved &&
	    m->handed < m->credit && m->frames.n_queued)
		return "a message waits though there is credit";
	return NULL;
}

static const char *check_actor(const struct actor *actor)
{
	const char *broken = check_outbox(actor);

	if (!broken)
		broken = check_held(actor);
	if (!broken && actor->mailbox)
		broken = check_mailbox(actor->mailbox);
	return broken;
}

const char *mailbox_check_all(const struct core *core)
{
	const char *broken = NULL;

	for (const struct child *c = core->root; c && !broken; c = tree_next(c, core->root))
		broken = check_actor(&c->actor);
	LIST_EACH (l, &core->guests) {
		if (!broken)
			broken = check_actor(LIST_ENTRY(l, struct actor, in_core));
	}
	return broken;
}
