/* SPDX-License-Identifier: MIT */

/* supctl mailbox: what waits in a mailbox. */

#include "supctl/ask.h"

static int mailbox_run(struct context *context)
{
	return print_rows(context, "mailbox",
			  option_value(context, "--long") ? ROWS_BLOCKS : ROWS_TABLE, NULL);
}

const struct command mailbox_command = {
	.name = "mailbox",
	.args = "[--long] DEST",
	.usage = "a row for each message that waits in a mailbox, the oldest first",
	.help = "Nothing is taken out. HELD is what was handed out and is not acknowledged. An "
		"actor "
		"may look into\n"
		"its own, and who may do everything into any.",
	.options =
		(const struct option_spec[]){
			{"--long", NULL, "with refs and payloads, a line each"},
			{NULL, NULL, NULL},
		},
	.min_args = 1,
	.max_args = 1,
	.as = AS_ACTOR,
	.run = mailbox_run,
};
