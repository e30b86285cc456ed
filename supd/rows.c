/* SPDX-License-Identifier: MIT */

/*
 * Rows. The order of the fields is the order of columns and of JSON keys; those flagged
 * FIELD_DETAIL are no columns. Times of the model are monotonic and are turned to wall-clock times
 * here, for people only.
 */

#include "supd/rows.h"
#include "supd/schedule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "core/exec.h"
#include "supd/listen.h"
#include "supd/said.h"
#include "supd/left.h"
#include "supd/resources.h"
#include "supd/streams.h"

/* ---- single fields ---- */

void row_put_pid(struct wire_encoder *e, uint8_t flags, const char *name, actor_pid pid)
{
	char text[ACTOR_PID_TEXT_MAX];

	field_put_text(e, flags, name, pid.n ? actor_pid_format(pid, text) : NULL);
}

void row_put_reason(struct wire_encoder *e, uint8_t flags, const struct reason *reason)
{
	char text[REASON_FORMAT_MAX];

	field_put_text(e, flags, "reason",
		       reason->kind == REASON_NONE ? NULL : reason_format(reason, text));
}

static void row_put_shutdown(struct wire_encoder *e, uint8_t flags, const struct spec *spec)
{
	char text[SPAN_TEXT_MAX];

	switch (spec->shutdown) {
	case SHUTDOWN_SPAN:
		field_put_text(e, flags, "shutdown", span_format(spec->shutdown_span, text));
		return;
	case SHUTDOWN_INFINITY:
		field_put_text(e, flags, "shutdown", "infinity");
		return;
	case SHUTDOWN_BRUTAL_KILL:
		field_put_text(e, flags, "shutdown", "brutal_kill");
		return;
	}
}

static void row_put_exit_status(struct wire_encoder *e, const struct daemon *d, uint32_t slot)
{
	char text[24];
	const char *status = process_exit_text(d, slot, text);
	uint64_t number;

	if (!*status)
		field_put_null(e, FIELD_DETAIL, "exit_status");
	else if (text_parse_u64(status, INT32_MAX, &number) == 0)
		field_put_int(e, FIELD_DETAIL, "exit_status", (int64_t)number);
	else
		field_put_text(e, FIELD_DETAIL, "exit_status", status);
}

/* ---- status and tree ---- */

static void row_put_place(struct wire_encoder *e, const struct daemon *d,
			  const struct child_view *v)
{
	struct child_view parent;

	if (v->parent != SLOT_NONE && core_view(d->core, v->parent, &parent))
		field_put_text(e, FIELD_DETAIL, "parent", parent.path);
	else
		field_put_null(e, FIELD_DETAIL, "parent");
}

static void row_put_waits(struct wire_encoder *e, const struct daemon *d,
			  const struct child_view *v)
{
	struct child_view on;
	bool known = v->waits && core_view(d->core, v->waits_for, &on);

	field_put_text(e, FIELD_DETAIL, "waits_for", known ? on.path : NULL);
}

static void row_put_process(struct wire_encoder *e, const struct daemon *d,
			    const struct child_view *v)
{
	pid_t os_pid = process_os_pid(d, v->slot);

	if (os_pid > 0)
		field_put_int(e, 0, "os_pid", os_pid);
	else
		field_put_null(e, 0, "os_pid");
}

static void row_put_next_run(struct wire_encoder *e, const struct daemon *d, uint32_t slot)
{
	int64_t at;

	if (schedule_next(d, slot, &at))
		field_put_time(e, FIELD_DETAIL, "next_run", at);
}

/* Two rows of one path, for a while: which of them is this? */
static void row_put_overlap(struct wire_encoder *e, const struct child_view *v)
{
	if (v->spec->overlap)
		field_put_text(e, FIELD_DETAIL, "overlap",
			       v->replaced             ? "predecessor"
			       : v->elder != SLOT_NONE ? "successor"
						       : NULL);
}

bool row_put_status(struct wire_encoder *e, const struct daemon *d, uint32_t slot)
{
	struct child_view v;
	const struct spec *spec;

	if (!core_view(d->core, slot, &v))
		return false;
	spec = v.spec;
	row_put_pid(e, FIELD_DETAIL, "pid", v.pid);
	field_put_text(e, 0, "name", v.path);
	field_put_text(e, 0, "kind", v.spawned ? "spawned" : child_type_names[spec->type]);
	field_put_text(e, 0, "state", child_state_name(v.state));
	row_put_process(e, d, &v);
	row_put_place(e, d, &v);
	row_put_waits(e, d, &v);
	field_put_int(e, 0, "restarts", (int64_t)v.restarts);
	if (v.state == CHILD_RUNNING)
		field_put_span(e, 0, "uptime", mono_between(v.since, loop_now()));
	else
		field_put_null(e, 0, "uptime");
	row_put_reason(e, 0, &v.reason);
	field_put_bool(e, FIELD_DETAIL, "ready", v.ready);
	row_put_health(e, d, slot);
	row_put_exit_status(e, d, slot);
	if (spec->type == CHILD_SERVICE && spec->mailbox != MAILBOX_NONE)
		field_put_int(e, FIELD_DETAIL, "message_queue_len", (int64_t)v.message_queue_len);
	else
		field_put_null(e, FIELD_DETAIL, "message_queue_len");
	field_put_text(e, FIELD_DETAIL, "restart", restart_type_names[spec->restart]);
	row_put_shutdown(e, FIELD_DETAIL, spec);
	field_put_text(e, FIELD_DETAIL, "strategy",
		       spec->type == CHILD_SUPERVISOR ? strategy_names[spec->strategy] : NULL);
	field_put_bool(e, 0, "held", v.held);
	field_put_text(e, FIELD_DETAIL, "containment",
		       spec->type == CHILD_SERVICE ? process_containment(d, slot) : NULL);
	said_put(e, d, slot);
	streams_put(e, d, slot);
	listen_put_row(e, d, &v);
	resources_put(e, d, slot, spec);
	left_put(e, d, slot);
	row_put_next_run(e, d, slot);
	row_put_overlap(e, &v);
	return true;
}

/* ---- names, and info of actors ---- */

void row_put_name(struct wire_encoder *e, const struct name_view *v)
{
	field_put_text(e, 0, "name", v->text);
	row_put_pid(e, 0, "pid", v->pid);
	field_put_text(e, 0, "kind", name_kind_names[v->kind]);
}

void row_put_actor(struct wire_encoder *e, const struct actor_view *v)
{
	row_put_pid(e, 0, "pid", v->pid);
	field_put_text(e, 0, "name", v->path);
	field_put_text(e, 0, "kind", actor_kind_names[v->kind]);
}

/* ---- the child API ---- */

void row_put_child(struct wire_encoder *e, const struct daemon *d, const struct child_row *row)
{
	const char *name = row->name;
	struct child_view v;

	/* The core cuts long names. */
	if (strlen(name) == sizeof(row->name) - 1 && core_view(d->core, row->slot, &v) &&
	    strncmp(v.spec->name, name, sizeof(row->name) - 1) == 0)
		name = v.spec->name;
	field_put_text(e, 0, "id", name);
	if (row->state == ROW_UP)
		row_put_pid(e, 0, "pid", row->pid);
	else
		field_put_text(e, 0, "pid",
			       row->state == ROW_RESTARTING ? "restarting" : "undefined");
	field_put_text(e, 0, "type", row->type == CHILD_SUPERVISOR ? "supervisor" : "worker");
}

void row_put_counts(struct wire_encoder *e, const struct child_counts *counts)
{
	field_put_int(e, 0, "specs", counts->specs);
	field_put_int(e, 0, "active", counts->active);
	field_put_int(e, 0, "supervisors", counts->supervisors);
	field_put_int(e, 0, "workers", counts->workers);
}

/* delay:200ms */
static void row_put_ready(struct wire_encoder *e, const struct spec *spec)
{
	char span[SPAN_TEXT_MAX];
	char text[SPAN_TEXT_MAX + 16];
	const struct exec_probes *probes = spec->exec ? spec->exec->probes : NULL;

	if (probes && probes->ready.text) {
		field_put_text(e, 0, "ready", probes->ready.text);
		return;
	}
	if (spec->ready != READY_DELAY) {
		field_put_text(e, 0, "ready", ready_kind_names[spec->ready]);
		return;
	}
	snprintf(text, sizeof(text), "delay:%s", span_format(spec->ready_delay, span));
	field_put_text(e, 0, "ready", text);
}

/* As it stands in the file, but for quotes: a dollar sign that was quoted is kept as %$. */
static void row_put_command(struct wire_encoder *e, char *const *argv)
{
	char **shown;
	size_t n = 0;

	while (argv[n])
		n++;
	shown = calloc(n + 1, sizeof(*shown));
	for (size_t i = 0; shown && i < n; i++) {
		char *to = shown[i] = strdup(argv[i]);

		for (const char *from = argv[i]; to && *from; from++) {
			from += from[0] == '%' && from[1] == '$';
			*to++ = *from;
		}
		if (to)
			*to = '\0';
	}
	field_put_list(e, 0, "command", shown);
	for (size_t i = 0; shown && i < n; i++)
		free(shown[i]);
	free(shown);
}

static void row_put_supervisor_spec(struct wire_encoder *e, const struct spec *spec)
{
	field_put_text(e, 0, "strategy", strategy_names[spec->strategy]);
	field_put_int(e, 0, "intensity", spec->intensity);
	field_put_span(e, 0, "period", spec->period);
	field_put_text(e, 0, "give_up", give_up_names[spec->give_up]);
	field_put_text(e, 0, "auto_shutdown", auto_shutdown_names[spec->auto_shutdown]);
	field_put_text(e, 0, "start", start_mode_names[spec->start]);
	if (spec->max_children != UINT32_MAX)
		field_put_int(e, 0, "max_children", spec->max_children);
	else
		field_put_text(e, 0, "max_children", "infinity");
}

static const char endless[] = "infinity";

static void row_put_size(struct wire_encoder *e, const char *name, uint64_t size)
{
	if (size > INT64_MAX)
		field_put_text(e, 0, name, endless);
	else
		field_put_int(e, 0, name, (int64_t)size);
}

static void row_put_list(struct wire_encoder *e, const char *name, char *const *texts)
{
	static char *const none[] = {NULL};

	field_put_list(e, 0, name, texts ? texts : none);
}

static void row_put_actor_spec(struct wire_encoder *e, const struct spec *spec)
{
	field_put_bool(e, 0, "trap_exit", spec->trap_exit);
	field_put_text(e, 0, "mailbox", mailbox_kind_names[spec->mailbox]);
	row_put_size(e, "mailbox_limit", spec->mailbox_limit);
	field_put_text(e, 0, "mailbox_overflow", mailbox_overflow_names[spec->mailbox_overflow]);
	row_put_size(e, "outbox_limit", spec->outbox_limit);
	row_put_list(e, "alias", spec->aliases);
	row_put_list(e, "grants", spec->grants);
}

void row_put_spec(struct wire_encoder *e, const struct spec *spec)
{
	field_put_text(e, 0, "id", spec->name);
	field_put_text(e, 0, "type", spec->type == CHILD_SUPERVISOR ? "supervisor" : "worker");
	field_put_text(e, 0, "restart", restart_type_names[spec->restart]);
	row_put_shutdown(e, 0, spec);
	field_put_bool(e, 0, "significant", spec->significant);
	field_put_bool(e, 0, "autostart", spec->autostart);
	field_put_bool(e, 0, "overlap", spec->overlap);
	field_put_span(e, 0, "restart_delay", spec->restart_delay);
	field_put_span(e, 0, "restart_delay_max", spec->restart_delay_max);
	field_put_span(e, 0, "restart_reset", spec->restart_reset);
	row_put_list(e, "link", spec->links);
	row_put_list(e, "after", spec->after);
	row_put_list(e, "requires", spec->requires);
	row_put_list(e, "provides", spec->provides);
	if (spec->type == CHILD_SUPERVISOR) {
		row_put_supervisor_spec(e, spec);
		row_put_on_event(e, spec->on_event);
		return;
	}
	row_put_ready(e, spec);
	field_put_span(e, 0, "start_timeout", spec->start_timeout);
	row_put_actor_spec(e, spec);
	if (!spec->exec)
		return;
	row_put_command(e, spec->exec->argv);
	field_put_text(e, 0, "user", spec->exec->user);
	field_put_text(e, 0, "group", spec->exec->group);
	field_put_text(e, 0, "working_directory", spec->exec->working_directory);
	field_put_text(e, 0, "source", spec->exec->source);
	row_put_output(e, spec->exec);
	row_put_on_event(e, spec->on_event);
	if (spec->exec->setup)
		row_put_setup(e, spec->exec->setup);
}

/* ---- in words ---- */

/* What a step of a start was about. */
static const char *row_step_object(enum start_step step, const struct exec *exec)
{
	if (!exec)
		return NULL;
	switch (step) {
	case STEP_USER:
		return exec->user;
	case STEP_GROUPS:
		return exec->group;
	case STEP_CHDIR:
		return exec->working_directory;
	case STEP_STDOUT:
		return exec->standard_output.path;
	case STEP_STDERR:
		return exec->standard_error.path ? exec->standard_error.path
						 : exec->standard_output.path;
	case STEP_EXEC:
		return exec->argv ? exec->argv[0] : NULL;
	case STEP_NONE:
	case STEP_SPAWN:
	case STEP_PREPARE:
	case STEP_STDIN:
	case STEP_SESSION:
	case STEP_LIMIT:
	case STEP_MAILBOX:
	case STEP_NICE:
	case STEP_IO_CLASS:
	case STEP_CPU_AFFINITY:
	case STEP_OOM_SCORE_ADJ:
	case STEP_CGROUP:
	case STEP_DIRECTORIES:
	case STEP_LISTEN:
	case STEP_READY:
	case STEP_CHROOT:
	case STEP_CAPABILITIES:
	case STEP_AMBIENT_CAPABILITIES:
	case STEP_NO_NEW_PRIVILEGES:
	case STEP_TTY:
	case STEP_N:
		break;
	}
	return NULL;
}

/* The step in the words of the configuration: what is prepared out of a file is the environment. */
static const char *row_step_name(enum start_step step, const char *object)
{
	if (step == STEP_NONE)
		return "start";
	return step == STEP_PREPARE && object ? "environment_file" : start_step_name(step);
}

/* The errno in words; that of a name which nobody has says so. */
static const char *row_step_error(enum start_step step, int error)
{
	if (error == ENOENT && step == STEP_USER)
		return "there is no such user";
	if (error == ENOENT && step == STEP_GROUPS)
		return "there is no such group";
	if (step == STEP_CGROUP)
		return resources_error_text(-error);
	return strerror(error);
}

void row_explain_intensity(struct buf *out, const struct spec *supervisor)
{
	char period[SPAN_TEXT_MAX];

	buf_printf(out, "more than %u restart%s within %s", supervisor->intensity,
		   supervisor->intensity == 1 ? "" : "s", span_format(supervisor->period, period));
}

void row_explain(struct buf *out, const struct reason *reason, const struct spec *spec)
{
	enum start_step step = (enum start_step)reason->step;
	char text[REASON_FORMAT_MAX];
	const char *object = reason_object(reason);

	if (reason->kind != REASON_EXEC) {
		buf_puts(out, reason_format(reason, text));
		if (reason->kind == REASON_TIMEOUT_START && spec)
			buf_printf(out, " (it was not ready within %s)",
				   span_format(spec->start_timeout, text));
		if (object)
			buf_printf(out, ": %s", object);
		return;
	}
	if (!object)
		object = row_step_object(step, spec ? spec->exec : NULL);
	buf_puts(out, row_step_name(step, object));
	if (object)
		buf_printf(out, " %s", object);
	buf_printf(out, ": %s", row_step_error(step, reason->code));
}
