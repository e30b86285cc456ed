/* SPDX-License-Identifier: MIT */

/*
 * Calls that wait. The call is its own monitor: what comes back with its ref is the reply or the
 * DOWN of a server that will not reply. Both come DIRECT, past the mailbox and its credit, so that
 * a full mailbox does not keep its owner from being answered.
 */

#include <errno.h>
#include <string.h>

#include "lib/connection.h"

static int call_outcome(struct sup *sup, struct waiter *waiter, struct sup_message **ret_reply)
{
	struct sup_message *answer = &waiter->letter->message;

	if (answer->kind == SUP_REPLY) {
		waiter->letter = NULL;
		*ret_reply = answer;
		return 0;
	}
	buf_clear(&sup->error);
	buf_clear(&sup->reason);
	buf_append(&sup->reason, answer->payload, answer->size);
	return strcmp(answer->payload, "noproc") == 0 ? -ESRCH : -ECONNRESET;
}

static int call_send(struct sup *sup, struct sending *what, int64_t timeout_ms,
		     struct sup_message **ret_reply)
{
	struct mono deadline = deadline_in(timeout_ms);
	struct wire_frame cancel;
	struct waiter waiter;
	int r;

	what->frame.op = WIRE_CALL;
	what->frame.flags = WIRE_DIRECT;
	what->frame.ref = ref_new(sup);
	waiter_add(sup, &waiter, what->frame.ref);
	r = send_frame(sup, what);
	if (r == 0)
		r = wait_for(sup, &waiter, deadline);
	if (r == -ETIMEDOUT) {
		cancel = wire_frame(WIRE_CANCEL, "", what->frame.ref);
		cancel.flags = WIRE_FLUSH;
		if (output_put(sup, &cancel) == 0)
			output_commit(sup);
	}
	fail_without_words(sup, r);
	if (r == 0)
		r = call_outcome(sup, &waiter, ret_reply);
	waiter_remove(&waiter);
	return r;
}

int sup_call(struct sup *sup, sup_pid to, const char *tag, struct sup_bytes payload,
	     int64_t timeout_ms, struct sup_message **ret_reply)
{
	struct sending what = {.frame = {.to = to.n}, .tag = tag, .payload = payload};

	if (to.n && to.n == sup->pid.n)
		return fail_without_words(sup, -EDEADLK);
	return call_send(sup, &what, timeout_ms, ret_reply);
}

int sup_call_name(struct sup *sup, const char *name, const char *tag, struct sup_bytes payload,
		  int64_t timeout_ms, struct sup_message **ret_reply)
{
	struct sending what = {.name = name, .tag = tag, .payload = payload};

	return call_send(sup, &what, timeout_ms, ret_reply);
}
