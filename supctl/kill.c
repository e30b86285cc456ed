/* SPDX-License-Identifier: MIT */

/* supctl kill: a Unix signal. */

#include <stdio.h>

#include "base/text.h"
#include "supctl/ask.h"

static void kill_fill(const struct context *context, struct wire_encoder *e)
{
	field_put_text(e, 0, "signal", context->unix_signal ? context->unix_signal : "TERM");
	field_put_bool(e, 0, "all", option_value(context, "--all") != NULL);
}

static int kill_run(struct context *context)
{
	const char *word = context->unix_signal ? context->unix_signal : "TERM";
	char name[16], done[48];
	int unix_signal;

	if (text_parse_signal(word, &unix_signal) < 0)
		return complain_usage(context, "-%s: no Unix signal: -TERM, -HUP, -9, ...", word);
	snprintf(done, sizeof(done), "SIG%s sent%s", text_signal_name(unix_signal, name),
		 option_value(context, "--all") ? " to its process group" : "");
	return run_each(context, "kill", done, kill_fill);
}

const struct command kill_command = {
	.name = "kill",
	.args = "[-SIGNAL] PATH...",
	.usage = "send a Unix signal to the main OS process",
	.help = "SIGNAL is a name with or without SIG, or a number; TERM where none is given. What "
		"dies of it\n"
		"is restarted as its specification says: supctl stop is what keeps it down.",
	.options =
		(const struct option_spec[]){
			{"--all", NULL, "to the whole process group"},
			{NULL, NULL, NULL},
		},
	.min_args = 1,
	.max_args = -1,
	.takes_signal = true,
	.run = kill_run,
};
