/* SPDX-License-Identifier: MIT */

/* Requests to the daemon itself, one at a time. Messages that come meanwhile go to the queue. */

#include <errno.h>

#include "base/pid.h"
#include "lib/connection.h"
#include "wire/field.h"

/* The status of a reply, as sup(7) has it. */
static const int errors[] = {
	[0] = 0,      [1] = -EREMOTEIO, [2] = -EOPNOTSUPP, [3] = -ESRCH,
	[4] = -EPERM, [5] = -ETIMEDOUT, [7] = -ECONNRESET,
};

void request_begin(struct request *q, struct sup *sup, const char *command)
{
	struct wire_frame frame = wire_frame(WIRE_REQUEST, command, ref_new(sup));

	q->sup = sup;
	waiter_add(sup, &q->waiter, frame.ref);
	wire_begin(&q->e, &sup->out, &frame);
}

static int request_status(struct request *q)
{
	const struct wire_frame *reply = &q->waiter.frame;
	int64_t status = field_int(reply, "status", -1);
	const char *text = field_text(reply, "error"), *reason = field_text(reply, "reason");

	if (status == 0)
		return 0;
	if (status < 0 || (size_t)status >= ARRAY_LEN(errors) || !errors[status])
		return -EPROTO;
	buf_clear(&q->sup->error);
	buf_clear(&q->sup->reason);
	buf_puts(&q->sup->error, text ? text : "");
	buf_puts(&q->sup->reason, reason ? reason : "");
	return errors[status];
}

int request_ask(struct request *q, const int *fds, size_t n_fds)
{
	struct sup *sup = q->sup;
	size_t from = q->e.start;
	int r = output_end(sup, &q->e);

	if (r == 0 && n_fds)
		r = output_flush_with(sup, from, fds, n_fds, true);
	if (r == 0)
		r = wait_for(sup, &q->waiter, MONO_NEVER);
	if (r == 0)
		r = q->waiter.error;
	if (r == 0)
		r = field_check(&q->waiter.frame);
	return r == 0 ? request_status(q) : fail_without_words(sup, r);
}

void request_fini(struct request *q)
{
	waiter_remove(&q->waiter);
}

int request_simple(struct sup *sup, const char *command, const char *field, const char *value)
{
	struct request q;
	int r;

	request_begin(&q, sup, command);
	if (field)
		field_put_text(&q.e, 0, field, value);
	r = request_ask(&q, NULL, 0);
	request_fini(&q);
	return r;
}

int request_pid(const struct request *q, const char *field, sup_pid *ret_pid)
{
	const char *text = field_text(&q->waiter.frame, field);
	actor_pid pid;

	if (!text || actor_pid_parse(text, &pid) < 0)
		return -EPROTO;
	ret_pid->n = pid.n;
	return 0;
}
