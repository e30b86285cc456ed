/* SPDX-License-Identifier: MIT */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

/*
 * What goes into the core (events) and what comes out (effects). Both are plain data, and both can
 * be written as one line of text and read back (core/record.h), so that a run can be recorded and
 * replayed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/pid.h"
#include "core/reason.h"
#include "core/spec.h"

/* ---- events ---- */

enum event_kind {
	EVENT_BOOT, /* spec: the root's; uid: the daemon's; once, first */
	/* of a service's process; pid: the incarnation that FX_START named */
	EVENT_STARTED,      /* its exec succeeded; uid: it runs as */
	EVENT_START_FAILED, /* reason: exec:ERRNO with the step; nothing runs */
	EVENT_SHORTAGE,     /* code: errno; the daemon's own shortage kept it from starting: it is
			       tried again, but for a spawned one, whose start has failed */
	EVENT_READY,        /* it says that it is ready */
	EVENT_IGNORE,       /* it says "ignore" instead of ready (SEMANTICS 94) */
	EVENT_TOLD,         /* reason: its last words (SEMANTICS 50, D15) */
	EVENT_FAULT,        /* reason: what the daemon has found: watchdog, unhealthy; ends it */
	EVENT_EXTEND,       /* budget: that much from now on before its start or stop times out */
	EVENT_EXITED, /* main process gone; code, by_signal: its wait status; reason is fixed now;
			 reason: what was found, should it be that */
	EVENT_GONE,   /* after EVENT_EXITED: nothing of it is left; it may be published */
	EVENT_HEALTH, /* code: enum health_word; reason: what was found. Only told, and the cause of
			 an EVENT_FAULT `unhealthy` that comes of it */
	EVENT_UNIX_SIGNAL, /* code: an operator has had that one sent to its process. Only told, and
			      the cause of its EVENT_EXITED by that very one */
	/* of an actor's connections; source */
	EVENT_JOIN,   /* role; pid: whose, or for a guest uid and admin */
	EVENT_LEAVE,  /* it is closed; code 1: after a goodbye, a guest ended normal (D20) */
	EVENT_FULL,   /* much waits to be sent to it: no more messages until EVENT_ROOM */
	EVENT_ROOM,   /* ... all was sent */
	EVENT_FRAMES, /* data, size: whole frames from it, in order, of the ops that go to the
			 daemon */
	/* of the world */
	EVENT_TICK,     /* a deadline has come */
	EVENT_REQUEST,  /* request */
	EVENT_FORGET,   /* request.id: who asked is gone; the request itself is not undone */
	EVENT_SHUTDOWN, /* the whole tree, in order; a second one does not wait (SEMANTICS D21) */
	EVENT_N_KINDS,
};

/* What has come of asking whether a service is well. */
enum health_word {
	HEALTH_WORD_HEALTHY,
	HEALTH_WORD_UNHEALTHY,
	HEALTH_WORD_FAILING, /* and more: so many failures in a row before */
};

enum request_kind {
	/* OTP's, answered in OTP's words; target: a supervisor */
	REQUEST_START_CHILD, /* spec; for simple_one_for_one: args, appended to the template's */
	REQUEST_TERMINATE_CHILD, /* id: a child's name, or for simple_one_for_one its pid */
	REQUEST_RESTART_CHILD,
	REQUEST_DELETE_CHILD,
	REQUEST_WHICH_CHILDREN,
	REQUEST_COUNT_CHILDREN,
	REQUEST_GET_CHILDSPEC,
	/* an operator's; target: any child. Answered at once with `no_wait`, else when it is so */
	REQUEST_START,
	REQUEST_STOP,
	REQUEST_RESTART,
	REQUEST_REMOVE,
	REQUEST_TRIGGER,    /* starts a target that is on demand, is down and not held; origin. Not
			       answered */
	REQUEST_EXIT,       /* an exit signal with reason, from source */
	REQUEST_WAIT_READY, /* answered when target is ready */
	REQUEST_WAIT_DOWN,  /* answered when nothing of target is left */
	REQUEST_SYNC,       /* answered when the tree rests; allow_starting */
	/* an actor's, by its source; answered at once. Target: a name or a pid */
	REQUEST_SELF,       /* pid */
	REQUEST_TRAP,       /* on; code: whether it was */
	REQUEST_LINK,       /* target */
	REQUEST_UNLINK,     /* target */
	REQUEST_EXIT_SELF,  /* reason: its last words (D15) */
	REQUEST_REGISTER,   /* child: the name; target: for whom, NULL: the asker */
	REQUEST_UNREGISTER, /* child: the name */
	REQUEST_WHEREIS,    /* target: a name; pid */
	REQUEST_SPAWN, /* spec; on: linked; ref: monitored by that; child: as that Unix user, with
			  uid, NULL: its own. Answered when it runs: pid */
	REQUEST_N_KINDS,
};

/* What a connection is to the actor that speaks over it. */
enum role {
	ROLE_MAIN,   /* its process's own mailbox socket */
	ROLE_HELPER, /* a command run inside it, with its token */
	ROLE_GUEST,  /* a connection that is an actor of its own */
	ROLE_N,
};

struct request {
	uint64_t id;     /* the daemon's, not 0; names the asker in FX_REPLY and EVENT_FORGET */
	uint64_t source; /* the connection of the actor that asks; 0: an operator */
	enum request_kind kind;
	const char *target; /* borrowed; a path ("/" is the root, "web/api") or a pid */
	const char *child;  /* borrowed; a child's name or pid, for the child API */
	struct spec *spec;  /* borrowed; the core takes a count of its own */
	char *const *args;  /* borrowed, ends with NULL; may be NULL */
	struct reason reason;
	bool no_wait;
	bool allow_starting;
	bool on;         /* TRAP, SPAWN */
	uint64_t ref;    /* SPAWN: 0: no monitor */
	uint32_t uid;    /* SPAWN, where child is there */
	uint32_t origin; /* TRIGGER: enum origin */
};

struct event {
	enum event_kind kind;
	actor_pid pid;
	int32_t code;
	bool by_signal;       /* EVENT_EXITED: code is a Unix signal, not an exit status */
	struct reason reason; /* borrowed */
	struct spec *spec;    /* EVENT_BOOT: borrowed; the core takes a count */
	struct span budget;   /* EVENT_BOOT: shutdown_timeout; EVENT_EXTEND */
	uint64_t seed;        /* EVENT_BOOT: of the jitter's generator */
	uint32_t uid;
	uint64_t source; /* a connection; not 0, never used again */
	enum role role;
	bool admin;       /* EVENT_JOIN of a guest that may do everything (ARCHITECTURE 6) */
	const void *data; /* EVENT_FRAMES: borrowed */
	size_t size;
	struct request request;
};

/* ---- effects ---- */

enum effect_kind {
	FX_START,  /* start the process of slot's spec as actor pid; answer with STARTED,
		      START_FAILED or SHORTAGE */
	FX_STOP,   /* its stop signal and SIGCONT, by its kill_mode */
	FX_KILL,   /* SIGKILL to all of it; after EVENT_EXITED: to what is left */
	FX_NOTICE, /* a change of state: link (for `events` and watchers) */
	FX_REPLY,  /* answer to a request */
	FX_FORGET, /* the child in slot is no more; the slot may be used again */
	FX_JOINED, /* source is the guest pid from now on; a join that failed is an FX_DROP */
	FX_FRAMES, /* bytes for source, in order: one unit, never split over two datagrams */
	FX_DROP,   /* close source: it broke the rules, or its actor was ended; text says why */
	FX_HALT,   /* the tree has ended; halt says how; nothing of it is left */
	FX_N_KINDS,
};

/* What a link of a chain of causes tells (INTERFACE 3, why and events). */
enum link_kind {
	LINK_START,        /* a start attempt began */
	LINK_READY,        /* ... and has succeeded */
	LINK_START_FAILED, /* ... or not: reason */
	LINK_IGNORED,      /* ... or it said ignore */
	LINK_STOPPING,     /* told to stop: reason */
	LINK_KILLING,      /* SIGKILL: its time was up, or brutal_kill */
	LINK_DOOMED,       /* an exit signal with reason, or its own last words, will end it */
	LINK_EXITED,       /* the end of it: reason */
	LINK_BACKOFF,      /* its restart waits; delay */
	LINK_RETRY,        /* its start failed in a restart and will be tried again */
	LINK_SHORTAGE, /* the daemon could not start it for want of something: code is the errno */
	LINK_GAVE_UP,  /* a supervisor: more restarts than its intensity allows */
	LINK_FAILED,   /* give_up = hold: this child was restarted too often */
	LINK_WAITING,  /* down until the cause is started again */
	LINK_AUTO_SHUTDOWN, /* a supervisor: significant children ended */
	LINK_HELD,          /* an operator's stop holds it down */
	LINK_RELEASED,      /* an operator's start took the hold away */
	LINK_REMOVED,
	LINK_LINGERS,  /* the main process is gone, the rest of it is not, for a second now */
	LINK_BUDGET,   /* the root: the shutdown budget is at 80 %, at 100 % */
	LINK_IDLE,     /* on demand: from now on it waits for a trigger */
	LINK_REPLACES, /* it takes the place of an older incarnation: code is its slot (overlap) */
	LINK_CYCLE,    /* it, from, and perhaps more wait for room in each other's mailboxes */
	/* From here on: told, and kept in nobody's chain (told.c). pid: the actor's, which may be a
	 * guest; from: who sent it, or whose end it is */
	LINK_EXIT_SIGNAL,  /* it traps: an exit signal has come as a message; reason */
	LINK_EXIT_IGNORED, /* an exit signal that does nothing; reason */
	LINK_DOWN,         /* what it monitors, or waits for an answer of, has ended; reason */
	LINK_LINKED,
	LINK_UNLINKED,
	LINK_MONITORED,
	LINK_DEMONITORED,
	LINK_OVERFLOW,     /* its mailbox is full; code: messages that found it so, 1, 10, 100... */
	LINK_OVERFLOW_END, /* ... and has room again; code: how many that were */
	LINK_FAILING,      /* asked whether it is well, it failed; code: times in a row; reason */
	LINK_UNHEALTHY,    /* ... once too often; reason */
	LINK_HEALTHY,
	LINK_LEFT_OUT,    /* the root: code of these were too many at a time and are not told */
	LINK_UNIX_SIGNAL, /* an operator has sent it one; reason: signal:NAME, whatever comes of it
			   */
	LINK_N_KINDS,
};

static inline bool link_is_kept(enum link_kind kind)
{
	return kind < LINK_EXIT_SIGNAL;
}

/* Who or what is behind a link that no other link caused. */
enum origin {
	ORIGIN_NONE,     /* look at the cause */
	ORIGIN_SELF,     /* the process itself */
	ORIGIN_BOOT,     /* the tree starts */
	ORIGIN_OPERATOR, /* supctl start, stop, restart, add, remove, exit */
	ORIGIN_CALL,     /* the child API */
	ORIGIN_SHUTDOWN, /* the daemon shuts down */
	ORIGIN_TIMER,
	ORIGIN_ACTOR,    /* an actor's exit signal: link.from */
	ORIGIN_LINK,     /* the end of a linked actor outside the tree: link.from */
	ORIGIN_SPAWN,    /* an actor that spawns: link.from */
	ORIGIN_SCHEDULE, /* its time has come */
	ORIGIN_SOCKET,   /* somebody connects to it */
	ORIGIN_WATCH,    /* the daemon, which watches: a failed probe, a silent watchdog */
	ORIGIN_N,
};

struct cause {
	uint64_t seq; /* 0: none */
	uint32_t slot;
	enum origin origin; /* where seq is 0 */
};

struct link {
	uint64_t seq; /* counts all changes of the node, from 1 */
	struct mono at;
	struct cause cause;
	enum link_kind kind;
	int32_t code; /* LINK_SHORTAGE: errno; LINK_BACKOFF: milliseconds; LINK_READY: successful
			 starts so far; LINK_REPLACES: a slot; LINK_OVERFLOW and others: a number;
			 LINK_EXITED: the Unix signal that an operator had sent shortly before,
			 where it did not die of that one; 0: none */
	actor_pid pid;
	actor_pid from;       /* LINK_DOOMED, LINK_KILLING: who sent the signal, or was linked;
				 LINK_START: who spawned it */
	struct reason reason; /* owned */
};

enum answer {
	ANSWER_OK,
	ANSWER_OK_UP,           /* pid */
	ANSWER_OK_UNDEFINED,    /* start_child of a child that said ignore */
	ANSWER_ALREADY_STARTED, /* pid */
	ANSWER_ALREADY_PRESENT,
	ANSWER_RUNNING,
	ANSWER_RESTARTING,
	ANSWER_NOT_FOUND,
	ANSWER_SIMPLE_ONE_FOR_ONE,
	ANSWER_BAD_COMBINATION,
	ANSWER_MAX_CHILDREN,
	ANSWER_START_FAILED, /* start(REASON): reason */
	ANSWER_ROWS,         /* which_children: rows, in OTP's order */
	ANSWER_COUNTS,       /* count_children: counts */
	ANSWER_SPEC,         /* get_childspec: spec */
	/* beyond OTP */
	ANSWER_NOPROC,          /* target does not exist, or the supervisor does not run */
	ANSWER_NOT_SUPERVISOR,  /* target has no children */
	ANSWER_ALREADY,         /* start of what runs already: a success */
	ANSWER_PARENT_DOWN,     /* start under a supervisor that is down: blocker names it */
	ANSWER_BLOCKED,         /* start of what waits for a failed or held one: blocker names it */
	ANSWER_ROOT,            /* stop, remove, restart of the root: use shutdown */
	ANSWER_STOPPED,         /* it was stopped before it got ready */
	ANSWER_GAVE_UP_WAITING, /* wait: it can not become so: it was removed, or the tree ended */
	ANSWER_NO_MEMORY,
	ANSWER_BAD_SPEC, /* code: enum spec_error */
	ANSWER_SHUTTING_DOWN,
	/* to actors */
	ANSWER_NAME_TAKEN,    /* pid: who holds it; none while it is reserved for a child */
	ANSWER_BAD_NAME,      /* text */
	ANSWER_NOT_PERMITTED, /* text: why, and what would permit it */
	ANSWER_REFUSED,       /* text: a limit is reached, or what it asks for can not be */
	ANSWER_SPAWNED,       /* an operator's request for what is no child of the tree */
	ANSWER_NOT_AN_ACTOR,  /* the request came from no actor that lives */
	ANSWER_N,
};

enum row_state { ROW_UP, ROW_UNDEFINED, ROW_RESTARTING };

struct child_row {
	uint32_t slot;
	actor_pid pid;
	enum row_state state;
	enum child_type type;
	char name[64]; /* cut where longer; "undefined" under simple_one_for_one */
};

struct child_counts {
	uint32_t specs, active, supervisors, workers;
};

struct reply {
	uint64_t id; /* of the request */
	enum answer answer;
	int32_t code;
	actor_pid pid;
	uint32_t slot;          /* of the child concerned; UINT32_MAX: none */
	uint32_t blocker;       /* slot; ANSWER_PARENT_DOWN, ANSWER_BLOCKED */
	struct reason reason;   /* owned by the effect */
	struct child_row *rows; /* owned by the effect */
	uint32_t n_rows;
	struct child_counts counts;
	struct spec *spec; /* owned count of the effect */
	const char *text;  /* static; ANSWER_NOT_PERMITTED, ANSWER_BAD_NAME, ANSWER_REFUSED: why */
};

enum halt_kind {
	HALT_ORDERLY,       /* status 0 */
	HALT_GAVE_UP,       /* the root gave up, or could not start: status 1 */
	HALT_AUTO_SHUTDOWN, /* as slot's service ended: reason */
};

struct effect {
	enum effect_kind kind;
	uint32_t slot;
	actor_pid pid;
	union {
		struct link link;   /* FX_NOTICE; its reason is a count of the effect's own */
		struct reply reply; /* FX_REPLY */
		struct {
			enum halt_kind halt;
			struct reason reason; /* owned by the effect */
		} end;                        /* FX_HALT */
		struct {
			uint64_t source;
			const void *data; /* FX_FRAMES: the core's, until the next core_step() */
			size_t size;
			const char *text; /* FX_DROP: static */
			bool ended; /* FX_DROP: its actor has, and it has done nothing wrong */
		} out;              /* FX_JOINED, FX_FRAMES, FX_DROP */
	};
};

extern const char *const event_kind_names[];
extern const char *const request_kind_names[];
extern const char *const role_names[];
extern const char *const effect_kind_names[];
extern const char *const link_kind_names[];
extern const char *const origin_names[];
extern const char
	*const answer_names[]; /* OTP's words where it has one: "already_started", "not_found" */

#endif
