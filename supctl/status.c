/* SPDX-License-Identifier: MIT */

/* supctl status: a row for each child. */

#include "supctl/ask.h"

static int status_run(struct context *context)
{
	return print_rows(context, "status",
			  option_value(context, "--long") ? ROWS_BLOCKS : ROWS_TABLE, NULL);
}

const struct command status_command = {
	.name = "status",
	.args = "[PATH...]",
	.usage = "a row for each child: state, OS pid, restarts, uptime, last reason",
	.help = "Without PATH, the whole tree in its order. PATH is a name or a pid.",
	.options =
		(const struct option_spec[]){
			{"--long", NULL, "all that is known, a line each"},
			{NULL, NULL, NULL},
		},
	.max_args = -1,
	.run = status_run,
};
