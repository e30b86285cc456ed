/* SPDX-License-Identifier: MIT */

/*
 * The life of an actor's record: from a pid to the end of it. What an end means to others is told
 * here in one step, before any supervisor acts on it; that a process ends at all is child.c's.
 */

#include <stdlib.h>

#include "core/mailbox.h"
#include "core/model.h"
#include "core/signal.h"

void actor_init(struct actor *actor, struct core *core, struct child *child)
{
	actor->core = core;
	actor->child = child;
	actor->uid = RIGHTS_NO_UID;
	list_init(&actor->edges_out);
	list_init(&actor->edges_in);
	list_init(&actor->letters);
	list_init(&actor->in_signals);
	list_init(&actor->unsent);
	list_init(&actor->names);
	list_init(&actor->sources);
	list_init(&actor->lanes);
}

static void actor_unbind_pid(struct actor *actor)
{
	struct map *pids = &actor->core->pids;

	if (actor->pid.n && map_get(pids, actor->pid.n) == actor)
		map_remove(pids, actor->pid.n);
}

int actor_begin(struct actor *actor)
{
	struct core *core = actor->core;
	const struct child *c = actor->child;

	actor_unbind_pid(actor);
	actor->pid = (actor_pid){core->next_pid++};
	actor->closed = actor->admin = false;
	actor->n_spawned = 0;
	actor->trap = c && c->spec->trap_exit;
	actor->uid = c && c->sup ? core->uid : RIGHTS_NO_UID;
	return map_set(&core->pids, actor->pid.n, actor);
}

void actor_end(struct actor *actor)
{
	registry_release(actor);
	LIST_EACH (l, &actor->sources) {
		source_drop(LIST_ENTRY(l, struct source, link), "its actor has ended", true);
	}
	mailbox_end(actor);
	signal_ended(actor);
}

void actor_end_guest(struct actor *actor, const char *text, bool ended)
{
	LIST_EACH (l, &actor->sources) {
		source_drop(LIST_ENTRY(l, struct source, link), text, ended);
	}
	actor->gone = true;
	actor_end(actor);
	actor_unbind_pid(actor);
	list_unlink(&actor->in_core);
	list_append(&actor->core->gone, &actor->in_core);
}

void actor_fini(struct actor *actor)
{
	if (!actor->core)
		return;
	LIST_EACH (l, &actor->sources) {
		source_free(LIST_ENTRY(l, struct source, link));
	}
	registry_release(actor);
	outbox_free(actor);
	mailbox_free(actor->mailbox);
	signal_fini(actor);
	reason_fini(&actor->verdict);
	actor_unbind_pid(actor);
}

void actor_free_guests(struct core *core, struct list *guests)
{
	struct list *l;

	while ((l = list_take_first(guests))) {
		struct actor *actor = LIST_ENTRY(l, struct actor, in_core);

		actor_fini(actor);
		core->n_guests--;
		free(actor);
	}
}

struct actor *actor_find(const struct core *core, actor_pid pid)
{
	return pid.n ? map_get(&core->pids, pid.n) : NULL;
}

bool actor_is_alive(const struct actor *actor)
{
	return actor->child ? actor->child->live : !actor->gone;
}

bool actor_is_doomed(const struct actor *actor)
{
	const struct child *c = actor->child;

	if (!c)
		return actor->verdict.kind != REASON_NONE;
	if (c->sup || c->state == CHILD_STARTING || c->state == CHILD_RUNNING)
		return false;
	return c->state != CHILD_STOPPING || c->polite == POLITE_NOT ||
	       c->verdict.kind != REASON_NONE;
}

bool actor_traps(const struct actor *actor)
{
	return actor->trap && !actor->closed;
}

struct rights_who actor_who(const struct actor *actor)
{
	const struct core *core = actor->core;
	bool mighty = actor->uid == 0 || (actor->uid == core->uid && !actor->child);

	return (struct rights_who){.admin = actor->admin || mighty,
				   .uid = actor->uid,
				   .grants = actor->child ? actor->child->spec->grants : NULL};
}

struct rights_whom actor_whom(const struct actor *actor)
{
	const struct child *c = actor->child;

	return (struct rights_whom){.uid = actor->uid, .name = c && !c->spawned ? c->path : NULL};
}
