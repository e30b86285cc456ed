/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_KEEPER_H
#define SUPLOG_KEEPER_H

/*
 * The log keeper: two threads and one lock.
 *
 * The main thread reads what supd says and notes it down. The hand reads pipes and writes files. It
 * holds the lock whenever it does not wait for the kernel: around a call that may wait for a disk
 * it lets go (hand_leave, hand_enter), so that supd is heard, other streams are seen after, and a
 * disk that hangs is told of. Who holds the lock may read and change everything, but for what is
 * the hand's alone: a stream's place, format, tail and pace, and the list of streams' ends. A
 * stream is freed by the hand alone.
 */

#include <pthread.h>
#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "suplog/console.h"
#include "suplog/fault.h"
#include "suplog/format.h"
#include "suplog/packing.h"
#include "suplog/place.h"
#include "suplog/rate.h"
#include "suplog/record.h"
#include "suplog/settings.h"
#include "suplog/syslog.h"

/* Someone wants to know when all that was in the pipe is written. */
struct mark {
	struct list link;
	uint64_t ref;
	uint64_t target; /* of stream.taken */
	size_t lines;    /* wanted of the tail */
	struct mono since;
	bool told;
};

/* A request `rotate`, until it is through. They are carried out one after the other. */
struct rotation {
	struct list link;
	uint64_t ref;
	int64_t number; /* -1: all */
	struct mono until;
	size_t left; /* streams that have it before them */
	bool begun;
	struct fault fault;
};

struct tally {
	uint64_t lines, bytes;
};

/* A log that takes nothing. */
struct trouble {
	bool on;
	bool told;             /* supd knows of it, or of the last one, and not that it is over */
	struct mono better_at; /* when that is told, unless there is more; 0: it is not due */
	struct mono retry_at;
	struct span wait;
};

/* A line is waited for (suplog/watch.h). */
struct watch {
	uint64_t ref;
	uint64_t from; /* of stream.taken: what is before that is passed over */
	bool live;     /* it is looked for */
	regex_t regex;
};

struct stream {
	uint32_t number;
	struct settings *settings; /* owned */
	struct settings *next;     /* owned; what it is to have from the next look on; or NULL */
	int pipe;                  /* owned */
	size_t pipe_size;
	size_t grown;   /* of these, bytes that count for keeper.grown */
	uint64_t taken; /* bytes taken out of the pipe */

	struct place place;
	bool has_opened;
	bool recovered;   /* the file was cut to what the record says */
	bool reformatted; /* what is in the file was written in another format */
	struct format format;
	struct buf tail; /* the last lines */
	struct rate rate;
	struct console_stream shown;
	struct watch watch;

	/* when it is looked at */
	struct list busy; /* in keeper.busy, or unlinked: then epoll tells */
	struct mono look_at;
	struct mono looked_at;
	unsigned looks;            /* since it became busy */
	bool watched;              /* it is in the epoll set */
	bool ended;                /* nobody writes into the pipe any more */
	struct mono partial_since; /* a line without end is at the front of the pipe; MONO_NEVER */
	uint64_t partial_at;       /* of `taken`: which one */

	/* what is asked of it */
	struct list marks;
	struct rotation *rotation; /* borrowed */
	bool rotate_late;          /* its file is to be rotated as soon as a line ends */
	bool forget;
	bool last;     /* the keeper ends: it was asked for all that is left */
	bool detached; /* its number is another's now: nothing of it counts any more */

	struct trouble trouble;
	struct tally dropped;   /* not yet told */
	struct tally unwritten; /* dropped, and not yet noted in the log itself */
	struct tally dropped_rate, unwritten_rate; /* the same of lines above the rate */
	bool dropping;       /* the line at the front of the pipe: its beginning was dropped */
	struct mono told_at; /* the last notice of it */
};

struct keeper {
	pthread_mutex_t lock;
	int control;              /* to supd */
	int wake_hand, wake_main; /* eventfds */
	int epoll;
	int scratch[2]; /* owned */
	struct record record;
	struct place_root root;
	struct console *console; /* owned; NULL: none */
	struct packing *packing; /* owned; NULL: none */
	struct syslog syslog;
	int console_fd; /* owned until the console is there; -1: none */
	bool console_colour;
	size_t console_width;
	bool begun;
	pthread_t hand; /* where begun */

	struct stream **streams; /* owned; by number, with holes */
	size_t n_streams;
	struct list busy;
	struct mono sweep_at;
	struct list rotations;

	struct list notices; /* that supd has not taken yet */
	size_t n_notices;

	char *in; /* owned; KEEPER_BATCH_MAX bytes */
	struct buf out;
	size_t flight;       /* bytes at the front of the pipe that the hand is about to write */
	size_t held;         /* of these, bytes that were moved to staging (suplog/drop.h) */
	int spill[2];        /* what is dropped passes through here */
	size_t grown;        /* bytes that pipes were grown by in all */
	struct mono grow_at; /* not before */

	/* The call that the hand is in. */
	struct stream *calling;
	struct mono called_at;
	bool call_told;
	bool opening; /* not in a stream's call: the hand opens the log folder, since called_at */
	bool main_sleeps; /* until it is woken: the hand does so before a call */

	bool finishing;
	bool finish_asked; /* all streams were asked for what is left */
	struct mono finish_by;
	bool done;
	int status; /* of the process's end */
};

struct mono mono_now(void);
int64_t wall_now(void);

/* keeper.c */
int keeper_init(struct keeper *k, int control);
/* What is left of it is the process's, which ends. */
void keeper_fini(struct keeper *k);
/* Its stream of that number, or NULL. */
struct stream *keeper_stream(const struct keeper *k, int64_t number);
/* A new stream; takes settings and pipe over, also on failure. 0 or -errno. */
int keeper_add(struct keeper *k, uint32_t number, struct settings *settings, int pipe);
void keeper_wake(int eventfd);

/* control.c: the main thread; returns the exit status. */
int control_run(struct keeper *k);

/* The log folder was removed: only a new process may write into the one that comes after it. */
#define EXIT_AGAIN 3

/* hand.c: the hand's thread, and what its parts need of it. */
void *hand_run(void *keeper);
/* Around a call that may wait for a disk: without the lock, and then with it again. */
void hand_leave(struct keeper *k, struct stream *s);
void hand_enter(struct keeper *k);
/* The log folder is open, and we are confined to it. Without the lock. 0 or -errno. */
int hand_open_root(struct keeper *k, struct fault *fault);
/* The stream is to be looked at at that time, or earlier. */
void hand_look_at(struct keeper *k, struct stream *s, struct mono when);
/* hand_sweep() is to run at that time, or earlier. */
void hand_sweep_at(struct keeper *k, struct mono when);

#endif
