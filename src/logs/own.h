/* SPDX-License-Identifier: MIT */
#ifndef LOGS_OWN_H
#define LOGS_OWN_H

/* What the daemon logs for programs, itself and supctl: lines of JSON (wire/json_read.h). */

#include "wire/json_read.h"

struct buf;

#define LOGS_EVENTS_FILE "events.log"
#define LOGS_REPORTS_FILE "reports.log"

/* The fields of events that are not what they look like. */
extern const struct json_member logs_event_members[];
/* The same of crash reports. */
extern const struct json_member logs_report_members[];

/* The fields of a report that a table of them shows, and those that it leaves to JSON. */
void logs_report_put_short(struct wire_encoder *e, const struct wire_frame *report);
/* The row of an event or a report is of the one that target names, by path or pid, or of what is
 * below that. */
bool logs_row_is_of(const struct wire_frame *row, const char *target);
/* An event that tells of so many that are missing, from one number to another. */
void logs_event_put_gap(struct wire_encoder *e, int64_t from, int64_t to, int64_t lost);

/*
 * A line as the row that it was written from, in buf, which is emptied before; *ret_row borrows
 * from that. 0; -EPROTO: it is damaged; -ENOMEM.
 */
int logs_read_row(const char *line, size_t size, const struct json_member *members, struct buf *buf,
		  struct wire_frame *ret_row);

#endif
