/* SPDX-License-Identifier: MIT */

/*
 * The bridge between the model and the world: daemon_step() takes an event in, and carries out what
 * comes out. Nothing is decided here.
 *
 * Effects may lead to events at once: a process that was started, a start that failed. Those wait
 * in a ring until the effects are through, and are taken a bounded number at a time, with the loop
 * having its turn in between: a service that fails as fast as it is started keeps nobody from being
 * heard. What comes from outside meanwhile is taken after what waits already.
 *
 * The ring grows ahead of need. Where it can not, processes are not started, and their slots are
 * looked for and reported as a shortage once there is room again.
 */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "supd/caller.h"
#include "supd/daemon.h"
#include "supd/events.h"
#include "supd/on_event.h"
#include "supd/foreground.h"
#include "supd/listen.h"
#include "supd/reports.h"
#include "supd/schedule.h"
#include "supd/log.h"
#include "supd/options.h"
#include "supd/overlap.h"
#include "supd/probing.h"
#include "supd/process.h"
#include "supd/recorder.h"
#include "supd/said.h"
#include "supd/tell.h"

#define RING_MIN 64
/* Kept free for ends of processes: a start is refused before. */
#define RING_SPARE 16
#define EVENTS_PER_TURN 256
/* How far the chain of causes is followed for supd's own exit status. */
#define CULPRIT_STEPS 64

/* An event of a process or a connection, or EVENT_SHUTDOWN. */
struct waiting {
	actor_pid pid;
	struct reason reason; /* owned */
	uint64_t source;
	struct span budget;
	int32_t code;
	uint32_t uid;
	uint8_t kind, role;
	bool by_signal;
};

struct run {
	struct loop_timer timer; /* core_deadline(), or at once where the ring is not empty */
	struct mono due;         /* what the timer is set to */
	struct waiting *ring;    /* owned */
	size_t head, n, capacity;
	bool stepping;
	bool starved; /* a process was not started for want of a place in the ring */
};

/* ---- the ring ---- */

static int run_grow(struct run *run)
{
	struct waiting *ring;

	if (run->n + 2 * (size_t)RING_SPARE < run->capacity)
		return 0;
	ring = reallocarray(NULL, MAX_OF(run->capacity * 2, (size_t)RING_MIN), sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	for (size_t i = 0; i < run->n; i++)
		ring[i] = run->ring[(run->head + i) % run->capacity];
	free(run->ring);
	run->ring = ring;
	run->head = 0;
	run->capacity = MAX_OF(run->capacity * 2, (size_t)RING_MIN);
	return 0;
}

static bool run_is_short(struct run *run)
{
	return run_grow(run) < 0 && run->n + RING_SPARE >= run->capacity;
}

static void run_put(struct run *run, const struct event *event)
{
	struct waiting *w = &run->ring[(run->head + run->n) % run->capacity];

	assert(event->kind != EVENT_BOOT && event->kind != EVENT_REQUEST &&
	       event->kind != EVENT_FORGET && event->kind != EVENT_FRAMES);
	if (run_grow(run) == 0)
		w = &run->ring[(run->head + run->n) % run->capacity];
	if (run->n == run->capacity) {
		log_line(LOG_AT_ERROR, "out of memory: an event of a process was lost");
		return;
	}
	run->n++;
	*w = (struct waiting){
		.pid = event->pid,
		.reason = reason_copy(&event->reason),
		.source = event->source,
		.budget = event->budget,
		.code = event->code,
		.uid = event->uid,
		.kind = (uint8_t)event->kind,
		.role = (uint8_t)event->role,
		.by_signal = event->by_signal,
	};
}

static struct waiting run_take(struct run *run)
{
	struct waiting w = run->ring[run->head];

	run->head = (run->head + 1) % run->capacity;
	run->n--;
	return w;
}

/* ---- effects ---- */

/* Where a supervisor's end ended the tree: the service behind that; SLOT_NONE: not known. */
static uint32_t run_find_culprit(const struct daemon *d, uint32_t slot)
{
	const struct link *link = slot == SLOT_NONE ? NULL : core_chain(d->core, slot, 0);
	struct child_view v;

	for (int i = 0; link && i < CULPRIT_STEPS; i++) {
		if (core_view(d->core, slot, &v) && v.spec->type == CHILD_SERVICE)
			return slot;
		slot = link->cause.slot;
		link = core_find_link(d->core, link->cause);
	}
	return SLOT_NONE;
}

/* As a shell would: of the service that ended the tree, as far as that is known. */
static int run_exit_status(const struct daemon *d, uint32_t slot, const struct reason *reason)
{
	uint32_t culprit = run_find_culprit(d, slot);
	char buf[24];
	const char *text = culprit == SLOT_NONE ? "" : process_exit_text(d, culprit, buf);
	uint64_t number;
	int unix_signal;

	if (text_parse_u64(text, 255, &number) == 0)
		return (int)number;
	if (text_parse_signal(text, &unix_signal) == 0)
		return 128 + unix_signal;
	if (reason->kind == REASON_EXIT)
		return (int)reason->code;
	if (reason->kind == REASON_SIGNAL)
		return 128 + (int)reason->code;
	if (reason->kind == REASON_KILLED)
		return 128 + 9;
	return reason_is_normal_child(reason) ? 0 : 1;
}

static void run_halt(struct daemon *d, const struct effect *effect)
{
	switch (effect->end.halt) {
	case HALT_ORDERLY:
		d->exit_status = 0;
		break;
	case HALT_GAVE_UP:
		d->exit_status = foreground_exit_status(d, SUPD_EXIT_FAILED);
		break;
	case HALT_AUTO_SHUTDOWN:
		d->exit_status = run_exit_status(d, effect->slot, &effect->end.reason);
		break;
	}
	d->halted = true;
	tell_halt(d, effect->end.halt, effect->slot, &effect->end.reason);
	events_on_halt(d, &effect->end.reason);
}

static void run_start(struct daemon *d, const struct effect *effect)
{
	if (run_is_short(d->run))
		d->run->starved = true;
	else
		process_start(d, effect->slot, effect->pid);
}

static void run_notice(struct daemon *d, uint32_t slot, const struct link *link)
{
	if (!link_is_kept(link->kind)) {
		tell_notice(d, slot, link);
		events_on_notice(d, slot, link);
		return;
	}
	said_on_notice(d, slot, link->kind);
	probing_on_notice(d, slot, link);
	overlap_on_notice(d, slot, link);
	tell_notice(d, slot, link);
	listen_on_notice(d, slot, link);
	schedule_on_notice(d, slot);
	on_event_look_at(d, slot);
	events_on_config(d, slot, link);
	events_on_notice(d, slot, link);
	on_event_look_at(d, SLOT_NONE);
	reports_on_notice(d, slot, link);
	process_noticed(d, slot);
}

static void run_effect(struct daemon *d, const struct effect *effect)
{
	switch (effect->kind) {
	case FX_START:
		run_start(d, effect);
		return;
	case FX_STOP:
		process_stop(d, effect->slot);
		return;
	case FX_KILL:
		process_kill(d, effect->slot);
		return;
	case FX_NOTICE:
		run_notice(d, effect->slot, &effect->link);
		return;
	case FX_REPLY:
		control_on_reply(d->control, &effect->reply);
		accept_on_reply(d, &effect->reply);
		return;
	case FX_FORGET:
		reports_on_forget(d, effect->slot);
		process_forget(d, effect->slot);
		listen_on_forget(d, effect->slot);
		schedule_on_forget(d, effect->slot);
		control_on_forget(d->control, effect->slot);
		return;
	case FX_JOINED:
		control_on_joined(d->control, effect->out.source, effect->pid);
		return;
	case FX_FRAMES:
		if (effect->out.source >= CALLER_SOURCES)
			caller_on_frames(d, effect->out.data, effect->out.size);
		else
			control_on_frames(d->control, effect->out.source, effect->out.data,
					  effect->out.size);
		return;
	case FX_DROP:
		if (effect->out.source >= CALLER_SOURCES)
			caller_on_drop(d);
		else
			control_on_drop(d->control, effect->out.source, effect->out.text,
					effect->out.ended);
		return;
	case FX_HALT:
		run_halt(d, effect);
		return;
	case FX_N_KINDS:
		return;
	}
}

/* ---- steps ---- */

/* What is about to be sent has a hold of its own by now. */
static void run_release(struct daemon *d)
{
	size_t n;
	const uint32_t *numbers = core_released(d->core, &n);

	for (size_t i = 0; i < n; i++)
		control_release(d->control, numbers[i]);
}

static int run_step(struct daemon *d, const struct event *event)
{
	struct mono now = loop_now();
	struct effect effect;
	int r;

	recorder_event(d->recorder, event, now);
	r = core_step(d->core, event, now);
	if (r < 0)
		return r;
	while (core_next_effect(d->core, &effect)) {
		recorder_effect(d->recorder, &effect);
		run_effect(d, &effect);
		effect_fini(&effect);
	}
	run_release(d);
	return 0;
}

static void run_drain(struct daemon *d, size_t most)
{
	struct run *run = d->run;

	for (; most && run->n; most--) {
		struct waiting w = run_take(run);
		struct event event = {
			.kind = (enum event_kind)w.kind,
			.pid = w.pid,
			.source = w.source,
			.budget = w.budget,
			.code = w.code,
			.uid = w.uid,
			.role = (enum role)w.role,
			.by_signal = w.by_signal,
			.reason = w.reason,
		};

		run_step(d, &event);
		reason_fini(&w.reason);
	}
}

static void run_tell_one_starved(struct daemon *d, uint32_t slot)
{
	struct event event = {.kind = EVENT_SHORTAGE, .code = ENOMEM};
	struct child_view v;

	if (!core_view(d->core, slot, &v) || v.spec->type != CHILD_SERVICE)
		return;
	event.pid = v.pid;
	if ((v.state == CHILD_STARTING || v.state == CHILD_STOPPING) &&
	    process_os_pid(d, slot) == 0 && !process_is_starting(d, slot))
		run_step(d, &event);
}

/* Starts that were left out: the core believes that they are under way, and nothing is. */
static void run_tell_starved(struct daemon *d)
{
	uint32_t next;

	if (!d->run->starved || d->run->n)
		return;
	d->run->starved = false;
	for (uint32_t slot = core_next(d->core, SLOT_NONE); slot != SLOT_NONE;
	     slot = core_next(d->core, slot))
		run_tell_one_starved(d, slot);
	/* What was spawned is known no longer when it was told. */
	for (uint32_t slot = core_next_spawned(d->core, SLOT_NONE); slot != SLOT_NONE;
	     slot = next) {
		next = core_next_spawned(d->core, slot);
		run_tell_one_starved(d, slot);
	}
}

static void run_set_timer(struct daemon *d)
{
	struct run *run = d->run;
	struct mono due = run->n ? loop_now() : core_deadline(d->core);

	if (due.ns == run->due.ns)
		return;
	run->due = due;
	loop_timer_start(d->loop, &run->timer, due);
}

/* One event from outside, or none, between what waits before and what it leads to. */
static int run_turn(struct daemon *d, const struct event *event)
{
	struct run *run = d->run;
	int r = 0;

	run->stepping = true;
	log_hold();
	events_hold(d);
	run_drain(d, run->n);
	if (event)
		r = run_step(d, event);
	run_drain(d, EVENTS_PER_TURN);
	run_tell_starved(d);
	listen_settle(d);
	run->stepping = false;
	events_release(d);
	log_release();
	run_set_timer(d);
	if (d->halted)
		loop_stop(d->loop);
	return r;
}

static void run_on_timer(void *owner)
{
	static const struct event tick = {.kind = EVENT_TICK};
	struct daemon *d = owner;

	d->run->due = MONO_NEVER;
	run_turn(d, core_deadline(d->core).ns <= loop_now().ns ? &tick : NULL);
}

void daemon_step(struct daemon *d, const struct event *event)
{
	if (d->run->stepping)
		run_put(d->run, event);
	else
		run_turn(d, event);
}

int daemon_boot(struct daemon *d, const struct event *boot)
{
	return run_turn(d, boot);
}

/* ---- life ---- */

int run_open(struct daemon *d)
{
	struct run *run = calloc(1, sizeof(*run));

	if (!run || run_grow(run) < 0) {
		free(run);
		return -ENOMEM;
	}
	run->timer.call = run_on_timer;
	run->timer.owner = d;
	run->due = MONO_NEVER;
	d->run = run;
	return 0;
}

void run_close(struct daemon *d)
{
	if (!d->run)
		return;
	loop_timer_stop(d->loop, &d->run->timer);
	while (d->run->n) {
		struct waiting w = run_take(d->run);

		reason_fini(&w.reason);
	}
	free(d->run->ring);
	free(d->run);
	d->run = NULL;
}
