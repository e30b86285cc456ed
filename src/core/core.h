/* SPDX-License-Identifier: MIT */
#ifndef CORE_CORE_H
#define CORE_CORE_H

/*
 * The model: events in, effects out. Nothing in here calls the system, reads a clock or keeps a
 * global.
 *
 * Children live in slots: small numbers that stay with a child for as long as it is known, through
 * all its incarnations, and are used again only after FX_FORGET. An incarnation has a pid, which is
 * never used again. Slot 0 is the root.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/pid.h"
#include "core/event.h"
#include "core/spec.h"

struct core;

#define SLOT_NONE UINT32_MAX
#define CHAIN_LENGTH 16
/* Processes of one actor's making that have not ended; one more is refused. */
#define CORE_SPAWNED_MAX 1000

/* INTERFACE 3's states first; the core has finer ones, which core_view() maps. */
enum child_state {
	CHILD_WAITING, /* not started yet, or down until something else is up again */
	CHILD_STARTING,
	CHILD_RUNNING,
	CHILD_STOPPING,
	CHILD_ENDING, /* main process gone, the rest not yet; shown as stopping */
	CHILD_DEAD,   /* gone, its supervisor has not come to it yet; shown as waiting */
	CHILD_STOPPED,
	CHILD_BACKOFF, /* down, a restart is due */
	CHILD_FAILED,
	CHILD_DONE,
	CHILD_N_STATES,
};

/* All that may be known about a child at this moment; pointers are borrowed until the next
 * core_step. */
struct child_view {
	uint32_t slot;
	uint32_t parent;  /* SLOT_NONE: the root */
	uint32_t depth;   /* 0: the root */
	const char *path; /* "/" or "web/api" */
	const struct spec *spec;
	char *const *args; /* simple_one_for_one: extra arguments of this child, or NULL */
	enum child_state state;
	bool comes_back; /* STOPPED for a moment: a start of it, or of its range, is due */
	bool parked;     /* WAITING until an operator starts another one again (D6, D16) */
	bool listed;     /* on its supervisor's list: the child API knows it */
	bool held;
	uint32_t heir;        /* slot of who starts beside it, to take its place; SLOT_NONE */
	uint32_t elder;       /* slot of whose heir it is; SLOT_NONE */
	bool replaced;        /* its place is taken: it only ends */
	bool spawned;         /* by an actor: no child of the tree; its path is its pid */
	bool dynamic;         /* added by a call: gone with its supervisor's end */
	bool waits;           /* WAITING for another one, or with its range (D6, D16) */
	uint32_t waits_for;   /* of whom, then; SLOT_NONE: one that is no more */
	bool removed;         /* forgotten by request; comes back when its supervisor starts anew */
	actor_pid pid;        /* of the present or last incarnation */
	uint64_t starts;      /* successful ones, over all of its life */
	uint64_t restarts;    /* starts after the first */
	struct mono since;    /* of the present state */
	struct reason reason; /* why the last incarnation ended, or its last start failed */
	struct reason verdict; /* why the present one ends, where that is fixed */
	bool ready;
	bool trap;       /* exit signals are messages to it */
	bool told_to_go; /* STOPPING, and it does not wait for those that depend on it */
	uint64_t message_queue_len;
};

/* 0 or -ENOMEM. */
int core_new(struct core **ret_core);
void core_free(struct core *core); /* takes NULL */

/*
 * Takes one event at time now, which never runs backwards (an earlier one counts as the last). Its
 * effects are to be taken before the next step: what is left of them then is dropped. What the
 * event points to is borrowed for the call. 0; -ENOMEM where nothing was changed (EVENT_BOOT only:
 * every later shortage of memory is an answer); -EINVAL for an event before EVENT_BOOT, or a second
 * one.
 */
int core_step(struct core *core, const struct event *event, struct mono now);

/*
 * Room for so many memfds in all, among them those of the frames of the next events: without it a
 * shortage of memory there loses numbers that nobody lets go of. 0, -ENOMEM.
 */
int core_reserve_memfds(struct core *core, size_t n);

/*
 * The memfds that the core needs no more after what this step has given out was taken: borrowed,
 * until the next step.
 */
const uint32_t *core_released(const struct core *core, size_t *ret_n);

/* The next effect, in order, or false. Owned parts go to the caller: effect_fini(). */
bool core_next_effect(struct core *core, struct effect *ret_effect);
void effect_fini(struct effect *effect);

/* When EVENT_TICK is wanted next; MONO_NEVER: not at all. */
struct mono core_deadline(const struct core *core);

/* Lookups: SLOT_NONE where there is none. Text is a path or a pid; a path prefers what is listed.
 */
uint32_t core_find(const struct core *core, const char *text);
uint32_t core_find_pid(const struct core *core, actor_pid pid);

/* Whether that path, which ends with "@", is a template's. */
bool core_has_template(const struct core *core, const char *path);

/* The child in slot; false where the slot is free. */
bool core_view(const struct core *core, uint32_t slot, struct child_view *ret_view);

/* Of a supervisor that runs: how many restarts count against its intensity now. False: it is none,
 * or each child has a count of its own (give_up = hold). */
bool core_restarts_counted(const struct core *core, uint32_t slot, uint32_t *ret_n);

/* The tree in order, each supervisor before its children: the slot after `slot`; the first after
 * SLOT_NONE. */
uint32_t core_next(const struct core *core, uint32_t slot);
/* Likewise those that were spawned, in no order. */
uint32_t core_next_spawned(const struct core *core, uint32_t slot);

/* The last links of slot's chain, newest first: the i-th, or NULL where it is gone or never was. */
const struct link *core_chain(const struct core *core, uint32_t slot, uint32_t i);
/* The link with that seq in slot's chain, or NULL where it is gone. */
const struct link *core_find_link(const struct core *core, struct cause cause);

/* The whole tree's time is up, or EVENT_SHUTDOWN came twice: all that is left is killed. */
bool core_is_killing_all(const struct core *core);
/* True when no supervisor has work in hand, nothing is stopping, and nothing starts (unless
 * allowed). */
bool core_is_resting(const struct core *core, bool allow_starting);

/*
 * Checks every invariant of the model that can be seen in one state. NULL, or what is broken
 * (static text). For the simulation; linear in the tree.
 */
const char *core_check(const struct core *core);

/* The names that INTERFACE 3 shows; CHILD_ENDING and CHILD_DEAD map to theirs. */
const char *child_state_name(enum child_state state);

#endif
