/* SPDX-License-Identifier: MIT */

/*
 * A child's life: one table, state x input. The actions are in child_start.c and child_end.c.
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

#include "core/child_acts.h"

struct cell {
	child_act *act;
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
	if (c->parked)
		depend_left(c);
	if (c->core->needs.used)
		depend_changed(c);
	waiter_check(c);
}

void child_set_live(struct child *c, bool live)
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

void child_refine_verdict(struct child *c, const struct reason *reason)
{
	if (c->verdict.kind != reason->kind || !reason_object(reason))
		return;
	reason_fini(&c->verdict);
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

void child_idle(struct child *c, struct cause cause)
{
	child_settle(c, CHILD_WAITING);
	c->parked_by = SLOT_NONE;
	chain_add(c, LINK_IDLE, cause, NULL, 0);
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
	[IN_TOLD] = NO_PROCESS, [IN_FAULT] = NO_PROCESS, [IN_EXTEND] = NO_PROCESS,              \
	[IN_DOOM] = DOWN_ALREADY, [IN_KILL] = DOWN_ALREADY, [IN_EXITED] = NO_PROCESS,           \
	[IN_GONE] = NO_PROCESS

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
			[IN_FAULT] = ACT(act_fault),
			[IN_EXTEND] = ACT(act_extend),
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
			[IN_FAULT] = ACT(act_fault),
			[IN_EXTEND] = IGNORED("nothing that could time out is under way"),
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
			[IN_FAULT] = IGNORED("it is being stopped"),
			[IN_EXTEND] = ACT(act_extend),
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
			[IN_FAULT] = IGNORED("its reason is fixed"),
			[IN_EXTEND] = IGNORED("its main process is gone"),
			[IN_DOOM] = IGNORED("its reason is fixed"),
			[IN_STOP] = IGNORED("it is on its way"),
			[IN_KILL] = ACT(act_kill_ending),
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
