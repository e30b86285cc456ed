/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_PUMP_H
#define SUPLOG_PUMP_H

/* From a pipe to a log. The hand's. */

#include "suplog/keeper.h"

/* What a look at a stream has found. */
struct look {
	size_t n;     /* bytes in the pipe that were seen, and are written */
	bool partial; /* a line without its end is left */
};

/* Writes what is in the stream's pipe, a batch of it; answers marks; tells of trouble. */
void pump_look(struct keeper *k, struct stream *s, struct mono now, struct look *ret_look);

/* sweep.c: what is due by time: rotations by age and on request, notices that were held back. */
void sweep(struct keeper *k);

/* rotate.c: rotates the stream's file. ref: of the request; 0: by itself. 0 or -errno. */
int rotate_now(struct keeper *k, struct stream *s, uint64_t ref, struct fault *fault);
/* ... where that is asked for and the file ends with a line's end. */
void rotate_on_request(struct keeper *k, struct stream *s);

/* trouble.c */
void trouble_begin(struct keeper *k, struct stream *s, const struct fault *fault);
void trouble_end(struct keeper *k, struct stream *s);

#endif
