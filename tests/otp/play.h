/* SPDX-License-Identifier: MIT */
#ifndef TESTS_OTP_PLAY_H
#define TESTS_OTP_PLAY_H

/*
 * Plays a scenario in a world and writes its trace. A world is what the scenario's actors live in:
 * the core with pretended processes (world_core.c), or a daemon with real ones. play.c knows
 * labels, counts, answers and the trace's format; a world carries out, tells what happens, and
 * waits.
 */

#include "base/buf.h"
#include "base/pid.h"
#include "core/event.h"
#include "tests/otp/scenario.h"

struct play;

/* What a world tells of an actor, in the order in which it happens. */
enum happening {
	HAPPENED_READY,        /* + */
	HAPPENED_EXIT,         /* -, with its reason as supd prints it */
	HAPPENED_START_FAILED, /* ! */
	HAPPENED_HELD,         /* ? */
};

enum node_state { NODE_DOWN, NODE_UP, NODE_STARTING, NODE_RESTARTING };

/* An API call. */
struct api_call {
	const char *verb;             /* "start_child", ... */
	const char *target;           /* pid of the supervisor, in text */
	const char *child;            /* id, or pid in text; NULL where there is none */
	const struct actor_def *spec; /* start_child */
	int number;                   /* of the event; for an async one's note */
	bool async;
};

/* What one worker does to another (or, with trap, to itself). */
struct act {
	const char *verb; /* scenario_verb_is_act() */
	actor_pid pid;    /* who does it */
	actor_pid target; /* link, unlink, monitor; it may be dead */
	uint64_t ref;     /* monitor, demonitor (with flush) */
	bool on;          /* trap */
};

/* The world was too slow for the scenario's periods, or what ended in it at the same time did so in
 * no order that OTP has: it is to be played again, with more pace. */
#define PLAY_AGAIN 1

/* All acts return at once; rest() waits until nothing is going on, and may say PLAY_AGAIN. 0, or -1
 * with a message printed. */
struct world_ops {
	int (*open)(struct play *play, void **ret_world); /* the tree starts */
	int (*close)(void *world);
	int (*rest)(void *world);
	int (*die)(void *world, const char *name, actor_pid pid, const char *reason);
	int (*exit)(void *world, actor_pid pid, const char *reason);
	int (*act)(void *world, const struct act *act);
	int (*hold)(void *world, const char *name);
	/* 1: it was held and goes on; 0: nothing is held */
	int (*release)(void *world, const char *name, bool fail);
	int (*call)(void *world, const struct api_call *call); /* answers by play_answer() */
	int (*stop)(void *world);
	int (*sleep)(void *world, unsigned ms);
	/* Calls play_tree_node() for each child of the tree, supervisors before their children. */
	int (*walk)(void *world);
	/* A start of it is held: it, or through supervisors that are starting, what is above it. */
	bool (*is_held)(void *world, const char *name);
};

/* To be called by worlds. path: "/", "s1/w2", "d1/d1t@3". */
void play_happened(struct play *play, enum happening what, actor_pid pid, const char *path,
		   const char *reason);
/* An EXIT message that to has taken; from: none, the driver. Not those of its own supervisor. */
void play_took_exit(struct play *play, actor_pid to, actor_pid from, const char *reason);
void play_took_down(struct play *play, actor_pid to, uint64_t ref, const char *reason);
/* A call's answer in OTP's words, as the trace has it, but for reasons, which are supd's. */
void play_answer(struct play *play, int number, bool async, const char *text);
void play_tree_node(struct play *play, const char *path, unsigned depth, enum node_state state,
		    actor_pid pid);
/* which_children's rows, in order; then the answer made of them. */
void play_put_row(struct play *play, const char *id, const char *state, actor_pid pid,
		  const char *type);
void play_end_rows(struct play *play, struct buf *out);
const struct scenario *play_scenario(const struct play *play);
/* The definition that a path's last part names; NULL: none. */
const struct actor_def *play_def(const struct play *play, const char *path);
/* "exit:7" -> "error:7", and the like; appended. */
void play_put_reason(struct buf *out, const char *reason);

/* 0 with the trace appended to out; PLAY_AGAIN; -1 where the world broke, with a message on
 * standard error. */
int play_scenario_in(const struct world_ops *ops, const struct scenario *scenario, struct buf *out);

/* Plays the scenario of that file and writes DIR/NAME.trace. 0, PLAY_AGAIN, or -1 with a message.
 */
int play_file(const struct world_ops *ops, const char *dir, const char *path, unsigned pace);

extern const struct world_ops world_core;
void core_answer_put(struct play *play, const struct reply *reply, struct buf *out);

#endif
