/* SPDX-License-Identifier: MIT */
#ifndef LOGS_OWN_H
#define LOGS_OWN_H

/* What the daemon logs for programs, itself and supctl: lines of JSON (wire/json_read.h). */

#include "wire/json_read.h"

#define LOGS_EVENTS_FILE "events.log"
#define LOGS_REPORTS_FILE "reports.log"

/* The fields of events that are not what they look like. */
extern const struct json_member logs_event_members[];
/* The same of crash reports. */
extern const struct json_member logs_report_members[];

/* The fields of a report that a table of them shows, and those that it leaves to JSON. */
void logs_report_put_short(struct wire_encoder *e, const struct wire_frame *report);
/* It is of the one that target names, by path or pid, or of what is below that. */
bool logs_report_is_of(const struct wire_frame *report, const char *target);

#endif
