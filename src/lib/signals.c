/* SPDX-License-Identifier: MIT */

/*
 * Links, monitors and exit signals. What the daemon confirms to have ended can still lie at hand:
 * it is dropped here, after the daemon's answer, behind which nothing of it comes (D19).
 */

#include <errno.h>

#include "lib/connection.h"
#include "wire/field.h"

static int signal_request(struct sup *sup, const char *command, sup_pid target, const char *reason)
{
	char pid[SUP_PID_TEXT_MAX];
	struct request q;
	int r;

	request_begin(&q, sup, command);
	if (target.n)
		field_put_text(&q.e, 0, "target", sup_pid_format(target, pid));
	if (reason)
		field_put_text(&q.e, 0, "reason", reason);
	r = request_ask(&q, NULL, 0);
	request_fini(&q);
	return r;
}

int sup_link(struct sup *sup, sup_pid pid)
{
	return pid.n ? signal_request(sup, "link", pid, NULL) : -EINVAL;
}

int sup_unlink(struct sup *sup, sup_pid pid)
{
	int r = pid.n ? signal_request(sup, "unlink", pid, NULL) : -EINVAL;

	return r < 0 ? r : receive_drop(sup, SUP_EXIT, pid, (sup_ref){0});
}

int sup_exit(struct sup *sup, sup_pid pid, const char *reason)
{
	return pid.n ? signal_request(sup, "exit", pid, reason) : -EINVAL;
}

int sup_exit_self(struct sup *sup, const char *reason)
{
	return signal_request(sup, "exit_self", (sup_pid){0}, reason);
}

int sup_trap_exit(struct sup *sup, bool on)
{
	struct request q;
	int r;

	request_begin(&q, sup, "trap");
	field_put_bool(&q.e, 0, "on", on);
	r = request_ask(&q, NULL, 0);
	if (r == 0)
		r = field_bool(&q.waiter.frame, "was");
	request_fini(&q);
	return r;
}

/* ---- monitors ---- */

static int monitor_send(struct sup *sup, struct sending *what, sup_ref *ret_ref)
{
	int r;

	what->frame.op = WIRE_MONITOR;
	what->frame.ref = ref_new(sup);
	r = send_signal(sup, what);
	if (r == 0)
		ret_ref->n = what->frame.ref;
	return r;
}

int sup_monitor(struct sup *sup, sup_pid pid, sup_ref *ret_ref)
{
	struct sending what = {.frame.to = pid.n};

	return pid.n ? monitor_send(sup, &what, ret_ref) : -EINVAL;
}

int sup_monitor_name(struct sup *sup, const char *name, sup_ref *ret_ref)
{
	struct sending what = {.name = name};

	return monitor_send(sup, &what, ret_ref);
}

int sup_demonitor(struct sup *sup, sup_ref ref, unsigned flags)
{
	struct wire_frame cancel = wire_frame(WIRE_CANCEL, "", ref.n);
	struct waiter waiter;
	int r;

	if (!ref.n || flags & ~SUP_FLUSH)
		return -EINVAL;
	if (flags & SUP_FLUSH)
		cancel.flags = WIRE_FLUSH;
	waiter_add(sup, &waiter, ref.n);
	r = output_put(sup, &cancel);
	if (r == 0)
		r = wait_for(sup, &waiter, MONO_NEVER);
	if (r == 0 && flags & SUP_FLUSH)
		r = receive_drop(sup, SUP_ANY, (sup_pid){0}, ref);
	if (r == 0)
		r = waiter.frame.to ? 1 : 0;
	waiter_remove(&waiter);
	return r;
}
