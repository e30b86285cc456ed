/* SPDX-License-Identifier: MIT */

/*
 * The tree is another one than its file says: somebody has added to it, or taken out of it. What is
 * taken out the core tells as a change of its own. Of what is added the first change is told like
 * that of any other: it is known by being the first that its child remembers.
 */

#include "supd/events.h"

/* Or the child has forgotten those before it, and is none that has just come. */
static bool is_first_change(const struct core *core, uint32_t slot, const struct link *link)
{
	const struct link *oldest = link, *one;
	uint32_t n = 0;

	for (; (one = core_chain(core, slot, n)); n++)
		oldest = one;
	return n < CHAIN_LENGTH && oldest->seq == link->seq;
}

static bool begins(enum link_kind kind)
{
	return kind == LINK_START || kind == LINK_IDLE || kind == LINK_WAITING;
}

/* By a request of its own: not below one that was, nor beside an older incarnation. */
static bool is_added(const struct core *core, const struct child_view *v, const struct link *link)
{
	struct child_view parent;

	return begins(link->kind) && v->dynamic && !v->spawned && v->elder == SLOT_NONE &&
	       core_view(core, v->parent, &parent) &&
	       parent.spec->strategy != STRATEGY_SIMPLE_ONE_FOR_ONE &&
	       is_first_change(core, v->slot, link);
}

void events_on_config(struct daemon *d, uint32_t slot, const struct link *link)
{
	struct occurrence what = {.kind = "config", .pid = link->pid};
	struct child_view v;

	if ((!begins(link->kind) && link->kind != LINK_REMOVED) || !core_view(d->core, slot, &v))
		return;
	what.name = v.path;
	if (link->kind == LINK_REMOVED) {
		what.reason = "removed";
		what.explanation = v.dynamic ? "it is no more"
					     : "it comes back when its supervisor is started anew";
		what.cause = events_of_link(d, link->cause.seq);
		what.origin = origin_names[link->cause.origin];
	} else if (is_added(d->core, &v, link)) {
		what.reason = "added";
		what.explanation = "it is there until its supervisor ends";
		what.origin = origin_names[ORIGIN_CALL];
	} else {
		return;
	}
	events_add(d, &what);
}
