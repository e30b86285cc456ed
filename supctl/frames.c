/* SPDX-License-Identifier: MIT */

/* Frames that are no requests: to whom, and on their way. */

#include <errno.h>
#include <string.h>

#include "base/pid.h"
#include "base/text.h"
#include "supctl/hands.h"

int address_make(const struct context *context, enum wire_op op, const char *dest, const char *tag,
		 struct address *ret_address)
{
	size_t tag_size = tag ? strlen(tag) : 0;
	size_t name_size = strlen(dest) + 1; /* its NUL travels along */
	struct address *a = ret_address;
	actor_pid pid;

	a->frame = wire_frame(op, "", 0);
	a->frame.tag = a->tag;
	if (actor_pid_parse(dest, &pid) == 0) {
		if (!pid.n)
			return complain_usage(context, "%s is nobody's pid", dest);
		a->frame.to = pid.n;
		name_size = 0;
	} else if (!*dest) {
		return complain_usage(context, "an empty name is nobody's");
	} else {
		a->frame.flags = WIRE_NAMED;
	}
	if (name_size + tag_size > WIRE_TAG_MAX) {
		complain(name_size ? "%.40s: its name and the tag are longer than %d bytes "
				     "together: take its pid"
				   : "%.40s: the tag is longer than %d bytes",
			 dest, name_size ? WIRE_TAG_MAX - 1 : WIRE_TAG_MAX);
		return EXIT_FAILED;
	}
	memcpy(a->tag, dest, name_size);
	memcpy(a->tag + name_size, tag ? tag : "", tag_size);
	a->frame.tag_size = (uint16_t)(name_size + tag_size);
	return 0;
}

int frame_new_ref(struct context *context, uint64_t *ret_ref)
{
	int status = context_connect(context);

	if (status == 0)
		*ret_ref = client_new_ref(context->client);
	return status;
}

int frame_put(struct context *context, const struct wire_frame *frame,
	      const struct payload *payload)
{
	int status = context_connect(context), r;

	if (status)
		return status;
	if (payload && payload->fd >= 0)
		r = client_send_large(context->client, frame, payload->fd, payload->size);
	else
		r = client_put(context->client, frame, payload ? payload->bytes.data : NULL,
			       payload ? payload->bytes.size : 0);
	/* What the daemon said before it closed the connection tells more. */
	return r < 0 && r != -EPIPE ? context_failed(context, r) : 0;
}

int frame_put_bare(struct context *context, enum wire_op op, uint8_t flags, uint64_t ref)
{
	struct wire_frame frame = wire_frame(op, "", ref);

	frame.flags = flags;
	return frame_put(context, &frame, NULL);
}

int frames_settle(struct context *context)
{
	struct wire_frame reply;

	return ask_reply(context, "self", NULL, &reply);
}

int complain_absent(struct context *context, const char *dest)
{
	const char *error = NULL, *kind = NULL;
	struct wire_frame reply;

	if (ask(context, "info", dest, NULL) == 0 && context_receive(context, &reply) == 0) {
		error = field_text(&reply, "error");
		kind = field_text(&reply, "kind");
	}
	if (error)
		reply_status(&reply);
	else if (kind && strcmp(kind, "supervisor") == 0)
		complain("%s: a supervisor has no mailbox", dest);
	else if (kind)
		complain("%s: it has no mailbox, or has only just come up", dest);
	else
		complain("%s: no such actor", dest);
	return EXIT_NOPROC;
}

int ref_parse(const struct context *context, const char *text, uint64_t *ret_ref)
{
	uint64_t ref;

	if (text_parse_u64(text, UINT64_MAX, &ref) < 0 || ref == 0)
		return complain_usage(context, "%s: not a ref, as recv and monitor tell them",
				      text);
	*ret_ref = ref;
	return 0;
}
