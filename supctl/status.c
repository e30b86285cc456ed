/* SPDX-License-Identifier: MIT */

/* supctl status: a row for each child. */

#include "supctl/ask.h"

static void status_fill(const struct context *context, struct wire_encoder *e)
{
	if (option_value(context, "--spawned"))
		field_put_bool(e, 0, "spawned", true);
	/* It takes the daemon a look at each process: only who prints it asks for it. */
	if (context->json || option_value(context, "--long"))
		field_put_bool(e, 0, "usage", true);
}

static int status_run(struct context *context)
{
	if (option_value(context, "--spawned") && context->n_args)
		return complain_usage(context, "either --spawned or PATH, not both");
	return print_rows(context, "status",
			  option_value(context, "--long") ? ROWS_BLOCKS : ROWS_TABLE, status_fill);
}

const struct command status_command = {
	.name = "status",
	.args = "[PATH...]",
	.usage = "a row for each child: state, OS pid, restarts, uptime, last reason",
	.help = "Without PATH, the whole tree in its order. PATH is a name or a pid.",
	.options =
		(const struct option_spec[]){
			{"--long", NULL, "all that is known, a line each"},
			{"--spawned", NULL, "what actors have spawned, instead of the tree"},
			{NULL, NULL, NULL},
		},
	.max_args = -1,
	.run = status_run,
};
