/* SPDX-License-Identifier: MIT */

/*
 * supctl recv: takes one message out of the mailbox of the actor it runs in. It is acknowledged
 * when it was written out, all of it; should we end before that, it goes back to its place.
 */

#include <errno.h>
#include <string.h>

#include "supctl/hands.h"
#include "wire/clause.h"

static int recv_put_clauses(const struct context *context, struct payload *payload)
{
	struct buf error CLEANUP(buf_fini) = BUF_INIT;
	int r = 0;

	if (context->n_list > CLAUSES_MAX)
		return complain_usage(context, "more than %d clauses", CLAUSES_MAX);
	for (size_t i = 0; i < context->n_list && r == 0; i++)
		r = clause_parse(context->list[i], &payload->bytes, &error);
	if (r == -EINVAL)
		return complain_usage(context, "--match %s", buf_text(&error));
	if (r < 0) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	return 0;
}

/* Whether it is to look once and not to wait. */
static bool recv_polls(const struct context *context)
{
	const char *timeout = option_value(context, "--timeout");
	struct span span;

	return timeout && span_parse(timeout, &span) == 0 && span.ns == 0;
}

static int recv_ask(struct context *context, uint64_t ref, const struct payload *clauses)
{
	struct wire_frame frame = wire_frame(WIRE_RECEIVE, "", ref);

	if (recv_polls(context))
		frame.flags |= WIRE_NOW;
	if (option_value(context, "--in-order"))
		frame.flags |= WIRE_IN_ORDER;
	return frame_put(context, &frame, clauses);
}

/*
 * Takes the message; -ETIMEDOUT where there was none in time. What the daemon had handed out before
 * it heard that we give up is ours all the same.
 */
static int recv_take(struct context *context, uint64_t ref, struct wire_frame *ret_frame)
{
	struct mono deadline = recv_polls(context) ? MONO_NEVER : context->deadline;
	struct wire_frame frame;

	for (;;) {
		int r = context_take(context, deadline, &frame);

		if (r == -ETIMEDOUT) {
			deadline = MONO_NEVER;
			r = frame_put_bare(context, WIRE_CANCEL, 0, ref);
			frame.op = 0;
		}
		if (r)
			return r;
		if (frame.op != WIRE_DONE || frame.ref != ref)
			continue;
		if (!client_has_message(context->client))
			return -ETIMEDOUT;
		return context_take(context, MONO_NEVER, ret_frame);
	}
}

static int recv_show(struct context *context, struct message *message)
{
	enum message_form form = option_value(context, "--vars") ? MESSAGE_VARS
				 : context->json                 ? MESSAGE_JSON
								 : MESSAGE_PLAIN;
	int r = form == MESSAGE_PLAIN ? 0 : message_find_name(context, message);

	if (r == 0)
		r = message_write(message, form);
	if (r == 0)
		r = frame_put_bare(context, WIRE_ACK, 0, message->number);
	if (r == 0 && (r = client_flush(context->client)) < 0)
		r = context_failed(context, r);
	return r;
}

static int recv_run(struct context *context)
{
	struct payload clauses CLEANUP(payload_fini) = {.bytes = BUF_INIT, .fd = -1};
	struct wire_frame frame;
	struct message message;
	uint64_t ref;
	int r = recv_put_clauses(context, &clauses);

	if (r == 0)
		r = frame_new_ref(context, &ref);
	if (r == 0)
		r = recv_ask(context, ref, &clauses);
	if (r == 0)
		r = recv_take(context, ref, &frame);
	if (r == -ETIMEDOUT)
		return EXIT_TIMEOUT;
	/* --timeout is about waiting for it, not about what has to be asked in order to show it. */
	context->deadline = MONO_NEVER;
	if (r == 0)
		r = message_keep(context, &frame, &message);
	if (r)
		return r;
	r = recv_show(context, &message);
	message_fini(&message);
	return r;
}

const struct command recv_command = {
	.name = "recv",
	.args = "[--match CLAUSE]... [--in-order] [--timeout SPAN] [--vars]",
	.usage = "take one message and print it",
	.help = "Prints its payload, or, of an exit and a down, the reason. Without CLAUSE, the "
		"oldest one.\n"
		"CLAUSE is key=value[,key=value...], with kind (message, call, reply, exit, down "
		"or any),\n"
		"tag (where * is any text and ? any byte), from (a pid), ref. The first clause is "
		"tried on\n"
		"all that is there before the second.",
	.options =
		(const struct option_spec[]){
			{"--match", "CLAUSE", "only what it matches; may be given more than once"},
			{"--in-order", NULL,
			 "the oldest one that any clause matches, as in Erlang"},
			{"--timeout", "SPAN", "wait no longer: exit status 5; 0 looks and returns"},
			{"--vars", NULL,
			 "print assignments for eval: kind, from, ref, tag, payload, reason, ..."},
			{NULL, NULL, NULL},
		},
	.repeats = "--match",
	.as = AS_ACTOR_ONLY,
	.run = recv_run,
};
