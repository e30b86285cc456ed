/* SPDX-License-Identifier: MIT */
#ifndef SUPD_WHAT_IF_H
#define SUPD_WHAT_IF_H

/*
 * supctl what-if: a process forked off the daemon has a copy of the whole tree, steps that on with
 * pretended processes (pretend.h), and writes what comes of it into a pipe, as the frames of the
 * answer. We pass them on as whoever asked takes them. Of the daemon nothing changes, however that
 * process ends: it has none of our fds, hears no Unix signal, and is killed when its time is up.
 */

#include "supd/pretend.h"
#include "supd/request.h"

/* For a request with that ref; the command is the one that it is like. All of it is borrowed for
 * the call. 0 or -errno. */
int what_if_start(struct conn *conn, const struct request_command *command, uint64_t ref,
		  const struct pretend_what *what);
/* The connection has room again; it goes. */
void what_if_continue(struct what_if *what_if);
void what_if_cancel(struct what_if *what_if); /* takes NULL */

#endif
