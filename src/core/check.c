/* SPDX-License-Identifier: MIT */

/*
 * Every invariant of the model that can be seen in one state, for the simulation and the tests.
 * Each check tells what is broken in words, or NULL.
 */

#include "core/mailbox.h"
#include "core/overlap.h"

static bool check_is_process_state(enum child_state state)
{
	return state == CHILD_STARTING || state == CHILD_RUNNING || state == CHILD_STOPPING ||
	       state == CHILD_ENDING;
}

/* ---- one child ---- */

/* The item stands in its supervisor's queue, or the job in hand will come to its child. */
static bool check_is_due(const struct supervisor *s, const struct item *item)
{
	return !list_is_empty(&item->link) || s->failed || s->job == JOB_SHUTDOWN ||
	       s->job == JOB_GROUP_STOP || s->job == JOB_PARK || s->job == JOB_SUSPEND;
}

static const char *check_child(const struct core *core, const struct child *c)
{
	const struct supervisor *s = c->parent;

	if (core->slots[c->slot] != c || c->dying)
		return "a child of the tree has no slot";
	if (c->live != check_is_process_state(c->state))
		return "live and state disagree";
	if (c->live && s && s->job == JOB_DOWN)
		return "a child lives under a supervisor that is down";
	if (c->held && (c->state == CHILD_STARTING || c->state == CHILD_RUNNING))
		return "what an operator stopped runs (D4)";
	if (c->state == CHILD_BACKOFF && s && (s->job == JOB_DOWN || !c->restarting))
		return "a restart is due that nobody wants";
	if (c->state == CHILD_BACKOFF && (c->held || !c->listed))
		return "a restart is due of what was stopped or removed (D4)";
	if (c->state == CHILD_DEAD && !child_heir(c) && !check_is_due(s, &c->exit_item))
		return "a death that nobody will look at";
	if (!c->live && c->verdict.kind != REASON_NONE)
		return "a verdict on what does not run";
	if (c->awaited && (!s || !(c->live || c->parked || child_heir(c))))
		return "a job waits for what does not run";
	if (c->news || !list_is_empty(&c->news_link))
		return "news was left";
	return NULL;
}

static const char *check_timer(const struct child *c)
{
	const struct core *core = c->core;

	if (c->timer && (c->timer > core->n_timers || core->timers[c->timer - 1] != c))
		return "a timer is not where it says";
	if (c->timer && !c->live && c->state != CHILD_BACKOFF)
		return "a timer runs for what is down";
	if (c->short_of && !c->timer)
		return "a start that was put off is not due";
	return NULL;
}

/* Nothing that is due is forgotten: a restart has its timer or stands in the queue. */
static const char *check_due(const struct child *c)
{
	if (c->state != CHILD_BACKOFF || c->timer || check_is_due(c->parent, &c->retry_item))
		return NULL;
	return "a restart that will never come";
}

/* ---- one supervisor ---- */

static const char *check_counts(const struct supervisor *s)
{
	uint32_t kids = 0, listed = 0, live = 0, awaited = 0, parked = 0;

	LIST_EACH (l, &s->kids) {
		const struct child *c = LIST_ENTRY(l, struct child, link);

		kids++;
		listed += c->listed;
		live += c->live;
		awaited += c->awaited;
		parked += c->awaited && c->parked;
	}
	if (kids != s->n_kids || listed != s->n_listed || live != s->n_live)
		return "a supervisor has lost count of its children";
	if (parked != s->waiting_parked)
		return "a job has lost count of those that are parked (D16)";
	if (awaited != s->waiting)
		return "a job has lost count of what it waits for";
	return NULL;
}

/* Calls alone may stay, while another call has their child in hand. */
static bool check_queue_moves(const struct supervisor *s)
{
	LIST_EACH (l, &s->queue) {
		const struct item *item = LIST_ENTRY(l, struct item, link);

		if (item->kind != ITEM_CALL ||
		    !call_must_wait(s, CONTAINER_OF(item, const struct call, item)))
			return false;
	}
	return true;
}

static const char *check_job(const struct supervisor *s)
{
	bool pass = s->job != JOB_DOWN && s->job != JOB_IDLE;

	if ((s->job != JOB_DOWN) != s->self->live)
		return "a supervisor runs without its job, or the other way round";
	if (pass && !s->waiting)
		return "a job starves";
	if (!pass && (s->waiting || s->cursor))
		return "a pass without a job";
	if (s->job == JOB_DOWN && !list_is_empty(&s->queue))
		return "a supervisor that is down has a queue";
	if (s->job == JOB_IDLE && list_is_empty(&s->put_off) && !check_queue_moves(s))
		return "a queue that nobody works off";
	if (!list_is_empty(&s->news) || !list_is_empty(&s->on_agenda))
		return "a supervisor has not looked";
	return NULL;
}

/* Under independent children no one waits without a reason that will end. */
static const char *check_idle(const struct supervisor *s)
{
	if (s->job != JOB_IDLE || !supervisor_is_independent(s))
		return NULL;
	LIST_EACH (l, &s->kids) {
		const struct child *c = LIST_ENTRY(l, struct child, link);

		if (c->state == CHILD_WAITING && c->listed && !c->call && !c->start_again &&
		    !c->spec->on_demand && !c->parked)
			return "a child was never started";
	}
	return NULL;
}

/* ---- all ---- */

static const char *check_sums(const struct core *core)
{
	uint32_t starting = 0, stopping = 0, dead = 0, busy = 0;
	size_t children = 0;

	for (const struct child *c = core->root; c; c = tree_next(c, core->root)) {
		children++;
		starting += c->state == CHILD_STARTING;
		stopping += c->state == CHILD_STOPPING || c->state == CHILD_ENDING;
		dead += c->state == CHILD_DEAD;
		busy += c->sup && c->sup->busy;
	}
	LIST_EACH (l, &core->spawned) {
		const struct child *c = LIST_ENTRY(l, struct child, link);

		children++;
		starting += c->state == CHILD_STARTING;
		stopping += c->state == CHILD_STOPPING || c->state == CHILD_ENDING;
	}
	LIST_EACH (l, &core->dying) {
		children++;
	}
	if (children != core->n_children)
		return "children were lost or leaked";
	if (starting != core->n_starting || stopping != core->n_stopping || dead != core->n_dead ||
	    busy != core->n_busy)
		return "the counts of sync are wrong";
	return NULL;
}

static const char *check_one(const struct core *core, const struct child *c)
{
	const char *broken = check_child(core, c);

	if (!broken)
		broken = check_timer(c);
	if (!broken)
		broken = check_due(c);
	if (!broken)
		broken = depend_check(c);
	if (!broken)
		broken = overlap_check(c);
	if (!broken && c->sup)
		broken = check_counts(c->sup);
	if (!broken && c->sup)
		broken = check_job(c->sup);
	if (!broken && c->sup)
		broken = check_idle(c->sup);
	return broken;
}

const char *core_check(const struct core *core)
{
	const char *broken = core->broken;

	if (broken || !core->root)
		return broken;
	if (!list_is_empty(&core->agenda))
		return "the agenda was not worked off";
	for (const struct child *c = core->root; c && !broken; c = tree_next(c, core->root))
		broken = check_one(core, c);
	LIST_EACH (l, &core->spawned) {
		const struct child *c = LIST_ENTRY(l, struct child, link);

		if (!broken)
			broken = check_one(core, c);
		if (!broken && !c->live)
			broken = "what was spawned and has ended is still known";
	}
	if (!broken)
		broken = check_sums(core);
	if (!broken)
		broken = actor_check_all(core);
	if (!broken)
		broken = mailbox_check_all(core);
	if (!broken && core->halted && (core->root->live || !list_is_empty(&core->spawned)))
		broken = "the tree has ended and still runs";
	return broken;
}
