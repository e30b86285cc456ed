/* SPDX-License-Identifier: MIT */

/*
 * The invariants of actors: what ties them, what they are called, and by which connections they
 * speak. Whatever is counted somewhere is counted again here, over everybody who has a record.
 */

#include "core/model.h"

/* What was found at all actors together. */
struct tally {
	size_t edges_out, edges_in, letters;
	size_t names, holders; /* holders: names that the registry knows as such */
	size_t pids, sources, unsent;
	const char *broken;
};

static void expect(struct tally *t, bool so, const char *broken)
{
	if (!so && !t->broken)
		t->broken = broken;
}

/* ---- ties ---- */

static void check_edge(struct tally *t, const struct actor *owner, const struct edge *edge)
{
	t->edges_out++;
	expect(t, edge->owner == owner && edge->target, "an edge is on a list of someone else");
	if (t->broken)
		return;
	expect(t, actor_is_alive(edge->target), "an edge leads to the dead");
	expect(t, edge->reason.kind == REASON_NONE, "an edge has a reason before its end");
	if (edge->kind != EDGE_LINK) {
		expect(t, edge_find_ref(owner, edge->ref) == edge, "a monitor is not in the table");
		return;
	}
	expect(t, edge_find_link(owner, edge->target) == edge, "a link is not in the table");
	expect(t, edge_find_link(edge->target, owner) == edge, "a link is not symmetric");
	expect(t, edge->owner != edge->target, "an actor is linked to itself");
}

static void check_letter(struct tally *t, const struct actor *receiver, const struct edge *letter)
{
	t->letters++;
	expect(t, letter->owner == receiver && !letter->target, "a letter is at someone else's");
	expect(t, letter->reason.kind != REASON_NONE, "a letter gives no reason");
	expect(t, letter->kind == EDGE_LINK || edge_find_ref(receiver, letter->ref) == letter,
	       "a letter is not in the table");
}

static void check_ties(struct tally *t, const struct actor *actor)
{
	uint32_t refs = 0;

	LIST_EACH (l, &actor->edges_out) {
		check_edge(t, actor, LIST_ENTRY(l, struct edge, at_owner));
		refs += LIST_ENTRY(l, struct edge, at_owner)->kind != EDGE_LINK;
	}
	LIST_EACH (l, &actor->edges_in) {
		t->edges_in++;
		expect(t, LIST_ENTRY(l, struct edge, at_target)->target == actor,
		       "an edge is on a list of someone else");
	}
	LIST_EACH (l, &actor->letters) {
		check_letter(t, actor, LIST_ENTRY(l, struct edge, at_owner));
		refs += LIST_ENTRY(l, struct edge, at_owner)->kind != EDGE_LINK;
	}
	expect(t, actor->n_refs == refs, "an actor has lost count of its refs");
	expect(t, list_is_empty(&actor->letters) == list_is_empty(&actor->unsent),
	       "letters wait, and nobody will send them");
	t->unsent += !list_is_empty(&actor->unsent);
	expect(t, !actor->ended && list_is_empty(&actor->in_signals),
	       "an end that nobody was told of");
}

/* ---- names ---- */

static void check_names(struct tally *t, const struct actor *actor, const struct list *names,
			bool alias)
{
	LIST_EACH (l, names) {
		const struct name *name = LIST_ENTRY(l, struct name, link);
		const struct name *known = strmap_get(&actor->core->names, name->text);

		t->names++;
		t->holders += known == name;
		expect(t, name->actor == actor && name->alias == alias,
		       "a name is on a list of someone else");
		expect(t, known == name || alias, "a name that was registered is not known");
		expect(t, known, "a name that is reserved is not known");
	}
}

/* ---- one actor ---- */

static void check_sources(struct tally *t, const struct actor *actor)
{
	size_t own = 0;

	LIST_EACH (l, &actor->sources) {
		const struct source *source = LIST_ENTRY(l, struct source, link);

		t->sources++;
		own += source->role != ROLE_HELPER;
		expect(t, source->actor == actor && source_find(actor->core, source->id) == source,
		       "a connection is of someone else");
		expect(t, (source->role == ROLE_GUEST) == !actor->child,
		       "a guest speaks as a service, or the other way round");
	}
	expect(t, own <= 1, "an actor has two connections of its own");
	expect(t, own || actor->child || actor->gone, "a guest without a connection");
}

/* Who has ended owns nothing, and nothing leads to it. */
static void check_dead(struct tally *t, const struct actor *actor)
{
	expect(t, list_is_empty(&actor->edges_out) && list_is_empty(&actor->edges_in),
	       "a dead actor is tied to someone");
	expect(t, list_is_empty(&actor->letters), "a letter waits for the dead");
	expect(t, list_is_empty(&actor->names), "a dead actor has a name");
	expect(t, list_is_empty(&actor->sources), "a dead actor has a connection");
}

static void check_actor(struct tally *t, const struct actor *actor)
{
	bool is_bound = actor_find(actor->core, actor->pid) == actor;

	t->pids += is_bound;
	check_ties(t, actor);
	check_names(t, actor, &actor->names, false);
	check_sources(t, actor);
	if (actor_is_alive(actor))
		expect(t, is_bound, "a living actor is not found by its pid");
	else
		check_dead(t, actor);
}

static void check_child(struct tally *t, const struct child *c)
{
	check_actor(t, &c->actor);
	check_names(t, &c->actor, &c->aliases, true);
}

/* ---- all ---- */

static void check_guests(struct tally *t, const struct core *core)
{
	size_t n = 0;

	LIST_EACH (l, &core->guests) {
		const struct actor *actor = LIST_ENTRY(l, struct actor, in_core);

		n++;
		check_actor(t, actor);
		expect(t, !actor->child && !actor->gone, "a guest has ended and is still there");
	}
	LIST_EACH (l, &core->gone) {
		const struct actor *actor = LIST_ENTRY(l, struct actor, in_core);

		n++;
		check_actor(t, actor);
		expect(t, actor->gone, "a guest goes that has not ended");
	}
	expect(t, n == core->n_guests, "guests were lost or leaked");
}

static void check_totals(struct tally *t, const struct core *core)
{
	size_t unsent = 0;

	LIST_EACH (l, &core->unsent) {
		unsent++;
	}
	expect(t, list_is_empty(&core->signals), "an exit signal was not worked off");
	expect(t, t->edges_out == t->edges_in, "an edge is at one of its ends only");
	expect(t, t->edges_out + t->letters == core->edges.used, "the table has lost count");
	expect(t, t->names == core->n_names, "names were lost or leaked");
	expect(t, t->holders == core->names.used, "a name that nobody has is known");
	expect(t, t->pids == core->pids.used, "a pid leads to nobody");
	expect(t, t->sources == core->sources.used, "a connection is nobody's");
	expect(t, t->unsent == unsent, "letters of nobody wait");
}

const char *actor_check_all(const struct core *core)
{
	struct tally t = {0};

	for (const struct child *c = core->root; c; c = tree_next(c, core->root))
		check_child(&t, c);
	LIST_EACH (l, &core->spawned) {
		check_child(&t, LIST_ENTRY(l, struct child, link));
	}
	LIST_EACH (l, &core->dying) {
		check_child(&t, LIST_ENTRY(l, struct child, dying_link));
	}
	check_guests(&t, core);
	check_totals(&t, core);
	return t.broken;
}
