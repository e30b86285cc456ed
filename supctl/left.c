/* SPDX-License-Identifier: MIT */

/* What does not go, said while a command waits for it: over a connection of its own. */

#include <stdlib.h>
#include <string.h>

#include "supctl/ask.h"
#include "supctl/render.h"

#define ANSWER_MS 2000

static void fill_below(const struct context *context, struct wire_encoder *e)
{
	(void)context;
	field_put_bool(e, 0, "below", true);
}

static void say_left(const struct wire_frame *row)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	const char *name = field_text(row, "name");
	struct field left;
	const char *one;
	size_t cursor = 0;
	int n = 0;

	if (!field_find(row, "left", FIELD_LIST, &left))
		return;
	render_text(&text, name ? name : "?", RENDER_LINE);
	while ((one = field_list_next(&left, &cursor))) {
		buf_puts(&text, n++ ? ", " : ": does not go: ");
		render_text(&text, one, RENDER_LINE);
	}
	if (n)
		complain("%s", buf_text(&text));
}

void say_what_is_left(const struct context *context)
{
	struct context look = {
		.command = context->command,
		.socket = context->socket,
		.deadline = deadline_in(SPAN_MS(ANSWER_MS)),
	};

	for (int i = 0; i < context->n_args; i++) {
		struct wire_frame frame = {.op = WIRE_ROW};
		int r = ask(&look, "status", context->args[i], fill_below);

		while (r == 0 && frame.op == WIRE_ROW) {
			r = context_take(&look, look.deadline, &frame);
			if (r == 0 && frame.op == WIRE_ROW)
				say_left(&frame);
		}
		if (r)
			break;
	}
	context_fini(&look);
}
