/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SIM_POST_H
#define TESTS_SIM_POST_H

/*
 * Actors in the simulation: services that speak over a connection, and guests. They link, monitor,
 * trap, send exit signals and messages, take names, and vanish.
 *
 *   actors.c   what they do
 *   mail.c     ... messages and calls among that
 *   spawn.c    ... what they spawn
 *   helper.c   ... and commands inside them that take messages
 *   letter.c   what becomes of each message
 *   post.c     the accounts: who is tied to whom, and what each must get for that
 *
 * The accounts know nothing of the model. They hold
 *
 *   - one DOWN a monitor at the most, after all messages of who has ended, with its reason
 *   - an EXIT for each link's end and each exit signal at the most, to who traps
 *   - who does not trap does not outlive the abnormal end of who it is linked to
 *   - one answer or DOWN a call at the most, and none to who has given up
 *   - messages of each pair in order, each once, without a gap where nothing may be dropped
 *   - a name is its holder's until its end, and nobody else's
 *
 * and, when the tree rests and all have given credit: who lives and is not on its way to its end
 * has got everything that it was to get.
 */

#include "base/map.h"
#include "tests/sim/sim.h"
#include "wire/frame.h"

#define POST_NAMES 6
#define POST_IDS (UINT64_C(1) << 40) /* of requests, from here on */
#define POST_SPAWN_IDS (UINT64_C(1) << 41)
#define SPAWNS_MAX 8

/* An incarnation of a service, or a guest. */
struct player {
	actor_pid pid;
	uint32_t slot;   /* SLOT_NONE: a guest */
	uint64_t source; /* 0: it has no connection, or has none any more */
	uint32_t index;  /* in post.alive */
	bool dead;
	bool trap;
	bool full;     /* EVENT_FULL was given */
	bool lossless; /* nothing that is sent to it is dropped */
	bool spawned;  /* not of the tree */
	bool no_box;   /* it has no mailbox */
	uint64_t credit, out;
	uint64_t window, sent_bytes;
};

enum bond_kind { BOND_LINK, BOND_MONITOR, BOND_CALL };

struct bond {
	enum bond_kind kind;
	actor_pid owner, other; /* a link: in no order */
	uint64_t ref;
	bool due;             /* a monitor, a call, whose DOWN or answer is to come */
	bool answered;        /* a call: it is the answer */
	bool unsure;          /* it may be either, or neither */
	bool direct;          /* a call: past mailbox and credit */
	uint64_t after;       /* an answer: so many messages come before it */
	struct reason reason; /* owned; of that; none: not known */
};

/* What somebody was asked and has not answered. */
struct question {
	actor_pid server, caller;
	uint64_t ref;
};

/* A message, as its receiver has it. */
enum letter {
	LETTER_WAITS,
	LETTER_TAKEN,
	LETTER_HELD, /* by a helper, which has not acknowledged it */
	LETTER_BACK, /* ... and is gone: it waits in its place again */
};

/* From one to another. */
struct pair {
	actor_pid from, to;
	uint8_t *letters; /* owned; what became of each that was sent */
	uint64_t letters_capacity;
	uint64_t low;       /* up to here all were taken */
	uint64_t sent, got; /* messages */
	uint64_t exits_due, exits_got;
	uint64_t sent_at; /* event */
	bool unsure;      /* how many of those are on their way is not known */
	bool signalled;   /* an exit signal was sent, not over a link */
};

/* A spawn without its answer. */
struct spawning {
	uint64_t id;
	actor_pid creator, pid; /* pid: none, before its start */
	bool linked;
	uint64_t ref; /* 0: not monitored */
};

#define HELPERS_MAX 8
#define HELD_MAX 3

struct held {
	struct pair *pair; /* borrowed */
	uint64_t number;   /* among that pair's */
	uint64_t box;      /* in the mailbox */
	uint64_t ref;      /* a call's; 0: it is a message */
};

struct helper {
	uint64_t source;
	actor_pid pid;   /* whose */
	uint64_t ref;    /* of a RECEIVE that waits; 0: none */
	uint64_t coming; /* the message that a DONE has announced; 0: none */
	struct held held[HELD_MAX];
	uint32_t n_held;
};

/* Whose link has ended in this step. */
struct fall {
	actor_pid pid, from;
	bool is_certain; /* it is not to be there any more at the step's end */
};

struct post {
	bool is_open;       /* there are actors in this run at all */
	struct map players; /* owned struct player, by pid */
	struct player **alive;
	uint32_t n_alive, alive_capacity;
	struct map pairs; /* owned struct pair */
	struct pair **all_pairs;
	uint32_t n_pairs, pairs_capacity;
	struct bond *bonds; /* owned */
	uint32_t n_bonds, bonds_capacity;
	struct fall *falling; /* owned */
	uint32_t n_falling, falling_capacity;
	bool is_spawning; /* the last of these, in this step */
	struct spawning spawns[SPAWNS_MAX];
	uint32_t n_spawns;
	struct helper helpers[HELPERS_MAX];
	uint32_t n_helpers;
	struct question *questions; /* owned */
	uint32_t n_questions, questions_capacity;
	actor_pid names[POST_NAMES];
	uint64_t next_source, next_ref, next_id;
	/* of the act in hand */
	uint64_t source;      /* whose */
	bool was_dropped;     /* that connection was closed */
	actor_pid linking[2]; /* who is just being linked */
	actor_pid sender;     /* who sends an exit signal */
	actor_pid victim;     /* a guest that one ends */
	struct reason fate;   /* borrowed; with that reason */
	bool done_is_due, done_was_active;
	uint64_t done_ref;
	enum answer answer; /* ANSWER_N: none */
	actor_pid answer_pid;
};

void post_init(struct sim *sim);
void post_fini(struct sim *sim);

/* actors.c: one does something. */
void actors_move(struct sim *sim);
void actors_join(struct sim *sim, uint32_t slot);            /* its process has started */
void actors_random_spec(struct sim *sim, struct spec *spec); /* with all below it */
/* All that is to be got is got. */
void actors_rest(struct sim *sim);
/* All guests go. */
void actors_end(struct sim *sim);

/* An actor, a supervisor, or one that has been. */
actor_pid actors_target(struct sim *sim);
void actors_put_frame(struct buf *bytes, const struct wire_frame *frame);
/* False where the connection did not survive it. */
bool actors_send_bytes(struct sim *sim, const struct player *player, const struct buf *bytes);
bool actors_send(struct sim *sim, const struct player *player, const struct wire_frame *frame);
void actors_give_credit(struct sim *sim, struct player *player, uint64_t more);

/* mail.c */
void mail_message(struct sim *sim, struct player *player);
void mail_flood(struct sim *sim, struct player *player);
void mail_call(struct sim *sim, struct player *player);
void mail_answer(struct sim *sim, struct player *player);
void mail_credit(struct sim *sim, struct player *player);

/* One event of that connection, with allocations that may fail. */
void actors_event(struct sim *sim, uint64_t source, const struct event *event);

/* spawn.c */
void spawn_random(struct sim *sim, struct player *player);
/* That start is the one of the last spawn. */
void spawn_starts(struct sim *sim, struct player *player);
void spawn_take_reply(struct sim *sim, const struct reply *reply);
void spawn_check_rest(struct sim *sim);

/* helper.c */
struct helper *helper_of_source(const struct sim *sim, uint64_t source);
/* One of its helpers waits for a message: that comes over another connection than all the rest. */
bool helper_asks(const struct sim *sim, actor_pid pid);
void helper_take(struct sim *sim, struct helper *helper, const struct wire_frame *frame);
void helper_gone(struct sim *sim, struct helper *helper);
void helper_move(struct sim *sim, struct player *player);
/* What they hold is done with. */
void helper_rest(struct sim *sim);
void helper_end_all(struct sim *sim);

/* letter.c */
/* Room for what becomes of one more message; its number. */
uint64_t post_letter(struct pair *pair);
/* The first up to there that is still to be handed out (again); 0: none. */
uint64_t post_letter_waits(struct pair *pair, uint64_t last, bool again);
/* One arrives; its number, 0 where that is wrong. */
uint64_t post_take_letter(struct sim *sim, const struct player *to, const struct wire_frame *frame,
			  enum letter becomes);

/* post.c */
/* A call has been taken. */
void post_ask(struct sim *sim, actor_pid server, actor_pid caller, uint64_t ref);
struct player *post_player(const struct sim *sim, actor_pid pid);
struct player *post_player_of_source(const struct sim *sim, uint64_t source);
struct player *post_add(struct sim *sim, actor_pid pid, uint32_t slot);
struct pair *post_pair(struct sim *sim, actor_pid from, actor_pid to);
/* It runs, and is not on its way to its end, as far as is seen from outside. */
bool post_is_well(const struct sim *sim, const struct player *player);
void post_link(struct sim *sim, actor_pid one, actor_pid other);
bool post_is_linked(const struct sim *sim, actor_pid one, actor_pid other);
bool post_traps(const struct sim *sim, actor_pid pid);
void post_unlink(struct sim *sim, actor_pid one, actor_pid other);
/* A monitor or a call. */
struct bond *post_watch(struct sim *sim, enum bond_kind kind, actor_pid owner, actor_pid other,
			uint64_t ref);
void post_cancel(struct sim *sim, actor_pid owner, uint64_t ref);
struct bond *post_bond(const struct sim *sim, actor_pid owner, uint64_t ref);
/* Somebody is told that it will end: from others only for a reason. */
void post_take_doom(struct sim *sim, const struct link *link);
/* What it has just sent may not be on its way: memory was short. */
void post_doubt(struct sim *sim, actor_pid from);
/* It could not be started: nobody hears of that but by the answer. */
void post_never_was(struct sim *sim, actor_pid pid);
/* reason none: not known. */
void post_take_end(struct sim *sim, actor_pid pid, const struct reason *reason);
void post_take_effect(struct sim *sim, const struct effect *effect);
void post_take_reply(struct sim *sim, const struct reply *reply);
void post_check_step(struct sim *sim);
/* NULL: nobody waits for anything; else what is still to come. */
const char *post_is_owed(const struct sim *sim);
void post_check_end(struct sim *sim);

#endif
