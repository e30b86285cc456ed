/* SPDX-License-Identifier: MIT */

/*
 * The table of commands, and the way of a request through the daemon: looked up, judged by who
 * asks, taken; answered at once or, through a pending, when the core says so. A guest that goes
 * leaves its pendings to EVENT_FORGET: what it asked for is done all the same.
 */

#include "supd/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supd/what_if.h"

#define OPERATOR(word, request)                                               \
	{                                                                     \
		word, RIGHT_EVERYTHING, request, true, request_take_operator, \
			request_answer_operator, FOR_NOBODY_ELSE              \
	}
#define CHILD(word, right, request)                                                   \
	{                                                                             \
		word, right, request, true, request_take_child, request_answer_child, \
			FOR_NOBODY_ELSE                                               \
	}

#define ACTOR(word, right, request, target, take, whom)                        \
	{                                                                      \
		word, right, request, target, take, request_answer_actor, whom \
	}

static const struct request_command commands[] = {
	OPERATOR("start", REQUEST_START),
	OPERATOR("stop", REQUEST_STOP),
	OPERATOR("restart", REQUEST_RESTART),
	OPERATOR("remove", REQUEST_REMOVE),
	{"reload", RIGHT_EVERYTHING, REQUEST_N_KINDS, true, request_take_reload,
	 request_answer_reload, FOR_NOBODY_ELSE},
	{"exit", RIGHT_EVERYTHING, REQUEST_EXIT, true, request_take_exit, request_answer_operator,
	 FOR_ACTORS},
	{"wait", RIGHT_LOOK, REQUEST_WAIT_READY, true, request_take_wait, request_answer_operator,
	 FOR_NOBODY_ELSE},
	{"sync", RIGHT_LOOK, REQUEST_SYNC, false, request_take_operator, request_answer_operator,
	 FOR_NOBODY_ELSE},
	{"add", RIGHT_EVERYTHING, REQUEST_START_CHILD, true, request_take_add,
	 request_answer_operator, FOR_NOBODY_ELSE},
	{"start_child", RIGHT_EVERYTHING, REQUEST_START_CHILD, true, request_take_add,
	 request_answer_child, FOR_NOBODY_ELSE},
	CHILD("terminate_child", RIGHT_EVERYTHING, REQUEST_TERMINATE_CHILD),
	CHILD("restart_child", RIGHT_EVERYTHING, REQUEST_RESTART_CHILD),
	CHILD("delete_child", RIGHT_EVERYTHING, REQUEST_DELETE_CHILD),
	CHILD("which_children", RIGHT_LOOK, REQUEST_WHICH_CHILDREN),
	CHILD("count_children", RIGHT_LOOK, REQUEST_COUNT_CHILDREN),
	CHILD("get_childspec", RIGHT_LOOK, REQUEST_GET_CHILDSPEC),
	{"kill", RIGHT_EVERYTHING, REQUEST_N_KINDS, true, request_take_kill, NULL, FOR_NOBODY_ELSE},
	{"shutdown", RIGHT_EVERYTHING, REQUEST_N_KINDS, false, request_take_shutdown, NULL,
	 FOR_NOBODY_ELSE},
	{"status", RIGHT_LOOK, REQUEST_N_KINDS, false, request_take_status, NULL, FOR_NOBODY_ELSE},
	{"why", RIGHT_LOOK, REQUEST_N_KINDS, false, request_take_why, NULL, FOR_NOBODY_ELSE},
	{"what_if", RIGHT_LOOK, REQUEST_N_KINDS, false, request_take_what_if, NULL,
	 FOR_NOBODY_ELSE},
	{"events", RIGHT_LOOK, REQUEST_N_KINDS, false, request_take_events, NULL, FOR_NOBODY_ELSE},
	{"report", RIGHT_LOOK, REQUEST_N_KINDS, false, request_take_report, NULL, FOR_NOBODY_ELSE},
	{"logs", RIGHT_EVERYTHING, REQUEST_N_KINDS, false, request_take_logs, NULL,
	 FOR_NOBODY_ELSE},
	{"rotate", RIGHT_EVERYTHING, REQUEST_N_KINDS, false, request_take_rotate,
	 request_answer_rotate, FOR_NOBODY_ELSE},
	{"self", RIGHT_EVERYTHING, REQUEST_N_KINDS, false, request_take_self, NULL, FOR_ACTORS},
	ACTOR("whereis", RIGHT_LOOK, REQUEST_WHEREIS, true, request_take_actor, FOR_ACTORS),
	{"names", RIGHT_LOOK, REQUEST_N_KINDS, false, request_take_names, NULL, FOR_ACTORS},
	{"info", RIGHT_LOOK, REQUEST_N_KINDS, true, request_take_info, NULL, FOR_ACTORS},
	{"mailbox", RIGHT_EVERYTHING, REQUEST_N_KINDS, true, request_take_mailbox, NULL,
	 FOR_ACTORS},
	ACTOR("register", RIGHT_NONE, REQUEST_REGISTER, false, request_take_name, FOR_ACTORS_ONLY),
	ACTOR("unregister", RIGHT_NONE, REQUEST_UNREGISTER, false, request_take_name,
	      FOR_ACTORS_ONLY),
	ACTOR("trap", RIGHT_NONE, REQUEST_TRAP, false, request_take_trap, FOR_ACTORS_ONLY),
	ACTOR("link", RIGHT_NONE, REQUEST_LINK, true, request_take_actor, FOR_ACTORS_ONLY),
	ACTOR("unlink", RIGHT_NONE, REQUEST_UNLINK, true, request_take_actor, FOR_ACTORS_ONLY),
	ACTOR("exit_self", RIGHT_NONE, REQUEST_EXIT_SELF, false, request_take_exit_self,
	      FOR_ACTORS_ONLY),
	ACTOR("ready", RIGHT_NONE, REQUEST_N_KINDS, false, request_take_state, FOR_ACTORS_ONLY),
	ACTOR("ignore", RIGHT_NONE, REQUEST_N_KINDS, false, request_take_state, FOR_ACTORS_ONLY),
	ACTOR("watchdog", RIGHT_NONE, REQUEST_N_KINDS, false, request_take_state, FOR_ACTORS_ONLY),
	{"spawn", RIGHT_EVERYTHING, REQUEST_SPAWN, false, request_take_spawn, request_answer_spawn,
	 FOR_ACTORS},
	{"ping", RIGHT_NONE, REQUEST_N_KINDS, false, request_take_version, NULL, FOR_NOBODY_ELSE},
	{"version", RIGHT_NONE, REQUEST_N_KINDS, false, request_take_version, NULL,
	 FOR_NOBODY_ELSE},
};

static const struct request_command *request_find(const struct wire_frame *frame)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (wire_tag_is(frame, commands[i].name))
			return &commands[i];
	return NULL;
}

void request_fail(struct conn *conn, uint64_t ref, enum status status, const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	conn_reply_status(conn, ref, (int)status, text);
}

bool request_names_template(const struct daemon *d, const char *target)
{
	struct buf name CLEANUP(buf_fini) = BUF_INIT;

	buf_printf(&name, "%s@", target);
	return !name.error && core_has_template(d->core, buf_text(&name));
}

const char *request_absence(const struct daemon *d, const char *target)
{
	struct child_view v;

	if (!core_view(d->core, core_find(d->core, target), &v) || v.removed)
		return request_names_template(d, target) ? "that is a template: with an @ behind "
							   "it, it stands for its instances"
							 : "no such actor";
	return v.state == CHILD_STOPPING ? "it is about to end" : "it does not run";
}

void request_fail_absent(struct conn *conn, uint64_t ref, const char *target)
{
	request_fail(conn, ref, STATUS_NOPROC, "%s: %s", target,
		     request_absence(conn->control->daemon, target));
}

static void request_refuse(struct conn *conn, const struct request_command *command,
			   const struct wire_frame *frame)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	peer_refusal(conn->control, command->right, command->name, &text);
	request_drop_fds(conn, frame);
	conn_reply_status(conn, frame->ref, STATUS_REFUSED, buf_text(&text));
}

static bool request_is_allowed(const struct conn *conn, const struct request_command *command)
{
	if (command->whom != FOR_NOBODY_ELSE && conn->role != CONN_GUEST)
		return true;
	return conn_right(conn) >= command->right;
}

void request_take(struct conn *conn, const struct wire_frame *frame)
{
	const struct request_command *command = request_find(frame);
	const char *target = field_text(frame, "target");

	if (!command)
		request_fail(conn, frame->ref, STATUS_USAGE, "this supd knows no request \"%.*s\"",
			     (int)frame->tag_size, frame->tag);
	else if (command->whom == FOR_ACTORS_ONLY && conn->role == CONN_GUEST)
		request_fail(conn, frame->ref, STATUS_USAGE, "%s: only inside an actor",
			     command->name);
	else if (!request_is_allowed(conn, command))
		request_refuse(conn, command, frame);
	else if (command->has_target && !target)
		request_fail(conn, frame->ref, STATUS_USAGE, "%s: which one? The target is missing",
			     command->name);
	else if (target && strlen(target) > SPEC_PATH_MAX)
		request_fail(conn, frame->ref, STATUS_NOPROC,
			     "no actor has a name of more than %d bytes", SPEC_PATH_MAX);
	else
		command->take(conn, command, frame);
}

/* ---- pendings ---- */

static void pending_free(struct pending *pending)
{
	map_remove(&pending->conn->control->pendings, pending->id);
	list_unlink(&pending->link);
	pending->conn->n_pending--;
	rotating_forget(pending->rotating);
	free(pending->target);
	free(pending);
}

static struct pending *pending_new(struct conn *conn, const struct request_command *command,
				   const struct wire_frame *frame)
{
	struct control *control = conn->control;
	const char *path = field_text(frame, "path");
	const char *target = path ? path : field_text(frame, "target");
	struct pending *pending = calloc(1, sizeof(*pending));

	if (!pending)
		return NULL;
	*pending = (struct pending){
		.conn = conn,
		.id = ++control->next_id,
		.ref = frame->ref,
		.command = command,
		.target = strdup(target ? target : ""),
	};
	if (!pending->target || map_set(&control->pendings, pending->id, pending) < 0) {
		free(pending->target);
		free(pending);
		return NULL;
	}
	list_init(&pending->link);
	list_append(&conn->pendings, &pending->link);
	conn->n_pending++;
	return pending;
}

uint64_t request_hold(struct conn *conn, const struct request_command *command,
		      const struct wire_frame *frame)
{
	struct pending *pending;

	if (conn->n_pending >= CONN_PENDING_MAX) {
		request_fail(
			conn, frame->ref, STATUS_FAILED,
			"%d requests of this connection wait for their answers: take those first",
			CONN_PENDING_MAX);
		return 0;
	}
	pending = pending_new(conn, command, frame);
	if (!pending) {
		request_fail(conn, frame->ref, STATUS_FAILED,
			     "the daemon is short of memory; nothing was changed, try again");
		return 0;
	}
	return pending->id;
}

void request_submit(struct conn *conn, const struct request_command *command,
		    const struct wire_frame *frame, struct request *request)
{
	struct event event = {.kind = EVENT_REQUEST};

	request->id = request_hold(conn, command, frame);
	if (!request->id)
		return;
	request->source = conn->source;
	event.request = *request;
	daemon_step(conn->control->daemon, &event);
}

void request_answer(struct pending *pending, const struct reply *reply)
{
	pending->command->answer(pending, reply);
	pending_free(pending);
}

void request_forget(struct conn *conn)
{
	struct daemon *d = conn->control->daemon;

	what_if_cancel(conn->what_if);
	LIST_EACH (l, &conn->listings) {
		listing_free(LIST_ENTRY(l, struct listing, link));
	}
	while (!list_is_empty(&conn->pendings)) {
		struct pending *pending = LIST_ENTRY(conn->pendings.next, struct pending, link);
		struct event event = {.kind = EVENT_FORGET, .request.id = pending->id};

		pending_free(pending);
		if (!d->halted)
			daemon_step(d, &event);
	}
}
