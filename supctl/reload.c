/* SPDX-License-Identifier: MIT */

/* supctl reload. */

#include "supctl/ask.h"

static int reload_run(struct context *context)
{
	return run_each(context, "reload", "reloaded", NULL);
}

const struct command reload_command = {
	.name = "reload",
	.args = "PATH...",
	.usage = "let it read its configuration again",
	.help = "Runs its reload_command, and waits until that has ended; or sends its "
		"reload_signal.\n"
		"Which of them a service has, and whether any, its configuration says.",
	.options =
		(const struct option_spec[]){
			{"--timeout", "SPAN", "wait no longer (exit status 5); the reload goes on"},
			{NULL, NULL, NULL},
		},
	.min_args = 1,
	.max_args = -1,
	.run = reload_run,
};
