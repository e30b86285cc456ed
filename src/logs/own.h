/* SPDX-License-Identifier: MIT */
#ifndef LOGS_OWN_H
#define LOGS_OWN_H

/* What the daemon logs for programs, itself and supctl: lines of JSON (wire/json_read.h). */

#include "wire/json_read.h"

#define LOGS_EVENTS_FILE "events.log"

/* The fields of events that are not what they look like. */
extern const struct json_member logs_event_members[];

#endif
