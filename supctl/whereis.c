/* SPDX-License-Identifier: MIT */

/* supctl whereis. */

#include "supctl/ask.h"

static int whereis_run(struct context *context)
{
	return ask_and_print(context, "whereis", fill_target, "pid");
}

const struct command whereis_command = {
	.name = "whereis",
	.args = "NAME",
	.usage = "print the pid that has a name",
	.help = "Exit status 3 where nobody has it: what is down has no pid.",
	.min_args = 1,
	.max_args = 1,
	.as = AS_ACTOR,
	.run = whereis_run,
};
