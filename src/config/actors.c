/* SPDX-License-Identifier: MIT */

/*
 * What services and supervisors are to each other as actors, when all of them are known: links lead
 * to those that are there, names are given once, and what the keys of a mailbox ask for goes
 * together.
 */

#include "config/actors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "config/loader.h"

/* Suggestions for a wrong name are looked for among all names. */
#define SUGGESTIONS_MAX 20

struct check {
	struct loader *loader;
	struct strmap aliases; /* text -> struct section that has it */
	size_t suggestions;
};

static void complain(struct check *check, const struct section *section, const char *key,
		     const char *what, const char *why)
{
	loader_complain(check->loader, CONFIG_ERROR, section->file, section_line(section, key),
			"%s %s: %s %s", child_type_names[section->spec->type], section->path, what,
			why);
}

/* ---- aliases ---- */

static void complain_taken(struct check *check, const struct section *section, const char *alias,
			   const struct section *other, const char *as)
{
	loader_complain(check->loader, CONFIG_ERROR, section->file, section_line(section, "alias"),
			"service %s: alias %s is %s %s (%s:%d) already; choose another",
			section->path, alias, as, other->path,
			check->loader->places->files[other->file], section_line(other, "alias"));
}

static void check_aliases(struct check *check, const struct section *section)
{
	char *const *aliases = section->spec->aliases;

	for (size_t i = 0; aliases && aliases[i]; i++) {
		const struct section *path = strmap_get(&check->loader->paths, aliases[i]);
		const struct section *other = strmap_get(&check->aliases, aliases[i]);

		if (path)
			complain_taken(check, section, aliases[i], path, "the name of");
		else if (other)
			complain_taken(check, section, aliases[i], other, "an alias of");
		else if (strmap_set(&check->aliases, aliases[i], (void *)(uintptr_t)section) < 0)
			check->loader->error = -ENOMEM;
	}
}

/* ---- links ---- */

static bool is_child(const struct section *section)
{
	return section->kind == SECTION_SUPERVISOR || section->kind == SECTION_SERVICE;
}

/* The path nearest to one that nobody has; NULL: none. */
static const char *nearest_path(struct check *check, const char *path)
{
	const struct config_places *places = check->loader->places;
	const char **paths CLEANUP(cleanup_free) = calloc(places->n_sections + 1, sizeof(*paths));
	size_t n = 0;

	if (!paths || check->suggestions++ >= SUGGESTIONS_MAX)
		return NULL;
	for (size_t i = 0; i < places->n_sections; i++)
		if (is_child(places->sections[i]))
			paths[n++] = places->sections[i]->path;
	return text_nearest(path, paths);
}

static void complain_unknown(struct check *check, const struct section *section, const char *path)
{
	const char *nearest = nearest_path(check, path);

	loader_complain(check->loader, CONFIG_ERROR, section->file, section_line(section, "link"),
			nearest ? "%s %s: link to %s, which no section describes; did you mean "
				  "\"%s\"?"
				: "%s %s: link to %s, which no section describes",
			child_type_names[section->spec->type], section->path, path, nearest);
}

/* a is above b in the tree, or b itself. */
static bool is_above(const struct section *a, const struct section *b)
{
	while (b && b != a)
		b = b->parent;
	return b;
}

static bool is_template(const struct section *section)
{
	return section->parent && section->parent->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE;
}

static void check_links(struct check *check, const struct section *section)
{
	char *const *links = section->spec->links;

	for (size_t i = 0; links && links[i]; i++) {
		const struct section *other = strmap_get(&check->loader->paths, links[i]);

		if (!other && check->loader->child)
			continue; /* it may be in the tree already: the core looks */
		if (!other)
			complain_unknown(check, section, links[i]);
		else if (other == section)
			complain(check, section, "link", "link to",
				 "itself means nothing: remove it");
		else if (is_above(other, section) || is_above(section, other))
			complain(check, section, "link", other->path,
				 "is above or below it in the tree, and linked with it by that: "
				 "remove it");
		else if (is_template(other))
			complain(check, section, "link", other->path,
				 "is a template, which never runs itself: give the template the "
				 "link");
	}
}

/* ---- mailboxes ---- */

/* The section's own key, not one of [defaults]. */
static bool gives(const struct section *section, const char *key)
{
	for (size_t i = 0; i < section->n_given; i++)
		if (!section->given[i].inherited && strcmp(section->given[i].key->name, key) == 0)
			return true;
	return false;
}

static void check_mailbox(struct check *check, const struct section *section)
{
	static const char *const keys[] = {"mailbox_limit", "mailbox_overflow", "outbox_limit"};
	const struct spec *spec = section->spec;

	for (size_t i = 0; spec->mailbox == MAILBOX_NONE && i < ARRAY_LEN(keys); i++)
		if (gives(section, keys[i]))
			complain(check, section, keys[i], keys[i],
				 "needs a mailbox: not mailbox = none");
	if (spec->mailbox != MAILBOX_DURABLE)
		return;
	if (spec->mailbox_overflow == OVERFLOW_KILL)
		complain(check, section, "mailbox_overflow", "mailbox_overflow = kill",
			 "would end each new process of a durable mailbox that is full: use block, "
			 "reject or drop");
	if (is_template(section) && spec->restart == RESTART_TEMPORARY)
		complain(check, section, "mailbox", "mailbox = durable",
			 "keeps messages for the next process, and of a temporary child of a "
			 "simple_one_for_one there is none");
}

void loader_check_actors(struct loader *loader)
{
	const struct config_places *places = loader->places;
	struct check check = {.loader = loader};

	for (size_t i = 0; i < places->n_sections && loader->error == 0; i++) {
		const struct section *section = places->sections[i];

		if (!is_child(section) || section->damaged ||
		    strmap_get(&loader->paths, section->path) != section)
			continue;
		check_aliases(&check, section);
		check_links(&check, section);
		check_mailbox(&check, section);
	}
	strmap_fini(&check.aliases);
}
