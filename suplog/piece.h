/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_PIECE_H
#define SUPLOG_PIECE_H

/*
 * Where lines end and long ones are split; for formatters. A line is split where a piece of it has
 * line_max bytes, or up to three fewer where a UTF-8 character would be torn. That depends on the
 * bytes alone, not on how many of them were there at a time: however the pipe's contents were cut
 * into batches, the pieces are the same (but for what somebody wanted to have of an open line).
 */

#include <string.h>

#include "suplog/format.h"

enum piece_end {
	PIECE_NONE,  /* not all of it is there */
	PIECE_LINE,  /* an end of a line is behind it */
	PIECE_SPLIT, /* the line goes on, in a piece of its own */
	PIECE_OPEN,  /* the line goes on, later: the caller wants what there is */
};

struct piece {
	size_t size; /* without the end of the line */
	enum piece_end end;
};

/* At most `left`, without a character that would be torn there. */
size_t piece_split(const char *data, size_t left, bool begun);

/* The first piece of data, of at most `left` bytes. begun: its first bytes are out already; then it
 * may well have no more of them. rest: what is there of an open line is wanted. */
static inline struct piece piece_next(const char *data, size_t size, size_t left, bool begun,
				      bool rest)
{
	size_t seen = size > left ? left + 1 : size;
	const char *newline = memchr(data, '\n', seen);

	if (newline)
		return (struct piece){(size_t)(newline - data), PIECE_LINE};
	if (size > left)
		return (struct piece){piece_split(data, left, begun), PIECE_SPLIT};
	if (rest && size > 0)
		return (struct piece){size, PIECE_OPEN};
	return (struct piece){0, PIECE_NONE};
}

#endif
