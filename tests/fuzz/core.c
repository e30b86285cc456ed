/* SPDX-License-Identifier: MIT */

/*
 * Frames from actors, a helper and a guest, whatever is in them, through the whole core: it checks
 * itself after each, and what it gives out are frames that follow the rules. The first byte of a
 * frame's sender says who sends it, and now and then somebody ends.
 */

#include <string.h>

#include "core/core.h"
#include "tests/fuzz/fuzz.h"
#include "wire/number.h"
#include "wire/rule.h"

#define SERVICES 4
#define SOURCES (SERVICES + 2)

struct fuzz_world {
	struct core *core;
	struct mono now;
};

static void look_at_frames(const struct effect *effect)
{
	struct wire_frame frame;
	size_t cursor = 0;
	int r;

	while ((r = wire_decode(effect->out.data, effect->out.size, &cursor, &frame)) > 0)
		FUZZ_ASSERT(!wire_broken_rule(&frame, WIRE_TO_ACTOR));
	FUZZ_ASSERT(r == 0);
}

static void step(struct fuzz_world *w, const struct event *event)
{
	struct effect effect;
	const char *broken;

	w->now.ns += 1000;
	core_step(w->core, event, w->now);
	while (core_next_effect(w->core, &effect)) {
		if (effect.kind == FX_FRAMES)
			look_at_frames(&effect);
		effect_fini(&effect);
	}
	broken = core_check(w->core);
	if (broken)
		fprintf(stderr, "broken: %s\n", broken);
	FUZZ_ASSERT(!broken);
}

static struct spec *tree(void)
{
	static const char *const names[SERVICES] = {"a", "b", "c", "d"};
	struct spec *root = spec_new(CHILD_SUPERVISOR, "/");

	for (size_t i = 0; i < SERVICES; i++) {
		struct spec *s = spec_new(CHILD_SERVICE, names[i]);

		s->restart = RESTART_TEMPORARY;
		s->mailbox_overflow = (enum mailbox_overflow)(i % OVERFLOW_N);
		s->mailbox_limit = 200 * (i + 1);
		s->mailbox = i == 2 ? MAILBOX_DURABLE : MAILBOX_VOLATILE;
		s->trap_exit = i == 3;
		spec_add_child(root, s);
	}
	return root;
}

static void join(struct fuzz_world *w, uint64_t source, enum role role, actor_pid pid)
{
	step(w, &(struct event){.kind = EVENT_JOIN,
				.source = source,
				.role = role,
				.pid = pid,
				.admin = true});
}

static void begin(struct fuzz_world *w)
{
	struct spec *root = tree();

	FUZZ_ASSERT(core_new(&w->core) == 0);
	step(w, &(struct event){.kind = EVENT_BOOT, .spec = root, .budget = SPAN_S(90)});
	spec_unref(root);
	for (uint32_t slot = 1; slot <= SERVICES; slot++) {
		struct child_view v;

		FUZZ_ASSERT(core_view(w->core, slot, &v));
		step(w, &(struct event){.kind = EVENT_STARTED, .pid = v.pid, .uid = slot % 2});
		join(w, slot, ROLE_MAIN, v.pid);
		if (slot == 1)
			join(w, SERVICES + 1, ROLE_HELPER, v.pid);
	}
	join(w, SERVICES + 2, ROLE_GUEST, ACTOR_PID_NONE);
}

static void end_one(struct fuzz_world *w, uint32_t slot)
{
	struct child_view v;

	if (!core_view(w->core, slot, &v))
		return;
	step(w, &(struct event){.kind = EVENT_EXITED, .pid = v.pid, .code = 1});
	step(w, &(struct event){.kind = EVENT_GONE, .pid = v.pid});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_world w = {.now = {1}};
	size_t at = 0;

	begin(&w);
	while (size - at >= WIRE_HEADER_SIZE) {
		uint64_t length = number_load(data + at, 4);
		uint8_t who = data[at + 8];

		if (length > size - at || length < WIRE_HEADER_SIZE)
			length = size - at;
		step(&w, &(struct event){.kind = EVENT_FRAMES,
					 .source = (uint64_t)(data[at + 24] % SOURCES) + 1,
					 .data = data + at,
					 .size = length});
		if (who & 1)
			end_one(&w, 1u + (who >> 1) % SERVICES);
		else if (who & 2)
			step(&w, &(struct event){.kind = EVENT_LEAVE,
						 .source = (uint64_t)(who >> 2) % SOURCES + 1});
		step(&w, &(struct event){.kind = EVENT_TICK});
		at += length;
	}
	core_free(w.core);
	return 0;
}
