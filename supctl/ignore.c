/* SPDX-License-Identifier: MIT */

/* supctl ignore. */

#include "supctl/ask.h"

static int ignore_run(struct context *context)
{
	return ask_and_print(context, "ignore", NULL, NULL);
}

const struct command ignore_command = {
	.name = "ignore",
	.args = "",
	.usage = "say instead of ready that the actor is not needed",
	.help = "Its start is a success all the same. It should then end with exit status 0.",
	.min_args = 0,
	.max_args = 0,
	.as = AS_ACTOR_ONLY,
	.run = ignore_run,
};
