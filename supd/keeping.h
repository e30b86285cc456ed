/* SPDX-License-Identifier: MIT */
#ifndef SUPD_KEEPING_H
#define SUPD_KEEPING_H

/*
 * Between the files of the log keeper's daemon side: keeper.c (its beginning and end),
 * keeper_place.c (where files go, which program it is), keeper_process.c (the process: start,
 * death, backoff), keeper_say.c (what it is told), keeper_hear.c (what it tells), keeper_ask.c
 * (questions of others), keeper_pulse.c (whether it hangs), keeper_own.c (the daemon's own
 * streams), streams.c (services' streams), streams_watch.c (lines that are waited for).
 *
 * Nothing that is to be said is queued: it is a state of a stream, a mark or a rotation, and is
 * said when the socket takes it. So a keeper that is slow, or was not there for a while, costs no
 * memory, and one that is started anew is told all of it by the same means.
 *
 * Each turn of the loop says it, before it waits. So that a start does not wait for the keeper to
 * have its turn, it is said before that only where the keeper is to know before the process runs
 * (keeper.hurries): a stream that is new, as its pipe should outlive a kill of supd; the end of a
 * process whose last line is still open, or on its way. Right after a start it is said where last
 * lines are wanted (keeper.wonders), which the next process soon pushes out of the keeper's memory.
 *
 * The life of a stream: made (SAY_STREAM), told, its users gone (SAY_RELEASE: a mark of its own),
 * and when that was answered, which means that nothing of it is in its pipe any more, forgotten
 * (SAY_FORGET) and freed: only then its number may be another's. Wanted again before that, it goes
 * on.
 */

#include "base/map.h"
#include "core/exec.h"
#include "logs/keeper.h"
#include "supd/keeper.h"
#include "supd/log.h"
#include "supd/loop.h"
#include "supd/spawn.h"
#include "wire/field.h"

enum say { SAY_STREAM = 1, SAY_MARK = 2, SAY_RELEASE = 4, SAY_FORGET = 8 };

/* The name of the stream of those that have none of their own. */
#define STREAM_OTHERS "others"

/* What is dropped is told of at once, and then ever less often: it may go on for days. */
struct dropping {
	int64_t lines, bytes; /* that nobody was told of yet */
	struct mono due;      /* when it may be told of again */
	struct span wait;     /* for how long not, after that */
};

struct stream {
	struct keeper *keeper;     /* borrowed */
	struct list dirty;         /* keeper.dirty, while there is something to say */
	struct match_place *watch; /* borrowed; who waits for a line of it; NULL: nobody */
	struct exec *exec;         /* owned count: how it is kept; NULL: one of our own */
	char *trouble;             /* owned; NULL: none */
	uint64_t released;         /* ref of its last mark; 0: it has users */
	uint64_t inode;            /* of the pipe */
	int64_t ended_at;          /* where its last process has ended; -1: not known */
	struct list writes;        /* keeper.writers */
	uint64_t dropped;          /* lines, ever */
	struct dropping dropping;
	uint32_t number;
	uint32_t users;
	int in, out;      /* owned; the pipe's ends */
	uid_t owner;      /* of the pipe */
	uint8_t say;      /* a set of enum say */
	bool told;        /* the keeper that runs has its reading end */
	bool used;        /* others have had its writing end, and may have changed its flags */
	const char *name; /* in key */
	char key[];       /* of keeper.by_key: how it is kept, "=", its name */
};

/* One of ours: what its pipe did not take. */
struct own_stream {
	struct stream *stream; /* owned; NULL: there are no files */
	struct buf kept;
	uint64_t lost, lost_told; /* lines */
	bool waits;
	struct loop_fd room;
};

enum console { CONSOLE_NO, CONSOLE_PLAIN, CONSOLE_COLOUR };

/* A question whether it is alive. */
enum pulse {
	PULSE_ANSWERED, /* or none was asked yet */
	PULSE_ASK,      /* is to be said */
	PULSE_ASKED,
};

struct keeper {
	struct daemon *daemon; /* borrowed */
	char *dir;             /* owned; NULL: no files */
	char *no_dir;          /* owned; why not, where there should be some; NULL: by intent */
	int lock;              /* owned; of dir; -1: none */
	char *program;         /* owned */
	enum console console;
	int width;     /* of names there */
	int64_t group; /* of files; -1: none */
	struct spawner spawner;

	struct strmap by_key;
	struct stream **by_number; /* owned, as is what they point to */
	size_t n_numbers;          /* places in it */
	size_t lowest;             /* below that none is free */
	size_t n_streams, max_streams;
	bool told_max;
	struct own_stream own[KEEPER_N_OWN];

	struct list dirty;     /* of streams */
	bool hurries;          /* ... one of which is to be known before anything else is started */
	bool wonders;          /* there are marks that were not said yet */
	struct list marks;     /* of struct keeper_mark */
	struct list rotations; /* of struct keeper_rotation */
	uint64_t ref;          /* the last that was given */
	struct loop_timer due; /* of marks and rotations */

	/* its process */
	pid_t os_pid; /* 0: it does not run */
	int socket;   /* owned; -1 */
	int record;   /* owned, as are these: what it goes by after a death (logs/keeper.h) */
	int staging[2], scratch[2];
	struct mono started;
	struct span wait;       /* the last one for a keeper that had not begun */
	unsigned short_lives;   /* in a row, of keepers that had */
	struct log_quota quota; /* of lines that tell of deaths */
	enum pulse pulse;
	bool pulse_runs;     /* the timer */
	bool pulse_late;     /* a first look has found no answer */
	bool rests;          /* it has nothing to do: pipes tells when that is over */
	int pipes;           /* owned; an epoll set of streams' pipes; -1: there is none */
	struct list writers; /* of streams that are not in it, as they write */
	struct loop_fd pipes_watcher;
	uint64_t pulse_ref;
	struct mono pulse_since;
	struct loop_timer pulse_due;
	struct span silent;      /* so long it has not answered, and was killed for it; 0: it has */
	struct loop_timer again; /* ... which is due then */
	bool waits;
	bool begun;    /* it was told `begin` */
	bool ready;    /* ... and has understood */
	bool full;     /* the socket is: it was seen so */
	bool blocked;  /* the socket is full: it is waited for room */
	bool deaf;     /* it takes nothing any more: its end is about to come */
	bool finished; /* it is not there any more, and is not to be */
	bool last;     /* it was told `finish` */
	struct loop_fd watcher;
	struct loop_timer retry;
	struct loop_turn turn;
	struct buf message;
	bool heard_more; /* there may be more than was heard */
	char heard[KEEPER_MESSAGE_MAX];
};

/* ---- keeper_place.c ---- */

/* Where files go: k->dir and k->lock, where they are to go anywhere. 0, -ENOMEM, -EINVAL with what
 * is wrong in why. */
int keeper_place_dir(struct keeper *k, struct buf *why);
/* suplog: beside our own program, else where it was installed. 0, -ENOMEM, -ENOENT with why. */
int keeper_place_program(char **ret_program, struct buf *why);

/* ---- keeper_process.c ---- */

void keeper_process_init(struct keeper *k);
void keeper_start(struct keeper *k); /* where it is not running, and no wait is under way */
/* SIGKILL: its end will be heard of. */
void keeper_shoot(struct keeper *k);
/* SIGKILL, and it is reaped. */
void keeper_kill(struct keeper *k);
/* What it may still have told before its end is heard; its socket is closed. */
void keeper_lost_process(struct keeper *k);

/* ---- keeper_say.c ---- */

/* Says what there is to say, as far as the socket takes it and others have their turn. */
void keeper_say(struct keeper *k);
/* The same, all of it, or up to a full socket. True: nothing is left. */
bool keeper_say_all(struct keeper *k);
/* `finish`, once. True: it was said. */
bool keeper_say_finish(struct keeper *k);
/* A new process knows nothing yet. */
void keeper_say_anew(struct keeper *k);
void keeper_say_later(struct stream *s, enum say say);

/* ---- keeper_hear.c ---- */

/* All that it has told so far, up to a bound. False: its end of the socket is closed. */
bool keeper_hear(struct keeper *k);
/* Something was dropped again: whether it is told of now, with all since the last time. */
bool dropping_is_due(struct dropping *d, struct mono now);

/* ---- keeper_ask.c ---- */

/*
 * What it has written by now: *ret_at, a place in it; -1: that is not known, as some of it is being
 * taken. True: all of that is in the log, and no line is open.
 */
bool stream_is_settled(const struct stream *s, int64_t *ret_at);

void keeper_asked_anew(struct keeper *k);
void keeper_answer_mark(struct keeper *k, uint64_t ref, const char *tail, size_t size);
struct keeper_rotation *keeper_find_rotation(struct keeper *k, uint64_t ref);
void keeper_end_rotation(struct keeper_rotation *r, const char *error);
void keeper_ask_init(struct keeper *k);
void keeper_ask_close(struct keeper *k); /* all are answered: it is given up */

/* ---- keeper_pulse.c ---- */

void keeper_pulse_init(struct keeper *k);
/* It is asked from time to time from now on, as long as it has something to do. */
void keeper_pulse_start(struct keeper *k);
void keeper_pulse_close(struct keeper *k);
/* A stream has come, or goes. */
void keeper_pulse_add(struct stream *s);
void keeper_pulse_remove(struct stream *s);
void keeper_pulse_stop(struct keeper *k);
/* It is to be asked now. */
void keeper_ask_pulse(struct keeper *k);
void keeper_hear_pulse(struct keeper *k, uint64_t ref);

/* ---- keeper_own.c ---- */

int keeper_own_open(struct keeper *k);
/* What is kept goes into the pipes, as far as they take it. True: all has. */
bool keeper_own_pass_on(struct keeper *k);
void keeper_own_close(struct keeper *k);
/* Of all of them, as streams_put() has it of a service: log_file is supd.log. */
void keeper_own_put(struct wire_encoder *e, const struct keeper *k);

/* ---- streams.c ---- */

/* NULL where a pipe, or memory, is not to be had: *ret_error is the errno. */
struct stream *stream_new(struct keeper *k, const char *kind, const char *name, int *ret_error);
void stream_free(struct stream *s); /* takes NULL */
/* Its file below the folder of logs, in out; NULL: none. */
const char *stream_file(const struct stream *s, struct buf *out);

/* ---- streams_watch.c ---- */

/* The keeper looks for the line of that watch; it has found it. */
void stream_watching(struct stream *s, uint64_t ref);
void stream_matched(struct stream *s, uint64_t ref);

#endif
