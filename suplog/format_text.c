/* SPDX-License-Identifier: MIT */

/* text: a stamp in front of each line, and in front of each piece of a split one. */

#include <string.h>

#include "base/macros.h"
#include "logs/utc.h"
#include "suplog/format.h"

#define STAMP_SIZE (UTC_SIZE + 1)

/* The next piece: its bytes, and whether it takes the line's end along. 0: there is none yet. */
static size_t next_piece(const struct format *f, const char *data, size_t size, bool rest,
			 bool *ret_end)
{
	size_t left = f->line_max - f->state.fill;
	const char *end = memchr(data, '\n', MIN_OF(size, left + 1));

	*ret_end = end != NULL;
	if (end)
		return (size_t)(end - data) + 1;
	if (size > left)
		return left;
	return rest ? size : 0;
}

static void put_piece(struct format *f, struct buf *out, char stamp[STAMP_SIZE], const char *data,
		      size_t n)
{
	if (!f->state.open) {
		stamp[UTC_SIZE] = f->state.split ? '+' : ' ';
		buf_append(out, stamp, STAMP_SIZE);
	}
	buf_append(out, data, n);
}

static void pass_piece(struct format *f, struct buf *out, size_t n, bool end)
{
	if (end) {
		f->state = (struct format_state){0};
	} else if (f->state.fill + n == f->line_max) {
		buf_putc(out, '\n');
		f->state = (struct format_state){.split = 1};
	} else {
		f->state.fill += (uint32_t)n;
		f->state.open = 1;
	}
}

static size_t text_put(struct format *f, struct buf *out, const struct format_input *in)
{
	char stamp[STAMP_SIZE];
	size_t at = 0, start = out->size, n;
	bool end;

	utc_write((struct utc){in->time / 1000}, stamp);
	while (at < in->size) {
		n = next_piece(f, in->data + at, in->size - at, in->rest, &end);
		if (n == 0 || (at > 0 && out->size - start + n + STAMP_SIZE + 1 > in->room))
			break;
		put_piece(f, out, stamp, in->data + at, n);
		pass_piece(f, out, n, end);
		at += n;
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
	char stamp[STAMP_SIZE];

	text_end(f, out, time);
	utc_write((struct utc){time / 1000}, stamp);
	stamp[UTC_SIZE] = ' ';
	buf_append(out, stamp, STAMP_SIZE);
	buf_printf(out, "supd: %s\n", text);
}

const struct format_ops format_text_ops = {text_put, text_end, text_remark};
const struct format_ops format_json_ops = {text_put, text_end, text_remark};
