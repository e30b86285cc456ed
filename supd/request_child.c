/* SPDX-License-Identifier: MIT */

/*
 * The child API (SEMANTICS 14, 15) and add. A new child comes as the text of a configuration file:
 * its own section first, the sections of what is below it after. Answers of the child API are OTP's
 * words; add answers as an operator's request does.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "supd/request.h"
#include "supd/rows.h"

/* ---- start_child, add ---- */

/* A list's texts as an argument vector; the array is the caller's, the texts are borrowed. */
static int request_arguments(const struct field *list, char ***ret_arguments)
{
	size_t cursor = 0, n = 0;
	char **arguments;
	const char *text;

	while (field_list_next(list, &cursor))
		n++;
	arguments = calloc(n + 1, sizeof(*arguments));
	if (!arguments)
		return -ENOMEM;
	cursor = n = 0;
	while ((text = field_list_next(list, &cursor)))
		arguments[n++] = (char *)(uintptr_t)text;
	*ret_arguments = arguments;
	return 0;
}

/* All that is wrong with a new child's text, in one reply. */
static void request_refuse_spec(struct conn *conn, uint64_t ref, const struct config *config)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	config_print_messages(config, &text);
	if (text.size && text.data[text.size - 1] == '\n')
		text.data[--text.size] = '\0';
	conn_reply_status(conn, ref, STATUS_FAILED,
			  text.size ? buf_text(&text) : "the text describes no child");
}

/* A new child of target out of its text; a copy of the template with arguments where there is none.
 */
void request_take_add(struct conn *conn, const struct request_command *command,
		      const struct wire_frame *frame)
{
	struct request request = {.kind = command->kind, .target = field_text(frame, "target")};
	const char *text = field_text(frame, "text");
	const char *path = field_text(frame, "path");
	char **arguments CLEANUP(cleanup_free) = NULL;
	struct config *config = NULL;
	struct field list;
	int r = 0;

	if (text && path)
		r = config_load_child(text, strlen(text), path, &config);
	else if (field_find(frame, "arguments", FIELD_LIST, &list))
		r = request_arguments(&list, &arguments);
	if (r < 0)
		request_fail(conn, frame->ref, STATUS_FAILED,
			     "the daemon is short of memory; nothing was changed, try again");
	else if (config && (config->n_errors || !config->root))
		request_refuse_spec(conn, frame->ref, config);
	else {
		request.spec = config ? config->root : NULL;
		request.args = arguments;
		request_submit(conn, command, frame, &request);
	}
	config_free(config);
}

void request_take_child(struct conn *conn, const struct request_command *command,
			const struct wire_frame *frame)
{
	request_submit(conn, command, frame,
		       &(struct request){
			       .kind = command->kind,
			       .target = field_text(frame, "target"),
			       .child = field_text(frame, "child"),
		       });
}

/* ---- answers ---- */

static void child_write_rows(struct pending *pending, const struct reply *reply)
{
	const struct daemon *d = pending->conn->control->daemon;
	struct wire_encoder e;

	for (uint32_t i = 0; i < reply->n_rows; i++) {
		conn_begin(pending->conn, &e, WIRE_ROW, pending->ref);
		row_put_child(&e, d, &reply->rows[i]);
		conn_end(pending->conn, &e);
	}
}

static int child_write_row(struct pending *pending, const struct reply *reply)
{
	struct wire_encoder e;

	conn_begin(pending->conn, &e, WIRE_ROW, pending->ref);
	if (reply->answer == ANSWER_COUNTS)
		row_put_counts(&e, &reply->counts);
	else
		row_put_spec(&e, reply->spec);
	return conn_end(pending->conn, &e);
}

/* OTP's word for a refusal; start(REASON) for a failed start. */
static void child_put_error(struct wire_encoder *e, const struct reply *reply)
{
	struct buf explanation CLEANUP(buf_fini) = BUF_INIT;
	char reason[REASON_FORMAT_MAX];
	char text[REASON_FORMAT_MAX + 8];

	field_put_text(e, 0, "answer", "error");
	if (reply->answer == ANSWER_START_FAILED) {
		reason_format(&reply->reason, reason);
		snprintf(text, sizeof(text), "start(%s)", reason);
		field_put_text(e, 0, "error", text);
		field_put_text(e, 0, "reason", reason);
		if (reply->reason.kind == REASON_EXEC) {
			row_explain(&explanation, &reply->reason, NULL);
			field_put_text(e, 0, "step", start_step_name(reply->reason.step));
			field_put_text(e, 0, "explanation", buf_text(&explanation));
		}
		return;
	}
	field_put_text(e, 0, "error", answer_names[reply->answer]);
	if (reply->answer == ANSWER_BAD_SPEC)
		field_put_text(e, 0, "explanation", spec_error_text((enum spec_error)reply->code));
}

static void child_put_ok(struct wire_encoder *e, const struct reply *reply)
{
	field_put_text(e, 0, "answer", "ok");
	if (reply->answer == ANSWER_OK_UNDEFINED)
		field_put_text(e, 0, "child", "undefined");
}

void request_answer_child(struct pending *pending, const struct reply *reply)
{
	bool shown = reply->answer == ANSWER_ROWS || reply->answer == ANSWER_COUNTS ||
		     reply->answer == ANSWER_SPEC;
	bool ok = reply->answer == ANSWER_OK || reply->answer == ANSWER_OK_UP ||
		  reply->answer == ANSWER_OK_UNDEFINED;
	enum status status = shown || ok ? STATUS_OK : STATUS_FAILED;
	char pid[ACTOR_PID_TEXT_MAX];
	struct wire_encoder e;

	if (reply->answer == ANSWER_ROWS)
		child_write_rows(pending, reply);
	else if (shown && child_write_row(pending, reply) < 0) {
		conn_reply_status(pending->conn, pending->ref, STATUS_FAILED,
				  "the specification is too long to be sent");
		return;
	}
	if (reply->answer == ANSWER_NOPROC)
		status = STATUS_NOPROC;
	conn_begin(pending->conn, &e, WIRE_REPLY, pending->ref);
	field_put_int(&e, FIELD_HIDDEN, "status", (int64_t)status);
	if (ok)
		child_put_ok(&e, reply);
	else if (!shown)
		child_put_error(&e, reply);
	if (reply->pid.n)
		field_put_text(&e, 0, "pid", actor_pid_format(reply->pid, pid));
	conn_end(pending->conn, &e);
}
