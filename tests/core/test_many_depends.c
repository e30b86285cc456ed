/* SPDX-License-Identifier: MIT */

/*
 * 10,000 services that require one (SEMANTICS D16): its death, its stop and the end of the tree are
 * work in proportion to their number, without an allocation. Effects and allocations are counted;
 * that nothing is searched for each of them shows in the time limit of the test.
 */

#include <criterion/criterion.h>
#include <stdio.h>

#include "core/model.h"
#include "tests/support/alloc.h"

#define MANY 10000
/* Of the one that many require: the last in the list, so that all others are parked at first. */
#define TARGET (MANY + 1)
/* Told to stop, exit, parked, started, ready, with a notice each, and what the daemon is to do. */
#define EFFECTS_EACH 10

struct many {
	struct core *core;
	unsigned long effects, allocations;
	uint32_t started[MANY + 2], stopped[MANY + 2];
	uint32_t n_started, n_stopped;
};

static struct spec *spec_of(enum strategy strategy)
{
	struct spec *root = spec_new(CHILD_SUPERVISOR, "/");
	char name[16];

	cr_assert_not_null(root);
	root->strategy = strategy;
	root->start = START_PARALLEL;
	for (uint32_t i = 1; i <= TARGET; i++) {
		struct spec *child;

		snprintf(name, sizeof(name), "c%u", i);
		child = spec_new(CHILD_SERVICE, name);
		cr_assert_not_null(child);
		if (i != TARGET)
			cr_assert_eq(spec_add_text(&child->requires, "c10001"), 0);
		cr_assert_eq(spec_add_child(root, child), 0);
	}
	return root;
}

static void many_step(struct many *m, const struct event *event)
{
	struct effect effect;

	alloc_fail_at(0);
	cr_assert_eq(core_step(m->core, event, (struct mono){1000000000}), 0);
	m->allocations += alloc_count();
	while (core_next_effect(m->core, &effect)) {
		m->effects++;
		if (effect.kind == FX_START)
			m->started[m->n_started++] = effect.slot;
		if (effect.kind == FX_STOP)
			m->stopped[m->n_stopped++] = effect.slot;
		effect_fini(&effect);
	}
}

static void many_tell(struct many *m, enum event_kind kind, uint32_t slot)
{
	many_step(m, &(struct event){.kind = kind,
				     .pid = m->core->slots[slot]->actor.pid,
				     .by_signal = kind == EVENT_EXITED,
				     .code = kind == EVENT_EXITED ? 15 : 0});
}

/* All do as they are asked, until nothing is asked any more. */
static void many_serve(struct many *m)
{
	while (m->n_started || m->n_stopped) {
		uint32_t slot =
			m->n_stopped ? m->stopped[--m->n_stopped] : m->started[--m->n_started];

		if (m->core->slots[slot]->state != CHILD_STOPPING) {
			many_tell(m, EVENT_STARTED, slot);
			continue;
		}
		many_tell(m, EVENT_EXITED, slot);
		many_tell(m, EVENT_GONE, slot);
	}
}

static void many_run(enum strategy strategy)
{
	struct spec *spec = spec_of(strategy);
	struct many *m = calloc(1, sizeof(*m));

	cr_assert_not_null(m);
	cr_assert_eq(core_new(&m->core), 0);
	many_step(m, &(struct event){.kind = EVENT_BOOT, .spec = spec, .budget = SPAN_INFINITY});
	spec_unref(spec);
	many_serve(m);
	cr_assert_null(core_check(m->core));
	for (uint32_t slot = 1; slot <= TARGET; slot++)
		cr_assert_eq(m->core->slots[slot]->state, CHILD_RUNNING, "%u", slot);
	m->effects = m->allocations = 0;
	many_tell(m, EVENT_EXITED, TARGET);
	many_tell(m, EVENT_GONE, TARGET);
	many_serve(m);
	cr_assert_null(core_check(m->core));
	for (uint32_t slot = 1; slot <= TARGET; slot++)
		cr_assert_eq(m->core->slots[slot]->state, CHILD_RUNNING, "%u", slot);
	cr_expect_lt(m->effects, EFFECTS_EACH * MANY);
	cr_expect_eq(m->allocations, 0);
	m->effects = 0;
	many_step(m, &(struct event){.kind = EVENT_SHUTDOWN});
	cr_expect_eq(m->n_stopped, MANY, "the one that they require is told last");
	many_serve(m);
	cr_expect(m->core->halted);
	cr_expect_lt(m->effects, EFFECTS_EACH * MANY);
	core_free(m->core);
	free(m);
}

Test(many_depends, independent, .timeout = 60)
{
	many_run(STRATEGY_ONE_FOR_ONE);
}

Test(many_depends, of_a_group, .timeout = 60)
{
	many_run(STRATEGY_ONE_FOR_ALL);
}

/* ---- a group that loses one after the other ---- */

#define GROUP 200

static struct spec *add(struct spec *parent, enum child_type type, const char *name)
{
	struct spec *child = spec_new(type, name);

	cr_assert_not_null(child);
	child->start = START_PARALLEL;
	cr_assert_eq(spec_add_child(parent, child), 0);
	return child;
}

static void add_many(struct spec *g, struct spec *s)
{
	for (uint32_t i = 1; i <= 2 * GROUP; i++) {
		char p[16] = "x", c[16];
		struct spec *child;

		snprintf(c, sizeof(c), "c%u", i);
		child = add(s, CHILD_SERVICE, c);
		if (i <= GROUP) {
			snprintf(p, sizeof(p), "p%u", i);
			add(g, CHILD_SERVICE, p);
			snprintf(p, sizeof(p), "g/p%u", GROUP + 1 - i);
		}
		cr_assert_eq(spec_add_text(&child->requires, p), 0);
	}
}

/*
 * s/c1 to c200 require g/p200 to p1; behind them s/c201 to c400 wait for x already. The end of g
 * takes c200 first, then c199, ...: the range grows by one each time, and passes by all that wait.
 */
Test(many_depends, a_range_that_grows, .timeout = 60)
{
	struct spec *root = spec_new(CHILD_SUPERVISOR, "/"), *g, *s;
	struct many *m = calloc(1, sizeof(*m));
	struct request stop = {.id = 1, .kind = REQUEST_STOP, .target = "g"};

	cr_assert_not_null(root);
	cr_assert_not_null(m);
	g = add(root, CHILD_SUPERVISOR, "g");
	s = add(root, CHILD_SUPERVISOR, "s");
	s->strategy = STRATEGY_REST_FOR_ONE;
	add(root, CHILD_SERVICE, "x")->autostart = false;
	add_many(g, s);
	cr_assert_eq(core_new(&m->core), 0);
	many_step(m, &(struct event){.kind = EVENT_BOOT, .spec = root, .budget = SPAN_INFINITY});
	spec_unref(root);
	many_serve(m);
	m->effects = 0;
	many_step(m, &(struct event){.kind = EVENT_REQUEST, .request = stop});
	many_serve(m);
	cr_assert_null(core_check(m->core));
	cr_expect_lt(m->effects, EFFECTS_EACH * 3 * GROUP);
	core_free(m->core);
	free(m);
}
