/* SPDX-License-Identifier: MIT */
#ifndef SUPD_HOOKS_ROW_H
#define SUPD_HOOKS_ROW_H

/*
 * Between hooks.c, which knows a service's moments, and hooks_row.c, which runs the row of commands
 * that one of them has.
 */

#include "core/exec_hooks.h"
#include "supd/hooks.h"
#include "supd/said.h"

struct hooks {
	struct daemon *d;        /* borrowed */
	struct process *p;       /* borrowed; whose they are */
	actor_pid pid;           /* the incarnation that the rest is about */
	enum hook_kind kind;     /* the row under way; HOOK_N_KINDS: none */
	size_t index;            /* of the command in it */
	struct command *command; /* borrowed; NULL: none runs */
	struct loop_timer timer; /* another try, or the end of ready = delay */
	struct mono patience;    /* of other tries */
	uint64_t reload;         /* the request that waits for the row's end; 0: none */
	struct reload_waiter waiter;
	bool awaits;          /* waiter is on said's list */
	bool heard;           /* its RELOADING=1 was noted when its commands were over */
	bool stop_told;       /* while start_pre runs */
	bool killed;          /* the row was */
	bool posted;          /* start_post has begun */
	bool ran;             /* there was a main process */
	bool failed;          /* the start has: reason, to be told at the end */
	bool over;            /* stop_post is, or is not to be */
	struct reason reason; /* owned */
};

bool row_exists(const struct hooks *h, enum hook_kind kind);
/* Of each command of that hook. */
struct span row_timeout(const struct hooks *h, enum hook_kind kind);
/* Runs it. Its end is told by hooks_row_end(), which may be before this returns. */
void row_begin(struct hooks *h, enum hook_kind kind);
/* The command at hand, anew, or the next one. */
void row_go_on(struct hooks *h);

/*
 * hooks.c: the row is over; failure is "exit:3", "exec:ENOENT" or the like, NULL where all went
 * well. h may be about another incarnation when this returns.
 */
void hooks_row_end(struct hooks *h, const char *failure);
/* hooks.c: "start_pre:exit:3" */
struct reason hooks_reason(enum hook_kind kind, const char *what);

/* ---- hooks_reload.c ---- */

/* Its commands are over; what it has said itself may still be waited for. */
void reload_commands_over(struct hooks *h, const char *failure);
/* The timer, while no command runs. */
void reload_time_passed(struct hooks *h);
/* Tells who waits, where somebody does. failure: NULL where all went well. */
void reload_end(struct hooks *h, const char *failure);
void reload_forget(struct hooks *h); /* tells nobody */

#endif
