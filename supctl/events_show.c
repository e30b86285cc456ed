/* SPDX-License-Identifier: MIT */

/*
 * Lines are written for all that has come at once, which matters where there are hundreds of
 * thousands in a second; what has come is never held back, unless only the last are wanted.
 */

#include "supctl/events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supctl/render.h"
#include "wire/field.h"
#include "wire/json.h"

void event_show_init(struct event_show *show, const struct context *context,
		     const struct event_wish *wish)
{
	*show = (struct event_show){.context = context,
				    .wish = wish,
				    .out = BUF_INIT,
				    .left = wish->count,
				    .hold = wish->last != UINT64_MAX};
}

void event_show_fini(struct event_show *show)
{
	for (uint64_t i = 0; i < show->n; i++)
		free(show->lines[i]);
	free(show->lines);
	buf_fini(&show->out);
}

int event_compare(const struct wire_frame *row, const struct event_bound *bound)
{
	struct field f = {.number = bound->at};

	if (bound->kind == BOUND_SEQ)
		f.number = field_int(row, "seq", 0);
	else if (bound->kind == BOUND_TIME && !field_find(row, "time", FIELD_TIME, &f))
		f.number = bound->at;
	return (f.number > bound->at) - (f.number < bound->at);
}

static int hold_line(struct event_show *show, struct buf *line)
{
	uint64_t most = show->wish->last, at = most ? show->all % most : 0;
	char **lines = show->lines;

	if (!most)
		return 0;
	/* Room doubles at each power of two. */
	if (show->n < most && (show->n & (show->n - 1)) == 0)
		lines = reallocarray(lines, show->n ? show->n * 2 : 1, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	show->lines = lines;
	if (at == show->n)
		show->n++;
	else
		free(lines[at]);
	lines[at] = buf_take(line);
	show->all++;
	return lines[at] ? 0 : -ENOMEM;
}

int event_show_take(struct event_show *show, const struct wire_frame *row)
{
	struct buf line CLEANUP(buf_fini) = BUF_INIT;
	struct buf *out = show->hold ? &line : &show->out;
	const char *kind = field_text(row, "kind");
	int64_t seq = field_int(row, "seq", field_int(row, "to", 0));

	if (seq > show->seen)
		show->seen = seq;
	if (event_compare(row, &show->wish->until) > 0)
		return 0;
	if (show->context->json)
		json_put_row(out, row);
	else
		event_put(out, row);
	/* Of those that are held it is not known yet which will be shown. */
	if (!show->hold)
		show->left -= !kind || strcmp(kind, "watching") != 0;
	return out->error ? out->error : show->hold ? hold_line(show, &line) : 0;
}

void event_show_last(struct event_show *show)
{
	for (uint64_t i = show->all - show->n; i < show->all && show->left; i++, show->left--)
		buf_puts(&show->out, show->lines[i % show->wish->last]);
	show->hold = false;
}

bool event_show_flush(struct event_show *show)
{
	render_flush(&show->out);
	return fflush(stdout) == 0;
}
