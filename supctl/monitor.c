/* SPDX-License-Identifier: MIT */

/*
 * supctl monitor: inside an actor the DOWN goes to that actor's mailbox. A guest has none that
 * would outlive the command: it waits here.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "supctl/hands.h"

static int monitor_print_ref(const struct context *context, uint64_t ref)
{
	printf(context->json ? "{\"ref\":\"%" PRIu64 "\"}\n" : "%" PRIu64 "\n", ref);
	return 0;
}

int monitor_wait(struct context *context, uint64_t ref)
{
	struct wire_frame frame;
	struct message message;
	int r = frame_put_bare(context, WIRE_CREDIT, 0, 1);

	do {
		if (r == 0)
			r = context_take(context, MONO_NEVER, &frame);
		if (r)
			return r;
	} while (frame.op != WIRE_DOWN || frame.ref != ref);
	r = message_keep(context, &frame, &message);
	if (r)
		return r;
	r = message_find_name(context, &message);
	if (r == 0 && !context->json)
		buf_putc(&message.copy, '\n');
	message.payload = buf_text(&message.copy);
	message.size = message.copy.size;
	if (r == 0)
		r = message_write(&message, context->json ? MESSAGE_JSON : MESSAGE_PLAIN);
	if (r == 0 && strcmp(message.payload, context->json ? "noproc" : "noproc\n") == 0)
		r = EXIT_NOPROC;
	message_fini(&message);
	return r;
}

static int monitor_run(struct context *context)
{
	struct address address;
	int r = address_make(context, WIRE_MONITOR, context->args[0], NULL, &address);

	if (r == 0)
		r = frame_new_ref(context, &address.frame.ref);
	if (r == 0)
		r = frame_put(context, &address.frame, NULL);
	if (r)
		return r;
	if (!inside_an_actor(context))
		return monitor_wait(context, address.frame.ref);
	r = frames_settle(context);
	return r ? r : monitor_print_ref(context, address.frame.ref);
}

const struct command monitor_command = {
	.name = "monitor",
	.args = "DEST",
	.usage = "be told when an actor ends, and why",
	.help = "Inside an actor: prints a ref, and when DEST ends a message of kind down with "
		"that ref is in\n"
		"the actor's mailbox. Outside: waits for it, and prints the reason. Where there is "
		"no such actor\n"
		"the reason is noproc.",
	.min_args = 1,
	.max_args = 1,
	.as = AS_ACTOR,
	.run = monitor_run,
};
