/* SPDX-License-Identifier: MIT */

/* supctl self. */

#include "supctl/ask.h"

static int self_run(struct context *context)
{
	return ask_and_print(context, "self", NULL, "pid");
}

const struct command self_command = {
	.name = "self",
	.args = "",
	.usage = "print the pid of the actor it runs in",
	.help = "Outside an actor: the pid that this one connection has as a guest.",
	.min_args = 0,
	.max_args = 0,
	.as = AS_ACTOR,
	.run = self_run,
};
