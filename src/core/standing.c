/* SPDX-License-Identifier: MIT */

/*
 * Standing links (the key `link`, SEMANTICS D16): the core itself links two children whenever both
 * run, anew for each pair of incarnations. A partner is named by its path and need not be there: a
 * standing link fails nothing and waits for nothing.
 *
 * All that name the same partner form a ring, which is found by that name: so whoever gets ready
 * finds both those that it names and those that name it. A link for which there is no memory just
 * then is made later.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/model.h"
#include "core/signal.h"

struct standing {
	struct list at_child; /* child.standings */
	struct list ring;     /* of all that name the same partner */
	struct child *child;  /* borrowed; whose spec it stands in */
	char partner[];
};

/* ---- records ---- */

static struct standing *standing_add(struct child *c, const char *partner)
{
	struct strmap *standings = &c->core->standings;
	size_t size = strlen(partner) + 1;
	struct standing *s = calloc(1, sizeof(*s) + size);
	struct standing *known;

	if (!s)
		return NULL;
	s->child = c;
	memcpy(s->partner, partner, size);
	list_init(&s->at_child);
	list_init(&s->ring);
	known = strmap_get(standings, partner);
	if (!known && strmap_set(standings, s->partner, s) < 0) {
		free(s);
		return NULL;
	}
	if (known)
		list_append(&known->ring, &s->ring);
	list_append(&c->standings, &s->at_child);
	return s;
}

static void standing_free(struct standing *s)
{
	struct strmap *standings = &s->child->core->standings;

	if (strmap_get(standings, s->partner) == s) {
		struct standing *next = LIST_ENTRY(s->ring.next, struct standing, ring);

		if (next == s)
			strmap_remove(standings, s->partner);
		else
			strmap_set(standings, next->partner, next);
	}
	list_unlink(&s->ring);
	list_unlink(&s->at_child);
	free(s);
}

int standing_reserve(struct child *c)
{
	char *const *links = c->spec->links;

	for (size_t i = 0; links && links[i]; i++)
		if (!standing_add(c, links[i]))
			return -ENOMEM;
	return 0;
}

void standing_release(struct child *c)
{
	list_unlink(&c->unlinked);
	LIST_EACH (l, &c->standings) {
		standing_free(LIST_ENTRY(l, struct standing, at_child));
	}
}

/* ---- links ---- */

/* False: no memory. */
static bool standing_link(struct child *one, struct child *other)
{
	if (!other || one->state != CHILD_RUNNING || other->state != CHILD_RUNNING)
		return true;
	return signal_link(&one->actor, &other->actor, chain_last(one)) >= 0;
}

void standing_ready(struct child *c)
{
	struct standing *first = strmap_get(&c->core->standings, c->path);
	bool done = true;

	LIST_EACH (l, &c->standings) {
		const struct standing *s = LIST_ENTRY(l, struct standing, at_child);

		done &= standing_link(c, strmap_get(&c->core->paths, s->partner));
	}
	if (first) {
		done &= standing_link(first->child, c);
		LIST_EACH (l, &first->ring) {
			done &= standing_link(LIST_ENTRY(l, struct standing, ring)->child, c);
		}
	}
	if (done)
		list_unlink(&c->unlinked);
	else if (list_is_empty(&c->unlinked))
		list_append(&c->core->unlinked, &c->unlinked);
}

static void standing_cut(struct child *one, struct child *other)
{
	if (other)
		signal_unlink(&one->actor, &other->actor, chain_last(one));
}

void standing_unlink(struct child *c)
{
	const struct standing *first = strmap_get(&c->core->standings, c->path);

	list_unlink(&c->unlinked);
	LIST_EACH (l, &c->standings) {
		const struct standing *s = LIST_ENTRY(l, struct standing, at_child);

		standing_cut(c, strmap_get(&c->core->paths, s->partner));
	}
	if (!first)
		return;
	standing_cut(c, first->child);
	LIST_EACH (l, &first->ring) {
		standing_cut(c, LIST_ENTRY(l, struct standing, ring)->child);
	}
}

void standing_retry(struct core *core)
{
	LIST_EACH (l, &core->unlinked) {
		standing_ready(LIST_ENTRY(l, struct child, unlinked));
	}
}
