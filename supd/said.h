/* SPDX-License-Identifier: MIT */
#ifndef SUPD_SAID_H
#define SUPD_SAID_H

/*
 * What an incarnation has said about itself, beyond that it is ready, and what hangs on that. Most
 * services never say more: they have no such record. It is made by the first line that needs one,
 * or at the start of a service with a watchdog, and goes with its slot.
 */

#include "base/list.h"
#include "supd/processes.h"
#include "supd/rows.h"

/* Of STATUS=; what is longer is cut. */
#define SAID_TEXT_MAX 500

/* What it is about, beside running. */
enum activity { ACTIVITY_NONE, ACTIVITY_RELOADING, ACTIVITY_STOPPING, ACTIVITY_N };

/* What is complained about in the log: each once an incarnation. */
enum complaint {
	COMPLAINT_SPEAKER,  /* whose word does not count */
	COMPLAINT_MESSAGE,  /* a datagram that is too long, or holds a NUL */
	COMPLAINT_VALUE,    /* a value that means nothing */
	COMPLAINT_MAIN_PID, /* a process that is not its own to name */
	COMPLAINT_FDS,      /* fds that are not kept */
};

struct fd_store;
struct main_process;
struct watchdog;

struct said {
	struct daemon *daemon;   /* borrowed */
	struct process *process; /* borrowed; whose it is */
	char *text;              /* owned; STATUS=, fit to be shown; NULL: none */
	int32_t error;           /* ERRNO=; 0: none */
	uint8_t activity;
	uint32_t complained;        /* a set of enum complaint */
	struct list reloads;        /* of struct reload_waiter */
	struct watchdog *watchdog;  /* owned; NULL: none */
	struct main_process *moved; /* owned; NULL: its main process is the one that was started */
	struct fd_store *fds;       /* owned; NULL: none; outlives the incarnation */
};

/* p's record, made where there is none; NULL: memory is short. */
struct said *said_of(struct daemon *d, struct process *p);
/* p starts anew: what its last incarnation has said is forgotten. Takes one without a record. */
void said_begin(struct daemon *d, struct process *p, const struct exec *exec);
/* p's main process has ended. Takes one without a record. */
void said_end(struct process *p);
void said_free(struct process *p); /* takes one without a record */

/* Once an incarnation: a warning. */
void said_complain(struct daemon *d, struct process *p, enum complaint complaint,
		   const char *format, ...) PRINTF(4, 5);
/* text becomes its status text; cut where it is long, what would steer a terminal made blanks. */
void said_text(struct daemon *d, struct process *p, const char *text);
/* It runs and has got ready: a change of state that the core has told. */
void said_on_notice(struct daemon *d, uint32_t slot, enum link_kind kind);
/*
 * Appends " (it said ENOENT: no such database)", as far as that incarnation of slot did; with
 * only_error nothing where it has told no errno.
 */
void said_explain(struct buf *out, const struct daemon *d, uint32_t slot, actor_pid pid,
		  bool only_error);
void said_put(struct wire_encoder *e, const struct daemon *d, uint32_t slot); /* status */

/* ---- reloads ---- */

/*
 * Whoever has made a service reload and waits for the end of that: it says RELOADING=1, with a
 * MONOTONIC_USEC that is not before `since`, and then READY=1. Called once, and then forgotten:
 * done, or not, where its main process has ended before.
 */
struct reload_waiter {
	struct list link; /* list_init()ed by said_await_reload() */
	void (*call)(struct reload_waiter *waiter, bool done);
	struct mono since;
	bool begun;
};

/* 0 or -ENOMEM. */
int said_await_reload(struct daemon *d, struct process *p, struct reload_waiter *waiter);
/* It is to be called no more; takes one that was called, but none that never waited. */
void said_forget_reload(struct reload_waiter *waiter);
/* RELOADING=1 with that MONOTONIC_USEC; READY=1. */
void said_reloading(struct said *said, struct mono at);
void said_ready(struct process *p);

extern const char *const activity_names[];

#endif
