/* SPDX-License-Identifier: MIT */

/*
 * after, requires, provides (SEMANTICS D16), when all sections are known: names lead to somebody,
 * to nobody above or below, and nobody waits for itself, however many are between (core/order.h).
 */

#include "config/order.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "config/loader.h"
#include "core/order.h"

/* Suggestions for a wrong name are looked for among all names. */
#define SUGGESTIONS_MAX 20

/* Who has a name: the first of those that provide it, and the others. */
struct provider {
	const struct section *section; /* borrowed */
	struct provider *next;         /* owned by checker.providers */
};

struct checker {
	struct loader *loader;
	const struct section **sections; /* owned; numbers of the graph */
	uint32_t *parents, *befores;     /* owned */
	uint32_t n;
	struct map numbers;          /* section -> its number, plus one */
	struct strmap names;         /* -> struct provider */
	struct provider **providers; /* owned, and what they point to */
	size_t n_providers;
	char **texts; /* owned */
	size_t n_texts;
	size_t suggestions;
	bool wrong;
};

static void checker_fini(struct checker *k)
{
	for (size_t i = 0; i < k->n_providers; i++)
		free(k->providers[i]);
	free(k->providers);
	for (size_t i = 0; i < k->n_texts; i++)
		free(k->texts[i]);
	free(k->texts);
	free(k->sections);
	free(k->parents);
	free(k->befores);
	map_fini(&k->numbers);
	strmap_fini(&k->names);
}

static uint32_t number_of(const struct checker *k, const struct section *section)
{
	return (uint32_t)(uintptr_t)map_get(&k->numbers, (uint64_t)(uintptr_t)section) - 1;
}

/* ---- names ---- */

static int add_name(struct checker *k, const char *name, const struct section *section)
{
	struct provider *p, *known = strmap_get(&k->names, name);

	if (!array_grow(&k->providers, k->n_providers, sizeof(*k->providers)))
		return -ENOMEM;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	k->providers[k->n_providers++] = p;
	p->section = section;
	if (!known)
		return strmap_set(&k->names, name, p);
	p->next = known->next;
	known->next = p;
	return 0;
}

/* "a@", also where the section is called a. */
static int add_template(struct checker *k, const struct section *section)
{
	size_t size = strlen(section->path);
	char *name;

	if (section->path[size - 1] == '@')
		return 0;
	if (!array_grow(&k->texts, k->n_texts, sizeof(*k->texts)))
		return -ENOMEM;
	name = malloc(size + 2);
	if (!name)
		return -ENOMEM;
	k->texts[k->n_texts++] = name;
	memcpy(name, section->path, size);
	memcpy(name + size, "@", 2);
	return add_name(k, name, section);
}

/* Those who have a name. An instance that a template makes is its template here. */
static const struct provider *find_name(const struct checker *k, const char *name)
{
	const struct provider *p = strmap_get(&k->names, name);
	const char *at = strrchr(name, '@');
	char template[SPEC_PATH_MAX + 1] = "";
	uint64_t number;

	if (p || !at || !at[1] || (size_t)(at - name) + 1 >= sizeof(template))
		return p;
	memcpy(template, name, (size_t)(at - name) + 1);
	p = strmap_get(&k->names, template);
	if (!p || !p->section->spec->template ||
	    text_parse_u64(at + 1, p->section->spec->instances, &number) < 0 || number == 0)
		return NULL;
	return p;
}

static bool is_child(const struct section *section)
{
	return section->spec &&
	       (section->kind == SECTION_SUPERVISOR || section->kind == SECTION_SERVICE);
}

static int add_section(struct checker *k, const struct section *section)
{
	char *const *aliases = section->spec->aliases;
	int r = map_set(&k->numbers, (uint64_t)(uintptr_t)section, (void *)(uintptr_t)(k->n + 1));

	k->sections[k->n] = section;
	k->parents[k->n] = k->befores[k->n] = k->n;
	k->n++;
	if (r == 0)
		r = add_name(k, section->path, section);
	if (r == 0 && section->spec->template)
		r = add_template(k, section);
	for (size_t i = 0; r == 0 && aliases && aliases[i]; i++)
		r = add_name(k, aliases[i], section);
	return r;
}

/* Those that are linked into the tree; the last child of each is remembered for the next one. */
static int add_sections(struct checker *k)
{
	const struct config_places *places = k->loader->places;
	uint32_t *last CLEANUP(cleanup_free) = calloc(places->n_sections + 1, sizeof(*last));
	int r = last ? 0 : -ENOMEM;

	k->sections = calloc(places->n_sections + 1, sizeof(*k->sections));
	k->parents = calloc(places->n_sections + 1, sizeof(*k->parents));
	k->befores = calloc(places->n_sections + 1, sizeof(*k->befores));
	if (!k->sections || !k->parents || !k->befores)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < places->n_sections; i++) {
		const struct section *section = places->sections[i];

		if (is_child(section) && strmap_get(&k->loader->paths, section->path) == section)
			r = add_section(k, section);
	}
	for (uint32_t i = 0; r == 0 && i < k->n; i++) {
		const struct section *parent = k->sections[i]->parent;
		uint32_t p = parent ? number_of(k, parent) : i;

		if (!parent)
			continue;
		k->parents[i] = p;
		k->befores[i] = last[p] ? last[p] - 1 : i;
		last[p] = i + 1;
	}
	return r;
}

/* ---- complaints ---- */

static void complain(struct checker *k, const struct section *section, const char *key,
		     const char *name, const char *why)
{
	k->wrong = true;
	loader_complain(k->loader, CONFIG_ERROR, section->file, section_line(section, key),
			"%s %s: %s = %s: %s", child_type_names[section->spec->type], section->path,
			key, name, why);
}

/* The name nearest to one that nobody has; NULL: none. */
static const char *nearest_name(struct checker *k, const char *name)
{
	const char **names CLEANUP(cleanup_free) = calloc(k->names.used + 1, sizeof(*names));
	size_t n = 0;

	if (!names || k->suggestions++ >= SUGGESTIONS_MAX)
		return NULL;
	for (size_t i = 0; i < k->names.capacity; i++)
		if (k->names.slots[i].key && strcmp(k->names.slots[i].key, "/") != 0)
			names[n++] = k->names.slots[i].key;
	return text_nearest(name, names);
}

static void complain_unknown(struct checker *k, const struct section *section, const char *key,
			     const char *name)
{
	const char *nearest = nearest_name(k, name);
	char why[QUOTE_TEXT_MAX * 2] = "nobody has that name: use the path or the alias of a "
				       "section, or what one provides";

	if (nearest)
		snprintf(why, sizeof(why), "nobody has that name; did you mean \"%.300s\"?",
			 nearest);
	complain(k, section, key, name, why);
}

/* ---- each section ---- */

/* a is above b in the tree, or b itself. */
static bool is_above(const struct section *a, const struct section *b)
{
	while (b && b != a)
		b = b->parent;
	return b;
}

static bool is_template(const struct section *section)
{
	return section->spec->template ||
	       (section->parent && section->parent->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE);
}

/* NULL, or why section can not depend on p by that name. */
static const char *judge(const struct section *section, const struct section *p, const char *name)
{
	size_t size = strlen(p->path);
	bool by_path =
		strncmp(p->path, name, size) == 0 && (!name[size] || strcmp(name + size, "@") == 0);

	if (p == section)
		return "that is itself: remove it";
	if (is_above(p, section))
		return "that is above it in the tree, and starts before it and stops after it by "
		       "that: remove it";
	if (is_above(section, p))
		return "that is below it in the tree, and can not be there before it: remove it";
	if (by_path && is_template(p))
		return "that is a template, which never runs itself: give the template a name in "
		       "provides, and depend on that";
	return NULL;
}

static void check_names(struct checker *k, const struct section *section, const char *key,
			char *const *names)
{
	for (size_t i = 0; names && names[i]; i++) {
		const struct provider *p = find_name(k, names[i]);
		const char *why = NULL;

		if (!p && !k->loader->child)
			complain_unknown(k, section, key, names[i]);
		/* Of a child added at run time, who has a name may be in the tree: the core looks.
		 */
		for (; p && !why; p = p->next)
			why = judge(section, p->section, names[i]);
		if (why)
			complain(k, section, key, names[i], why);
	}
}

/* What one provides is no path and no alias: whose those are is clear. */
static void check_provided(struct checker *k, const struct section *section)
{
	char *const *names = section->spec->provides;

	for (size_t i = 0; names && names[i]; i++) {
		const struct provider *p = strmap_get(&k->names, names[i]);

		if (p)
			complain(k, section, "provides", names[i],
				 "a section has that as its path or alias: choose another name");
	}
}

static int add_provided(struct checker *k, const struct section *section)
{
	char *const *names = section->spec->provides;
	int r = 0;

	for (size_t i = 0; r == 0 && names && names[i]; i++)
		r = add_name(k, names[i], section);
	return r;
}

/* ---- circles ---- */

static int add_depends(struct checker *k, struct order *order, uint32_t i, char *const *names,
		       enum order_why why)
{
	const struct section *above = k->sections[i]->parent;
	int r = 0;

	for (size_t n = 0; names && names[n]; n++) {
		const struct provider *p = find_name(k, names[n]);

		for (; p && r == 0; p = p->next) {
			uint32_t on = number_of(k, p->section);
			bool siblings = above && k->parents[on] == k->parents[i];

			r = order_add_depend(order, i, on, siblings ? above->spec : NULL, why);
		}
	}
	return r;
}

static int build(struct checker *k, struct order *order)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < k->n; i++) {
		const struct section *section = k->sections[i];

		r = order_add_child(order, i, k->parents[i]);
		if (r == 0 && section->parent)
			r = order_add_place(order, section->parent->spec, k->parents[i], i,
					    k->befores[i]);
		if (r == 0)
			r = add_depends(k, order, i, section->spec->after, ORDER_AFTER);
		if (r == 0)
			r = add_depends(k, order, i, section->spec->requires, ORDER_REQUIRES);
	}
	return r;
}

static void put_reason(const struct checker *k, struct buf *out, const struct section *section,
		       const struct section *next, enum order_why why)
{
	const char *key = why == ORDER_AFTER ? "after" : "requires";

	switch (why) {
	case ORDER_AFTER:
	case ORDER_REQUIRES:
		buf_printf(out, "%s:%d: %s", k->loader->places->files[section->file],
			   section_line(section, key), key);
		return;
	case ORDER_INSIDE:
		buf_printf(out, "%s is in %s", section->path, next->path);
		return;
	case ORDER_CONTAINS:
		buf_printf(out, "%s is ready when %s is", section->path, next->path);
		return;
	case ORDER_BEFORE:
		buf_printf(out, "order of the children of %s", section->parent->path);
		return;
	case ORDER_GROUP:
		buf_printf(out, "%s and %s stop and start together", section->path, next->path);
		return;
	case ORDER_SELF:
		return;
	}
}

/* a -> b -> a (reasons, one for each arrow) */
static void complain_cycle(struct checker *k, const struct order_step *steps, size_t n)
{
	struct buf path CLEANUP(buf_fini) = BUF_INIT, why CLEANUP(buf_fini) = BUF_INIT;
	const struct section *where = k->sections[steps[0].from];
	const char *key = "";

	for (size_t i = 0; i < n; i++) {
		const struct section *from = k->sections[steps[i].from];
		const struct section *to = k->sections[steps[(i + 1) % n].from];

		buf_printf(&path, "%s -> ", from->path);
		buf_puts(&why, i ? "; " : "");
		put_reason(k, &why, from, to, steps[i].why);
		if (*key || (steps[i].why != ORDER_AFTER && steps[i].why != ORDER_REQUIRES))
			continue;
		key = steps[i].why == ORDER_AFTER ? "after" : "requires";
		where = from;
	}
	buf_puts(&path, k->sections[steps[0].from]->path);
	loader_complain(k->loader, CONFIG_ERROR, where->file, section_line(where, key),
			"each of these would wait for the next one: %.900s (%.900s); remove one of "
			"them",
			buf_text(&path), buf_text(&why));
}

static int check_cycles(struct checker *k)
{
	struct order order = {0};
	struct order_step *steps = NULL;
	size_t n = 0;
	int r = build(k, &order);

	if (r == 0)
		r = order_find_cycle(&order, &steps, &n);
	if (r == 0 && n)
		complain_cycle(k, steps, n);
	free(steps);
	order_fini(&order);
	return r;
}

/* ---- all ---- */

static int check_all(struct checker *k)
{
	bool used = false;
	int r = add_sections(k);

	for (uint32_t i = 0; r == 0 && i < k->n; i++)
		check_provided(k, k->sections[i]);
	for (uint32_t i = 0; r == 0 && i < k->n; i++)
		r = add_provided(k, k->sections[i]);
	for (uint32_t i = 0; r == 0 && i < k->n; i++) {
		const struct spec *spec = k->sections[i]->spec;

		used |= spec->after || spec->requires;
		check_names(k, k->sections[i], "after", spec->after);
		check_names(k, k->sections[i], "requires", spec->requires);
	}
	return r == 0 && used && !k->wrong ? check_cycles(k) : r;
}

void loader_check_order(struct loader *loader)
{
	struct checker k = {.loader = loader};
	const struct config_places *places = loader->places;
	bool used = false;

	for (size_t i = 0; i < places->n_sections; i++) {
		const struct spec *spec = places->sections[i]->spec;

		used |= spec && (spec->after || spec->requires || spec->provides);
	}
	if (used && check_all(&k) < 0)
		loader->error = -ENOMEM;
	checker_fini(&k);
}
