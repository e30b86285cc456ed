/* SPDX-License-Identifier: MIT */

/* supctl wait. */

#include <string.h>

#include "supctl/ask.h"

static void wait_fill(const struct context *context, struct wire_encoder *e)
{
	field_put_text(e, 0, "for", option_value(context, "--for"));
}

static int wait_run(struct context *context)
{
	const char *what = option_value(context, "--for");

	if (!what || (strcmp(what, "ready") != 0 && strcmp(what, "down") != 0))
		return complain_usage(context, "--for ready or --for down?");
	return run_each(context, "wait", what, wait_fill);
}

const struct command wait_command = {
	.name = "wait",
	.args = "PATH --for ready|down [--timeout SPAN]",
	.usage = "wait until it is ready, or nothing of it is left",
	.help = "Returns at once where it is so already; nothing that happens in between is "
		"missed.",
	.options =
		(const struct option_spec[]){
			{"--for", "ready|down", "what to wait for"},
			{"--timeout", "SPAN", "wait no longer: exit status 5"},
			{NULL, NULL, NULL},
		},
	.min_args = 1,
	.max_args = 1,
	.run = wait_run,
};
