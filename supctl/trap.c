/* SPDX-License-Identifier: MIT */

/* supctl trap. */

#include "base/text.h"
#include "supctl/ask.h"
#include "supctl/render.h"
#include "wire/json.h"

static void trap_fill(const struct context *context, struct wire_encoder *e)
{
	bool on = false;

	text_parse_bool(context->args[0], &on);
	field_put_bool(e, 0, "on", on);
}

static int trap_run(struct context *context)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct wire_frame reply;
	bool on;
	int status;

	if (text_parse_bool(context->args[0], &on) < 0)
		return complain_usage(context, "%s: on or off?", context->args[0]);
	status = ask_reply(context, "trap", trap_fill, &reply);
	if (status == 0 && context->json)
		json_put_row(&out, &reply);
	render_flush(&out);
	return status;
}

const struct command trap_command = {
	.name = "trap",
	.args = "on|off",
	.usage = "get exit signals as messages, or be ended by them",
	.help = "What traps exits gets an exit signal, that of its supervisor included, as a "
		"message "
		"of kind\n"
		"exit; it has to see to its end by itself then. An exit signal kill can not be "
		"trapped.",
	.min_args = 1,
	.max_args = 1,
	.as = AS_ACTOR_ONLY,
	.run = trap_run,
};
