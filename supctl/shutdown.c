/* SPDX-License-Identifier: MIT */

/* supctl shutdown: the whole tree, then the daemon. It is over when the daemon closes the
 * connection. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "supctl/ask.h"

static void shutdown_fill(const struct context *context, struct wire_encoder *e)
{
	field_put_bool(e, 0, "now", option_value(context, "--now") != NULL);
}

/* Until the connection ends. */
static int shutdown_wait(struct context *context)
{
	struct wire_frame frame;
	int r;

	do
		r = client_receive(context->client, context->deadline, &frame);
	while (r == 0);
	if (r == -EPIPE)
		return 0;
	if (r == -ETIMEDOUT) {
		complain("timed out; the shutdown goes on");
		return EXIT_TIMEOUT;
	}
	complain("%s: %s", context->path, strerror(r < 0 ? -r : EPROTO));
	return EXIT_FAILED;
}

static int shutdown_run(struct context *context)
{
	bool no_wait = option_value(context, "--no-wait") != NULL;
	struct wire_frame frame;
	int r = ask(context, "shutdown", NULL, shutdown_fill);

	if (r == 0)
		r = context_receive(context, &frame);
	if (r == 0)
		r = reply_status(&frame);
	if (r == 0 && !no_wait)
		r = shutdown_wait(context);
	if (r == 0 && context->json)
		puts("{\"result\":\"ok\"}");
	return r;
}

const struct command shutdown_command = {
	.name = "shutdown",
	.args = "[--now] [--no-wait] [--timeout SPAN]",
	.usage = "stop the tree in reverse order, end the daemon",
	.help = "Returns when the daemon has ended.",
	.options =
		(const struct option_spec[]){
			{"--now", NULL, "do not wait out shutdown times: SIGKILL to what is left"},
			{"--no-wait", NULL, "do not wait for the end"},
			{"--timeout", "SPAN",
			 "wait no longer (exit status 5); the shutdown goes on"},
			{NULL, NULL, NULL},
		},
	.run = shutdown_run,
};
