/* SPDX-License-Identifier: MIT */

/* Section headers: [supd], [defaults], [supervisor PATH], [service PATH]. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "config/loader.h"

static const char *const section_names[] = {
	[SECTION_SUPD] = "supd",
	[SECTION_DEFAULTS] = "defaults",
	[SECTION_SUPERVISOR] = "supervisor",
	[SECTION_SERVICE] = "service",
	NULL,
};

void section_free(struct section *section)
{
	if (!section)
		return;
	spec_unref(section->spec);
	free(section->path);
	free(section->given);
	free(section);
}

bool section_has(const struct section *section, const char *key)
{
	for (size_t i = 0; i < section->n_given; i++) {
		if (strcmp(section->given[i].key->name, key) == 0)
			return true;
	}
	return false;
}

int section_line(const struct section *section, const char *key)
{
	for (size_t i = section->n_given; i > 0; i--) {
		if (strcmp(section->given[i - 1].key->name, key) == 0)
			return section->given[i - 1].line;
	}
	return section->line;
}

void reading_close_section(struct reading *reading)
{
	struct section *section = reading->section;

	if (section && section->spec)
		section->spec->exec = exec_pack(section->spec->exec);
	reading->section = NULL;
}

void reading_fini(struct reading *reading)
{
	reading_close_section(reading);
	for (size_t i = 0; i < reading->n_defaults; i++)
		free(reading->defaults[i].text);
	free(reading->defaults);
	free(reading->directory);
}

/* "FILE:LINE" of the section, and what a process needs. */
static int give_exec(const struct loader *loader, struct section *section)
{
	struct buf source CLEANUP(buf_fini) = BUF_INIT;
	struct exec *exec = exec_new();

	section->spec->exec = exec;
	if (!exec)
		return -ENOMEM;
	buf_printf(&source, "%s:%d", loader->places->files[section->file], section->line);
	exec->source = buf_take(&source);
	return exec->source ? 0 : -ENOMEM;
}

static int fill_section(const struct loader *loader, struct section *section, const char *path)
{
	bool service = section->kind == SECTION_SERVICE || section->kind == SECTION_DEFAULTS;
	const char *slash = strrchr(path, '/');
	const char *name = slash && slash[1] ? slash + 1 : path;

	section->path = strdup(path);
	if (section->kind == SECTION_SUPD)
		return section->path ? 0 : -ENOMEM;
	section->spec = spec_new(service ? CHILD_SERVICE : CHILD_SUPERVISOR, name);
	if (!section->path || !section->spec)
		return -ENOMEM;
	return service ? give_exec(loader, section) : 0;
}

struct section *section_new(struct reading *reading, enum section_kind kind, const char *path,
			    int line)
{
	struct loader *loader = reading->loader;
	struct config_places *places = loader->places;
	struct section *section = calloc(1, sizeof(*section));

	if (!section) {
		loader->error = -ENOMEM;
		return NULL;
	}
	section->kind = kind;
	section->file = reading->file;
	section->line = line;
	if (fill_section(loader, section, path) < 0 ||
	    !array_grow(&places->sections, places->n_sections, sizeof(struct section *))) {
		section_free(section);
		loader->error = -ENOMEM;
		return NULL;
	}
	places->sections[places->n_sections++] = section;
	return section;
}

/* What is wrong with a path, or NULL. */
static const char *judge_path(enum section_kind kind, const char *path)
{
	size_t size = strnlen(path, SPEC_PATH_MAX + 1);
	size_t depth = 1;

	if (size == 0)
		return "it needs a name, as in [service web/api]";
	if (strcmp(path, "/") == 0)
		return kind == SECTION_SERVICE ? "/ is the root, which is a supervisor" : NULL;
	if (size > SPEC_PATH_MAX)
		return "a path is at most 1000 bytes long";
	if (path[0] == '/' || path[size - 1] == '/' || strstr(path, "//"))
		return "a path is names with a / between them, as in web/api";
	for (const char *p = path; (p = strchr(p, '/')); p++)
		depth++;
	return depth > SPEC_DEPTH_MAX ? spec_error_text(SPEC_E_DEPTH) : NULL;
}

/* Notes the section under its path, unless there is one. */
static void register_path(struct reading *reading, struct section *section)
{
	struct loader *loader = reading->loader;
	const struct section *other = strmap_get(&loader->paths, section->path);

	if (other) {
		loader_complain(loader, CONFIG_ERROR, reading->file, section->line,
				"%s is described twice: first at %s:%d; rename or remove one",
				section->path, loader->places->files[other->file], other->line);
		section->damaged = true;
		return;
	}
	if (strmap_set(&loader->paths, section->path, section) < 0)
		loader->error = -ENOMEM;
}

static void open_child(struct reading *reading, enum section_kind kind, const char *path,
		       const struct line *line)
{
	const char *why = judge_path(kind, path);
	char shown[QUOTE_TEXT_MAX];
	struct section *section;

	quote_text(path, shown);
	if (why) {
		loader_complain(reading->loader, CONFIG_ERROR, reading->file, line->number,
				"%s %s: %s", section_names[kind], shown, why);
		return;
	}
	section = section_new(reading, kind, path, line->number);
	if (!section)
		return;
	if (spec_validate(section->spec, NULL) == SPEC_E_NAME) {
		loader_complain(reading->loader, CONFIG_ERROR, reading->file, line->number,
				"%s %s: %s", section_names[kind], shown,
				spec_error_text(SPEC_E_NAME));
		section->damaged = true;
	}
	register_path(reading, section);
	if (kind == SECTION_SERVICE)
		section_apply_defaults(reading, section);
	reading->section = section;
}

static void open_unknown(struct reading *reading, const struct line *line)
{
	char shown[QUOTE_TEXT_MAX];
	size_t word = strcspn(line->name, " \t");
	char kind[64];
	const char *nearest;

	snprintf(kind, sizeof(kind), "%.*s", (int)MIN_OF(word, sizeof(kind)), line->name);
	nearest = text_nearest(kind, section_names);
	quote_text(line->name, shown);
	if (nearest)
		loader_complain(reading->loader, CONFIG_ERROR, reading->file, line->number,
				"unknown section %s: did you mean \"%s%.*s\"?", shown, nearest,
				(int)strnlen(line->name + word, 80), line->name + word);
	else
		loader_complain(
			reading->loader, CONFIG_ERROR, reading->file, line->number,
			"unknown section %s: use supd, defaults, supervisor PATH or service PATH",
			shown);
}

void reading_open_section(struct reading *reading, const struct line *line)
{
	size_t word = strcspn(line->name, " \t");
	const char *rest = line->name + word + strspn(line->name + word, " \t");

	reading_close_section(reading);
	reading->seen_section = true;
	for (int kind = SECTION_SUPD; section_names[kind]; kind++) {
		if (strlen(section_names[kind]) != word ||
		    strncmp(line->name, section_names[kind], word) != 0)
			continue;
		if (kind == SECTION_SUPERVISOR || kind == SECTION_SERVICE)
			open_child(reading, (enum section_kind)kind, rest, line);
		else if (*rest)
			loader_complain(reading->loader, CONFIG_ERROR, reading->file, line->number,
					"[%s] has no name behind it", section_names[kind]);
		else if (kind == SECTION_SUPD && reading->loader->child)
			loader_complain(reading->loader, CONFIG_ERROR, reading->file, line->number,
					"[supd] belongs into the daemon's own configuration");
		else
			reading->section =
				section_new(reading, (enum section_kind)kind, "", line->number);
		return;
	}
	open_unknown(reading, line);
}
