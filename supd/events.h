/* SPDX-License-Identifier: MIT */
#ifndef SUPD_EVENTS_H
#define SUPD_EVENTS_H

/*
 * What has happened: every change that the core tells of, and what others of the daemon's files
 * have seen. An event has a number, which goes on over restarts of the daemon, the time, its kind,
 * whose it was, and the number of the event that led to it. sup(7) lists kinds and fields.
 *
 * The last of them are kept here (event_ring.h), for those who look (supctl events, supctl why);
 * each is handed to listeners at once, and as a line of JSON to the log keeper, which has it
 * written to LOG_DIR/events.log; those of one turn together, when what they led to is under way.
 * From there they come back when the daemon is started anew.
 */

#include "base/list.h"
#include "supd/daemon.h"
#include "supd/event_ring.h"
#include "wire/field.h"

/* Something that the core does not know of. Texts are borrowed for the call; NULL: none. */
struct occurrence {
	const char *kind;        /* "rotated"; a word of sup(7) */
	const char *name;        /* the path of whom it is about; NULL: the daemon itself */
	actor_pid pid;           /* ACTOR_PID_NONE: none */
	const char *reason;      /* an exit reason, or a word */
	const char *explanation; /* for people */
	uint64_t cause;          /* number of the event that led to it; 0: none */
	const char *origin;      /* where there is no cause */
	/* Appends further fields. */
	void (*more)(struct wire_encoder *e, const void *data);
	const void *data;
};

/* It has happened just now. Its number; 0: there was no memory for it, it is missing. */
uint64_t events_add(struct daemon *d, const struct occurrence *what);

/* Between these two, lines for the log keeper are collected for one write at the end. */
void events_hold(struct daemon *d);
void events_release(struct daemon *d);

/* ---- hearing of it ---- */

/* Called for each event, in order, when it is there. May add others: they come afterwards. */
struct events_listener {
	struct list link; /* initialise with list_init() */
	void (*call)(void *owner, uint64_t seq, const struct wire_frame *row);
	void *owner;
};

void events_listen(struct daemon *d, struct events_listener *listener);
void events_unlisten(struct events_listener *listener); /* also one that does not listen */

/* ---- looking back; rows are borrowed until the next event is added ---- */

/* The event of that number. False: it is not kept. */
bool events_find(const struct daemon *d, uint64_t seq, struct wire_frame *ret_row);
/* The next newer than seq (0: the oldest), the next older (UINT64_MAX: the newest). Its number; 0:
 * there is none. */
uint64_t events_next(const struct daemon *d, uint64_t seq, struct wire_frame *ret_row);
uint64_t events_previous(const struct daemon *d, uint64_t seq, struct wire_frame *ret_row);
/* The number of the event that the core's change of that number (link.seq) has become; 0: not
 * kept. */
uint64_t events_of_link(const struct daemon *d, uint64_t link);
/* The number of the newest; 0: there was none yet. */
uint64_t events_last(const struct daemon *d);

/* All of them; borrowed. */
const struct event_ring *events_ring(const struct daemon *d);

/* ---- for setup.c and run.c ---- */

int events_open(struct daemon *d);   /* 0 or -ENOMEM */
void events_close(struct daemon *d); /* takes a daemon without */
/* Reads back what is logged, once it is known where; then the daemon has begun. */
void events_resume(struct daemon *d);
/* One line of those. 0; -EINVAL: it is damaged, or not newer than the last; -ENOMEM. */
int events_restore(struct daemon *d, const char *line, size_t size);
/* The daemon is about to end, in order. */
void events_on_halt(struct daemon *d, const struct reason *reason);
void events_on_notice(struct daemon *d, uint32_t slot, const struct link *link);
/* events_config.c, before that: a child was added to the tree, or is taken out of it. */
void events_on_config(struct daemon *d, uint32_t slot, const struct link *link);

#endif
