/* SPDX-License-Identifier: MIT */
#ifndef CORE_DEPEND_ACTS_H
#define CORE_DEPEND_ACTS_H

/* Between depend.c, which judges, and depend_act.c, which acts. */

#include "core/model.h"

enum depend_kind { DEPEND_AFTER, DEPEND_REQUIRES, DEPEND_PROVIDES };

/* A name in a child's after, requires or provides. */
struct depend {
	struct list at_child; /* child.depends */
	struct list at_need;  /* need.dependents, or need.providers */
	enum depend_kind kind;
	struct child *child; /* borrowed */
	struct need *need;   /* borrowed */
};

/* A name that is in some child's; in core.needs while it is. */
struct need {
	struct list dependents; /* of struct depend, in no order */
	struct list providers;  /* of struct depend: those that provide it by that key */
	char name[];
};

/* Will it be there, for those that depend on it? */
enum fate {
	FATE_UP,
	FATE_COMING,
	FATE_IDLE, /* when a trigger starts it */
	FATE_GONE,
};

struct provider_walk {
	struct core *core;
	const struct need *need;
	int stage;
	struct child *path;
	const struct list *at;
};

struct need_walk {
	const struct child *child;
	bool started;
	size_t alias;
	const struct list *at;
};

/* Zeroed but for core and need. NULL: no more. */
struct child *provider_next(struct provider_walk *walk);
/* Zeroed but for child: those of its names that somebody needs. NULL: no more. */
struct need *need_next(struct need_walk *walk);

/* One that it depends on is not there, siblings that start with it set aside. */
bool depend_is_closed_outside(const struct child *c);
enum fate depend_fate(const struct child *p);
/* It runs, and one of those that it requires does not; ret_on as depend_gate(). */
bool depend_is_lost(const struct child *c, struct child **ret_on);
/* All that it waits for are siblings that start in the same pass, and not to be given up for. */
bool depend_waits_in_pass(const struct child *c);
/* A sibling that has died: their supervisor has a strategy for that, and counts it. */
bool depend_is_in_hand(const struct child *c, const struct child *on);
/* It is down for the sake of a sibling that failed (D6). */
bool depend_is_behind_failed(const struct child *c);
/* It ends with a supervisor above it, or because of a sibling of that, told so already or not. */
bool depend_is_ending(const struct child *c);
/* It is to end anyway, and the stop of ret_on waits for that. */
bool depend_is_pulled(const struct child *c, struct child **ret_on);
/* Whom the stop of c waits for; NULL: nobody. */
struct child *depend_hindrance(const struct child *c);

#endif
