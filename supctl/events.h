/* SPDX-License-Identifier: MIT */
#ifndef SUPCTL_EVENTS_H
#define SUPCTL_EVENTS_H

/* supctl events: how a row of it looks (events_text.c). */

#include "base/buf.h"
#include "wire/frame.h"

/*
 *   42  02:44:12.394  stopping      web/pool <0.9.0>  shutdown  <- 41 exit web/db
 *
 * The number is the event's, and the one behind the arrow that of the event which led to it.
 */
void event_put(struct buf *out, const struct wire_frame *row);

#endif
