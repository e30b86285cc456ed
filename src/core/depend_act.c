/* SPDX-License-Identifier: MIT */

/*
 * What is done about dependences (SEMANTICS D16). The rules:
 *
 *  1. a start whose gate is not open is put off: the child is parked (WAITING), and counts as
 *     started
 *  2. parked, it starts when its gate opens, in its supervisor's queue; not what ends soon
 *  3. what requires one that is not up any more is told to stop, and is parked when it is down:
 *     nothing is counted, no strategy is asked. Under another strategy than one_for_one its range
 *     stops, in order, and waits with it (JOB_SUSPEND)
 *  4. so it is where a start pass of such a strategy comes to a child that is to be parked; before
 *     anything is started where that is clear (one_for_all). It waits only for siblings that start
 *     in the same pass, and for them no longer than its queue is empty. A sibling that dies is the
 *     strategy's, which counts it
 *  5. a suspended range is started again when the gate of its child opens, or that child is held,
 *     stopped or removed; not under a supervisor that ends soon. What was down by itself, or for
 *     the sake of one that failed (D6), stays so. Who is started by itself meanwhile, and can not
 *     be, waits with the range: each may be what the other waits for
 *  6. a stop waits (POLITE_LATER) until nobody who runs and depends on the child is ending, or has
 *     to because of that stop, or ends with a supervisor above it. Whoever ends anyway, and is
 *     waited for, is told at once
 *  7. at four fifths of the shutdown budget (D21) nobody waits any more
 *
 * A child never looks at others while it changes: those that depend on it are put on core.due, and
 * looked at when all supervisors have acted.
 *
 * Why a step ends. What goes down and comes up again within one has no process: a supervisor
 * without children that live. It goes down
 *
 *  - because one is not up that it, or its range, requires; it comes up when that has. So the two
 *    alternate no more often than those that they depend on do, and there is no circle (order.c)
 *  - because a stop waits for it, and it ends anyway: then it does not come up (rules 2 and 5)
 *  - by its supervisor's strategy, which counts, or an operator: an event
 *
 * A pass that is given up for its queue's sake takes an item off that. And were this wrong: what
 * comes up by rule 2 or 5, and what is due, goes on in the next step where one is crowded
 * (effect.c), after other events. What waits for its range already is not told again when that
 * grows.
 */

#include <errno.h>
#include <stdlib.h>

#include "core/child_acts.h"
#include "core/depend_acts.h"
#include "core/order.h"

/* ---- who is looked at ---- */

static void depend_due(struct child *c)
{
	if (list_is_empty(&c->due_link) && !c->dying && (c->live || c->parked))
		list_append(&c->core->due, &c->due_link);
}

static void depend_tell(const struct child *c)
{
	struct need_walk walk = {.child = c};
	struct need *need;

	while ((need = need_next(&walk))) {
		LIST_EACH (l, &need->dependents)
			depend_due(LIST_ENTRY(l, struct depend, at_need)->child);
	}
}

/* Those whose stop waits for c to be gone. */
static void depend_tell_stops(const struct child *c)
{
	LIST_EACH (l, &c->depends) {
		const struct depend *d = LIST_ENTRY(l, struct depend, at_child);
		struct provider_walk walk = {.core = c->core, .need = d->need};
		struct child *p;

		while (d->kind != DEPEND_PROVIDES && (p = provider_next(&walk)))
			if (p->polite == POLITE_LATER)
				depend_due(p);
	}
}

/* What is below a supervisor is gone or coming with it (rule 2 of depend.c). */
void depend_changed(struct child *c)
{
	if (!c->core->needs.used || c->spawned)
		return;
	for (const struct child *it = c; it; it = tree_next(it, c))
		depend_tell(it);
	depend_tell_stops(c);
	depend_due(c);
}

/* ---- start ---- */

/* It, or its range, has its turn in the queue. */
static void depend_queue(struct supervisor *s, struct child *c)
{
	c->retry_item.kind = ITEM_UNPARK;
	supervisor_enqueue(s, &c->retry_item);
}

static struct child *depend_waits_for(const struct child *c)
{
	const struct core *core = c->core;

	return c->waits_for < core->n_slots ? core->slots[c->waits_for] : NULL;
}

static struct cause depend_cause(const struct child *on, struct cause otherwise)
{
	struct cause cause = on ? chain_last(on) : otherwise;

	return cause.seq || cause.origin != ORIGIN_NONE ? cause : otherwise;
}

/* Down, and to be started when the gate opens. */
static void depend_wait(struct child *c, enum gate gate, const struct child *on,
			struct cause otherwise)
{
	child_settle(c, CHILD_WAITING);
	c->parent->waiting_parked += c->awaited && !c->parked;
	c->parked = true;
	c->parked_by = SLOT_NONE;
	c->gate = gate;
	c->waits_for = on ? on->slot : SLOT_NONE;
	chain_add(c, LINK_WAITING, depend_cause(on, otherwise), NULL, 0);
	depend_changed(c);
	waiter_check(c);
}

void depend_left(struct child *c)
{
	struct supervisor *s = c->parent;

	if (c->awaited)
		s->waiting_parked--;
	c->parked = false;
	if (c->live)
		return;
	if (c->awaited) {
		job_arrived(c);
		supervisor_wake(s);
	}
	if (s->suspended == c && s->job == JOB_IDLE)
		depend_queue(s, c);
}

/* Those that a failed child takes down with it wait for that one, whoever stops them. */
static void depend_take_over_parked(struct supervisor *s)
{
	for (struct child *c = s->first; c; c = tree_next_kid(s, c))
		if (c != s->culprit)
			c->parked_by = s->culprit->slot;
}

static void depend_suspend(struct supervisor *s, struct child *c, struct cause cause)
{
	if (s->job == JOB_DOWN || s->job == JOB_SHUTDOWN || job_stops(s, c))
		return;
	if (s->job == JOB_PARK && s->culprit)
		depend_take_over_parked(s);
	job_retry_failed(s);
	job_stop_range(s, JOB_SUSPEND, strategy_first(s, c), cause);
	s->suspended = c;
	s->culprit = NULL;
	s->delay = (struct span){0};
	supervisor_wake(s);
}

bool depend_stays_down(const struct supervisor *s, const struct child *c)
{
	return s->unparks && (c->state != CHILD_WAITING || depend_is_behind_failed(c));
}

void depend_reached(struct supervisor *s, struct child *c)
{
	if (depend_waits_in_pass(c))
		job_await(s, c);
	else
		depend_suspend(s, c, chain_last(c));
}

bool depend_blocks_all(struct supervisor *s)
{
	if (!s->self->core->needs.used || s->self->spec->strategy != STRATEGY_ONE_FOR_ALL)
		return false;
	LIST_EACH (l, &s->kids) {
		struct child *c = LIST_ENTRY(l, struct child, link);

		if (!c->listed || c->held || c->live || c->spec->on_demand ||
		    !depend_is_closed_outside(c))
			continue;
		depend_suspend(s, c, s->cause);
		return true;
	}
	return false;
}

/* A death, a retry, ... stands in its queue. */
static bool depend_has_work(const struct supervisor *s)
{
	LIST_EACH (l, &s->queue) {
		if (LIST_ENTRY(l, const struct item, link)->kind != ITEM_CALL)
			return true;
	}
	return false;
}

bool depend_yield(struct supervisor *s)
{
	if (!s->waiting_parked || s->waiting != s->waiting_parked || !depend_has_work(s))
		return false;
	job_release_parked(s);
	return true;
}

/* Behind the retry that takes it along, unless that is called off. */
void depend_start_aborted(struct supervisor *s)
{
	if (!s->self->core->needs.used)
		return;
	LIST_EACH (l, &s->kids) {
		struct child *c = LIST_ENTRY(l, struct child, link);

		if (c->parked && c->gate == GATE_OPEN)
			depend_queue(s, c);
	}
}

void depend_unpark(struct supervisor *s, struct child *c)
{
	struct child *on;

	if (s->suspended == c) {
		depend_suspend_done(s);
		return;
	}
	/* What ends soon was told to go for others, and is not to come back meanwhile. */
	if (!c->parked || depend_is_ending(c) || depend_gate(c, &on) != GATE_OPEN)
		return;
	if (!supervisor_is_independent(s)) {
		job_abort(s);
		supervisor_set_job(s, JOB_CALL);
		job_await(s, c);
	}
	child_start(c, depend_cause(depend_waits_for(c), chain_last(c)));
}

/* ---- stop ---- */

/* Rules 3 and 6. */
static void depend_lose(struct child *c, const struct child *on)
{
	struct supervisor *s = c->parent;
	struct cause cause = depend_cause(on, cause_origin(ORIGIN_OPERATOR));

	if (!supervisor_is_independent(s)) {
		depend_suspend(s, c, cause);
		return;
	}
	child_stop(c, cause);
	c->parking = true;
}

void depend_park(struct child *c)
{
	struct child *on;
	enum gate gate = depend_gate(c, &on);

	depend_wait(c, gate, on, c->cause);
	call_child_parked(c);
}

/* Those that wait with c: what they wait for has changed. */
static void depend_tell_range(struct supervisor *s, struct child *c)
{
	for (struct child *kid = strategy_first(s, c); kid; kid = tree_next_kid(s, kid)) {
		if (kid->parked_by != c->slot)
			continue;
		depend_changed(kid);
		waiter_check(kid);
	}
}

bool depend_waits_already(struct supervisor *s, struct child *c)
{
	if (c == s->suspended)
		return false; /* parked from now on, whomever it has waited with */
	if (depend_is_behind_failed(c))
		return true;
	if (c->state != CHILD_WAITING || c->parked_by == SLOT_NONE || !s->suspended)
		return false;
	if (c->parked_by == s->suspended->slot)
		return true;
	c->parked_by = c->spec->on_demand ? SLOT_NONE : s->suspended->slot;
	depend_changed(c);
	waiter_check(c);
	return true;
}

void depend_suspended(struct supervisor *s, struct child *c)
{
	struct child *on;
	enum gate gate;

	if (c == s->suspended) {
		gate = depend_gate(c, &on);
		depend_wait(c, gate, on, s->cause);
		depend_tell_range(s, c);
		return;
	}
	if (c->spec->on_demand)
		return; /* idle, for a trigger that may come */
	if (!depend_is_behind_failed(c))
		c->parked_by = s->suspended ? s->suspended->slot : SLOT_NONE;
	chain_add(c, LINK_WAITING, s->cause, NULL, 0);
	depend_changed(c);
	waiter_check(c);
}

/* It ends, or is going to with one above it: what is down of it stays so. */
static bool depend_ends_soon(const struct supervisor *s)
{
	return s->self->state == CHILD_STOPPING || depend_is_ending(s->self);
}

void depend_suspend_done(struct supervisor *s)
{
	struct child *c = s->suspended, *on = NULL;
	enum gate gate = c && c->parked ? depend_gate(c, &on) : GATE_OPEN;

	bool open = c && gate == GATE_OPEN && !depend_ends_soon(s);

	if (open && !effect_is_crowded(s->self->core)) {
		struct cause cause = c->parked ? chain_last(c) : cause_origin(ORIGIN_OPERATOR);

		s->suspended = NULL;
		job_start_range(s, JOB_GROUP_START, strategy_first(s, c), cause);
		s->unparks = true;
		return;
	}
	job_abort(s);
	supervisor_set_job(s, JOB_IDLE);
	if (open)
		depend_queue(s, c);
	if (s->self->state == CHILD_STARTING)
		child_supervisor_ready(s->self);
}

void depend_forget_kid(struct supervisor *s, struct child *c)
{
	struct child *first = strategy_first(s, c);

	if (s->suspended != c)
		return;
	s->suspended = first == c ? tree_next_kid(s, c) : first;
	if (s->suspended && s->job == JOB_IDLE)
		depend_queue(s, s->suspended);
}

/* ---- one that is due ---- */

static void depend_look_at_parked(struct child *c)
{
	struct supervisor *s = c->parent;
	enum gate before = c->gate;
	struct child *on;

	c->gate = depend_gate(c, &on);
	if (on || c->gate != GATE_OPEN)
		c->waits_for = on ? on->slot : SLOT_NONE;
	if (c->gate == GATE_OPEN && c->awaited && s->job != JOB_CALL) {
		child_start(c, s->cause);
	} else if (c->gate == GATE_OPEN && !depend_is_ending(c)) {
		depend_queue(s, c);
	} else if (c->gate != GATE_OPEN && c->awaited && !depend_waits_in_pass(c)) {
		depend_suspend(s, c, chain_last(c));
	}
	if (c->gate == before)
		return;
	depend_changed(c);
	waiter_check(c);
	if (s->suspended == c)
		depend_tell_range(s, c);
}

bool depend_can_join(const struct child *c)
{
	struct supervisor *s = c->parent;
	struct child *top = s ? s->suspended : NULL;

	return top && top != c && top->parked && !c->spec->on_demand &&
	       (s->job == JOB_IDLE || s->job == JOB_CALL) &&
	       strategy_first(s, top)->place <= c->place;
}

static void depend_join(struct child *c)
{
	struct child *top = c->parent->suspended;

	child_settle(c, CHILD_WAITING);
	c->parked_by = top->slot;
	chain_add(c, LINK_WAITING, chain_last(top), NULL, 0);
	depend_look_at_parked(top);
	depend_changed(c);
	waiter_check(c);
}

bool depend_defers(struct child *c, struct cause cause)
{
	struct child *on;
	enum gate gate;

	if (list_is_empty(&c->depends) || !c->parent)
		return false;
	gate = depend_gate(c, &on);
	if (gate == GATE_OPEN)
		return false;
	if (depend_can_join(c))
		depend_join(c);
	else
		depend_wait(c, gate, on, cause);
	return true;
}

/* Whoever stands in the way is told: it may have been looked at before it had to go. */
static void depend_press(struct child *c)
{
	if (c->state == CHILD_STARTING || c->state == CHILD_RUNNING)
		depend_due(c);
}

static void depend_look(struct child *c)
{
	struct child *on;

	if (c->parked) {
		depend_look_at_parked(c);
	} else if (c->state == CHILD_STOPPING && c->polite == POLITE_LATER) {
		on = depend_hindrance(c);
		if (on)
			depend_press(on);
		else
			child_stop_now(c);
	} else if ((c->state == CHILD_STARTING || c->state == CHILD_RUNNING) && c->parent) {
		if (depend_is_lost(c, &on) || depend_is_pulled(c, &on))
			depend_lose(c, on);
	}
}

/*
 * All of them before anybody acts, so that a range that many children of it have lost something
 * for is suspended once. A look tells children to stop, or starts one that a pass waits for: no
 * more than once each, as what comes after that is their supervisors'.
 */
bool depend_run(struct core *core)
{
	struct list *l;

	core->due_put_off = effect_is_crowded(core) && !list_is_empty(&core->due);
	if (core->due_put_off || list_is_empty(&core->due))
		return false;
	while ((l = list_take_first(&core->due)))
		depend_look(LIST_ENTRY(l, struct child, due_link));
	return true;
}

/* ---- admission ---- */

static bool depend_is_above(const struct child *a, const struct child *b)
{
	while (b && b != a)
		b = b->parent ? b->parent->self : NULL;
	return b;
}

/* SPEC_OK, or what is wrong with the names that it depends on. */
static enum spec_error depend_check_names(const struct child *c)
{
	LIST_EACH (l, &c->depends) {
		const struct depend *d = LIST_ENTRY(l, struct depend, at_child);
		struct provider_walk walk = {.core = c->core, .need = d->need};
		const struct child *p;
		bool known = d->kind == DEPEND_PROVIDES;

		while (d->kind != DEPEND_PROVIDES && (p = provider_next(&walk))) {
			if (p == c)
				continue;
			if (depend_is_above(p, c) || depend_is_above(c, p))
				return SPEC_E_CYCLE;
			known = true;
		}
		if (!known)
			return SPEC_E_UNKNOWN;
	}
	return SPEC_OK;
}

/* Children by their slots. */
static int depend_graph_one(struct order *order, const struct child *c)
{
	const struct supervisor *s = c->parent;
	const struct child *before = s ? tree_previous_kid(s, c) : NULL;
	int r = order_add_child(order, c->slot, s ? s->self->slot : c->slot);

	if (r >= 0 && s)
		r = order_add_place(order, s->self->spec, s->self->slot, c->slot,
				    before ? before->slot : c->slot);
	LIST_EACH (l, &c->depends) {
		const struct depend *d = LIST_ENTRY(l, struct depend, at_child);
		struct provider_walk walk = {.core = c->core, .need = d->need};
		const struct child *p;

		while (d->kind != DEPEND_PROVIDES && r >= 0 && (p = provider_next(&walk)))
			if (p != c)
				r = order_add_depend(order, c->slot, p->slot,
						     s && p->parent == s ? s->self->spec : NULL,
						     ORDER_AFTER);
	}
	return r;
}

static int depend_check_cycles(struct core *core)
{
	struct order order = {0};
	struct order_step *steps = NULL;
	size_t n = 0;
	int r = 0;

	for (const struct child *c = core->root; c && r >= 0; c = tree_next(c, core->root))
		r = depend_graph_one(&order, c);
	if (r >= 0)
		r = order_find_cycle(&order, &steps, &n);
	free(steps);
	order_fini(&order);
	return r < 0 ? r : n ? SPEC_E_CYCLE : SPEC_OK;
}

int depend_check_new(struct child *c)
{
	bool concerned = false;

	for (const struct child *it = c; it; it = tree_next(it, c)) {
		struct need_walk walk = {.child = it};

		enum spec_error wrong = depend_check_names(it);

		if (wrong != SPEC_OK)
			return (int)wrong;
		concerned |= !list_is_empty(&it->depends) || need_next(&walk);
	}
	return concerned ? depend_check_cycles(c->core) : SPEC_OK;
}
