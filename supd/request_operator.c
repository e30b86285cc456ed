/* SPDX-License-Identifier: MIT */

/*
 * What an operator asks for: start, stop, restart, remove, exit, kill, wait, sync, shutdown; and
 * the core's answers in words. The sentences are one table: {target} is the child's path, {blocker}
 * another's, {reason} a reason in words.
 */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "supd/log.h"
#include "supd/request.h"
#include "supd/rows.h"
#include "supd/said.h"

/* ---- requests ---- */

void request_take_operator(struct conn *conn, const struct request_command *command,
			   const struct wire_frame *frame)
{
	request_submit(conn, command, frame,
		       &(struct request){
			       .kind = command->kind,
			       .target = field_text(frame, "target"),
			       .no_wait = field_bool(frame, "no_wait"),
			       .allow_starting = field_bool(frame, "allow_starting"),
		       });
}

void request_take_wait(struct conn *conn, const struct request_command *command,
		       const struct wire_frame *frame)
{
	struct request request = {.target = field_text(frame, "target")};
	const char *what = field_text(frame, "for");

	if (!what || (strcmp(what, "ready") != 0 && strcmp(what, "down") != 0)) {
		request_fail(conn, frame->ref, STATUS_USAGE, "wait: for what? ready or down");
		return;
	}
	request.kind = strcmp(what, "ready") == 0 ? REQUEST_WAIT_READY : REQUEST_WAIT_DOWN;
	request_submit(conn, command, frame, &request);
}

void request_take_exit(struct conn *conn, const struct request_command *command,
		       const struct wire_frame *frame)
{
	struct request request = {.kind = command->kind, .target = field_text(frame, "target")};
	const char *reason = field_text(frame, "reason");

	if (!reason || strlen(reason) > REASON_TEXT_MAX ||
	    reason_parse(reason, &request.reason) < 0) {
		request_fail(conn, frame->ref, STATUS_USAGE,
			     "exit: the reason must be a text of at most %d bytes without control "
			     "characters",
			     REASON_TEXT_MAX);
		return;
	}
	request_submit(conn, command, frame, &request);
	reason_fini(&request.reason);
}

/* What it dies of then is none of its own doing: the model hears of it before its end. */
static void request_note_signal(struct daemon *d, uint32_t slot, int unix_signal)
{
	struct event event = {.kind = EVENT_UNIX_SIGNAL, .code = unix_signal};
	struct log_about about = {.event = "signal", .os_pid = process_os_pid(d, slot)};
	char name[16];
	struct child_view v;

	if (!core_view(d->core, slot, &v))
		return;
	about.name = v.path;
	log_about(LOG_AT_INFO, &about, "SIG%s sent: an operator asked for it",
		  text_signal_name(unix_signal, name));
	event.pid = v.pid;
	daemon_step(d, &event);
}

static void request_reply_sent(struct conn *conn, uint64_t ref, uint32_t slot)
{
	char pid[ACTOR_PID_TEXT_MAX];
	struct wire_encoder e;
	struct child_view v;

	conn_begin(conn, &e, WIRE_REPLY, ref);
	field_put_int(&e, FIELD_HIDDEN, "status", STATUS_OK);
	if (core_view(conn->control->daemon->core, slot, &v)) {
		field_put_text(&e, 0, "name", v.path);
		field_put_text(&e, 0, "pid", actor_pid_format(v.pid, pid));
	}
	field_put_text(&e, 0, "result", "ok");
	conn_end(conn, &e);
}

void request_take_kill(struct conn *conn, const struct request_command *command,
		       const struct wire_frame *frame)
{
	struct daemon *d = conn->control->daemon;
	const char *target = field_text(frame, "target");
	const char *name = field_text(frame, "signal");
	uint32_t slot = core_find(d->core, target);
	int unix_signal;
	int r;

	(void)command;
	if (slot == SLOT_NONE) {
		request_fail(conn, frame->ref, STATUS_NOPROC, "%s: no such actor", target);
		return;
	}
	if (text_parse_signal(name ? name : "TERM", &unix_signal) < 0) {
		request_fail(conn, frame->ref, STATUS_USAGE,
			     "\"%s\" is no Unix signal: TERM, HUP, 9, ...", name);
		return;
	}
	r = process_signal(d, slot, unix_signal, field_bool(frame, "all"));
	if (r == 0)
		request_note_signal(d, slot, unix_signal);
	if (r == -ESRCH)
		request_fail(conn, frame->ref, STATUS_FAILED, "%s: no process of it runs", target);
	else if (r < 0)
		request_fail(conn, frame->ref, STATUS_FAILED, "%s: %s", target, strerror(-r));
	else
		request_reply_sent(conn, frame->ref, slot);
}

void request_take_shutdown(struct conn *conn, const struct request_command *command,
			   const struct wire_frame *frame)
{
	struct daemon *d = conn->control->daemon;
	bool again = field_bool(frame, "now");
	struct child_view root;
	bool ending;

	(void)command;
	ending = core_view(d->core, 0, &root) && root.state == CHILD_STOPPING;
	conn_reply_status(conn, frame->ref, STATUS_OK, NULL);
	if (!ending)
		daemon_step(d, &(struct event){.kind = EVENT_SHUTDOWN});
	if (again && !d->halted)
		daemon_step(d, &(struct event){.kind = EVENT_SHUTDOWN});
}

/* ---- answers ---- */

struct sentence {
	enum status status;
	const char *result; /* of a success */
	const char *error;
};

static const struct sentence sentences[ANSWER_N] = {
	[ANSWER_OK] = {STATUS_OK, "ok", NULL},
	[ANSWER_OK_UP] = {STATUS_OK, "ok", NULL},
	[ANSWER_OK_UNDEFINED] = {STATUS_OK, "done", NULL},
	[ANSWER_ALREADY] = {STATUS_OK, "already", NULL},
	[ANSWER_ROWS] = {STATUS_OK, "ok", NULL},
	[ANSWER_COUNTS] = {STATUS_OK, "ok", NULL},
	[ANSWER_SPEC] = {STATUS_OK, "ok", NULL},
	[ANSWER_NOPROC] = {STATUS_NOPROC, NULL, "{target}: no such actor"},
	[ANSWER_NOT_FOUND] = {STATUS_NOPROC, NULL, "{target}: no such child"},
	[ANSWER_ALREADY_STARTED] =
		{STATUS_FAILED, NULL,
		 "{target} exists already and runs: choose another name, or remove it first"},
	[ANSWER_ALREADY_PRESENT] = {STATUS_FAILED, NULL,
				    "{target} exists already: start it, or remove it first"},
	[ANSWER_RUNNING] = {STATUS_FAILED, NULL, "{target} runs: stop it first"},
	[ANSWER_RESTARTING] = {STATUS_FAILED, NULL, "{target} is being restarted"},
	[ANSWER_SIMPLE_ONE_FOR_ONE] =
		{STATUS_FAILED, NULL,
		 "{target}: a simple_one_for_one supervisor starts copies of its "
		 "template only: child start SUPERVISOR -- ARGUMENT..."},
	[ANSWER_BAD_COMBINATION] =
		{STATUS_FAILED, NULL,
		 "{target}: significant goes with restart = transient or temporary, under "
		 "a supervisor with auto_shutdown"},
	[ANSWER_MAX_CHILDREN] =
		{STATUS_FAILED, NULL,
		 "{target}: its supervisor has as many children as max_children allows"},
	[ANSWER_START_FAILED] = {STATUS_FAILED, NULL, "{target} did not start: {reason}"},
	[ANSWER_NOT_SUPERVISOR] = {STATUS_FAILED, NULL,
				   "{target} is a service: it has no children"},
	[ANSWER_PARENT_DOWN] =
		{STATUS_FAILED, NULL,
		 "{target}: its supervisor {blocker} does not run: start that first"},
	[ANSWER_BLOCKED] = {STATUS_FAILED, NULL,
			    "{target} waits for {blocker}, which is down: start that first"},
	[ANSWER_ROOT] = {STATUS_FAILED, NULL,
			 "{target} is the root of the tree: use supctl shutdown to end the daemon"},
	[ANSWER_STOPPED] = {STATUS_FAILED, NULL, "{target} was stopped before it was ready"},
	[ANSWER_GAVE_UP_WAITING] = {STATUS_DIED, NULL, "{target} was removed while we waited"},
	[ANSWER_NO_MEMORY] = {STATUS_FAILED, NULL,
			      "the daemon is short of memory; nothing was changed, try again"},
	[ANSWER_BAD_SPEC] = {STATUS_FAILED, NULL, "{target}: {spec}"},
	[ANSWER_SHUTTING_DOWN] = {STATUS_FAILED, NULL, "the tree is being shut down"},
	[ANSWER_NAME_TAKEN] = {STATUS_FAILED, NULL, "{target}: the name is taken"},
	[ANSWER_BAD_NAME] = {STATUS_FAILED, NULL, "{target}: {text}"},
	[ANSWER_NOT_PERMITTED] = {STATUS_REFUSED, NULL, "{target}: {text}"},
	[ANSWER_REFUSED] = {STATUS_FAILED, NULL, "{target}: {text}"},
	[ANSWER_SPAWNED] =
		{STATUS_FAILED, NULL,
		 "{target} was spawned by an actor and is no child of the tree: end it by "
		 "supctl exit {target} shutdown"},
	[ANSWER_NOT_AN_ACTOR] = {STATUS_FAILED, NULL, "whoever asks is no actor any more"},
};

/* An exit signal to what is down. */
static const struct sentence not_running = {STATUS_NOPROC, NULL, "{target}: it does not run"};

/* What is missing or wrong above a child that is to be added. */
static const struct sentence of_template = {
	STATUS_NOPROC, NULL,
	"{target}: that is a template: with an @ behind it, it stands for its instances"};
static const struct sentence no_parent = {
	STATUS_NOPROC, NULL, "{target}: the supervisor above it does not exist or does not run"};
static const struct sentence parent_is_service = {
	STATUS_FAILED, NULL, "{target}: what is above it is a service, which has no children"};

/* A start that a condition of it has kept from being made. */
static const struct sentence passed_over = {STATUS_OK, "passed_over", NULL};
static const struct sentence old_runs_on = {
	STATUS_FAILED, NULL, "{target} did not start: {reason}; the old one runs on"};
static const struct sentence waiting = {STATUS_OK, "waiting", NULL};

/* A start that has succeeded with the end of what was started. */
static bool sentence_is_done(const struct pending *pending, const struct reply *reply)
{
	enum request_kind kind = pending->command->kind;
	struct child_view v;

	return reply->answer == ANSWER_OK && (kind == REQUEST_START || kind == REQUEST_RESTART) &&
	       reply->slot != SLOT_NONE &&
	       core_view(pending->conn->control->daemon->core, reply->slot, &v) && v.ready &&
	       v.spec->type == CHILD_SERVICE && v.spec->ready == READY_EXIT;
}

/* It is there, and starts when what it depends on is ready. */
static bool sentence_is_waiting(const struct pending *pending, const struct reply *reply)
{
	struct child_view v;

	return reply->answer == ANSWER_OK_UNDEFINED && reply->slot != SLOT_NONE &&
	       core_view(pending->conn->control->daemon->core, reply->slot, &v) && v.waits;
}

/* A restart that overlaps: another record of that path has the name, and runs. */
static bool sentence_is_of_heir(const struct pending *pending, const struct reply *reply)
{
	const struct core *core = pending->conn->control->daemon->core;
	struct child_view v, holder;
	uint32_t slot;

	if (reply->answer != ANSWER_START_FAILED || !core_view(core, reply->slot, &v) ||
	    !v.spec->overlap)
		return false;
	slot = core_find(core, v.path);
	return slot != reply->slot && core_view(core, slot, &holder) &&
	       holder.state == CHILD_RUNNING;
}

static const struct sentence *sentence_find(const struct pending *pending,
					    const struct reply *reply)
{
	bool adds = pending->command->kind == REQUEST_START_CHILD;

	if (sentence_is_done(pending, reply))
		return &sentences[ANSWER_OK_UNDEFINED];
	if (reply->answer == ANSWER_OK_UNDEFINED && reply->reason.kind == REASON_TEXT)
		return &passed_over;
	if (sentence_is_of_heir(pending, reply))
		return &old_runs_on;
	if (sentence_is_waiting(pending, reply))
		return &waiting;
	if (adds && reply->answer == ANSWER_NOPROC)
		return &no_parent;
	if (reply->answer == ANSWER_NOPROC &&
	    request_names_template(pending->conn->control->daemon, pending->target))
		return &of_template;
	if (reply->answer == ANSWER_NOPROC && reply->slot != SLOT_NONE)
		return &not_running;
	if (adds && reply->answer == ANSWER_NOT_SUPERVISOR)
		return &parent_is_service;
	return &sentences[reply->answer];
}

static const char *slot_path(const struct daemon *d, uint32_t slot, const char *otherwise)
{
	struct child_view v;

	return slot != SLOT_NONE && core_view(d->core, slot, &v) ? v.path : otherwise;
}

static void sentence_put_word(struct buf *out, const char *word, const struct pending *pending,
			      const struct reply *reply)
{
	const struct daemon *d = pending->conn->control->daemon;
	struct child_view v;
	bool known;

	if (strncmp(word, "{target}", 8) == 0)
		buf_puts(out, pending->target);
	else if (strncmp(word, "{blocker}", 9) == 0)
		buf_puts(out, slot_path(d, reply->blocker, "another"));
	else if (strncmp(word, "{text}", 6) == 0)
		buf_puts(out, reply->text ? reply->text : "not permitted");
	else if (strncmp(word, "{spec}", 6) == 0)
		buf_puts(out, spec_error_text((enum spec_error)reply->code));
	if (strncmp(word, "{reason}", 8) != 0)
		return;
	known = reply->slot != SLOT_NONE && core_view(d->core, reply->slot, &v);
	row_explain(out, &reply->reason, known ? v.spec : NULL);
	if (known)
		said_explain(out, d, reply->slot, v.pid, false);
}

static void sentence_write(struct buf *out, const char *text, const struct pending *pending,
			   const struct reply *reply)
{
	while (*text) {
		size_t plain = strcspn(text, "{");

		buf_append(out, text, plain);
		text += plain;
		if (!*text)
			break;
		sentence_put_word(out, text, pending, reply);
		text += strcspn(text, "}") + 1;
	}
}

enum status request_answer_words(const struct pending *pending, const struct reply *reply,
				 struct buf *error)
{
	const struct sentence *s = sentence_find(pending, reply);

	if (s->error)
		sentence_write(error, s->error, pending, reply);
	return s->status;
}

void request_answer_operator(struct pending *pending, const struct reply *reply)
{
	const struct sentence *s = sentence_find(pending, reply);
	const struct daemon *d = pending->conn->control->daemon;
	struct buf error CLEANUP(buf_fini) = BUF_INIT;
	char pid[ACTOR_PID_TEXT_MAX];
	char reason[REASON_FORMAT_MAX];
	struct wire_encoder e;

	conn_begin(pending->conn, &e, WIRE_REPLY, pending->ref);
	field_put_int(&e, FIELD_HIDDEN, "status", (int64_t)s->status);
	if (*pending->target)
		field_put_text(&e, 0, "name", slot_path(d, reply->slot, pending->target));
	if (reply->pid.n)
		field_put_text(&e, 0, "pid", actor_pid_format(reply->pid, pid));
	if (s->result)
		field_put_text(&e, 0, "result", s->result);
	if (reply->reason.kind != REASON_NONE)
		field_put_text(&e, 0, "reason", reason_format(&reply->reason, reason));
	if (s->error) {
		sentence_write(&error, s->error, pending, reply);
		field_put_text(&e, 0, "error", buf_text(&error));
	}
	conn_end(pending->conn, &e);
}
