/* SPDX-License-Identifier: MIT */

/*
 * Spawned processes: actors that other actors start. Such a child stands outside the tree, on
 * core.spawned: nobody restarts it, and its record goes with its end. Its life is that of every
 * child, by the table in child.c.
 *
 * What a spawn asks for is there before the process is: the link and the monitor are made first, so
 * that no end is too early for them. Where it can not be started at all the answer says so, and
 * nothing else does: who asked hears of no end of what never was.
 *
 * Before the tree is shut down all of them are told to end, at once; where the root ends by itself,
 * together with it. Their links take nobody with them then. The tree has not ended while one of
 * them is left.
 */

#include <errno.h>

#include "core/model.h"
#include "core/signal.h"

/* ---- the request ---- */

static const char *spawned_refusal(const struct actor *asker, const struct request *request)
{
	if (asker->n_spawned >= CORE_SPAWNED_MAX)
		return "it has spawned 1000 processes that have not ended: one more is refused";
	if (request->ref && signal_refuses_ref(asker, request->ref))
		return "the ref for its monitor is in use, or it has too many monitors";
	return NULL;
}

/* As another user; true after the answer that says why it may not. */
static bool spawned_is_forbidden(struct core *core, const struct request *request,
				 const struct actor *asker)
{
	struct rights_who who = actor_who(asker);
	struct rights_whom whom = {.uid = request->uid, .name = request->child};
	const char *refusal = request->child ? rights_refusal(&who, RIGHTS_SPAWN, &whom) : NULL;

	if (refusal)
		ask_refuse(core, request, ANSWER_NOT_PERMITTED, refusal);
	return refusal;
}

/* Those that were made go with the record. 0, -ENOMEM. */
static int spawned_tie(struct child *c, struct actor *asker, const struct request *request)
{
	int r = 0;

	/* The next one, which child_start() gives it. */
	c->actor.pid.n = c->core->next_pid;
	if (request->on)
		r = signal_link(asker, &c->actor, cause_origin(ORIGIN_SPAWN));
	if (r == 0 && request->ref &&
	    !edge_add_monitor(asker, &c->actor, EDGE_MONITOR, request->ref, NULL))
		r = -ENOMEM;
	return r;
}

static void spawned_untie(struct actor *actor)
{
	struct list *l;

	while ((l = actor->edges_in.next) != &actor->edges_in)
		edge_remove(LIST_ENTRY(l, struct edge, at_target));
	while ((l = actor->edges_out.next) != &actor->edges_out)
		edge_remove(LIST_ENTRY(l, struct edge, at_owner));
}

void spawned_request(struct core *core, const struct request *request)
{
	struct actor *asker = ask_asker(core, request);
	const char *refusal;
	struct child *c;

	if (!asker)
		return;
	refusal = spawned_refusal(asker, request);
	if (core->shutting_down || !core->root->live || core->root->state == CHILD_STOPPING) {
		ask_answer(core, request, ANSWER_SHUTTING_DOWN, ACTOR_PID_NONE);
		return;
	}
	if (refusal) {
		ask_refuse(core, request, ANSWER_REFUSED, refusal);
		return;
	}
	if (spawned_is_forbidden(core, request, asker))
		return;
	if (tree_add_spawned(core, request->spec, &c) < 0) {
		ask_answer(core, request, ANSWER_NO_MEMORY, ACTOR_PID_NONE);
		return;
	}
	if (spawned_tie(c, asker, request) < 0) {
		spawned_untie(&c->actor);
		tree_forget(c);
		ask_answer(core, request, ANSWER_NO_MEMORY, ACTOR_PID_NONE);
		return;
	}
	c->creator = asker->pid;
	asker->n_spawned++;
	c->spawn_id = request->id;
	child_start(c, cause_origin(ORIGIN_SPAWN));
	actor_pid_format(c->actor.pid, c->path);
}

void spawned_forget(struct core *core, uint64_t id)
{
	LIST_EACH (l, &core->spawned) {
		struct child *c = LIST_ENTRY(l, struct child, link);

		if (c->spawn_id == id)
			c->spawn_id = 0;
	}
}

/* ---- its start and its end ---- */

static void spawned_answer(struct child *c, enum answer answer)
{
	struct reply reply = {
		.id = c->spawn_id, .answer = answer, .slot = c->slot, .blocker = SLOT_NONE};

	c->spawn_id = 0;
	if (!reply.id)
		return;
	if (answer == ANSWER_OK)
		reply.pid = c->actor.pid;
	else
		reply.reason = reason_copy(&c->reason);
	effect_reply(c->core, &reply);
}

static void spawned_down(struct child *c)
{
	struct core *core = c->core;
	struct actor *creator = actor_find(core, c->creator);

	if (!c->was_ready) {
		spawned_answer(c, ANSWER_START_FAILED);
		spawned_untie(&c->actor);
	}
	if (creator && creator->pid.n == c->creator.n)
		creator->n_spawned--;
	child_settle(c, CHILD_DONE);
	tree_forget(c);
	if (list_is_empty(&core->spawned))
		core_spawned_gone(core);
}

void spawned_post(struct child *c, uint8_t news)
{
	if (news == NEWS_READY)
		spawned_answer(c, ANSWER_OK);
	else
		spawned_down(c);
}

/* ---- the end of all ---- */

/* Nobody goes with it: who is in the tree is stopped in its turn, not restarted before that. */
static void spawned_unlink(struct actor *actor, struct list *edges, bool out)
{
	LIST_EACH (l, edges) {
		struct edge *edge = out ? LIST_ENTRY(l, struct edge, at_owner)
					: LIST_ENTRY(l, struct edge, at_target);

		if (edge->kind == EDGE_LINK && !actor_traps(edge_other(edge, actor)))
			edge_remove(edge);
	}
}

void spawned_stop_all(struct core *core, struct cause cause)
{
	LIST_EACH (l, &core->spawned) {
		struct child *c = LIST_ENTRY(l, struct child, link);

		spawned_unlink(&c->actor, &c->actor.edges_in, false);
		spawned_unlink(&c->actor, &c->actor.edges_out, true);
		child_stop(c, cause);
	}
}

void spawned_kill_all(struct core *core, struct cause cause)
{
	LIST_EACH (l, &core->spawned) {
		child_kill(LIST_ENTRY(l, struct child, link), cause, ACTOR_PID_NONE);
	}
}
