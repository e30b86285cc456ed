/* SPDX-License-Identifier: MIT */

/* What the world may look at: lookups, views, the order of the tree. Nothing here changes anything.
 */

#include <string.h>

#include "core/mailbox.h"
#include "core/model.h"

uint32_t core_find_pid(const struct core *core, actor_pid pid)
{
	const struct actor *actor = actor_find(core, pid);

	return actor && actor->child ? actor->child->slot : SLOT_NONE;
}

uint32_t core_find(const struct core *core, const char *text)
{
	const struct child *c = text ? strmap_get(&core->paths, text) : NULL;
	actor_pid pid;

	if (c)
		return c->slot;
	return text && actor_pid_parse(text, &pid) == 0 ? core_find_pid(core, pid) : SLOT_NONE;
}

static const struct child *view_child(const struct core *core, uint32_t slot)
{
	return slot < core->n_slots ? core->slots[slot] : NULL;
}

/* A restart that an operator wants waits for its turn, or the restart of a group stops the rest. */
static bool view_comes_back(const struct child *c)
{
	if (c->state != CHILD_STOPPED || c->held || !c->parent)
		return false;
	if (c->parent->job == JOB_GROUP_STOP || c->start_again)
		return true;
	LIST_EACH (l, &c->core->calls) {
		const struct call *call = LIST_ENTRY(l, struct call, in_calls);

		if (call->kind == REQUEST_START && call->item.child == c)
			return true;
	}
	return false;
}

bool core_view(const struct core *core, uint32_t slot, struct child_view *ret_view)
{
	const struct child *c = view_child(core, slot);

	if (!c)
		return false;
	*ret_view = (struct child_view){
		.slot = slot,
		.parent = c->parent ? c->parent->self->slot : SLOT_NONE,
		.depth = c->depth,
		.path = c->path,
		.spec = c->spec,
		.args = c->args,
		.state = c->state,
		.comes_back = view_comes_back(c),
		.parked = depend_is_stuck(c),
		.listed = c->listed,
		.held = c->held && c->held_by_operator,
		.dynamic = c->dynamic,
		.heir = child_heir(c) ? child_heir(c)->slot : SLOT_NONE,
		.elder = child_elder(c) ? child_elder(c)->slot : SLOT_NONE,
		.replaced = c->replaced,
		.spawned = c->spawned,
		.waits = c->parked || (c->state == CHILD_WAITING && c->parked_by != SLOT_NONE),
		.waits_for = c->parked ? c->waits_for : c->parked_by,
		.removed = c->removed,
		.pid = c->actor.pid,
		.starts = c->starts,
		.restarts = c->starts ? c->starts - 1 : 0,
		.since = c->since,
		.reason = c->reason,
		.verdict = c->verdict,
		.ready = c->live && c->was_ready,
		.trap = c->actor.trap,
		.told_to_go = c->state == CHILD_STOPPING && c->polite != POLITE_LATER,
		.message_queue_len = mailbox_length(&c->actor),
	};
	return true;
}

bool core_restarts_counted(const struct core *core, uint32_t slot, uint32_t *ret_n)
{
	const struct child *c = view_child(core, slot);

	if (!c || !c->sup || c->spec->give_up == GIVE_UP_HOLD)
		return false;
	*ret_n = window_count(&c->sup->window, core->now, c->spec->period);
	return true;
}

uint32_t core_next(const struct core *core, uint32_t slot)
{
	const struct child *c = slot == SLOT_NONE ? core->root : view_child(core, slot);

	if (!c || c->dying || c->spawned)
		return SLOT_NONE;
	if (slot != SLOT_NONE)
		c = tree_next(c, core->root);
	return c ? c->slot : SLOT_NONE;
}

uint32_t core_next_spawned(const struct core *core, uint32_t slot)
{
	const struct child *c = view_child(core, slot);
	const struct list *l = slot == SLOT_NONE ? core->spawned.next : NULL;

	if (c && c->spawned && !c->dying)
		l = c->link.next;
	return l && l != &core->spawned ? LIST_ENTRY(l, const struct child, link)->slot : SLOT_NONE;
}

bool core_is_killing_all(const struct core *core)
{
	return core->killing_all;
}
