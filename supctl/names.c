/* SPDX-License-Identifier: MIT */

/* supctl names. */

#include "supctl/ask.h"

static int names_run(struct context *context)
{
	return print_rows(context, "names", ROWS_TABLE, NULL);
}

const struct command names_command = {
	.name = "names",
	.args = "",
	.usage = "all names, and the pids that have them",
	.help = "Paths of the tree, aliases, and names that actors have registered.",
	.as = AS_ACTOR,
	.run = names_run,
};
