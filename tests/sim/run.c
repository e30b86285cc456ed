/* SPDX-License-Identifier: MIT */

/*
 * One seed: a tree is booted, thrown about, let come to rest, again and again; at last it is shut
 * down. Two runs of a seed are the same run: all that is random comes from its generator.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/post.h"
#include "tests/sim/sim.h"
#include "tests/support/alloc.h"

/* ---- room ---- */

void sim_grow(struct sim *sim, uint32_t n_slots)
{
	uint32_t n = sim->n_slots ? sim->n_slots : 64;

	while (n < n_slots)
		n *= 2;
	if (n == sim->n_slots)
		return;
	sim->processes = realloc(sim->processes, n * sizeof(*sim->processes));
	sim->seen = realloc(sim->seen, n * sizeof(*sim->seen));
	sim->live = realloc(sim->live, n * sizeof(*sim->live));
	if (!sim->processes || !sim->seen || !sim->live)
		abort();
	memset(sim->processes + sim->n_slots, 0, (n - sim->n_slots) * sizeof(*sim->processes));
	memset(sim->seen + sim->n_slots, 0, (n - sim->n_slots) * sizeof(*sim->seen));
	sim->n_slots = n;
}

static void sim_fini(struct sim *sim)
{
	core_free(sim->core);
	post_fini(sim);
	free(sim->processes);
	free(sim->seen);
	free(sim->live);
	free(sim->links);
	free(sim->asked);
	sim->core = NULL;
}

/* ---- a step ---- */

static bool has_calls(const struct sim *sim)
{
	for (uint32_t i = 0; i < sim->n_asked; i++)
		if (sim->asked[i].kind <= REQUEST_GET_CHILDSPEC)
			return true;
	return false;
}

static void sim_take_effects(struct sim *sim, bool *ret_failed_start)
{
	struct effect effect;

	*ret_failed_start = false;
	while (core_next_effect(sim->core, &effect)) {
		if (effect.slot != SLOT_NONE)
			sim_grow(sim, effect.slot + 1);
		trace_effect(sim, &effect);
		if (!sim_failed(sim))
			world_take_effect(sim, &effect);
		*ret_failed_start |=
			effect.kind == FX_NOTICE && effect.link.kind == LINK_START_FAILED;
		effect_fini(&effect);
	}
}

static unsigned long sim_failing_allocation(struct sim *sim)
{
	sim->was_short |= sim->alloc_expected;
	return sim->alloc_expected ? 1 + rng_below(&sim->rng, 12) : 0;
}

/* A boot that fails has changed nothing: it is tried again until no allocation fails. */
static int sim_step_core(struct sim *sim, const struct event *event)
{
	unsigned long n = 1;
	int r;

	while (event->kind == EVENT_BOOT && sim->alloc_expected) {
		alloc_fail_at(n++);
		r = core_step(sim->core, event, sim->now);
		if (!alloc_fail_end())
			return r;
		if (r != -ENOMEM)
			sim_fail(sim, "boot: %d, allocation %lu failing", r, n);
	}
	alloc_fail_at(sim_failing_allocation(sim));
	return core_step(sim->core, event, sim->now);
}

void sim_step(struct sim *sim, const struct event *event)
{
	bool calls = has_calls(sim), failed_start;
	unsigned long allocations;
	const char *broken;
	int r;

	if (sim_failed(sim))
		return;
	sim->n_events++;
	trace_event(sim, event);
	r = sim_step_core(sim, event);
	allocations = alloc_count();
	alloc_fail_end();
	sim_take_effects(sim, &failed_start);
	if (r < 0)
		sim_fail(sim, "core_step: %d", r);
	/* The text of a supervisor's failed start is made then; plain shutdown does as well. */
	if (allocations && !sim->post->is_open && !calls && !failed_start &&
	    event->kind != EVENT_REQUEST && event->kind != EVENT_BOOT)
		sim_fail(sim, "%lu allocations by %s", allocations, event_kind_names[event->kind]);
	post_check_step(sim);
	if (!sim->check)
		return;
	broken = core_check(sim->core);
	if (broken)
		sim_fail(sim, "%s", broken);
}

/* ---- boot ---- */

static void sim_boot(struct sim *sim)
{
	static const int64_t budgets[] = {1, 500, 90000, 90000, -1};
	int64_t budget = budgets[rng_below(&sim->rng, ARRAY_LEN(budgets))];
	struct event boot = {.kind = EVENT_BOOT,
			     .spec = spec_random_tree(&sim->rng),
			     .budget = budget < 0 ? SPAN_INFINITY : SPAN_MS(budget),
			     .seed = rng_next(&sim->rng)};

	struct rng rng = {sim->seed * 77 + 5};

	actors_random_spec(sim, boot.spec);
	if (boot.spec && rng_chance(&rng, 60))
		depend_random_tree(&rng, boot.spec);
	if (boot.spec && sim->overlaps)
		overlap_random_tree(&rng, boot.spec);
	if (!boot.spec || core_new(&sim->core) < 0)
		abort();
	sim_grow(sim, 64);
	sim->alloc_expected = rng_chance(&sim->rng, sim->weather.no_memory);
	sim_step(sim, &boot);
	sim->alloc_expected = false;
	spec_unref(boot.spec);
}

/* ---- time ---- */

static void sim_tick(struct sim *sim)
{
	sim_step(sim, &(struct event){.kind = EVENT_TICK});
}

static void sim_pass_time(struct sim *sim)
{
	struct mono deadline = core_deadline(sim->core);
	uint32_t how = rng_below(&sim->rng, 100);

	if (how < 50 && deadline.ns != MONO_NEVER.ns)
		sim->now.ns = MAX_OF(sim->now.ns, deadline.ns);
	else if (how < 90)
		sim->now.ns += (int64_t)rng_below(&sim->rng, 2000) * 1000000;
	else if (how < 97)
		sim->now.ns += (int64_t)rng_below(&sim->rng, 3600) * 1000000000;
	else
		sim->now.ns -= MIN_OF(sim->now.ns, (int64_t)1000000); /* the core's own stays */
	if (core_deadline(sim->core).ns <= sim->now.ns)
		sim_tick(sim);
}

/* ---- storm and rest ---- */

/* Longer than this, and with more events than a rest needs, nobody was asked for anything. */
#define CIRCLE 1000000000
#define CIRCLE_PASSES 100

static uint64_t sim_size(const struct sim *sim)
{
	uint64_t n = 1;

	for (uint32_t i = 0; i < sim->n_slots; i++)
		n += sim->seen[i].known;
	return n;
}

static void sim_move(struct sim *sim)
{
	const struct weather *w = &sim->weather;
	uint32_t what =
		rng_below(&sim->rng, w->serve + w->time + w->request + w->actors + w->noise);

	if (sim->overlaps)
		overlap_move(sim);
	if (what < w->serve)
		(void)world_move(sim);
	else if (what < w->serve + w->time)
		sim_pass_time(sim);
	else if (what < w->serve + w->time + w->request && rng_chance(&sim->rng, 95))
		request_random(sim);
	else if (what < w->serve + w->time + w->request)
		request_forget_random(sim);
	else if (what < w->serve + w->time + w->request + w->actors)
		actors_move(sim);
	else
		world_noise(sim);
}

/* A process that does nothing makes no event: moves are bounded beside events. */
static void sim_storm(struct sim *sim, uint64_t n_events)
{
	uint64_t last = sim->n_events + n_events;

	for (uint64_t moves = 0; moves < 20 * n_events; moves++) {
		if (sim_failed(sim) || sim->halted || sim->n_events >= last)
			return;
		sim_move(sim);
	}
}

/* Everything waits for time to pass. True where it does not: at rest, or for ever. */
static bool sim_rests(struct sim *sim)
{
	if (!sim->ending && core_is_resting(sim->core, false))
		return true;
	if (core_deadline(sim->core).ns != MONO_NEVER.ns)
		return false;
	sim_fail(sim, "the tree is not at rest, and nothing is due");
	return true;
}

/*
 * From now on all do as they are asked, nobody asks for more, and time passes: the tree must come
 * to rest. A group restart is a few events a child, and each child may have been the cause of one.
 * But a tree that ends with its significant children and is restarted goes in circles, as slowly as
 * its intensity asks for, and so does a start that fails: that is seen by the time that has passed,
 * or by how often some had to, and left alone.
 */
static void sim_rest(struct sim *sim)
{
	const struct mono begin = sim->now;
	uint64_t n = sim_size(sim);
	uint64_t enough = sim->n_events + 2000 + 20 * n, last = enough + 40 * n * n;
	uint64_t passes = 0;

	while (!sim_failed(sim) && !sim->halted) {
		if (sim->n_events > last)
			sim_fail(sim, "the tree does not come to rest");
		if (sim->n_events > enough &&
		    (sim->now.ns - begin.ns > CIRCLE || passes > CIRCLE_PASSES + n))
			return;
		if (world_obey(sim))
			continue;
		if (sim_rests(sim))
			break;
		sim->now.ns = MAX_OF(sim->now.ns, core_deadline(sim->core).ns);
		sim_tick(sim);
		passes++;
	}
	request_check_rest(sim);
	if (!sim_failed(sim) && !sim->halted)
		depend_check_rest(sim);
	if (!sim_failed(sim) && !sim->halted)
		actors_rest(sim);
}

/* ---- the end ---- */

static void sim_end(struct sim *sim)
{
	struct event shutdown = {.kind = EVENT_SHUTDOWN};

	if (!sim->halted && !sim_failed(sim)) {
		sim->ending = true;
		sim_step(sim, &shutdown);
		if (rng_chance(&sim->rng, 60))
			sim_storm(sim, rng_below(&sim->rng, 400));
		if (!sim->halted && rng_chance(&sim->rng, 30))
			sim_step(sim, &shutdown);
		sim_rest(sim);
	}
	if (!sim_failed(sim) && !sim->halted)
		sim_fail(sim, "the tree has not ended");
	for (uint32_t i = 0; i < 20 && !sim_failed(sim); i++) {
		request_random(sim);
		world_noise(sim);
	}
	if (!sim_failed(sim))
		request_check_end(sim);
	if (!sim_failed(sim))
		actors_end(sim);
}

void sim_run(struct sim *sim)
{
	sim->rng.state = sim->seed;
	sim->next_request = 1;
	sim->now = (struct mono){1000000000};
	sim->links_capacity = 1024;
	sim->n_links = 1;
	sim->links = calloc(sim->links_capacity, sizeof(*sim->links));
	if (!sim->links)
		abort();
	if (!sim->max_events)
		sim->max_events =
			200 + rng_below(&sim->rng, rng_chance(&sim->rng, 5) ? 30000 : 4000);
	sim->overlap_rng.state = sim->seed * 31 + 7;
	sim->overlaps = rng_chance(&sim->overlap_rng, 60);
	post_init(sim);
	world_random_weather(sim);
	sim_boot(sim);
	while (!sim_failed(sim) && !sim->halted && sim->n_events < sim->max_events) {
		sim_storm(sim, 1 + rng_below(&sim->rng, 600));
		if (!sim_failed(sim) && !sim->halted && rng_chance(&sim->rng, 50))
			sim_rest(sim);
		if (rng_chance(&sim->rng, 30))
			world_random_weather(sim);
	}
	sim_end(sim);
	sim_fini(sim);
}
