/* SPDX-License-Identifier: MIT */

/*
 * Sections into a tree. Each section's parent is looked up by path, so that a supervisor may be
 * described after its children; their order is the order of their own sections. Everything is
 * linked, also where something is wrong, so that all errors are found in one run.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "config/actors.h"
#include "config/loader.h"
#include "config/order.h"
#include "config/warn.h"

/* To compare a wrong name with all of them takes time: only the first ones get a suggestion. */
#define SUGGESTIONS_MAX 20

static bool is_child(const struct section *section)
{
	return section->kind == SECTION_SUPERVISOR || section->kind == SECTION_SERVICE;
}

/* Neither [supd] nor [defaults] nor the second one of a path. */
static bool is_linked(const struct loader *loader, const struct section *section)
{
	return is_child(section) && strmap_get(&loader->paths, section->path) == section;
}

static void complain(struct loader *loader, const struct section *section, const char *key,
		     const char *text)
{
	loader_complain(loader, CONFIG_ERROR, section->file, section_line(section, key),
			"%s %s: %s", child_type_names[section->spec->type], section->path, text);
}

/* The supervisor whose path is nearest to path, which none has; not one below path. NULL: none. */
static const char *nearest_supervisor(struct loader *loader, const char *path)
{
	const struct config_places *places = loader->places;
	const char **paths CLEANUP(cleanup_free) = calloc(places->n_sections + 1, sizeof(*paths));
	size_t n = 0;

	if (!paths) {
		loader->error = -ENOMEM;
		return NULL;
	}
	for (size_t i = 0; i < places->n_sections; i++) {
		const struct section *section = places->sections[i];

		if (section->kind == SECTION_SUPERVISOR &&
		    strncmp(section->path, path, strlen(path)) != 0)
			paths[n++] = section->path;
	}
	return text_nearest(path, paths);
}

static void complain_no_parent(struct loader *loader, const struct section *section,
			       const char *parent, size_t *suggestions)
{
	const char *nearest = NULL;

	if ((*suggestions)++ < SUGGESTIONS_MAX)
		nearest = nearest_supervisor(loader, parent);
	if (nearest)
		loader_complain(loader, CONFIG_ERROR, section->file, section->line,
				"%s has no parent: no section describes %s; did you mean \"%s\"?",
				section->path, parent, nearest);
	else
		loader_complain(loader, CONFIG_ERROR, section->file, section->line,
				"%s has no parent: no section describes %s; add [supervisor %s]",
				section->path, parent, parent);
}

/* The section that describes the parent; NULL where it can not be one. */
static struct section *find_parent(struct loader *loader, const struct section *section,
				   size_t *suggestions)
{
	const char *slash = strrchr(section->path, '/');
	char path[SPEC_PATH_MAX + 1] = "/";
	struct section *parent;

	if (slash) {
		memcpy(path, section->path, (size_t)(slash - section->path));
		path[slash - section->path] = '\0';
	}
	parent = strmap_get(&loader->paths, path);
	if (!parent) {
		complain_no_parent(loader, section, path, suggestions);
		return NULL;
	}
	if (parent->kind != SECTION_SERVICE)
		return parent;
	loader_complain(loader, CONFIG_ERROR, section->file, section->line,
			"%s can not be inside of %s, which is a service (%s:%d): only supervisors "
			"have children",
			section->path, path, loader->places->files[parent->file], parent->line);
	return NULL;
}

/*
 * A name with "@" at its end, or the key instances, makes a template of it, whose name has the "@"
 * in any case.
 */
static void make_template(struct loader *loader, struct section *section)
{
	struct spec *spec = section->spec;
	bool named = spec->name[strlen(spec->name) - 1] == '@';
	char name[SPEC_NAME_MAX + 2];

	if (section->kind != SECTION_SERVICE || (!named && !section_has(section, "instances")))
		return;
	spec->template = true;
	if (named)
		return;
	snprintf(name, sizeof(name), "%s@", spec->name);
	section->spec = spec_new_instance(spec, name);
	if (!section->spec) {
		section->spec = spec;
		loader->error = -ENOMEM;
		return;
	}
	section->spec->template = true;
	section->spec->instance = false;
	section->spec->instances = spec->instances;
	spec_unref(spec);
}

static void complain_twice(struct loader *loader, const struct section *section, const char *path,
			   const char *what)
{
	const struct section *other = strmap_get(&loader->paths, path);

	if (other)
		loader_complain(loader, CONFIG_ERROR, other->file, other->line,
				"%s is %s the template at %s:%d already: remove one", path, what,
				loader->places->files[section->file],
				section_line(section, "instances"));
}

/* What has a section of its own as well. */
static void check_instances(struct loader *loader, const struct section *section)
{
	bool named = section->path[strlen(section->path) - 1] == '@';
	char path[SPEC_PATH_MAX + 16];

	if (!section->spec->template)
		return;
	snprintf(path, sizeof(path), "%s@", section->path);
	if (!named)
		complain_twice(loader, section, path, "the name of");
	for (uint32_t i = 1; i <= section->spec->instances; i++) {
		snprintf(path, sizeof(path), "%s%s%u", section->path, named ? "" : "@", i);
		complain_twice(loader, section, path, "an instance of");
	}
}

/* A run that failed waits for the next time, unless the section says otherwise. */
static void check_schedule(struct loader *loader, struct section *section)
{
	bool scheduled = section_has(section, "schedule") || section_has(section, "every");

	if (!scheduled && section_has(section, "schedule_jitter"))
		complain(loader, section, "schedule_jitter",
			 "it has no schedule: add schedule or every, or remove this key");
	if (section_has(section, "schedule_catch_up") && !section_has(section, "schedule"))
		complain(loader, section, "schedule_catch_up",
			 "only the times of a schedule can be caught up with: add one, or remove "
			 "this key");
	if (!scheduled)
		return;
	section->spec->on_demand = true;
	if (section->spec->overlap)
		complain(loader, section, "overlap",
			 "a run at its time never overlaps with another: remove this key, or the "
			 "schedule");
	section->spec->overlap = false;
	if (!section_has(section, "restart"))
		section->spec->restart = RESTART_TEMPORARY;
	if (section->spec->template ||
	    (section->parent && section->parent->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE))
		complain(loader, section, section_has(section, "every") ? "every" : "schedule",
			 "a template has no schedule: describe a service of its own");
}

/* Standard output or error goes to where the daemon's own does. What is for the log goes to the
 * terminal that is its standard input. */
static bool goes_through_us(const struct exec *exec)
{
	enum output_kind out = exec->standard_output.kind, err = exec->standard_error.kind;
	bool elsewhere = exec->setup && exec->setup->input.kind == INPUT_TTY;

	return out == OUTPUT_INHERIT || err == OUTPUT_INHERIT || out == OUTPUT_SYSLOG ||
	       err == OUTPUT_SYSLOG || (!elsewhere && (out == OUTPUT_LOG || err == OUTPUT_LOG));
}

static bool asks_mailbox(const struct spec *spec)
{
	return spec->exec && spec->exec->probes && spec->exec->probes->health.kind == PROBE_MAILBOX;
}

static void check_ready_line(struct loader *loader, struct section *section,
			     const struct section *parent)
{
	const struct spec *spec = section->spec;

	if (spec->ready != READY_LOG)
		return;
	if (!goes_through_us(spec->exec))
		complain(loader, section, "ready",
			 "ready = log: looks for a line of what goes to the log: with stdout and "
			 "stderr elsewhere there is none");
	if ((parent && parent->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE) ||
	    (spec->exec->sockets && spec->exec->sockets->accept))
		complain(loader, section, "ready",
			 "ready = log: can not tell whose a line is where all copies write into "
			 "one log: use notify, fd:N or another form");
}

/* What the spec's own checks do not know. */
static void check_section(struct loader *loader, struct section *section,
			  const struct section *parent)
{
	struct spec *spec = section->spec;

	if (section->kind == SECTION_SERVICE && !section_has(section, "command"))
		complain(loader, section, "",
			 "it has no command: add command = PROGRAM [ARGUMENT...]");
	check_ready_line(loader, section, parent);
	if (asks_mailbox(spec) && spec->mailbox == MAILBOX_NONE)
		complain(loader, section, "health",
			 "health = mailbox needs a mailbox: not mailbox = none");
	check_schedule(loader, section);
	if (spec->remain && !section_has(section, "mailbox"))
		spec->mailbox = MAILBOX_NONE;
	if (spec->ready == READY_EXIT && !section_has(section, "restart"))
		spec->restart = RESTART_TRANSIENT;
	else if (spec->ready == READY_EXIT && spec->restart == RESTART_PERMANENT && !spec->remain)
		complain(loader, section, "restart", spec_error_text(SPEC_E_ONESHOT));
	if (spec->restart_delay.ns > spec->restart_delay_max.ns) {
		if (section_has(section, "restart_delay_max"))
			complain(loader, section, "restart_delay_max",
				 "restart_delay_max is shorter than restart_delay");
		spec->restart_delay_max = spec->restart_delay;
	}
	if (section->kind == SECTION_SERVICE) {
		section_check_sockets(loader, section, parent);
		section_check_together(loader, section);
	}
	section_check_events(loader, section);
	if (parent && parent->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE &&
	    section->kind == SECTION_SUPERVISOR)
		complain(loader, section, "",
			 "the template of a simple_one_for_one must be a service");
}

/* Where a spec's error stands. */
static const char *error_key(enum spec_error error)
{
	switch (error) {
	case SPEC_E_SIGNIFICANT:
		return "significant";
	case SPEC_E_PERIOD:
		return "period";
	case SPEC_E_INTENSITY:
		return "intensity";
	case SPEC_E_TEMPLATE:
		return "strategy";
	case SPEC_E_ALIAS:
		return "alias";
	case SPEC_E_GRANT:
		return "grants";
	case SPEC_E_TRAP:
		return "trap_exit";
	case SPEC_E_REMAIN:
		return "remain";
	case SPEC_E_POST:
		return "start_post";
	case SPEC_E_INSTANCES:
		return "instances";
	case SPEC_E_READY:
		return "ready";
	case SPEC_E_PROVIDES:
		return "provides";
	case SPEC_E_OVERLAP:
		return "overlap";
	case SPEC_OK:
	case SPEC_E_NAME:
	case SPEC_E_DUPLICATE:
	case SPEC_E_DEPTH:
	case SPEC_E_ONESHOT:
	case SPEC_E_ADDED:
	case SPEC_E_UNKNOWN:
	case SPEC_E_CYCLE:
	case SPEC_N_ERRORS:
		break;
	}
	return "";
}

static void validate(struct loader *loader, const struct section *section,
		     const struct section *parent)
{
	enum spec_error error = spec_validate(section->spec, parent ? parent->spec : NULL);

	/* Without its supervisor, only the core can judge that: it answers bad_combination. */
	if (error == SPEC_E_SIGNIFICANT && !parent)
		return;
	/* A name is judged where its section is opened, a oneshot in check_section(). */
	if (error == SPEC_E_OVERLAP)
		complain(loader, section, error_key(error),
			 spec_refuses_overlap(section->spec, parent ? parent->spec : NULL));
	else if (error != SPEC_OK && error != SPEC_E_NAME && error != SPEC_E_ONESHOT)
		complain(loader, section, error_key(error), spec_error_text(error));
}

static void add_child(struct loader *loader, struct section *parent, struct section *section)
{
	struct spec *spec = section_spec(section);

	if (!spec || spec_add_child(parent->spec, spec) < 0) {
		spec_unref(spec);
		loader->error = -ENOMEM;
	}
}

/* The root, which need not be described. */
static struct section *find_root(struct loader *loader)
{
	struct section *root = strmap_get(&loader->paths, "/");
	struct reading nowhere = {.loader = loader};

	if (root)
		return root;
	root = section_new(&nowhere, SECTION_SUPERVISOR, "/", 1);
	if (root && strmap_set(&loader->paths, root->path, root) < 0)
		loader->error = -ENOMEM;
	return root;
}

/* The section that describes a child added at run time. */
static struct section *find_top(struct loader *loader)
{
	const struct config_places *places = loader->places;
	const char *slash = strrchr(loader->child, '/');
	const char *name = slash ? slash + 1 : loader->child;

	for (size_t i = 0; i < places->n_sections; i++) {
		struct section *section = places->sections[i];

		if (!is_child(section))
			continue;
		if (strcmp(section->path, loader->child) != 0 && strcmp(section->path, name) != 0)
			loader_complain(loader, CONFIG_ERROR, section->file, section->line,
					"the first section describes %s, not the new child, %s",
					section->path, loader->child);
		return section;
	}
	if (loader->config->n_errors == 0)
		loader_complain(loader, CONFIG_ERROR, 0, 1, "there is no section that describes %s",
				loader->child);
	return NULL;
}

void loader_link(struct loader *loader)
{
	struct section *top = loader->child ? find_top(loader) : find_root(loader);
	struct config_places *places = loader->places;
	size_t suggestions = 0;

	for (size_t i = 0; i < places->n_sections && top && loader->error == 0; i++) {
		struct section *section = places->sections[i];
		struct section *parent = NULL;

		if (!is_linked(loader, section))
			continue;
		make_template(loader, section);
		if (section->kind == SECTION_SERVICE)
			check_instances(loader, section);
		if (section != top) {
			parent = find_parent(loader, section, &suggestions);
			if (parent)
				add_child(loader, parent, section);
		}
		section->parent = parent;
		check_section(loader, section, parent);
	}
	for (size_t i = 0; i < places->n_sections && top && loader->error == 0; i++) {
		struct section *section = places->sections[i];

		if (is_linked(loader, section) && !section->damaged)
			validate(loader, section, section->parent);
	}
	if (top && loader->error == 0)
		loader_check_actors(loader);
	if (top && loader->error == 0)
		loader_check_order(loader);
	if (loader->error || !top)
		return;
	if (loader->config->n_errors == 0) {
		loader_warn(loader);
		loader->config->root = section_spec(top);
		if (!loader->config->root)
			loader->error = -ENOMEM;
	}
}
