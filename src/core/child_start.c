/* SPDX-License-Identifier: MIT */

/* How an incarnation of a child begins, gets ready, and is over. */

#include "core/child_acts.h"

#define SHORTAGE_FIRST SPAN_MS(100)
#define SHORTAGE_MAX SPAN_S(5)

/* ---- the end of an incarnation ---- */

void child_ready(struct child *c)
{
	timer_cancel(c);
	c->was_ready = true;
	c->starts++;
	c->ready_at = c->core->now;
	c->ready_pid = c->actor.pid;
	chain_add(c, LINK_READY, chain_last(c), NULL, (int32_t)MIN_OF(c->starts, INT32_MAX));
	child_set_state(c, CHILD_RUNNING);
	standing_ready(c);
	supervisor_post(c, NEWS_READY);
}

/* Nothing is left of it: the one place where an attempt or a life ends. */
void child_down(struct child *c, struct cause cause)
{
	enum link_kind kind = c->was_ready ? LINK_EXITED
			      : c->ignored ? LINK_IGNORED
					   : LINK_START_FAILED;

	timer_cancel(c);
	child_set_live(c, false);
	c->short_of = false;
	reason_fini(&c->reason);
	c->reason = c->verdict;
	c->verdict = REASON(REASON_NONE);
	/* What it was itself that said ignore needs no reason; a condition of its start does. */
	chain_add(c, kind, cause, kind == LINK_IGNORED && c->started ? NULL : &c->reason,
		  kind == LINK_EXITED ? c->after_signal : 0);
	child_set_state(c, CHILD_DEAD);
	list_unlink(&c->unlinked);
	actor_end(&c->actor);
	supervisor_post(c, NEWS_DOWN);
}

void act_gone(struct child *c, const struct event *event)
{
	(void)event;
	child_down(c, c->cause);
}

void child_supervisor_ready(struct child *c)
{
	child_input(c, IN_READY, NULL);
}

void child_supervisor_gone(struct child *c)
{
	child_set_state(c, CHILD_ENDING);
	child_input(c, IN_GONE, NULL);
}

/* ---- start ---- */

void child_launch(struct child *c)
{
	c->short_of = false;
	effect_add(c->core, FX_START, c);
	timer_set(c, mono_add(c->core->now, c->spec->start_timeout));
}

void act_start(struct child *c, const struct event *event)
{
	(void)event;
	child_settle(c, c->state);
	c->news = 0;
	if (actor_begin(&c->actor) < 0)
		c->core->broken = "a pid had no room";
	c->started = c->was_ready = c->ignored = c->killed = c->killed_rest = c->expected = false;
	c->shortages = 0;
	c->polite = POLITE_NOT;
	c->parked_by = SLOT_NONE;
	c->found = cause_origin(ORIGIN_WATCH);
	c->sent = cause_origin(ORIGIN_NONE);
	c->sent_signal = c->after_signal = 0;
	reason_fini(&c->verdict);
	child_set_live(c, true);
	chain_add_from(c, LINK_START, c->cause, NULL, c->creator);
	child_set_state(c, CHILD_STARTING);
	if (!child_elder(c) && !registry_claim(c)) {
		child_fix_verdict(c, &REASON(REASON_ALREADY_REGISTERED));
		child_down(c, chain_last(c));
		return;
	}
	if (c->sup)
		supervisor_begin(c->sup);
	else
		child_launch(c);
}

void child_start(struct child *c, struct cause cause)
{
	bool restarting = c->restarting;

	c->cause = cause;
	if (!child_elder(c) && depend_defers(c, cause))
		return;
	child_input(c, IN_START, NULL);
	c->restarting = restarting;
}

/* Ready by the passing of time alone. */
bool child_is_delayed(const struct child *c)
{
	return c->spec->ready == READY_DELAY && !c->spec->start_post;
}

void act_started(struct child *c, const struct event *event)
{
	(void)event;
	c->started = true;
	c->shortages = 0;
	if (child_is_delayed(c))
		timer_set(c, mono_add(c->core->now, c->spec->ready_delay));
	else if (c->spec->ready == READY_DELAY)
		timer_set(c, mono_add(mono_add(c->core->now, c->spec->ready_delay),
				      c->spec->start_timeout));
	else if (c->spec->ready == READY_EXEC && !c->spec->start_post)
		child_ready(c);
}

void act_ready(struct child *c, const struct event *event)
{
	(void)event;
	if (c->sup || spec_is_told_ready(c->spec))
		child_ready(c);
}

void act_ignore(struct child *c, const struct event *event)
{
	(void)event;
	c->ignored = true;
}

void act_start_failed(struct child *c, const struct event *event)
{
	child_fix_verdict(c, &event->reason);
	child_refine_verdict(c, &event->reason);
	child_down(c, c->state == CHILD_STOPPING ? c->cause : chain_last(c));
}

void act_shortage(struct child *c, const struct event *event)
{
	struct span wait = SHORTAGE_FIRST;

	for (uint8_t i = 0; i < c->shortages && wait.ns < SHORTAGE_MAX.ns; i++)
		wait.ns *= 2;
	c->shortages = (uint8_t)MIN_OF(c->shortages + 1, 100);
	c->short_of = true;
	chain_add(c, LINK_SHORTAGE, chain_last(c), NULL, event->code);
	timer_set(c, mono_add(c->core->now,
			      MIN_OF(wait.ns, SHORTAGE_MAX.ns) == wait.ns ? wait : SHORTAGE_MAX));
}

/* It was told to stop while the daemon could not even start it. */
void act_shortage_stopping(struct child *c, const struct event *event)
{
	(void)event;
	child_fix_verdict(c, &REASON(REASON_SHUTDOWN));
	child_down(c, c->cause);
}
