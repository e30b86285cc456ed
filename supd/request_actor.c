/* SPDX-License-Identifier: MIT */

/*
 * What actors ask for on their own behalf: names, links, traps, last words, and that they are
 * ready. What needs an actor inside the tree is refused to guests (SEMANTICS D20), in the table of
 * request.c.
 */

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "supd/notify_lines.h"
#include "supd/request.h"
#include "supd/said.h"
#include "supd/watchdog.h"

/* self: known without the core, but for a guest's that has not needed it before. */
void request_take_self(struct conn *conn, const struct request_command *command,
		       const struct wire_frame *frame)
{
	char pid[ACTOR_PID_TEXT_MAX];
	struct wire_encoder e;

	(void)command;
	if (!conn_join(conn))
		return;
	conn_begin(conn, &e, WIRE_REPLY, frame->ref);
	field_put_int(&e, FIELD_HIDDEN, "status", STATUS_OK);
	field_put_text(&e, 0, "pid", actor_pid_format(conn->actor, pid));
	conn_end(conn, &e);
}

/* whereis, link, unlink */
void request_take_actor(struct conn *conn, const struct request_command *command,
			const struct wire_frame *frame)
{
	struct request request = {
		.kind = command->kind,
		.target = field_text(frame, "target"),
	};

	request_submit(conn, command, frame, &request);
}

void request_take_name(struct conn *conn, const struct request_command *command,
		       const struct wire_frame *frame)
{
	struct request request = {
		.kind = command->kind,
		.target = field_text(frame, "target"),
		.child = field_text(frame, "name"),
	};

	if (!request.child)
		request_fail(conn, frame->ref, STATUS_USAGE, "%s: which name? It is missing",
			     command->name);
	else if (strlen(request.child) > SPEC_PATH_MAX)
		request_fail(conn, frame->ref, STATUS_FAILED, "a name has at most %d bytes",
			     SPEC_NAME_MAX);
	else
		request_submit(conn, command, frame, &request);
}

void request_take_trap(struct conn *conn, const struct request_command *command,
		       const struct wire_frame *frame)
{
	struct request request = {.kind = command->kind};
	struct field on;

	if (!field_find(frame, "on", FIELD_BOOL, &on)) {
		request_fail(conn, frame->ref, STATUS_USAGE,
			     "trap: on or off? The bool \"on\" is missing");
		return;
	}
	request.on = on.number;
	request_submit(conn, command, frame, &request);
}

/* exit_self: last words, as EXIT_REASON on the notify socket, with an end to follow (D15). */
void request_take_exit_self(struct conn *conn, const struct request_command *command,
			    const struct wire_frame *frame)
{
	struct request request = {.kind = command->kind};
	const char *reason = field_text(frame, "reason");

	if (!reason || strlen(reason) > REASON_TEXT_MAX ||
	    reason_parse(reason, &request.reason) < 0) {
		request_fail(
			conn, frame->ref, STATUS_USAGE,
			"exit_self: the reason must be a text of at most %d bytes without control "
			"characters",
			REASON_TEXT_MAX);
		return;
	}
	request_submit(conn, command, frame, &request);
	reason_fini(&request.reason);
}

/* ready, ignore, watchdog: as on the notify socket. */
void request_take_state(struct conn *conn, const struct request_command *command,
			const struct wire_frame *frame)
{
	struct daemon *d = conn->control->daemon;
	struct process *p = process_of(d, conn->actor);
	const char *text = field_text(frame, "text");
	actor_pid pid = conn->actor;

	if (text && !text_is_utf8(text, strlen(text))) {
		request_fail(conn, frame->ref, STATUS_USAGE, "%s: the text must be UTF-8",
			     command->name);
		return;
	}
	if (p && text)
		said_text(d, p, text);
	if (strcmp(command->name, "ready") == 0)
		notify_ready(d, pid);
	else if (strcmp(command->name, "ignore") == 0)
		daemon_step(d, &(struct event){.kind = EVENT_IGNORE, .pid = pid});
	else if (p && p->said)
		watchdog_feed(p->said->watchdog);
	conn_reply_status(conn, frame->ref, STATUS_OK, NULL);
}

/* ---- answers ---- */

static const struct {
	enum status status;
	const char *text; /* NULL: the core's own, or none */
} answers[ANSWER_N] = {
	[ANSWER_OK] = {STATUS_OK, NULL},
	[ANSWER_NOPROC] = {STATUS_NOPROC, "no such actor"},
	[ANSWER_NO_MEMORY] = {STATUS_FAILED, "the daemon is short of memory; nothing was changed"},
	[ANSWER_NAME_TAKEN] = {STATUS_FAILED, "the name is taken"},
	[ANSWER_BAD_NAME] = {STATUS_FAILED, NULL},
	[ANSWER_NOT_PERMITTED] = {STATUS_REFUSED, NULL},
	[ANSWER_REFUSED] = {STATUS_FAILED, NULL},
	[ANSWER_SHUTTING_DOWN] = {STATUS_FAILED, "the tree is being shut down"},
	[ANSWER_NOT_AN_ACTOR] = {STATUS_FAILED, "whoever asks is no actor any more"},
};

static void actor_put_error(struct wire_encoder *e, const struct pending *pending,
			    const struct reply *reply)
{
	const char *text = answers[reply->answer].text;
	char pid[ACTOR_PID_TEXT_MAX] = "", error[1200];
	bool by = reply->answer == ANSWER_NAME_TAKEN && reply->pid.n;

	if (!text)
		text = reply->text;
	if (reply->answer == ANSWER_NOPROC && pending->command->kind == REQUEST_UNREGISTER)
		text = "the actor has registered no such name";
	else if (reply->answer == ANSWER_NOPROC && *pending->target)
		text = request_absence(pending->conn->control->daemon, pending->target);
	snprintf(error, sizeof(error), "%s%s%s%s%s", pending->target, *pending->target ? ": " : "",
		 text ? text : answer_names[reply->answer], by ? ", by " : "",
		 by ? actor_pid_format(reply->pid, pid) : "");
	field_put_text(e, 0, "error", error);
}

void request_answer_actor(struct pending *pending, const struct reply *reply)
{
	enum status status = answers[reply->answer].status;
	char pid[ACTOR_PID_TEXT_MAX];
	struct wire_encoder e;

	if (status == STATUS_OK && reply->answer != ANSWER_OK)
		status = STATUS_FAILED;
	conn_begin(pending->conn, &e, WIRE_REPLY, pending->ref);
	field_put_int(&e, FIELD_HIDDEN, "status", (int64_t)status);
	if (reply->pid.n)
		field_put_text(&e, 0, "pid", actor_pid_format(reply->pid, pid));
	if (status == STATUS_OK && pending->command->kind == REQUEST_TRAP)
		field_put_bool(&e, 0, "was", reply->code);
	if (status != STATUS_OK)
		actor_put_error(&e, pending, reply);
	conn_end(pending->conn, &e);
}
