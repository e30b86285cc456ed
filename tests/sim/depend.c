/* SPDX-License-Identifier: MIT */

/*
 * Dependences: random after, requires and provides over a tree, never in a circle, and what the
 * outside can judge of them (SEMANTICS D16):
 *
 *   - nothing is started before all that it requires is ready
 *   - nothing is told by its stop signal to stop for a stop's sake while one that requires it, and
 *     has no other, is up
 *   - where all rests, who is parked waits for one that is down
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/order.h"
#include "tests/sim/sim.h"

#define NODES_MAX 260

struct node {
	struct spec *spec;
	const struct spec *above;
	uint32_t parent, before; /* its own number: none */
	char path[64];
};

struct tree {
	struct node nodes[NODES_MAX];
	uint32_t n;
};

static void tree_add_node(struct tree *t, struct spec *spec, uint32_t parent, uint32_t before)
{
	const struct node above = t->nodes[parent];
	struct node *node = &t->nodes[t->n];

	*node = (struct node){spec, above.spec, parent, before, ""};
	if (t->n == 0)
		node->above = NULL;
	else if (snprintf(node->path, sizeof(node->path), "%s%s%s", above.path,
			  above.path[0] ? "/" : "", spec->name) >= (int)sizeof(node->path))
		abort();
	t->n++;
}

/* Breadth first. A template's children are none: it is one that nobody may name. */
static void tree_flatten(struct tree *t, struct spec *root)
{
	t->n = 0;
	tree_add_node(t, root, 0, 0);
	for (uint32_t i = 0; i < t->n; i++) {
		struct spec *spec = t->nodes[i].spec;
		uint32_t before = UINT32_MAX;

		for (uint32_t k = 0; k < spec->n_children && t->n < NODES_MAX; k++) {
			uint32_t self = t->n;

			tree_add_node(t, spec->children[k], i, k ? before : self);
			before = self;
		}
	}
}

static bool is_above(const struct tree *t, uint32_t a, uint32_t b)
{
	while (b && b != a)
		b = t->nodes[b].parent;
	return a == b;
}

static bool is_template(const struct node *node)
{
	return node->spec->template ||
	       (node->above && node->above->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE);
}

static bool has_text(char *const *list, const char *text)
{
	for (size_t i = 0; list && list[i]; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

static bool provides(const struct node *node, const char *name)
{
	return strcmp(node->path, name) == 0 || has_text(node->spec->provides, name);
}

static int add_depends(struct order *order, const struct tree *t, uint32_t i)
{
	const struct node *node = &t->nodes[i];
	char *const *const lists[] = {node->spec->after, node->spec->requires};
	int r = 0;

	for (size_t l = 0; l < 2; l++)
		for (size_t k = 0; lists[l] && lists[l][k]; k++)
			for (uint32_t j = 0; j < t->n; j++)
				if (provides(&t->nodes[j], lists[l][k]))
					r |= is_above(t, i, j) || is_above(t, j, i)
						     ? 1
						     : order_add_depend(order, i, j,
									t->nodes[j].parent ==
											node->parent
										? node->above
										: NULL,
									ORDER_AFTER);
	return r;
}

static bool has_cycle(const struct tree *t)
{
	struct order order = {0};
	struct order_step *steps = NULL;
	size_t n = 0;
	int r = 0;

	for (uint32_t i = 0; i < t->n; i++) {
		const struct node *node = &t->nodes[i];

		r |= order_add_child(&order, i, node->parent);
		if (node->above)
			r |= order_add_place(&order, node->above, node->parent, i, node->before);
		r |= add_depends(&order, t, i);
	}
	r |= order_find_cycle(&order, &steps, &n);
	free(steps);
	order_fini(&order);
	return r != 0 || n > 0;
}

static void drop_last(char **list)
{
	size_t n = 0;

	while (list[n + 1])
		n++;
	free(list[n]);
	list[n] = NULL;
}

static void add_one(struct rng *rng, struct tree *t)
{
	static const char *const virtual[] = {"v0", "v1", "v2"};
	uint32_t i = 1 + rng_below(rng, t->n - 1), j = 1 + rng_below(rng, t->n - 1);
	struct spec *spec = t->nodes[i].spec;
	char ***list = rng_chance(rng, 65) ? &spec->requires : &spec->after;
	const char *name = t->nodes[j].path;

	if (rng_chance(rng, 10)) {
		list = &spec->provides;
		name = virtual[rng_below(rng, ARRAY_LEN(virtual))];
	} else if (rng_chance(rng, 15)) {
		name = virtual[rng_below(rng, ARRAY_LEN(virtual))];
	} else if (is_above(t, i, j) || is_above(t, j, i) || is_template(&t->nodes[j])) {
		return;
	}
	if (has_text(*list, name))
		return;
	if (spec_add_text(list, name) < 0)
		abort();
	if (has_cycle(t))
		drop_last(*list);
}

/* A name that nobody provides would be refused. */
static void drop_unknown(const struct tree *t, uint32_t self, char **list)
{
	for (size_t i = 0; list && list[i]; i++) {
		bool known = false;

		for (uint32_t j = 0; j < t->n; j++)
			known |= j != self && provides(&t->nodes[j], list[i]);
		if (known)
			continue;
		while (list[i]) {
			drop_last(list);
		}
		return;
	}
}

void depend_random_tree(struct rng *rng, struct spec *root)
{
	struct tree *t = calloc(1, sizeof(*t));
	uint32_t n;

	if (!t)
		abort();
	tree_flatten(t, root);
	n = t->n < 2 ? 0 : 1 + rng_below(rng, MIN_OF(t->n, 40U));
	for (uint32_t i = 0; i < n; i++)
		add_one(rng, t);
	for (uint32_t i = 0; i < t->n; i++) {
		drop_unknown(t, i, t->nodes[i].spec->after);
		drop_unknown(t, i, t->nodes[i].spec->requires);
	}
	free(t);
}

/* Of a child that is added: to anything, the core has to judge. */
void depend_random_child(struct sim *sim, struct spec *spec)
{
	struct child_view view;
	uint32_t n = rng_below(&sim->rng, 3);

	for (uint32_t i = 0; i < n; i++) {
		if (!core_view(sim->core, rng_below(&sim->rng, sim->n_slots), &view) ||
		    view.spawned)
			continue;
		if (spec_add_text(rng_chance(&sim->rng, 60) ? &spec->requires : &spec->after,
				  rng_chance(&sim->rng, 5) ? "no/such" : view.path) < 0)
			abort();
	}
	if (rng_chance(&sim->rng, 10) && spec_add_text(&spec->provides, "v1") < 0)
		abort();
}

/* ---- judgement ---- */

static bool is_provider(const struct sim *sim, uint32_t slot, const char *name)
{
	struct child_view view;

	if (!core_view(sim->core, slot, &view) || view.spawned)
		return false;
	return has_text(view.spec->provides, name) || core_find(sim->core, name) == slot;
}

static bool seen_is_ready(const struct seen *seen)
{
	return seen->known && ((seen->up && seen->ready) || seen->done);
}

/* Somebody else than `but` who is ready provides the name. */
static bool is_provided(const struct sim *sim, const char *name, uint32_t but)
{
	for (uint32_t i = 0; i < sim->n_slots; i++)
		if (i != but && seen_is_ready(&sim->seen[i]) && is_provider(sim, i, name))
			return true;
	return false;
}

/* Names are looked up when the step is over: it may be one that was removed in it, after this. */
static bool was_at_path(const struct sim *sim, const char *path)
{
	struct child_view view;

	for (uint32_t i = 0; i < sim->n_slots; i++)
		if (seen_is_ready(&sim->seen[i]) && core_view(sim->core, i, &view) &&
		    !view.listed && strcmp(view.path, path) == 0)
			return true;
	return false;
}

void depend_check_start(struct sim *sim, uint32_t slot)
{
	char *const *names = sim->seen[slot].spec->requires;

	for (size_t i = 0; names && names[i]; i++)
		if (!is_provided(sim, names[i], slot) && !was_at_path(sim, names[i]))
			sim_fail(sim, "slot %u: started, and nobody provides %s", slot, names[i]);
}

/*
 * A sibling of a group that provides the name as well has died, and its restart, which takes `who`
 * along, stands in their supervisor's queue: the core leaves `who` to that.
 */
static bool is_in_hand(const struct sim *sim, uint32_t who, uint32_t slot, const char *name)
{
	const struct seen *me = &sim->seen[who];
	enum strategy strategy;

	if (me->parent == SLOT_NONE)
		return false;
	strategy = sim->seen[me->parent].spec->strategy;
	for (uint32_t i = 0; i < sim->n_slots; i++)
		if (i != slot && sim->seen[i].known && sim->seen[i].parent == me->parent &&
		    !sim->seen[i].up && is_provider(sim, i, name))
			return strategy == STRATEGY_ONE_FOR_ALL ||
			       strategy == STRATEGY_REST_FOR_ONE;
	return false;
}

static bool needs(const struct sim *sim, uint32_t who, uint32_t slot)
{
	char *const *names = sim->seen[who].spec->requires;

	for (size_t i = 0; names && names[i]; i++)
		if (is_provider(sim, slot, names[i]) && !is_provided(sim, names[i], slot) &&
		    !is_in_hand(sim, who, slot, names[i]))
			return true;
	return false;
}

void depend_check_stop(struct sim *sim, uint32_t slot)
{
	if (sim->seen[slot].last != LINK_STOPPING || sim->no_order)
		return;
	for (uint32_t i = 0; i < sim->n_slots; i++)
		if (i != slot && sim->seen[i].known && sim->seen[i].up &&
		    sim->seen[i].spec->requires && needs(sim, i, slot))
			sim_fail(sim, "slot %u: told to stop, and slot %u, which needs it, is up",
				 slot, i);
}

static bool names_it(const struct sim *sim, char *const *names, uint32_t slot)
{
	for (size_t i = 0; names && names[i]; i++)
		if (is_provider(sim, slot, names[i]))
			return true;
	return false;
}

/* One of its group depends on that slot: all of the range is parked with it. */
static bool group_depends(const struct sim *sim, uint32_t slot, uint32_t on)
{
	const struct seen *me = &sim->seen[slot];
	enum strategy strategy;

	if (me->parent == SLOT_NONE)
		return false;
	strategy = sim->seen[me->parent].spec->strategy;
	if (strategy != STRATEGY_ONE_FOR_ALL && strategy != STRATEGY_REST_FOR_ONE)
		return false;
	for (uint32_t i = 0; i < sim->n_slots; i++) {
		const struct seen *other = &sim->seen[i];

		if (other->known && other->parent == me->parent &&
		    (names_it(sim, other->spec->requires, on) ||
		     names_it(sim, other->spec->after, on)))
			return true;
	}
	return false;
}

bool depend_leads_to(const struct sim *sim, uint32_t slot, const struct link *link)
{
	const struct spec *spec = sim->seen[slot].spec;

	return link->cause.seq && link->cause.slot != slot &&
	       link->cause.slot != sim->seen[slot].parent &&
	       (spec->after || spec->requires || group_depends(sim, slot, link->cause.slot));
}

/* Where all rests, what is waited for is down, or will be started again at its time; but those that
 * have gone down with a sibling (D6) stay so where the child API alone has started that again. */
void depend_check_rest(struct sim *sim)
{
	struct child_view last, on;

	for (uint32_t i = 0; i < sim->n_slots; i++) {
		uint32_t slot = i, steps = 0;

		if (!core_view(sim->core, i, &last) || !last.waits)
			continue;
		while (core_view(sim->core, slot, &on) && on.waits && steps++ < 1000) {
			last = on;
			slot = on.waits_for;
		}
		if (steps >= 1000)
			sim_fail(sim, "slot %u: waits in a circle", i);
		else if (slot != SLOT_NONE && core_view(sim->core, slot, &on) &&
			 on.state == CHILD_RUNNING && on.parent != last.parent)
			sim_fail(sim, "slot %u: waits for slot %u, which is ready", i, slot);
	}
}
