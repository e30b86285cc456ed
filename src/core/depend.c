/* SPDX-License-Identifier: MIT */

/*
 * Who depends on whom (the keys after, requires, provides; SEMANTICS D16): records, and judgement.
 * What is done about it is in depend_act.c.
 *
 * A name that somebody depends on, or provides, is a need. Whoever has it provides it: by path, by
 * alias, or by `provides`, of which several may have the same. So whoever changes finds those that
 * depend on it, and those find whom they depend on, whether it is there or not yet. Judgement looks
 * at present states alone, the numbered rules being
 *
 *   1. up: RUNNING; and a oneshot (ready = exit) from its success on, until it is started again
 *   2. gone: held, removed or not on the list, itself or a supervisor above it; down for good
 *      (FAILED, DONE, STOPPED), or waiting for one that is gone, it or the topmost supervisor above
 *      it that does not run
 *   3. coming: all else; but one that is started on demand, and idle, comes for `requires` alone
 *   4. `requires` is open where one that provides the name is up, else it waits while one is
 *      coming, else it is blocked
 *   5. `after` waits while one that provides the name is coming; else it is open
 *   6. the gate of a child is the worst of these
 *
 * Everything is reserved on admission: nothing here allocates later.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/depend_acts.h"
#include "core/overlap.h"

/* ---- records ---- */

static struct need *need_get(struct core *core, const char *name)
{
	struct need *need = strmap_get(&core->needs, name);
	size_t size = strlen(name) + 1;

	if (need)
		return need;
	need = calloc(1, sizeof(*need) + size);
	if (!need)
		return NULL;
	memcpy(need->name, name, size);
	list_init(&need->dependents);
	list_init(&need->providers);
	if (strmap_set(&core->needs, need->name, need) == 0)
		return need;
	free(need);
	return NULL;
}

static void need_put(struct core *core, struct need *need)
{
	if (!list_is_empty(&need->dependents) || !list_is_empty(&need->providers))
		return;
	strmap_remove(&core->needs, need->name);
	free(need);
}

static int depend_add(struct child *c, const char *name, enum depend_kind kind)
{
	struct need *need = need_get(c->core, name);
	struct depend *d = need ? calloc(1, sizeof(*d)) : NULL;

	if (!d) {
		if (need)
			need_put(c->core, need);
		return -ENOMEM;
	}
	*d = (struct depend){.kind = kind, .child = c, .need = need};
	list_init(&d->at_child);
	list_init(&d->at_need);
	list_append(&c->depends, &d->at_child);
	list_append(kind == DEPEND_PROVIDES ? &need->providers : &need->dependents, &d->at_need);
	return 0;
}

int depend_reserve(struct child *c)
{
	static const enum depend_kind kinds[] = {DEPEND_AFTER, DEPEND_REQUIRES, DEPEND_PROVIDES};
	char *const *const lists[] = {c->spec->after, c->spec->requires, c->spec->provides};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (size_t j = 0; lists[i] && lists[i][j]; j++)
			if (depend_add(c, lists[i][j], kinds[i]) < 0)
				return -ENOMEM;
	return 0;
}

void depend_release(struct child *c)
{
	list_unlink(&c->due_link);
	LIST_EACH (l, &c->depends) {
		struct depend *d = LIST_ENTRY(l, struct depend, at_child);

		list_unlink(&d->at_child);
		list_unlink(&d->at_need);
		need_put(c->core, d->need);
		free(d);
	}
}

/* ---- who provides a name; which names a child provides ---- */

struct child *provider_next(struct provider_walk *walk)
{
	struct core *core = walk->core;
	const struct name *name;
	struct child *c = NULL;

	if (walk->stage == 0) {
		walk->stage++;
		walk->at = walk->need->providers.next;
		c = walk->path = strmap_get(&core->paths, walk->need->name);
	}
	if (!c && walk->stage == 1) {
		walk->stage++;
		name = strmap_get(&core->names, walk->need->name);
		c = name && name->alias ? name->actor->child : NULL;
		c = c == walk->path ? NULL : c;
	}
	while (!c && walk->at != &walk->need->providers) {
		c = LIST_ENTRY(walk->at, struct depend, at_need)->child;
		c = overlap_is_unseen(c) ? NULL : c;
		walk->at = walk->at->next;
	}
	return c;
}

struct need *need_next(struct need_walk *walk)
{
	const struct child *c = walk->child;
	char *const *aliases = c->spec->aliases;
	struct need *need = NULL;

	if (overlap_is_unseen(c))
		return NULL;
	if (!walk->started) {
		walk->started = true;
		walk->at = c->depends.next;
		need = strmap_get(&c->core->needs, c->path);
	}
	while (!need && aliases && aliases[walk->alias])
		need = strmap_get(&c->core->needs, aliases[walk->alias++]);
	while (!need && walk->at != &c->depends) {
		const struct depend *d = LIST_ENTRY(walk->at, struct depend, at_child);

		walk->at = walk->at->next;
		need = d->kind == DEPEND_PROVIDES ? d->need : NULL;
	}
	return need;
}

/* ---- judgement ---- */

/* Rule 1. */
static bool depend_is_up(const struct child *p)
{
	bool ended = p->state == CHILD_ENDING || p->state == CHILD_DEAD || p->state == CHILD_DONE;

	if (p->state == CHILD_RUNNING)
		return true;
	return ended && !p->sup && p->spec->ready == READY_EXIT && p->was_ready;
}

static const struct child *depend_slot(const struct core *core, uint32_t slot)
{
	return slot < core->n_slots ? core->slots[slot] : NULL;
}

bool depend_is_stuck(const struct child *c)
{
	const struct child *culprit = depend_slot(c->core, c->parked_by);

	if (c->state != CHILD_WAITING)
		return false;
	if (c->parked)
		return c->gate == GATE_BLOCKED;
	return culprit && (culprit->state == CHILD_FAILED ||
			   (culprit->parked && culprit->gate == GATE_BLOCKED));
}

bool depend_is_behind_failed(const struct child *c)
{
	const struct child *culprit = depend_slot(c->core, c->parked_by);

	return c->state == CHILD_WAITING && !c->parked && culprit && culprit->parent == c->parent &&
	       culprit->state == CHILD_FAILED;
}

/* It is started on demand, and nobody has asked for it. */
static bool depend_is_idle(const struct child *p)
{
	return p->spec->on_demand && p->state == CHILD_WAITING && !p->parked && !p->call;
}

enum fate depend_fate(const struct child *p)
{
	const struct child *top = NULL;

	if (p->dying)
		return FATE_GONE;
	if (depend_is_up(p))
		return FATE_UP;
	for (const struct child *q = p; q; q = q->parent ? q->parent->self : NULL) {
		if (q->held || !q->listed || q->removed || q->remove_request)
			return FATE_GONE;
		if (!q->live || q->state == CHILD_STOPPING || q->state == CHILD_ENDING)
			top = q;
	}
	if (!top)
		return FATE_COMING;
	if (top->state == CHILD_FAILED || top->state == CHILD_DONE || top->state == CHILD_STOPPED ||
	    depend_is_stuck(top))
		return FATE_GONE;
	if (top == p && depend_is_idle(p))
		return FATE_IDLE;
	return FATE_COMING;
}

/* Down only because of c, with whose range it starts again; or, outside: starts with it. */
static bool depend_comes_with(const struct child *p, const struct child *c, bool outside)
{
	if (p->parent != c->parent || p->held || !p->listed || p->spec->on_demand)
		return false;
	return outside || (c->parked && c->parent->suspended == c && p->state == CHILD_WAITING &&
			   p->parked_by == c->slot);
}

/* Rules 4 and 5. */
static enum gate depend_judge(const struct depend *d, bool outside, struct child **ret_on)
{
	struct provider_walk walk = {.core = d->child->core, .need = d->need};
	struct child *p, *coming = NULL, *gone = NULL;

	while ((p = provider_next(&walk))) {
		enum fate fate;

		if (p == d->child)
			continue;
		fate = depend_comes_with(p, d->child, outside) ? FATE_UP : depend_fate(p);
		if (fate == FATE_UP && d->kind == DEPEND_REQUIRES)
			return GATE_OPEN;
		if (!coming &&
		    (fate == FATE_COMING || (fate == FATE_IDLE && d->kind == DEPEND_REQUIRES)))
			coming = p;
		if (fate == FATE_GONE && !gone)
			gone = p;
	}
	*ret_on = coming ? coming : gone;
	if (coming)
		return GATE_WAITS;
	return d->kind == DEPEND_REQUIRES ? GATE_BLOCKED : GATE_OPEN;
}

enum gate depend_gate(const struct child *c, struct child **ret_on)
{
	enum gate worst = GATE_OPEN;

	*ret_on = NULL;
	LIST_EACH (l, &c->depends) {
		const struct depend *d = LIST_ENTRY(l, struct depend, at_child);
		struct child *on = NULL;
		enum gate gate =
			d->kind == DEPEND_PROVIDES ? GATE_OPEN : depend_judge(d, false, &on);

		if (gate <= worst)
			continue;
		worst = gate;
		*ret_on = on;
	}
	return worst;
}

bool depend_is_closed_outside(const struct child *c)
{
	struct child *on;

	LIST_EACH (l, &c->depends) {
		const struct depend *d = LIST_ENTRY(l, struct depend, at_child);

		if (d->kind != DEPEND_PROVIDES && depend_judge(d, true, &on) != GATE_OPEN)
			return true;
	}
	return false;
}

bool depend_is_in_hand(const struct child *c, const struct child *on)
{
	return on && on->parent == c->parent && !supervisor_is_independent(c->parent) &&
	       !on->expected &&
	       (on->state == CHILD_STOPPING || on->state == CHILD_ENDING ||
		on->state == CHILD_DEAD);
}

/* A sibling that starts in the same pass, now or later: that one waits, and does not give up. One
 * that has died meanwhile stands in the queue, for which the pass is given up. */
static bool depend_is_in_pass(const struct child *c, const struct child *on)
{
	if (!on || on->parent != c->parent)
		return false;
	if (on->state == CHILD_STARTING || on->awaited || depend_is_in_hand(c, on))
		return true;
	return c->parent->cursor && on->place >= c->parent->cursor->place && !on->live &&
	       on->listed && !on->held && !on->spec->on_demand;
}

/* One that provides the name is in the pass, and for `after` all others that are coming. */
static bool depend_is_met_in_pass(const struct depend *d)
{
	struct provider_walk walk = {.core = d->child->core, .need = d->need};
	bool found = false;
	struct child *p;

	while ((p = provider_next(&walk))) {
		if (p == d->child)
			continue;
		if (depend_is_in_pass(d->child, p))
			found = true;
		else if (d->kind == DEPEND_AFTER && depend_fate(p) == FATE_COMING)
			return false;
	}
	return found;
}

bool depend_waits_in_pass(const struct child *c)
{
	struct child *on;

	LIST_EACH (l, &c->depends) {
		const struct depend *d = LIST_ENTRY(l, struct depend, at_child);

		if (d->kind != DEPEND_PROVIDES && depend_judge(d, false, &on) != GATE_OPEN &&
		    !depend_is_met_in_pass(d))
			return false;
	}
	return true;
}

bool depend_is_lost(const struct child *c, struct child **ret_on)
{
	LIST_EACH (l, &c->depends) {
		const struct depend *d = LIST_ENTRY(l, struct depend, at_child);

		if (d->kind == DEPEND_REQUIRES && depend_judge(d, false, ret_on) != GATE_OPEN &&
		    !depend_is_in_hand(c, *ret_on))
			return true;
	}
	return false;
}

bool depend_is_blocked(const struct child *c, uint32_t *ret_blocker)
{
	struct child *on;

	if (depend_gate(c, &on) != GATE_BLOCKED)
		return false;
	*ret_blocker = on ? on->slot : SLOT_NONE;
	return true;
}

/* ---- who has to go first ---- */

/* It ends with a supervisor above it, or because of a sibling of that, told so already or not. */
bool depend_is_ending(const struct child *c)
{
	if (c->core->shutting_down)
		return true;
	for (; c->parent; c = c->parent->self)
		if (c->parent->self->state == CHILD_STOPPING || job_stops(c->parent, c))
			return true;
	return false;
}

/* c waits for who else is told to stop now, and for whom it stands in the way. */
bool depend_is_pulled(const struct child *c, struct child **ret_on)
{
	LIST_EACH (l, &c->depends) {
		const struct depend *d = LIST_ENTRY(l, struct depend, at_child);
		struct provider_walk walk = {.core = c->core, .need = d->need};
		struct child *p;

		while (d->kind != DEPEND_PROVIDES && (p = provider_next(&walk))) {
			if (p == c || p->polite != POLITE_LATER || !depend_is_ending(c))
				continue;
			*ret_on = p;
			return true;
		}
	}
	return false;
}

static bool depend_hinders(const struct child *c)
{
	struct child *on;

	if (!c->live)
		return false;
	return c->state == CHILD_STOPPING || c->state == CHILD_ENDING || depend_is_lost(c, &on) ||
	       depend_is_ending(c);
}

/* The first of a list that stands in the way; those before it go to its end: so all looks together
 * are linear in it. */
static struct child *depend_first_hindrance(struct need *need, const struct child *stopped)
{
	struct list *end = need->dependents.prev;

	if (list_is_empty(&need->dependents))
		return NULL;
	while (true) {
		struct list *l = need->dependents.next;
		struct child *c = LIST_ENTRY(l, struct depend, at_need)->child;

		if (c != stopped && depend_hinders(c))
			return c;
		list_unlink(l);
		list_append(&need->dependents, l);
		if (l == end)
			return NULL;
	}
}

struct child *depend_hindrance(const struct child *c)
{
	struct need_walk walk = {.child = c};
	struct child *found = NULL;
	struct need *need;

	if (c->core->order_given_up)
		return NULL;
	while (!found && (need = need_next(&walk)))
		found = depend_first_hindrance(need, c);
	return found;
}

bool depend_stops_later(const struct child *c)
{
	return c->core->needs.used && !c->short_of && depend_hindrance(c);
}

/* ---- checks ---- */

static const char *depend_check_parked(const struct child *c)
{
	const struct supervisor *s = c->parent;

	if (!c->parked)
		return NULL;
	if (c->state != CHILD_WAITING || c->held || !c->listed || !s || !s->self->live)
		return "what is parked is not waiting (D16)";
	if (c->gate == GATE_OPEN && list_is_empty(&s->queue) && s->job == JOB_IDLE &&
	    !depend_is_ending(c))
		return "what is parked may start, and nobody will start it (D16)";
	return NULL;
}

const char *depend_check(const struct child *c)
{
	struct child *on;

	if (c->core->due_put_off)
		return NULL;
	if (!list_is_empty(&c->due_link))
		return "nobody has looked at what one depends on (D16)";
	if ((c->state == CHILD_STARTING || c->state == CHILD_RUNNING) && depend_is_lost(c, &on) &&
	    !job_stops(c->parent, c))
		return "one runs without what it requires (D16)";
	if (c->polite == POLITE_LATER && c->state == CHILD_STOPPING && !depend_hindrance(c))
		return "a stop waits for nobody (D16)";
	return depend_check_parked(c);
}
