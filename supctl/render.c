/* SPDX-License-Identifier: MIT */

/* Text, spans, times: how values look. */

#include "supctl/render.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define NS_PER_S INT64_C(1000000000)

/* ---- text ---- */

size_t render_character(const char *text, uint32_t *ret_character)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)text;
	size_t size = s[0] < 0x80   ? 1
		      : s[0] < 0xc2 ? 0
		      : s[0] < 0xe0 ? 2
		      : s[0] < 0xf0 ? 3
		      : s[0] < 0xf5 ? 4
				    : 0;
	uint32_t c = size < 2 ? s[0] : s[0] & (0x7fu >> size);

	for (size_t i = 1; i < size; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	if (!size || c < least[size] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret_character = c;
	return size;
}

void render_text(struct buf *out, const char *text, enum render_newline newline)
{
	while (*text) {
		uint32_t c = 0;
		size_t size = render_character(text, &c);

		if (size && (!text_is_treacherous(c) || (c == '\n' && newline == RENDER_LINES))) {
			buf_append(out, text, size);
			text += size;
			continue;
		}
		for (size = size ? size : 1; size; size--)
			buf_printf(out, "\\x%02x", (unsigned)(unsigned char)*text++);
	}
}

size_t render_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

/* ---- values ---- */

void render_span(struct buf *out, struct span span)
{
	int64_t grain = span.ns >= 86400 * NS_PER_S  ? 3600 * NS_PER_S
			: span.ns >= 3600 * NS_PER_S ? 60 * NS_PER_S
			: span.ns >= 10 * NS_PER_S   ? NS_PER_S
			: span.ns >= NS_PER_S / 10   ? NS_PER_S / 100
						     : NS_PER_S / 1000;
	char text[SPAN_TEXT_MAX];

	if (!span_is_infinite(span))
		span.ns -= span.ns % grain;
	if (span.ns >= NS_PER_S && span.ns < 10 * NS_PER_S)
		span.ns -= span.ns % (NS_PER_S / 10);
	if (span.ns > NS_PER_S && span.ns < 10 * NS_PER_S && span.ns % NS_PER_S)
		buf_printf(out, "%" PRId64 ".%" PRId64 "s", span.ns / NS_PER_S,
			   span.ns % NS_PER_S / (NS_PER_S / 10));
	else
		buf_puts(out, span_format(span, text));
}

static bool is_today(const struct tm *tm)
{
	time_t seconds = time(NULL);
	struct tm now;

	return localtime_r(&seconds, &now) && now.tm_yday == tm->tm_yday &&
	       now.tm_year == tm->tm_year;
}

/* For people the time of day will do, as long as it is today's. */
static void render_time(struct buf *out, int64_t ns)
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	char text[64];
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || ns < 0) {
		buf_puts(out, "?");
		return;
	}
	strftime(text, sizeof(text), is_today(&tm) ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
	buf_printf(out, "%s.%03" PRId64, text, ns % NS_PER_S / 1000000);
}

static void render_list(struct buf *out, const struct field *field)
{
	const char *text;
	size_t cursor = 0;

	while ((text = field_list_next(field, &cursor))) {
		bool quoted = !*text || strpbrk(text, " \t\n'\"\\$*?");

		if (quoted)
			buf_putc(out, '\'');
		render_text(out, text, RENDER_LINE);
		buf_puts(out, quoted ? "' " : " ");
	}
	if (field->text_size && out->size) {
		out->size--;
		out->data[out->size] = '\0';
	}
}

static void render_bytes(struct buf *out, const struct field *field)
{
	for (size_t i = 0; i < field->text_size; i++) {
		unsigned char byte = (unsigned char)field->text[i];

		if (byte >= ' ' && byte < 0x7f)
			buf_putc(out, (char)byte);
		else
			buf_printf(out, "\\x%02x", (unsigned)byte);
	}
}

void render_field(struct buf *out, const struct field *field)
{
	switch (field->type) {
	case FIELD_BOOL:
		buf_puts(out, field->number ? "yes" : "no");
		return;
	case FIELD_INT:
		buf_printf(out, "%" PRId64, field->number);
		return;
	case FIELD_TEXT:
		render_text(out, field->text, RENDER_LINE);
		return;
	case FIELD_SPAN:
		render_span(out, (struct span){field->number});
		return;
	case FIELD_TIME:
		render_time(out, field->number);
		return;
	case FIELD_LIST:
		render_list(out, field);
		return;
	case FIELD_BYTES:
		render_bytes(out, field);
		return;
	case FIELD_NULL:
	case FIELD_N_TYPES:
		break;
	}
	buf_putc(out, '-');
}

void render_named(struct buf *out, const struct wire_frame *row, const char *name,
		  enum field_type type, const char *before)
{
	struct field f;

	if (!field_find(row, name, type, &f))
		return;
	buf_puts(out, before);
	render_field(out, &f);
}

/* Behind a number of bytes, what people read: "3399680 (3.2M)". */
static void render_bytes_shown(struct buf *out, const struct field *field)
{
	static const char *const names[] = {"memory", "io_read", "io_write", NULL};
	static const char units[] = "KMGTPE";
	double value = (double)field->number / 1024;
	size_t unit = 0, i = 0;

	while (names[i] && strcmp(names[i], field->name) != 0)
		i++;
	if (!names[i] || field->type != FIELD_INT || value < 1)
		return;
	for (; value >= 1023.95 && unit + 1 < sizeof(units) - 1; unit++)
		value /= 1024;
	buf_printf(out, " (%.1f%c)", value, units[unit]);
}

void render_block(struct buf *out, const struct wire_frame *frame)
{
	size_t cursor = 0, width = 0;
	struct field f;

	while (field_next(frame, &cursor, &f) > 0)
		if (!(f.flags & FIELD_HIDDEN) && strlen(f.name) > width)
			width = strlen(f.name);
	cursor = 0;
	while (field_next(frame, &cursor, &f) > 0) {
		if (f.flags & FIELD_HIDDEN)
			continue;
		render_text(out, f.name, RENDER_LINE);
		buf_printf(out, ":%*s ", (int)(width - strlen(f.name)), "");
		render_field(out, &f);
		render_bytes_shown(out, &f);
		buf_putc(out, '\n');
	}
}

/* ---- output ---- */

bool render_is_coloured(void)
{
	const char *term = getenv("TERM");
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 && !(no && *no);
}

void render_flush(struct buf *out)
{
	fwrite(buf_text(out), 1, out->size, stdout);
	buf_clear(out);
}
