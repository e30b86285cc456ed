/* SPDX-License-Identifier: MIT */

/*
 * The key overlap: where it may be given, and what the outside can judge of it:
 *
 *   - there are never more than two incarnations of one path
 *   - what is said to be down has no heir that lives
 */

#include <stdio.h>

#include "tests/sim/sim.h"

static bool can_overlap(const struct spec *spec, const struct spec *above)
{
	return spec->type == CHILD_SERVICE && spec->ready != READY_EXIT &&
	       spec->mailbox != MAILBOX_DURABLE && spec->restart != RESTART_TEMPORARY && above &&
	       above->strategy == STRATEGY_ONE_FOR_ONE;
}

void overlap_random_child(struct rng *rng, struct spec *spec, const struct spec *above)
{
	if (spec && can_overlap(spec, above) && rng_chance(rng, 60))
		spec->overlap = true;
}

/* The depth is bounded, so this may recurse. */
void overlap_random_tree(struct rng *rng, struct spec *above)
{
	for (uint32_t i = 0; i < above->n_children; i++) {
		overlap_random_child(rng, above->children[i], above);
		overlap_random_tree(rng, above->children[i]);
	}
}

/* It runs, and more often than not it has an heir: then all that may happen to the two. */
static bool find_one(struct sim *sim, struct child_view *ret_view)
{
	for (uint32_t i = 0; i < 80; i++)
		if (core_view(sim->core, rng_below(&sim->overlap_rng, sim->n_slots), ret_view) &&
		    ret_view->spec->overlap)
			return true;
	return false;
}

void overlap_move(struct sim *sim)
{
	static const enum request_kind kinds[] = {
		REQUEST_RESTART, REQUEST_RESTART, REQUEST_RESTART,   REQUEST_STOP,
		REQUEST_EXIT,    REQUEST_START,   REQUEST_WAIT_DOWN, REQUEST_REMOVE};
	struct rng *rng = &sim->overlap_rng;
	struct child_view view;
	char pid[ACTOR_PID_TEXT_MAX];
	char target[64];
	bool plain;

	if (!rng_chance(rng, 12) || !find_one(sim, &view))
		return;
	plain = view.state != CHILD_RUNNING || view.heir == SLOT_NONE;
	/* The record may be freed in that very step. */
	snprintf(target, sizeof(target), "%s",
		 rng_chance(rng, 70) ? view.path : actor_pid_format(view.pid, pid));
	if (view.state == CHILD_STOPPED || view.held)
		request_ask(sim, REQUEST_START, target);
	else if (plain)
		request_ask(sim, REQUEST_RESTART, target);
	else if (rng_chance(rng, 40))
		request_ask(sim, kinds[rng_below(rng, ARRAY_LEN(kinds))], target);
}

/* A child that was not known before. */
void overlap_adopt(struct sim *sim, const struct child_view *view)
{
	struct seen *seen = &sim->seen[view->slot];
	uint32_t n = 0;

	seen->elder = view->elder;
	if (view->elder == SLOT_NONE)
		return;
	seen->order = sim->seen[view->elder].order;
	seen->starts = sim->seen[view->elder].starts;
	for (uint32_t i = 0; i < sim->n_slots; i++)
		n += sim->seen[i].known && sim->seen[i].elder == view->elder;
	if (n != 1)
		sim_fail(sim, "slot %u: it has two heirs", view->elder);
}

void overlap_take_place(struct sim *sim, uint32_t slot)
{
	if (sim->seen[slot].elder == SLOT_NONE)
		sim_fail(sim, "slot %u: takes a place, and is no heir", slot);
	sim->seen[slot].elder = SLOT_NONE;
}

/* It is said to be down. */
void overlap_check_empty(struct sim *sim, uint32_t slot)
{
	for (uint32_t i = 0; i < sim->n_slots; i++)
		if (sim->seen[i].known && sim->seen[i].elder == slot && !world_is_empty(sim, i))
			sim_fail(sim, "slot %u: said to be down, and its heir lives", slot);
}
