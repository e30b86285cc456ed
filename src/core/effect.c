/* SPDX-License-Identifier: MIT */

/*
 * The queue of effects. Room is promised when a child or a request is admitted, so that adding an
 * effect never allocates: what may come of one event, or of one item of a supervisor's queue, is
 * bounded by the number of children and requests. Twice that is promised: a step in which half of
 * it is used deals with no further item (supervisor.c), and the next one goes on.
 */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/model.h"

/* Only what is in use moves: the rest of that room has never been touched, and costs nothing. */
static struct effect *effect_grow(struct core *core, size_t capacity)
{
	struct effect *grown = malloc(capacity * sizeof(*grown));

	if (grown && core->effects_tail > core->effects_head)
		memcpy(grown + core->effects_head, core->effects + core->effects_head,
		       (core->effects_tail - core->effects_head) * sizeof(*grown));
	return grown;
}

int effect_reserve(struct core *core, size_t more)
{
	size_t want = core->effects_promised + more;
	size_t capacity = core->effects_capacity ? core->effects_capacity : 64;
	struct effect *grown;

	while (capacity < want)
		capacity *= 2;
	if (capacity != core->effects_capacity) {
		grown = effect_grow(core, capacity);
		if (!grown)
			return -ENOMEM;
		free(core->effects);
		core->effects = grown;
		core->effects_capacity = capacity;
	}
	core->effects_promised = want;
	return 0;
}

bool effect_is_crowded(const struct core *core)
{
	return (core->effects_tail - core->effects_head) * 2 + TOLD_EFFECTS >
	       core->effects_promised;
}

void effect_release(struct core *core, size_t less)
{
	core->effects_released += less;
}

struct effect *effect_add(struct core *core, enum effect_kind kind, const struct child *c)
{
	struct effect *e;

	if (core->effects_head && core->effects_tail == core->effects_capacity) {
		core->effects_tail -= core->effects_head;
		memmove(core->effects, core->effects + core->effects_head,
			core->effects_tail * sizeof(*e));
		core->effects_head = 0;
	}
	assert(core->effects_tail < core->effects_capacity);
	e = &core->effects[core->effects_tail++];
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->slot = c ? c->slot : SLOT_NONE;
	e->pid = c ? c->actor.pid : ACTOR_PID_NONE;
	return e;
}

void effect_reply(struct core *core, const struct reply *reply)
{
	struct effect *e = effect_add(core, FX_REPLY, NULL);

	e->reply = *reply;
	e->slot = reply->slot;
}

bool core_next_effect(struct core *core, struct effect *ret_effect)
{
	if (core->effects_head == core->effects_tail) {
		core->effects_head = core->effects_tail = 0;
		return false;
	}
	*ret_effect = core->effects[core->effects_head++];
	return true;
}

void effect_fini(struct effect *effect)
{
	switch (effect->kind) {
	case FX_NOTICE:
		reason_fini(&effect->link.reason);
		break;
	case FX_REPLY:
		reason_fini(&effect->reply.reason);
		free(effect->reply.rows);
		spec_unref(effect->reply.spec);
		effect->reply.rows = NULL;
		effect->reply.spec = NULL;
		break;
	case FX_HALT:
		reason_fini(&effect->end.reason);
		break;
	case FX_START:
	case FX_STOP:
	case FX_KILL:
	case FX_FORGET:
	case FX_JOINED:
	case FX_FRAMES:
	case FX_DROP:
	case FX_N_KINDS:
		break;
	}
}
