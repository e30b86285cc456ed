/* SPDX-License-Identifier: MIT */
#ifndef SUPD_PROBING_H
#define SUPD_PROBING_H

/*
 * What the daemon does, for a service whose configuration says so, to find out whether it is ready
 * and whether it is well: the one record of that, which a process has only then. It is made anew
 * for each start, goes to work when the process runs, and lets go when the service is told to stop
 * or has ended.
 */

#include "supd/health.h"
#include "supd/readiness.h"

struct probing {
	struct daemon *daemon; /* borrowed */
	struct spec *spec;     /* owned count; of the present or last incarnation */
	actor_pid pid;         /* ... which is this; 0: its start was given up */
	bool watches;          /* a line is waited for already, before its start */
	bool waits;            /* ... which the log keeper is to be ready for */
	struct readiness readiness;
	void (*seen)(struct process *p); /* NULL: nobody waits for it */
	struct health health;
};

/*
 * Before a start of p by that view. 1: it waits for the log keeper; process_launch_watched() is
 * called, later. 0: it can be started. -ENOMEM.
 */
int probing_watch(struct daemon *d, struct process *p, const struct child_view *v, actor_pid pid);
/* It does. Takes NULL. */
bool probing_is_waiting(const struct probing *probing);
void probing_wait_no_more(struct probing *probing); /* it is not to be started after all */
/* For a start of p by that view. Where it is to be asked nothing, nothing is done. 0, -errno: it
 * cannot be started, by preparation->object. */
int probing_prepare(struct daemon *d, struct process *p, const struct child_view *v, actor_pid pid,
		    struct preparation *preparation);
/* What follows is called for those only that have such a record. */
void probing_begin(struct probing *probing); /* its process runs */
/* Its process has ended: what it has said before; tells no more after that. */
void probing_drain(struct probing *probing);
/*
 * ... which may still be under way: true, and seen is called with its process when it is not any
 * more. Until then its end is not told, and probing_end() does nothing.
 */
bool probing_await_rest(struct probing *probing, uint32_t slot, void (*seen)(struct process *p));
void probing_end(struct probing *probing);
/* timeout:start, with what had failed until then, should its start end so. Owned. */
struct reason probing_late(const struct probing *probing);
void probing_free(struct probing *probing); /* takes NULL */

/* The core tells of a change of that service: it is ready, or about to end. */
void probing_on_notice(struct daemon *d, uint32_t slot, const struct link *link);

/* Of all probes at a time: a part of the fds there are, the rest is for what starts and who asks.
 */
unsigned probing_max(void);
/* NULL: nobody asks whether it is well. */
const struct health *probing_health(const struct daemon *d, uint32_t slot);

#endif
