/* SPDX-License-Identifier: MIT */

/* supctl info: what there is to know of one actor. */

#include "supctl/ask.h"
#include "supctl/render.h"
#include "wire/json.h"

static int info_run(struct context *context)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct wire_frame reply;
	int status = ask_reply(context, "info", fill_target, &reply);

	if (status)
		return status;
	if (context->json)
		json_put_row(&out, &reply);
	else
		render_block(&out, &reply);
	render_flush(&out);
	return 0;
}

const struct command info_command = {
	.name = "info",
	.args = "DEST",
	.usage = "what an actor is tied to, what waits for it, what it uses",
	.help = "A line for each thing that is known. DEST may be a guest's pid, too.",
	.min_args = 1,
	.max_args = 1,
	.as = AS_ACTOR,
	.run = info_run,
};
