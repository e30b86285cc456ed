/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

/*
 * A world that pretends to be the daemon: it starts no process, keeps its own clock, and throws at
 * the core whatever a machine, its processes and its operators might do, from a seeded generator.
 * After every event the core checks itself (core_check()) and the oracle checks what only the
 * outside can see. The first thing that is wrong stops the run.
 *
 *   spec.c     random trees
 *   world.c    processes: what they do, and what effects do to them
 *   request.c  what operators and callers ask for, and the accounts of their answers
 *   post.h     actors, what they do to each other, and what they get
 *   oracle.c   notices: order, causes, intensity, one outcome an attempt
 *   trace.c    events and effects as a hash and as text
 *   depend.c   what depends on what, and how that is kept
 *   overlap.c  restarts that overlap
 *   run.c      one seed: boot, storm, rest, storm, the end
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "core/core.h"

/* ---- the generator ---- */

struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t z = (rng->state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* 0 to n - 1; n > 0. */
static inline uint32_t rng_below(struct rng *rng, uint32_t n)
{
	return (uint32_t)(((rng_next(rng) >> 32) * n) >> 32);
}

static inline bool rng_chance(struct rng *rng, uint32_t percent)
{
	return rng_below(rng, 100) < percent;
}

/* ---- processes ---- */

enum process_state {
	PROCESS_NONE,
	PROCESS_ASKED, /* FX_START was given and not answered */
	PROCESS_SHORT, /* answered with a shortage: there is none, the same pid will be asked for
			* again */
	PROCESS_UP,
	PROCESS_EXITED, /* the main process is gone, the rest of it lingers */
};

struct process {
	enum process_state state;
	actor_pid pid;
	uint32_t index;      /* in sim.live, plus one; 0: not there */
	bool told_stop;      /* FX_STOP */
	bool told_kill;      /* FX_KILL */
	bool told_kill_rest; /* ... once more, after its end */
	bool told_words;     /* it gave last words: it may take its time, but will go */
	bool said_ready;     /* while it was starting: it does not say so for ever */
	bool stubborn;       /* SIGTERM does not impress it */
	bool fed_up;         /* it is to end before it is ready */
};

/* ---- what the oracle knows of a child ---- */

#define WINDOW_MAX 16

/* The deaths that led to the last restarts. */
struct window_seen {
	struct mono at[WINDOW_MAX];
	uint32_t n;
};

struct seen {
	bool known;
	uint32_t parent; /* SLOT_NONE: the root */
	uint64_t order;  /* among all children, in the order in which they were added */
	const struct spec *spec;
	uint32_t elder;      /* whose heir it is; SLOT_NONE */
	bool up;             /* an attempt or a life is under way */
	bool ready;          /* ... and it got ready */
	actor_pid ready_pid; /* the last that did */
	bool held;           /* an operator's stop was obeyed */
	bool forgiven;       /* an operator's start empties its own window, now or later */
	uint64_t starts;
	bool done;    /* a oneshot: ended well, and not started since */
	uint8_t last; /* the kind of its last link but for those that change nothing of it */
	struct cause start_cause;
	struct cause stop_cause;
	struct window_seen below; /* of a supervisor: its children's restarts */
	struct window_seen own;   /* under give_up = hold: its own */
};

struct link_seen {
	uint8_t kind;
	bool spent;            /* a restart was decided because of it */
	uint32_t slot, parent; /* whose it was then: slots are used again */
	uint64_t order;
	struct mono at;
};

/* ---- requests ---- */

struct asked {
	uint64_t id;
	enum request_kind kind;
	bool no_wait;
	bool forgotten;
	bool allow_starting;
	uint32_t slot;  /* of the target when it was asked; SLOT_NONE */
	uint32_t elder; /* of who it was the heir of then; SLOT_NONE */
	actor_pid pid;  /* the target's then */
};

/* ---- what kind of world this is ---- */

struct weather {
	uint32_t serve;       /* how often a process does what it is asked, against the rest */
	uint32_t time;        /* ... time passes */
	uint32_t request;     /* ... somebody asks for something */
	uint32_t actors;      /* ... an actor does something to others */
	uint32_t noise;       /* ... an event comes that means nothing any more */
	uint32_t crash;       /* percent of the visits to a running process at which it ends */
	uint32_t fail;        /* percent of starts that fail */
	uint32_t shortage;    /* percent of starts for which there is no room */
	uint32_t linger;      /* percent of the visits at which what is left stays */
	uint32_t stubborn;    /* percent of processes */
	uint32_t no_memory;   /* percent of requests that meet a failing allocation */
	uint32_t outstanding; /* requests without an answer, at the most */
};

struct sim {
	/* the run */
	uint64_t seed;
	struct rng rng;
	struct rng overlap_rng; /* of overlap.c alone: no other choice hangs on it */
	bool overlaps;
	struct weather weather;
	struct core *core;
	struct mono now;
	uint64_t n_events, max_events;
	uint64_t hash;
	bool check;          /* false: the second time, for its hash alone */
	uint64_t trace_from; /* event number from which everything is printed */
	char failure[256];
	bool halted;
	bool ending;   /* EVENT_SHUTDOWN was given */
	bool no_order; /* the shutdown budget is at four fifths */
	bool obey;     /* all processes do as asked */
	bool alloc_expected;
	bool was_short;     /* an allocation was made to fail: that is in no recording */
	struct buf *record; /* borrowed; NULL: not recorded */

	/* by slot */
	struct process *processes;
	struct seen *seen;
	uint32_t n_slots;
	uint32_t *live; /* slots whose process is not PROCESS_NONE or SHORT */
	uint32_t n_live;
	uint64_t next_order;
	uint64_t top_pid;

	struct link_seen *links; /* by seq */
	uint64_t n_links, links_capacity;

	struct post *post; /* owned; actors: post.h */

	struct asked *asked;
	uint32_t n_asked, asked_capacity;
	uint64_t next_request;
};

/* The first failure stays. */
void sim_fail(struct sim *sim, const char *format, ...) PRINTF(2, 3);
static inline bool sim_failed(const struct sim *sim)
{
	return sim->failure[0] != '\0';
}

/* run.c: one event into the core, its effects to everybody concerned, and every check. */
void sim_step(struct sim *sim, const struct event *event);
void sim_grow(struct sim *sim, uint32_t n_slots);
/* One seed from beginning to end. */
void sim_run(struct sim *sim);

/* spec.c: a count of the caller's. NULL: no memory. */
struct spec *spec_random_tree(struct rng *rng);
struct spec *spec_random_child(struct rng *rng, const struct spec *parent);

/* world.c */
void world_random_weather(struct sim *sim);
void world_take_effect(struct sim *sim, const struct effect *effect);
/* Lets one process, chosen at random, do something; false where it found nothing to do. */
bool world_move(struct sim *sim);
/* Lets one process do what it was asked for; false where none was asked for anything. */
bool world_obey(struct sim *sim);
void world_noise(struct sim *sim);
bool world_is_empty(const struct sim *sim, uint32_t slot); /* no process in it or below it */
struct reason world_random_reason(struct sim *sim);

/* request.c */
void request_random(struct sim *sim);
/* Of a child, by path or pid. */
void request_ask(struct sim *sim, enum request_kind kind, const char *target);
void request_forget_random(struct sim *sim);
void request_take_reply(struct sim *sim, const struct reply *reply);
/* Everything that must be answered by now has been. */
void request_check_rest(struct sim *sim);
void request_check_end(struct sim *sim);

/* oracle.c */
void oracle_take_notice(struct sim *sim, uint32_t slot, const struct link *link);
void oracle_forget(struct sim *sim, uint32_t slot);
void oracle_check_start(struct sim *sim, uint32_t slot); /* FX_START */
void oracle_adopt(struct sim *sim, uint32_t slot);       /* a slot seen for the first time */
void oracle_check_end(struct sim *sim);

/* depend.c */
void depend_random_tree(struct rng *rng, struct spec *root);
void depend_random_child(struct sim *sim, struct spec *spec);
void depend_check_start(struct sim *sim, uint32_t slot);
void depend_check_stop(struct sim *sim, uint32_t slot); /* FX_STOP */
/* The link may have come from what slot depends on. */
bool depend_leads_to(const struct sim *sim, uint32_t slot, const struct link *link);
void depend_check_rest(struct sim *sim);

/* overlap.c */
void overlap_random_child(struct rng *rng, struct spec *spec, const struct spec *above);
void overlap_random_tree(struct rng *rng, struct spec *above);
/* Now and then somebody restarts, or stops, what may overlap. */
void overlap_move(struct sim *sim);
void overlap_adopt(struct sim *sim, const struct child_view *view);
void overlap_take_place(struct sim *sim, uint32_t slot); /* LINK_REPLACES */
void overlap_check_empty(struct sim *sim, uint32_t slot);

/* trace.c */
void trace_event(struct sim *sim, const struct event *event);
void trace_effect(struct sim *sim, const struct effect *effect);

#endif
