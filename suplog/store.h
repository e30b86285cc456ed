/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_STORE_H
#define SUPLOG_STORE_H

/* A stream's file and what the record says of it, kept together. The hand's; the lock is let go
 * around calls that may wait for a disk. */

#include "suplog/keeper.h"

/* The file is open and sound, and what the record says of it is true. 0 or -errno with the fault.
 */
int store_ready(struct keeper *k, struct stream *s, struct fault *fault);
/* Room up to its size limit. */
uint64_t store_room(const struct stream *s);
/* Writes the keeper's out, in a new file where it does not fit this one. before: the state before
 * it. 0 or -errno with the fault. */
int store_put(struct keeper *k, struct stream *s, const struct format_state *before,
	      struct fault *fault);
/* The first bytes are in the file: its age counts from now on. */
void store_has_begun(struct keeper *k, struct stream *s);
/* raw has no state of its own: whether the file ends within a line is read off it. */
void store_learn_raw(struct keeper *k, struct stream *s);

#endif
