/* SPDX-License-Identifier: MIT */
#ifndef SUPD_READINESS_H
#define SUPD_READINESS_H

/*
 * Whether a service that was started is ready, where that is not for itself to say on the notify
 * socket: by a newline on an fd, by a line of its output, or by asking, at once and then again and
 * again until the core ends its start.
 */

#include "supd/inquiry.h"
#include "supd/keeper.h"
#include "supd/streams.h"

struct readiness {
	const struct exec_probes *probes; /* borrowed */
	struct inquiry inquiry;           /* where it asks */
	struct loop_timer timer;          /* the next try */
	struct span wait;                 /* ... after that */
	uint64_t tries;
	struct loop_fd watcher;
	int fd;    /* owned; what a newline is to come from; 0: none */
	int given; /* owned, until the process has it; its end of that; 0: none */
	bool asks, closed, matches, unheard, unanswered;
	struct stream_match match; /* while a line is looked for */
	/* Its process has ended, and what it has written is still being looked at. */
	struct keeper_mark mark;
	void (*seen)(void *owner);     /* all of that was; NULL: nobody waits for it */
	char detail[PROBE_DETAIL_MAX]; /* why the last try failed, or what it waits for */
	void (*watching)(void *owner); /* it can be started */
	/* It is ready. */
	void (*done)(void *owner);
	void *owner; /* borrowed */
};

/*
 * A line of its output is waited for, which is to be begun before it is prepared. True: watching is
 * called, later, when it has; it is not to be started before. Fill in watching.
 */
bool readiness_watch(struct readiness *r, struct daemon *d, const struct child_view *service);
/* For a start. What the process is given is added to that. 0, or -errno with nothing to free. */
int readiness_prepare(struct readiness *r, struct daemon *d, const struct child_view *service,
		      struct handed *handed);
/* The process runs. */
void readiness_begin(struct readiness *r, struct daemon *d);
/* What it has said before its end. */
void readiness_drain(struct readiness *r);
/*
 * Its process has ended. True: a line that says that it was ready may still come out of what it has
 * written; then seen is called, once, in a while, unless readiness_stop() is called before.
 */
bool readiness_await_rest(struct readiness *r, struct daemon *d, uint32_t slot,
			  void (*seen)(void *owner));
/* Whatever was under way; leaves detail. */
void readiness_stop(struct readiness *r, struct daemon *d);

#endif
