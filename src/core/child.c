/* SPDX-License-Identifier: MIT */

/*
 * A child's life: one table, state x input.
 *
 *   WAITING, STOPPED, DONE, FAILED   down; they differ in why
 *   BACKOFF    down, and a restart is due: at its timer, or when its retry's turn comes
 *   STARTING   an attempt is under way: the process runs, or (short_of) could not be made yet
 *   RUNNING    ready
 *   STOPPING   told to go, by whomever; the timer ends its patience
 *   ENDING     the main process is gone, the reason fixed, something of it is left
 *   DEAD       nothing is left; its supervisor has not looked yet
 *
 * The rules the table serves: a stop wins over everything and is done only when nothing is left;
 * the first reason wins (SEMANTICS 46); each attempt has one outcome, each death one reason; two
 * incarnations never overlap. A supervisor is a child too: it starts, stops and ends with what is
 * below it, and the inputs that only a process can give are impossible for it.
 *
 * What a child does about its end is not decided here: it leaves news for its supervisor.
 */

#include "core/mailbox.h"
#include "core/model.h"
#include "core/signal.h"

#define LINGER SPAN_S(1)
#define SHORTAGE_FIRST SPAN_MS(100)
#define SHORTAGE_MAX SPAN_S(5)

struct cell {
	void (*act)(struct child *c, const struct event *event);
	const char *ignored;    /* why nothing is to be done */
	const char *impossible; /* why it cannot happen */
};

/* ---- state ---- */

static void child_count(struct child *c, int by)
{
	struct core *core = c->core;
	uint32_t n = (uint32_t)by;

	core->n_starting += c->state == CHILD_STARTING ? n : 0;
	core->n_stopping += c->state == CHILD_STOPPING || c->state == CHILD_ENDING ? n : 0;
	core->n_dead += c->state == CHILD_DEAD ? n : 0;
}

void child_set_state(struct child *c, enum child_state state)
{
	if (c->state == state)
		return;
	child_count(c, -1);
	c->state = state;
	c->since = c->core->now;
	child_count(c, 1);
	waiter_check(c);
}

static void child_set_live(struct child *c, bool live)
{
	if (c->live == live)
		return;
	c->live = live;
	if (c->parent && live)
		c->parent->n_live++;
	else if (c->parent)
		c->parent->n_live--;
}

void child_fix_verdict(struct child *c, const struct reason *reason)
{
	if (c->verdict.kind == REASON_NONE)
		c->verdict = reason_copy(reason);
}

void child_settle(struct child *c, enum child_state state)
{
	timer_cancel(c);
	list_unlink(&c->exit_item.link);
	list_unlink(&c->retry_item.link);
	c->restarting = false;
	c->news &= (uint8_t)~NEWS_DOWN;
	child_set_state(c, state);
}

void child_backoff(struct child *c, struct span delay, struct cause cause)
{
	list_unlink(&c->exit_item.link);
	list_unlink(&c->retry_item.link);
	c->restarting = true;
	child_set_state(c, CHILD_BACKOFF);
	if (!delay.ns)
		return;
	chain_add(c, LINK_BACKOFF, cause, NULL, (int32_t)MIN_OF(delay.ns / 1000000, INT32_MAX));
	timer_set(c, mono_add(c->core->now, delay));
}

/* ---- the end of an incarnation ---- */

static void child_ready(struct child *c)
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
static void child_down(struct child *c, struct cause cause)
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
	chain_add(c, kind, cause, kind == LINK_IGNORED ? NULL : &c->reason, 0);
	child_set_state(c, CHILD_DEAD);
	list_unlink(&c->unlinked);
	actor_end(&c->actor);
	supervisor_post(c, NEWS_DOWN);
}

static void act_gone(struct child *c, const struct event *event)
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

static void child_launch(struct child *c)
{
	c->short_of = false;
	effect_add(c->core, FX_START, c);
	timer_set(c, mono_add(c->core->now, c->spec->start_timeout));
}

static void act_start(struct child *c, const struct event *event)
{
	(void)event;
	child_settle(c, c->state);
	c->news = 0;
	if (actor_begin(&c->actor) < 0)
		c->core->broken = "a pid had no room";
	c->started = c->was_ready = c->ignored = c->killed = c->expected = false;
	c->shortages = 0;
	c->polite = POLITE_NOT;
	c->parked_by = SLOT_NONE;
	reason_fini(&c->verdict);
	child_set_live(c, true);
	chain_add_from(c, LINK_START, c->cause, NULL, c->creator);
	child_set_state(c, CHILD_STARTING);
	if (!registry_claim(c)) {
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
	child_input(c, IN_START, NULL);
	c->restarting = restarting;
}

static void act_started(struct child *c, const struct event *event)
{
	(void)event;
	c->started = true;
	c->shortages = 0;
	if (c->spec->ready == READY_EXEC)
		child_ready(c);
	else if (c->spec->ready == READY_DELAY)
		timer_set(c, mono_add(c->core->now, c->spec->ready_delay));
}

static void act_ready(struct child *c, const struct event *event)
{
	(void)event;
	if (c->sup || c->spec->ready == READY_NOTIFY)
		child_ready(c);
}

static void act_ignore(struct child *c, const struct event *event)
{
	(void)event;
	c->ignored = true;
}

static void act_start_failed(struct child *c, const struct event *event)
{
	child_fix_verdict(c, &event->reason);
	child_down(c, c->state == CHILD_STOPPING ? c->cause : chain_last(c));
}

static void act_shortage(struct child *c, const struct event *event)
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
static void act_shortage_stopping(struct child *c, const struct event *event)
{
	(void)event;
	child_fix_verdict(c, &REASON(REASON_SHUTDOWN));
	child_down(c, c->cause);
}

/* ---- the ways to an end ---- */

static void child_kill_now(struct child *c, actor_pid from)
{
	child_fix_verdict(c, &REASON(REASON_KILLED));
	timer_cancel(c);
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

static void act_stop(struct child *c, const struct event *event)
{
	(void)event;
	c->cause = chain_add(c, LINK_STOPPING, c->cause, &REASON(REASON_SHUTDOWN), 0);
	child_set_state(c, CHILD_STOPPING);
	if (c->sup) {
		supervisor_shut_down(c->sup, &REASON(REASON_SHUTDOWN), c->cause);
		child_patience(c);
		return;
	}
	if (c->short_of) {
		act_shortage_stopping(c, event);
		return;
	}
	if (child_ask(c))
		return;
	if (c->spec->shutdown != SHUTDOWN_BRUTAL_KILL)
		effect_add(c->core, FX_STOP, c);
	child_patience(c);
}

/* A stop of what is down already: whatever was due is off. */
static void act_stop_down(struct child *c, const struct event *event)
{
	(void)event;
	child_settle(c, CHILD_STOPPED);
}

void child_stop(struct child *c, struct cause cause)
{
	if (c->state != CHILD_STOPPING && c->state != CHILD_ENDING)
		c->cause = cause;
	c->restarting = false;
	c->expected = c->live;
	child_input(c, IN_STOP, NULL);
}

static void act_doom(struct child *c, const struct event *event)
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

/* It was asked to stop, and traps no more: that does end it. */
static void act_doom_stopping(struct child *c, const struct event *event)
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
static void act_told(struct child *c, const struct event *event)
{
	child_fix_verdict(c, &event->reason);
	c->cause = chain_add(c, LINK_DOOMED, cause_origin(ORIGIN_SELF), &c->verdict, 0);
	child_set_state(c, CHILD_STOPPING);
	signal_doomed(&c->actor);
	child_patience(c);
}

/* Who was asked to stop has a say in why it ends (SEMANTICS 55). */
static void act_told_stopping(struct child *c, const struct event *event)
{
	if (!c->polite || c->verdict.kind != REASON_NONE)
		return; /* the first reason wins (SEMANTICS 46) */
	child_fix_verdict(c, &event->reason);
	c->cause = chain_add(c, LINK_DOOMED, c->cause, &c->verdict, 0);
	signal_doomed(&c->actor);
}

static void act_kill(struct child *c, const struct event *event)
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

static void act_exited(struct child *c, const struct event *event)
{
	struct reason reason = child_classify(c, event);
	bool oneshot = c->state == CHILD_STARTING && c->spec->ready == READY_EXIT && !c->ignored;

	if (c->state != CHILD_STOPPING)
		c->cause = cause_origin(ORIGIN_SELF);
	child_fix_verdict(c, &reason);
	reason_fini(&reason);
	if (oneshot && c->verdict.kind == REASON_NORMAL)
		child_ready(c);
	child_set_state(c, CHILD_ENDING);
	timer_set(c, mono_add(c->core->now, LINGER));
}

/* ---- time ---- */

static void act_timeout_starting(struct child *c, const struct event *event)
{
	(void)event;
	if (c->short_of) {
		child_launch(c);
		return;
	}
	if (c->spec->ready == READY_DELAY && c->started && !c->ignored) {
		child_ready(c);
		return;
	}
	child_fix_verdict(c, &REASON(REASON_TIMEOUT_START));
	child_set_state(c, CHILD_STOPPING);
	c->cause = chain_last(c);
	child_kill_now(c, ACTOR_PID_NONE);
}

static void act_timeout_stopping(struct child *c, const struct event *event)
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

static void act_timeout_ending(struct child *c, const struct event *event)
{
	(void)event;
	chain_add(c, LINK_LINGERS, chain_last(c), NULL, 0);
}

static void act_timeout_backoff(struct child *c, const struct event *event)
{
	(void)event;
	c->retry_item.kind = ITEM_RESUME;
	supervisor_enqueue(c->parent, &c->retry_item);
}

/* ---- the table ---- */

#define ACT(f)             \
	{                  \
		.act = (f) \
	}
#define IGNORED(why)             \
	{                        \
		.ignored = (why) \
	}
#define IMPOSSIBLE(why)             \
	{                           \
		.impossible = (why) \
	}

#define NO_PROCESS IMPOSSIBLE("core_step() drops events of a pid that has no process")
#define NO_TIMER IMPOSSIBLE("no timer runs in this state")
#define DOWN_ALREADY IGNORED("there is no process that an exit signal could reach")
#define ONE_AT_A_TIME IMPOSSIBLE("two incarnations never overlap")
#define DOWN_CELLS                                                                              \
	[IN_START] = ACT(act_start), [IN_STARTED] = NO_PROCESS, [IN_START_FAILED] = NO_PROCESS, \
	[IN_SHORTAGE] = NO_PROCESS, [IN_READY] = NO_PROCESS, [IN_IGNORE] = NO_PROCESS,          \
	[IN_TOLD] = NO_PROCESS, [IN_DOOM] = DOWN_ALREADY, [IN_KILL] = DOWN_ALREADY,             \
	[IN_EXITED] = NO_PROCESS, [IN_GONE] = NO_PROCESS

static const struct cell cells[CHILD_N_STATES][IN_N] = {
	[CHILD_WAITING] = {DOWN_CELLS, [IN_STOP] = ACT(act_stop_down), [IN_TIMEOUT] = NO_TIMER},
	[CHILD_STOPPED] =
		{DOWN_CELLS, [IN_STOP] = IGNORED("it is stopped"), [IN_TIMEOUT] = NO_TIMER},
	[CHILD_FAILED] = {DOWN_CELLS, [IN_STOP] = IGNORED("it stays failed, with its reason"),
			  [IN_TIMEOUT] = NO_TIMER},
	[CHILD_DONE] = {DOWN_CELLS, [IN_STOP] = IGNORED("it stays done, with its reason"),
			[IN_TIMEOUT] = NO_TIMER},
	[CHILD_BACKOFF] = {DOWN_CELLS, [IN_STOP] = ACT(act_stop_down),
			   [IN_TIMEOUT] = ACT(act_timeout_backoff)},
	[CHILD_DEAD] = {DOWN_CELLS, [IN_STOP] = ACT(act_stop_down), [IN_TIMEOUT] = NO_TIMER},
	[CHILD_STARTING] =
		{
			[IN_START] = ONE_AT_A_TIME,
			[IN_STARTED] = ACT(act_started),
			[IN_START_FAILED] = ACT(act_start_failed),
			[IN_SHORTAGE] = ACT(act_shortage),
			[IN_READY] = ACT(act_ready),
			[IN_IGNORE] = ACT(act_ignore),
			[IN_TOLD] = ACT(act_told),
			[IN_DOOM] = ACT(act_doom),
			[IN_STOP] = ACT(act_stop),
			[IN_KILL] = ACT(act_kill),
			[IN_EXITED] = ACT(act_exited),
			[IN_GONE] = IMPOSSIBLE("EVENT_EXITED comes first"),
			[IN_TIMEOUT] = ACT(act_timeout_starting),
		},
	[CHILD_RUNNING] =
		{
			[IN_START] = ONE_AT_A_TIME,
			[IN_STARTED] = IGNORED("it was ready before the start was reported"),
			[IN_START_FAILED] = IMPOSSIBLE("a process that is ready has been started"),
			[IN_SHORTAGE] = IMPOSSIBLE("a process that is ready has been started"),
			[IN_READY] = IGNORED("it is ready"),
			[IN_IGNORE] = IGNORED("it has said ready"),
			[IN_TOLD] = ACT(act_told),
			[IN_DOOM] = ACT(act_doom),
			[IN_STOP] = ACT(act_stop),
			[IN_KILL] = ACT(act_kill),
			[IN_EXITED] = ACT(act_exited),
			[IN_GONE] = IMPOSSIBLE("EVENT_EXITED comes first"),
			[IN_TIMEOUT] = NO_TIMER,
		},
	[CHILD_STOPPING] =
		{
			[IN_START] = ONE_AT_A_TIME,
			[IN_STARTED] = IGNORED("it was told to go before its start was reported"),
			[IN_START_FAILED] = ACT(act_start_failed),
			[IN_SHORTAGE] = ACT(act_shortage_stopping),
			[IN_READY] = IGNORED("it runs no more code that counts (SEMANTICS 11)"),
			[IN_IGNORE] = IGNORED("it runs no more code that counts (SEMANTICS 11)"),
			[IN_TOLD] = ACT(act_told_stopping),
			[IN_DOOM] = ACT(act_doom_stopping),
			[IN_STOP] = IGNORED("it is being stopped"),
			[IN_KILL] = ACT(act_kill),
			[IN_EXITED] = ACT(act_exited),
			[IN_GONE] = IMPOSSIBLE("EVENT_EXITED comes first"),
			[IN_TIMEOUT] = ACT(act_timeout_stopping),
		},
	[CHILD_ENDING] =
		{
			[IN_START] = ONE_AT_A_TIME,
			[IN_STARTED] = IGNORED("it ended before its start was reported"),
			[IN_START_FAILED] = IMPOSSIBLE("what has ended was started"),
			[IN_SHORTAGE] = IMPOSSIBLE("what has ended was started"),
			[IN_READY] = IGNORED("its main process is gone"),
			[IN_IGNORE] = IGNORED("its main process is gone"),
			[IN_TOLD] = IGNORED("its reason is fixed"),
			[IN_DOOM] = IGNORED("its reason is fixed"),
			[IN_STOP] = IGNORED("it is on its way"),
			[IN_KILL] = IGNORED("it is on its way"),
			[IN_EXITED] = IMPOSSIBLE("a process ends once"),
			[IN_GONE] = ACT(act_gone),
			[IN_TIMEOUT] = ACT(act_timeout_ending),
		},
};

void child_input(struct child *c, enum child_input input, const struct event *event)
{
	const struct cell *cell = &cells[c->state][input];

	c->core->child_cells[c->state] |= (uint16_t)(1u << input);
	if (cell->act)
		cell->act(c, event);
	else if (cell->impossible)
		c->core->broken = cell->impossible;
}

const char *child_cell_note(enum child_state state, enum child_input input, bool *ret_impossible)
{
	const struct cell *cell = &cells[state][input];

	*ret_impossible = cell->impossible != NULL;
	return cell->act ? NULL : cell->impossible ? cell->impossible : cell->ignored;
}
