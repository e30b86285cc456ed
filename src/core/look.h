/* SPDX-License-Identifier: MIT */
#ifndef CORE_LOOK_H
#define CORE_LOOK_H

/*
 * Looking at actors, whether a child of the tree stands behind them or not: who has which name, who
 * is tied to whom (for the requests names and info). Nothing here changes anything, and what is
 * borrowed is good until the next core_step().
 */

#include "core/core.h"

enum actor_kind {
	ACTOR_SERVICE,
	ACTOR_SUPERVISOR,
	ACTOR_GUEST,
	ACTOR_N_KINDS,
};

struct actor_view {
	actor_pid pid;
	enum actor_kind kind;
	uint32_t slot;          /* of the child; SLOT_NONE: it is none */
	const char *path;       /* borrowed; NULL: it is no child */
	enum child_state state; /* no child: running, or stopping */
	bool has_uid;
	uint32_t uid;
	bool trap;
};

enum name_kind { NAME_PATH, NAME_ALIAS, NAME_REGISTERED, NAME_N_KINDS };

struct name_view {
	const char *text; /* borrowed */
	enum name_kind kind;
	actor_pid pid; /* who has it */
};

enum actor_tie {
	TIE_LINK, /* also by birth: a child and its supervisor */
	TIE_MONITOR,
	TIE_MONITORED_BY,
};

/* An actor that lives, doomed or not, by name or pid. False: there is none. */
bool core_view_actor(const struct core *core, const char *text, struct actor_view *ret_view);
/* Who is tied to it; at most max of them are written. How many there are. */
size_t core_ties(const struct core *core, actor_pid pid, enum actor_tie tie, actor_pid *ret_pids,
		 size_t max);
/* Its names likewise, its path first. */
size_t core_names_of(const struct core *core, actor_pid pid, const char **ret_names, size_t max);
/* The names by which whereis finds somebody, in no order, likewise. */
size_t core_names(const struct core *core, const char **ret_names, size_t max);
/* One of them; false where whereis finds nobody. */
bool core_view_name(const struct core *core, const char *text, struct name_view *ret_view);

extern const char *const actor_kind_names[];
extern const char *const name_kind_names[];

#endif
