/* SPDX-License-Identifier: MIT */

/*
 * Complete reports: the last so many, each as the frame that whoever asks is sent. They are found
 * by a walk: there are few, and people ask.
 */

#include "supd/reporting.h"

#include <stdlib.h>
#include <string.h>

#include "logs/own.h"
#include "logs/read_back.h"
#include "supd/events.h"
#include "supd/keeper.h"
#include "supd/log.h"
#include "wire/json.h"

static void report_free(struct reports *r, struct report *report)
{
	list_unlink(&report->link);
	r->n_kept--;
	r->bytes -= report->size;
	free(report);
}

void reports_drop_all(struct reports *r)
{
	while (!list_is_empty(&r->kept))
		report_free(r, LIST_ENTRY(r->kept.next, struct report, link));
}

/* In the order of their deaths: the last lines of one may come late. seq 0: it comes last. */
static bool add(struct reports *r, const struct buf *row, uint64_t seq)
{
	struct report *report = malloc(sizeof(*report) + row->size);
	struct list *behind = &r->kept;

	if (!report)
		return false;
	report->size = row->size;
	memcpy(report->data, row->data, row->size);
	report->number = ++r->last_report;
	report->seq = seq;
	list_init(&report->link);
	while (behind->prev != &r->kept && LIST_ENTRY(behind->prev, struct report, link)->seq > seq)
		behind = behind->prev;
	list_insert_before(behind, &report->link);
	r->n_kept++;
	r->bytes += report->size;
	while (r->n_kept > r->most || r->bytes > REPORTS_BYTES_MAX)
		report_free(r, LIST_ENTRY(r->kept.next, struct report, link));
	return true;
}

/* ---- a new one ---- */

static void write_line(struct daemon *d, const struct wire_frame *row)
{
	struct buf line CLEANUP(buf_fini) = BUF_INIT;

	json_put_row(&line, row);
	if (!line.error)
		keeper_write(d, KEEPER_REPORTS, line.data, line.size);
}

static void announce(struct daemon *d, const struct wire_frame *row)
{
	const char *name = field_text(row, "name"), *pid = field_text(row, "pid");
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	struct log_about about = {.name = name, .event = "report", .pid = pid};
	struct occurrence what = {
		.kind = "report",
		.name = name,
		.reason = field_text(row, "reason"),
		.cause = (uint64_t)field_int(row, "seq", 0),
	};

	buf_puts(&text, daemon_supctl(d));
	if (!name || buf_printf(&text, " report %s tells more", name) < 0)
		return;
	what.explanation = buf_text(&text);
	if (pid && actor_pid_parse(pid, &what.pid) < 0)
		what.pid = ACTOR_PID_NONE;
	events_add(d, &what);
	log_about(LOG_AT_INFO, &about, "%s", buf_text(&text));
}

void reports_keep(struct daemon *d, const struct draft *draft)
{
	struct wire_frame row;
	size_t cursor = 0;

	if (wire_decode(draft->row.data, draft->row.size, &cursor, &row) <= 0)
		return;
	add(d->reports, &draft->row, draft->seq);
	write_line(d, &row);
	announce(d, &row);
}

/* ---- those of a daemon before this one ---- */

static void take_line(void *owner, const char *line, size_t size)
{
	struct buf buf CLEANUP(buf_fini) = BUF_INIT;
	struct wire_frame row;

	if (logs_read_row(line, size, logs_report_members, &buf, &row) == 0)
		add(owner, &buf, 0);
}

void reports_read_back(struct reports *r)
{
	const char *dir = keeper_dir(r->daemon);

	if (dir)
		read_back(dir, LOGS_REPORTS_FILE, r->most, take_line, r);
}
