/* SPDX-License-Identifier: MIT */

/*
 * Random trees: up to 200 children on five levels, most of them small, with every kind of
 * everything. What spec_validate() would refuse is mended, not thrown away.
 */

#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/sim.h"

#define CHILDREN_MAX 200
#define DEPTH_MAX 5

static struct span random_span(struct rng *rng, const int64_t *ms, uint32_t n)
{
	int64_t choice = ms[rng_below(rng, n)];

	return choice < 0 ? SPAN_INFINITY : SPAN_MS(choice);
}

static void random_shutdown(struct rng *rng, struct spec *spec)
{
	static const int64_t spans[] = {0, 1, 100, 5000, 5000, 60000};

	spec->shutdown = SHUTDOWN_SPAN;
	spec->shutdown_span = random_span(rng, spans, ARRAY_LEN(spans));
	if (rng_chance(rng, spec->type == CHILD_SUPERVISOR ? 70 : 15)) {
		spec->shutdown = SHUTDOWN_INFINITY;
		spec->shutdown_span = SPAN_INFINITY;
	} else if (rng_chance(rng, 15)) {
		spec->shutdown = SHUTDOWN_BRUTAL_KILL;
	}
}

static void random_restart(struct rng *rng, struct spec *spec, const struct spec *parent)
{
	static const int64_t delays[] = {1, 10, 500, 3000, 60000};
	static const int64_t most[] = {1, 100, 30000, 3600000};
	static const int64_t resets[] = {0, 10, 5000, 60000, -1};

	spec->restart = rng_chance(rng, 60) ? RESTART_PERMANENT
					    : (enum restart_type)rng_below(rng, RESTART_N_TYPES);
	spec->autostart = !rng_chance(rng, 6);
	if (rng_chance(rng, 25)) {
		spec->restart_delay = random_span(rng, delays, ARRAY_LEN(delays));
		spec->restart_delay_max = random_span(rng, most, ARRAY_LEN(most));
		spec->restart_reset = random_span(rng, resets, ARRAY_LEN(resets));
	}
	spec->on_demand = spec->type == CHILD_SERVICE && rng_chance(rng, 5);
	spec->significant = parent && parent->auto_shutdown != AUTO_NEVER &&
			    spec->restart != RESTART_PERMANENT && rng_chance(rng, 50);
}

static void random_service(struct rng *rng, struct spec *spec, const struct spec *parent)
{
	static const int64_t delays[] = {0, 1, 700, 10000};
	static const int64_t timeouts[] = {1, 1000, 30000, 30000, -1};

	spec->ready = (enum ready_kind)rng_below(rng, READY_N_KINDS);
	if (spec->ready == READY_EXIT && spec->restart == RESTART_PERMANENT)
		spec->ready = READY_NOTIFY;
	spec->remain = spec->ready == READY_EXIT && rng_chance(rng, 30);
	spec->ready_delay = random_span(rng, delays, ARRAY_LEN(delays));
	spec->start_post = spec->ready != READY_EXIT && rng_chance(rng, 15);
	spec->start_timeout = random_span(rng, timeouts, ARRAY_LEN(timeouts));
	/* A permanent supervisor that ends with its oneshot would run in circles, as asked. */
	if (spec->ready == READY_EXIT && spec->significant && parent->restart == RESTART_PERMANENT)
		spec->significant = false;
	if (rng_chance(rng, 10))
		spec_success_code(spec, 3);
	if (rng_chance(rng, 10))
		spec_success_signal(spec, 15);
}

static void random_supervisor(struct rng *rng, struct spec *spec)
{
	static const int64_t periods[] = {1, 1000, 5000, 5000, 3600000};

	spec->strategy = (enum strategy)rng_below(rng, STRATEGY_N);
	spec->intensity = rng_below(rng, 6);
	if (rng_chance(rng, 10))
		spec->intensity = 12;
	spec->period = random_span(rng, periods, ARRAY_LEN(periods));
	spec->give_up = rng_chance(rng, 25) ? GIVE_UP_HOLD : GIVE_UP_ESCALATE;
	if (rng_chance(rng, 25))
		spec->auto_shutdown = (enum auto_shutdown)rng_below(rng, AUTO_N);
	spec->start = rng_chance(rng, 25) ? START_PARALLEL : START_ORDERED;
	if (rng_chance(rng, 20))
		spec->max_children = rng_below(rng, 12);
}

static struct spec *random_spec(struct rng *rng, const char *name, bool supervisor,
				const struct spec *parent)
{
	struct spec *spec = spec_new(supervisor ? CHILD_SUPERVISOR : CHILD_SERVICE, name);

	if (!spec)
		return NULL;
	random_restart(rng, spec, parent);
	random_shutdown(rng, spec);
	if (supervisor)
		random_supervisor(rng, spec);
	else
		random_service(rng, spec, parent);
	return spec;
}

/* Fills spec with up to *room children, and theirs. The depth is bounded, so this may recurse. */
static bool fill(struct rng *rng, struct spec *spec, uint32_t depth, uint32_t *room)
{
	bool simple = spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE;
	uint32_t n = simple ? 1 : rng_below(rng, *room < 30 ? 6 : 24);
	char name[16];

	if (n == 0 && depth == 0)
		n = 1;
	for (uint32_t i = 0; i < n && (*room > 0 || simple); i++) {
		bool supervisor = depth + 1 < DEPTH_MAX && !simple && rng_chance(rng, 30);
		bool template = !supervisor && !simple && rng_chance(rng, 10);
		struct spec *child;

		snprintf(name, sizeof(name), template ? "t%u@" : "c%u", i);
		child = random_spec(rng, name, supervisor, spec);
		if (child && template) {
			child->template = true;
			child->instances = rng_below(rng, 4);
		}
		if (!child || spec_add_child(spec, child) < 0) {
			spec_unref(child);
			return false;
		}
		*room -= *room > 0;
		if (supervisor && !fill(rng, child, depth + 1, room))
			return false;
	}
	return true;
}

struct spec *spec_random_tree(struct rng *rng)
{
	uint32_t most = rng_chance(rng, 75) ? 30 : rng_chance(rng, 80) ? 90 : CHILDREN_MAX;
	uint32_t room = 1 + rng_below(rng, most);
	struct spec *root = random_spec(rng, "/", true, NULL);

	if (!root)
		return NULL;
	root->autostart = true;
	root->restart = RESTART_PERMANENT;
	if (root->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE && rng_chance(rng, 75))
		root->strategy = STRATEGY_ONE_FOR_ONE;
	root->give_up = rng_chance(rng, 90) ? GIVE_UP_HOLD : GIVE_UP_ESCALATE;
	if (rng_chance(rng, 90))
		root->auto_shutdown = AUTO_NEVER;
	if (!fill(rng, root, 0, &room)) {
		spec_unref(root);
		return NULL;
	}
	return root;
}

struct spec *spec_random_child(struct rng *rng, const struct spec *parent)
{
	bool supervisor = rng_chance(rng, 20);
	uint32_t room = rng_below(rng, 5);
	char name[16];
	struct spec *spec;

	snprintf(name, sizeof(name), "%c%u", rng_chance(rng, 30) ? 'c' : 'd', rng_below(rng, 8));
	spec = random_spec(rng, rng_chance(rng, 2) ? "not/a name" : name, supervisor, parent);
	if (!spec)
		return NULL;
	spec->significant |= spec->ready != READY_EXIT && rng_chance(rng, 3);
	if (supervisor && !fill(rng, spec, DEPTH_MAX - 2, &room)) {
		spec_unref(spec);
		return NULL;
	}
	return spec;
}
