/* SPDX-License-Identifier: MIT */
#ifndef CORE_MODEL_H
#define CORE_MODEL_H

/*
 * The model's own records, for the files of src/core and no one else.
 *
 * A child is what a supervisor has on its list: a service or another supervisor. Its record
 * outlives its processes; what belongs to one incarnation is cleared at each start. A child never
 * calls its supervisor: it leaves news, and the supervisor is put on the agenda. core_step() works
 * the agenda until it is empty, so that nothing here recurses over the tree, and each supervisor
 * sees what happened in order.
 *
 * Everything that a death needs is part of these records: the item that stands for it in the
 * supervisor's queue, the item of a retry, the timer, the chain of causes, the window of restarts.
 */

#include "base/list.h"
#include "base/map.h"
#include "core/actor.h"
#include "core/edge.h"
#include "core/core.h"
#include "core/depend.h"

struct core;
struct mailbox;
struct supervisor;

/* ---- queue of a supervisor ---- */

enum item_kind {
	ITEM_EXIT,  /* a child's death, embedded in the child */
	ITEM_RETRY, /* a child's start failed in a restart; count, then restart (SEMANTICS 143, 144)
		     */
	ITEM_RESUME, /* a restart that was counted already and has waited out its delay (D7) */
	ITEM_UNPARK, /* what it depends on is there (D16) */
	ITEM_CALL,
};

struct item {
	struct list link; /* in supervisor.queue; unlinked where idle */
	enum item_kind kind;
	struct child *child; /* borrowed; EXIT, RETRY, RESUME, and a CALL once it knows its child */
};

/* A request that is worked off in the supervisor's order; allocated when it comes in. */
struct call {
	struct item item;
	uint64_t id; /* 0: nobody waits for the answer any more */
	enum request_kind kind;
	enum origin origin; /* START: who wants it */
	char *name; /* owned; the child's name or pid in text; NULL where the kind needs none */
	struct spec *spec;    /* owned count; START_CHILD */
	char **args;          /* owned list; START_CHILD of simple_one_for_one */
	struct list in_calls; /* core.calls */
	struct core *core;    /* borrowed */
};

/* Someone waits for a child to be in a certain state. */
struct waiter {
	struct list link;    /* child.waiters */
	struct list in_core; /* core.waiters */
	struct child *child; /* borrowed */
	uint64_t id;
	enum request_kind kind; /* START, STOP, RESTART, REMOVE, WAIT_READY, WAIT_DOWN */
	actor_pid not_pid;      /* START, RESTART: an incarnation that does not count */
	bool attempted;         /* START, RESTART: an attempt was made since */
};

/* ---- intensity ---- */

/* The times of the last restarts (SEMANTICS 132 to 135); a ring of intensity + 1. */
struct window {
	struct mono *times; /* owned; NULL where the window is someone else's */
	uint32_t capacity;
	uint32_t used;
	uint32_t next;
};

/* ---- children ---- */

/* What can happen to a child; the columns of the table in child.c. */
enum child_input {
	IN_START,
	IN_STARTED,
	IN_START_FAILED,
	IN_SHORTAGE,
	IN_READY,
	IN_IGNORE,
	IN_TOLD,
	IN_FAULT,
	IN_EXTEND,
	IN_DOOM,
	IN_STOP,
	IN_KILL,
	IN_EXITED,
	IN_GONE,
	IN_TIMEOUT,
	IN_N,
};

/* A stop of one who traps asks first: it is not doomed by that. */
enum politeness {
	POLITE_NOT,
	POLITE_LATER, /* it is told when those that depend on it are gone (D16) */
	POLITE_ASKED, /* it has the EXIT message, and some time to act on it */
	POLITE_TAKEN, /* it has taken that, and all of its time */
	POLITE_TOLD,  /* FX_STOP was given as well */
};

enum { NEWS_READY = 1, NEWS_DOWN = 2 };

struct child {
	struct core *core;         /* borrowed */
	struct supervisor *parent; /* borrowed; NULL: the root */
	struct list link;          /* parent.kids, in start order */
	struct child *twin;        /* borrowed; its heir, or whose heir it is; NULL: none */
	struct supervisor *sup;    /* owned; NULL: a service */
	struct spec *spec;         /* owned count */
	char *path;                /* in the same block of memory */
	actor_pid creator;         /* where it is spawned: by whom */
	uint64_t spawn_id;         /* ... of the request that waits for its start; 0: none */
	char **args;               /* owned list; simple_one_for_one */
	uint32_t slot;
	uint32_t depth;

	enum child_state state; /* set by child_set_state() alone */
	enum politeness polite; /* while STOPPING (D14) */
	struct mono since;
	struct actor actor;    /* what others deal with: its pid, its names, ... */
	struct list aliases;   /* owned struct name */
	struct list standings; /* owned struct standing: whom the core links it to (D16) */
	struct list unlinked;  /* core.unlinked */
	actor_pid ready_pid;   /* of the last one that got ready (SEMANTICS 172) */

	/* what is known of the present incarnation */
	struct reason verdict; /* owned; why it ends, once that is fixed */
	bool live; /* FX_START was given and its end has not come back; a supervisor: it has work or
		      children */
	bool started;     /* its process runs */
	bool was_ready;   /* its start succeeded */
	bool ignored;     /* it said ignore */
	bool short_of;    /* STARTING, but the daemon could not start it yet */
	bool killed;      /* FX_KILL was given */
	bool killed_rest; /* ... once more, while ENDING */

	/* what is wanted of it */
	bool expected;   /* its end was asked for: no restart, no count (SEMANTICS 107, 108, 158) */
	bool restarting; /* OTP's restarting: a restart is under way or due */
	bool awaited;    /* the job in hand waits for it */
	bool held;       /* passed over by starts: D4, or autostart = no */
	bool held_by_operator; /* D4; while held */
	bool is_heir;          /* it starts beside its twin, to take its place (overlap.c) */
	bool replaced;         /* its place is taken: forgotten when it is down */
	bool listed;
	bool dynamic;
	bool removed; /* forgotten by request; a static record stays until its supervisor starts
			 anew */
	bool remove_request; /* remove it when it is down */
	bool spawned;        /* on core.spawned by its link, not in the tree; parent is NULL */
	bool parked;         /* WAITING, to be started when its gate opens */
	bool parking;        /* told to stop, to be parked then */
	bool dying;          /* freed at the next step */
	uint8_t news;
	uint8_t shortages;        /* in a row */
	uint32_t delays;          /* deaths in a row that count for restart_delay */
	uint32_t parked_by;       /* slot of the failed or parked child it waits for; SLOT_NONE */
	struct call *start_again; /* owned by core.calls; queued when it is down */

	/* what it depends on, and who on it: depend.c (D16) */
	struct list depends;  /* owned struct depend */
	struct list due_link; /* core.due */
	uint64_t place;       /* in the order of admission: among siblings that of the list */
	uint32_t waits_for;   /* slot; while parked; SLOT_NONE: of what is no more */
	enum gate gate;       /* while parked */

	struct reason reason; /* owned; of the last end */
	struct mono ready_at;
	uint64_t starts;
	struct window window; /* under give_up = hold */
	struct item exit_item;
	struct item retry_item;
	struct list news_link; /* parent.news */
	struct call *call;     /* borrowed from core.calls; the child API call that waits for it */
	struct list waiters;
	size_t timer; /* index in core.timers, plus one; 0: none */
	struct mono deadline;
	uint64_t deadline_seq;

	uint64_t n_links;   /* ever; the last CHAIN_LENGTH are in core.chains (chain.c) */
	struct cause cause; /* why the next start or stop is done */
	struct cause found; /* the last that was told of its health; seq 0: that it is well */
	struct cause sent;  /* the last Unix signal of an operator to this incarnation */
	struct mono sent_at;
	int32_t sent_signal;    /* 0: none was */
	int32_t after_signal;   /* of its end: LINK_EXITED's code */
	struct list dying_link; /* core.dying */
};

static inline struct child *child_heir(const struct child *c)
{
	return c->is_heir ? NULL : c->twin;
}

static inline struct child *child_elder(const struct child *c)
{
	return c->is_heir ? c->twin : NULL;
}

/* ---- supervisors ---- */

/* What can happen to it; the columns of the table in supervisor.c. */
enum supervisor_input {
	ON_READY,
	ON_IGNORED,
	ON_START_FAILED,
	ON_STOPPED, /* an end that was asked for */
	ON_EXIT,    /* one that was not */
	ON_ITEM_EXIT,
	ON_ITEM_RETRY,
	ON_ITEM_RESUME,
	ON_ITEM_UNPARK,
	ON_ITEM_CALL,
	ON_N,
};

enum job {
	JOB_DOWN, /* it does not run */
	JOB_IDLE,
	JOB_INIT,        /* first start of all children */
	JOB_GROUP_STOP,  /* a group restart: stopping the range */
	JOB_GROUP_START, /* ... starting it */
	JOB_PARK,        /* give_up = hold: stopping the range of a failed child */
	JOB_SUSPEND,     /* what a child requires is lost: stopping its range (D16) */
	JOB_CALL,        /* one child is started or stopped by request */
	JOB_SHUTDOWN,    /* stopping all, then it ends */
	JOB_N,
};

struct supervisor {
	struct child *self; /* borrowed: the record it belongs to */
	struct list kids;   /* of struct child, in start order */
	uint32_t n_kids;    /* records */
	uint32_t n_listed;
	uint32_t n_live;
	struct list queue; /* of struct item */
	struct list news;  /* of struct child */
	struct list on_agenda;
	struct list put_off; /* core.put_off */

	enum job job;          /* set by supervisor_set_job() alone */
	struct child *cursor;  /* the next child the pass will look at; NULL: the pass is through */
	struct child *first;   /* of the range; NULL: it is empty */
	struct child *culprit; /* of a group restart */
	struct child *called;  /* the one that a call had last in hand; NULL: it is no more */
	struct child *suspended; /* the parked child whose range waits with it; NULL: none */
	struct child *failed;    /* the first, in order, whose start failed in this pass */
	bool unparks;     /* GROUP_START: of a suspended range, without what was down by itself */
	uint32_t waiting; /* children awaited */
	uint32_t waiting_parked; /* ... those of them that are parked */
	struct span delay;       /* GROUP_STOP: what to wait before GROUP_START */
	struct cause cause;      /* of the job in hand */
	struct window window;
	uint64_t next_instance; /* simple_one_for_one */
	bool busy;              /* counted in core.n_busy */
};

/* ---- what is told and not kept ---- */

#define TOLD_ROOM 256
/* What that may add to a step, beside what a child or a request may. */
#define TOLD_EFFECTS (TOLD_ROOM + 2)

struct told {
	uint32_t room;     /* so many more may be told now */
	struct mono at;    /* when that was so */
	uint32_t left_out; /* those that were too many, and of which nothing was said yet */
	struct mono due;   /* when something is; MONO_NEVER: nothing was left out */
};

/* ---- all of it ---- */

struct core {
	struct child **slots; /* owned array; NULL: free */
	size_t n_slots, slots_capacity;
	uint32_t *free_slots; /* owned stack */
	size_t n_free, free_capacity;
	struct chain_block **chains; /* owned array of owned blocks; grows with slots */
	size_t n_chains;
	struct strmap paths;
	struct map pids;     /* of struct actor */
	struct map sources;  /* of struct source */
	struct strmap names; /* of struct name */
	size_t n_names, n_guests;
	uint32_t uid;       /* the daemon's */
	struct child *root; /* owned */
	uint64_t next_pid, next_seq, next_deadline;
	struct mono now;
	uint64_t random;
	struct span budget;
	struct mono budget_order, budget_kill; /* MONO_NEVER: not running */
	bool budget_runs, shutting_down, halted;
	bool killing_all;  /* its time is up, or it was told to shut down twice */
	bool spawned_told; /* all that were spawned have been told to stop; no more are */
	bool halt_waits;   /* the root has ended, and something that was spawned is left */
	enum halt_kind halt;
	uint32_t halt_slot;
	struct reason halt_reason; /* owned */

	struct child **timers; /* owned heap */
	size_t n_timers, timers_capacity;
	struct effect *effects; /* owned; a queue from effects_head to effects_tail */
	size_t effects_head, effects_tail, effects_capacity, effects_promised, effects_released;
	struct list agenda;   /* of struct supervisor */
	struct list put_off;  /* of struct supervisor: its queue goes on in the next step */
	struct list calls;    /* owned struct call, waiting or in hand */
	struct list waiters;  /* owned struct waiter */
	struct list syncs;    /* owned struct sync_waiter */
	struct list dying;    /* of struct child */
	struct list spawned;  /* of struct child, which stand outside the tree */
	struct list guests;   /* owned struct actor */
	struct list signals;  /* of struct actor: doomed or ended, and not told yet (signal.c) */
	struct list unsent;   /* of struct actor: with letters that wait for memory */
	struct list unlinked; /* of struct child: ready, with standing links that wait for memory */
	struct strmap needs;  /* name -> owned struct need (depend.c) */
	struct list due;      /* of struct child: what they depend on has changed */
	bool due_put_off;     /* they are looked at in the next step */
	uint64_t next_place;
	bool order_given_up;     /* D21: nobody waits for those that depend on it any more */
	struct strmap standings; /* partner -> one of the struct standing that name it */
	struct list mailboxes;   /* of struct mailbox: with something to be handed out or let in */
	bool mail_is_short;      /* ... but there was no memory for it */
	uint64_t scan_work;      /* of all receives in this step */
	uint32_t *released;      /* owned array: numbers of memfds that are needed no more */
	size_t n_released, n_memfds, memfds_capacity; /* n_memfds: still needed */
	struct map
		memfd_copies; /* number -> in how many frames besides one, as a pointer's value */
	struct list flushes;  /* of struct source: with frames to be sent */
	struct edge_table edges;
	struct told told;
	struct list gone; /* owned struct actor: guests that have ended in this step */
	size_t n_children;
	/* counts that say whether the tree rests */
	uint32_t n_starting, n_stopping, n_dead, n_busy;
	const char *broken; /* an impossible cell was reached: what; for core_check() */
	/* the cells of both tables that were ever reached, a bit an input; for the tests */
	uint16_t child_cells[CHILD_N_STATES], job_cells[JOB_N];
};

struct sync_waiter {
	struct list link;
	uint64_t id;
	bool allow_starting;
};

/* ---- child.c ---- */

void child_input(struct child *c, enum child_input input, const struct event *event);
void child_start(struct child *c, struct cause cause);
/* Asks a child to end, for its supervisor or an operator; a stop wins over everything. Takes any
 * state. */
void child_stop(struct child *c, struct cause cause);
/* SIGKILL to a service, the whole subtree of a supervisor; reason killed unless one is fixed. */
void child_kill(struct child *c, struct cause cause, actor_pid from);
/* from: who sent the signal, or died; none: an operator. */
void child_doom(struct child *c, const struct reason *reason, struct cause cause, actor_pid from);
/* A supervisor's own start has succeeded, its own end has come. */
void child_supervisor_ready(struct child *c);
void child_supervisor_gone(struct child *c);
/* Of EVENT_EXITED, in the state that it finds. */
struct reason child_classify(const struct child *c, const struct event *event);
/* Fixes the reason of this incarnation's end, unless one is fixed already (SEMANTICS 46). */
void child_fix_verdict(struct child *c, const struct reason *reason);
/* The same in more words: where its verdict is of that kind, and reason has an object. */
void child_refine_verdict(struct child *c, const struct reason *reason);
void child_set_state(struct child *c, enum child_state state);
/* Down, and out of any restart that was due. */
void child_settle(struct child *c, enum child_state state);
void child_idle(struct child *c, struct cause cause); /* WAITING for a trigger */
/* What a stop does at last, when nobody has to go before it. */
void child_stop_now(struct child *c);
void child_backoff(struct child *c, struct span delay, struct cause cause);
/* NULL: the cell is an action; else why this input in this state is ignored or impossible. */
const char *child_cell_note(enum child_state state, enum child_input input, bool *ret_impossible);

/* ---- supervisor.c ---- */

void supervisor_post(struct child *c, uint8_t news); /* a child has news for its supervisor */
void supervisor_halt(struct core *core);             /* the root has ended, and all else */
void supervisor_wake(struct supervisor *s);          /* onto the agenda */
void supervisor_run(struct supervisor *s);           /* off the agenda: news, job, queue */
void supervisor_set_job(struct supervisor *s, enum job job);
void supervisor_begin(struct supervisor *s); /* JOB_INIT */
void supervisor_ended(struct supervisor *s); /* nothing is left of it */
void supervisor_shut_down(struct supervisor *s, const struct reason *reason, struct cause cause);
void supervisor_kill(struct supervisor *s, struct cause cause);      /* SEMANTICS 113 */
void supervisor_kill_tree(struct supervisor *s, struct cause cause); /* SIGKILL to all below */
void supervisor_enqueue(struct supervisor *s, struct item *item);
void supervisor_retire(struct supervisor *s, struct child *c); /* SEMANTICS 118, 119, 170 */
bool supervisor_is_independent(
	const struct supervisor *s); /* its children never wait for each other */
const char *supervisor_cell_note(enum job job, enum supervisor_input input, bool *ret_impossible);
void supervisor_input(struct supervisor *s, enum supervisor_input input, struct child *c);

/* ---- strategy.c: what a death leads to ---- */

/* Counts a restart. True where it is one too many (SEMANTICS 132, 133). */
bool window_add(struct window *w, struct mono now, struct span period);
uint32_t window_count(const struct window *w, struct mono now, struct span period);
int window_init(struct window *w, uint32_t intensity);
void window_fini(struct window *w);
void strategy_exit(struct supervisor *s, struct child *c);
void strategy_restart(struct supervisor *s, struct child *c, struct cause cause);
void strategy_resume(struct supervisor *s, struct child *c, struct cause cause);
void strategy_start_failed(struct supervisor *s, struct child *c);
/* The first child of the range that restarts with c. */
struct child *strategy_first(struct supervisor *s, struct child *c);

/* ---- job.c: passes over a range ---- */

/* From the last child down to first, from first up to the last; NULL: an empty range. */
void job_stop_range(struct supervisor *s, enum job job, struct child *first, struct cause cause);
void job_start_range(struct supervisor *s, enum job job, struct child *first, struct cause cause);
void job_await(struct supervisor *s, struct child *c);
void job_arrived(struct child *c); /* what was awaited of it has come */
void job_advance(struct supervisor *s);
void job_abort(struct supervisor *s);          /* nothing is awaited any more */
void job_retry_failed(struct supervisor *s);   /* before a start pass is given up */
void job_release_parked(struct supervisor *s); /* no pass waits for what is parked */
bool job_stops(const struct supervisor *s, const struct child *c); /* a stop pass will, or did */
void job_forget_kid(struct supervisor *s, struct child *c); /* before its record leaves the list */

/* ---- call.c: the child API ---- */

void call_run(struct supervisor *s, struct call *call); /* its turn has come */
void call_child_ready(struct child *c);
void call_child_down(struct child *c);
void call_child_parked(struct child *c); /* it counts as started (D16) */
void call_admit(struct core *core, const struct request *request, struct child *target);
/* A start of c, not queued yet; NULL: no memory. */
struct call *call_new_start(struct child *c, enum origin origin);
bool call_is_admitting(
	const struct child *c);             /* start_child has not come back: not on the list yet */
void call_cancel_all(struct supervisor *s); /* its queue: noproc */
void call_answer(struct call *call, enum answer answer); /* and frees it */
void call_free(struct call *call);
void call_drop_child(struct child *c); /* the child goes: answers what was to be done with it */
bool call_must_wait(const struct supervisor *s, const struct call *call);

/* ---- operator.c ---- */

/* D6, D16: down until another one is started by request: its slot, SLOT_NONE where it is no more.
 */
bool operator_is_parked(const struct child *c, uint32_t *ret_blocker);
void operator_request(struct core *core, const struct request *request);
/* After a restart's stop: queues the start that was prepared with the request. */
void operator_start_again(struct child *c);
/* It is down: off the list, and whoever waits for it to be up gives up waiting. */
void operator_remove_now(struct child *c, struct cause cause);
void waiter_check(struct child *c);        /* after each change of state */
void waiter_drop_all(struct child *c);     /* the child goes: answers whoever still waits */
void waiter_unlisted(struct child *c);     /* off the list: nothing will start it by itself */
void waiter_cut_off(struct supervisor *s); /* it starts nothing any more */
void waiter_idle(struct supervisor *s);    /* nothing in hand or queued: nothing more will come */
void waiter_end_all(struct core *core);    /* the tree has ended */
void sync_check(struct core *core);
void operator_forget(struct core *core, uint64_t id);
void operator_drop_all(
	struct core *core); /* the core goes: whoever waits, and all calls, unanswered */

/* ---- tree.c: records ---- */

/* Everything one more child will need is reserved. 0, -ENOMEM. */
int tree_add(struct core *core, struct supervisor *parent, struct spec *spec, char **args,
	     bool dynamic, struct child **ret_child);
/* Likewise, one on core.spawned; its path is to be written when it has a pid. */
int tree_add_spawned(struct core *core, struct spec *spec, struct child **ret_child);
void tree_relist(
	struct supervisor *s);     /* before a start: the children of its spec, and no others */
void tree_unlist(struct child *c); /* off the list; a dynamic one is forgotten */
void tree_move_behind(struct child *c, const struct child *sibling); /* in the start order */
void tree_forget(struct child *c); /* the record and all below it, at the next step */
void tree_reap(struct core *core);
/* Another record of c's spec and path, behind it, on no list that others see. 0, -ENOMEM. */
int tree_add_beside(struct child *c, struct child **ret_child);
void tree_pass_path(struct child *from, struct child *to); /* of the same path */
void tree_free(struct core *core);
struct child *tree_next_kid(const struct supervisor *s,
			    const struct child *c); /* NULL c: the first */
struct child *tree_previous_kid(const struct supervisor *s,
				const struct child *c);                    /* NULL c: the last */
struct child *tree_find_kid(const struct supervisor *s, const char *name); /* listed ones */
struct child *tree_next(const struct child *c, const struct child *top);   /* preorder below top */

/* ---- instances.c: templates ---- */

/* Those that a template has from the beginning. 0, -ENOMEM. */
int instances_add_all(struct supervisor *s, const struct spec *template);
/*
 * The instance that target names, made from its template, not started; NULL with the answer: there
 * is no such template, or it can have no more now (*ret_blocker: what is down).
 */
struct child *instances_make(struct core *core, const char *target, enum answer *ret_answer,
			     uint32_t *ret_blocker);

/* ---- standing.c: the key link (D16) ---- */

int standing_reserve(struct child *c);  /* of its spec. 0, -ENOMEM */
void standing_release(struct child *c); /* takes a half-built child */
void standing_ready(struct child *c);   /* links it to those partners that run */
void standing_unlink(struct child *c);  /* from all of them, however they were linked */
void standing_retry(struct core *core); /* those that there was no memory for */

/* ---- spawned.c ---- */

void spawned_request(struct core *core, const struct request *request);
void spawned_forget(struct core *core, uint64_t id); /* who waits for its start is gone */
void spawned_post(struct child *c, uint8_t news);
void spawned_stop_all(struct core *core, struct cause cause);
void spawned_kill_all(struct core *core, struct cause cause);
void core_spawned_gone(struct core *core); /* core.c: the last of them has ended */

/* ---- effect.c ---- */

int effect_reserve(struct core *core, size_t more);  /* room for that many more in one step */
void effect_release(struct core *core, size_t less); /* from the next step on */
/* So many already in this step that what one more item may lead to might not fit. */
bool effect_is_crowded(const struct core *core);
struct effect *effect_add(struct core *core, enum effect_kind kind, const struct child *c);
void effect_reply(struct core *core, const struct reply *reply); /* takes over what it owns */

/* ---- chain.c ---- */

int chain_reserve(struct core *core, size_t n_slots); /* room for their chains. 0, -ENOMEM */
struct cause chain_add(struct child *c, enum link_kind kind, struct cause cause,
		       const struct reason *reason, int32_t code);
/* The same, and who is behind it. */
struct cause chain_add_from(struct child *c, enum link_kind kind, struct cause cause,
			    const struct reason *reason, actor_pid from);
struct cause chain_last(const struct child *c);
struct cause cause_origin(enum origin origin);
void chain_fini(struct child *c);
void chain_free_all(struct core *core);

/* ---- told.c ---- */

void told_begin(struct core *core); /* a step */
/* To actor `to`, that sent it or whose end it is. */
void told_signal(const struct actor *to, enum link_kind kind, struct cause cause,
		 const struct reason *reason, actor_pid from);
void told_health(struct core *core, const struct event *event);
void told_unix_signal(struct core *core, const struct event *event);
/* One more message has found that mailbox full; its cause, for what comes of it. */
struct cause told_overflow(struct mailbox *m, const struct actor *from);
void told_overflow_end(struct mailbox *m);

/* ---- timer.c ---- */

void timer_set(struct child *c, struct mono deadline);
void timer_cancel(struct child *c);
struct child *timer_due(struct core *core); /* off the heap; NULL: none is due */

#endif
