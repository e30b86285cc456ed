/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_DROP_H
#define SUPLOG_DROP_H

/*
 * log_overflow = drop: what the log does not take is read and counted, so that the service never
 * waits. Whole lines are dropped: of one whose beginning is gone, the end goes too. A remark in the
 * log says how many, once it takes something again.
 *
 * While the hand is in a call that hangs, the main thread drops. The batch that is under way is at
 * the front of its stream's pipe, and it is not known yet whether it is in the file: it is moved to
 * staging, where the record tells of it, so that what is behind it can be dropped.
 */

#include "suplog/keeper.h"

/* All that is in the pipe. With the lock. */
void drop_all(struct keeper *k, struct stream *s);
/* For the main thread: the hand hangs in a call. */
void stall_drop(struct keeper *k);
/* The call is over; n bytes of the batch are in the file. The hand's. */
void drop_held(struct keeper *k, struct stream *s, size_t n, const struct record_slot *then);

/* Of data, how much belongs to a line whose beginning was dropped: that goes too. */
size_t drop_rest_of_line(struct keeper *k, struct stream *s, const char *data, size_t size);

/* Lines above the rate, which are about to be taken out of the pipe. */
void drop_rated(struct keeper *k, struct stream *s, const char *data, size_t size);

/* The remark on them, in the keeper's out; a line that was begun is ended. */
void drop_remark(struct keeper *k, struct stream *s, const struct tally *tally, const char *why);

#endif
