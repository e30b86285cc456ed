/* SPDX-License-Identifier: MIT */

/* supctl unregister. */

#include "supctl/ask.h"

static int unregister_run(struct context *context)
{
	return ask_and_print(context, "unregister", fill_name, NULL);
}

const struct command unregister_command = {
	.name = "unregister",
	.args = "NAME",
	.usage = "give a registered name back",
	.help = "The name must be one that register has given to this actor. All of them go when "
		"it ends.",
	.min_args = 1,
	.max_args = 1,
	.as = AS_ACTOR_ONLY,
	.run = unregister_run,
};
