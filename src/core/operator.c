/* SPDX-License-Identifier: MIT */

/*
 * What an operator asks for (SEMANTICS D4, D5). Unlike the child API these act at once, whatever
 * job the supervisor has in hand: a stop wins over everything and holds. A start goes through the
 * supervisor's queue, so that it does not meet a group restart half way.
 */

#include <stdlib.h>
#include <string.h>

#include "core/overlap.h"
#include "core/signal.h"
#include "core/waiter.h"

/* ---- answers at once ---- */

static void operator_answer(struct core *core, const struct request *request, enum answer answer,
			    const struct child *c, uint32_t blocker)
{
	struct reply reply = {
		.id = request->id, .answer = answer, .slot = SLOT_NONE, .blocker = blocker};

	if (c) {
		reply.slot = c->slot;
		reply.pid = c->actor.pid;
	}
	effect_reply(core, &reply);
}

/* Answers at once where the request says so or it is so already; the waiter answers else. */
static void operator_settle(const struct request *request, struct child *c, struct waiter *w)
{
	enum answer answer = waiter_judge(w);

	if (request->no_wait) {
		waiter_free(w);
		operator_answer(c->core, request, ANSWER_OK, c, SLOT_NONE);
	} else if (answer != ANSWER_N) {
		waiter_answer(w, answer);
	} else {
		waiter_join(w);
	}
}

/* ---- start ---- */

/* The highest supervisor above c that does not run; SLOT_NONE: all do. */
static uint32_t operator_down_above(const struct child *c)
{
	uint32_t slot = SLOT_NONE;

	while (c->parent) {
		c = c->parent->self;
		if (!c->live || c->state == CHILD_STOPPING)
			slot = c->slot;
	}
	return slot;
}

static void operator_release(struct child *c)
{
	if (!c->held)
		return;
	c->held = false;
	if (!c->held_by_operator)
		return;
	c->held_by_operator = false;
	chain_add(c, LINK_RELEASED, cause_origin(ORIGIN_OPERATOR), NULL, 0);
}

void operator_start_again(struct child *c)
{
	struct call *call = c->start_again;

	c->start_again = NULL;
	supervisor_enqueue(c->parent, &call->item);
}

/* Up, from whatever state: queued now, or when it is down. False: no memory, which was answered. */
static bool operator_bring_up(const struct request *request, struct child *c)
{
	struct waiter *w = waiter_new(c, request);
	struct call *call = w ? call_new_start(c, ORIGIN_OPERATOR) : NULL;
	bool goes = c->live || child_heir(c);

	if (!call) {
		if (w)
			waiter_free(w);
		operator_answer(c->core, request, ANSWER_NO_MEMORY, c, SLOT_NONE);
		return false;
	}
	if (request->kind == REQUEST_RESTART || c->state != CHILD_STARTING)
		w->not_pid = c->actor.pid;
	operator_release(c);
	c->remove_request = false;
	waiter_check(c);
	if (c->start_again)
		call_free(c->start_again);
	if (goes && (request->kind == REQUEST_RESTART || c->state != CHILD_STARTING)) {
		c->start_again = call;
		child_stop(c, cause_origin(ORIGIN_OPERATOR));
	} else {
		supervisor_enqueue(c->parent, &call->item);
	}
	w->attempted = c->state == CHILD_STARTING;
	operator_settle(request, c, w);
	return true;
}

/* Of an instance that its template makes now. */
static void operator_start_new(struct core *core, const struct request *request)
{
	uint32_t blocker = SLOT_NONE;
	enum answer answer;
	struct child *c = instances_make(core, request->target, &answer, &blocker);

	if (!c) {
		operator_answer(core, request, answer, NULL, blocker);
		return;
	}
	blocker = operator_down_above(c);
	if (blocker != SLOT_NONE)
		operator_answer(core, request, ANSWER_PARENT_DOWN, c, blocker);
	if (blocker != SLOT_NONE || !operator_bring_up(request, c))
		tree_forget(c);
}

static void operator_start(const struct request *request, struct child *c)
{
	uint32_t down = operator_down_above(c), blocker = SLOT_NONE;

	if (c->state == CHILD_RUNNING)
		operator_answer(c->core, request, ANSWER_ALREADY, c, SLOT_NONE);
	else if (down != SLOT_NONE)
		operator_answer(c->core, request, ANSWER_PARENT_DOWN, c, down);
	else if (operator_is_parked(c, &blocker) ||
		 (depend_is_blocked(c, &blocker) && !depend_can_join(c)))
		operator_answer(c->core, request, ANSWER_BLOCKED, c, blocker);
	else if (!c->parent)
		operator_answer(c->core, request, ANSWER_SHUTTING_DOWN, c, SLOT_NONE);
	else
		operator_bring_up(request, c);
}

/* Something is to be done with it already. */
static bool operator_is_wanted(const struct child *c)
{
	LIST_EACH (l, &c->core->calls) {
		if (LIST_ENTRY(l, struct call, in_calls)->item.child == c)
			return true;
	}
	return false;
}

/*
 * Whoever sends it does not wait. What is held, runs, or is about to run anyway is left alone, and
 * so is what could not be started now: the next trigger tries again.
 */
static void operator_trigger(const struct request *request, struct child *c)
{
	bool idle = c->state == CHILD_WAITING || c->state == CHILD_DONE ||
		    c->state == CHILD_FAILED || c->state == CHILD_STOPPED;
	struct call *call;

	if (!c->parent || !c->spec->on_demand || !idle || c->held ||
	    operator_down_above(c) != SLOT_NONE || depend_is_stuck(c) || c->parked ||
	    operator_is_wanted(c))
		return;
	call = call_new_start(c, (enum origin)request->origin);
	if (call)
		supervisor_enqueue(c->parent, &call->item);
}

/* The new one beside the old one: whoever asks waits for that (overlap.c). */
static void operator_overlap(const struct request *request, struct child *c)
{
	struct child *heir;
	struct waiter *w;

	if (child_heir(c)) {
		operator_bring_up(request, child_heir(c));
		return;
	}
	heir = overlap_new_heir(c);
	w = heir ? waiter_new(heir, request) : NULL;
	if (!w) {
		operator_answer(c->core, request, ANSWER_NO_MEMORY, c, SLOT_NONE);
		if (heir)
			tree_forget(heir);
		return;
	}
	overlap_start(heir);
	w->attempted = true;
	operator_settle(request, heir, w);
}

static void operator_restart(const struct request *request, struct child *c)
{
	uint32_t down = operator_down_above(c), blocker = SLOT_NONE;

	if (!c->parent)
		operator_answer(c->core, request, ANSWER_ROOT, c, SLOT_NONE);
	else if (down != SLOT_NONE)
		operator_answer(c->core, request, ANSWER_PARENT_DOWN, c, down);
	else if (operator_is_parked(c, &blocker))
		operator_answer(c->core, request, ANSWER_BLOCKED, c, blocker);
	else if (overlap_applies(c))
		operator_overlap(request, c);
	else
		operator_bring_up(request, c);
}

/* ---- stop and remove ---- */

/* Others of its range were waiting for its restart: they go on without it. */
static void operator_unblock(struct child *c, struct child *instead)
{
	struct supervisor *s = c->parent;

	if (!instead || supervisor_is_independent(s) || s->job == JOB_SHUTDOWN ||
	    s->job == JOB_DOWN || !list_is_empty(&instead->retry_item.link))
		return;
	instead->retry_item.kind = ITEM_RESUME;
	supervisor_enqueue(s, &instead->retry_item);
}

/* A restart of it was due, or will be when the pass in hand is over. */
static bool operator_was_due(const struct child *c)
{
	return c->state == CHILD_BACKOFF || (c->parent && c->parent->failed == c);
}

/* Another one from which the range can be started again, once c is gone. */
static struct child *operator_stand_in(struct child *c)
{
	struct child *first = strategy_first(c->parent, c);

	return first == c ? tree_next_kid(c->parent, c) : first;
}

static void operator_stop(const struct request *request, struct child *c)
{
	bool simple = c->parent && c->parent->self->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE;
	bool due = operator_was_due(c);
	struct waiter *w;

	if (!c->parent) {
		operator_answer(c->core, request, ANSWER_ROOT, c, SLOT_NONE);
		return;
	}
	w = waiter_new(c, request);
	if (!w) {
		operator_answer(c->core, request, ANSWER_NO_MEMORY, c, SLOT_NONE);
		return;
	}
	if (!c->held || !c->held_by_operator)
		chain_add(c, LINK_HELD, cause_origin(ORIGIN_OPERATOR), NULL, 0);
	c->held = c->held_by_operator = true;
	if (c->start_again)
		call_free(c->start_again);
	child_stop(c, chain_last(c));
	waiter_check(c);
	operator_settle(request, c, w);
	if (due && !simple)
		operator_unblock(c, c);
	if (simple && child_is_down(c) && c->listed)
		tree_unlist(c);
}

void operator_remove_now(struct child *c, struct cause cause)
{
	c->remove_request = false;
	c->removed = true;
	c->dynamic |= c->spec->instance; /* its supervisor does not bring it back */
	chain_add(c, LINK_REMOVED, cause, NULL, 0);
	waiter_check(c);
	tree_unlist(c);
}

static void operator_remove(const struct request *request, struct child *c)
{
	bool due = operator_was_due(c);
	struct waiter *w;

	if (!c->parent) {
		operator_answer(c->core, request, ANSWER_ROOT, c, SLOT_NONE);
		return;
	}
	w = waiter_new(c, request);
	if (!w) {
		operator_answer(c->core, request, ANSWER_NO_MEMORY, c, SLOT_NONE);
		return;
	}
	if (c->start_again)
		call_free(c->start_again);
	if (due)
		operator_unblock(c, operator_stand_in(c));
	child_stop(c, cause_origin(ORIGIN_OPERATOR));
	c->removed = child_is_down(c);
	c->remove_request = !c->removed;
	operator_settle(request, c, w);
	if (c->removed)
		operator_remove_now(c, cause_origin(ORIGIN_OPERATOR));
}

/* ---- exit signals and waiting ---- */

static void operator_exit(const struct request *request, struct child *c)
{
	struct core *core = c->core;
	int r;

	if (!c->live) {
		operator_answer(core, request, ANSWER_NOPROC, c, SLOT_NONE);
		return;
	}
	r = signal_exit(&c->actor, &(struct exit_signal){.reason = &request->reason,
							 .cause = cause_origin(ORIGIN_OPERATOR)});
	operator_answer(core, request, r < 0 ? ANSWER_NO_MEMORY : ANSWER_OK, c, SLOT_NONE);
}

static void operator_wait(const struct request *request, struct child *c)
{
	struct waiter *w = waiter_new(c, request);

	if (!w) {
		operator_answer(c->core, request, ANSWER_NO_MEMORY, c, SLOT_NONE);
		return;
	}
	operator_settle(request, c, w);
}

/* There is another one in its place: that of an overlap, or one that was added under its path when
 * it was off the list, beside which it can go down, and not come up. */
static bool operator_is_displaced(const struct child *c, enum request_kind kind)
{
	if (kind != REQUEST_START && kind != REQUEST_RESTART)
		return c->replaced && kind < REQUEST_EXIT;
	return c->replaced || (!c->is_heir && !c->spawned && c->parent &&
			       strmap_get(&c->core->paths, c->path) != c);
}

void operator_request(struct core *core, const struct request *request)
{
	static void (*const acts[REQUEST_N_KINDS])(const struct request *, struct child *) = {
		[REQUEST_START] = operator_start,     [REQUEST_STOP] = operator_stop,
		[REQUEST_RESTART] = operator_restart, [REQUEST_REMOVE] = operator_remove,
		[REQUEST_EXIT] = operator_exit,       [REQUEST_WAIT_READY] = operator_wait,
		[REQUEST_WAIT_DOWN] = operator_wait,
	};
	uint32_t slot =
		request->kind == REQUEST_SYNC ? SLOT_NONE : core_find(core, request->target);
	struct child *c = slot == SLOT_NONE ? NULL : core->slots[slot];

	if (c && child_elder(c) && request->kind < REQUEST_EXIT)
		c = child_elder(c);
	if (request->kind == REQUEST_SYNC) {
		if (!sync_add(core, request))
			operator_answer(core, request, ANSWER_NO_MEMORY, NULL, SLOT_NONE);
		return;
	}
	if (request->kind == REQUEST_TRIGGER) {
		if (c && !c->removed && !c->spawned && !core->halted)
			operator_trigger(request, c);
		return;
	}
	if (!c && request->kind == REQUEST_EXIT)
		c = registry_find_child(core, request->target);
	if (!c && request->kind == REQUEST_START) {
		operator_start_new(core, request);
		return;
	}
	if (!c || c->removed || operator_is_displaced(c, request->kind)) {
		operator_answer(core, request, ANSWER_NOPROC, NULL, SLOT_NONE);
		return;
	}
	if (c->spawned && request->kind < REQUEST_EXIT) {
		operator_answer(core, request, ANSWER_SPAWNED, c, SLOT_NONE);
		return;
	}
	if ((core->halted || core->halt_waits) && request->kind != REQUEST_WAIT_DOWN) {
		operator_answer(core, request, ANSWER_SHUTTING_DOWN, c, SLOT_NONE);
		return;
	}
	acts[request->kind](request, c);
}
