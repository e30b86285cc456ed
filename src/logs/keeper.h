/* SPDX-License-Identifier: MIT */
#ifndef LOGS_KEEPER_H
#define LOGS_KEEPER_H

/*
 * What supd and suplog, the log keeper, say to each other over a SOCK_SEQPACKET socketpair, which
 * is suplog's fd 3. A datagram is one frame (wire/frame.h) with fields (wire/field.h): a request
 * from supd has op WIRE_REQUEST and its word as the frame's tag, a notice from suplog op WIRE_ROW
 * and its word as the field "kind". What is not known is passed over.
 *
 * A stream is what comes out of one pipe and goes into one log. supd numbers the streams from 0,
 * low numbers first, and keeps the reading end of each pipe and the record (below), so that a
 * suplog that dies is followed by one that goes on where it was: supd says `begin` and `stream`
 * anew.
 *
 *   request  fds                      fields
 *   begin    record; staging pipe,    log_dir (text; absent: no files), group (int; of files; -1:
 *            reading and writing      none), console (text: no, plain, colour), width (int; of
 *            end; scratch pipe, the   names there)
 *            same; and the console
 *            where there is one
 *   stream   the reading end; none    number, name (text), file (text; below log_dir; absent: no
 *            where only its settings  file), output (text: log, syslog), format (text, raw, json),
 *            change                   size, files, age (span), packing (no, gzip, zstd), rate
 *                                     (int), rate_span (span), overflow (block, drop), line_max,
 *                                     show (bool; on the console, where there is one), troubled
 *                                     (bool: its trouble was told, by a keeper before, and not
 *                                     its end), priority (int; of syslog), match (text, an
 *                                     extended regular expression; absent: none), ref (of match):
 *                                     a line is looked for in what is written from the first
 *                                     time on that it hears of this ref; with the same ref again,
 *                                     also by the next keeper, it goes on where it was
 *   mark                              number, ref, tail (int: lines), at (int; of the stream's
 *                                     progress, below; absent: now). All that was in the pipe
 *                                     then is written, and a last line without its end is
 *                                     ended: its process has
 *   rotate                            number (absent: all), ref
 *   forget                            number: as mark; then its fds are closed
 *   ping                              ref. It is answered whatever the disks do
 *   finish                            all pipes are read empty; then it ends with status 0
 *
 *   notice
 *   ready    begin was understood
 *   marked   number, ref, tail (bytes: the last lines, each with its end, as they came: no time, no
 *            escapes)
 *   pong     ref, of the ping
 *   rotated  number, ref (0: by itself), file, bytes; once for each stream; those by itself are
 *            left out where supd takes no notices
 *   done     ref: all of a rotate request is through; error (text) where not all of it could be
 *   watching number, ref: what is written from now on is looked at
 *   matched  number, ref: a line has matched; it looks no further
 *   trouble  number, error (text: what, where, what to do), errno; once, until it is better
 *   better   number
 *   dropped  number, why (text: overflow, rate), lines, bytes: since the last of these; at most one
 *            a second
 *
 * Numbers without a type are ints; -1 stands for "no limit".
 *
 * The record is a memfd which suplog alone writes (suplog/record.h), and which it makes as large as
 * it needs; supd makes it empty and keeps it, and reads nothing of it but each stream's progress.
 * The staging pipe belongs to it. Scratch is where a batch is looked at; what a predecessor has
 * left there is of no use. supd makes both as large as a batch before there are services: a user
 * who has more than a thousand pipes gets none but of two pages any more (pipe(7),
 * pipe-user-pages-soft), and batches of that size cost more than all else.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define KEEPER_FD 3
/* Bytes of one datagram at most. */
#define KEEPER_MESSAGE_MAX 65536
/* Lines that a report has. */
#define KEEPER_TAIL_LINES 20
/* ... and bytes of them. */
#define KEEPER_TAIL_MAX 32768
#define KEEPER_STREAMS_MAX 65536
/* Bytes taken out of a pipe at once: what a second level cache holds of them twice. */
#define KEEPER_BATCH_MAX ((size_t)256 << 10)

enum keeper_request {
	KEEPER_BEGIN,
	KEEPER_STREAM,
	KEEPER_MARK,
	KEEPER_ROTATE,
	KEEPER_FORGET,
	KEEPER_PING,
	KEEPER_FINISH,
	KEEPER_N_REQUESTS,
};

enum keeper_notice {
	KEEPER_READY,
	KEEPER_MARKED,
	KEEPER_PONG,
	KEEPER_ROTATED,
	KEEPER_DONE,
	KEEPER_WATCHING,
	KEEPER_MATCHED,
	KEEPER_TROUBLE,
	KEEPER_BETTER,
	KEEPER_DROPPED,
	KEEPER_N_NOTICES,
};

/*
 * How far a stream has come: what its slot of the record begins with. So supd can tell what was
 * written before a moment, without asking and waiting.
 */
struct keeper_progress {
	_Atomic uint64_t word; /* bytes taken out of the pipe, ever, << 1 | some are being taken */
	uint64_t pipe;         /* its inode; 0: the slot is free */
	uint64_t open;         /* a line was begun, and is not ended */
};

/* Where they are in the record. */
#define KEEPER_PROGRESS_AT 64
#define KEEPER_PROGRESS_EACH 96

static inline off_t keeper_progress_at(uint32_t number)
{
	return KEEPER_PROGRESS_AT + (off_t)number * KEEPER_PROGRESS_EACH;
}

/* The words above, in enum order. */
extern const char *const keeper_request_names[KEEPER_N_REQUESTS + 1];
extern const char *const keeper_notice_names[KEEPER_N_NOTICES + 1];

#endif
