/* SPDX-License-Identifier: MIT */

/* Connections of actors: who may join, and what their end means. */

#include <errno.h>
#include <stdlib.h>

#include "core/mailbox.h"
#include "core/model.h"
#include "core/signal.h"

/* Answers to one event of it, its drop, and its guest's end. */
#define EFFECTS_PER_SOURCE 8

struct source *source_find(const struct core *core, uint64_t id)
{
	return id ? map_get(&core->sources, id) : NULL;
}

static void source_refuse(struct core *core, uint64_t id, const char *text, bool ended)
{
	struct effect *e = effect_add(core, FX_DROP, NULL);

	e->out.source = id;
	e->out.text = text;
	e->out.ended = ended;
}

/* ---- joining ---- */

/* A connection without its actor. NULL: no memory. */
static struct source *source_new(struct core *core, const struct event *event)
{
	struct source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	if (effect_reserve(core, EFFECTS_PER_SOURCE) < 0) {
		free(source);
		return NULL;
	}
	source->core = core;
	source->id = event->source;
	source->role = event->role;
	list_init(&source->link);
	list_init(&source->in_flushes);
	if (map_set(&core->sources, source->id, source) < 0) {
		effect_release(core, EFFECTS_PER_SOURCE);
		free(source);
		return NULL;
	}
	return source;
}

static struct actor *guest_new(struct core *core, const struct event *event)
{
	struct actor *actor = calloc(1, sizeof(*actor));

	if (!actor || map_reserve(&core->pids, core->n_children + core->n_guests + 1) < 0) {
		free(actor);
		return NULL;
	}
	actor_init(actor, core, NULL);
	actor_begin(actor);
	actor->uid = event->uid;
	actor->admin = event->admin;
	list_append(&core->guests, &actor->in_core);
	core->n_guests++;
	return actor;
}

static void source_attach(struct source *source, struct actor *actor)
{
	source->actor = actor;
	list_append(&actor->sources, &source->link);
	outbox_open(source);
	/* Its mailbox may hold something already. */
	mailbox_wake(actor->mailbox);
}

static void source_join_guest(struct core *core, const struct event *event)
{
	struct source *source = source_new(core, event);
	struct actor *actor = source ? guest_new(core, event) : NULL;
	struct effect *e;

	if (!actor) {
		source_free(source);
		source_refuse(core, event->source, "the daemon is short of memory", false);
		return;
	}
	source_attach(source, actor);
	e = effect_add(core, FX_JOINED, NULL);
	e->pid = actor->pid;
	e->out.source = source->id;
}

void source_join(struct core *core, const struct event *event)
{
	struct actor *actor;
	struct source *source;

	if (!event->source || source_find(core, event->source)) {
		source_refuse(core, event->source, "it has joined already", false);
		return;
	}
	if (event->role == ROLE_GUEST) {
		source_join_guest(core, event);
		return;
	}
	actor = actor_find(core, event->pid);
	if (!actor || !actor->child || !actor_is_alive(actor) || actor_is_doomed(actor)) {
		source_refuse(core, event->source, "its actor has ended", true);
		return;
	}
	source = source_new(core, event);
	if (!source) {
		source_refuse(core, event->source, "the daemon is short of memory", false);
		return;
	}
	source_attach(source, actor);
}

/* ---- leaving ---- */

/* These frames leave the core: the daemon has taken hold of their memfds before it is told that the
 * core has let go of them. */
static void source_let_go(struct core *core, const char *data, size_t size)
{
	uint32_t memfd;

	if (!core->n_memfds)
		return;
	for (size_t at = 0; at < size; at += frame_size((const uint8_t *)data + at)) {
		frame_weight((const uint8_t *)data + at, &memfd);
		mailbox_release_memfd(core, memfd);
	}
}

void source_free(struct source *source)
{
	if (!source)
		return;
	if (source->actor) {
		outlet_leave(source);
		signal_leave(source);
	}
	list_unlink(&source->link);
	list_unlink(&source->in_flushes);
	if (source->out.size)
		source_let_go(source->core, source->out.data + source->sent,
			      source->out.size - source->sent);
	buf_fini(&source->out);
	buf_fini(&source->held);
	map_remove(&source->core->sources, source->id);
	effect_release(source->core, EFFECTS_PER_SOURCE);
	free(source);
}

static void source_end_guest(struct actor *actor, enum reason_kind kind, const char *text)
{
	if (actor->verdict.kind == REASON_NONE)
		actor->verdict = REASON((uint8_t)kind);
	actor_end_guest(actor, text, false);
}

void source_leave(struct core *core, const struct event *event)
{
	struct source *source = source_find(core, event->source);
	struct actor *actor;
	enum role role;

	if (!source)
		return;
	actor = source->actor;
	role = source->role;
	source_free(source);
	if (role == ROLE_MAIN)
		actor->closed = true;
	if (role == ROLE_GUEST)
		source_end_guest(actor, event->code == 1 ? REASON_NORMAL : REASON_NOCONNECTION, "");
}

void source_set_full(struct core *core, uint64_t id, bool full)
{
	struct source *source = source_find(core, id);

	if (!source)
		return;
	source->full = full;
	if (!full)
		mailbox_wake(source->actor->mailbox);
}

void source_drop(struct source *source, const char *text, bool ended)
{
	struct actor *actor = source->actor;
	enum role role = source->role;

	source_refuse(source->core, source->id, text, ended);
	source_free(source);
	if (role == ROLE_MAIN)
		actor->closed = true;
}

void source_expel(struct source *source, const char *text)
{
	if (source->role == ROLE_GUEST)
		source_end_guest(source->actor, REASON_NOCONNECTION, text);
	else
		source_drop(source, text, false);
}

/* ---- frames to it ---- */

/* At most so many units for one source in one step; the rest goes in the next. */
#define UNITS_PER_STEP 4
/* In one datagram; the kernel takes 253, and readers have to have room for them. */
#define MEMFDS_PER_UNIT 64

void source_has_output(struct source *source)
{
	if (list_is_empty(&source->in_flushes))
		list_append(&source->core->flushes, &source->in_flushes);
}

int source_append(struct source *source, const struct wire_frame *frame)
{
	struct wire_encoder e;
	int r;

	wire_begin(&e, &source->out, frame);
	wire_put(&e, frame->payload, frame->payload_size);
	r = wire_end(&e);
	source->out.error = 0;
	if (r >= 0)
		source_has_output(source);
	return r;
}

/* Closed in the next step: whoever is in the middle of something here still needs it. */
void source_starve(struct source *source)
{
	source->is_starved = true;
	source_has_output(source);
}

int source_put(struct source *source, const struct wire_frame *frame)
{
	int r = source_append(source, frame);

	if (r < 0)
		source_starve(source);
	return r;
}

struct source *source_of(const struct actor *actor)
{
	LIST_EACH (l, &actor->sources) {
		struct source *source = LIST_ENTRY(l, struct source, link);

		if (source->role != ROLE_HELPER)
			return source;
	}
	return NULL;
}

/* How much of that fits into one datagram, by the memfds in it. */
static size_t source_memfds(const char *data, size_t size)
{
	unsigned n = 0;
	uint32_t memfd;

	for (size_t at = 0; at < size;) {
		const uint8_t *frame = (const uint8_t *)data + at;

		frame_weight(frame, &memfd);
		if (memfd && ++n > MEMFDS_PER_UNIT)
			return at;
		at += frame_size(frame);
	}
	return size;
}

/* A DONE that names a message has it right behind: they are never parted. */
static size_t source_unit(const struct core *core, const char *data, size_t size)
{
	size_t unit = wire_datagram_size(data, size), at = 0, next;

	if (core->n_memfds)
		unit = source_memfds(data, unit);
	if (unit == size)
		return unit;
	for (; at < unit; at = next) {
		const uint8_t *frame = (const uint8_t *)data + at;

		next = at + frame_size(frame);
		if (next == unit && at > 0 && frame_op(frame) == WIRE_DONE && frame_number(frame))
			return at;
	}
	return unit;
}

void source_flush_all(struct core *core)
{
	LIST_EACH (l, &core->flushes) {
		struct source *source = LIST_ENTRY(l, struct source, in_flushes);

		for (int i = 0; i < UNITS_PER_STEP && source->sent < source->out.size; i++) {
			const char *data = source->out.data + source->sent;
			struct effect *e = effect_add(core, FX_FRAMES, NULL);

			e->out.source = source->id;
			e->out.data = data;
			e->out.size = source_unit(core, data, source->out.size - source->sent);
			source_let_go(core, data, e->out.size);
			source->sent += e->out.size;
		}
	}
}

bool source_has_more(const struct core *core)
{
	LIST_EACH (l, &core->flushes) {
		const struct source *source = LIST_ENTRY(l, struct source, in_flushes);

		if (source->sent < source->out.size || source->is_starved)
			return true;
	}
	return false;
}

void source_clear_all(struct core *core)
{
	LIST_EACH (l, &core->flushes) {
		struct source *source = LIST_ENTRY(l, struct source, in_flushes);

		buf_consume(&source->out, source->sent);
		source->sent = 0;
		source->memfds = 0;
		if (!source->out.size)
			list_unlink(&source->in_flushes);
		if (source->is_starved)
			source_expel(source, "the daemon is short of memory");
	}
}
