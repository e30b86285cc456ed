/* SPDX-License-Identifier: MIT */

/*
 * Crash reports that are logged, where no daemon is asked: those of reports.log and its old files,
 * in the order in which they were written, as a daemon that reads them back has them.
 */

#include "supctl/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "logs/own.h"
#include "logs/read_back.h"
#include "supctl/logs.h"
#include "supctl/render.h"
#include "wire/json.h"

struct dir_reports {
	const struct context *context;
	const char *dir;
	struct buf *rows; /* those that are wanted, as the frames that a daemon would send */
	size_t n, max;
	uint64_t n_damaged; /* lines */
	int error;
};

static struct wire_frame row_of(const struct buf *buf)
{
	struct wire_frame row = {0};
	size_t cursor = 0;

	wire_decode(buf->data, buf->size, &cursor, &row);
	return row;
}

/* Takes what is in buf. */
static void keep(struct dir_reports *reports, struct buf *buf)
{
	size_t max = reports->max ? 2 * reports->max : 64;
	struct buf *rows = reports->rows;

	if (reports->n == reports->max) {
		rows = reallocarray(rows, max, sizeof(*rows));
		if (!rows) {
			reports->error = -ENOMEM;
			return;
		}
		reports->rows = rows;
		reports->max = max;
	}
	reports->rows[reports->n++] = *buf;
	*buf = BUF_INIT;
}

static void take_line(void *owner, const char *line, size_t size)
{
	struct dir_reports *reports = owner;
	const struct context *context = reports->context;
	struct buf buf CLEANUP(buf_fini) = BUF_INIT;
	struct wire_frame row;

	if (logs_read_row(line, size, logs_report_members, &buf, &row) < 0 ||
	    !field_text(&row, "kind"))
		reports->n_damaged++;
	else if (context->n_args == 0 || logs_row_is_of(&row, context->args[0]))
		keep(reports, &buf);
}

static int show_table(const struct dir_reports *reports)
{
	static const struct wire_frame frame = {.op = WIRE_ROW};
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct grid *grid = grid_new();
	int r = grid ? 0 : -ENOMEM;

	for (size_t i = reports->n; r == 0 && i-- > 0;) {
		struct wire_frame whole = row_of(&reports->rows[i]), row;
		struct buf buf CLEANUP(buf_fini) = BUF_INIT;
		struct wire_encoder e;

		wire_begin(&e, &buf, &frame);
		logs_report_put_short(&e, &whole);
		r = wire_end(&e);
		row = row_of(&buf);
		if (r == 0 && reports->context->json)
			json_put_row(&out, &row);
		else if (r == 0)
			grid_add_row(grid, &row);
	}
	render_flush(&out);
	if (r == 0)
		r = grid_print(grid, true);
	grid_free(grid);
	return r < 0 ? -ENOMEM : 0;
}

static void show_page(const struct dir_reports *reports, uint64_t number)
{
	struct wire_frame row = row_of(&reports->rows[reports->n - number]);
	struct buf out CLEANUP(buf_fini) = BUF_INIT;

	if (reports->context->json)
		json_put_row(&out, &row);
	else
		report_put(&out, &row);
	render_flush(&out);
}

static int show(const struct dir_reports *reports, uint64_t number)
{
	const char *target = reports->context->n_args ? reports->context->args[0] : NULL;

	if (reports->error || (!target && show_table(reports) < 0)) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	if (reports->n_damaged)
		complain("%s/%s: damaged lines, which are passed over: %llu", reports->dir,
			 LOGS_REPORTS_FILE, (unsigned long long)reports->n_damaged);
	if (!target)
		return EXIT_DONE;
	if (!reports->n) {
		complain("%s: no report of it in %s/%s, or in old files of it", target,
			 reports->dir, LOGS_REPORTS_FILE);
		return EXIT_NOPROC;
	}
	if (number > reports->n) {
		complain("%s: there %s %zu report%s of it", target, reports->n == 1 ? "is" : "are",
			 reports->n, reports->n == 1 ? "" : "s");
		return EXIT_FAILED;
	}
	show_page(reports, number);
	return EXIT_DONE;
}

int report_from_dir(const struct context *context, const char *dir, uint64_t number)
{
	struct dir_reports reports = {.context = context, .dir = dir};
	int r = read_back(dir, LOGS_REPORTS_FILE, SIZE_MAX, take_line, &reports);
	int status = r == 0 ? show(&reports, number) : log_dir_failed(dir, r);

	while (reports.n)
		buf_fini(&reports.rows[--reports.n]);
	free(reports.rows);
	return status;
}
