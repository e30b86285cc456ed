/* SPDX-License-Identifier: MIT */

/*
 * supctl report: what is known of a crash, on one page. What the row has is shown where it belongs;
 * what came from the dead process is escaped.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "base/utc.h"
#include "supctl/ask.h"
#include "supctl/lines.h"
#include "supctl/render.h"
#include "supctl/report.h"
#include "wire/json.h"

/* ---- parts ---- */

static void put_label(struct buf *out, const char *label)
{
	buf_printf(out, "  %-12s", label);
}

/* The label stands before the first line alone. */
static void put_line(struct buf *out, const char *label, const char *text)
{
	if (!text)
		return;
	put_label(out, label);
	render_text(out, text, RENDER_LINE);
	buf_putc(out, '\n');
}

static void put_list(struct buf *out, const struct wire_frame *row, const char *name,
		     const char *label)
{
	struct field f;
	size_t cursor = 0;
	const char *text;

	if (!field_find(row, name, FIELD_LIST, &f))
		return;
	while ((text = field_list_next(&f, &cursor))) {
		put_line(out, label, text);
		label = "";
	}
}

/* ---- the page ---- */

static const char *heading(const struct wire_frame *row)
{
	const char *kind = field_text(row, "kind");

	if (kind && strcmp(kind, "start_failed") == 0)
		return "has failed to start";
	if (kind && strcmp(kind, "gave_up") == 0)
		return "gave up";
	if (kind && strcmp(kind, "failed") == 0)
		return "has failed for good";
	return "has crashed";
}

/* web/api <0.7.0> has crashed: signal:SEGV, 2026-11-30 20:37:10.123, event 4711 */
static void put_heading(struct buf *out, const struct wire_frame *row)
{
	const char *name = field_text(row, "name"), *pid = field_text(row, "pid");

	render_text(out, name ? name : "?", RENDER_LINE);
	buf_putc(out, ' ');
	render_text(out, pid ? pid : "?", RENDER_LINE);
	buf_printf(out, " %s", heading(row));
	render_named(out, row, "reason", FIELD_TEXT, ": ");
	render_named(out, row, "time", FIELD_TIME, ", ");
	render_named(out, row, "seq", FIELD_INT, ", event ");
	buf_puts(out, "\n\n");
}

static void put_process(struct buf *out, const struct wire_frame *row)
{
	struct field f;

	if (!field_find(row, "os_pid", FIELD_INT, &f))
		return;
	put_label(out, "OS pid");
	render_field(out, &f);
	render_named(out, row, "uptime", FIELD_SPAN, ", which ran for ");
	render_named(out, row, "exit_status", FIELD_TEXT, ", ended by ");
	render_named(out, row, "exit_status", FIELD_INT, ", exit status ");
	buf_putc(out, '\n');
}

/* 12.3M */
static void put_bytes_shown(struct buf *out, int64_t bytes)
{
	static const char units[] = "BKMGT";
	double value = (double)bytes;
	size_t unit = 0;

	for (; value >= 1023.95 && units[unit + 1]; unit++)
		value /= 1024;
	buf_printf(out, "%.*f%c", unit ? 1 : 0, value, units[unit]);
}

static void put_size(struct buf *out, const struct wire_frame *row, const char *name,
		     const char *before)
{
	struct field f;

	if (!field_find(row, name, FIELD_INT, &f))
		return;
	buf_puts(out, before);
	put_bytes_shown(out, f.number);
}

static void put_used(struct buf *out, const struct wire_frame *row)
{
	struct span both = {0};
	struct field user, system;

	if (!field_find(row, "cpu_user", FIELD_SPAN, &user))
		return;
	put_label(out, "used");
	if (field_find(row, "cpu_system", FIELD_SPAN, &system))
		both.ns += system.number;
	both.ns += user.number;
	render_span(out, both);
	render_named(out, row, "cpu_user", FIELD_SPAN, " of CPU time (user ");
	render_named(out, row, "cpu_system", FIELD_SPAN, ", system ");
	put_size(out, row, "memory_peak", "), memory at most ");
	put_size(out, row, "cgroup_memory_peak", ", all of its cgroup at most ");
	buf_putc(out, '\n');
}

static void put_core(struct buf *out, const struct wire_frame *row)
{
	const char *path = field_text(row, "core"), *taker = field_text(row, "core_taker");
	const char *command = field_text(row, "core_command");

	if (path) {
		put_label(out, "core");
		render_text(out, path, RENDER_LINE);
		if (!field_bool(row, "core_there"))
			buf_puts(out, " (there is none: the kernel may have put it elsewhere)");
		buf_putc(out, '\n');
	} else if (taker) {
		put_label(out, "core");
		buf_puts(out, "went to ");
		render_text(out, taker, RENDER_LINE);
		if (command) {
			buf_puts(out, ": ");
			render_text(out, command, RENDER_LINE);
		}
		buf_putc(out, '\n');
	}
}

/* Nanoseconds since 1970 of "2026-11-30T20:37:10.123456Z..."; -1: it is none. */
static int64_t parse_time(const char *text)
{
	struct utc time;

	return utc_read(text, strlen(text), &time) < 0 ? -1 : time.us * 1000;
}

/* "12s before: exit <0.7.0> signal:SEGV" */
static void put_passage(struct buf *out, const char *text, int64_t died)
{
	int64_t at = parse_time(text);
	const char *rest = strchr(text, ' ');
	struct span span = {at < died ? died - at : at - died};
	struct buf when CLEANUP(buf_fini) = BUF_INIT;

	if (at < 0 || !rest) {
		render_text(out, text, RENDER_LINE);
		buf_putc(out, '\n');
		return;
	}
	/* The two were taken a moment apart. */
	if (span.ns >= 1000000) {
		render_span(&when, span);
		buf_puts(&when, at < died ? " before" : " after");
	}
	buf_printf(out, "%-14s", when.size ? buf_text(&when) : "then");
	render_text(out, rest, RENDER_LINE);
	buf_putc(out, '\n');
}

static void put_history(struct buf *out, const struct wire_frame *row)
{
	const char *label = "history", *text;
	struct field list, died;
	size_t cursor = 0;

	if (!field_find(row, "history", FIELD_LIST, &list) ||
	    !field_find(row, "time", FIELD_TIME, &died))
		return;
	while ((text = field_list_next(&list, &cursor))) {
		put_label(out, label);
		put_passage(out, text, died.number);
		label = "";
	}
}

static void put_left_out(struct buf *out, const struct wire_frame *row)
{
	int64_t n = field_int(row, "left_out", 0);

	if (n <= 0)
		return;
	put_label(out, "left out");
	buf_printf(out, "%" PRId64 " crash%s before this one: so often that there are no reports\n",
		   n, n == 1 ? "" : "es");
}

/* A line each; what has no end of its own had none. */
static void put_output(struct buf *out, const struct wire_frame *row)
{
	const char *missing = field_text(row, "output_missing");
	struct field f;

	if (missing) {
		buf_puts(out, "\n  its last lines are not here: ");
		render_text(out, missing, RENDER_LINE);
		buf_putc(out, '\n');
	}
	if (!field_find(row, "output", FIELD_BYTES, &f))
		return;
	if (!f.text_size) {
		buf_puts(out, "\n  it has said nothing\n");
		return;
	}
	buf_puts(out, "\n  the last that it said:\n");
	lines_put(out, f.text, f.text_size);
}

void report_put(struct buf *out, const struct wire_frame *row)
{
	put_heading(out, row);
	put_line(out, "why", field_text(row, "explanation"));
	put_process(out, row);
	put_core(out, row);
	put_used(out, row);
	put_line(out, "then", field_text(row, "outcome"));
	put_line(out, "causes", field_text(row, "causes"));
	put_list(out, row, "linked", "linked");
	put_list(out, row, "monitored_by", "monitored by");
	put_history(out, row);
	put_left_out(out, row);
	put_output(out, row);
}

/* ---- the command ---- */

static void fill_number(const struct context *context, struct wire_encoder *e)
{
	uint64_t number;

	if (context->n_args > 1 && text_parse_u64(context->args[1], INT64_MAX, &number) == 0)
		field_put_int(e, 0, "number", (int64_t)number);
}

static int show_one(struct context *context)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct wire_frame frame;
	int r = ask(context, "report", context->args[0], fill_number);

	while (r == 0 && (r = context_receive(context, &frame)) == 0 && frame.op == WIRE_ROW) {
		if (context->json)
			json_put_row(&out, &frame);
		else
			report_put(&out, &frame);
	}
	if (r == 0)
		r = reply_status(&frame);
	render_flush(&out);
	return r;
}

static int report_run(struct context *context)
{
	const char *dir = option_value(context, "--dir");
	uint64_t number = 1;

	if (context->n_args > 1 &&
	    (text_parse_u64(context->args[1], INT64_MAX, &number) < 0 || number == 0))
		return complain_usage(context, "report: %s: which one? 1 is the newest",
				      context->args[1]);
	if (dir)
		return report_from_dir(context, dir, number);
	if (context->n_args == 0)
		return print_rows(context, "report", ROWS_TABLE, NULL);
	return show_one(context);
}

const struct command report_command = {
	.name = "report",
	.args = "[PATH [N]]",
	.usage = "all that is known of a crash",
	.help = "Without PATH a row for each report there is, the newest first. With PATH the "
		"newest report of\n"
		"it, or of anything below it; with N the N-th newest.",
	.options =
		(const struct option_spec[]){
			{"--dir", "DIR",
			 "those that are logged in this folder: no daemon is asked"},
			{NULL, NULL, NULL},
		},
	.min_args = 0,
	.max_args = 2,
	.run = report_run,
};
