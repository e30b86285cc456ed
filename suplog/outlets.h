/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_OUTLETS_H
#define SUPLOG_OUTLETS_H

/* Who else than the file gets to see lines: the console, whoever waits for a line that matches,
 * reports, the system's log. */

#include "suplog/keeper.h"

/* Somebody wants to see the lines of the stream, so that they have to be read. */
bool outlets_want(const struct keeper *k, const struct stream *s);
/* Lines that were written. */
void outlets_show(struct keeper *k, struct stream *s, const char *data, size_t size);
/* The console is the only place that they go to, and it takes none. */
bool outlets_are_full(const struct keeper *k, const struct stream *s);
/* Sends to the system's log. Bytes that were taken; -errno with the fault; -EAGAIN: not now. */
ssize_t outlets_send(struct keeper *k, struct stream *s, const char *data, size_t size, bool rest,
		     struct fault *fault);

#endif
