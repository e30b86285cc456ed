/* SPDX-License-Identifier: MIT */

/* The formats by kind, and raw, which is no format: whole lines, up to the room. */

#include "suplog/format.h"

#include <string.h>

#include "base/macros.h"

/* raw: how many bytes of the input go out: up to the last end of a line in the room. */
static size_t raw_fit(const struct format *f, const struct format_input *in)
{
	size_t most = MIN_OF(in->size, in->room);
	const char *end = most > 0 ? memrchr(in->data, '\n', most) : NULL;

	if (!end)
		end = memchr(in->data + most, '\n', in->size - most);
	if (end)
		return (size_t)(end - in->data) + 1;
	return in->rest || in->size > f->line_max ? in->size : 0;
}

static size_t raw_put(struct format *f, struct buf *out, const struct format_input *in)
{
	size_t n = raw_fit(f, in);

	/* What is behind the last end fits too. */
	if (in->rest && in->size <= in->room)
		n = in->size;
	if (n == 0 || buf_append(out, in->data, n) < 0)
		return 0;
	f->state = (struct format_state){.open = in->data[n - 1] != '\n'};
	return n;
}

static void raw_end(struct format *f, struct buf *out, int64_t time)
{
	(void)f;
	(void)out;
	(void)time;
}

static void raw_remark(struct format *f, struct buf *out, int64_t time, const char *text)
{
	(void)time;
	buf_printf(out, "%ssupd: %s\n", f->state.open ? "\n" : "", text);
	f->state.open = 0;
}

static const struct format_ops format_raw_ops = {raw_put, raw_end, raw_remark};

static const struct format_ops *const kinds[FORMAT_N_KINDS] = {
	[FORMAT_TEXT] = &format_text_ops,
	[FORMAT_RAW] = &format_raw_ops,
	[FORMAT_JSON] = &format_json_ops,
};

size_t format_put(struct format *f, struct buf *out, const struct format_input *in)
{
	return kinds[f->kind]->put(f, out, in);
}

void format_end(struct format *f, struct buf *out, int64_t time)
{
	kinds[f->kind]->end(f, out, time);
}

void format_remark(struct format *f, struct buf *out, int64_t time, const char *text)
{
	kinds[f->kind]->remark(f, out, time, text);
}
