/* SPDX-License-Identifier: MIT */

#include "supctl/lines.h"

#include <string.h>

#include "supctl/render.h"

/* A part of a line without NULs and tabs. */
static void put_part(struct buf *out, const char *bytes, size_t size)
{
	struct buf part CLEANUP(buf_fini) = BUF_INIT;

	buf_append(&part, bytes, size);
	render_text(out, buf_text(&part), RENDER_LINE);
}

/* Tabs do no harm. */
static void put_output_line(struct buf *out, const char *bytes, size_t size)
{
	size_t from = 0;

	for (size_t i = 0; i < size; i++) {
		if (bytes[i] && bytes[i] != '\t')
			continue;
		put_part(out, bytes + from, i - from);
		buf_puts(out, bytes[i] ? "\t" : "\\x00");
		from = i + 1;
	}
	put_part(out, bytes + from, size - from);
}

void lines_put(struct buf *out, const char *bytes, size_t size)
{
	for (const char *p = bytes, *end = bytes + size; p < end;) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t length = (size_t)((newline ? newline : end) - p);

		buf_puts(out, "    | ");
		put_output_line(out, p, length);
		buf_putc(out, '\n');
		p += length + (newline != NULL);
	}
}
