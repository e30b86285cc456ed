/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_FORMAT_H
#define SUPLOG_FORMAT_H

/*
 * Bytes of a service -> bytes of its log file.
 *
 *   text   2026-11-30T20:37:10.123456Z line\n          a piece of a line that was split: + for the
 *                                                      blank, but for its first
 *   json   {"time":"...Z","name":"web/api","line":"..."}\n       a split line's pieces have
 *                                                      "more":true, but for its last; bytes that
 *                                                      are not UTF-8: "line_base64"
 *   raw    as they come
 *
 * A formatter is fed from the front of what a pipe holds and takes what it can use: whole lines,
 * and where a line has line_max bytes and no end, that many as a piece of their own. It does not
 * keep bytes: what it has not taken is shown to it again, with more behind it. What it must know of
 * the line at hand is struct format_state, which outlives the process (suplog/record.h).
 *
 * The clock is read by the caller, once for a batch.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum format_kind { FORMAT_TEXT, FORMAT_RAW, FORMAT_JSON, FORMAT_N_KINDS };

/*
 * Between two lines all is 0.
 *   fill   bytes of the piece at hand that are out already, without the stamp and so on
 *   open   text: the file ends in the midst of a line: what follows goes on there, with no stamp
 *   split  a piece of this line is out and ended: what follows is a further piece (text: `+`)
 */
struct format_state {
	uint32_t fill;
	uint8_t open;
	uint8_t split;
};

struct format {
	enum format_kind kind;
	const char *name; /* borrowed; of the stream */
	size_t line_max;  /* bytes of a piece, without its end; at least 1 */
	struct format_state state;
};

/* What format_put() is to take. */
struct format_input {
	const char *data;
	size_t size;
	int64_t time; /* ns since 1970 UTC */
	size_t room;  /* bytes of out at most; but the first piece is put whatever it takes */
	bool rest;    /* the bytes behind the last end of a line are taken too */
};

/*
 * Appends to out and returns how many bytes of the input are in it, from the front. 0: nothing was
 * whole. With `rest` the line stays open: text writes what there is and goes on in the same line
 * later, json writes a piece with "more":true. out->error: nothing counts of what was put since.
 */
size_t format_put(struct format *f, struct buf *out, const struct format_input *in);

/*
 * Ends an open line: its process has. text: the end of a line; json: nothing where no piece is out,
 * else a last, empty piece, so that a reader does not wait for more; raw: nothing.
 */
void format_end(struct format *f, struct buf *out, int64_t time);

/*
 * A line of supd's own in the log of a service, "supd: ..." in text; the state is between lines.
 * raw: "supd: ..." without a time.
 */
void format_remark(struct format *f, struct buf *out, int64_t time, const char *text);

/* Each kind's own: suplog/format_text.c and so on. */
struct format_ops {
	size_t (*put)(struct format *f, struct buf *out, const struct format_input *in);
	void (*end)(struct format *f, struct buf *out, int64_t time);
	void (*remark)(struct format *f, struct buf *out, int64_t time, const char *text);
};

extern const struct format_ops format_text_ops, format_json_ops;

#endif
