/* SPDX-License-Identifier: MIT */

/* supctl sync. */

#include <stdio.h>

#include "supctl/ask.h"

static int sync_run(struct context *context)
{
	struct wire_encoder *e;
	struct wire_frame frame;
	uint64_t ref;
	int r;

	e = context_begin(context, "sync", &ref, &r);
	if (!e)
		return r;
	field_put_bool(e, 0, "allow_starting", option_value(context, "--allow-starting") != NULL);
	r = context_end(context);
	if (r == 0)
		r = context_receive(context, &frame);
	if (r == 0)
		r = reply_status(&frame);
	if (r == 0 && context->json)
		puts("{\"result\":\"ok\"}");
	return r;
}

const struct command sync_command = {
	.name = "sync",
	.args = "[--timeout SPAN] [--allow-starting]",
	.usage = "wait until the tree has come to rest",
	.help = "Returns when no supervisor has work in hand and nothing is starting or stopping.",
	.options =
		(const struct option_spec[]){
			{"--timeout", "SPAN", "wait no longer: exit status 5"},
			{"--allow-starting", NULL, "do not wait for what is starting"},
			{NULL, NULL, NULL},
		},
	.run = sync_run,
};
