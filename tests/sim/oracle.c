/* SPDX-License-Identifier: MIT */

/*
 * What the outside can judge by the notices alone, whatever the model keeps inside:
 *
 *   - seq goes up by one, time does not run back; every notice has a cause that came before it, or
 *     an origin
 *   - an attempt has one outcome, a life one end, and nothing of it is left by then
 *   - a pass starts in order, each ready before the next, when all that is to go is gone
 *   - a pass stops in reverse order, each gone before the next is told
 *   - only a group strategy touches a sibling, rest_for_one only later ones
 *   - a restart is decided once for a death, and never above the intensity (SEMANTICS 132 to 137)
 *   - what an operator stopped is not started
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/post.h"
#include "tests/sim/sim.h"

/* Room for instances between two children. */
#define ORDER_GAP (UINT64_C(1) << 32)
#define ORDER_STEP (UINT64_C(1) << 16)

void sim_fail(struct sim *sim, const char *format, ...)
{
	va_list args;

	if (sim_failed(sim))
		return;
	va_start(args, format);
	vsnprintf(sim->failure, sizeof(sim->failure), format, args);
	va_end(args);
}

/* ---- who is who ---- */

/*
 * Behind all that are known; an instance of a template, which the core puts behind its elder
 * sibling, between those that stand there.
 */
static uint64_t oracle_place(struct sim *sim, const struct child_view *view)
{
	uint64_t before = 0, behind = 0;
	struct child_view other;
	bool passed = false;

	sim->next_order += ORDER_GAP;
	for (uint32_t slot = view->parent; view->spec->instance && slot != SLOT_NONE && !behind;
	     slot = core_next(sim->core, slot)) {
		passed |= slot == view->slot;
		if (!core_view(sim->core, slot, &other) || other.parent != view->parent ||
		    slot >= sim->n_slots || !sim->seen[slot].known)
			continue;
		if (passed)
			behind = sim->seen[slot].order;
		else
			before = sim->seen[slot].order;
	}
	return behind ? before + MIN_OF(ORDER_STEP, (behind - before) / 2) : sim->next_order;
}

static void oracle_adopt_one(struct sim *sim, const struct child_view *view)
{
	struct seen *seen;

	sim_grow(sim, view->slot + 1);
	seen = &sim->seen[view->slot];
	if (seen->known)
		return;
	*seen = (struct seen){.known = true,
			      .parent = view->parent,
			      .order = oracle_place(sim, view),
			      .spec = view->spec,
			      .elder = SLOT_NONE};
	overlap_adopt(sim, view);
}

/* With all that is below it, which is as new as it is. */
void oracle_adopt(struct sim *sim, uint32_t slot)
{
	struct child_view view;
	uint32_t depth;

	sim_grow(sim, slot + 1);
	if (sim->seen[slot].known || !core_view(sim->core, slot, &view))
		return;
	oracle_adopt_one(sim, &view);
	depth = view.depth;
	for (slot = core_next(sim->core, slot); slot != SLOT_NONE;
	     slot = core_next(sim->core, slot)) {
		if (!core_view(sim->core, slot, &view) || view.depth <= depth)
			return;
		oracle_adopt_one(sim, &view);
	}
}

void oracle_forget(struct sim *sim, uint32_t slot)
{
	if (sim->processes[slot].state != PROCESS_NONE || sim->seen[slot].up)
		sim_fail(sim, "slot %u: forgotten, and it lives", slot);
	sim->seen[slot].known = false;
}

static bool is_same_cause(const struct cause *a, const struct cause *b)
{
	return a->seq == b->seq && a->slot == b->slot && a->origin == b->origin;
}

/* The link that led to this one, where it belongs to a child (or itself) of the same supervisor. */
static const struct link_seen *sibling_cause(const struct sim *sim, uint32_t slot,
					     const struct link *link)
{
	const struct link_seen *l = link->cause.seq ? &sim->links[link->cause.seq] : NULL;

	if (!l || sim->seen[slot].parent == SLOT_NONE)
		return NULL;
	return l->parent == sim->seen[slot].parent ? l : NULL;
}

static bool is_parents_cause(const struct sim *sim, uint32_t slot, const struct link *link)
{
	return link->cause.seq && sim->seen[slot].parent != SLOT_NONE &&
	       sim->links[link->cause.seq].slot == sim->seen[slot].parent;
}

static const struct spec *parent_spec(const struct sim *sim, uint32_t slot)
{
	uint32_t parent = sim->seen[slot].parent;

	return parent == SLOT_NONE ? NULL : sim->seen[parent].spec;
}

static bool is_independent(const struct spec *spec)
{
	return spec->strategy == STRATEGY_ONE_FOR_ONE ||
	       spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE;
}

static bool is_at_once(const struct spec *spec)
{
	return spec->start == START_PARALLEL || spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE;
}

/* ---- every notice ---- */

static void oracle_record(struct sim *sim, uint32_t slot, const struct link *link)
{
	const struct seen nobody = {.parent = SLOT_NONE}; /* a guest: it is told, and has no slot */
	const struct seen *whose = slot == SLOT_NONE ? &nobody : &sim->seen[slot];

	if (slot == SLOT_NONE && link_is_kept(link->kind))
		sim_fail(sim, "#%llu: of nobody", (unsigned long long)link->seq);
	if (link->seq != sim->n_links)
		sim_fail(sim, "notice #%llu where #%llu was due", (unsigned long long)link->seq,
			 (unsigned long long)sim->n_links);
	else if (link->at.ns < sim->links[sim->n_links - 1].at.ns)
		sim_fail(sim, "#%llu: time runs back", (unsigned long long)link->seq);
	else if (link->cause.seq >= link->seq)
		sim_fail(sim, "#%llu: a cause that comes later", (unsigned long long)link->seq);
	else if (link->cause.seq && sim->links[link->cause.seq].slot != link->cause.slot)
		sim_fail(sim, "#%llu: a cause that is another's", (unsigned long long)link->seq);
	else if (!link->cause.seq && link->cause.origin == ORIGIN_NONE)
		sim_fail(sim, "#%llu: neither cause nor origin", (unsigned long long)link->seq);
	if (sim->n_links == sim->links_capacity) {
		sim->links_capacity *= 2;
		sim->links = realloc(sim->links, sim->links_capacity * sizeof(*sim->links));
		if (!sim->links)
			abort();
	}
	sim->links[sim->n_links++] = (struct link_seen){.kind = (uint8_t)link->kind,
							.slot = slot,
							.parent = whose->parent,
							.order = whose->order,
							.at = link->at};
}

/* ---- starts ---- */

static void oracle_check_pass_start(struct sim *sim, uint32_t slot, const struct link *link)
{
	const struct spec *spec = parent_spec(sim, slot);
	const struct seen *me = &sim->seen[slot];
	uint8_t kind = link->cause.seq ? sim->links[link->cause.seq].kind : LINK_N_KINDS;
	bool resumes = kind == LINK_WAITING || kind == LINK_HELD ||
		       kind == LINK_REMOVED; /* some may be up */
	bool late = is_at_once(spec) && (me->spec->after || me->spec->requires);

	for (uint32_t i = 0; i < sim->n_slots; i++) {
		const struct seen *other = &sim->seen[i];
		bool mine, stalls;

		if (!other->known || other->parent != me->parent || i == slot)
			continue;
		mine = is_same_cause(&other->start_cause, &link->cause);
		stalls = is_independent(spec) && other->spec->type == CHILD_SUPERVISOR;
		if (mine && other->order > me->order && !late)
			sim_fail(sim, "slot %u: started after slot %u, which follows it", slot, i);
		if (mine && other->up && !other->ready && !is_at_once(spec) && !stalls)
			sim_fail(sim, "slot %u: started before slot %u was ready", slot, i);
		if (mine || !other->up || is_independent(spec) || resumes)
			continue;
		if (other->order > me->order || spec->strategy == STRATEGY_ONE_FOR_ALL)
			sim_fail(sim, "slot %u: started while slot %u of the group was up", slot,
				 i);
	}
}

void oracle_check_start(struct sim *sim, uint32_t slot)
{
	if (sim->seen[slot].held)
		sim_fail(sim, "slot %u: started, and it is held", slot);
	for (uint32_t up = slot; up != SLOT_NONE; up = sim->seen[up].parent) {
		if (!sim->seen[up].up)
			sim_fail(sim, "slot %u: started, though slot %u is down", slot, up);
	}
}

/* A supervisor that starts has an empty history (SEMANTICS 140). */
static void oracle_reset_windows(struct sim *sim, uint32_t slot)
{
	sim->seen[slot].below.n = 0;
	if (sim->seen[slot].spec->type != CHILD_SUPERVISOR)
		return;
	for (uint32_t i = 0; i < sim->n_slots; i++)
		if (sim->seen[i].known && sim->seen[i].parent == slot)
			sim->seen[i].own.n = 0;
}

static void oracle_start(struct sim *sim, uint32_t slot, const struct link *link)
{
	struct seen *seen = &sim->seen[slot];
	bool by_parent = is_parents_cause(sim, slot, link);
	const struct link_seen *l = sibling_cause(sim, slot, link);

	if (seen->up)
		sim_fail(sim, "slot %u: started twice", slot);
	if (!link->cause.seq && link->cause.origin == ORIGIN_CALL)
		seen->held = false;
	if (seen->forgiven || link->cause.origin == ORIGIN_OPERATOR)
		seen->own.n = 0;
	if (link->cause.seq && !by_parent && !l && !depend_leads_to(sim, slot, link))
		sim_fail(sim, "slot %u: started by somebody else's link", slot);
	if (by_parent && sim->links[link->cause.seq].kind != LINK_START)
		sim_fail(sim, "slot %u: started by its supervisor's %s", slot,
			 link_kind_names[sim->links[link->cause.seq].kind]);
	if (depend_leads_to(sim, slot, link) && is_independent(parent_spec(sim, slot)))
		l = NULL;
	if (l && l->order != seen->order && is_independent(parent_spec(sim, slot)))
		sim_fail(sim, "slot %u: started for a sibling under one_for_one", slot);
	if (by_parent ||
	    (l && !depend_leads_to(sim, slot, link) && !is_independent(parent_spec(sim, slot))))
		oracle_check_pass_start(sim, slot, link);
	depend_check_start(sim, slot);
	seen->up = true;
	seen->done = seen->ready = false;
	seen->start_cause = link->cause;
	oracle_reset_windows(sim, slot);
}

static void oracle_ready(struct sim *sim, uint32_t slot, const struct link *link)
{
	struct seen *seen = &sim->seen[slot];

	if (!seen->up || seen->ready)
		sim_fail(sim, "slot %u: ready, and %s", slot, seen->up ? "was already" : "is down");
	seen->ready = true;
	seen->ready_pid = link->pid;
	if ((uint64_t)link->code != ++seen->starts)
		sim_fail(sim, "slot %u: start %u, and it says %d", slot, (unsigned)seen->starts,
			 link->code);
}

/* ---- ends ---- */

static void oracle_end(struct sim *sim, uint32_t slot, const struct link *link)
{
	struct seen *seen = &sim->seen[slot];
	struct process *p = &sim->processes[slot];

	if (!seen->up)
		sim_fail(sim, "slot %u: ended, and was down", slot);
	else if (p->state == PROCESS_SHORT)
		p->state = PROCESS_NONE;
	else if (seen->spec->type == CHILD_SERVICE && p->state != PROCESS_NONE)
		sim_fail(sim, "slot %u: its end is told, and it lives", slot);
	else if (!world_is_empty(sim, slot))
		sim_fail(sim, "slot %u: its end is told, and something below lives", slot);
	if (seen->up && seen->ready != (link->kind == LINK_EXITED))
		sim_fail(sim, "slot %u: %s of what was%s ready", slot, link_kind_names[link->kind],
			 seen->ready ? "" : " not");
	if (link->kind != LINK_IGNORED && link->reason.kind == REASON_NONE)
		sim_fail(sim, "slot %u: an end without a reason", slot);
	seen->done =
		seen->ready && seen->spec->type == CHILD_SERVICE && seen->spec->ready == READY_EXIT;
	seen->up = seen->ready = false;
	if (slot != 0 && seen->parent == SLOT_NONE && link->kind != LINK_EXITED)
		post_never_was(sim, link->pid);
	else
		post_take_end(sim, link->pid,
			      link->kind == LINK_EXITED ? &link->reason : &REASON(REASON_NONE));
}

static void oracle_check_pass_stop(struct sim *sim, uint32_t slot, const struct link *link)
{
	const struct seen *me = &sim->seen[slot];

	for (uint32_t i = 0; i < sim->n_slots; i++) {
		const struct seen *other = &sim->seen[i];

		if (!other->known || other->parent != me->parent || i == slot)
			continue;
		if (other->up && other->order > me->order)
			sim_fail(sim, "slot %u: told to stop while slot %u, after it, is up", slot,
				 i);
		if (other->up && is_same_cause(&other->stop_cause, &link->cause))
			sim_fail(sim, "slot %u: told to stop before slot %u was gone", slot, i);
	}
}

static void oracle_stopping(struct sim *sim, uint32_t slot, const struct link *link)
{
	struct seen *seen = &sim->seen[slot];
	const struct spec *above = parent_spec(sim, slot);
	const struct link_seen *l = sibling_cause(sim, slot, link);
	bool by_parent = is_parents_cause(sim, slot, link);
	uint8_t kind = link->cause.seq ? sim->links[link->cause.seq].kind : LINK_N_KINDS;

	if (!seen->up)
		sim_fail(sim, "slot %u: told to stop, and is down", slot);
	if (depend_leads_to(sim, slot, link)) {
		seen->stop_cause = link->cause;
		return;
	}
	if (l && l->order != seen->order && is_independent(above) && kind != LINK_START_FAILED)
		sim_fail(sim, "slot %u: stopped for a sibling under one_for_one", slot);
	if (l && above->strategy == STRATEGY_REST_FOR_ONE && !is_at_once(above) &&
	    kind != LINK_START_FAILED && l->order > seen->order)
		sim_fail(sim, "slot %u: stopped for a later one under rest_for_one", slot);
	if (above && !is_at_once(above) && kind != LINK_KILLING && kind != LINK_BUDGET &&
	    (by_parent || (l && l->order != seen->order)))
		oracle_check_pass_stop(sim, slot, link);
	seen->stop_cause = link->cause;
}

/* ---- intensity ---- */

/*
 * When a restart was decided is not always seen: not before the death, not after the first start or
 * stop that it led to. So the earlier ones count from their deaths on.
 */
static void oracle_decided(struct sim *sim, const struct link_seen *death, const struct link *link)
{
	uint32_t slot = death->slot;
	const struct spec *above = parent_spec(sim, slot);
	bool hold = above->give_up == GIVE_UP_HOLD;
	struct window_seen *w =
		hold ? &sim->seen[slot].own : &sim->seen[sim->seen[slot].parent].below;
	uint32_t recent = 1;

	for (uint32_t i = 0; i < MIN_OF(w->n, (uint32_t)WINDOW_MAX); i++)
		recent += link->at.ns - w->at[i].ns <= above->period.ns;
	if (recent > above->intensity)
		sim_fail(sim, "slot %u: restart %u in the period, intensity %u", slot, recent,
			 above->intensity);
	w->at[w->n++ % WINDOW_MAX] = death->at;
}

/* The first start, stop or wait that a death or a failed start led to is its restart. */
static void oracle_watch_restarts(struct sim *sim, uint32_t slot, const struct link *link)
{
	struct link_seen *l = link->cause.seq ? &sim->links[link->cause.seq] : NULL;

	if (!l || depend_leads_to(sim, slot, link) ||
	    (l->kind != LINK_EXITED && l->kind != LINK_RETRY) || l->spent ||
	    !sibling_cause(sim, slot, link) || sim->seen[l->slot].order != l->order)
		return;
	if (link->kind != LINK_START && link->kind != LINK_STOPPING && link->kind != LINK_BACKOFF)
		return;
	l->spent = true;
	oracle_decided(sim, l, link);
}

/* It must not give up before its time: there have been that many deaths. */
static void oracle_gave_up(struct sim *sim, uint32_t slot, const struct link *link)
{
	const struct seen *seen = &sim->seen[slot];
	uint32_t deaths = 0;

	for (uint64_t seq = seen->start_cause.seq + 1; seq < link->seq; seq++) {
		const struct link_seen *l = &sim->links[seq];

		deaths += l->parent == slot && (l->kind == LINK_EXITED || l->kind == LINK_RETRY);
	}
	if (deaths <= seen->spec->intensity)
		sim_fail(sim, "slot %u: gave up after %u deaths, intensity %u", slot, deaths,
			 seen->spec->intensity);
}

/* ---- all ---- */

void oracle_take_notice(struct sim *sim, uint32_t slot, const struct link *link)
{
	if (slot != SLOT_NONE)
		oracle_adopt(sim, slot);
	oracle_record(sim, slot, link);
	if (sim_failed(sim) || !link_is_kept(link->kind))
		return;
	oracle_watch_restarts(sim, slot, link);
	if (link->kind == LINK_START)
		oracle_start(sim, slot, link);
	else if (link->kind == LINK_READY)
		oracle_ready(sim, slot, link);
	else if (link->kind == LINK_EXITED || link->kind == LINK_START_FAILED ||
		 link->kind == LINK_IGNORED)
		oracle_end(sim, slot, link);
	else if (link->kind == LINK_STOPPING)
		oracle_stopping(sim, slot, link);
	else if (link->kind == LINK_BACKOFF && link->cause.origin == ORIGIN_OPERATOR)
		sim->seen[slot].own.n = 0;
	else if (link->kind == LINK_HELD)
		sim->seen[slot].held = true;
	else if (link->kind == LINK_RELEASED)
		sim->seen[slot].held = false;
	else if (link->kind == LINK_GAVE_UP)
		oracle_gave_up(sim, slot, link);
	else if (link->kind == LINK_DOOMED)
		post_take_doom(sim, link);
	else if (link->kind == LINK_REPLACES)
		overlap_take_place(sim, slot);
	else if (link->kind == LINK_BUDGET)
		sim->no_order = true;
	sim->seen[slot].last = (uint8_t)link->kind;
}

void oracle_check_end(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->n_slots; i++)
		if (sim->seen[i].known && sim->seen[i].up)
			sim_fail(sim, "slot %u: up after the tree's end", i);
	if (sim->n_live)
		sim_fail(sim, "processes are left after the tree's end");
	if (sim->halted)
		sim_fail(sim, "the tree ended twice");
}
