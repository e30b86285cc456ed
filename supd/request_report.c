/* SPDX-License-Identifier: MIT */

/* The request report: rows of all crash reports there are, or one of them. */

#include <stdlib.h>
#include <string.h>

#include "logs/own.h"
#include "supd/reporting.h"
#include "supd/request.h"

static struct wire_frame frame_of(const struct report *report)
{
	struct wire_frame frame = {0};
	size_t cursor = 0;

	wire_decode(report->data, report->size, &cursor, &frame);
	return frame;
}

uint32_t reports_find(const struct daemon *d, const char *name, uint32_t number,
		      struct wire_frame *ret_row)
{
	const struct reports *r = d->reports;

	for (struct list *it = r ? r->kept.prev : NULL; it && it != &r->kept; it = it->prev) {
		const struct report *report = LIST_ENTRY(it, struct report, link);
		struct wire_frame row = frame_of(report);
		const char *whose = field_text(&row, "name");

		if (name ? !whose || strcmp(whose, name) != 0 : report->number != number)
			continue;
		*ret_row = row;
		return report->number;
	}
	return 0;
}

/* Copies the fields as they are; of the lines of output only where that is permitted. */
static void put_fields(struct wire_encoder *e, const struct wire_frame *row, bool whole)
{
	size_t cursor = 0, from = 0;
	struct field f;

	for (; field_next(row, &cursor, &f) > 0; from = cursor) {
		if (whole || strcmp(f.name, "output") != 0)
			wire_put(e, (const char *)row->payload + from, cursor - from);
		else
			field_put_text(e, 0, "output_missing",
				       "only who may do everything is shown it");
	}
}

static void write_whole(struct conn *conn, uint64_t ref, const struct wire_frame *frame)
{
	struct wire_encoder e;

	conn_begin(conn, &e, WIRE_ROW, ref);
	put_fields(&e, frame, conn_right(conn) >= RIGHT_EVERYTHING);
	conn_end(conn, &e);
}

/* A row of the table. */
static void write_short(struct conn *conn, uint64_t ref, const struct wire_frame *report)
{
	struct wire_encoder e;

	conn_begin(conn, &e, WIRE_ROW, ref);
	logs_report_put_short(&e, report);
	conn_end(conn, &e);
}

void listing_write_report(struct conn *conn, const struct listing *listing, uint32_t number)
{
	const struct reports *r = conn->control->daemon->reports;

	for (struct list *it = r ? r->kept.prev : NULL; it && it != &r->kept; it = it->prev) {
		struct report *report = LIST_ENTRY(it, struct report, link);
		struct wire_frame frame = frame_of(report);

		if (report->number != number)
			continue;
		write_short(conn, listing->ref, &frame);
		return;
	}
}

/* Their numbers are noted, the newest first. */
static void take_table(struct conn *conn, uint64_t ref)
{
	const struct reports *r = conn->control->daemon->reports;
	struct listing *listing = listing_new(conn, ref);
	size_t n = r ? r->n_kept : 0;

	if (listing)
		listing->slots = calloc(n ? n : 1, sizeof(*listing->slots));
	if (!listing || !listing->slots) {
		if (listing)
			listing_free(listing);
		request_fail(conn, ref, STATUS_FAILED, "the daemon is short of memory");
		return;
	}
	listing->of_reports = true;
	for (struct list *it = r ? r->kept.prev : NULL; listing->n < n; it = it->prev)
		listing->slots[listing->n++] = LIST_ENTRY(it, struct report, link)->number;
}

/* It has none. Another one may have, for the sake of which it was ended, or waits. */
static void refuse(struct conn *conn, uint64_t ref, const char *target)
{
	const struct daemon *d = conn->control->daemon;
	struct wire_frame row;

	if (core_find(d->core, target) == SLOT_NONE)
		request_fail(conn, ref, STATUS_NOPROC, "%s: no such actor, and no report", target);
	else if (why_find_culprit(d, target, &row))
		request_fail(conn, ref, STATUS_FAILED,
			     "%s: there is no report of it: it has not crashed, but %s has (event "
			     "%lld): supctl report %s",
			     target, field_text(&row, "name"), (long long)field_int(&row, "seq", 0),
			     field_text(&row, "name"));
	else
		request_fail(conn, ref, STATUS_FAILED,
			     "%s: there is no report of it: it has not crashed", target);
}

/* The n-th newest of a target. */
void request_take_report(struct conn *conn, const struct request_command *command,
			 const struct wire_frame *frame)
{
	struct reports *r = conn->control->daemon->reports;
	const char *target = field_text(frame, "target");
	int64_t wanted = field_int(frame, "number", 1), n = 0;

	(void)command;
	if (!target) {
		take_table(conn, frame->ref);
		return;
	}
	for (struct list *it = r ? r->kept.prev : NULL; it && it != &r->kept; it = it->prev) {
		struct wire_frame row = frame_of(LIST_ENTRY(it, struct report, link));

		if (!logs_row_is_of(&row, target) || ++n < wanted)
			continue;
		write_whole(conn, frame->ref, &row);
		conn_reply_status(conn, frame->ref, STATUS_OK, NULL);
		return;
	}
	if (n)
		request_fail(conn, frame->ref, STATUS_FAILED, "%s: there %s %lld report%s of it",
			     target, n == 1 ? "is" : "are", (long long)n, n == 1 ? "" : "s");
	else
		refuse(conn, frame->ref, target);
}
