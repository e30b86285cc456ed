/* SPDX-License-Identifier: MIT */
#ifndef LOGS_READER_H
#define LOGS_READER_H

/*
 * The lines of one log file, plain or packed, from the first to the last, or from a time or the
 * last N lines on.
 *
 * A file may be written, rotated (the reader keeps what it has opened) or cut short meanwhile: a
 * plain file's end is no end for ever, and where the file is shorter than what was read, reading
 * goes on at its new end. Damaged packed files are read up to the damage.
 *
 * Memory is bounded, whatever is in the file: what is longer than READER_LINE_MAX comes in pieces.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "logs/kinds.h"
#include "base/utc.h"

#define READER_LINE_MAX ((size_t)1 << 20)

struct log_line {
	/* As the service wrote it, without its end; all pointers are borrowed until the next call.
	 */
	const char *text;
	size_t size;
	const char *name; /* NULL where the format has none */
	size_t name_size;
	struct utc time; /* of a piece that has none of its own: that of the piece before it */
	bool has_time;
	bool continues; /* a piece: what came before it is of the same line */
	bool more;      /* a piece: what comes next is of the same line, as far as one can tell */
	bool ended;     /* false: by the end of the file, or by READER_LINE_MAX */
};

struct reader;

/*
 * Opens a file below dir (a fd); how it is packed its name says. join: pieces of a split line are
 * put together again, up to READER_LINE_MAX. 0, -ENOMEM, -errno; -EINVAL: no regular file.
 */
int reader_open(int dir, const char *path, enum logs_format format, bool join,
		struct reader **ret_reader);
/* The same for an open file. The fd is taken on success; its position does not matter. */
int reader_new(int fd, enum logs_format format, enum logs_packing packing, bool join,
	       struct reader **ret_reader);
void reader_free(struct reader *reader); /* takes NULL */

/*
 * The next line: 1; 0 at the end, or where a plain file's last line has no end (yet): ask again
 * when the file has grown. -ENOMEM, -errno, -EBADMSG (damaged) or -ENODATA (cut): all that could be
 * read, the last line without its end too, has been given.
 */
int reader_next(struct reader *reader, struct log_line *ret_line);
/* What is there of a last line without end, after reader_next() said 0; 0: nothing. What is
 * appended to the file after that is the line's continuation. */
int reader_rest(struct reader *reader, struct log_line *ret_line);

/*
 * Goes to the first line whose time is not before t; in a plain file by bisection, which takes the
 * times to rise: after a clock was set back a place nearby is as good. Lines without time are
 * passed over on the way. In raw files the first line is it. 0 or as reader_next().
 */
int reader_seek_time(struct reader *reader, struct utc t);
/* Goes to where the last n lines begin; *ret_n (may be NULL): how many there are, at most n. */
int reader_seek_tail(struct reader *reader, size_t n, size_t *ret_n);
/* Goes to the first line. */
int reader_rewind(struct reader *reader);
/* Goes to where a line begins, as reader_offset() has said of this file before. 0 or as
 * reader_next(). */
int reader_go(struct reader *reader, int64_t offset);

/* Where the next line begins: bytes of the (unpacked) file. */
int64_t reader_offset(const struct reader *reader);
int reader_fd(const struct reader *reader); /* borrowed */

#endif
