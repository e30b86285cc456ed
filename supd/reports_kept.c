/* SPDX-License-Identifier: MIT */

/*
 * Complete reports: the last so many, each as the frame that whoever asks is sent. They are found
 * by a walk: there are few, and people ask.
 */

#include "supd/reporting.h"

#include <stdlib.h>
#include <string.h>

#include "supd/log.h"

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

static bool add(struct reports *r, const struct buf *row)
{
	struct report *report = malloc(sizeof(*report) + row->size);

	if (!report)
		return false;
	report->size = row->size;
	report->number = ++r->last_report;
	memcpy(report->data, row->data, row->size);
	list_init(&report->link);
	list_append(&r->kept, &report->link);
	r->n_kept++;
	r->bytes += report->size;
	while (r->n_kept > REPORTS_KEPT || r->bytes > REPORTS_BYTES_MAX)
		report_free(r, LIST_ENTRY(r->kept.next, struct report, link));
	return true;
}

void reports_keep(struct daemon *d, struct draft *draft)
{
	struct log_about about = {.name = draft->name, .event = "report"};

	if (add(d->reports, &draft->row))
		log_about(LOG_AT_INFO, &about, "supctl report %s tells more", draft->name);
}
