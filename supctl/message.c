/* SPDX-License-Identifier: MIT */

/* One message that came, and the three forms in which it is shown. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/pid.h"
#include "lib/large.h"
#include "supctl/hands.h"
#include "supctl/render.h"
#include "wire/json.h"

static const char *const kinds[] = {
	[WIRE_MESSAGE] = "message", [WIRE_CALL] = "call", [WIRE_RESPONSE] = "reply",
	[WIRE_EXIT] = "exit",       [WIRE_DOWN] = "down",
};

void message_fini(struct message *message)
{
	large_unmap(message->mapping, message->size);
	free(message->from_name);
	buf_fini(&message->tag);
	buf_fini(&message->copy);
}

int message_keep(struct context *context, const struct wire_frame *frame,
		 struct message *ret_message)
{
	bool large = frame->flags & WIRE_MEMFD;
	struct message m = {
		.op = frame->op,
		.redelivered = frame->flags & WIRE_REDELIVERED,
		.from = frame->from,
		.number = frame->to,
		.ref = frame->ref ? frame->ref : frame->to,
		.size = frame->payload_size,
		.tag = BUF_INIT,
		.copy = BUF_INIT,
	};

	buf_append(&m.tag, frame->tag, frame->tag_size);
	if (!large)
		buf_append(&m.copy, frame->payload, frame->payload_size);
	if (m.tag.error || m.copy.error) {
		buf_fini(&m.tag);
		buf_fini(&m.copy);
		complain("out of memory");
		return EXIT_FAILED;
	}
	if (large) {
		client_take_mapping(context->client);
		m.mapping = (void *)(uintptr_t)frame->payload;
	}
	m.payload = large ? frame->payload : buf_text(&m.copy);
	*ret_message = m;
	return 0;
}

/* What the answer to that request calls that pid, in its reply or its first row; NULL: nothing. */
static int name_ask(struct context *context, const char *request, uint64_t from, char **ret_name)
{
	char pid[ACTOR_PID_TEXT_MAX];
	struct wire_frame frame;
	int status = ask(context, request, actor_pid_format((actor_pid){from}, pid), NULL);

	*ret_name = NULL;
	while (status == 0 && (status = context_receive(context, &frame)) == 0) {
		const char *name = field_text(&frame, "name");

		/* A spawned process is called by its pid. */
		if (name && *name != '<' && !*ret_name)
			*ret_name = strdup(name);
		if (frame.op == WIRE_REPLY)
			break;
	}
	return status;
}

/* A DOWN's tag is the name by which the dead one was monitored: it has none any more. Of whoever
 * has ended the causes may still be known. */
int message_find_name(struct context *context, struct message *message)
{
	bool ended = message->op == WIRE_DOWN || message->op == WIRE_EXIT;
	int status = 0;

	if (message->op == WIRE_DOWN && message->tag.size)
		message->from_name = strdup(buf_text(&message->tag));
	else if (message->from)
		status = name_ask(context, "info", message->from, &message->from_name);
	if (status == 0 && !message->from_name && ended && message->from)
		status = name_ask(context, "why", message->from, &message->from_name);
	return status;
}

/* ---- forms ---- */

/* "" where it came from nobody: a DOWN of a name that nobody had. */
static const char *message_from(const struct message *message, char pid[ACTOR_PID_TEXT_MAX])
{
	return message->from ? actor_pid_format((actor_pid){message->from}, pid) : "";
}

/* Its payload is a reason. */
static bool message_has_reason(const struct message *message)
{
	return message->op == WIRE_EXIT || message->op == WIRE_DOWN;
}

/* name='value', whatever bytes it has; a NUL, which no shell can hold, is left out. */
static void put_assignment(struct buf *out, const char *name, const char *value, size_t size)
{
	buf_printf(out, "%s='", name);
	while (size) {
		size_t plain = 0;

		while (plain < size && value[plain] != '\'' && value[plain])
			plain++;
		buf_append(out, value, plain);
		if (plain == size)
			break;
		if (value[plain] == '\'')
			buf_puts(out, "'\\''");
		value += plain + 1;
		size -= plain + 1;
	}
	buf_puts(out, "'\n");
}

static void put_assignment_text(struct buf *out, const char *name, const char *value)
{
	put_assignment(out, name, value, strlen(value));
}

void message_put_vars(struct buf *out, const struct message *message)
{
	bool reason = message_has_reason(message);
	bool binary = !reason && memchr(message->payload, 0, message->size);
	char pid[ACTOR_PID_TEXT_MAX];

	put_assignment_text(out, "kind", kinds[message->op]);
	put_assignment_text(out, "from", message_from(message, pid));
	put_assignment_text(out, "from_name", message->from_name ? message->from_name : "");
	buf_printf(out, "ref='%llu'\n", (unsigned long long)message->ref);
	put_assignment(out, "tag", buf_text(&message->tag), message->tag.size);
	put_assignment(out, "payload", message->payload, binary || reason ? 0 : message->size);
	buf_puts(out, "payload_base64='");
	if (binary)
		base64_put(out, message->payload, message->size);
	buf_puts(out, "'\n");
	put_assignment(out, "reason", message->payload, reason ? message->size : 0);
	put_assignment_text(out, "redelivered", message->redelivered ? "yes" : "");
}

void message_put_json(struct buf *out, const struct message *message)
{
	bool reason = message_has_reason(message);
	char pid[ACTOR_PID_TEXT_MAX];

	buf_printf(out, "{\"kind\":\"%s\",", kinds[message->op]);
	if (message->from)
		buf_printf(out, "\"from\":\"%s\",", message_from(message, pid));
	else
		buf_puts(out, "\"from\":null,");
	buf_puts(out, "\"from_name\":");
	if (message->from_name)
		json_put_text(out, message->from_name, strlen(message->from_name));
	else
		buf_puts(out, "null");
	buf_printf(out, ",\"ref\":\"%llu\",", (unsigned long long)message->ref);
	buf_puts(out, "\"tag\":");
	json_put_text(out, buf_text(&message->tag), message->tag.size);
	buf_putc(out, ',');
	if (reason) {
		buf_puts(out, "\"reason\":");
		json_put_text(out, message->payload, message->size);
	} else {
		json_put_bytes(out, "payload", message->payload, message->size);
	}
	buf_printf(out, ",\"redelivered\":%s}\n", message->redelivered ? "true" : "false");
}

/* ---- out ---- */

/* 0 or EXIT_FAILED with the message printed. */
static int write_all(const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(STDOUT_FILENO, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			complain("standard output: %s", strerror(errno));
			return EXIT_FAILED;
		}
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

/* On a terminal nothing that a payload holds may steer it, and the prompt begins a line. */
static void put_for_terminal(struct buf *out, const struct message *message)
{
	const char *at = message->payload, *end = at + message->size;

	while (at < end) {
		size_t size = strnlen(at, (size_t)(end - at));
		char *text = strndup(at, size);

		if (!text) {
			out->error = -ENOMEM;
			return;
		}
		render_text(out, text, RENDER_LINES);
		free(text);
		at += size;
		if (at < end)
			buf_puts(out, "\\x00");
		at += at < end;
	}
	if (!out->size || out->data[out->size - 1] != '\n')
		buf_putc(out, '\n');
}

int message_write(const struct message *message, enum message_form form)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;

	if (form == MESSAGE_PLAIN && !isatty(STDOUT_FILENO))
		return write_all(message->payload, message->size);
	if (form == MESSAGE_VARS)
		message_put_vars(&out, message);
	else if (form == MESSAGE_JSON)
		message_put_json(&out, message);
	else
		put_for_terminal(&out, message);
	if (out.error) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	return write_all(buf_text(&out), out.size);
}
