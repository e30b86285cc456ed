/* SPDX-License-Identifier: MIT */
#ifndef SUPD_EVENTS_WATCH_H
#define SUPD_EVENTS_WATCH_H

/*
 * A reader of events, over a connection: a position among them, and what is left out. It is written
 * to as fast as it reads; where that is too slow the events that it has not seen make room for
 * newer ones as they would without it, and a row of kind gap says which are missing. So it costs
 * the same whether it reads or not, and nobody waits for it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "supd/events.h"

struct conn;

struct watch {
	struct events_listener listener;
	struct conn *conn; /* borrowed */
	uint64_t ref;      /* of its request */
	uint64_t position; /* of the next event to be looked at */
	uint64_t until;    /* ... where it ends; UINT64_MAX: it follows */
	uint64_t after;    /* number of the last one that was looked at, or told to be missing */
	char **paths;      /* owned; only of those and what is below them; NULL: of all */
	char **kinds;      /* owned; NULL: all */
};

void watch_free(struct watch *watch); /* takes NULL */
/* Writes what there is for the connection's watch, as far as it takes it and as is fair. */
void watch_continue(struct conn *conn);
/* There is more. */
bool watch_is_behind(const struct conn *conn);

#endif
