/* SPDX-License-Identifier: MIT */

/*
 * Lines with their time in front. This is the hottest loop of all: a line is one memchr and two
 * copies. Room in `out` is asked for with a reserve, so that not every line has to ask.
 */

#include <string.h>

#include "base/macros.h"
#include "base/utc.h"
#include "suplog/format.h"
#include "suplog/piece.h"

/* A time, and what stands behind it. */
#define HEAD_SIZE (UTC_SIZE + 1)

static void write_time(char head[HEAD_SIZE], int64_t time)
{
	utc_write((struct utc){time / 1000}, head);
	head[UTC_SIZE] = ' ';
}

/* Room for n bytes, and more as long as there is input: false without memory. */
static bool make_room(struct buf *out, size_t n, size_t input)
{
	return out->capacity - out->size > n || buf_reserve(out, MAX_OF(n, input + input / 3));
}

/* What is left of line_max for the piece at hand. */
static size_t left_of_piece(const struct format *f)
{
	return f->line_max > f->state.fill ? f->line_max - f->state.fill : 0;
}

/* There is room. The piece's bytes, with what stands in front of and behind them. */
static void put_piece(struct format *f, struct buf *out, const char *head, const char *data,
		      struct piece piece)
{
	char *to = out->data + out->size;

	if (!f->state.open) {
		memcpy(to, head, HEAD_SIZE);
		if (f->state.split)
			to[UTC_SIZE] = '+';
		to += HEAD_SIZE;
	}
	memcpy(to, data, piece.size);
	to += piece.size;
	if (piece.end == PIECE_OPEN) {
		f->state.fill += (uint32_t)piece.size;
		f->state.open = 1;
	} else {
		*to++ = '\n';
		f->state = (struct format_state){.split = piece.end == PIECE_SPLIT};
	}
	*to = '\0';
	out->size = (size_t)(to - out->data);
}

/* Where nothing was taken nothing was put: that a full piece ends here is said with what follows.
 */
static size_t text_put(struct format *f, struct buf *out, const struct format_input *in)
{
	const struct format_state before = f->state;
	size_t at = 0, begin = out->size;
	char head[HEAD_SIZE];

	write_time(head, in->time);
	while (at < in->size) {
		struct piece piece = piece_next(in->data + at, in->size - at, left_of_piece(f),
						f->state.fill > 0, in->rest);
		size_t most = HEAD_SIZE + piece.size + 1;

		if (piece.end == PIECE_NONE)
			break;
		if (at > 0 && out->size - begin + most > in->room)
			break;
		if (!make_room(out, most, in->size - at))
			break;
		put_piece(f, out, head, in->data + at, piece);
		at += piece.size + (piece.end == PIECE_LINE);
	}
	if (at == 0 && out->size > begin) {
		f->state = before;
		out->size = begin;
		out->data[begin] = '\0';
	}
	return at;
}

static void text_end(struct format *f, struct buf *out, int64_t time)
{
	(void)time;
	if (f->state.open)
		buf_putc(out, '\n');
	f->state = (struct format_state){0};
}

static void text_remark(struct format *f, struct buf *out, int64_t time, const char *text)
{
	char head[HEAD_SIZE];

	(void)f;
	write_time(head, time);
	buf_append(out, head, HEAD_SIZE);
	buf_puts(out, "supd: ");
	buf_puts(out, text);
	buf_putc(out, '\n');
}

const struct format_ops format_text_ops = {text_put, text_end, text_remark};
