/* SPDX-License-Identifier: MIT */

/*
 * Where the logs are, and their rotation. What is in them the daemon does not know, and does not
 * read: whoever asks does that.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/exec.h"
#include "core/exec_log.h"
#include "supd/keeper.h"
#include "supd/request.h"

/* ---- where ---- */

/* Where standard output or error goes, in the words of the configuration. */
static void put_output(struct wire_encoder *e, const char *name, const struct output *output)
{
	static const char *const words[OUTPUT_N_KINDS] = {
		[OUTPUT_LOG] = "log",    [OUTPUT_NULL] = "null",   [OUTPUT_INHERIT] = "inherit",
		[OUTPUT_FILE] = "file:", [OUTPUT_SAME] = "stdout", [OUTPUT_SYSLOG] = "syslog",
	};
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	buf_puts(&text, words[output->kind]);
	if (output->kind == OUTPUT_FILE)
		buf_puts(&text, output->path);
	if (text.error)
		e->error = -ENOMEM;
	field_put_text(e, 0, name, buf_text(&text));
}

static void put_file(struct wire_encoder *e, const struct daemon *d, uint32_t slot)
{
	struct buf file CLEANUP(buf_fini) = BUF_INIT;
	bool any = keeper_file(d, slot, KEEPER_OUTPUT, &file) ||
		   keeper_file(d, slot, KEEPER_ERROR, &file);

	if (file.error)
		e->error = -ENOMEM;
	field_put_text(e, 0, "file", any ? buf_text(&file) : NULL);
}

void listing_write_log(struct conn *conn, const struct listing *listing, uint32_t slot)
{
	const struct daemon *d = conn->control->daemon;
	const struct exec *exec;
	struct wire_encoder e;
	struct child_view v;

	if (!core_view(d->core, slot, &v) || v.spec->type != CHILD_SERVICE)
		return;
	exec = v.spec->exec;
	conn_begin(conn, &e, WIRE_ROW, listing->ref);
	field_put_text(&e, 0, "name", v.path);
	field_put_text(&e, 0, "kind", "service");
	put_file(&e, d, slot);
	field_put_text(&e, 0, "format", log_format_names[exec->log ? exec->log->format : LOG_TEXT]);
	put_output(&e, "stdout", &exec->standard_output);
	put_output(&e, "stderr", &exec->standard_error);
	conn_end(conn, &e);
}

static void put_daemon(struct conn *conn, uint64_t ref, const char *dir)
{
	struct buf file CLEANUP(buf_fini) = BUF_INIT;
	struct wire_encoder e;

	buf_printf(&file, "%s/supd.log", dir);
	conn_begin(conn, &e, WIRE_ROW, ref);
	field_put_text(&e, 0, "name", "supd");
	field_put_text(&e, 0, "kind", "daemon");
	field_put_text(&e, 0, "file", buf_text(&file));
	field_put_text(&e, 0, "format", log_format_names[LOG_RAW]);
	if (file.error)
		e.error = -ENOMEM;
	conn_end(conn, &e);
}

void request_take_logs(struct conn *conn, const struct request_command *command,
		       const struct wire_frame *frame)
{
	const char *dir = keeper_dir(conn->control->daemon);
	struct listing *listing;
	struct wire_encoder e;

	(void)command;
	conn_begin(conn, &e, WIRE_ROW, frame->ref);
	field_put_text(&e, 0, "log_dir", dir);
	field_put_text(&e, 0, "error", keeper_no_dir(conn->control->daemon));
	conn_end(conn, &e);
	if (dir && !field_text(frame, "target"))
		put_daemon(conn, frame->ref, dir);
	listing = listing_begin(conn, frame, true);
	if (listing)
		listing->of_logs = true;
}

/* ---- rotation ---- */

/* It lives until the keeper has answered, whether its guest is there still or not. */
struct rotating {
	struct keeper_rotation rotation;
	struct pending *pending; /* borrowed; NULL: the guest has gone */
	const char *error;       /* borrowed, while it is answered */
};

void rotating_forget(struct rotating *rotating)
{
	if (rotating)
		rotating->pending = NULL;
}

static void on_file(struct keeper_rotation *r, const char *name, const char *file, int64_t bytes)
{
	struct pending *pending = CONTAINER_OF(r, struct rotating, rotation)->pending;
	struct wire_encoder e;

	if (!pending)
		return;
	conn_begin(pending->conn, &e, WIRE_ROW, pending->ref);
	field_put_text(&e, 0, "name", name);
	field_put_text(&e, 0, "file", file);
	field_put_int(&e, 0, "bytes", bytes);
	conn_end(pending->conn, &e);
}

static void on_done(struct keeper_rotation *r, const char *error)
{
	static const struct reply reply = {.answer = ANSWER_OK};
	struct rotating *rotating = CONTAINER_OF(r, struct rotating, rotation);

	rotating->error = error;
	if (rotating->pending)
		request_answer(rotating->pending, &reply);
	free(rotating);
}

void request_answer_rotate(struct pending *pending, const struct reply *reply)
{
	const char *error = pending->rotating->error;

	(void)reply;
	conn_reply_status(pending->conn, pending->ref, error ? STATUS_FAILED : STATUS_OK, error);
}

/* The slot of the target, or all. False: refused, and told. */
static bool find_target(struct conn *conn, const struct wire_frame *frame, uint32_t *ret_slot)
{
	struct daemon *d = conn->control->daemon;
	const char *target = field_text(frame, "target");
	struct child_view v;

	*ret_slot = SLOT_NONE;
	if (!target)
		return true;
	*ret_slot = core_find(d->core, target);
	if (!core_view(d->core, *ret_slot, &v)) {
		request_fail_absent(conn, frame->ref, target);
		return false;
	}
	if (v.spec->type == CHILD_SERVICE)
		return true;
	request_fail(conn, frame->ref, STATUS_FAILED,
		     "%s: a supervisor writes nothing: name its services", target);
	return false;
}

void request_take_rotate(struct conn *conn, const struct request_command *command,
			 const struct wire_frame *frame)
{
	struct rotating *rotating;
	uint32_t slot;
	uint64_t id;

	if (!find_target(conn, frame, &slot))
		return;
	rotating = calloc(1, sizeof(*rotating));
	if (!rotating) {
		request_fail(conn, frame->ref, STATUS_FAILED, "the daemon is short of memory");
		return;
	}
	id = request_hold(conn, command, frame);
	if (!id) {
		free(rotating);
		return;
	}
	rotating->rotation.file = on_file;
	rotating->rotation.done = on_done;
	rotating->pending = map_get(&conn->control->pendings, id);
	rotating->pending->rotating = rotating;
	if (!keeper_rotate(conn->control->daemon, slot, &rotating->rotation))
		on_done(&rotating->rotation, "there is no log of it");
}
