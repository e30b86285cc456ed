/* SPDX-License-Identifier: MIT */

/*
 * The key overlap: a restart by request that starts the new incarnation beside the old one. Two
 * incarnations of one record never overlap (child.c), so the new one has a record of its own, the
 * heir, with the same spec and path, behind its elder on the list of its supervisor. The rules:
 *
 *  1. until it is ready an heir is nobody: it has no name, is on no list that others see, provides
 *     nothing that others depend on, and no strategy is asked about it
 *  2. it is ready: it takes its elder's place, in one step: names, place, counters, whoever waits,
 *     standing links. The elder is told to stop, and forgotten when it is down. Explicit links and
 *     monitors are by pid, and stay
 *  3. its start fails, it says ignore, or it is ended: it is forgotten, and the elder has noticed
 *     nothing
 *  4. a stop of the elder, by whomever, is a stop of both, and the end of the elder is looked at
 *     when nothing of the heir is left
 *  5. the elder dies unasked while its heir still starts: the heir takes its place as it is, so
 *     that nothing is lost by waiting. That death is not counted: what was wanted of it was to go
 *  6. another such request while an heir starts ends that heir, and starts another one
 *
 * Only under one_for_one: elsewhere a restart is an affair of siblings as well. All memory is taken
 * with the request.
 */

#include "core/overlap.h"

#include "core/child_acts.h"
#include "core/signal.h"
#include "core/waiter.h"

/* ---- begin ---- */

bool overlap_applies(const struct child *c)
{
	const struct supervisor *s = c->parent;

	return c->spec->overlap && c->state == CHILD_RUNNING && !c->call && !c->start_again && s &&
	       s->self->spec->strategy == STRATEGY_ONE_FOR_ONE && s->job != JOB_SHUTDOWN &&
	       s->job != JOB_DOWN;
}

struct child *overlap_new_heir(struct child *c)
{
	struct child *heir;

	if (tree_add_beside(c, &heir) < 0)
		return NULL;
	heir->twin = c;
	c->twin = heir;
	heir->is_heir = true;
	heir->starts = c->starts;
	return heir;
}

void overlap_start(struct child *heir)
{
	child_start(heir, cause_origin(ORIGIN_OPERATOR));
}

bool overlap_is_unseen(const struct child *c)
{
	return c->is_heir || c->replaced;
}

/* ---- rule 2 ---- */

static void overlap_pass_waiters(struct child *from, struct child *to)
{
	LIST_EACH (l, &from->waiters) {
		LIST_ENTRY(l, struct waiter, link)->child = to;
		list_unlink(l);
		list_append(&to->waiters, l);
	}
}

static void overlap_pass_place(struct child *from, struct child *to)
{
	to->delays = from->delays;
	to->dynamic = from->dynamic;
	to->listed = from->listed;
	to->held = from->held;
	to->held_by_operator = from->held_by_operator;
	from->dynamic = true;
	from->listed = from->held = from->held_by_operator = false;
}

/* Of its elder, which is returned. */
static struct child *overlap_take_place(struct child *heir, struct cause cause)
{
	struct child *elder = child_elder(heir);

	elder->twin = heir->twin = NULL;
	heir->is_heir = false;
	elder->replaced = true;
	overlap_pass_place(elder, heir);
	tree_pass_path(elder, heir);
	registry_pass_aliases(elder, heir);
	overlap_pass_waiters(elder, heir);
	chain_add(heir, LINK_REPLACES, cause, NULL, (int32_t)elder->slot);
	depend_changed(heir);
	return elder;
}

static void overlap_succeed(struct child *heir)
{
	struct child *elder = overlap_take_place(heir, chain_last(heir));

	standing_unlink(elder);
	if (elder->live)
		child_stop(elder, chain_last(heir));
	waiter_check(heir);
}

/* ---- rules 3 to 5 ---- */

static void overlap_inherit(struct child *heir)
{
	struct child *elder = overlap_take_place(heir, chain_last(child_elder(heir)));

	child_settle(elder, CHILD_STOPPED);
	tree_forget(elder);
	waiter_check(heir);
}

/* Nothing is left of the heir: what its elder's end has waited for. */
static void overlap_release(struct child *elder)
{
	if (elder->state == CHILD_DEAD)
		supervisor_post(elder, NEWS_DOWN);
	else if (elder->remove_request && !elder->live)
		operator_remove_now(elder, cause_origin(ORIGIN_OPERATOR));
	else
		waiter_check(elder);
	if (elder->start_again && child_is_down(elder) && elder->parent->job != JOB_SHUTDOWN)
		operator_start_again(elder);
}

static bool overlap_tries_again(const struct supervisor *s, const struct child *heir)
{
	return heir->start_again && child_elder(heir) &&
	       child_elder(heir)->state == CHILD_RUNNING && s->job != JOB_SHUTDOWN;
}

void overlap_ended(struct supervisor *s, struct child *c)
{
	struct child *elder = child_elder(c);
	bool again = overlap_tries_again(s, c);
	bool failed = !c->expected && !c->ignored;

	job_arrived(c);
	if (c->start_again)
		call_free(c->start_again);
	child_settle(c, failed ? CHILD_FAILED : c->ignored ? CHILD_DONE : CHILD_STOPPED);
	if (again) {
		overlap_start(c);
		return;
	}
	tree_forget(c);
	if (elder)
		overlap_release(elder);
}

bool overlap_takes_news(struct supervisor *s, struct child *c, uint8_t news)
{
	struct child *heir;

	if (news & NEWS_READY && child_elder(c) && c->state == CHILD_RUNNING &&
	    s->job != JOB_SHUTDOWN)
		overlap_succeed(c);
	if (!(news & NEWS_DOWN) || c->state != CHILD_DEAD)
		return false;
	if (overlap_is_unseen(c)) {
		overlap_ended(s, c);
		return true;
	}
	heir = child_heir(c);
	if (!heir || c->expected)
		return heir;
	if (s->job != JOB_SHUTDOWN &&
	    (heir->state == CHILD_STARTING || heir->state == CHILD_RUNNING)) {
		overlap_inherit(heir);
		return true;
	}
	return false;
}

bool overlap_stop_heir(struct child *c, struct cause cause)
{
	struct child *heir = child_heir(c);

	if (!heir)
		return false;
	if (heir->start_again)
		call_free(heir->start_again);
	if (heir->live)
		child_stop(heir, cause);
	return c->state == CHILD_DEAD;
}

void overlap_forget(struct child *c)
{
	struct child *heir = child_heir(c);

	if (heir) {
		heir->is_heir = false;
		heir->replaced = true;
	}
	if (c->twin)
		c->twin->twin = NULL;
	c->twin = NULL;
}

/* ---- checks ---- */

const char *overlap_check(const struct child *c)
{
	const struct child *twin = c->twin;

	if (twin && (twin->twin != c || twin->parent != c->parent || twin->is_heir == c->is_heir))
		return "an heir of somebody else (overlap)";
	if (c->is_heir && (!twin || c->replaced))
		return "an heir that nobody knows (overlap)";
	if (!overlap_is_unseen(c))
		return NULL;
	if (c->listed || !c->dynamic || strmap_get(&c->core->paths, c->path) == c)
		return "one is seen that has no place (overlap)";
	if (!c->live)
		return "one is left that has no place (overlap)";
	if (c->replaced && (c->state == CHILD_STARTING || c->state == CHILD_RUNNING))
		return "one was replaced and does not go (overlap)";
	if (child_elder(c) && c->state == CHILD_RUNNING && c->parent->job != JOB_SHUTDOWN)
		return "an heir is ready and takes over nothing (overlap)";
	return NULL;
}
