/* SPDX-License-Identifier: MIT */
#ifndef CORE_CHILD_ACTS_H
#define CORE_CHILD_ACTS_H

/*
 * Between child.c, which holds the table of a child's life, and the files with its actions:
 * child_start.c, child_end.c. An action is called with the event that led to it, or NULL.
 */

#include "core/model.h"

typedef void child_act(struct child *c, const struct event *event);

/* ---- child.c ---- */

void child_set_live(struct child *c, bool live);

/* ---- child_start.c ---- */

void child_launch(struct child *c); /* FX_START, and its time starts */
void child_ready(struct child *c);  /* the attempt has succeeded */
bool child_is_delayed(const struct child *c);
/* Nothing is left of it: the one place where an attempt or a life ends. */
void child_down(struct child *c, struct cause cause);
child_act act_gone, act_ignore, act_ready, act_shortage, act_shortage_stopping, act_start,
	act_start_failed, act_started;

/* ---- child_end.c ---- */

void child_kill_now(struct child *c, actor_pid from); /* SIGKILL, once */
child_act act_doom, act_doom_stopping, act_exited, act_extend, act_fault, act_kill, act_kill_ending,
	act_stop, act_stop_down, act_timeout_backoff, act_timeout_ending, act_timeout_starting,
	act_timeout_stopping, act_told, act_told_stopping;

#endif
