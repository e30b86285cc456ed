/* SPDX-License-Identifier: MIT */

/*
 * supctl reload: the service's own command, or its Unix signal. The model has no part in it: a
 * reload changes no state. It is answered when that is over (hooks_reload.c).
 */

#include "supd/hooks.h"
#include "supd/request.h"
#include "supd/rows.h"

void request_answer_reload(struct pending *pending, const struct reply *reply)
{
	bool done = reply->answer == ANSWER_OK;
	char reason[REASON_FORMAT_MAX];
	struct buf error CLEANUP(buf_fini) = BUF_INIT;
	struct wire_encoder e;

	reason_format(&reply->reason, reason);
	conn_begin(pending->conn, &e, WIRE_REPLY, pending->ref);
	field_put_int(&e, FIELD_HIDDEN, "status", done ? STATUS_OK : STATUS_FAILED);
	field_put_text(&e, 0, "name", pending->target);
	if (done) {
		field_put_text(&e, 0, "result", "ok");
	} else {
		buf_printf(&error, "%s was not reloaded: %s", pending->target, reason);
		field_put_text(&e, 0, "reason", reason);
		field_put_text(&e, 0, "error", buf_text(&error));
	}
	conn_end(pending->conn, &e);
}

/* Why it cannot be reloaded now, or NULL. */
static const char *reload_obstacle(const struct child_view *v, const struct process *p)
{
	const struct exec_hooks *hooks;

	if (v->spec->type == CHILD_SUPERVISOR)
		return "a supervisor has nothing to reload: name its services";
	if (v->state == CHILD_STARTING)
		return "it is not ready yet: supctl wait tells when it is";
	if (v->state == CHILD_STOPPING || v->state == CHILD_ENDING)
		return "it is about to end";
	if (v->state != CHILD_RUNNING || !p || !p->os_pid)
		return "it does not run: start it";
	hooks = v->spec->exec->hooks;
	if (!hooks || (!hooks->of[HOOK_RELOAD].n && !hooks->reload_signal))
		return "it has neither reload_command nor reload_signal: set one of them";
	return NULL;
}

void request_take_reload(struct conn *conn, const struct request_command *command,
			 const struct wire_frame *frame)
{
	struct daemon *d = conn->control->daemon;
	const char *target = field_text(frame, "target");
	uint32_t slot = core_find(d->core, target);
	struct process *p = slot == SLOT_NONE ? NULL : process_find(d, slot);
	const char *activity = p ? hooks_activity(p) : NULL;
	const char *obstacle;
	struct child_view v;
	uint64_t id;

	if (!core_view(d->core, slot, &v)) {
		request_fail_absent(conn, frame->ref, target);
		return;
	}
	obstacle = reload_obstacle(&v, p);
	if (obstacle)
		request_fail(conn, frame->ref, STATUS_FAILED, "%s: %s", target, obstacle);
	else if (activity)
		request_fail(conn, frame->ref, STATUS_FAILED,
			     "%s: %s is under way: try again when it is over", target, activity);
	else if ((id = request_hold(conn, command, frame)))
		hooks_reload(p, id);
}
