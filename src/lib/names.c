/* SPDX-License-Identifier: MIT */

/* Who one is, who has which name, and what a service says of itself. */

#include <errno.h>
#include <string.h>

#include "lib/connection.h"
#include "wire/field.h"

int sup_self(struct sup *sup, sup_pid *ret_pid)
{
	struct request q;
	int r = 0;

	if (!sup->pid.n) {
		request_begin(&q, sup, "self");
		r = request_ask(&q, NULL, 0);
		if (r == 0)
			r = request_pid(&q, "pid", &sup->pid);
		request_fini(&q);
	}
	if (r == 0)
		*ret_pid = sup->pid;
	return r;
}

/* Where it was refused for the name, the reply names who has it. */
static int register_error(const struct request *q, int r)
{
	if (r != -EREMOTEIO)
		return r;
	return field_text(&q->waiter.frame, "pid") ? -EEXIST : -EINVAL;
}

int sup_register(struct sup *sup, const char *name, sup_pid pid)
{
	char text[SUP_PID_TEXT_MAX];
	struct request q;
	int r;

	request_begin(&q, sup, "register");
	field_put_text(&q.e, 0, "name", name);
	if (pid.n)
		field_put_text(&q.e, 0, "target", sup_pid_format(pid, text));
	r = register_error(&q, request_ask(&q, NULL, 0));
	request_fini(&q);
	return r;
}

int sup_unregister(struct sup *sup, const char *name)
{
	return request_simple(sup, "unregister", "name", name);
}

int sup_whereis(struct sup *sup, const char *name, sup_pid *ret_pid)
{
	struct request q;
	int r;

	request_begin(&q, sup, "whereis");
	field_put_text(&q.e, 0, "target", name);
	r = request_ask(&q, NULL, 0);
	if (r == 0)
		r = request_pid(&q, "pid", ret_pid);
	request_fini(&q);
	return r;
}

int sup_ready(struct sup *sup)
{
	return request_simple(sup, "ready", NULL, NULL);
}

int sup_ignore(struct sup *sup)
{
	return request_simple(sup, "ignore", NULL, NULL);
}

int sup_watchdog(struct sup *sup)
{
	return request_simple(sup, "watchdog", NULL, NULL);
}
