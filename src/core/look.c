/* SPDX-License-Identifier: MIT */

#include "core/look.h"

#include <string.h>

#include "core/mailbox.h"
#include "core/model.h"

const char *const actor_kind_names[ACTOR_N_KINDS + 1] = {
	[ACTOR_SERVICE] = "service",
	[ACTOR_SUPERVISOR] = "supervisor",
	[ACTOR_SPAWNED] = "spawned",
	[ACTOR_GUEST] = "guest",
};

const char *const name_kind_names[NAME_N_KINDS + 1] = {
	[NAME_PATH] = "path",
	[NAME_ALIAS] = "alias",
	[NAME_REGISTERED] = "registered",
};

/* ---- an actor ---- */

bool core_view_actor(const struct core *core, const char *text, struct actor_view *ret_view)
{
	const struct actor *actor;
	const struct child *c;
	actor_pid pid;

	if (actor_pid_parse(text, &pid) == 0)
		actor = actor_find(core, pid);
	else
		actor = registry_holder(core, text);
	if (!actor || !actor_is_alive(actor))
		return false;
	c = actor->child;
	*ret_view = (struct actor_view){
		.pid = actor->pid,
		.kind = !c           ? ACTOR_GUEST
			: c->sup     ? ACTOR_SUPERVISOR
			: c->spawned ? ACTOR_SPAWNED
				     : ACTOR_SERVICE,
		.slot = c ? c->slot : SLOT_NONE,
		.path = c && !c->spawned ? c->path : NULL,
		.state = c                        ? c->state
			 : actor_is_doomed(actor) ? CHILD_STOPPING
						  : CHILD_RUNNING,
		.has_uid = actor->uid != RIGHTS_NO_UID,
		.uid = actor->uid,
		.trap = actor->trap,
	};
	return true;
}

/* ---- its mailbox ---- */

struct mail_view core_view_mail(const struct core *core, actor_pid pid)
{
	const struct actor *actor = actor_find(core, pid);

	return (struct mail_view){
		.length = mailbox_length(actor),
		.bytes = actor->mailbox ? actor->mailbox->frames.weight : 0,
		.limit = mailbox_limit(actor),
		.dropped = actor->mailbox ? actor->mailbox->dropped : 0,
		.outbox_bytes = actor->outbox_weight,
		.blocked_on = outbox_blocked_on(actor),
	};
}

bool core_view_mailbox(const struct core *core, const char *text, struct mailbox_view *ret_view)
{
	const struct actor *durable;
	struct actor_view v;

	if (core_view_actor(core, text, &v)) {
		*ret_view = (struct mailbox_view){v.pid, SLOT_NONE};
		return true;
	}
	durable = registry_find_durable(core, text);
	if (durable)
		*ret_view = (struct mailbox_view){.slot = durable->child->slot};
	return durable;
}

static const struct actor *look_at_owner(const struct core *core, const struct mailbox_view *whose)
{
	if (whose->pid.n)
		return actor_find(core, whose->pid);
	return whose->slot < core->n_slots && core->slots[whose->slot]
		       ? &core->slots[whose->slot]->actor
		       : NULL;
}

bool core_next_message(const struct core *core, const struct mailbox_view *whose, uint64_t number,
		       struct wire_frame *ret_frame, bool *ret_held)
{
	const struct actor *actor = look_at_owner(core, whose);
	struct place place = {NULL, 0};
	const uint8_t *frame;
	size_t cursor = 0;

	if (actor && actor->mailbox)
		place = frames_after(&actor->mailbox->frames, number);
	if (!place.chunk)
		return false;
	frame = frame_at(place);
	if (wire_decode(frame, frame_size(frame), &cursor, ret_frame) <= 0)
		return false;
	ret_frame->op = frame_op(frame);
	*ret_held = !frame_is_queued(frame);
	return true;
}

/* ---- ties ---- */

/* Pids that are written as far as there is room, and counted beyond that. */
struct pids {
	actor_pid *to; /* borrowed */
	size_t n, max;
};

static void pids_add(struct pids *pids, actor_pid pid)
{
	if (pids->n < pids->max)
		pids->to[pids->n] = pid;
	pids->n++;
}

static void look_at_links(const struct actor *actor, struct pids *pids)
{
	const struct child *c = actor->child;

	if (c && c->parent)
		pids_add(pids, c->parent->self->actor.pid);
	LIST_EACH (l, &actor->edges_out) {
		const struct edge *edge = LIST_ENTRY(l, struct edge, at_owner);

		if (edge->kind == EDGE_LINK)
			pids_add(pids, edge->target->pid);
	}
	LIST_EACH (l, &actor->edges_in) {
		const struct edge *edge = LIST_ENTRY(l, struct edge, at_target);

		if (edge->kind == EDGE_LINK)
			pids_add(pids, edge->owner->pid);
	}
	if (!c || !c->sup)
		return;
	LIST_EACH (l, &c->sup->kids) {
		const struct child *kid = LIST_ENTRY(l, struct child, link);

		if (kid->live)
			pids_add(pids, kid->actor.pid);
	}
}

/* A call is a monitor of who is asked. */
static void look_at_monitors(const struct actor *actor, bool out, struct pids *pids)
{
	const struct list *edges = out ? &actor->edges_out : &actor->edges_in;

	LIST_EACH (l, edges) {
		const struct edge *edge = out ? LIST_ENTRY(l, struct edge, at_owner)
					      : LIST_ENTRY(l, struct edge, at_target);

		if (edge->kind != EDGE_LINK)
			pids_add(pids, out ? edge->target->pid : edge->owner->pid);
	}
}

size_t core_ties(const struct core *core, actor_pid pid, enum actor_tie tie, actor_pid *ret_pids,
		 size_t max)
{
	const struct actor *actor = actor_find(core, pid);
	struct pids pids = {ret_pids, 0, max};

	if (!actor)
		return 0;
	if (tie == TIE_LINK)
		look_at_links(actor, &pids);
	else
		look_at_monitors(actor, tie == TIE_MONITOR, &pids);
	return pids.n;
}

/* ---- names ---- */

struct texts {
	const char **to; /* borrowed */
	size_t n, max;
};

static void texts_add(struct texts *texts, const char *text)
{
	if (texts->n < texts->max)
		texts->to[texts->n] = text;
	texts->n++;
}

size_t core_names_of(const struct core *core, actor_pid pid, const char **ret_names, size_t max)
{
	const struct actor *actor = actor_find(core, pid);
	struct texts texts = {ret_names, 0, max};

	if (!actor)
		return 0;
	if (actor->child && !actor->child->spawned) {
		texts_add(&texts, actor->child->path);
		LIST_EACH (l, &actor->child->aliases)
			texts_add(&texts, LIST_ENTRY(l, struct name, link)->text);
	}
	LIST_EACH (l, &actor->names)
		texts_add(&texts, LIST_ENTRY(l, struct name, link)->text);
	return texts.n;
}

bool core_view_name(const struct core *core, const char *text, struct name_view *ret_view)
{
	const struct actor *actor = registry_find(core, text);
	const struct name *name = strmap_get(&core->names, text);
	const struct child *c = strmap_get(&core->paths, text);
	actor_pid pid;

	if (!actor || actor_pid_parse(text, &pid) == 0)
		return false;
	if (c && &c->actor == actor)
		*ret_view = (struct name_view){c->path, NAME_PATH, actor->pid};
	else
		*ret_view = (struct name_view){
			name->text, name->alias ? NAME_ALIAS : NAME_REGISTERED, actor->pid};
	return true;
}

static void look_at_table(const struct core *core, const struct strmap *table, struct texts *texts)
{
	for (size_t i = 0; i < table->capacity; i++) {
		const char *text = table->slots[i].key;
		/* A path that somebody had registered before: once. */
		bool twice = table == &core->names && text && strmap_get(&core->paths, text);

		if (text && !twice && registry_find(core, text))
			texts_add(texts, text);
	}
}

size_t core_names(const struct core *core, const char **ret_names, size_t max)
{
	struct texts texts = {ret_names, 0, max};

	look_at_table(core, &core->paths, &texts);
	look_at_table(core, &core->names, &texts);
	return texts.n;
}
