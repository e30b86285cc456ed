/* SPDX-License-Identifier: MIT */

/* supctl restart. */

#include "supctl/ask.h"

static void restart_fill(const struct context *context, struct wire_encoder *e)
{
	field_put_bool(e, 0, "no_wait", option_value(context, "--no-wait") != NULL);
}

static int restart_run(struct context *context)
{
	bool no_wait = option_value(context, "--no-wait") != NULL;

	return run_each(context, "restart", no_wait ? "is being restarted" : "restarted",
			restart_fill);
}

const struct command restart_command = {
	.name = "restart",
	.args = "PATH...",
	.usage = "stop and start, and wait until it is ready",
	.help = "What is down is started. The restart does not count for its supervisor's "
		"intensity.",
	.options =
		(const struct option_spec[]){
			{"--no-wait", NULL, "do not wait until it is ready"},
			{"--timeout", "SPAN",
			 "wait no longer (exit status 5); the restart goes on"},
			{NULL, NULL, NULL},
		},
	.min_args = 1,
	.max_args = -1,
	.run = restart_run,
};
