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

static void tell_added(struct daemon *d, const struct child_view *v, const struct link *link)
{
	events_add(d, &(struct occurrence){
			      .kind = "config",
			      .name = v->path,
			      .pid = link->pid,
			      .reason = "added",
			      .explanation = "it is there until its supervisor ends",
			      .origin = origin_names[ORIGIN_CALL],
		      });
}

static void tell_removed(struct daemon *d, const struct child_view *v, const struct link *link)
{
	events_add(d, &(struct occurrence){
			      .kind = "config",
			      .name = v->path,
			      .pid = link->pid,
			      .reason = "removed",
			      .explanation = v->dynamic ? "it is no more"
							: "it comes back when its supervisor is "
							  "started anew",
			      .cause = events_of_link(d, link->cause.seq),
			      .origin = origin_names[link->cause.origin],
		      });
}

void events_on_config(struct daemon *d, uint32_t slot, const struct link *link)
{
	struct child_view v;

	if ((!begins(link->kind) && link->kind != LINK_REMOVED) || !core_view(d->core, slot, &v))
		return;
	if (link->kind == LINK_REMOVED)
		tell_removed(d, &v, link);
	else if (is_added(d->core, &v, link))
		tell_added(d, &v, link);
}
