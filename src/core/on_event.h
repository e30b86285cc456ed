/* SPDX-License-Identifier: MIT */
#ifndef CORE_ON_EVENT_H
#define CORE_ON_EVENT_H

/*
 * Commands that are run at events of a service, or of a supervisor and all below it. Carried by the
 * core for the daemon, never looked at by it. Shared by the instances of a template, whose runs
 * count together.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/exec_hooks.h"

struct on_event {
	uint32_t refs;
	uint32_t max;          /* runs at a time */
	struct exec_hook hook; /* the commands, one after the other, for each event */
	char **filter;         /* kinds and patterns of kinds, with ! before what is not wanted */
	uint64_t rate;         /* runs that are begun in rate_span; 0: no limit */
	struct span rate_span;
};

#define ON_EVENT_MAX 1
#define ON_EVENT_RATE 10
#define ON_EVENT_RATE_SPAN SPAN_S(60)

/* Without commands, all else at its defaults. NULL: no memory. */
struct on_event *on_event_new(void);
struct on_event *on_event_ref(struct on_event *on_event); /* takes NULL */
void on_event_unref(struct on_event *on_event);           /* takes NULL */
/*
 * Whether it is to be told of an event of that kind: where the filter names any that are wanted it
 * must be one of these, and it is none of those that are not.
 */
bool on_event_wants(const struct on_event *on_event, const char *kind);

#endif
