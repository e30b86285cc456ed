/* SPDX-License-Identifier: MIT */
#ifndef SUPD_NOTIFY_LINES_H
#define SUPD_NOTIFY_LINES_H

/*
 * What the lines of one notification mean; the whole protocol is in supd(8). Their order in it does
 * not matter: who speaks from now on comes first, then what it is about, then what the core is
 * told, last words last. Of a line that comes twice the last one counts; lines that are not known
 * are passed over.
 */

#include "supd/processes.h"

/*
 * Takes p's message apart, which is changed. Of the fds that came with it those that are kept are
 * -1 afterwards. p may be gone when this returns.
 */
void notify_take(struct daemon *d, struct process *p, char *message, int *fds, size_t n_fds);
/* READY=1, as it may also be said over the control socket: ends a reload, and where its start waits
 * for that, it is ready. */
void notify_ready(struct daemon *d, actor_pid pid);

#endif
