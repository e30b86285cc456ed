/* SPDX-License-Identifier: MIT */

/* supctl remove. */

#include "supctl/ask.h"

static void remove_fill(const struct context *context, struct wire_encoder *e)
{
	field_put_bool(e, 0, "no_wait", option_value(context, "--no-wait") != NULL);
}

static int remove_run(struct context *context)
{
	bool no_wait = option_value(context, "--no-wait") != NULL;

	return run_each_end(context, "remove", no_wait ? "is being removed" : "removed",
			    remove_fill);
}

const struct command remove_command = {
	.name = "remove",
	.args = "PATH...",
	.usage = "stop, then forget",
	.help = "A child that the files describe is there again after its supervisor's next start.",
	.options =
		(const struct option_spec[]){
			{"--no-wait", NULL, "do not wait until nothing is left"},
			{"--timeout", "SPAN",
			 "wait no longer (exit status 5); the removal goes on"},
			{NULL, NULL, NULL},
		},
	.min_args = 1,
	.max_args = -1,
	.run = remove_run,
};
