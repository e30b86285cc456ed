/* SPDX-License-Identifier: MIT */

/* supctl stop. */

#include "supctl/ask.h"

static void stop_fill(const struct context *context, struct wire_encoder *e)
{
	field_put_bool(e, 0, "no_wait", option_value(context, "--no-wait") != NULL);
}

static int stop_run(struct context *context)
{
	bool no_wait = option_value(context, "--no-wait") != NULL;

	return run_each_end(context, "stop", no_wait ? "is being stopped" : "stopped", stop_fill);
}

const struct command stop_command = {
	.name = "stop",
	.args = "PATH...",
	.usage = "stop, and wait until nothing of it is left",
	.help = "What was stopped stays down, whatever its supervisor does, until supctl start or "
		"restart.\n"
		"Where it takes long, standard error tells which processes do not go.",
	.options =
		(const struct option_spec[]){
			{"--no-wait", NULL, "do not wait until nothing is left"},
			{"--timeout", "SPAN", "wait no longer (exit status 5); the stop goes on"},
			{NULL, NULL, NULL},
		},
	.min_args = 1,
	.max_args = -1,
	.run = stop_run,
};
