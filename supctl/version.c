/* SPDX-License-Identifier: MIT */

/* supctl version: ours, and the daemon's where there is one. */

#include <stdio.h>

#include "supctl/ask.h"
#include "supctl/render.h"
#include "wire/hello.h"
#include "wire/json.h"

static int version_run(struct context *context)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct wire_frame frame;
	int r;

	if (!context->json)
		printf("supctl:   %s\n", WIRE_RELEASE);
	fflush(stdout);
	r = ask(context, "version", NULL, NULL);
	if (r == 0)
		r = context_receive(context, &frame);
	if (r == 0)
		r = reply_status(&frame);
	if (r)
		return r;
	if (context->json) {
		/* One object: our own release before the daemon's fields. */
		json_put_row(&out, &frame);
		printf("{\"supctl\":\"%s\",%s", WIRE_RELEASE, buf_text(&out) + 1);
		return 0;
	}
	render_block(&out, &frame);
	render_flush(&out);
	return 0;
}

const struct command version_command = {
	.name = "version",
	.args = "",
	.usage = "the release of supctl and of the daemon",
	.help = "",
	.run = version_run,
};
