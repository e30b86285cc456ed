/* SPDX-License-Identifier: MIT */
#ifndef SUPD_PRETEND_H
#define SUPD_PRETEND_H

/*
 * What would happen: a core is stepped on, with processes that are pretended and a clock that jumps
 * from one thing that is due to the next. Nothing of the world is touched; the core is changed, so
 * that it is to be one that nobody needs any more (what_if.h: in a process of its own).
 *
 * Pretended processes are well-behaved: a start succeeds and gets ready at once (after its delay,
 * where it is ready by that), a oneshot ends well, an end that is asked for comes at once, and by
 * itself none ends. Times that pass are those of the configuration: delays of restarts, kill times.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "core/core.h"

enum pretend_act {
	PRETEND_KILL, /* its main process ends: code, by_signal */
	PRETEND_STOP, /* an operator's requests */
	PRETEND_RESTART,
};

struct pretend_what {
	enum pretend_act act;
	const char *const *targets; /* borrowed; paths or pids */
	size_t n_targets;
	int32_t code;
	bool by_signal;
};

enum pretend_end {
	PRETEND_RESTS,    /* nothing more would happen */
	PRETEND_HALTED,   /* the whole tree has ended */
	PRETEND_TOO_MANY, /* events */
	PRETEND_TOO_LATE, /* time that passes in it */
	PRETEND_TOO_LONG, /* time that it took */
	PRETEND_NO_MEMORY,
};

/* Of a change that comes of what is pretended: those that would have come anyway are left out. */
struct pretend_notice {
	uint32_t slot;
	const struct link *link;
	struct span after;
	uint64_t seq;   /* from 1 on */
	uint64_t cause; /* likewise; 0: something older, or its origin */
	/* of that cause, where there is one */
	enum link_kind cause_kind;
	const char *cause_name; /* borrowed; NULL: not known */
};

struct pretend_hears {
	void (*notice)(void *owner, const struct pretend_notice *notice);
	/* An answer to the request for that target, which may come late, or never. */
	void (*answer)(void *owner, size_t target, const struct reply *reply);
	/* Of each child that something has changed of: how it was, and is. */
	void (*result)(void *owner, uint32_t slot, enum child_state before, uint64_t starts_before);
	void *owner;
};

/* NULL, or why that can not be done to target (text is static). */
const char *pretend_refuses(const struct core *core, enum pretend_act act, const char *target);
/* From now on, at the latest until `until` of real time. */
enum pretend_end pretend_run(struct core *core, const struct pretend_what *what,
			     const struct pretend_hears *hears, struct mono (*clock)(void),
			     struct span limit);

extern const char *const pretend_end_names[]; /* rests, halted, events, span, time, memory */

#endif
