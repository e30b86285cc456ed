/* SPDX-License-Identifier: MIT */

/* core_check() sees it where one of the things that it looks at is not as it should be. */

#include <criterion/criterion.h>

#include "tests/core/support.h"

static struct world w;

static void setup(void)
{
	world_init(&w);
}

static void teardown(void)
{
	world_fini(&w);
}

TestSuite(actor_check, .init = setup, .fini = teardown);

static struct actor *actor_at(const char *path)
{
	return &w.core->slots[core_find(w.core, path)]->actor;
}

/* a is linked to b and has the name n, b has the alias z; a guest monitors b. */
static void boot(void)
{
	uint64_t guest;

	world_boot(&w, "/{a b(alias=z)}");
	world_join(&w, ROLE_MAIN, "a");
	guest = world_guest(&w, 0);
	world_by(&w, 1, REQUEST_LINK, "b", NULL);
	world_by(&w, 1, REQUEST_REGISTER, NULL, "n");
	world_frame(&w, guest,
		    &(struct wire_frame){.op = WIRE_MONITOR, .to = actor_at("b")->pid.n, .ref = 7});
	cr_assert_null(core_check(w.core));
}

Test(actor_check, every_damage_is_seen)
{
	struct edge *link, *monitor;
	struct actor *a, *b, *guest;
	struct name *name;

	boot();
	a = actor_at("a");
	b = actor_at("b");
	link = LIST_ENTRY(a->edges_out.next, struct edge, at_owner);
	monitor = LIST_ENTRY(b->edges_in.prev, struct edge, at_target);
	guest = LIST_ENTRY(w.core->guests.next, struct actor, in_core);
	name = LIST_ENTRY(a->names.next, struct name, link);
	const struct {
		void *at; /* its lowest bit is turned over */
		const char *broken;
	} rows[] = {
		{&link->ref, "a link is not in the table"},
		{&monitor->ref, "a monitor is not in the table"},
		{&link->reason.kind, "an edge has a reason before its end"},
		{&w.core->edges.used, "the table has lost count"},
		{&a->ended, "an end that nobody was told of"},
		{&name->alias, "a name is on a list of someone else"},
		{&w.core->n_names, "names were lost or leaked"},
		{&w.core->names.used, "a name that nobody has is known"},
		{&w.core->pids.used, "a pid leads to nobody"},
		{&w.core->sources.used, "a connection is nobody's"},
		{&w.core->n_guests, "guests were lost or leaked"},
		{&a->pid.n, "a link is not in the table"},
		{&guest->pid.n, "a monitor is not in the table"},
		{&guest->gone, "a dead actor is tied to someone"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t *byte = rows[i].at;
		const char *broken;

		*byte ^= 1;
		broken = core_check(w.core);
		*byte ^= 1;
		cr_expect_str_eq(broken ? broken : "", rows[i].broken, "%s: %s", rows[i].broken,
				 broken);
	}
	cr_expect_null(core_check(w.core));
}

/* The node is put elsewhere, and back. */
static void expect_astray(struct list *node, struct list *where, const char *broken)
{
	struct list *next = node->next;
	const char *found;

	list_unlink(node);
	if (where)
		list_append(where, node);
	found = core_check(w.core);
	list_unlink(node);
	list_insert_before(next, node);
	cr_expect_str_eq(found ? found : "", broken);
	cr_expect_null(core_check(w.core));
}

Test(actor_check, nothing_is_on_a_list_of_someone_else)
{
	struct actor *a, *b;

	boot();
	a = actor_at("a");
	b = actor_at("b");
	expect_astray(a->edges_out.next, &b->edges_out, "an edge is on a list of someone else");
	expect_astray(b->edges_in.next, NULL, "an edge is at one of its ends only");
	expect_astray(b->edges_in.next, &a->edges_in, "an edge is on a list of someone else");
	expect_astray(a->names.next, &b->names, "a name is on a list of someone else");
	expect_astray(a->sources.next, &b->sources, "a connection is of someone else");
	expect_astray(a->edges_out.next, &a->letters, "a letter is at someone else's");
}
