/* SPDX-License-Identifier: MIT */

/*
 * Whoever waits: for a child to be up, to be down, to be removed, or for the tree to rest. Each has
 * room for its answer before it waits.
 */

#include <stdlib.h>

#include "core/waiter.h"

#define EFFECTS_PER_WAITER 4

/* ---- for a child ---- */

/* Its memory, and room for its answer; it does not wait before waiter_join(). */
struct waiter *waiter_new(struct child *c, const struct request *request)
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

void waiter_join(struct waiter *w)
{
	list_append(&w->child->waiters, &w->link);
	list_append(&w->child->core->waiters, &w->in_core);
}

void waiter_free(struct waiter *w)
{
	effect_release(w->child->core, EFFECTS_PER_WAITER);
	list_unlink(&w->link);
	list_unlink(&w->in_core);
	free(w);
}

void waiter_answer(struct waiter *w, enum answer answer)
{
	struct child *c = w->child;
	struct reply reply = {.id = w->id, .answer = answer, .slot = c->slot, .blocker = SLOT_NONE};

	if (answer == ANSWER_BLOCKED)
		(void)operator_is_parked(c, &reply.blocker);
	if (answer == ANSWER_START_FAILED || answer == ANSWER_STOPPED ||
	    answer == ANSWER_OK_UNDEFINED)
		reply.reason = reason_copy(&c->reason);
	else
		reply.pid = c->actor.pid;
	effect_reply(c->core, &reply);
	waiter_free(w);
}

bool child_is_down(const struct child *c)
{
	return !c->live && c->state != CHILD_DEAD && !child_heir(c);
}

bool operator_is_parked(const struct child *c, uint32_t *ret_blocker)
{
	if (!depend_is_stuck(c))
		return false;
	*ret_blocker = c->parked ? c->waits_for : c->parked_by;
	return true;
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
		w->attempted |= c->parked || c->parked_by != SLOT_NONE;
		return depend_is_stuck(c) ? ANSWER_BLOCKED : ANSWER_N;
	case CHILD_STOPPING:
	case CHILD_ENDING:
	case CHILD_DEAD:
	case CHILD_N_STATES:
		break;
	}
	return ANSWER_N;
}

enum answer waiter_judge(struct waiter *w)
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
	case REQUEST_TRIGGER:
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
	if (s->suspended)
		return true;
	LIST_EACH (l, &s->kids) {
		const struct child *c = LIST_ENTRY(l, struct child, link);

		if (c->state == CHILD_BACKOFF || c->parked)
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

/* ---- for the tree ---- */

bool core_is_resting(const struct core *core, bool allow_starting)
{
	if (core->n_stopping || core->due_put_off)
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

bool sync_add(struct core *core, const struct request *request)
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
