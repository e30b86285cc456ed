/* SPDX-License-Identifier: MIT */

/* supctl ack: a message of a durable mailbox is done with. */

#include "supctl/hands.h"

static int ack_run(struct context *context)
{
	uint64_t number;
	int r = ref_parse(context, context->args[0], &number);

	if (r == 0)
		r = frame_put_bare(context, WIRE_ACK, 0, number);
	return r ? r : frames_settle(context);
}

const struct command ack_command = {
	.name = "ack",
	.args = "REF",
	.usage = "say that a message of a durable mailbox is done with",
	.help = "REF is the ref of a message, as recv --vars tells it. What is not acknowledged, "
		"by this or by\n"
		"the next recv, comes again when the actor has ended and was started again.",
	.min_args = 1,
	.max_args = 1,
	.as = AS_ACTOR_ONLY,
	.run = ack_run,
};
