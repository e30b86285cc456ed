/* SPDX-License-Identifier: MIT */

#include "supd/watchdog.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "supd/log.h"
#include "supd/notify.h"
#include "supd/process_actor.h"
#include "supd/said.h"

/* The loop was this late: it was away. */
#define LATE SPAN_MS(100)

struct watchdog {
	struct loop_timer timer;
	struct daemon *daemon;   /* borrowed */
	struct process *process; /* borrowed */
	struct span span;
	struct mono fed; /* its last word */
	struct mono due; /* the timer's */
	uint8_t unix_signal;
	bool runs;
	bool bites; /* its silence is why it is being ended */
};

/* ---- silence ---- */

static bool is_running(const struct daemon *d, const struct process *p)
{
	struct child_view v;

	return core_view(d->core, p->slot, &v) && v.pid.n == p->pid.n && v.state == CHILD_RUNNING;
}

static void arm(struct watchdog *w, struct mono due)
{
	w->due = due;
	loop_timer_start(w->daemon->loop, &w->timer, due);
}

/* For what was found. w may be gone when this returns. */
static void bite(struct watchdog *w, const char *found)
{
	struct event event = {
		.kind = EVENT_FAULT,
		.pid = w->process->pid,
		.reason = reason_found(REASON_WATCHDOG, found),
	};

	watchdog_stop(w->daemon, w);
	w->bites = true;
	daemon_step(w->daemon, &event);
	reason_fini(&event.reason);
}

static void bite_for_silence(struct watchdog *w)
{
	char found[64], span[SPAN_TEXT_MAX];

	snprintf(found, sizeof(found), "silent for longer than %s", span_format(w->span, span));
	bite(w, found);
}

/* Reads all that may be on its way to us. False: the process is not the same any more. */
static bool listen_once_more(struct daemon *d, uint32_t slot, actor_pid pid)
{
	struct process *p;

	notify_drain(d);
	p = process_find(d, slot);
	if (p && p->pid.n == pid.n)
		process_actor_drain(p);
	p = process_find(d, slot);
	return p && p->pid.n == pid.n;
}

static void on_timer(void *owner)
{
	struct watchdog *w = owner;
	struct daemon *d = w->daemon;
	struct process *p = w->process;
	struct span late = mono_between(w->due, loop_now());
	struct mono end;

	w->runs &= is_running(d, p);
	if (!w->runs)
		return;
	if (mono_add(w->fed, w->span).ns <= loop_now().ns) {
		if (!listen_once_more(d, p->slot, p->pid) || !p->said || !p->said->watchdog)
			return;
		w = p->said->watchdog;
		if (!w->runs)
			return;
	}
	end = mono_add(w->fed, w->span);
	if (end.ns > loop_now().ns)
		arm(w, end);
	else if (late.ns > LATE.ns)
		arm(w, mono_add(loop_now(), (struct span){MIN_OF(late.ns, w->span.ns)}));
	else
		bite_for_silence(w);
}

/* ---- life ---- */

static struct watchdog *watchdog_of(struct daemon *d, struct process *p)
{
	struct said *said = said_of(d, p);
	struct watchdog *w;

	if (!said || said->watchdog)
		return said ? said->watchdog : NULL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->timer.call = on_timer;
	w->timer.owner = w;
	w->daemon = d;
	w->process = p;
	w->span = SPAN_INFINITY;
	w->unix_signal = SIGABRT;
	said->watchdog = w;
	return w;
}

void watchdog_begin(struct daemon *d, struct process *p, const struct exec_notify *keys)
{
	struct watchdog *w;

	if (span_is_infinite(keys->watchdog))
		return;
	w = watchdog_of(d, p);
	if (!w) {
		log_line(LOG_AT_ERROR, "out of memory: OS pid %d runs without its watchdog",
			 (int)p->os_pid);
		return;
	}
	w->span = keys->watchdog;
	w->unix_signal = (uint8_t)keys->watchdog_signal;
}

void watchdog_start(struct daemon *d, struct watchdog *w)
{
	if (!w || w->runs)
		return;
	(void)d;
	w->runs = true;
	w->fed = loop_now();
	arm(w, mono_add(w->fed, w->span));
}

void watchdog_feed(struct watchdog *w)
{
	if (w)
		w->fed = loop_now();
}

int watchdog_set(struct daemon *d, struct process *p, struct span span)
{
	struct watchdog *w = watchdog_of(d, p);

	if (!w)
		return -ENOMEM;
	w->span = span;
	w->fed = loop_now();
	if (w->runs)
		arm(w, mono_add(w->fed, span));
	else if (is_running(d, p))
		watchdog_start(d, w);
	return 0;
}

void watchdog_trigger(struct daemon *d, struct process *p)
{
	struct watchdog *w = is_running(d, p) ? watchdog_of(d, p) : NULL;

	if (w)
		bite(w, "it said WATCHDOG=trigger");
}

void watchdog_stop(struct daemon *d, struct watchdog *w)
{
	if (!w)
		return;
	loop_timer_stop(d->loop, &w->timer);
	w->runs = false;
}

void watchdog_free(struct daemon *d, struct watchdog *w)
{
	watchdog_stop(d, w);
	free(w);
}

struct span watchdog_span(const struct watchdog *w)
{
	return w ? w->span : SPAN_INFINITY;
}

int watchdog_signal(const struct process *p)
{
	const struct watchdog *w = p->said ? p->said->watchdog : NULL;

	return w && w->bites ? w->unix_signal : 0;
}
