/* SPDX-License-Identifier: MIT */

/*
 * Instances of templates. A template, NAME@, is on its supervisor's spec and no child; its
 * instances are children like others, NAME@1, NAME@blue, which an operator's start makes where they
 * are not there yet. Their records stay while they are down and when their supervisor starts anew,
 * until they are removed; then nothing of them is left. In the order of children an instance stands
 * behind the last one of its template.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/model.h"

static int instances_add(struct supervisor *s, const struct spec *template, const char *name,
			 struct child **ret_child)
{
	struct spec *spec = spec_new_instance(template, name);
	int r = spec ? tree_add(s->self->core, s, spec, NULL, false, ret_child) : -ENOMEM;

	spec_unref(spec);
	return r;
}

int instances_add_all(struct supervisor *s, const struct spec *template)
{
	char name[SPEC_NAME_MAX + 12];
	struct child *c;
	int r = 0;

	for (uint32_t i = 1; r == 0 && i <= template->instances; i++) {
		snprintf(name, sizeof(name), "%s%u", template->name, i);
		r = instances_add(s, template, name, &c);
	}
	return r;
}

/* The last child of the same template but c itself, or NULL. */
static struct child *instances_find_last(const struct supervisor *s, const struct child *c)
{
	size_t size = (size_t)(strrchr(c->spec->name, '@') - c->spec->name) + 1;

	for (struct child *other = tree_previous_kid(s, c); other;
	     other = tree_previous_kid(s, other))
		if (other->spec->instance && strncmp(other->spec->name, c->spec->name, size) == 0)
			return other;
	return NULL;
}

static const struct spec *instances_find_template(const struct supervisor *s, const char *name)
{
	const struct spec *above = s->self->spec;
	const char *at = strrchr(name, '@');
	size_t size = at ? (size_t)(at - name) + 1 : 0;

	for (uint32_t i = 0; at && i < above->n_children; i++) {
		const struct spec *template = above->children[i];

		if (template->template && strlen(template->name) == size &&
		    strncmp(template->name, name, size) == 0)
			return template;
	}
	return NULL;
}

/* The supervisor that a child of that path would have, and the child's name; NULL: there is none.
 */
static struct supervisor *instances_find_parent(const struct core *core, const char *target,
						const char **ret_name)
{
	const char *slash = strrchr(target, '/');
	char path[SPEC_PATH_MAX + 1] = "/";
	uint32_t slot;

	*ret_name = slash ? slash + 1 : target;
	if (slash && (size_t)(slash - target) >= sizeof(path))
		return NULL;
	if (slash) {
		memcpy(path, target, (size_t)(slash - target));
		path[slash - target] = '\0';
	}
	slot = core_find(core, path);
	return slot == SLOT_NONE ? NULL : core->slots[slot]->sup;
}

struct child *instances_make(struct core *core, const char *target, enum answer *ret_answer,
			     uint32_t *ret_blocker)
{
	const char *name;
	struct supervisor *s = instances_find_parent(core, target, &name);
	const struct spec *template = s ? instances_find_template(s, name) : NULL;
	struct child *c, *last;

	*ret_answer = ANSWER_NOPROC;
	if (!template || strcmp(template->name, name) == 0 || !spec_name_is_valid(name) ||
	    strlen(target) > SPEC_PATH_MAX)
		return NULL;
	*ret_answer = ANSWER_PARENT_DOWN;
	*ret_blocker = s->self->slot;
	if (s->job == JOB_DOWN || s->job == JOB_SHUTDOWN)
		return NULL;
	*ret_blocker = SLOT_NONE;
	*ret_answer = ANSWER_MAX_CHILDREN;
	if (s->n_listed >= s->self->spec->max_children)
		return NULL;
	*ret_answer = ANSWER_NO_MEMORY;
	if (instances_add(s, template, name, &c) < 0)
		return NULL;
	last = instances_find_last(s, c);
	if (last)
		tree_move_behind(c, last);
	return c;
}

bool core_has_template(const struct core *core, const char *path)
{
	const char *name;
	const struct supervisor *s = instances_find_parent(core, path, &name);
	const struct spec *template = s ? instances_find_template(s, name) : NULL;

	return template && strcmp(template->name, name) == 0;
}
