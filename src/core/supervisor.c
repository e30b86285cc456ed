/* SPDX-License-Identifier: MIT */

/*
 * One supervisor: news of its children, its job, its queue, in that order, each time it is on the
 * agenda.
 *
 * It does one job at a time, as OTP's does, and what arrives meanwhile waits in its queue: deaths,
 * retries, calls. Under one_for_one and simple_one_for_one deaths and restarts wait for nothing
 * (D8), and a call waits only for another call that has the same child in hand.
 *
 * What children's news and the queue's items mean in each job is the table below.
 */

#include "core/overlap.h"

struct job_cell {
	void (*act)(struct supervisor *s, struct child *c);
	const char *ignored;
	const char *impossible;
};

bool supervisor_is_independent(const struct supervisor *s)
{
	return s->self->spec->strategy == STRATEGY_ONE_FOR_ONE ||
	       s->self->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE;
}

/* ---- bookkeeping ---- */

static void supervisor_count_busy(struct supervisor *s)
{
	bool busy = (s->job != JOB_DOWN && s->job != JOB_IDLE) || !list_is_empty(&s->queue);

	if (busy == s->busy)
		return;
	s->busy = busy;
	if (busy)
		s->self->core->n_busy++;
	else
		s->self->core->n_busy--;
}

void supervisor_set_job(struct supervisor *s, enum job job)
{
	s->job = job;
	supervisor_count_busy(s);
}

void supervisor_wake(struct supervisor *s)
{
	if (list_is_empty(&s->on_agenda))
		list_append(&s->self->core->agenda, &s->on_agenda);
}

void supervisor_enqueue(struct supervisor *s, struct item *item)
{
	if (list_is_empty(&item->link))
		list_append(&s->queue, &item->link);
	supervisor_count_busy(s);
	supervisor_wake(s);
}

void supervisor_halt(struct core *core)
{
	struct effect *e;

	core->halt_waits = !list_is_empty(&core->spawned);
	if (core->halt_waits)
		return;
	if (core->halt == HALT_ORDERLY && !core->shutting_down)
		core->halt = HALT_GAVE_UP;
	core->halted = true;
	waiter_end_all(core);
	sync_check(core);
	e = effect_add(core, FX_HALT, core->root);
	e->slot = core->halt == HALT_AUTO_SHUTDOWN ? core->halt_slot : 0;
	e->end.halt = core->halt;
	e->end.reason = reason_copy(core->halt == HALT_AUTO_SHUTDOWN ? &core->halt_reason
								     : &core->root->reason);
}

void supervisor_post(struct child *c, uint8_t news)
{
	if (c->spawned) {
		spawned_post(c, news);
		return;
	}
	if (!c->parent) {
		if (news == NEWS_DOWN) {
			child_settle(c, CHILD_STOPPED);
			supervisor_halt(c->core);
		}
		return;
	}
	c->news |= news;
	if (list_is_empty(&c->news_link))
		list_append(&c->parent->news, &c->news_link);
	supervisor_wake(c->parent);
}

void supervisor_retire(struct supervisor *s, struct child *c)
{
	bool normal = reason_is_normal_child(&c->reason) && c->was_ready;

	if (c->spec->on_demand && normal) {
		child_idle(c, chain_last(c));
		return;
	}
	child_settle(c, normal ? CHILD_DONE : CHILD_FAILED);
	if (c->spec->on_demand)
		return;
	if (c->spec->restart == RESTART_TEMPORARY ||
	    s->self->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE)
		tree_unlist(c);
}

/* ---- start and end of the supervisor itself ---- */

void supervisor_begin(struct supervisor *s)
{
	tree_relist(s);
	s->window.used = s->window.next = 0;
	s->culprit = s->suspended = NULL;
	s->delay = (struct span){0};
	for (struct child *c = tree_next_kid(s, NULL); c; c = tree_next_kid(s, c)) {
		c->window.used = c->window.next = 0;
		if (!c->held)
			child_settle(c, CHILD_WAITING);
	}
	job_start_range(s, JOB_INIT, tree_next_kid(s, NULL), chain_last(s->self));
	supervisor_wake(s);
}

void supervisor_shut_down(struct supervisor *s, const struct reason *reason, struct cause cause)
{
	struct child *self = s->self;

	if (s->job == JOB_SHUTDOWN || s->job == JOB_DOWN)
		return;
	child_fix_verdict(self, reason);
	self->cause = cause;
	child_set_state(self, CHILD_STOPPING);
	self->polite = POLITE_NOT;
	job_stop_range(s, JOB_SHUTDOWN, tree_next_kid(s, NULL), cause);
	s->culprit = NULL;
	call_cancel_all(s);
	waiter_cut_off(s);
	supervisor_wake(s);
}

void supervisor_ended(struct supervisor *s)
{
	job_abort(s);
	call_cancel_all(s);
	supervisor_set_job(s, JOB_DOWN);
	for (struct child *c = tree_next_kid(s, NULL), *next; c; c = next) {
		next = tree_next_kid(s, c);
		if (c->dynamic)
			tree_forget(c);
	}
	child_supervisor_gone(s->self);
}

/* Its children get the exit signal of their link to it; it is gone when they are (SEMANTICS 113,
 * D13). */
void supervisor_kill(struct supervisor *s, struct cause cause)
{
	const struct reason killed = REASON(REASON_KILLED);

	if (s->job == JOB_SHUTDOWN) {
		supervisor_kill_tree(s, cause);
		return;
	}
	cause = chain_add(s->self, LINK_KILLING, cause, NULL, 0);
	supervisor_shut_down(s, &killed, cause);
	LIST_EACH (l, &s->kids) {
		struct child *c = LIST_ENTRY(l, struct child, link);

		if (!c->live)
			continue;
		c->expected = true;
		c->restarting = false;
		if (!c->sup) {
			child_doom(c, &killed, cause, ACTOR_PID_NONE);
		} else if (c->state != CHILD_STOPPING || c->polite == POLITE_LATER) {
			c->cause = chain_add(c, LINK_STOPPING, cause, &killed, 0);
			supervisor_shut_down(c->sup, &killed, c->cause);
		}
	}
}

void supervisor_kill_tree(struct supervisor *s, struct cause cause)
{
	const struct reason killed = REASON(REASON_KILLED);
	struct child *top = s->self;

	reason_fini(&top->verdict);
	child_fix_verdict(top, &killed);
	for (struct child *c = tree_next(top, top); c; c = tree_next(c, top)) {
		if (!c->live)
			continue;
		c->expected = true;
		c->restarting = false;
		if (!c->sup) {
			child_kill(c, cause, ACTOR_PID_NONE);
		} else if (c->state != CHILD_STOPPING || c->polite == POLITE_LATER) {
			c->cause = chain_add(c, LINK_KILLING, cause, NULL, 0);
			supervisor_shut_down(c->sup, &killed, c->cause);
		}
	}
}

/* ---- news ---- */

static void on_ready(struct supervisor *s, struct child *c)
{
	(void)s;
	c->restarting = false;
	job_arrived(c);
	call_child_ready(c);
}

/* OTP: its pid is undefined; a temporary one, or one without an id, is dropped (SEMANTICS 94, 173).
 */
static void on_ignored(struct supervisor *s, struct child *c)
{
	bool drop = c->spec->restart == RESTART_TEMPORARY ||
		    s->self->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE;

	job_arrived(c);
	call_child_down(c);
	child_settle(c, CHILD_DONE);
	if (drop)
		tree_unlist(c);
}

static void on_start_failed(struct supervisor *s, struct child *c)
{
	if (c->call) {
		job_arrived(c);
		child_settle(c, CHILD_FAILED);
		call_child_down(c);
		return;
	}
	strategy_start_failed(s, c);
}

static void on_stopped(struct supervisor *s, struct child *c)
{
	bool simple = s->self->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE;
	bool parks =
		c->parking && c->listed && supervisor_is_independent(s) && s->job != JOB_SHUTDOWN;

	job_arrived(c);
	if (parks) {
		c->parking = false;
		depend_park(c);
		return;
	}
	child_settle(c, CHILD_STOPPED);
	call_child_down(c);
	if (c->dying)
		return;
	if (c->remove_request)
		operator_remove_now(c, cause_origin(ORIGIN_OPERATOR));
	else if (c->start_again && s->job != JOB_SHUTDOWN)
		operator_start_again(c);
	else if (simple && c->listed && s->job != JOB_SHUTDOWN)
		tree_unlist(c);
}

/* It was in the way of a stop: taken as stopped (SEMANTICS 108). */
static void on_absorbed(struct supervisor *s, struct child *c)
{
	(void)s;
	job_arrived(c);
	child_settle(c, CHILD_STOPPED);
	call_child_down(c);
}

static void on_exit(struct supervisor *s, struct child *c)
{
	job_arrived(c);
	supervisor_enqueue(s, &c->exit_item);
}

/* ---- items ---- */

static void on_item_exit(struct supervisor *s, struct child *c)
{
	strategy_exit(s, c);
}

static void on_item_retry(struct supervisor *s, struct child *c)
{
	strategy_restart(s, c, chain_last(c));
}

static void on_item_resume(struct supervisor *s, struct child *c)
{
	bool due = c->state == CHILD_BACKOFF; /* else an operator has taken out another one */

	strategy_resume(s, c, due ? chain_last(c) : cause_origin(ORIGIN_OPERATOR));
}

static void on_item_unpark(struct supervisor *s, struct child *c)
{
	depend_unpark(s, c);
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

#define IS_DOWN IMPOSSIBLE("a supervisor that is down has no child that lives")
#define QUEUE_EMPTY IMPOSSIBLE("the queue of a supervisor that is down is empty")
#define WAITS IMPOSSIBLE("the queue waits for the job to be done")
#define BY_CALL IMPOSSIBLE("the queue hands calls to call.c")
#define STOPPING IGNORED("everything of it is being stopped")

#define SOLO_ITEMS                                                                      \
	[ON_ITEM_EXIT] = ACT(on_item_exit), [ON_ITEM_RETRY] = ACT(on_item_retry),       \
	[ON_ITEM_RESUME] = ACT(on_item_resume), [ON_ITEM_UNPARK] = ACT(on_item_unpark), \
	[ON_ITEM_CALL] = BY_CALL
#define QUEUED_ITEMS                                                               \
	[ON_ITEM_EXIT] = WAITS, [ON_ITEM_RETRY] = WAITS, [ON_ITEM_RESUME] = WAITS, \
	[ON_ITEM_UNPARK] = WAITS, [ON_ITEM_CALL] = BY_CALL
#define NEWS                                                                      \
	[ON_READY] = ACT(on_ready), [ON_IGNORED] = ACT(on_ignored),               \
	[ON_START_FAILED] = ACT(on_start_failed), [ON_STOPPED] = ACT(on_stopped), \
	[ON_EXIT] = ACT(on_exit)

static const struct job_cell cells[JOB_N][ON_N] = {
	[JOB_DOWN] =
		{
			[ON_READY] = IS_DOWN,
			[ON_IGNORED] = IS_DOWN,
			[ON_START_FAILED] = IS_DOWN,
			[ON_STOPPED] = IS_DOWN,
			[ON_EXIT] = IS_DOWN,
			[ON_ITEM_EXIT] = QUEUE_EMPTY,
			[ON_ITEM_RETRY] = QUEUE_EMPTY,
			[ON_ITEM_RESUME] = QUEUE_EMPTY,
			[ON_ITEM_UNPARK] = QUEUE_EMPTY,
			[ON_ITEM_CALL] = QUEUE_EMPTY,
		},
	[JOB_IDLE] = {NEWS, SOLO_ITEMS},
	[JOB_INIT] = {NEWS, SOLO_ITEMS}, /* items: one_for_one alone (D8) */
	[JOB_GROUP_START] = {NEWS, QUEUED_ITEMS},
	/* What starts then stands before the range, and a pass was given up meanwhile (D16). */
	[JOB_GROUP_STOP] = {NEWS, QUEUED_ITEMS},
	[JOB_PARK] = {NEWS, QUEUED_ITEMS},
	[JOB_SUSPEND] = {NEWS, QUEUED_ITEMS},
	[JOB_CALL] = {NEWS, QUEUED_ITEMS},
	[JOB_SHUTDOWN] =
		{
			[ON_READY] = STOPPING,
			[ON_IGNORED] = ACT(on_absorbed),
			[ON_START_FAILED] = ACT(on_absorbed),
			[ON_STOPPED] = ACT(on_stopped),
			[ON_EXIT] = ACT(on_absorbed),
			QUEUED_ITEMS,
		},
};

void supervisor_input(struct supervisor *s, enum supervisor_input input, struct child *c)
{
	const struct job_cell *cell = &cells[s->job][input];

	s->self->core->job_cells[s->job] |= (uint16_t)(1u << input);
	if (cell->act)
		cell->act(s, c);
	else if (cell->impossible)
		s->self->core->broken = cell->impossible;
}

const char *supervisor_cell_note(enum job job, enum supervisor_input input, bool *ret_impossible)
{
	const struct job_cell *cell = &cells[job][input];

	*ret_impossible = cell->impossible != NULL;
	return cell->act ? NULL : cell->impossible ? cell->impossible : cell->ignored;
}

/* ---- the agenda ---- */

static enum supervisor_input supervisor_kind_of_end(const struct child *c)
{
	if (c->expected)
		return ON_STOPPED;
	if (c->was_ready)
		return ON_EXIT;
	return c->ignored ? ON_IGNORED : ON_START_FAILED;
}

static void supervisor_take_news(struct supervisor *s)
{
	struct list *l;

	while ((l = list_take_first(&s->news))) {
		struct child *c = LIST_ENTRY(l, struct child, news_link);
		uint8_t news = c->news;

		c->news = 0;
		if (overlap_takes_news(s, c, news))
			continue;
		if (news & NEWS_READY)
			supervisor_input(s, ON_READY, c);
		if (news & NEWS_DOWN && c->state == CHILD_DEAD)
			supervisor_input(s, supervisor_kind_of_end(c), c);
	}
}

static bool supervisor_can_run(const struct supervisor *s, const struct item *item)
{
	if (s->job == JOB_SHUTDOWN || s->job == JOB_DOWN)
		return false;
	if (item->kind == ITEM_CALL)
		return !call_must_wait(s, CONTAINER_OF(item, const struct call, item));
	return s->job == JOB_IDLE || supervisor_is_independent(s);
}

/* The next item whose turn it is: the first, or under one_for_one the first that need not wait. */
static struct item *supervisor_next_item(const struct supervisor *s)
{
	LIST_EACH (l, &s->queue) {
		struct item *item = LIST_ENTRY(l, struct item, link);

		if (supervisor_can_run(s, item))
			return item;
		if (!supervisor_is_independent(s))
			return NULL;
	}
	return NULL;
}

static void supervisor_run_item(struct supervisor *s, struct item *item)
{
	static const enum supervisor_input inputs[] = {
		[ITEM_EXIT] = ON_ITEM_EXIT,     [ITEM_RETRY] = ON_ITEM_RETRY,
		[ITEM_RESUME] = ON_ITEM_RESUME, [ITEM_UNPARK] = ON_ITEM_UNPARK,
		[ITEM_CALL] = ON_ITEM_CALL,
	};

	list_unlink(&item->link);
	if (item->kind == ITEM_CALL)
		call_run(s, CONTAINER_OF(item, struct call, item));
	else
		supervisor_input(s, inputs[item->kind], item->child);
}

void supervisor_run(struct supervisor *s)
{
	struct item *item;

	supervisor_take_news(s);
	do {
		job_advance(s);
		while ((item = supervisor_next_item(s)) && !effect_is_crowded(s->self->core)) {
			supervisor_run_item(s, item);
			job_advance(s);
		}
	} while (depend_yield(s));
	if (item && list_is_empty(&s->put_off))
		list_append(&s->self->core->put_off, &s->put_off);
	supervisor_count_busy(s);
	if (!s->busy && s->job == JOB_IDLE)
		waiter_idle(s);
}
