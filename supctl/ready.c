/* SPDX-License-Identifier: MIT */

/* supctl ready. */

#include "supctl/ask.h"

static void ready_fill(const struct context *context, struct wire_encoder *e)
{
	if (context->n_args)
		field_put_text(e, 0, "text", context->args[0]);
}

static int ready_run(struct context *context)
{
	return ask_and_print(context, "ready", ready_fill, NULL);
}

const struct command ready_command = {
	.name = "ready",
	.args = "[TEXT]",
	.usage = "say that the actor it runs in is ready",
	.help = "For a service with ready = notify: what waits for its start goes on. TEXT is "
		"what\n"
		"it is about, for the status: as STATUS= on the notify socket.",
	.min_args = 0,
	.max_args = 1,
	.as = AS_ACTOR_ONLY,
	.run = ready_run,
};
