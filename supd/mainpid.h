/* SPDX-License-Identifier: MIT */
#ifndef SUPD_MAINPID_H
#define SUPD_MAINPID_H

/*
 * MAINPID=: the main process of a service is another one than that which was started. Who is named
 * must be the service's own: in its session or its cgroup, descended from it, or a child of ours
 * (we are a subreaper) whose environment names this incarnation; and nobody else's main process,
 * command or group.
 *
 * The new one need not be our child: its parent may live, and reap it. So it is held by a pidfd,
 * which tells of its end, and by which alone it is signalled. What invariants that leaves:
 *   - first, the process that was started, is our child: until it is reaped its OS pid and its
 * group are its own.
 *   - the group of the new one, whichever that is in at the moment, is signalled only while that is
 *     our child, not reaped: else its number might be somebody else's by now.
 */

#include "supd/processes.h"

struct main_process; /* of one that has moved */

/* p's main process is os_pid from now on. NULL; or why it stays who it was, in words. */
const char *mainpid_move(struct daemon *d, struct process *p, pid_t os_pid);

/* A Unix signal to p's main process; or to its group, and that of the one that was started. 0,
 * -errno. For any p with a main process, moved or not. */
int mainpid_signal(struct process *p, int unix_signal, bool group);

/* ---- for reap.c ---- */

/* The process that was started has ended, and is about to be reaped; it was not the main one. */
void mainpid_first_ended(struct processes *ps, struct process *p);
/* p's main process has ended and is about to be reaped: kills what is left of its groups, unless
 * that is to stay. */
void mainpid_ended(struct processes *ps, struct process *p);
/* Of the group of the one that was started there is something left. */
bool mainpid_lingers(const struct process *p);
/* Nothing of p's incarnation is left, or it is started anew. */
void mainpid_forget(struct processes *ps, struct process *p);

#endif
