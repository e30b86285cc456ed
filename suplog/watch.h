/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_WATCH_H
#define SUPLOG_WATCH_H

/*
 * Somebody waits for a line that matches: of what is written from a moment on. What is in the pipe
 * by then is an earlier process's: it is written as ever, and not looked at. How much of it is left
 * stands in the record, so that a keeper that follows one that was killed goes on where that was.
 *
 * All with the lock.
 */

#include "suplog/keeper.h"

/* The watch of that ref, asked for now or anew; pattern NULL: nobody waits any more. */
void watch_ask(struct keeper *k, struct stream *s, uint64_t ref, const char *pattern);
/* The next bytes of the pipe are in a log, or dropped, and about to be taken: are they what is
 * waited for? */
void watch_look(struct keeper *k, struct stream *s, const char *data, size_t size);
/* n bytes are taken out of the pipe; before they are, so that a crash passes over none too many. */
void watch_pass(struct keeper *k, const struct stream *s, size_t n);
void watch_end(struct watch *w);

#endif
