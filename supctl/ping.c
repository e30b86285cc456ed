/* SPDX-License-Identifier: MIT */

/* supctl ping: does the daemon answer? */

#include <stdio.h>

#include "supctl/ask.h"
#include "supctl/render.h"
#include "wire/json.h"

static int ping_run(struct context *context)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct wire_frame frame;
	int r = ask(context, "ping", NULL, NULL);

	if (r == 0)
		r = context_receive(context, &frame);
	if (r == 0)
		r = reply_status(&frame);
	if (r)
		return r;
	if (context->json)
		json_put_row(&out, &frame);
	else
		buf_puts(&out, "pong\n");
	render_flush(&out);
	return 0;
}

const struct command ping_command = {
	.name = "ping",
	.args = "[--timeout SPAN]",
	.usage = "does the daemon answer?",
	.help = "",
	.options =
		(const struct option_spec[]){
			{"--timeout", "SPAN", "wait no longer: exit status 5"},
			{NULL, NULL, NULL},
		},
	.run = ping_run,
};
