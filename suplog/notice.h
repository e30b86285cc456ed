/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_NOTICE_H
#define SUPLOG_NOTICE_H

/*
 * Notices to supd (logs/keeper.h). With the lock. What supd does not take at once waits in the
 * keeper, so that a supd that is busy holds nobody up.
 */

#include "logs/keeper.h"
#include "suplog/keeper.h"
#include "wire/field.h"

struct notice {
	struct buf data;
	struct wire_encoder encoder;
};

/* A notice with its kind, and the stream's number where there is one. */
void notice_begin(struct notice *n, enum keeper_notice kind, const struct stream *s);
/* Sends it, or keeps it until supd takes it. */
void notice_send(struct keeper *k, struct notice *n);

/* Those that have no more than a text. */
void notice_trouble(struct keeper *k, const struct stream *s, const struct fault *fault);
void notice_simple(struct keeper *k, enum keeper_notice kind, const struct stream *s);
void notice_dropped(struct keeper *k, const struct stream *s, const char *why,
		    const struct tally *tally);

/* So many wait that those which can do without are to be left out, or told later. */
bool notices_are_many(const struct keeper *k);
/* Sends what waits. True where nothing is left. */
bool notices_flush(struct keeper *k);
void notices_fini(struct keeper *k);

#endif
