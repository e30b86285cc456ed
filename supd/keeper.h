/* SPDX-License-Identifier: MIT */
#ifndef SUPD_KEEPER_H
#define SUPD_KEEPER_H

/*
 * The log keeper, suplog, as the rest of the daemon sees it. It is a process of its own: the daemon
 * writes to pipes that it reads, and never to the disk; what is asked of it is answered later, or
 * not at all where it can not. Nothing here waits, and all of it takes a daemon that keeps no logs.
 */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"

struct daemon;
struct keeper;

/*
 * In order: where logs are to go is decided (that it can not be used as it is configured is told,
 * and no error); the tree is about to start; nothing of any service is left, and the loop runs no
 * more: marks are answered when keeper_settle() returns, and all that was written is in its place
 * when keeper_finish() does, each after a bounded time. 0 or -errno.
 */
int keeper_open(struct daemon *d);
void keeper_begin(struct daemon *d);
void keeper_settle(struct daemon *d); /* takes a daemon without */
void keeper_finish(struct daemon *d); /* takes a daemon without; again, too */
void keeper_close(struct daemon *d);  /* takes a daemon without */

/* The folder of the logs, absolute; NULL: there are no files. Borrowed. */
const char *keeper_dir(const struct daemon *d);
/* Why there are none, where they are wanted; NULL: they are not, or there are some. Borrowed. */
const char *keeper_no_dir(const struct daemon *d);

/* Its process is that one; it has ended, and was not reaped: that is done. */
bool keeper_is(const struct daemon *d, pid_t os_pid);
bool keeper_ended(struct daemon *d, const siginfo_t *info);

/* ---- the daemon's own streams: LOG_DIR/NAME.log, byte for byte ---- */

enum keeper_own { KEEPER_SUPD, KEEPER_EVENTS, KEEPER_REPORTS, KEEPER_N_OWN };

/*
 * Whole lines, each with its end; they are never torn. What the pipe does not take is kept, up to a
 * bound; beyond that it is lost, and counted.
 */
void keeper_write(struct daemon *d, enum keeper_own own, const void *data, size_t size);

/* ---- services' streams ---- */

enum keeper_stream { KEEPER_OUTPUT, KEEPER_ERROR };

/*
 * Appends the file that the service of that slot writes its standard output or error to, whether it
 * was started yet or not: absolute, of the running log, not of a rotated one. False: it goes into
 * no file of the keeper's; nothing is appended.
 */
bool keeper_file(const struct daemon *d, uint32_t slot, enum keeper_stream which, struct buf *out);

/*
 * A question in the asker's memory, which is not moved until it was answered or cancelled. Fill in
 * call.
 */
struct keeper_mark {
	/*
	 * All that was written until then is in its file, or it is given up; never before
	 * keeper_mark() has returned. tail: the last lines, each with its end, as they were
	 * written; NULL: they are not to be had. Borrowed for the call.
	 */
	void (*call)(struct keeper_mark *mark, const char *tail, size_t size);
	struct list link; /* from here on keeper's */
	struct list due;
	struct mono until;
	uint64_t ref;
	uint32_t number;
	uint32_t lines;
	int64_t at; /* in the stream; -1: what it has when it is said */
	bool sent;
};

/*
 * What the service of that slot has written up to now is to be in its file, a last line without its
 * end included, and its last lines are wanted (0: none; KEEPER_TAIL_LINES is usual). False: it
 * writes to no stream, and mark->call is never called; else it is within a few seconds.
 */
bool keeper_mark(struct daemon *d, uint32_t slot, uint32_t lines, struct keeper_mark *mark);
/* It is not called any more. Takes one that was called. */
void keeper_mark_cancel(struct keeper_mark *mark);

/* Likewise: files are to be rotated. Fill in file and done. */
struct keeper_rotation {
	/* One was: what it is called now, absolute (NULL: none is kept), and its size. */
	void (*file)(struct keeper_rotation *r, const char *name, const char *file, int64_t bytes);
	/* All were; NULL, or what was in the way, in words. Once, at the end. */
	void (*done)(struct keeper_rotation *r, const char *error);
	struct list link; /* from here on keeper's */
	struct mono until;
	uint64_t ref;
	int64_t number;
	bool sent;
};

/*
 * The files of a service; SLOT_NONE: all there are, the daemon's own as well. False: there are
 * none, and r is not called.
 */
bool keeper_rotate(struct daemon *d, uint32_t slot, struct keeper_rotation *r);

#endif
