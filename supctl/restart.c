/* SPDX-License-Identifier: MIT */

/* supctl restart. */

#include "supctl/rolling.h"

static void restart_fill(const struct context *context, struct wire_encoder *e)
{
	field_put_bool(e, 0, "no_wait", option_value(context, "--no-wait") != NULL);
}

static int restart_run(struct context *context)
{
	bool no_wait = option_value(context, "--no-wait") != NULL;

	if (option_value(context, "--rolling"))
		return rolling_run(context, restart_fill);
	if (option_value(context, "--batch"))
		return complain_usage(context, "--batch belongs to --rolling");
	return run_each_end(context, "restart", no_wait ? "is being restarted" : "restarted",
			    restart_fill);
}

const struct command restart_command = {
	.name = "restart",
	.args = "PATH...",
	.usage = "stop and start, and wait until it is ready",
	.help = "What is down is started. The restart does not count for its supervisor's "
		"intensity.\n"
		"With --rolling, the instances of a template that run, PATH@, one after the other: "
		"each is\n"
		"ready before the next goes down, and the first that does not get ready ends it.",
	.options =
		(const struct option_spec[]){
			{"--no-wait", NULL, "do not wait until it is ready"},
			{"--rolling", NULL, "one instance of PATH@ after the other"},
			{"--batch", "N", "... N at a time"},
			{"--timeout", "SPAN",
			 "wait no longer (exit status 5); the restart goes on"},
			{NULL, NULL, NULL},
		},
	.min_args = 1,
	.max_args = -1,
	.run = restart_run,
};
