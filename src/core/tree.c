/* SPDX-License-Identifier: MIT */

/*
 * The records: who is on whose list, under which path, slot and pid. A supervisor's records come
 * from its spec and stay, with their counters and holds, while it is down; what was added by a call
 * goes when it ends (SEMANTICS 164). A forgotten record stays readable until the next step, because
 * effects name it.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"
#include "core/overlap.h"

/* Twice what one event, or one item of a queue, may lead to for one child at the most. */
#define EFFECTS_PER_CHILD 20
/* Between the places of two that were admitted one after the other: room for others. */
#define PLACE_GAP (UINT64_C(1) << 20)

struct child *tree_next_kid(const struct supervisor *s, const struct child *c)
{
	const struct list *l = c ? c->link.next : s->kids.next;

	return l == &s->kids ? NULL : LIST_ENTRY(l, struct child, link);
}

struct child *tree_previous_kid(const struct supervisor *s, const struct child *c)
{
	const struct list *l = c ? c->link.prev : s->kids.prev;

	return l == &s->kids ? NULL : LIST_ENTRY(l, struct child, link);
}

struct child *tree_next(const struct child *c, const struct child *top)
{
	struct child *next = c->sup ? tree_next_kid(c->sup, NULL) : NULL;

	while (!next && c != top) {
		next = tree_next_kid(c->parent, c);
		c = c->parent->self;
	}
	return next;
}

void tree_move_behind(struct child *c, const struct child *sibling)
{
	const struct child *next;

	list_unlink(&c->link);
	list_insert_before(sibling->link.next, &c->link);
	next = tree_next_kid(c->parent, c);
	c->place = next ? sibling->place + (next->place - sibling->place) / 2 : c->place;
	if (c->place > sibling->place)
		return;
	LIST_EACH (l, &c->parent->kids) {
		LIST_ENTRY(l, struct child, link)->place = c->core->next_place += PLACE_GAP;
	}
}

/* ---- admission ---- */

/* The record and its path, in one block of memory. */
static struct child *child_new(const struct supervisor *parent, const struct spec *spec)
{
	const char *above = parent && parent->self->parent ? parent->self->path : "";
	const char *name = parent ? spec->name : "/";
	char number[24] = "";
	struct child *c;
	size_t size;

	if (parent && parent->self->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE)
		snprintf(number, sizeof(number), "@%llu",
			 (unsigned long long)parent->next_instance + 1);
	size = strlen(above) + strlen(name) + strlen(number) + 2;
	c = calloc(1, sizeof(*c) + size);
	if (!c)
		return NULL;
	c->path = (char *)(c + 1);
	snprintf(c->path, size, "%s%s%s%s", above, *above ? "/" : "", name, number);
	return c;
}

static int tree_take_slot(struct core *core, struct child *c)
{
	size_t want = core->n_slots + 1;
	size_t capacity;
	struct child **slots, **timers;
	uint32_t *free_slots;

	if (want > core->slots_capacity) {
		capacity = core->slots_capacity ? 2 * core->slots_capacity : 16;
		slots = realloc(core->slots, capacity * sizeof(*slots));
		if (!slots)
			return -ENOMEM;
		core->slots = slots;
		free_slots = realloc(core->free_slots, capacity * sizeof(*free_slots));
		if (!free_slots)
			return -ENOMEM;
		core->free_slots = free_slots;
		timers = realloc(core->timers, capacity * sizeof(struct child *));
		if (!timers)
			return -ENOMEM;
		core->timers = timers;
		if (chain_reserve(core, capacity) < 0)
			return -ENOMEM;
		core->slots_capacity = capacity;
	}
	c->slot = core->n_free ? core->free_slots[--core->n_free] : (uint32_t)core->n_slots++;
	core->slots[c->slot] = c;
	return 0;
}

static struct supervisor *supervisor_new(struct child *self)
{
	struct supervisor *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->self = self;
	list_init(&s->kids);
	list_init(&s->queue);
	list_init(&s->news);
	list_init(&s->on_agenda);
	list_init(&s->put_off);
	if (self->spec->give_up == GIVE_UP_ESCALATE &&
	    window_init(&s->window, self->spec->intensity) < 0) {
		free(s);
		return NULL;
	}
	return s;
}

static void child_free(struct child *c)
{
	if (!c)
		return;
	registry_unreserve(c);
	standing_release(c);
	depend_release(c);
	actor_fini(&c->actor);
	if (c->sup)
		window_fini(&c->sup->window);
	free(c->sup);
	spec_unref(c->spec);
	strings_free(c->args);
	window_fini(&c->window);
	reason_fini(&c->verdict);
	reason_fini(&c->reason);
	chain_fini(c);
	free(c);
}

static void child_init(struct child *c, struct core *core, struct supervisor *parent)
{
	c->core = core;
	c->parent = parent;
	c->depth = parent ? parent->self->depth + 1 : 0;
	c->since = core->now;
	c->parked_by = c->waits_for = SLOT_NONE;
	c->place = core->next_place += PLACE_GAP;
	c->listed = true;
	c->exit_item = (struct item){.kind = ITEM_EXIT, .child = c};
	c->retry_item = (struct item){.kind = ITEM_RETRY, .child = c};
	actor_init(&c->actor, core, c);
	list_init(&c->aliases);
	list_init(&c->standings);
	list_init(&c->depends);
	list_init(&c->due_link);
	list_init(&c->unlinked);
	list_init(&c->link);
	list_init(&c->exit_item.link);
	list_init(&c->retry_item.link);
	list_init(&c->news_link);
	list_init(&c->waiters);
	list_init(&c->dying_link);
}

static int child_build(struct child *c, struct spec *spec, char **args)
{
	const struct supervisor *parent = c->parent;
	const struct spec *above = parent ? parent->self->spec : NULL;

	c->spec = spec_ref(spec);
	c->args = strings_copy(args);
	if (args && !c->args)
		return -ENOMEM;
	if (spec->type == CHILD_SUPERVISOR && !(c->sup = supervisor_new(c)))
		return -ENOMEM;
	if (above && above->give_up == GIVE_UP_HOLD)
		return window_init(&c->window, above->intensity);
	return 0;
}

/* All that a record needs, wherever it stands. 0; -ENOMEM, and then it is freed. */
static int tree_admit(struct core *core, struct child *c, struct spec *spec, char **args)
{
	int r = child_build(c, spec, args);

	if (r >= 0)
		r = strmap_reserve(&core->paths, core->n_children + 1);
	if (r >= 0)
		r = map_reserve(&core->pids, core->n_children + core->n_guests + 1);
	if (r >= 0)
		r = registry_reserve(c);
	if (r >= 0)
		r = standing_reserve(c);
	if (r >= 0)
		r = depend_reserve(c);
	if (r >= 0)
		r = effect_reserve(core, EFFECTS_PER_CHILD);
	if (r >= 0)
		r = tree_take_slot(core, c);
	if (r < 0) {
		child_free(c);
		return r;
	}
	core->n_children++;
	return 0;
}

/* One record, nothing below it. */
static int tree_add_one(struct core *core, struct supervisor *parent, struct spec *spec,
			char **args, struct child **ret_child)
{
	struct child *c = child_new(parent, spec);
	int r = c ? 0 : -ENOMEM;

	if (r < 0)
		return r;
	child_init(c, core, parent);
	r = tree_admit(core, c, spec, args);
	if (r < 0)
		return r;
	c->held = !spec->autostart;
	c->state = c->held ? CHILD_STOPPED : CHILD_WAITING;
	strmap_remove(&core->paths, c->path);
	strmap_set(&core->paths, c->path, c);
	if (parent) {
		list_append(&parent->kids, &c->link);
		parent->n_kids++;
		parent->n_listed++;
		if (parent->self->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE)
			parent->next_instance++;
	}
	depend_changed(c);
	*ret_child = c;
	return 0;
}

int tree_add_beside(struct child *c, struct child **ret_child)
{
	struct supervisor *parent = c->parent;
	struct child *beside = child_new(parent, c->spec);
	int r = beside ? 0 : -ENOMEM;

	if (r < 0)
		return r;
	child_init(beside, c->core, parent);
	r = tree_admit(c->core, beside, c->spec, NULL);
	if (r < 0)
		return r;
	beside->state = CHILD_WAITING;
	beside->listed = false;
	beside->dynamic = true;
	list_append(&parent->kids, &beside->link);
	parent->n_kids++;
	tree_move_behind(beside, c);
	*ret_child = beside;
	return 0;
}

int tree_add_spawned(struct core *core, struct spec *spec, struct child **ret_child)
{
	struct child *c = calloc(1, sizeof(*c) + ACTOR_PID_TEXT_MAX);
	int r;

	if (!c)
		return -ENOMEM;
	c->path = (char *)(c + 1);
	child_init(c, core, NULL);
	c->spawned = true;
	c->listed = false;
	r = tree_admit(core, c, spec, NULL);
	if (r < 0)
		return r;
	c->state = CHILD_WAITING;
	list_append(&core->spawned, &c->link);
	*ret_child = c;
	return 0;
}

/* The children that a supervisor's spec names; the work list is the tree that grows. */
static int tree_add_below(struct core *core, struct child *top)
{
	struct child *kid;
	int r;

	for (struct child *c = top; c; c = tree_next(c, top)) {
		if (!c->sup || c->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE)
			continue;
		for (uint32_t i = 0; i < c->spec->n_children; i++) {
			struct spec *spec = c->spec->children[i];

			r = spec->template ? instances_add_all(c->sup, spec)
					   : tree_add_one(core, c->sup, spec, NULL, &kid);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

int tree_add(struct core *core, struct supervisor *parent, struct spec *spec, char **args,
	     bool dynamic, struct child **ret_child)
{
	struct child *c;
	int r = tree_add_one(core, parent, spec, args, &c);

	if (r < 0)
		return r;
	c->dynamic = dynamic;
	r = tree_add_below(core, c);
	if (r < 0) {
		tree_forget(c);
		return r;
	}
	*ret_child = c;
	return 0;
}

/* ---- names ---- */

struct child *tree_find_kid(const struct supervisor *s, const char *name)
{
	const char *above = s->self->parent ? s->self->path : "";
	char path[SPEC_PATH_MAX + SPEC_NAME_MAX + 2];
	int size = snprintf(path, sizeof(path), "%s%s%s", above, *above ? "/" : "", name);
	struct child *known;

	if (size > 0 && (size_t)size < sizeof(path)) {
		known = strmap_get(&s->self->core->paths, path);
		return known && known->parent == s && known->listed ? known : NULL;
	}
	LIST_EACH (l, &s->kids) {
		struct child *c = LIST_ENTRY(l, struct child, link);

		if (c->listed && strcmp(c->spec->name, name) == 0)
			return c;
	}
	return NULL;
}

void tree_pass_path(struct child *from, struct child *to)
{
	strmap_remove(&from->core->paths, from->path);
	strmap_set(&to->core->paths, to->path, to);
}

/* The path goes to another record of the same name that is still known, or to none. */
static void tree_release_path(struct child *c)
{
	struct core *core = c->core;

	if (strmap_get(&core->paths, c->path) != c)
		return;
	strmap_remove(&core->paths, c->path);
	if (!c->parent)
		return;
	LIST_EACH (l, &c->parent->kids) {
		struct child *other = LIST_ENTRY(l, struct child, link);

		if (other != c && !other->dying && !overlap_is_unseen(other) &&
		    strcmp(other->path, c->path) == 0) {
			strmap_set(&core->paths, other->path, other);
			return;
		}
	}
}

/* ---- leaving ---- */

void tree_unlist(struct child *c)
{
	if (c->state == CHILD_WAITING)
		child_settle(c, CHILD_STOPPED); /* for nobody any more */
	if (c->listed) {
		c->listed = false;
		c->parent->n_listed--;
	}
	if (c->dynamic && !c->live) {
		tree_forget(c);
	} else {
		depend_changed(c);
		waiter_unlisted(c);
	}
}

/* Nobody waits any more for what is no more. */
static void tree_unpark(const struct child *c)
{
	if (!c->parent)
		return;
	LIST_EACH (l, &c->parent->kids) {
		struct child *other = LIST_ENTRY(l, struct child, link);

		if (other->parked_by == c->slot)
			other->parked_by = SLOT_NONE;
	}
}

/* The record leaves every list but its parent's tree walk; memory goes at the next step. */
static void tree_forget_one(struct child *c)
{
	struct core *core = c->core;

	if (c->dying)
		return;
	c->dying = true;
	if (c->listed && c->parent) {
		c->listed = false;
		c->parent->n_listed--;
	}
	waiter_drop_all(c);
	call_drop_child(c);
	overlap_forget(c);
	timer_cancel(c);
	list_unlink(&c->exit_item.link);
	list_unlink(&c->retry_item.link);
	list_unlink(&c->news_link);
	registry_unreserve(c);
	standing_release(c);
	actor_fini(&c->actor);
	tree_release_path(c);
	depend_changed(c);
	depend_release(c);
	tree_unpark(c);
	if (c->sup) {
		list_unlink(&c->sup->on_agenda);
		list_unlink(&c->sup->put_off);
	}
	if (c->spawned)
		list_unlink(&c->link);
	effect_add(core, FX_FORGET, c);
	list_append(&core->dying, &c->dying_link);
}

void tree_forget(struct child *c)
{
	if (c->dying)
		return;
	for (struct child *it = c; it; it = tree_next(it, c))
		tree_forget_one(it);
	for (struct child *it = c, *next; it; it = next) {
		next = tree_next(it, c);
		if (it->parent)
			it->parent->n_kids--;
	}
	if (c->parent) {
		job_forget_kid(c->parent, c);
		list_unlink(&c->link);
	}
}

void tree_reap(struct core *core)
{
	struct list *l;

	while ((l = list_take_first(&core->dying))) {
		struct child *c = LIST_ENTRY(l, struct child, dying_link);

		core->slots[c->slot] = NULL;
		core->free_slots[core->n_free++] = c->slot;
		core->n_children--;
		effect_release(core, EFFECTS_PER_CHILD);
		child_free(c);
	}
}

void tree_relist(struct supervisor *s)
{
	for (struct child *c = tree_next_kid(s, NULL), *next; c; c = next) {
		next = tree_next_kid(s, c);
		if (c->dynamic) {
			tree_forget(c);
			continue;
		}
		c->removed = false;
		c->parked_by = SLOT_NONE;
		if (!c->listed) {
			c->listed = true;
			s->n_listed++;
		}
	}
}

void tree_free(struct core *core)
{
	struct child *c = core->root, *up;

	struct list *l;

	tree_reap(core);
	while ((l = list_take_first(&core->spawned)))
		child_free(LIST_ENTRY(l, struct child, link));
	while (c) {
		while (c->sup && !list_is_empty(&c->sup->kids))
			c = tree_next_kid(c->sup, NULL);
		up = c->parent ? c->parent->self : NULL;
		list_unlink(&c->link);
		child_free(c);
		c = up;
	}
	core->root = NULL;
}
