/* SPDX-License-Identifier: MIT */

/* supctl unlink. */

#include "supctl/ask.h"

static int unlink_run(struct context *context)
{
	return ask_and_print(context, "unlink", fill_target, NULL);
}

const struct command unlink_command = {
	.name = "unlink",
	.args = "DEST",
	.usage = "take a link away",
	.help = "Where there is none, that is a success. The link to one's supervisor stays.",
	.min_args = 1,
	.max_args = 1,
	.as = AS_ACTOR_ONLY,
	.run = unlink_run,
};
