/* SPDX-License-Identifier: MIT */

/* supctl watchdog. */

#include "supctl/ask.h"

static int watchdog_run(struct context *context)
{
	return ask_and_print(context, "watchdog", NULL, NULL);
}

const struct command watchdog_command = {
	.name = "watchdog",
	.args = "",
	.usage = "say that the actor it runs in is alive",
	.help = "For a service with a watchdog, which is ended when it does not say so often "
		"enough.",
	.min_args = 0,
	.max_args = 0,
	.as = AS_ACTOR_ONLY,
	.run = watchdog_run,
};
