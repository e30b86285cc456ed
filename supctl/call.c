/* SPDX-License-Identifier: MIT */

/* supctl call: a request to an actor, and its answer. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supctl/hands.h"
#include "supctl/render.h"

#define CALL_TIMEOUT "5s"

static const char *call_timeout(const struct context *context)
{
	const char *given = option_value(context, "--timeout");

	return given ? given : CALL_TIMEOUT;
}

/* There will be no answer. */
static int call_failed(struct context *context, const struct wire_frame *down)
{
	struct buf reason CLEANUP(buf_fini) = BUF_INIT;
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	buf_append(&reason, down->payload, down->payload_size);
	render_text(&text, buf_text(&reason), RENDER_LINE);
	if (strcmp(buf_text(&reason), "noproc") == 0) {
		return complain_absent(context, context->args[0]);
	}
	if (strcmp(buf_text(&reason), "mailbox_overflow") == 0) {
		complain("%s: the call did not fit into its mailbox", context->args[0]);
		return EXIT_FAILED;
	}
	complain("%s: it ended before it answered: %s", context->args[0], buf_text(&text));
	return EXIT_DIED;
}

static int call_answered(struct context *context, const struct wire_frame *frame)
{
	enum message_form form = option_value(context, "--vars") ? MESSAGE_VARS
				 : context->json                 ? MESSAGE_JSON
								 : MESSAGE_PLAIN;
	struct message message;
	int r = message_keep(context, frame, &message);

	if (r)
		return r;
	if (form != MESSAGE_PLAIN)
		r = message_find_name(context, &message);
	if (r == 0)
		r = message_write(&message, form);
	message_fini(&message);
	return r;
}

/* Waits for the answer. Where it is late the call is taken back, and its answer, should it still
 * come, is dropped; one that came while we said so counts. */
static int call_wait(struct context *context, uint64_t ref)
{
	struct mono deadline = context->deadline;
	struct wire_frame frame;

	for (;;) {
		int r = context_take(context, deadline, &frame);

		if (r == -ETIMEDOUT) {
			deadline = MONO_NEVER;
			r = frame_put_bare(context, WIRE_CANCEL, WIRE_FLUSH, ref);
			frame.op = 0;
		}
		if (r)
			return r;
		if (frame.op == WIRE_RESPONSE && frame.ref == ref)
			return call_answered(context, &frame);
		if (frame.op == WIRE_DOWN && frame.ref == ref)
			return call_failed(context, &frame);
		if (frame.op == WIRE_DONE && frame.ref == ref)
			break;
	}
	complain("%s: no answer within %s", context->args[0], call_timeout(context));
	return EXIT_TIMEOUT;
}

/* SEMANTICS 83: it would wait for itself. */
static bool call_is_to_self(const struct context *context)
{
	const char *name = getenv("SUP_NAME"), *pid = getenv("SUP_PID");
	const char *dest = context->args[0];

	return inside_an_actor(context) &&
	       ((pid && strcmp(dest, pid) == 0) || (name && strcmp(dest, name) == 0));
}

static int call_run(struct context *context)
{
	struct payload payload CLEANUP(payload_fini) = {.bytes = BUF_INIT, .fd = -1};
	struct address address;
	struct span span;
	int r = address_make(context, WIRE_CALL, context->args[0], option_value(context, "--tag"),
			     &address);

	if (r == 0 && call_is_to_self(context)) {
		complain("%s: an actor can not call itself: it would wait for itself",
			 context->args[0]);
		return EXIT_FAILED;
	}
	if (r == 0)
		r = payload_read(context, 1, &payload);
	if (r == 0)
		r = frame_new_ref(context, &address.frame.ref);
	if (r)
		return r;
	/* From here on: what standard input takes does not count. */
	if (span_parse(call_timeout(context), &span) == 0)
		context->deadline = deadline_in(span);
	address.frame.flags |= WIRE_DIRECT;
	r = frame_put(context, &address.frame, &payload);
	return r ? r : call_wait(context, address.frame.ref);
}

const struct command call_command = {
	.name = "call",
	.args = "DEST [--tag TAG] [--timeout SPAN] [--vars] [PAYLOAD | -]",
	.usage = "send a request and print the answer",
	.help = "DEST is watched meanwhile: exit status 7 where it ends before it has answered, 5 "
		"where the\n"
		"answer is late. That it is late does not mean that nothing was done. PAYLOAD is "
		"as for send.",
	.options =
		(const struct option_spec[]){
			{"--tag", "TAG", "a short text that says what is asked for"},
			{"--timeout", "SPAN", "wait no longer than that, instead of " CALL_TIMEOUT},
			{"--vars", NULL,
			 "print assignments for eval, as recv does: the answer's tag, ..."},
			{NULL, NULL, NULL},
		},
	.min_args = 1,
	.max_args = 2,
	.as = AS_ACTOR,
	.run = call_run,
};
