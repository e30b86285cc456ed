/* SPDX-License-Identifier: MIT */

/* supctl events: a line for every change of state, as it happens. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "supctl/ask.h"
#include "supctl/render.h"
#include "wire/json.h"

static void put_field(struct buf *out, const struct wire_frame *row, const char *name,
		      enum field_type type, const char *format)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	struct field f;

	if (!field_find(row, name, type, &f))
		return;
	render_field(&text, &f);
	if (strcmp(format, "time") == 0)
		buf_printf(out, "%s  ", buf_text(&text));
	else if (strcmp(format, "kind") == 0)
		buf_printf(out, "%-13s ", buf_text(&text));
	else
		buf_printf(out, "%s%s", format, buf_text(&text));
}

/* 12:00:01.250  exit          web/api  signal:KILL  (after exit of web/db) */
static void event_print(struct buf *out, const struct wire_frame *row)
{
	const char *cause = field_text(row, "cause_name");
	const char *origin = field_text(row, "origin");

	put_field(out, row, "time", FIELD_TIME, "time");
	put_field(out, row, "kind", FIELD_TEXT, "kind");
	put_field(out, row, "name", FIELD_TEXT, "");
	put_field(out, row, "pid", FIELD_TEXT, " ");
	put_field(out, row, "reason", FIELD_TEXT, "  ");
	put_field(out, row, "explanation", FIELD_TEXT, ": ");
	put_field(out, row, "delay", FIELD_SPAN, "  for ");
	put_field(out, row, "error", FIELD_TEXT, "  ");
	put_field(out, row, "lost", FIELD_INT, "events lost: ");
	if (cause) {
		put_field(out, row, "cause_kind", FIELD_TEXT, "  <- ");
		put_field(out, row, "cause_name", FIELD_TEXT, " ");
	} else if (origin) {
		put_field(out, row, "origin", FIELD_TEXT, "  <- ");
	}
	while (out->size && out->data[out->size - 1] == ' ')
		out->size--;
	buf_putc(out, '\n');
}

static int events_run(struct context *context)
{
	const char *count = option_value(context, "--count");
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	uint64_t left = UINT64_MAX;
	struct wire_frame frame;
	int r;

	if (count && text_parse_u64(count, UINT32_MAX, &left) < 0)
		return complain_usage(context, "--count %s: not a number", count);
	r = ask(context, "events", NULL, NULL);
	while (r == 0 && left) {
		r = context_receive(context, &frame);
		if (r)
			break;
		if (frame.op == WIRE_REPLY)
			return reply_status(&frame);
		if (context->json)
			json_put_row(&out, &frame);
		else
			event_print(&out, &frame);
		render_flush(&out);
		if (fflush(stdout) != 0)
			return EXIT_FAILED;
		left -= !field_text(&frame, "kind") ||
			strcmp(field_text(&frame, "kind"), "watching") != 0;
	}
	return r;
}

const struct command events_command = {
	.name = "events",
	.args = "[--count N] [--timeout SPAN]",
	.usage = "a line for every start, ready, exit, restart, ... as it happens",
	.help = "The first line, of kind watching, says that nothing after it is missed. A line of "
		"kind gap tells\n"
		"how many events were lost because they were not read fast enough. After <- stands "
		"what led\n"
		"to it.",
	.options =
		(const struct option_spec[]){
			{"--count", "N", "end after N events"},
			{"--timeout", "SPAN", "end after that time: exit status 5"},
			{NULL, NULL, NULL},
		},
	.run = events_run,
};
