/* SPDX-License-Identifier: MIT */

/* The reason of an end, out of the wait status and what was wanted of the child (SEMANTICS 47 to
 * 57). */

#include "core/model.h"

/* A death by this Unix signal is a crash even while it was being stopped. */
static bool is_crash_signal(int unix_signal)
{
	/* ILL, TRAP, ABRT, BUS, FPE, SEGV, SYS: their numbers on Linux */
	static const uint64_t crashes =
		1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8 | 1u << 11 | 1u << 31;

	return unix_signal < 64 && crashes >> unix_signal & 1;
}

struct reason child_classify(const struct child *c, const struct event *event)
{
	if (!event->by_signal && (c->state != CHILD_STOPPING || c->polite))
		return spec_classify_exit(c->spec, event->code);
	if (c->state != CHILD_STOPPING || is_crash_signal(event->code) || event->code == 9)
		return event->by_signal ? spec_classify_signal(c->spec, event->code)
					: REASON(REASON_SHUTDOWN);
	return REASON(REASON_SHUTDOWN);
}
