/* SPDX-License-Identifier: MIT */

/*
 * What an operator asks for (SEMANTICS D4, D5), and whoever waits for a child's state. Unlike the
 * child API these act at once, whatever job the supervisor has in hand: a stop wins over everything
 * and holds. A start goes through the supervisor's queue, so that it does not meet a group restart
 * half way.
 */

#include <stdlib.h>
#include <string.h>

#include "core/model.h"
#include "core/signal.h"

#define EFFECTS_PER_WAITER 4

/* ---- waiters ---- */

/* Its memory, and room for its answer; it does not wait before waiter_join(). */
static struct waiter *waiter_new(struct child *c, const struct request *request)
{
	struct waiter *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	if (effect_reserve(c->core, EFFECTS_PER_WAITER) < 0) {
		free(w);
		return NULL;
	}
	w->child = c;
	w->id = request->id;
	w->kind = request->kind;
	list_init(&w->link);
	list_init(&w->in_core);
	return w;
}

static void waiter_join(struct waiter *w)
{
	list_append(&w->child->waiters, &w->link);
	list_append(&w->child->core->waiters, &w->in_core);
}

static void waiter_free(struct waiter *w)
{
	effect_release(w->child->core, EFFECTS_PER_WAITER);
	list_unlink(&w->link);
	list_unlink(&w->in_core);
	free(w);
}

static void waiter_answer(struct waiter *w, enum answer answer)
{
	struct child *c = w->child;
	struct reply reply = {.id = w->id, .answer = answer, .slot = c->slot, .blocker = SLOT_NONE};

	if (answer == ANSWER_BLOCKED)
		reply.blocker = c->parked_by;
	if (answer == ANSWER_START_FAILED || answer == ANSWER_STOPPED)
		reply.reason = reason_copy(&c->reason);
	else
		reply.pid = c->actor.pid;
	effect_reply(c->core, &reply);
	waiter_free(w);
}

static bool child_is_down(const struct child *c)
{
	return !c->live && c->state != CHILD_DEAD;
}

bool operator_is_parked(const struct child *c)
{
	const struct core *core = c->core;
	const struct child *culprit =
		c->parked_by < core->n_slots ? core->slots[c->parked_by] : NULL;

	return c->state == CHILD_WAITING && culprit && culprit->state == CHILD_FAILED;
}

/* The answer to someone who wants it up; ANSWER_N: not yet. */
static enum answer waiter_judge_start(struct waiter *w)
{
	const struct child *c = w->child;
	bool parent_ends =
		c->parent && (c->parent->job == JOB_SHUTDOWN || c->parent->job == JOB_DOWN);

	if (c->removed)
		return ANSWER_GAVE_UP_WAITING;
	if (child_is_down(c) && (c->held || parent_ends))
		return ANSWER_STOPPED;
	switch (c->state) {
	case CHILD_RUNNING:
		return c->actor.pid.n == w->not_pid.n ? ANSWER_N : ANSWER_OK;
	case CHILD_STARTING:
		w->attempted = true;
		return ANSWER_N;
	case CHILD_FAILED:
	case CHILD_BACKOFF:
		return w->attempted ? ANSWER_START_FAILED : ANSWER_N;
	case CHILD_DONE:
		return w->attempted ? ANSWER_OK_UNDEFINED : ANSWER_N;
	case CHILD_STOPPED:
		return w->attempted ? ANSWER_STOPPED : ANSWER_N;
	case CHILD_WAITING:
		return operator_is_parked(c) ? ANSWER_BLOCKED : ANSWER_N;
	case CHILD_STOPPING:
	case CHILD_ENDING:
	case CHILD_DEAD:
	case CHILD_N_STATES:
		break;
	}
	return ANSWER_N;
}

static enum answer waiter_judge(struct waiter *w)
{
	const struct child *c = w->child;

	switch (w->kind) {
	case REQUEST_START:
	case REQUEST_RESTART:
		return waiter_judge_start(w);
	case REQUEST_STOP:
	case REQUEST_WAIT_DOWN:
		return child_is_down(c) ? ANSWER_OK : ANSWER_N;
	case REQUEST_REMOVE:
		return c->removed          ? ANSWER_OK
		       : c->remove_request ? ANSWER_N
					   : ANSWER_GAVE_UP_WAITING;
	case REQUEST_WAIT_READY:
		if (c->removed)
			return ANSWER_GAVE_UP_WAITING;
		return c->state == CHILD_RUNNING ||
				       (c->state == CHILD_DONE && c->spec->ready == READY_EXIT)
			       ? ANSWER_OK
			       : ANSWER_N;
	case REQUEST_START_CHILD:
	case REQUEST_TERMINATE_CHILD:
	case REQUEST_RESTART_CHILD:
	case REQUEST_DELETE_CHILD:
	case REQUEST_WHICH_CHILDREN:
	case REQUEST_COUNT_CHILDREN:
	case REQUEST_GET_CHILDSPEC:
	case REQUEST_EXIT:
	case REQUEST_SYNC:
	case REQUEST_SELF:
	case REQUEST_TRAP:
	case REQUEST_LINK:
	case REQUEST_UNLINK:
	case REQUEST_EXIT_SELF:
	case REQUEST_REGISTER:
	case REQUEST_UNREGISTER:
	case REQUEST_WHEREIS:
	case REQUEST_SPAWN:
	case REQUEST_N_KINDS:
		break;
	}
	return ANSWER_GAVE_UP_WAITING;
}

void waiter_check(struct child *c)
{
	LIST_EACH (l, &c->waiters) {
		struct waiter *w = LIST_ENTRY(l, struct waiter, link);
		enum answer answer = waiter_judge(w);

		if (answer != ANSWER_N)
			waiter_answer(w, answer);
	}
}

void waiter_drop_all(struct child *c)
{
	LIST_EACH (l, &c->waiters) {
		struct waiter *w = LIST_ENTRY(l, struct waiter, link);
		bool up = w->kind == REQUEST_START || w->kind == REQUEST_RESTART ||
			  w->kind == REQUEST_WAIT_READY;

		waiter_answer(w, up ? ANSWER_GAVE_UP_WAITING : ANSWER_OK);
	}
}

void waiter_unlisted(struct child *c)
{
	LIST_EACH (l, &c->core->calls) {
		if (LIST_ENTRY(l, struct call, in_calls)->item.child == c)
			return;
	}
	LIST_EACH (l, &c->waiters) {
		struct waiter *w = LIST_ENTRY(l, struct waiter, link);

		if (w->kind == REQUEST_START || w->kind == REQUEST_RESTART)
			waiter_answer(w, ANSWER_STOPPED);
	}
}

static bool operator_is_due(const struct supervisor *s)
{
	LIST_EACH (l, &s->kids) {
		if (LIST_ENTRY(l, struct child, link)->state == CHILD_BACKOFF)
			return true;
	}
	return false;
}

void waiter_cut_off(struct supervisor *s)
{
	LIST_EACH (l, &s->self->core->waiters) {
		struct waiter *w = LIST_ENTRY(l, struct waiter, in_core);
		bool up = w->kind == REQUEST_START || w->kind == REQUEST_RESTART;

		if (up && w->child->parent == s && child_is_down(w->child))
			waiter_answer(w, ANSWER_STOPPED);
	}
}

void waiter_idle(struct supervisor *s)
{
	if (!list_is_empty(&s->self->core->waiters) && !supervisor_is_independent(s) &&
	    !operator_is_due(s))
		waiter_cut_off(s);
}

void waiter_end_all(struct core *core)
{
	LIST_EACH (l, &core->waiters) {
		struct waiter *w = LIST_ENTRY(l, struct waiter, in_core);
		bool down = w->kind == REQUEST_STOP || w->kind == REQUEST_WAIT_DOWN;

		waiter_answer(w, down ? ANSWER_OK : ANSWER_GAVE_UP_WAITING);
	}
}

/* ---- sync ---- */

bool core_is_resting(const struct core *core, bool allow_starting)
{
	if (core->n_stopping)
		return false;
	if (allow_starting && core->n_starting)
		return true;
	return !core->n_starting && !core->n_dead && !core->n_busy;
}

static void sync_answer(struct core *core, struct sync_waiter *w)
{
	effect_reply(core, &(struct reply){.id = w->id,
					   .answer = ANSWER_OK,
					   .slot = SLOT_NONE,
					   .blocker = SLOT_NONE});
	effect_release(core, EFFECTS_PER_WAITER);
	list_unlink(&w->link);
	free(w);
}

void sync_check(struct core *core)
{
	LIST_EACH (l, &core->syncs) {
		struct sync_waiter *w = LIST_ENTRY(l, struct sync_waiter, link);

		if (core->halted || core_is_resting(core, w->allow_starting))
			sync_answer(core, w);
	}
}

static bool sync_add(struct core *core, const struct request *request)
{
	struct sync_waiter *w = calloc(1, sizeof(*w));

	if (!w)
		return false;
	if (effect_reserve(core, EFFECTS_PER_WAITER) < 0) {
		free(w);
		return false;
	}
	w->id = request->id;
	w->allow_starting = request->allow_starting;
	list_init(&w->link);
	list_append(&core->syncs, &w->link);
	return true;
}

void operator_forget(struct core *core, uint64_t id)
{
	LIST_EACH (l, &core->syncs) {
		struct sync_waiter *w = LIST_ENTRY(l, struct sync_waiter, link);

		if (w->id == id) {
			list_unlink(&w->link);
			effect_release(core, EFFECTS_PER_WAITER);
			free(w);
		}
	}
	LIST_EACH (l, &core->waiters) {
		struct waiter *w = LIST_ENTRY(l, struct waiter, in_core);

		if (w->id == id)
			waiter_free(w);
	}
	LIST_EACH (l, &core->calls) {
		struct call *call = LIST_ENTRY(l, struct call, in_calls);

		if (call->id == id)
			call->id = 0;
	}
}

void operator_drop_all(struct core *core)
{
	LIST_EACH (l, &core->syncs) {
		free(LIST_ENTRY(l, struct sync_waiter, link));
	}
	LIST_EACH (l, &core->waiters) {
		waiter_free(LIST_ENTRY(l, struct waiter, in_core));
	}
	LIST_EACH (l, &core->calls) {
		call_free(LIST_ENTRY(l, struct call, in_calls));
	}
	list_init(&core->syncs);
}

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

/* Up, from whatever state: queued now, or when it is down. */
static void operator_bring_up(const struct request *request, struct child *c)
{
	struct waiter *w = waiter_new(c, request);
	struct call *call = w ? call_new_start(c) : NULL;

	if (!call) {
		if (w)
			waiter_free(w);
		operator_answer(c->core, request, ANSWER_NO_MEMORY, c, SLOT_NONE);
		return;
	}
	if (request->kind == REQUEST_RESTART || c->state != CHILD_STARTING)
		w->not_pid = c->actor.pid;
	operator_release(c);
	c->remove_request = false;
	waiter_check(c);
	if (c->start_again)
		call_free(c->start_again);
	if (c->live && (request->kind == REQUEST_RESTART || c->state != CHILD_STARTING)) {
		c->start_again = call;
		child_stop(c, cause_origin(ORIGIN_OPERATOR));
	} else {
		supervisor_enqueue(c->parent, &call->item);
	}
	w->attempted = c->state == CHILD_STARTING;
	operator_settle(request, c, w);
}

static void operator_start(const struct request *request, struct child *c)
{
	uint32_t down = operator_down_above(c);

	if (c->state == CHILD_RUNNING)
		operator_answer(c->core, request, ANSWER_ALREADY, c, SLOT_NONE);
	else if (down != SLOT_NONE)
		operator_answer(c->core, request, ANSWER_PARENT_DOWN, c, down);
	else if (operator_is_parked(c))
		operator_answer(c->core, request, ANSWER_BLOCKED, c, c->parked_by);
	else if (!c->parent)
		operator_answer(c->core, request, ANSWER_SHUTTING_DOWN, c, SLOT_NONE);
	else
		operator_bring_up(request, c);
}

static void operator_restart(const struct request *request, struct child *c)
{
	uint32_t down = operator_down_above(c);

	if (!c->parent)
		operator_answer(c->core, request, ANSWER_ROOT, c, SLOT_NONE);
	else if (down != SLOT_NONE)
		operator_answer(c->core, request, ANSWER_PARENT_DOWN, c, down);
	else if (operator_is_parked(c))
		operator_answer(c->core, request, ANSWER_BLOCKED, c, c->parked_by);
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

	if (request->kind == REQUEST_SYNC) {
		if (!sync_add(core, request))
			operator_answer(core, request, ANSWER_NO_MEMORY, NULL, SLOT_NONE);
		return;
	}
	if (!c && request->kind == REQUEST_EXIT)
		c = registry_find_child(core, request->target);
	if (!c || c->removed) {
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
