/* SPDX-License-Identifier: MIT */

/* supctl link. */

#include "supctl/ask.h"

static int link_run(struct context *context)
{
	return ask_and_print(context, "link", fill_target, NULL);
}

const struct command link_command = {
	.name = "link",
	.args = "DEST",
	.usage = "link the actor it runs in to another",
	.help = "When one of the two ends, the other gets an exit signal with its reason. One that "
		"does not\n"
		"trap exits ends by it, too, unless the reason is normal.",
	.min_args = 1,
	.max_args = 1,
	.as = AS_ACTOR_ONLY,
	.run = link_run,
};
