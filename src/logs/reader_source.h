/* SPDX-License-Identifier: MIT */
#ifndef LOGS_READER_SOURCE_H
#define LOGS_READER_SOURCE_H

/*
 * The insides of a reader, for its own files.
 *
 * A piece is what stands between two newlines of the file, or READER_LINE_MAX bytes of it. A line
 * is one piece, or, where pieces are joined, several. Only a peek reads from the file and moves
 * bytes in memory; taking what was peeked at moves nothing.
 */

#include "base/buf.h"
#include "logs/pack.h"
#include "logs/reader.h"

struct reader {
	int fd; /* owned */
	enum logs_format format;
	bool join;
	const struct packer *packer; /* NULL: plain */
	void *packed;                /* the packer's, owned */
	struct buf in;               /* what was read */
	size_t at;                   /* in it: what comes next */
	int64_t offset;              /* in the (unpacked) file: the same place */
	int error;                   /* comes when nothing is left; of packed files */
	struct buf scratch, joined;  /* what lines borrow from */
	struct log_line last;        /* whose flags and time a piece needs that continues it */
	bool open;                   /* the last piece had no end of its own */
	bool held;                   /* `last` is to be given once more, ... */
	int64_t held_offset;         /* ... and began here */
};

/* The next piece: 1 with its size, its newline not counted; 0: not all of it is there; or as
 * reader_next(). */
int reader_peek(struct reader *r, size_t *ret_size, bool *ret_ended);
/* Goes on behind what was peeked at. */
void reader_take(struct reader *r, size_t size, bool ended);
/* Goes to a place of a plain file. */
void reader_place(struct reader *r, int64_t offset);

static inline const char *reader_data(const struct reader *r)
{
	return buf_text(&r->in) + r->at;
}

static inline size_t reader_left(const struct reader *r)
{
	return r->in.size - r->at;
}

#endif
