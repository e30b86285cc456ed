/* SPDX-License-Identifier: MIT */

/* KEY = VALUE: which key it is, whether it may stand here, and what its value makes of the section.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/foreign.h"
#include "config/loader.h"

static unsigned section_where(const struct section *section)
{
	switch (section->kind) {
	case SECTION_SUPD:
		return KEY_IN_SUPD;
	case SECTION_SUPERVISOR:
		return strcmp(section->path, "/") == 0 ? KEY_IN_ROOT : KEY_IN_SUPERVISOR;
	case SECTION_DEFAULTS:
	case SECTION_SERVICE:
		break;
	}
	return KEY_IN_SERVICE;
}

static const char *where_name(unsigned where)
{
	if (where & KEY_IN_SUPD)
		return where & KEY_IN_SERVICE ? "[supd] and of [service]" : "[supd]";
	if ((where & KEY_IN_SERVICE) && (where & KEY_IN_ROOT))
		return "[service] and of [supervisor]";
	if ((where & KEY_IN_SERVICE) && (where & KEY_IN_SUPERVISOR))
		return "[service] and of a [supervisor] below the root";
	return where & KEY_IN_SERVICE ? "[service]" : "[supervisor]";
}

/* NULL: no memory, or there is nothing of it to point to. */
static void *value_field(const struct loader *loader, const struct section *section,
			 const struct key *key)
{
	char *part;

	switch (key->object) {
	case OBJECT_CONFIG:
		return (char *)loader->config + key->offset;
	case OBJECT_SPEC:
		return (char *)section->spec + key->offset;
	case OBJECT_EXEC:
		return (char *)section->spec->exec + key->offset;
	case OBJECT_PART:
		part = exec_part(section->spec->exec, key->part);
		return part ? part + key->offset : NULL;
	case OBJECT_INCLUDE:
		break;
	}
	return NULL;
}

/* True where the value was taken. */
static bool take_value(struct reading *reading, struct section *section, const struct key *key,
		       const char *text, int line)
{
	struct loader *loader = reading->loader;
	struct buf why CLEANUP(buf_fini) = BUF_INIT;
	char shown[QUOTE_TEXT_MAX];
	struct value value = {
		.key = key,
		.text = text,
		.field = value_field(loader, section, key),
		.spec = section->spec,
		.directory = reading->directory,
		.why = &why,
	};
	int r;

	if (key->object == OBJECT_INCLUDE && *text) {
		loader_include(reading, text, line);
		return true;
	}
	if (key->object == OBJECT_INCLUDE)
		r = value_refuse(&value, "name a file");
	else
		r = value.field ? key->parse(&value) : -ENOMEM;
	if (r < 0) {
		loader->error = r;
	} else if (r > 0) {
		loader_complain(loader, CONFIG_ERROR, reading->file, line, "%s = %s: %s", key->name,
				quote_text(text, shown), buf_text(&why));
		section->damaged = true;
	}
	return r == 0;
}

static void note_given(struct loader *loader, struct section *section, const struct key *key,
		       int line, bool inherited)
{
	if (!array_grow(&section->given, section->n_given, sizeof(*section->given))) {
		loader->error = -ENOMEM;
		return;
	}
	section->given[section->n_given++] =
		(struct given){.key = key, .line = line, .inherited = inherited};
}

/* The line where the section itself has the key already, or 0. */
static int given_line(const struct section *section, const struct key *key)
{
	for (size_t i = 0; i < section->n_given; i++) {
		if (section->given[i].key == key && !section->given[i].inherited)
			return section->given[i].line;
	}
	return 0;
}

/* [supd] may stand in several files: what one of them has given, no other may. */
static bool supd_has(const struct loader *loader, const struct section *section,
		     const struct key *key)
{
	const struct config_places *places = loader->places;

	for (size_t i = 0; i < places->n_sections && section->kind == SECTION_SUPD; i++) {
		const struct section *other = places->sections[i];

		if (other != section && other->kind == SECTION_SUPD && given_line(other, key))
			return true;
	}
	return false;
}

/* The key of that name where it may stand here; else complains. */
static const struct key *find_key(struct reading *reading, const struct line *line)
{
	struct loader *loader = reading->loader;
	unsigned where = section_where(reading->section);
	const struct key *key = key_find_in(line->name, where);
	char shown[QUOTE_TEXT_MAX];
	const char *foreign = key ? NULL : foreign_key(line->name);
	const char *nearest = key || foreign ? NULL : key_nearest(line->name, where);

	quote_text(line->name, shown);
	if (foreign)
		loader_complain(loader, CONFIG_ERROR, reading->file, line->number,
				"unknown key %s: here that is \"%s\", a key of %s", shown, foreign,
				where_name(key_where(foreign)));
	else if (nearest)
		loader_complain(loader, CONFIG_ERROR, reading->file, line->number,
				"unknown key %s: did you mean \"%s\"?", shown, nearest);
	else if (!key)
		loader_complain(loader, CONFIG_ERROR, reading->file, line->number,
				"unknown key %s: see supd.conf(5) for the keys of this section",
				shown);
	else if (!key->parse)
		loader_complain(loader, CONFIG_ERROR, reading->file, line->number,
				"%s is not supported yet by this version: remove the line", shown);
	else if (!(key->where & where))
		loader_complain(loader, CONFIG_ERROR, reading->file, line->number,
				"%s is a key of %s", key->name, where_name(key_where(key->name)));
	else
		return key;
	return NULL;
}

/* Keeps a value for the services that follow in this file. */
static void note_default(struct reading *reading, const struct key *key, const struct line *line)
{
	char *text = strdup(line->value);

	if (!text ||
	    !array_grow(&reading->defaults, reading->n_defaults, sizeof(*reading->defaults))) {
		free(text);
		reading->loader->error = -ENOMEM;
		return;
	}
	reading->defaults[reading->n_defaults++] =
		(struct default_value){.key = key, .text = text, .line = line->number};
}

void reading_assign(struct reading *reading, const struct line *line)
{
	struct loader *loader = reading->loader;
	struct section *section = reading->section;
	char shown[QUOTE_TEXT_MAX];
	const struct key *key;
	int before;

	quote_text(line->name, shown);
	if (!section) {
		if (!reading->seen_section)
			loader_complain(loader, CONFIG_ERROR, reading->file, line->number,
					"%s stands before the first section: begin with [supd], "
					"[supervisor "
					"PATH] or [service PATH]",
					shown);
		return;
	}
	key = find_key(reading, line);
	if (!key)
		return;
	before = given_line(section, key);
	if (!key->repeats && (before || supd_has(loader, section, key))) {
		if (before)
			loader_complain(loader, CONFIG_ERROR, reading->file, line->number,
					"%s is given twice: first in line %d; remove one",
					key->name, before);
		else
			loader_complain(loader, CONFIG_ERROR, reading->file, line->number,
					"%s is given twice: another [supd] has it; remove one",
					key->name);
		return;
	}
	note_given(loader, section, key, line->number, false);
	if (take_value(reading, section, key, line->value, line->number) &&
	    section->kind == SECTION_DEFAULTS)
		note_default(reading, key, line);
}

void section_apply_defaults(struct reading *reading, struct section *section)
{
	for (size_t i = 0; i < reading->n_defaults; i++) {
		const struct default_value *d = &reading->defaults[i];

		note_given(reading->loader, section, d->key, d->line, true);
		take_value(reading, section, d->key, d->text, d->line);
	}
}
