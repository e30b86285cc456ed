/* SPDX-License-Identifier: MIT */

/*
 * Passes. A job is one pass over a range of a supervisor's children, or two: a stop pass goes from
 * the last child of the list down to the first of the range, a start pass from there up to the
 * last. The pass does one child and waits for it (ordered), or all and waits for all (start =
 * parallel, and the stop of a simple_one_for_one: SEMANTICS 100, 165, D17). Ranges always reach to
 * the end of the list.
 *
 * job_advance() goes on as far as it can and says what comes after: see job_done().
 */

#include "core/overlap.h"

void job_await(struct supervisor *s, struct child *c)
{
	if (c->awaited)
		return;
	c->awaited = true;
	s->waiting++;
	s->waiting_parked += c->parked;
}

void job_arrived(struct child *c)
{
	if (!c->awaited)
		return;
	c->awaited = false;
	c->parent->waiting--;
	c->parent->waiting_parked -= c->parked;
}

void job_abort(struct supervisor *s)
{
	if (s->waiting) {
		LIST_EACH (l, &s->kids) {
			LIST_ENTRY(l, struct child, link)->awaited = false;
		}
	}
	s->waiting = s->waiting_parked = 0;
	s->unparks = false;
	s->cursor = s->first = s->failed = NULL;
}

static bool job_is_stop_pass(enum job job)
{
	return job == JOB_GROUP_STOP || job == JOB_PARK || job == JOB_SUSPEND ||
	       job == JOB_SHUTDOWN;
}

static bool job_is_start_pass(enum job job)
{
	return job == JOB_INIT || job == JOB_GROUP_START;
}

static struct child *job_step_cursor(struct supervisor *s, struct child *c)
{
	if (job_is_start_pass(s->job))
		return tree_next_kid(s, c);
	return c == s->first ? NULL : tree_previous_kid(s, c);
}

/* The next in order whose start failed in this pass. */
static struct child *job_other_failed(const struct supervisor *s, const struct child *c)
{
	LIST_EACH (l, &s->kids) {
		struct child *other = LIST_ENTRY(l, struct child, link);

		if (other != c && other->state == CHILD_DEAD &&
		    list_is_empty(&other->exit_item.link))
			return other;
	}
	return NULL;
}

void job_release_parked(struct supervisor *s)
{
	LIST_EACH (l, &s->kids) {
		struct child *c = LIST_ENTRY(l, struct child, link);

		if (c->parked)
			job_arrived(c);
	}
}

bool job_stops(const struct supervisor *s, const struct child *c)
{
	return job_is_stop_pass(s->job) && s->first && c->place >= s->first->place;
}

void job_forget_kid(struct supervisor *s, struct child *c)
{
	depend_forget_kid(s, c);
	job_arrived(c);
	if (s->cursor == c)
		s->cursor = job_step_cursor(s, c);
	if (s->first == c)
		s->first = tree_next_kid(s, c);
	if (s->culprit == c)
		s->culprit = NULL;
	if (s->called == c)
		s->called = NULL;
	if (s->failed == c)
		s->failed = job_other_failed(s, c);
}

static bool job_is_at_once(const struct supervisor *s)
{
	return s->self->spec->start == START_PARALLEL ||
	       s->self->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE;
}

void job_stop_range(struct supervisor *s, enum job job, struct child *first, struct cause cause)
{
	job_abort(s);
	supervisor_set_job(s, job);
	s->cause = cause;
	s->first = first;
	s->cursor = first ? tree_previous_kid(s, NULL) : NULL;
	if (s->suspended && first && s->suspended->place >= first->place)
		s->suspended = NULL; /* this range goes its own way */
}

void job_start_range(struct supervisor *s, enum job job, struct child *first, struct cause cause)
{
	job_abort(s);
	supervisor_set_job(s, job);
	s->cause = cause;
	s->cursor = s->first = first;
	if (first)
		(void)depend_blocks_all(s);
}

/* ---- stop passes ---- */

/* A child of the range is down: what it shows from now on. */
static void job_child_stopped(struct supervisor *s, struct child *c)
{
	enum child_state state = c->state;
	bool was_down = state == CHILD_DONE || state == CHILD_FAILED || state == CHILD_STOPPED;

	if (overlap_is_unseen(c)) {
		overlap_ended(s, c);
		return;
	}
	call_child_down(c);
	if (c == s->culprit && s->job == JOB_PARK)
		return;
	if (s->job == JOB_SUSPEND && depend_waits_already(s, c))
		return;
	if (s->job == JOB_SUSPEND && was_down && !c->parking && c != s->suspended)
		return;
	if (!was_down)
		child_settle(c, CHILD_STOPPED);
	c->parking = false;
	if (s->job == JOB_SHUTDOWN || !c->listed || c->held)
		return;
	if (c->spec->restart == RESTART_TEMPORARY && c != s->culprit && !c->spec->on_demand &&
	    s->job != JOB_SUSPEND) {
		tree_unlist(c);
		return;
	}
	child_settle(c, CHILD_WAITING);
	if (s->job == JOB_SUSPEND)
		depend_suspended(s, c);
	if (s->job == JOB_PARK && s->culprit) {
		c->parked_by = s->culprit->slot;
		chain_add(c, LINK_WAITING, s->cause, NULL, 0);
		waiter_check(c);
	}
}

static void job_stop_step(struct supervisor *s)
{
	struct child *c = s->cursor;

	if (!c->live) {
		s->cursor = job_step_cursor(s, c);
		job_child_stopped(s, c);
		return;
	}
	child_stop(c, s->cause);
	c->parking = s->job != JOB_SHUTDOWN; /* whatever job follows on this one */
	if (c->live)
		job_await(s, c);
	if (job_is_at_once(s))
		s->cursor = job_step_cursor(s, c);
}

/* All are told and gone; what they show is settled in a second walk. */
static void job_settle_range(struct supervisor *s)
{
	struct child *c = s->first ? tree_previous_kid(s, NULL) : NULL, *next;

	for (; c; c = next) {
		next = job_step_cursor(s, c);
		job_child_stopped(s, c);
	}
}

/* ---- start passes ---- */

static void job_start_step(struct supervisor *s)
{
	struct child *c = s->cursor;

	s->cursor = job_step_cursor(s, c);
	if (!c->listed || c->held || c->live || child_heir(c) || depend_stays_down(s, c))
		return;
	if (c->spec->on_demand && !c->parked) { /* parked: it was asked for (D16) */
		child_idle(c, s->cause);
		return;
	}
	c->restarting = false;
	child_start(c, s->cause);
	if (!c->parked)
		job_await(s, c);
	else if (!supervisor_is_independent(s))
		depend_reached(s, c);
}

/* The first that has failed is tried again, with its range; the others of that wait. */
void job_retry_failed(struct supervisor *s)
{
	struct child *failed = s->failed;

	if (!failed)
		return;
	LIST_EACH (l, &s->kids) {
		struct child *c = LIST_ENTRY(l, struct child, link);

		if (c->state != CHILD_DEAD || !list_is_empty(&c->exit_item.link))
			continue;
		if (c != failed) {
			child_settle(c, CHILD_WAITING);
			continue;
		}
		chain_add(failed, LINK_RETRY, chain_last(failed), NULL, 0);
		failed->retry_item.kind = ITEM_RETRY;
		child_backoff(failed, (struct span){0}, chain_last(failed));
		supervisor_enqueue(s, &failed->retry_item);
	}
}

/*
 * A start of this pass failed: the pass is over, whatever it had not come to stays down. Where an
 * operator has stopped the one that failed meanwhile, operator.c has queued what is to be done.
 */
static void job_start_aborted(struct supervisor *s)
{
	bool init = s->self->state == CHILD_STARTING;
	job_retry_failed(s);
	job_abort(s);
	supervisor_set_job(s, JOB_IDLE);
	depend_start_aborted(s);
	if (init)
		child_supervisor_ready(s->self);
}

/* ---- what comes next ---- */

static void job_group_stopped(struct supervisor *s)
{
	struct child *culprit = s->culprit, *first = s->first;
	struct span delay = s->delay;

	s->delay = (struct span){0};
	if (!delay.ns || !culprit || culprit->held || !culprit->listed) {
		job_start_range(s, JOB_GROUP_START, first, s->cause);
		return;
	}
	job_abort(s);
	supervisor_set_job(s, JOB_IDLE);
	child_backoff(culprit, delay, s->cause);
}

static void job_done(struct supervisor *s)
{
	switch (s->job) {
	case JOB_INIT:
		job_abort(s);
		supervisor_set_job(s, JOB_IDLE);
		child_supervisor_ready(s->self);
		break;
	case JOB_GROUP_STOP:
		if (job_is_at_once(s))
			job_settle_range(s);
		job_group_stopped(s);
		break;
	case JOB_PARK:
		if (job_is_at_once(s))
			job_settle_range(s);
		job_abort(s);
		s->culprit = NULL;
		supervisor_set_job(s, JOB_IDLE);
		break;
	case JOB_SUSPEND:
		if (job_is_at_once(s))
			job_settle_range(s);
		depend_suspend_done(s);
		break;
	case JOB_GROUP_START:
		s->culprit = NULL;
		job_abort(s);
		supervisor_set_job(s, JOB_IDLE);
		if (s->self->state == CHILD_STARTING)
			child_supervisor_ready(s->self);
		break;
	case JOB_CALL:
		supervisor_set_job(s, JOB_IDLE);
		break;
	case JOB_SHUTDOWN:
		if (job_is_at_once(s))
			job_settle_range(s);
		supervisor_ended(s);
		break;
	case JOB_DOWN:
	case JOB_IDLE:
	case JOB_N:
		break;
	}
}

/* A call still has a child in hand: a range was suspended meanwhile (D16). */
static void job_take_up_call(struct supervisor *s)
{
	struct child *c = s->called;

	if (s->job != JOB_IDLE || !c || !c->call || !c->live || supervisor_is_independent(s))
		return;
	supervisor_set_job(s, JOB_CALL);
	job_await(s, c);
}

void job_advance(struct supervisor *s)
{
	while (s->job != JOB_DOWN && s->job != JOB_IDLE) {
		if (s->waiting && !(job_is_at_once(s) && s->cursor))
			return;
		if (s->failed && !s->waiting)
			job_start_aborted(s);
		else if (s->cursor && job_is_stop_pass(s->job))
			job_stop_step(s);
		else if (s->cursor && !s->failed)
			job_start_step(s);
		else if (!s->waiting)
			job_done(s);
	}
	job_take_up_call(s);
}
