/* SPDX-License-Identifier: MIT */

/*
 * 10,000 links on one actor, or in a chain, die in one step: without recursion, so that a small
 * stack is enough for it, and with work in proportion to their number (SEMANTICS 9, 45). Work is
 * counted, not timed: allocations, effects, and how far the table of edges has to be searched.
 */

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/mailbox.h"
#include "core/model.h"
#include "core/signal.h"
#include "tests/support/alloc.h"

#define MANY 10000
#define FEW 1000
#define NOBODY ((struct cause){.slot = SLOT_NONE, .origin = ORIGIN_ACTOR})
/* Enough for one step, and for no call of its own for each link. */
#define SMALL_STACK ((size_t)256 << 10)
/* For each one that is told: its record's part in the queue, and what holds the message. */
#define ALLOCATIONS_EACH 8
#define EFFECTS_EACH 3
#define CHAIN_MAX 12

struct many {
	struct core *core;
	uint32_t n; /* services, in slots 1 to n; slot 1 is the one that dies */
	struct mono now;
	unsigned long allocations, effects, stops, kills;
};

/* ---- a tree ---- */

static struct spec *spec_of(uint32_t n)
{
	struct spec *root = spec_new(CHILD_SUPERVISOR, "/");
	char name[16];

	cr_assert_not_null(root);
	root->start = START_PARALLEL;
	for (uint32_t i = 1; i <= n; i++) {
		struct spec *child;

		snprintf(name, sizeof(name), "c%u", i);
		child = spec_new(CHILD_SERVICE, name);
		cr_assert_not_null(child);
		child->restart = RESTART_TEMPORARY;
		cr_assert_eq(spec_add_child(root, child), 0);
	}
	return root;
}

static struct actor *actor_of(const struct many *m, uint32_t slot)
{
	return &m->core->slots[slot]->actor;
}

/* The work of the step is added up. */
static void many_step(struct many *m, const struct event *event)
{
	struct effect effect;

	alloc_fail_at(0);
	cr_assert_eq(core_step(m->core, event, m->now), 0);
	m->allocations += alloc_count();
	while (core_next_effect(m->core, &effect)) {
		m->effects++;
		m->stops += effect.kind == FX_STOP;
		m->kills += effect.kind == FX_KILL;
		effect_fini(&effect);
	}
}

static void many_init(struct many *m, uint32_t n)
{
	struct spec *spec = spec_of(n);

	*m = (struct many){.n = n, .now = {1000000000}};
	cr_assert_eq(core_new(&m->core), 0);
	many_step(m, &(struct event){.kind = EVENT_BOOT, .spec = spec, .budget = SPAN_INFINITY});
	spec_unref(spec);
	for (uint32_t slot = 1; slot <= n; slot++)
		many_step(m, &(struct event){.kind = EVENT_STARTED, .pid = actor_of(m, slot)->pid});
	cr_assert_null(core_check(m->core));
}

static void many_end(struct many *m, uint32_t slot)
{
	actor_pid pid = actor_of(m, slot)->pid;

	many_step(m, &(struct event){.kind = EVENT_EXITED, .pid = pid, .code = 1});
	many_step(m, &(struct event){.kind = EVENT_GONE, .pid = pid});
}

/* ---- ties ---- */

static void tie_star(struct many *m)
{
	for (uint32_t i = 2; i <= m->n; i++)
		cr_assert_eq(signal_link(actor_of(m, i), actor_of(m, 1), NOBODY), 0);
}

static void tie_chain(struct many *m)
{
	for (uint32_t i = 2; i <= m->n; i++)
		cr_assert_eq(signal_link(actor_of(m, i - 1), actor_of(m, i), NOBODY), 0);
}

static void tie_trapping_star(struct many *m)
{
	tie_star(m);
	for (uint32_t i = 2; i <= m->n; i++)
		actor_of(m, i)->trap = true;
}

static void tie_monitors(struct many *m)
{
	for (uint32_t i = 2; i <= m->n; i++)
		cr_assert_not_null(
			edge_add_monitor(actor_of(m, i), actor_of(m, 1), EDGE_MONITOR, i, NULL));
}

/* No search is longer than that. */
static void check_table(const struct edge_table *table)
{
	for (size_t i = 0; i < table->capacity; i++) {
		unsigned length = 0;

		for (const struct edge *e = table->buckets[i]; e; e = e->next)
			length++;
		cr_assert_leq(length, CHAIN_MAX);
	}
}

/* ---- the step ---- */

static void *die(void *many)
{
	many_end(many, 1);
	return NULL;
}

static void die_on_a_small_stack(struct many *m)
{
	pthread_attr_t attributes;
	pthread_t thread;

	cr_assert_eq(pthread_attr_init(&attributes), 0);
	cr_assert_eq(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
	cr_assert_eq(pthread_create(&thread, &attributes, die, m), 0);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	pthread_attr_destroy(&attributes);
}

static const struct {
	const char *name;
	void (*tie)(struct many *m);
	bool spares; /* they get a message, and live on */
} ways[] = {
	{"a star of links", tie_star, false},
	{"a chain of links", tie_chain, false},
	{"a star of links to those who trap", tie_trapping_star, true},
	{"a star of monitors", tie_monitors, true},
};

static void check_told(const struct many *m, bool spares, const char *name)
{
	for (uint32_t i = 2; i <= m->n; i++) {
		const struct actor *actor = actor_of(m, i);

		cr_assert_eq(actor_is_doomed(actor), !spares, "%s", name);
		if (spares)
			cr_assert_eq(mailbox_length(actor), 1, "%s", name);
	}
	cr_assert_eq(m->stops, spares ? 0 : m->n - 1, "%s", name);
	cr_assert_eq(m->kills, 0, "%s", name);
}

/* The allocations of the one death, for n. */
static unsigned long count(size_t way, uint32_t n)
{
	const char *name = ways[way].name;
	struct many m;
	unsigned long allocations;

	many_init(&m, n);
	ways[way].tie(&m);
	cr_assert_eq(m.core->edges.used, n - 1, "%s", name);
	check_table(&m.core->edges);
	m.allocations = m.effects = m.stops = 0;
	die_on_a_small_stack(&m);
	check_told(&m, ways[way].spares, name);
	cr_expect_leq(m.allocations, (unsigned long)ALLOCATIONS_EACH * n, "%s", name);
	cr_expect_leq(m.effects, (unsigned long)EFFECTS_EACH * n, "%s", name);
	cr_expect_null(core_check(m.core), "%s", name);
	allocations = m.allocations;
	for (uint32_t i = 2; i <= n && !ways[way].spares; i++)
		many_end(&m, i);
	cr_expect_eq(m.core->edges.used, 0, "%s", name);
	core_free(m.core);
	return allocations;
}

Test(many_links, s9_s45_all_in_one_step)
{
	for (size_t way = 0; way < ARRAY_LEN(ways); way++) {
		unsigned long few = count(way, FEW), many = count(way, MANY);

		cr_expect_leq(many, few * (MANY / FEW) + MANY / 10, "%s: %lu and %lu allocations",
			      ways[way].name, few, many);
	}
}
