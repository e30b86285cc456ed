/* SPDX-License-Identifier: MIT */

#include "supd/pretend.h"

#include <signal.h>
#include <stdlib.h>

#include "base/macros.h"
#include "core/exec.h"
#include "core/look.h"

/* Steps of the core; how far the clock runs ahead; steps between two looks at the real one. */
#define STEPS_MAX 2000000
#define AHEAD_MAX SPAN_S(24 * 3600)
#define LOOK_EACH 256
/* Requests are named by it and their target. */
#define REQUESTS (UINT64_C(1) << 62)

const char *const pretend_end_names[] = {
	[PRETEND_RESTS] = "rests",   [PRETEND_HALTED] = "halted", [PRETEND_TOO_MANY] = "events",
	[PRETEND_TOO_LATE] = "span", [PRETEND_TOO_LONG] = "time", [PRETEND_NO_MEMORY] = "memory",
};

/* Something that a process is about to do. */
struct doing {
	struct mono at;
	actor_pid pid;
	int32_t code;
	uint8_t kind; /* enum event_kind */
	bool by_signal;
};

struct body {
	actor_pid pid; /* of the incarnation that this is about */
	bool ended;    /* its end is under way */
	bool listens;  /* it traps, and was told to stop: a message may ask it to */
	bool related;
	bool known; /* before and starts_before are */
	uint8_t before;
	uint64_t starts_before;
};

/* A change that was told: what a later one calls its cause. */
struct told_one {
	uint32_t slot;
	uint8_t kind;
	bool related;
	uint64_t shown; /* its number among those that are shown */
};

struct pretend {
	struct core *core;
	const struct pretend_hears *hears;
	struct mono begin, now;
	struct doing *queue; /* owned; by time, then in order */
	size_t first, n, capacity;
	struct body *bodies; /* owned; by slot */
	uint32_t n_bodies;
	uint32_t *listening; /* owned; slots */
	size_t n_listening, listening_capacity;
	struct told_one *told; /* owned; by seq, from the first on */
	size_t n_told, told_capacity;
	uint64_t first_seq, shown;
	bool halted, failed;
};

/* ---- memory ---- */

static bool grow(struct pretend *p, void *array, size_t n, size_t *capacity, size_t size)
{
	size_t more = *capacity ? *capacity * 2 : 64;
	void **at = array, *grown;

	if (n < *capacity)
		return true;
	grown = reallocarray(*at, more, size);
	if (!grown) {
		p->failed = true;
		return false;
	}
	*at = grown;
	*capacity = more;
	return true;
}

static struct body *body_of(struct pretend *p, uint32_t slot)
{
	uint32_t n = MAX_OF(p->n_bodies, 64u);
	struct body *grown;

	if (slot < p->n_bodies)
		return &p->bodies[slot];
	while (n <= slot)
		n *= 2;
	grown = reallocarray(p->bodies, n, sizeof(*grown));
	if (!grown) {
		p->failed = true;
		return NULL;
	}
	for (uint32_t i = p->n_bodies; i < n; i++)
		grown[i] = (struct body){.pid = ACTOR_PID_NONE};
	p->bodies = grown;
	p->n_bodies = n;
	return &p->bodies[slot];
}

static void pretend_fini(struct pretend *p)
{
	free(p->queue);
	free(p->bodies);
	free(p->listening);
	free(p->told);
}

/* ---- what processes do ---- */

static void do_at(struct pretend *p, struct doing what)
{
	size_t i;

	if (p->first > 1024 && p->first > p->n / 2) {
		for (i = p->first; i < p->n; i++)
			p->queue[i - p->first] = p->queue[i];
		p->n -= p->first;
		p->first = 0;
	}
	if (!grow(p, &p->queue, p->n, &p->capacity, sizeof(*p->queue)))
		return;
	for (i = p->n++; i > p->first && p->queue[i - 1].at.ns > what.at.ns; i--)
		p->queue[i] = p->queue[i - 1];
	p->queue[i] = what;
}

static void do_now(struct pretend *p, enum event_kind kind, actor_pid pid)
{
	do_at(p, (struct doing){.at = p->now, .kind = (uint8_t)kind, .pid = pid});
}

static void body_end(struct pretend *p, struct body *b, int32_t code, bool by_signal)
{
	if (b->ended)
		return;
	b->ended = true;
	do_at(p, (struct doing){.at = p->now,
				.kind = EVENT_EXITED,
				.pid = b->pid,
				.code = code,
				.by_signal = by_signal});
	do_now(p, EVENT_GONE, b->pid);
}

/* Whatever it was about to do, it does not. */
static void body_freeze(struct pretend *p, struct body *b)
{
	size_t kept = p->first;

	for (size_t i = p->first; i < p->n; i++)
		if (p->queue[i].pid.n != b->pid.n)
			p->queue[kept++] = p->queue[i];
	p->n = kept;
	b->ended = false;
}

/* Its start has succeeded: it gets ready by what its specification says. */
static void body_starts(struct pretend *p, struct body *b, const struct spec *spec)
{
	struct doing ready = {.at = p->now, .kind = EVENT_READY, .pid = b->pid};

	do_now(p, EVENT_STARTED, b->pid);
	if (spec->ready == READY_DELAY)
		ready.at = mono_add(p->now, spec->ready_delay);
	if (spec_is_told_ready(spec))
		do_at(p, ready);
	else if (spec->ready == READY_EXIT)
		body_end(p, b, 0, false);
}

static int32_t stop_signal(const struct spec *spec)
{
	return spec->exec && spec->exec->stop_signal ? spec->exec->stop_signal : SIGTERM;
}

static void on_start(struct pretend *p, const struct effect *effect)
{
	struct body *b = body_of(p, effect->slot);
	struct child_view v;

	if (!b || !core_view(p->core, effect->slot, &v))
		return;
	b->pid = effect->pid;
	b->ended = b->listens = false;
	body_starts(p, b, v.spec);
}

static void on_unix_signal(struct pretend *p, const struct effect *effect)
{
	struct body *b = body_of(p, effect->slot);
	struct child_view v;

	if (!b || !core_view(p->core, effect->slot, &v) || b->pid.n != effect->pid.n)
		return;
	body_end(p, b, effect->kind == FX_KILL ? SIGKILL : stop_signal(v.spec), true);
}

/* Who traps is asked by a message, and goes. */
static void end_those_who_listen(struct pretend *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n_listening; i++) {
		struct body *b = &p->bodies[p->listening[i]];
		struct child_view v;
		bool there = core_view(p->core, p->listening[i], &v) && v.pid.n == b->pid.n &&
			     v.state == CHILD_STOPPING && !b->ended;

		if (there && v.told_to_go)
			body_end(p, b, 0, false);
		else if (there)
			p->listening[kept++] = p->listening[i];
	}
	p->n_listening = kept;
}

/* ---- what is told ---- */

static const struct told_one *told_of(const struct pretend *p, uint64_t seq)
{
	return seq >= p->first_seq && seq - p->first_seq < p->n_told ? &p->told[seq - p->first_seq]
								     : NULL;
}

static const char *path_of(const struct pretend *p, uint32_t slot)
{
	struct child_view v;

	return core_view(p->core, slot, &v) ? v.path : NULL;
}

static void show(struct pretend *p, uint32_t slot, const struct link *link)
{
	const struct told_one *because = told_of(p, link->cause.seq);
	const struct link *older = because ? NULL : core_find_link(p->core, link->cause);
	struct pretend_notice notice = {.slot = slot,
					.link = link,
					.after = mono_between(p->begin, link->at),
					.seq = p->shown,
					.cause_kind = LINK_N_KINDS};

	if (because) {
		notice.cause = because->shown;
		notice.cause_kind = (enum link_kind)because->kind;
		notice.cause_name = path_of(p, because->slot);
	} else if (older) {
		notice.cause_kind = older->kind;
		notice.cause_name = path_of(p, link->cause.slot);
	}
	p->hears->notice(p->hears->owner, &notice);
}

static void on_notice(struct pretend *p, uint32_t slot, const struct link *link)
{
	struct body *b = slot == SLOT_NONE ? NULL : body_of(p, slot);
	const struct told_one *because;
	struct told_one one = {.slot = slot, .kind = (uint8_t)link->kind};
	struct child_view v;

	if (!p->n_told)
		p->first_seq = link->seq;
	because = told_of(p, link->cause.seq);
	one.related = (because && because->related) || (b && b->related);
	if (!grow(p, &p->told, p->n_told, &p->told_capacity, sizeof(*p->told)))
		return;
	if (one.related)
		one.shown = ++p->shown;
	p->told[p->n_told++] = one;
	if (b && link_is_kept(link->kind))
		b->related |= one.related;
	if (one.related)
		show(p, slot, link);
	if (!b || link->kind != LINK_STOPPING || !core_view(p->core, slot, &v) || !v.trap ||
	    b->listens || v.spec->type == CHILD_SUPERVISOR)
		return;
	if (grow(p, &p->listening, p->n_listening, &p->listening_capacity, sizeof(*p->listening)))
		p->listening[p->n_listening++] = slot;
	b->listens = true;
}

/* ---- steps ---- */

static void on_effect(struct pretend *p, const struct effect *effect)
{
	switch (effect->kind) {
	case FX_START:
		on_start(p, effect);
		return;
	case FX_STOP:
	case FX_KILL:
		on_unix_signal(p, effect);
		return;
	case FX_NOTICE:
		on_notice(p, effect->slot, &effect->link);
		return;
	case FX_REPLY:
		if (effect->reply.id >= REQUESTS)
			p->hears->answer(p->hears->owner, effect->reply.id - REQUESTS,
					 &effect->reply);
		return;
	case FX_HALT:
		p->halted = true;
		return;
	case FX_FORGET:
	case FX_JOINED:
	case FX_FRAMES:
	case FX_DROP:
	case FX_N_KINDS:
		return;
	}
}

static void step(struct pretend *p, const struct event *event)
{
	struct effect effect;

	if (core_step(p->core, event, p->now) < 0)
		return;
	while (core_next_effect(p->core, &effect)) {
		on_effect(p, &effect);
		effect_fini(&effect);
	}
	end_those_who_listen(p);
}

/* ---- the tree as it is ---- */

static void adopt(struct pretend *p, uint32_t slot)
{
	struct child_view v;
	struct body *b = body_of(p, slot);

	if (!b || !core_view(p->core, slot, &v))
		return;
	b->known = true;
	b->before = (uint8_t)v.state;
	b->starts_before = v.starts;
	b->pid = v.pid;
	if (v.spec->type == CHILD_SUPERVISOR)
		return;
	if (v.state == CHILD_STARTING) {
		body_starts(p, b, v.spec);
	} else if (v.state == CHILD_ENDING) {
		b->ended = true;
		do_now(p, EVENT_GONE, v.pid);
	} else if (v.state == CHILD_STOPPING && v.told_to_go) {
		body_end(p, b, stop_signal(v.spec), true);
	} else if (v.state == CHILD_STOPPING && v.trap &&
		   grow(p, &p->listening, p->n_listening, &p->listening_capacity,
			sizeof(*p->listening))) {
		p->listening[p->n_listening++] = slot;
		b->listens = true;
	}
}

static void adopt_all(struct pretend *p)
{
	for (uint32_t slot = core_next(p->core, SLOT_NONE); slot != SLOT_NONE;
	     slot = core_next(p->core, slot))
		adopt(p, slot);
	for (uint32_t slot = core_next_spawned(p->core, SLOT_NONE); slot != SLOT_NONE;
	     slot = core_next_spawned(p->core, slot))
		adopt(p, slot);
}

/* ---- what is done to it ---- */

const char *pretend_refuses(const struct core *core, enum pretend_act act, const char *target)
{
	struct child_view v;

	if (!core_view(core, core_find(core, target), &v) || v.removed)
		return "no such actor";
	if (act != PRETEND_KILL)
		return NULL;
	if (v.spec->type == CHILD_SUPERVISOR)
		return "it is a supervisor, which has no process: name a service, or stop it";
	return v.state == CHILD_STARTING || v.state == CHILD_RUNNING || v.state == CHILD_STOPPING
		       ? NULL
		       : "no process of it runs";
}

/* The model hears of it, as it does of one that is sent in earnest. */
static void note_signal(struct pretend *p, uint32_t slot, int unix_signal)
{
	struct child_view v;

	if (core_view(p->core, slot, &v))
		step(p,
		     &(struct event){.kind = EVENT_UNIX_SIGNAL, .pid = v.pid, .code = unix_signal});
}

static void act_on(struct pretend *p, const struct pretend_what *what, size_t i)
{
	uint32_t slot = core_find(p->core, what->targets[i]);
	struct body *b = slot == SLOT_NONE ? NULL : body_of(p, slot);
	struct event event = {.kind = EVENT_REQUEST,
			      .request = {.id = REQUESTS + i, .target = what->targets[i]}};

	if (!b)
		return;
	b->related = true;
	if (what->act == PRETEND_KILL) {
		body_freeze(p, b);
		if (what->by_signal)
			note_signal(p, slot, what->code);
		body_end(p, b, what->code, what->by_signal);
		return;
	}
	event.request.kind = what->act == PRETEND_STOP ? REQUEST_STOP : REQUEST_RESTART;
	step(p, &event);
}

/* ---- all of it ---- */

static bool do_next(struct pretend *p)
{
	struct mono due = core_deadline(p->core);
	bool has_doing = p->first < p->n;
	struct doing d;

	if (has_doing && p->queue[p->first].at.ns <= MAX_OF(due.ns, p->now.ns)) {
		d = p->queue[p->first++];
		p->now.ns = MAX_OF(p->now.ns, d.at.ns);
		step(p, &(struct event){.kind = (enum event_kind)d.kind,
					.pid = d.pid,
					.code = d.code,
					.by_signal = d.by_signal});
		return true;
	}
	if (due.ns == MONO_NEVER.ns)
		return false;
	if (mono_between(p->begin, due).ns > AHEAD_MAX.ns)
		return true;
	p->now.ns = MAX_OF(p->now.ns, due.ns);
	step(p, &(struct event){.kind = EVENT_TICK});
	return true;
}

static bool is_too_late(const struct pretend *p)
{
	struct mono due = core_deadline(p->core);

	return p->first == p->n && due.ns != MONO_NEVER.ns &&
	       mono_between(p->begin, due).ns > AHEAD_MAX.ns;
}

static enum pretend_end go_on(struct pretend *p, struct mono (*clock)(void), struct mono end)
{
	for (uint64_t n = 0; !p->halted; n++) {
		if (p->failed)
			return PRETEND_NO_MEMORY;
		if (n >= STEPS_MAX)
			return PRETEND_TOO_MANY;
		if (n % LOOK_EACH == 0 && clock().ns >= end.ns)
			return PRETEND_TOO_LONG;
		if (is_too_late(p))
			return PRETEND_TOO_LATE;
		if (!do_next(p))
			return PRETEND_RESTS;
	}
	return PRETEND_HALTED;
}

/* A supervisor that has counted a restart has changed, too. */
static void relate_parents(struct pretend *p)
{
	struct child_view v;

	for (uint32_t slot = 0; slot < p->n_bodies; slot++)
		if (p->bodies[slot].related && core_view(p->core, slot, &v) &&
		    v.parent < p->n_bodies)
			p->bodies[v.parent].related = true;
}

static void tell_results(struct pretend *p)
{
	relate_parents(p);
	for (uint32_t slot = core_next(p->core, SLOT_NONE); slot != SLOT_NONE;
	     slot = core_next(p->core, slot)) {
		const struct body *b = slot < p->n_bodies ? &p->bodies[slot] : NULL;

		if (b && b->related)
			p->hears->result(p->hears->owner, slot,
					 b->known ? (enum child_state)b->before : CHILD_WAITING,
					 b->starts_before);
	}
}

enum pretend_end pretend_run(struct core *core, const struct pretend_what *what,
			     const struct pretend_hears *hears, struct mono (*clock)(void),
			     struct span limit)
{
	struct mono begin = clock();
	struct pretend p = {.core = core, .hears = hears, .begin = begin, .now = begin};
	enum pretend_end end;

	adopt_all(&p);
	for (size_t i = 0; i < what->n_targets; i++)
		act_on(&p, what, i);
	end = go_on(&p, clock, mono_add(begin, limit));
	tell_results(&p);
	pretend_fini(&p);
	return end;
}
