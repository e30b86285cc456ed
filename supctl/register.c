/* SPDX-License-Identifier: MIT */

/* supctl register. */

#include "supctl/ask.h"

static void register_fill(const struct context *context, struct wire_encoder *e)
{
	field_put_text(e, 0, "name", context->args[0]);
	if (context->n_args > 1)
		field_put_text(e, 0, "target", context->args[1]);
}

static int register_run(struct context *context)
{
	return ask_and_print(context, "register", register_fill, NULL);
}

const struct command register_command = {
	.name = "register",
	.args = "NAME [PID]",
	.usage = "give the actor it runs in a further name",
	.help = "Or another one of the same Unix user. A name has at most 200 bytes and no /; "
		"it must be free,\n"
		"and is so again when who has it ends.",
	.min_args = 1,
	.max_args = 2,
	.as = AS_ACTOR_ONLY,
	.run = register_run,
};
