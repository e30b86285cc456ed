/* SPDX-License-Identifier: MIT */

/* supctl reply: the answer to a call. */

#include "base/pid.h"
#include "supctl/hands.h"

static int reply_run(struct context *context)
{
	struct payload payload CLEANUP(payload_fini) = {.bytes = BUF_INIT, .fd = -1};
	struct wire_frame frame = wire_frame(WIRE_RESPONSE, "", 0);
	actor_pid pid;
	int r;

	if (actor_pid_parse(context->args[0], &pid) < 0)
		return complain_usage(context, "%s: not the pid of who called", context->args[0]);
	frame.to = pid.n;
	r = ref_parse(context, context->args[1], &frame.ref);
	if (r == 0)
		r = payload_read(context, 2, &payload);
	if (r == 0)
		r = frame_put(context, &frame, &payload);
	return r ? r : frames_settle(context);
}

const struct command reply_command = {
	.name = "reply",
	.args = "PID REF [PAYLOAD | -]",
	.usage = "answer a call",
	.help = "PID and REF are from and ref of the call, as recv --vars tells them. Where the "
		"caller waits\n"
		"no more the answer is dropped without a word. PAYLOAD is as for send.",
	.min_args = 2,
	.max_args = 3,
	.as = AS_ACTOR_ONLY,
	.run = reply_run,
};
