/* SPDX-License-Identifier: MIT */

/* supctl start. */

#include "supctl/ask.h"

static void start_fill(const struct context *context, struct wire_encoder *e)
{
	field_put_bool(e, 0, "no_wait", option_value(context, "--no-wait") != NULL);
}

static int start_run(struct context *context)
{
	bool no_wait = option_value(context, "--no-wait") != NULL;

	return run_each(context, "start", no_wait ? "is being started" : "started", start_fill);
}

const struct command start_command = {
	.name = "start",
	.args = "PATH...",
	.usage = "start what is down, and wait until it is ready",
	.help = "What an operator's stop holds down is released. What runs already is left alone: "
		"a success.",
	.options =
		(const struct option_spec[]){
			{"--no-wait", NULL, "do not wait until it is ready"},
			{"--timeout", "SPAN", "wait no longer (exit status 5); the start goes on"},
			{NULL, NULL, NULL},
		},
	.min_args = 1,
	.max_args = -1,
	.run = start_run,
};
