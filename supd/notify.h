/* SPDX-License-Identifier: MIT */
#ifndef SUPD_NOTIFY_H
#define SUPD_NOTIFY_H

/*
 * The notify socket, run_dir/notify: what processes say about themselves, as for sd_notify(3). One
 * datagram socket for all; the kernel says who sent what, and notify_access whose word counts.
 * What the lines mean is in notify_lines.h. fds that come along are closed once their datagram has
 * been dealt with, which is what a sender of BARRIER=1 waits for.
 */

#include "supd/daemon.h"

/* Sets d->notify. 0 or -errno. A socket that is there already is replaced. */
int notify_open(struct daemon *d);
void notify_close(struct daemon *d); /* removes the socket; takes one that was never opened */
/* Reads what was sent so far: before a death is told (SEMANTICS 3). */
void notify_drain(struct daemon *d);
struct fd_keeper;
struct fd_keeper *notify_fd_keeper(const struct daemon *d); /* borrowed; it is open */
const char *notify_path(const struct daemon *d);            /* borrowed; NULL: not open */

#endif
