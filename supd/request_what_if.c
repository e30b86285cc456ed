/* SPDX-License-Identifier: MIT */

/* The request for what would happen: what is asked for is read and judged here. */

#include <signal.h>
#include <string.h>

#include "base/text.h"
#include "supd/what_if.h"

#define TARGETS_MAX 256
/* At a time, of all connections. */
#define WHAT_IFS_MAX 2

static const char *const acts[] = {
	[PRETEND_KILL] = "kill", [PRETEND_STOP] = "stop", [PRETEND_RESTART] = "restart", NULL};

/* What is wrong with it is told. */
static bool read_end(struct conn *conn, const struct wire_frame *frame, struct pretend_what *what)
{
	const char *name = field_text(frame, "signal");
	int64_t status = field_int(frame, "exit_status", -1);
	int unix_signal = SIGKILL;

	what->by_signal = status < 0;
	what->code = (int32_t)status;
	if (status > 255 || (name && status >= 0)) {
		request_fail(conn, frame->ref, STATUS_USAGE,
			     "what-if: an exit status is 0 to 255, and a signal is none");
		return false;
	}
	if (name && text_parse_signal(name, &unix_signal) < 0) {
		request_fail(conn, frame->ref, STATUS_USAGE,
			     "\"%s\" is no Unix signal: TERM, HUP, 9, ...", name);
		return false;
	}
	if (what->by_signal)
		what->code = unix_signal;
	return true;
}

static bool read_act(struct conn *conn, const struct wire_frame *frame, struct pretend_what *what)
{
	const char *act = field_text(frame, "act");

	for (size_t i = 0; act && acts[i]; i++) {
		if (strcmp(act, acts[i]) == 0) {
			what->act = (enum pretend_act)i;
			return true;
		}
	}
	request_fail(conn, frame->ref, STATUS_USAGE, "what-if: what? kill, stop or restart");
	return false;
}

static bool read_targets(struct conn *conn, const struct wire_frame *frame,
			 struct pretend_what *what, const char *targets[TARGETS_MAX])
{
	const struct daemon *d = conn->control->daemon;
	const char *target, *refusal;
	struct field list;
	size_t cursor = 0;

	what->targets = targets;
	if (!field_find(frame, "targets", FIELD_LIST, &list))
		list = (struct field){.type = FIELD_LIST};
	while (list.text && (target = field_list_next(&list, &cursor))) {
		if (what->n_targets == TARGETS_MAX) {
			request_fail(conn, frame->ref, STATUS_USAGE, "what-if: %d targets at most",
				     TARGETS_MAX);
			return false;
		}
		refusal = pretend_refuses(d->core, what->act, target);
		if (refusal) {
			request_fail(conn, frame->ref, STATUS_NOPROC, "%s: %s", target, refusal);
			return false;
		}
		targets[what->n_targets++] = target;
	}
	if (!what->n_targets)
		request_fail(conn, frame->ref, STATUS_USAGE,
			     "what-if: which one? The target is missing");
	return what->n_targets;
}

void request_take_what_if(struct conn *conn, const struct request_command *command,
			  const struct wire_frame *frame)
{
	const char *targets[TARGETS_MAX];
	struct pretend_what what = {.targets = targets};
	struct request_command as = {.name = command->name, .kind = REQUEST_RESTART};
	int r;

	if (!read_act(conn, frame, &what) || !read_end(conn, frame, &what) ||
	    !read_targets(conn, frame, &what, targets))
		return;
	if (conn->what_if || conn->control->n_what_ifs >= WHAT_IFS_MAX) {
		request_fail(conn, frame->ref, STATUS_FAILED,
			     "what-if: another one is being found out: try again when it is done");
		return;
	}
	if (what.act == PRETEND_STOP)
		as.kind = REQUEST_STOP;
	r = what_if_start(conn, &as, frame->ref, &what);
	if (r < 0)
		request_fail(conn, frame->ref, STATUS_FAILED,
			     "what-if: no process could be made to find out: %s", strerror(-r));
}
