/* SPDX-License-Identifier: MIT */

#include "supd/inquiry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "supd/command.h"

/* Of a command whose time is up, from SIGTERM to SIGKILL. */
#define COMMAND_GRACE SPAN_S(1)

static void on_probe(void *owner, enum probe_outcome outcome, const char *detail)
{
	struct inquiry *q = owner;

	q->done(q->owner, outcome, detail);
}

/* ---- a command ---- */

static void on_command(void *owner, const struct command_end *end)
{
	struct inquiry *q = owner;
	char text[SPAN_TEXT_MAX + 32];
	char detail[PROBE_DETAIL_MAX];

	q->command = NULL;
	if (end->timed_out)
		snprintf(detail, sizeof(detail), "no end within %s", span_format(q->timeout, text));
	else
		snprintf(detail, sizeof(detail), "it ended with %s", command_end_text(end, text));
	if (end->timed_out || end->by_signal || end->code != 0)
		q->done(q->owner, PROBE_FAILED, detail);
	else
		q->done(q->owner, PROBE_WELL, "");
}

static void start_command(struct inquiry *q)
{
	const struct command_what what = {
		.slot = q->slot,
		.argv = q->what->argv,
		.timeout = q->timeout,
		.grace = COMMAND_GRACE,
		.call = on_command,
		.owner = q,
	};
	char detail[PROBE_DETAIL_MAX];
	enum start_step step;
	int r = command_start(q->daemon, &what, &q->command, &step);

	if (r == 0)
		return;
	snprintf(detail, sizeof(detail), "%s %.60s: %s", start_step_name(step),
		 command_object(q->daemon), strerror(-r));
	q->done(q->owner, spawn_is_shortage(-r) ? PROBE_SHORT : PROBE_FAILED, detail);
}

/* ---- a call ---- */

static void end_call(struct inquiry *q, enum probe_outcome outcome, const char *detail)
{
	q->waits = false;
	loop_timer_stop(q->daemon->loop, &q->timer);
	q->done(q->owner, outcome, detail);
}

static void on_called(void *owner, bool answered)
{
	struct inquiry *q = owner;

	if (!q->waits)
		return;
	if (answered)
		end_call(q, PROBE_WELL, "");
	else
		end_call(q, PROBE_FAILED, "it takes no calls");
}

static void on_timeout(void *owner)
{
	struct inquiry *q = owner;
	char span[SPAN_TEXT_MAX];
	char detail[PROBE_DETAIL_MAX];

	snprintf(detail, sizeof(detail), "no answer within %s", span_format(q->timeout, span));
	end_call(q, PROBE_FAILED, detail);
}

/* What was not answered in its time is not asked again: the answer to it will do, and there is one
 * such call in the mailbox of who reads nothing. */
static void start_call(struct inquiry *q)
{
	int r = 0;

	q->waits = true;
	loop_timer_start(q->daemon->loop, &q->timer, mono_add(loop_now(), q->timeout));
	if (list_is_empty(&q->call.link))
		r = caller_call(q->daemon, &q->call, q->whom, q->what->what);
	if (r < 0)
		end_call(q, PROBE_SHORT, strerror(-r));
}

static void init_call(struct inquiry *q, actor_pid whom)
{
	outgoing_call_init(&q->call);
	q->waits = false;
	q->whom = whom;
	q->call.done = on_called;
	q->timer.call = on_timeout;
	q->call.owner = q->timer.owner = q;
}

/* ---- all of them ---- */

static int find_whom(const struct exec_probe *what, const char *service, struct endpoint *ret)
{
	const char *advice;

	switch (what->kind) {
	case PROBE_TCP:
		return endpoint_find(what->host, ENDPOINT_ADDRESS, service, ret, &advice);
	case PROBE_HTTP:
		return endpoint_find(what->host, ENDPOINT_HTTP, service, ret, &advice);
	case PROBE_UNIX:
		return endpoint_find(what->what, ENDPOINT_PATH, service, ret, &advice);
	case PROBE_NONE:
	case PROBE_COMMAND:
	case PROBE_MAILBOX:
	case PROBE_FD:
	case PROBE_LOG:
	case PROBE_N_KINDS:
		break;
	}
	return 0;
}

int inquiry_init(struct inquiry *q, struct daemon *d, const struct exec_probe *what,
		 const struct child_view *service)
{
	struct endpoint whom = {.name = NULL};
	int r = find_whom(what, service->path, &whom);

	if (r == 0 && what->kind == PROBE_UNIX &&
	    strlen(whom.name) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		endpoint_fini(&whom);
		r = -ENAMETOOLONG;
	}
	if (r < 0)
		return r;
	*q = (struct inquiry){.daemon = d, .what = what, .asked = whom, .slot = service->slot};
	init_call(q, service->pid);
	q->probe.loop = d->loop;
	q->probe.pool = &d->processes->probes;
	q->probe.done = on_probe;
	q->probe.owner = q;
	return 0;
}

void inquiry_fini(struct inquiry *q)
{
	inquiry_stop(q);
	endpoint_fini(&q->asked);
}

void inquiry_start(struct inquiry *q, struct span timeout)
{
	q->timeout = timeout;
	if (q->what->kind == PROBE_COMMAND)
		start_command(q);
	else if (q->what->kind == PROBE_MAILBOX)
		start_call(q);
	else
		probe_start(&q->probe, q->what, &q->asked, timeout);
}

void inquiry_stop(struct inquiry *q)
{
	command_cancel(TAKE(q->command));
	caller_forget(&q->call);
	q->waits = false;
	loop_timer_stop(q->daemon->loop, &q->timer);
	probe_stop(&q->probe);
}

const char *inquiry_waits_for(const struct inquiry *q)
{
	return q->command ? "it has not ended yet" : probe_waits_for(&q->probe);
}
