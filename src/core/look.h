/* SPDX-License-Identifier: MIT */
#ifndef CORE_LOOK_H
#define CORE_LOOK_H

/*
 * Looking at actors, whether a child of the tree stands behind them or not: who has which name, who
 * is tied to whom (for the requests names and info). Nothing here changes anything, and what is
 * borrowed is good until the next core_step().
 */

#include "core/core.h"
#include "wire/frame.h"

enum actor_kind {
	ACTOR_SERVICE,
	ACTOR_SUPERVISOR,
	ACTOR_SPAWNED,
	ACTOR_GUEST,
	ACTOR_N_KINDS,
};

struct actor_view {
	actor_pid pid;
	enum actor_kind kind;
	uint32_t slot;          /* SLOT_NONE: a guest */
	const char *path;       /* borrowed; NULL: it is no child of the tree */
	enum child_state state; /* a guest: running, or stopping */
	bool has_uid;
	uint32_t uid;
	bool trap;
};

/* A mailbox, and what waits to get out of its actor's outbox. */
struct mail_view {
	uint64_t length; /* queued, and handed out but not done with */
	uint64_t bytes;  /* of what is queued and held */
	uint64_t limit;
	uint64_t dropped; /* by the mailbox's policy, ever */
	uint64_t outbox_bytes;
	actor_pid blocked_on; /* whose mailbox is full; none: nothing waits */
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

/* Whose mailbox it is. */
struct mailbox_view {
	actor_pid pid; /* none: it is down, and the mailbox is durable */
	uint32_t slot; /* where it has no pid */
};

/* By name or pid; false: there is none. */
bool core_view_mailbox(const struct core *core, const char *text, struct mailbox_view *ret_view);
/* Takes any pid that core_view_actor() gave in this step. */
struct mail_view core_view_mail(const struct core *core, actor_pid pid);
/* The first message behind that number, queued or held; its number is in `to`, what it says is
 * borrowed. False: there is none. */
bool core_next_message(const struct core *core, const struct mailbox_view *whose, uint64_t number,
		       struct wire_frame *ret_frame, bool *ret_held);

extern const char *const actor_kind_names[];
extern const char *const name_kind_names[];

#endif
