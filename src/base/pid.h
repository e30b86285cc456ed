/* SPDX-License-Identifier: MIT */
#ifndef BASE_PID_H
#define BASE_PID_H

/*
 * An actor's id: a 64-bit counter that a node never uses again, printed <0.L.H> with the low and
 * the high 32 bits, as Erlang prints its own. The first number is the node and always 0 here; room
 * for a cluster. It has nothing to do with an OS pid.
 */

#include <stdbool.h>
#include <stdint.h>

typedef struct {
	uint64_t n; /* 0: no actor */
} actor_pid;

#define ACTOR_PID_NONE ((actor_pid){0})
#define ACTOR_PID_TEXT_MAX 32

/* Writes "<0.L.H>"; returns buf. */
char *actor_pid_format(actor_pid pid, char buf[ACTOR_PID_TEXT_MAX]);

/* Parses "<0.L.H>" or "0.L.H". 0, or -EINVAL. */
int actor_pid_parse(const char *text, actor_pid *ret_pid);
/* How a pid is printed, of one that somebody has typed without the brackets; any other text is
 * returned as it is. */
const char *actor_pid_spell(const char *text, char buf[ACTOR_PID_TEXT_MAX]);

#endif
