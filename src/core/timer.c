/* SPDX-License-Identifier: MIT */

/*
 * One timer a child, in a binary heap: what its present state waits for at most. Equal deadlines go
 * by the order in which they were set. The heap's room is reserved with the child, so setting one
 * never fails.
 */

#include "core/model.h"

static bool timer_before(const struct child *a, const struct child *b)
{
	if (a->deadline.ns != b->deadline.ns)
		return a->deadline.ns < b->deadline.ns;
	return a->deadline_seq < b->deadline_seq;
}

static void timer_place(struct core *core, size_t i, struct child *c)
{
	core->timers[i] = c;
	c->timer = i + 1;
}

static void timer_rise(struct core *core, size_t i, struct child *c)
{
	while (i && timer_before(c, core->timers[(i - 1) / 2])) {
		timer_place(core, i, core->timers[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	timer_place(core, i, c);
}

static void timer_sink(struct core *core, size_t i, struct child *c)
{
	size_t kid;

	while ((kid = 2 * i + 1) < core->n_timers) {
		if (kid + 1 < core->n_timers &&
		    timer_before(core->timers[kid + 1], core->timers[kid]))
			kid++;
		if (!timer_before(core->timers[kid], c))
			break;
		timer_place(core, i, core->timers[kid]);
		i = kid;
	}
	timer_place(core, i, c);
}

void timer_cancel(struct child *c)
{
	struct core *core = c->core;
	size_t i = c->timer;
	struct child *last;

	if (!i--)
		return;
	c->timer = 0;
	last = core->timers[--core->n_timers];
	if (last == c)
		return;
	if (i && timer_before(last, core->timers[(i - 1) / 2]))
		timer_rise(core, i, last);
	else
		timer_sink(core, i, last);
}

void timer_set(struct child *c, struct mono deadline)
{
	timer_cancel(c);
	if (deadline.ns == MONO_NEVER.ns)
		return;
	c->deadline = deadline;
	c->deadline_seq = c->core->next_deadline++;
	timer_rise(c->core, c->core->n_timers++, c);
}

struct child *timer_due(struct core *core)
{
	struct child *c = core->n_timers ? core->timers[0] : NULL;

	if (!c || c->deadline.ns > core->now.ns)
		return NULL;
	timer_cancel(c);
	return c;
}
