/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_RECORD_H
#define SUPLOG_RECORD_H

/*
 * The record: what must be known after a kill -9 so that no byte is lost and none is written twice.
 * It is a memfd that supd holds, mapped here: storing into it costs no system call.
 *
 * A batch goes like this:
 *
 *        what                                          word      after a crash before the next step
 *   1    tee(2) from the stream's pipe: it keeps all   idle      cut the file back to the offset,
 *   2    write to the file                                       go on
 *   3    store offset, state and n                     committed take n bytes out of the pipe, less
 *   4    splice(2) n bytes of the pipe to staging                what is in staging already
 *   5    say so                                        draining  empty staging, then take the rest
 *   6    splice(2) staging to /dev/null                          out of the pipe
 *   7    say so                                        idle
 *
 * Only this process puts bytes into the staging pipe, so how far 4 has come is the number of bytes
 * in it. One batch is under way at any time. 4 to 6 move pages between pipes, they copy nothing.
 *
 * What a crash leaves of 4 is made `owed` by the stream (record_open), as its pipe is not there
 * yet; the stream pays when it comes (record_begin). A slot is good for one pipe: it names its
 * inode.
 *
 * The word is one store, and stands behind what it speaks of: x86 keeps their order, elsewhere the
 * release does.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "logs/keeper.h"
#include "suplog/format.h"

enum record_phase {
	RECORD_IDLE,
	RECORD_COMMITTED,
	RECORD_DRAINING,
	RECORD_HELD, /* staging has what record_hold() took, which is not in the file */
	RECORD_N_PHASES,
};

struct record_head {
	uint64_t magic;
	_Atomic uint64_t word; /* bytes not yet taken << 8 | phase */
	uint64_t offset;       /* what the stream's slot is to have */
	struct format_state state;
	uint32_t number; /* of the stream */
	uint8_t spare[64 - 36];
};

struct record_slot {
	struct keeper_progress progress; /* first: supd reads it */
	uint64_t dev, ino;
	uint64_t offset; /* of the file, up to which it holds what was taken out of the pipe */
	uint64_t owed;   /* bytes at the front of the pipe that are in the file already */
	uint64_t since;  /* ns since 1970 UTC: of the first byte in the file; 0: it is empty */
	struct format_state state;
	uint64_t lost; /* bytes that a keeper that was killed had held */
	/* of the watch (suplog/watch.h); 0: there is none */
	uint64_t watch;
	uint64_t watch_left; /* bytes at the front of the pipe that it passes over */
};

struct record {
	struct record_head *head; /* mapped; NULL: not open */
	struct record_slot *slots;
	int staging[2]; /* owned */
	int nothing;    /* owned; /dev/null */
};

/* Not open: for record_close(). */
#define RECORD_INIT ((struct record){NULL, NULL, {-1, -1}, -1})

/*
 * Maps the memfd, which may hold what a predecessor has left, and settles that. Takes the staging
 * pipe's fds over, also on failure; borrows the memfd. 0 or -errno; -EPROTO: no record of ours.
 */
int record_open(struct record *r, int memfd, const int staging[2]);
void record_close(struct record *r);

/*
 * A stream with this pipe comes. What it owes is taken out of the pipe; a slot of another pipe is
 * forgotten. The slot is then true. -errno.
 */
int record_begin(struct record *r, uint32_t number, int pipe);
void record_forget(struct record *r, uint32_t number);

/*
 * The stream's progress, for supd. Some of its pipe is about to be taken out; and all that was to
 * be has been: so many bytes ever, the last of them in a line that is open.
 */
void record_taking(struct record *r, uint32_t number);
void record_taken(struct record *r, uint32_t number, uint64_t taken, bool open);

/* Another file: offset and state are what the next batch begins with. */
void record_set_file(struct record *r, uint32_t number, const struct record_slot *file);
/* Steps 3 to 7. Bytes that another process has taken out of the pipe meanwhile are not waited for.
 */
int record_commit(struct record *r, uint32_t number, int pipe, size_t n,
		  const struct record_slot *then);

/*
 * The front of a pipe, up to n bytes, goes to staging: a batch is under way that hangs, and what is
 * behind it is to be dropped. Returns how many: staging may be too small for all of it. With
 * record_release() the first n bytes of the batch are in the file, as in record_commit(): of these,
 * what is in the pipe still is taken out of it. What else was held is read into data, as far as
 * that has room.
 */
size_t record_hold(struct record *r, uint32_t number, int pipe, size_t n);
size_t record_release(struct record *r, int pipe, size_t n, const struct record_slot *then,
		      char *data, size_t room);
/* How many bytes a predecessor had held when it was killed; they are gone. */
uint64_t record_take_lost(struct record *r, uint32_t number);

static inline struct record_slot *record_slot(const struct record *r, uint32_t number)
{
	return &r->slots[number];
}

#endif
