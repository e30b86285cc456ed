/* SPDX-License-Identifier: MIT */
#ifndef SUPD_TAP_H
#define SUPD_TAP_H

/*
 * A service's output on its way to ours, read for a line that matches (ready = log:REGEX). All of
 * it is passed on, whole lines at a time as far as they have at most TAP_LINE_MAX bytes, until
 * nobody has the other end any more: also when the line was found, or the service's main process
 * has ended. Where ours takes no more, nothing is read: whoever writes then waits, as without a
 * tap.
 */

#include <regex.h>

#include "base/buf.h"
#include "base/list.h"
#include "supd/loop.h"

/* What is looked at of a line, and written at once: a pipe takes that in one piece. */
#define TAP_LINE_MAX 4096

struct tap {
	struct list link;  /* of all taps */
	struct loop *loop; /* borrowed */
	int in;            /* owned */
	int given;         /* owned, until the process has it: the other end; 0: none */
	int to;            /* ours: STDOUT_FILENO or STDERR_FILENO */
	int out;           /* what is written to; owned where it is not `to` */
	bool is_socket, waits;
	struct loop_fd reader, writer;
	struct buf held; /* what is still to be passed on */
	struct buf line; /* how the line in hand begins, while it is looked for */
	regex_t regex;
	void (*found)(void *owner); /* NULL: nobody waits for it any more, and there is no regex */
	void *owner;                /* borrowed */
	struct tap **place;         /* borrowed; where its owner has it; NULL: nobody has it */
};

/* A tap of our fd `to`, put on the list; *place is it until it is forgotten or ends. 0, or -errno.
 */
int tap_new(struct list *taps, struct loop *loop, int to, const char *pattern, struct tap **place);
void tap_begin(struct tap *tap); /* the process has its end */
/* Reads what there is; found may be called. The tap may be gone afterwards. */
void tap_drain(struct tap *tap);
void tap_forget(struct tap *tap); /* nobody waits for the line; it passes on by itself */
/* What it has read is passed on, as far as ours takes it. */
void tap_free(struct tap *tap);
void taps_close(struct list *taps); /* all of them, and what has been written to them */

#endif
