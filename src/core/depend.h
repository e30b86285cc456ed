/* SPDX-License-Identifier: MIT */
#ifndef CORE_DEPEND_H
#define CORE_DEPEND_H

/*
 * The keys `after`, `requires` and `provides` (SEMANTICS D16): who is started after whom, stopped
 * before whom and stopped with whom, across the whole tree. See depend.c for the rules.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"

struct child;
struct core;
struct supervisor;

/* Whether a child may be started, as far as it depends on others; in this order. */
enum gate {
	GATE_OPEN,
	GATE_WAITS,   /* for one that will come by itself */
	GATE_BLOCKED, /* by one that will not: held, failed, done, removed */
};

/* ---- records ---- */

/* Of its spec. 0, -ENOMEM. */
int depend_reserve(struct child *c);
void depend_release(struct child *c); /* takes a half-built child */

/* ---- what happens ---- */

/* It, or what is known of it, is not as it was: whoever depends on it is looked at in this step. */
void depend_changed(struct child *c);
/* Looks at all that is due, unless the step is crowded: then the next one does. False: it did not.
 */
bool depend_run(struct core *core);

/* ---- start ---- */

/* True: it may not start yet, and is parked; the supervisor's job decides what that means. */
bool depend_defers(struct child *c, struct cause cause);
/* Where it may not, it waits with those of its range that wait for another one already. */
bool depend_can_join(const struct child *c);
/* A start pass of children that are not independent has come to one that was parked. It waits for
 * siblings that start in the same pass; else the range is suspended. */
void depend_reached(struct supervisor *s, struct child *c);
/* A pass that waits for what is parked, and nothing else, keeps no other work of its supervisor
 * waiting: true where it was given up for that. */
bool depend_yield(struct supervisor *s);
/* A start pass was given up: what it had not come to, and may start, has its turn in the queue. */
void depend_start_aborted(struct supervisor *s);
/* A suspended range starts again: not what was down when it was suspended, or for a failed one. */
bool depend_stays_down(const struct supervisor *s, const struct child *c);
/* A start pass of a one_for_all begins: true where one of its children waits for others, and all
 * of them with it. */
bool depend_blocks_all(struct supervisor *s);
/* What it waited for is there, and its turn in the queue has come. */
void depend_unpark(struct supervisor *s, struct child *c);
/* It is parked no more: it starts, or was stopped. */
void depend_left(struct child *c);
/* Now, were it to be started; ret_on: who keeps it from that, NULL: one that is no more. */
enum gate depend_gate(const struct child *c, struct child **ret_on);
/* Waits, and will not be started before an operator starts another one (D6, D16). */
bool depend_is_stuck(const struct child *c);
/* Its start needs an operator's: the slot of who must be started first. */
bool depend_is_blocked(const struct child *c, uint32_t *ret_blocker);

/* ---- stop ---- */

/* True: those that depend on it go first; child_stop_now() follows by itself. */
bool depend_stops_later(const struct child *c);
/* Told to stop only because of what it requires, and down now: parked. */
void depend_park(struct child *c);
/* The stop pass of JOB_SUSPEND has come by what waits for its range as it is: nothing is told. */
bool depend_waits_already(struct supervisor *s, struct child *c);
/* ... by any other: what it shows from now on. */
void depend_suspended(struct supervisor *s, struct child *c);
/* That pass is over. */
void depend_suspend_done(struct supervisor *s);
/* The child leaves the list: its range waits for another one, or for none. */
void depend_forget_kid(struct supervisor *s, struct child *c);

/* ---- admission, and checks ---- */

/*
 * What is wrong with a child that has just been added, and with all below it: SPEC_OK, or
 * SPEC_E_UNKNOWN, SPEC_E_CYCLE. -ENOMEM.
 */
int depend_check_new(struct child *c);
/* NULL, or what is broken. */
const char *depend_check(const struct child *c);

#endif
