/* SPDX-License-Identifier: MIT */
#ifndef SUPCTL_EVENTS_H
#define SUPCTL_EVENTS_H

/*
 * supctl events: what is wanted (events.c), where it comes from (events_daemon.c, events_dir.c),
 * what becomes of each event (events_show.c), and how it looks (events_text.c).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "supctl/command.h"
#include "wire/frame.h"

/* An end of what is wanted: a number, or a time in nanoseconds since 1970. */
struct event_bound {
	enum event_bound_kind { BOUND_NONE, BOUND_SEQ, BOUND_TIME } kind;
	int64_t at;
};

/* How the row lies to the bound: below 0 before it, above 0 behind it; 0 too where that has none.
 */
int event_compare(const struct wire_frame *row, const struct event_bound *bound);

struct event_wish {
	struct event_bound since, until;
	uint64_t count; /* end after so many; UINT64_MAX: never */
	uint64_t last;  /* of those that are kept the last so many; UINT64_MAX: all */
	bool kept;      /* those that are kept are wanted, not only what comes */
	bool follow;    /* go on with what comes, over restarts of the daemon too */
};

/* What becomes of events as they come. */
struct event_show {
	const struct context *context;
	const struct event_wish *wish;
	struct buf out;
	uint64_t left;   /* until count is reached */
	int64_t seen;    /* the number up to which all is known */
	bool hold;       /* lines are kept for event_show_last() */
	char **lines;    /* owned; a ring of those, when it is full */
	uint64_t n, all; /* lines there, and lines that came */
};

void event_show_init(struct event_show *show, const struct context *context,
		     const struct event_wish *wish);
void event_show_fini(struct event_show *show);
/* One row: an event, a gap, or of kind watching. 0 or -ENOMEM. */
int event_show_take(struct event_show *show, const struct wire_frame *row);
/* Prints the last lines that were held, and holds no more. */
void event_show_last(struct event_show *show);
/* Writes what there is. False: standard output takes no more. */
bool event_show_flush(struct event_show *show);

/* From the daemon, until the wish is fulfilled: an exit status. */
int events_from_daemon(struct context *context, const struct event_wish *wish);

/* The same from a folder of logs; what is to come is not there. */
int events_from_dir(const struct context *context, const struct event_wish *wish, const char *dir);

/*
 *   42  02:44:12.394  stopping      web/pool <0.9.0>  shutdown  <- 41 exit web/db
 *
 * The number is the event's, and the one behind the arrow that of the event which led to it.
 */
void event_put(struct buf *out, const struct wire_frame *row);

#endif
