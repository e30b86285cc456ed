/* SPDX-License-Identifier: MIT */

/*
 * Names (SEMANTICS 70 to 76). A child's path is a name of its own; its aliases are reserved while
 * it is in the tree, whether it runs or not. What actors register at run time goes with them.
 *
 * An alias, or a path, may be taken when its child comes into the tree: by what an actor has
 * registered before. The child's start then fails, as OTP's does, until the name is free.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/mailbox.h"
#include "core/model.h"

/* ---- looking ---- */

/* The record behind a name, alive or not; what was registered goes before what is reserved. */
static struct actor *registry_record(const struct core *core, const char *name)
{
	const struct name *known = strmap_get(&core->names, name);
	struct child *c;

	if (known && (!known->alias || actor_is_alive(known->actor)))
		return known->actor;
	c = strmap_get(&core->paths, name);
	return c ? &c->actor : known ? known->actor : NULL;
}

struct actor *registry_holder(const struct core *core, const char *name)
{
	struct actor *actor = registry_record(core, name);

	return actor && actor_is_alive(actor) ? actor : NULL;
}

struct actor *registry_find(const struct core *core, const char *text)
{
	struct actor *actor = NULL;
	actor_pid pid;

	if (!text)
		return NULL;
	if (actor_pid_parse(text, &pid) == 0)
		actor = actor_find(core, pid);
	else
		actor = registry_record(core, text);
	return actor && actor_is_alive(actor) && !actor_is_doomed(actor) ? actor : NULL;
}

struct child *registry_find_child(const struct core *core, const char *text)
{
	const struct actor *actor = registry_find(core, text);

	return actor ? actor->child : NULL;
}

struct actor *registry_find_durable(const struct core *core, const char *name)
{
	struct actor *actor = registry_record(core, name);

	return actor && mailbox_is_durable(actor) ? actor : NULL;
}

/* ---- reserving ---- */

static struct name *name_new(struct actor *actor, const char *text, bool alias)
{
	size_t size = strlen(text) + 1;
	struct name *name = malloc(sizeof(*name) + size);

	if (!name)
		return NULL;
	name->actor = actor;
	name->alias = alias;
	list_init(&name->link);
	memcpy(name->text, text, size);
	return name;
}

static void name_free(struct name *name)
{
	struct core *core = name->actor->core;

	if (strmap_get(&core->names, name->text) == name)
		strmap_remove(&core->names, name->text);
	list_unlink(&name->link);
	core->n_names--;
	name->actor->n_names -= !name->alias;
	free(name);
}

/* Its memory, and room in the table; it is nobody's yet. NULL: no memory. */
static struct name *name_add(struct list *list, struct actor *actor, const char *text, bool alias)
{
	struct core *core = actor->core;
	struct name *name;

	if (strmap_reserve(&core->names, core->n_names + 1) < 0)
		return NULL;
	name = name_new(actor, text, alias);
	if (!name)
		return NULL;
	core->n_names++;
	actor->n_names += !alias;
	list_append(list, &name->link);
	return name;
}

int registry_reserve(struct child *c)
{
	char *const *aliases = c->spec->aliases;

	for (size_t i = 0; aliases && aliases[i]; i++) {
		struct name *name = name_add(&c->aliases, &c->actor, aliases[i], true);

		if (!name)
			return -ENOMEM;
		if (!strmap_get(&c->core->names, name->text))
			strmap_set(&c->core->names, name->text, name);
	}
	return 0;
}

bool registry_claim(struct child *c)
{
	struct strmap *names = &c->core->names;
	const struct name *known = c->spawned ? NULL : strmap_get(names, c->path);

	if (known && known->actor != &c->actor)
		return false;
	LIST_EACH (l, &c->aliases) {
		struct name *name = LIST_ENTRY(l, struct name, link);

		known = strmap_get(names, name->text);
		if (!known)
			strmap_set(names, name->text, name);
		else if (known->actor != &c->actor)
			return false;
	}
	return true;
}

void registry_pass_aliases(struct child *from, struct child *to)
{
	struct strmap *names = &from->core->names;

	LIST_EACH (l, &to->aliases) {
		struct name *name = LIST_ENTRY(l, struct name, link);
		const struct name *known = strmap_get(names, name->text);

		if (known && known->actor != &from->actor)
			continue;
		strmap_remove(names, name->text);
		strmap_set(names, name->text, name);
	}
}

void registry_unreserve(struct child *c)
{
	LIST_EACH (l, &c->aliases) {
		name_free(LIST_ENTRY(l, struct name, link));
	}
}

void registry_release(struct actor *actor)
{
	LIST_EACH (l, &actor->names) {
		name_free(LIST_ENTRY(l, struct name, link));
	}
}

/* ---- requests ---- */

/* Nobody may have it now, and it is not reserved; else the answer is given. */
static bool registry_is_free(struct core *core, const struct request *request)
{
	struct actor *actor = registry_record(core, request->child);

	if (!actor)
		return true;
	ask_answer(core, request, ANSWER_NAME_TAKEN,
		   actor_is_alive(actor) ? actor->pid : ACTOR_PID_NONE);
	return false;
}

static void registry_register(struct core *core, const struct request *request, struct actor *asker)
{
	struct actor *actor = request->target ? registry_find(core, request->target) : asker;
	struct name *name;

	if (!actor) {
		ask_answer(core, request, ANSWER_NOPROC, ACTOR_PID_NONE);
		return;
	}
	if (ask_is_refused(core, request, asker, actor, RIGHTS_REGISTER) ||
	    !registry_is_free(core, request))
		return;
	if (actor->n_names >= REGISTRY_NAMES_MAX) {
		ask_refuse(core, request, ANSWER_REFUSED,
			   "it has 10000 names: one more is refused");
		return;
	}
	name = name_add(&actor->names, actor, request->child, false);
	if (!name) {
		ask_answer(core, request, ANSWER_NO_MEMORY, ACTOR_PID_NONE);
		return;
	}
	strmap_set(&core->names, name->text, name);
	ask_answer(core, request, ANSWER_OK, actor->pid);
}

static void registry_unregister(struct core *core, const struct request *request,
				struct actor *asker)
{
	struct name *name = strmap_get(&core->names, request->child);

	if (!name || name->alias) {
		ask_answer(core, request, ANSWER_NOPROC, ACTOR_PID_NONE);
		return;
	}
	if (ask_is_refused(core, request, asker, name->actor, RIGHTS_REGISTER))
		return;
	name_free(name);
	ask_answer(core, request, ANSWER_OK, ACTOR_PID_NONE);
}

void registry_request(struct core *core, const struct request *request)
{
	struct actor *asker = ask_asker(core, request);

	if (!asker)
		return;
	if (!request->child || !spec_name_is_valid(request->child))
		ask_refuse(core, request, ANSWER_BAD_NAME, spec_error_text(SPEC_E_NAME));
	else if (request->kind == REQUEST_REGISTER)
		registry_register(core, request, asker);
	else
		registry_unregister(core, request, asker);
}
