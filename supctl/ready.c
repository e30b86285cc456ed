/* SPDX-License-Identifier: MIT */

/* supctl ready. */

#include "supctl/ask.h"

static int ready_run(struct context *context)
{
	return ask_and_print(context, "ready", NULL, NULL);
}

const struct command ready_command = {
	.name = "ready",
	.args = "",
	.usage = "say that the actor it runs in is ready",
	.help = "For a service with ready = notify: what waits for its start goes on.",
	.min_args = 0,
	.max_args = 0,
	.as = AS_ACTOR_ONLY,
	.run = ready_run,
};
