/* SPDX-License-Identifier: MIT */

/*
 * The ways to an end: told to stop, doomed by a signal, its own last words, killed, out of time.
 * The first reason wins (SEMANTICS 46).
 */

#include "core/child_acts.h"
#include "core/mailbox.h"
#include "core/overlap.h"
#include "core/signal.h"

#define LINGER SPAN_S(1)
/* An end so soon after an operator's Unix signal may have come of it. */
#define OBEYS SPAN_S(10)

/* ---- being told ---- */

void child_kill_now(struct child *c, actor_pid from)
{
	child_fix_verdict(c, &REASON(REASON_KILLED));
	timer_cancel(c);
	if (c->polite == POLITE_LATER)
		c->polite = POLITE_NOT;
	if (c->killed)
		return;
	c->killed = true;
	c->cause = chain_add_from(c, LINK_KILLING, c->cause, NULL, from);
	signal_doomed(&c->actor);
	effect_add(c->core, FX_KILL, c);
}

/*
 * D14: who traps is asked by a message, and has a tenth of its time, a second at most, before it
 * is told by its stop signal too. False: not this one.
 */
static bool child_ask(struct child *c)
{
	struct span wait = SPAN_S(1);

	if (!actor_traps(&c->actor) || !c->started || c->spec->shutdown == SHUTDOWN_BRUTAL_KILL ||
	    (c->spec->shutdown == SHUTDOWN_SPAN && !c->spec->shutdown_span.ns) ||
	    signal_stop(&c->actor) < 0)
		return false;
	if (c->spec->shutdown == SHUTDOWN_SPAN)
		wait.ns = MIN_OF(wait.ns, c->spec->shutdown_span.ns / 10);
	c->polite = POLITE_ASKED;
	timer_set(c, mono_add(c->core->now, wait));
	return true;
}

/* Its patience from now on: the shutdown time; none is a kill at once. */
static void child_patience(struct child *c)
{
	bool none = c->spec->shutdown == SHUTDOWN_BRUTAL_KILL ||
		    (c->spec->shutdown == SHUTDOWN_SPAN && !c->spec->shutdown_span.ns);

	if (none && c->sup)
		supervisor_kill_tree(c->sup, c->cause);
	else if (none)
		child_kill_now(c, ACTOR_PID_NONE);
	else if (c->spec->shutdown == SHUTDOWN_SPAN)
		timer_set(c, mono_add(c->core->now, c->spec->shutdown_span));
	else
		timer_cancel(c);
}

void act_stop(struct child *c, const struct event *event)
{
	(void)event;
	c->cause = chain_add(c, LINK_STOPPING, c->cause, &REASON(REASON_SHUTDOWN), 0);
	child_set_state(c, CHILD_STOPPING);
	if (c->short_of) {
		act_shortage_stopping(c, event);
	} else if (depend_stops_later(c)) {
		timer_cancel(c);
		c->polite = POLITE_LATER;
	} else {
		child_stop_now(c);
	}
}

void child_stop_now(struct child *c)
{
	bool again = c->verdict.kind != REASON_NONE; /* its own last words came first */

	c->polite = POLITE_NOT;
	c->since = c->core->now;
	if (c->sup) {
		supervisor_shut_down(c->sup, &REASON(REASON_SHUTDOWN), c->cause);
		child_patience(c);
		return;
	}
	if (!again && child_ask(c))
		return;
	if (c->spec->shutdown != SHUTDOWN_BRUTAL_KILL)
		effect_add(c->core, FX_STOP, c);
	child_patience(c);
}

/* A stop of what is down already: whatever was due is off. */
void act_stop_down(struct child *c, const struct event *event)
{
	(void)event;
	child_settle(c, CHILD_STOPPED);
}

void child_stop(struct child *c, struct cause cause)
{
	if (overlap_stop_heir(c, cause)) {
		c->parking = false;
		return;
	}
	if (c->state != CHILD_STOPPING && c->state != CHILD_ENDING)
		c->cause = cause;
	c->restarting = c->parking = false;
	c->expected &= c->live;
	if (c->live && !c->expected) {
		c->expected = true;
		depend_changed(c); /* its end is no more its supervisor's affair alone */
	}
	child_input(c, IN_STOP, NULL);
}

void act_doom(struct child *c, const struct event *event)
{
	if (c->sup)
		return; /* trapped and ignored (SEMANTICS 112) */
	child_fix_verdict(c, &event->reason);
	c->cause = chain_add_from(c, LINK_DOOMED, c->cause, &c->verdict, event->pid);
	child_set_state(c, CHILD_STOPPING);
	if (c->short_of) {
		child_down(c, c->cause);
		return;
	}
	signal_doomed(&c->actor);
	effect_add(c->core, FX_STOP, c);
	child_patience(c);
}

/* The daemon watches it, and has found a fault: as an exit signal that nobody can trap. */
void act_fault(struct child *c, const struct event *event)
{
	c->cause = cause_origin(ORIGIN_WATCH);
	if (event->reason.kind == REASON_UNHEALTHY && c->found.seq)
		c->cause = c->found;
	act_doom(c, &(struct event){.reason = event->reason});
}

/* It was asked to stop, and traps no more: that does end it. */
void act_doom_stopping(struct child *c, const struct event *event)
{
	if (c->sup || !c->polite || c->verdict.kind != REASON_NONE)
		return; /* the first reason wins (SEMANTICS 46) */
	child_fix_verdict(c, &event->reason);
	c->cause = chain_add_from(c, LINK_DOOMED, c->cause, &c->verdict, event->pid);
	signal_doomed(&c->actor);
	if (c->polite == POLITE_TOLD)
		return;
	c->polite = POLITE_TOLD;
	effect_add(c->core, FX_STOP, c);
	child_patience(c);
}

/* Its own last words: no Unix signal, but its kill time starts (D15). */
void act_told(struct child *c, const struct event *event)
{
	child_fix_verdict(c, &event->reason);
	c->cause = chain_add(c, LINK_DOOMED, cause_origin(ORIGIN_SELF), &c->verdict, 0);
	child_set_state(c, CHILD_STOPPING);
	signal_doomed(&c->actor);
	child_patience(c);
}

/* Who was asked to stop has a say in why it ends (SEMANTICS 55). */
void act_told_stopping(struct child *c, const struct event *event)
{
	if (!c->polite || c->verdict.kind != REASON_NONE)
		return; /* the first reason wins (SEMANTICS 46) */
	child_fix_verdict(c, &event->reason);
	c->cause = chain_add(c, LINK_DOOMED, c->cause, &c->verdict, 0);
	signal_doomed(&c->actor);
}

void act_kill(struct child *c, const struct event *event)
{
	if (c->sup) {
		supervisor_kill(c->sup, c->cause);
		return;
	}
	child_set_state(c, CHILD_STOPPING);
	if (c->short_of) {
		child_fix_verdict(c, &REASON(REASON_KILLED));
		child_down(c, c->cause);
		return;
	}
	child_kill_now(c, event->pid);
}

void child_kill(struct child *c, struct cause cause, actor_pid from)
{
	if (c->state == CHILD_STARTING || c->state == CHILD_RUNNING)
		c->cause = cause;
	child_input(c, IN_KILL, &(struct event){.pid = from});
}

void child_doom(struct child *c, const struct reason *reason, struct cause cause, actor_pid from)
{
	const struct event event = {.reason = *reason, .pid = from};

	if (c->state == CHILD_STARTING || c->state == CHILD_RUNNING)
		c->cause = cause;
	child_input(c, IN_DOOM, &event);
}

/* ---- the main process is gone ---- */

/*
 * What an operator has sent it stands behind its end where it died of that very signal, unless a
 * stop would have ended it so, too. Else it may have taken the signal for a request: that is noted,
 * no more, and only for as long as the two belong together.
 */
static void child_find_sender(struct child *c, const struct event *event)
{
	bool stopping = c->state == CHILD_STOPPING;
	bool by_it = event->by_signal && c->sent_signal == event->code;

	if (!stopping)
		c->cause = cause_origin(ORIGIN_SELF);
	if (!c->sent.seq)
		return;
	if (by_it && (!stopping || (event->code == 9 && !c->killed)))
		c->cause = c->sent;
	else if (!stopping && mono_between(c->sent_at, c->core->now).ns <= OBEYS.ns)
		c->after_signal = c->sent_signal;
}

void act_exited(struct child *c, const struct event *event)
{
	struct reason reason = child_classify(c, event);
	bool oneshot = c->state == CHILD_STARTING && c->spec->ready == READY_EXIT &&
		       !c->spec->remain && !c->ignored;

	child_find_sender(c, event);
	child_fix_verdict(c, &reason);
	reason_fini(&reason);
	child_refine_verdict(c, &event->reason);
	if (oneshot && c->verdict.kind == REASON_NORMAL)
		child_ready(c);
	child_set_state(c, CHILD_ENDING);
	timer_set(c, mono_add(c->core->now, LINGER));
}

/* What is still there of it, once. */
void act_kill_ending(struct child *c, const struct event *event)
{
	(void)event;
	if (c->killed_rest)
		return;
	c->killed_rest = true;
	effect_add(c->core, FX_KILL, c);
}

/* ---- time ---- */

void act_timeout_starting(struct child *c, const struct event *event)
{
	(void)event;
	if (c->short_of) {
		child_launch(c);
		return;
	}
	if (child_is_delayed(c) && c->started && !c->ignored) {
		child_ready(c);
		return;
	}
	child_fix_verdict(c, &REASON(REASON_TIMEOUT_START));
	child_set_state(c, CHILD_STOPPING);
	c->cause = chain_last(c);
	child_kill_now(c, ACTOR_PID_NONE);
}

void act_timeout_stopping(struct child *c, const struct event *event)
{
	(void)event;
	if (c->sup) {
		supervisor_kill_tree(c->sup, c->cause);
	} else if (c->polite == POLITE_ASKED) {
		bool taken = c->verdict.kind != REASON_NONE || mailbox_stop_is_taken(&c->actor);

		c->polite = taken ? POLITE_TAKEN : POLITE_TOLD; /* also last words (D15) */
		if (!taken)
			effect_add(c->core, FX_STOP, c);
		if (c->spec->shutdown == SHUTDOWN_SPAN)
			timer_set(c, mono_add(c->since, c->spec->shutdown_span));
	} else {
		child_kill_now(c, ACTOR_PID_NONE);
	}
}

/* It asks for more time; never for less than it has (as sd_notify's EXTEND_TIMEOUT_USEC). */
void act_extend(struct child *c, const struct event *event)
{
	struct mono at = mono_add(c->core->now, event->budget);
	bool delays = c->state == CHILD_STARTING && child_is_delayed(c);

	if (c->timer && !delays && !c->short_of && c->polite != POLITE_ASKED &&
	    at.ns > c->deadline.ns)
		timer_set(c, at);
}

void act_timeout_ending(struct child *c, const struct event *event)
{
	(void)event;
	chain_add(c, LINK_LINGERS, chain_last(c), NULL, 0);
}

void act_timeout_backoff(struct child *c, const struct event *event)
{
	(void)event;
	c->retry_item.kind = ITEM_RESUME;
	supervisor_enqueue(c->parent, &c->retry_item);
}
