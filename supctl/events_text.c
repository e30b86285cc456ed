/* SPDX-License-Identifier: MIT */

/* An event as a line for people. */

#include "supctl/events.h"

#include "supctl/render.h"
#include "wire/field.h"

#define NUMBER_WIDTH 5
#define TIME_WIDTH 12
#define KIND_WIDTH 13

/* Blank where there is none, as in a gap. */
static void put_column(struct buf *out, const struct wire_frame *row, const char *name,
		       enum field_type type, int width)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	render_named(&text, row, name, type, "");
	buf_printf(out, "%*s", width, buf_text(&text));
}

static void put_cause(struct buf *out, const struct wire_frame *row)
{
	const char *cause = field_text(row, "cause_name");
	struct field f;

	if (!cause && !field_find(row, "cause", FIELD_INT, &f)) {
		render_named(out, row, "origin", FIELD_TEXT, "  <- ");
		return;
	}
	buf_puts(out, "  <-");
	render_named(out, row, "cause", FIELD_INT, " ");
	render_named(out, row, "cause_kind", FIELD_TEXT, " ");
	render_named(out, row, "cause_name", FIELD_TEXT, " ");
}

/* Something that an explanation explains. */
static bool has_before(const struct wire_frame *row)
{
	return field_text(row, "name") || field_text(row, "pid") || field_text(row, "reason");
}

void event_put(struct buf *out, const struct wire_frame *row)
{
	put_column(out, row, "seq", FIELD_INT, NUMBER_WIDTH);
	buf_puts(out, "  ");
	put_column(out, row, "time", FIELD_TIME, TIME_WIDTH);
	buf_puts(out, "  ");
	put_column(out, row, "kind", FIELD_TEXT, -KIND_WIDTH);
	render_named(out, row, "name", FIELD_TEXT, " ");
	render_named(out, row, "pid", FIELD_TEXT, " ");
	render_named(out, row, "reason", FIELD_TEXT, "  ");
	render_named(out, row, "explanation", FIELD_TEXT, has_before(row) ? ": " : " ");
	render_named(out, row, "delay", FIELD_SPAN, "  for ");
	render_named(out, row, "error", FIELD_TEXT, "  ");
	render_named(out, row, "lost", FIELD_INT, " events lost: ");
	render_named(out, row, "from", FIELD_INT, ", from ");
	render_named(out, row, "to", FIELD_INT, " to ");
	put_cause(out, row);
	while (out->size && out->data[out->size - 1] == ' ')
		out->size--;
	buf_putc(out, '\n');
}
