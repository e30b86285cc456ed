/* SPDX-License-Identifier: MIT */

/* supctl reply: the answer to a call. */

#include "base/pid.h"
#include "supctl/hands.h"

static int reply_run(struct context *context)
{
	struct payload payload CLEANUP(payload_fini) = {.bytes = BUF_INIT, .fd = -1};
	struct address address;
	actor_pid pid;
	int r;

	if (actor_pid_parse(context->args[0], &pid) < 0)
		return complain_usage(context, "%s: not the pid of who called", context->args[0]);
	r = address_make(context, WIRE_RESPONSE, context->args[0], option_value(context, "--tag"),
			 &address);
	if (r == 0)
		r = ref_parse(context, context->args[1], &address.frame.ref);
	if (r == 0)
		r = payload_read(context, 2, &payload);
	if (r == 0)
		r = frame_put(context, &address.frame, &payload);
	return r ? r : frames_settle(context);
}

const struct command reply_command = {
	.name = "reply",
	.args = "PID REF [--tag TAG] [PAYLOAD | -]",
	.usage = "answer a call",
	.help = "PID and REF are from and ref of the call, as recv --vars tells them. Where the "
		"caller waits\n"
		"no more the answer is dropped without a word. PAYLOAD is as for send.",
	.options =
		(const struct option_spec[]){
			{"--tag", "TAG", "what kind of answer it is: error, for example"},
			{NULL, NULL, NULL},
		},
	.min_args = 2,
	.max_args = 3,
	.as = AS_ACTOR_ONLY,
	.run = reply_run,
};
