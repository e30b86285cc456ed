/* SPDX-License-Identifier: MIT */

/* supctl send: returns when the daemon has accepted the message, or refused it. */

#include <errno.h>
#include <string.h>

#include "supctl/hands.h"

/* What a DONE says of the message: an exit status, printed, or -ETIMEDOUT. */
static int send_judge(struct context *context, const struct wire_frame *done, bool cancelled)
{
	const char *dest = context->args[0];

	if (wire_tag_is(done, "cancelled") || (cancelled && done->to == 1))
		return -ETIMEDOUT;
	if (wire_tag_is(done, "noproc")) {
		return complain_absent(context, dest);
	}
	if (done->tag_size) {
		complain("%s: the message was refused (%.*s): its mailbox is full or closed to "
			 "you, or it has none",
			 dest, (int)done->tag_size, done->tag);
		return EXIT_FAILED;
	}
	if (done->to && !cancelled) {
		complain("%s: the daemon did not take the message: %s", dest,
			 strerror((int)done->to));
		return EXIT_FAILED;
	}
	return 0;
}

/* Waits for the DONE; where it is late the message is taken back, unless it has just arrived. */
static int send_wait(struct context *context, uint64_t ref)
{
	struct mono deadline = context->deadline;
	bool cancelled = false;
	struct wire_frame frame;
	int r;

	for (;;) {
		r = context_take(context, deadline, &frame);
		if (r == 0 && frame.op == WIRE_DONE && frame.ref == ref) {
			r = send_judge(context, &frame, cancelled);
			break;
		}
		if (r == -ETIMEDOUT) {
			cancelled = true;
			deadline = MONO_NEVER;
			r = frame_put_bare(context, WIRE_CANCEL, 0, ref);
		}
		if (r)
			return r;
	}
	if (r == -ETIMEDOUT) {
		complain("%s: no room in its mailbox within %s; the message was taken back",
			 context->args[0], option_value(context, "--timeout"));
		return EXIT_TIMEOUT;
	}
	return r;
}

static int send_run(struct context *context)
{
	struct payload payload CLEANUP(payload_fini) = {.bytes = BUF_INIT, .fd = -1};
	struct address address;
	int r = address_make(context, WIRE_MESSAGE, context->args[0],
			     option_value(context, "--tag"), &address);

	if (r == 0)
		r = payload_read(context, 1, &payload);
	if (r == 0)
		r = frame_new_ref(context, &address.frame.ref);
	if (r)
		return r;
	address.frame.flags |= WIRE_CONFIRM;
	r = frame_put(context, &address.frame, &payload);
	return r ? r : send_wait(context, address.frame.ref);
}

const struct command send_command = {
	.name = "send",
	.args = "DEST [--tag TAG] [--timeout SPAN] [PAYLOAD | -]",
	.usage = "send a message",
	.help = "Returns when the message is in the mailbox of DEST; where that is full it waits "
		"for room,\n"
		"if DEST is to do so. Messages to a pid that is gone are lost without a word, as "
		"in Erlang.\n"
		"- is standard input; without PAYLOAD the message has none. A PAYLOAD that begins "
		"with - goes\n"
		"behind --.",
	.options =
		(const struct option_spec[]){
			{"--tag", "TAG", "a short text by which the receiver can choose"},
			{"--timeout", "SPAN", "wait no longer for room: exit status 5"},
			{NULL, NULL, NULL},
		},
	.min_args = 1,
	.max_args = 2,
	.as = AS_ACTOR,
	.run = send_run,
};
