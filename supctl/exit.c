/* SPDX-License-Identifier: MIT */

/* supctl exit: an exit signal to another, or the end of oneself, with a reason. */

#include <string.h>

#include "supctl/ask.h"

static const char *exit_reason(const struct context *context)
{
	return context->args[1];
}

static void exit_fill(const struct context *context, struct wire_encoder *e)
{
	field_put_text(e, 0, "reason", exit_reason(context));
}

static int exit_run(struct context *context)
{
	if (strcmp(context->args[0], "self") == 0) {
		if (!inside_an_actor(context))
			return complain_usage(context, "self: only inside an actor");
		return ask_and_print(context, "exit_self", exit_fill, NULL);
	}
	context->n_args = 1;
	return run_each(context, "exit", "exit signal sent", exit_fill);
}

const struct command exit_command = {
	.name = "exit",
	.args = "DEST|self REASON",
	.usage = "send an exit signal",
	.help = "REASON is normal, shutdown, shutdown:TEXT, kill, or any text. An exit signal "
		"normal changes\n"
		"nothing; kill cannot be survived; any other ends DEST as if it had died of it, "
		"and its\n"
		"supervisor acts on that. A supervisor takes none but kill.\n"
		"self: the reason for which the actor it runs in is about to end; it then has its "
		"shutdown\n"
		"time to do so. Inside an actor the exit signal is that actor's.",
	.min_args = 2,
	.max_args = 2,
	.as = AS_ACTOR,
	.run = exit_run,
};
