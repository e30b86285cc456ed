/* SPDX-License-Identifier: MIT */

/* supctl demonitor. */

#include "supctl/hands.h"

static int demonitor_run(struct context *context)
{
	struct wire_frame frame;
	uint64_t ref;
	int r = ref_parse(context, context->args[0], &ref);

	if (r == 0)
		r = frame_put_bare(context, WIRE_CANCEL,
				   option_value(context, "--flush") ? WIRE_FLUSH : 0, ref);
	do {
		if (r == 0)
			r = context_take(context, MONO_NEVER, &frame);
		if (r)
			return r;
	} while (frame.op != WIRE_DONE || frame.ref != ref);
	return 0;
}

const struct command demonitor_command = {
	.name = "demonitor",
	.args = "REF [--flush]",
	.usage = "end a monitor",
	.help = "REF is what monitor has printed. Where there is no such monitor any more, that is "
		"a "
		"success.",
	.options =
		(const struct option_spec[]){
			{"--flush", NULL,
			 "take its message out of the mailbox, should it be there"},
			{NULL, NULL, NULL},
		},
	.min_args = 1,
	.max_args = 1,
	.as = AS_ACTOR_ONLY,
	.run = demonitor_run,
};
