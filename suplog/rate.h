/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_RATE_H
#define SUPLOG_RATE_H

/*
 * So many lines in so long a time: a window opens with a line, that many pass in it, the others are
 * for the caller to drop and to count. What passes are whole lines: one that has begun to pass goes
 * on to its end. A long line counts as one for each line_max bytes, so that output without any end
 * of a line does not get round it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

struct rate {
	uint64_t lines; /* 0: no limit */
	struct span span;
	struct mono begin; /* of the window */
	uint64_t passed;   /* in it */
	bool open;         /* a line has begun to pass ... */
	bool closed;       /* ... or to be dropped */
	uint64_t size;     /* of that line, so far */
};

void rate_init(struct rate *rate, uint64_t lines, struct span span);

/* Its window: the next line passes. */
bool rate_is_over(const struct rate *rate, struct mono now);

/*
 * Judges data, from its front: returns bytes that are all of one kind, to pass or to be dropped,
 * and which. Called until all of it is judged; what was judged must be passed or dropped.
 */
size_t rate_judge(struct rate *rate, struct mono now, size_t line_max, const char *data,
		  size_t size, bool *ret_pass);

#endif
