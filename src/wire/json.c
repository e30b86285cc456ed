/* SPDX-License-Identifier: MIT */

/*
 * Written without printf and without the C library's calendar: whoever follows the events of a busy
 * daemon gets hundreds of thousands of these lines a second.
 */

#include "wire/json.h"

#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "base/utc.h"
#include "wire/field.h"

#define NS_PER_S INT64_C(1000000000)
/* "-9223372036854775808" */
#define NUMBER_MAX 20

/* ---- text ---- */

static bool json_is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Writes what is not plain at text and returns how many bytes of it that took. */
static size_t json_put_escaped(struct buf *out, const char *text, size_t left)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char c = (unsigned char)*text;
	char unit[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
	size_t size;

	if (c == '"' || c == '\\') {
		buf_append(out, (char[]){'\\', *text}, 2);
	} else if (c == '\n') {
		buf_append(out, "\\n", 2);
	} else if (c < 0x20 || c == 0x7f) {
		buf_append(out, unit, sizeof(unit));
	} else if ((size = text_utf8_size(text, left))) {
		buf_append(out, text, size);
		return size;
	} else {
		buf_append(out, "\\ufffd", 6);
	}
	return 1;
}

void json_put_text(struct buf *out, const char *text, size_t size)
{
	const char *end = text + size;
	char *to = buf_reserve(out, size + 2);

	if (!to)
		return;
	*to = '"';
	out->size++;
	while (text < end) {
		const char *start = text;

		while (text < end && json_is_plain(*text))
			text++;
		buf_append(out, start, (size_t)(text - start));
		if (text < end)
			text += json_put_escaped(out, text, (size_t)(end - text));
	}
	buf_append(out, "\"", 1);
}

void json_put_bytes(struct buf *out, const char *name, const char *bytes, size_t size)
{
	bool plain = text_is_utf8(bytes, size);

	buf_putc(out, '"');
	buf_puts(out, name);
	buf_puts(out, plain ? "\":" : "_base64\":");
	if (plain) {
		json_put_text(out, bytes, size);
		return;
	}
	buf_putc(out, '"');
	base64_put(out, bytes, size);
	buf_putc(out, '"');
}

/* ---- numbers ---- */

/* Writes the last `digits` decimal digits of value before end. */
static void put_digits(char *end, uint64_t value, size_t digits)
{
	for (; digits; digits--, value /= 10)
		*--end = (char)('0' + value % 10);
}

static void json_put_int(struct buf *out, int64_t value)
{
	char text[NUMBER_MAX];
	char *end = text + sizeof(text), *at = end;
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (value < 0)
		*--at = '-';
	buf_append(out, at, (size_t)(end - at));
}

static void json_put_span(struct buf *out, struct span span)
{
	char text[7] = ".";

	if (span_is_infinite(span)) {
		buf_puts(out, "\"infinity\"");
		return;
	}
	json_put_int(out, span.ns / NS_PER_S);
	put_digits(text + sizeof(text), (uint64_t)(span.ns % NS_PER_S / 1000), 6);
	buf_append(out, text, sizeof(text));
}

void json_put_time(struct buf *out, int64_t ns)
{
	struct utc time = {ns / 1000};
	char text[UTC_SIZE];

	if (ns < 0 || time.us > UTC_MAX.us) {
		buf_putc(out, '?');
		return;
	}
	utc_write(time, text);
	buf_append(out, text, sizeof(text));
}

/* ---- rows ---- */

static void json_put_list(struct buf *out, const struct field *field)
{
	const char *text;
	size_t cursor = 0;
	bool first = true;

	buf_putc(out, '[');
	while ((text = field_list_next(field, &cursor))) {
		if (!first)
			buf_putc(out, ',');
		first = false;
		json_put_text(out, text, strlen(text));
	}
	buf_putc(out, ']');
}

static void json_put_value(struct buf *out, const struct field *field)
{
	switch (field->type) {
	case FIELD_BOOL:
		buf_puts(out, field->number ? "true" : "false");
		return;
	case FIELD_INT:
		json_put_int(out, field->number);
		return;
	case FIELD_TEXT:
		json_put_text(out, field->text, field->text_size - 1);
		return;
	case FIELD_SPAN:
		json_put_span(out, (struct span){field->number});
		return;
	case FIELD_TIME:
		buf_putc(out, '"');
		json_put_time(out, field->number);
		buf_putc(out, '"');
		return;
	case FIELD_LIST:
		json_put_list(out, field);
		return;
	case FIELD_BYTES:
	case FIELD_NULL:
	case FIELD_N_TYPES:
		break;
	}
	buf_append(out, "null", 4);
}

void json_put_row(struct buf *out, const struct wire_frame *frame)
{
	const char *before = "{";
	size_t cursor = 0;
	struct field f;

	while (field_next(frame, &cursor, &f) > 0) {
		if (f.flags & FIELD_HIDDEN)
			continue;
		buf_append(out, before, 1);
		before = ",";
		if (f.type == FIELD_BYTES) {
			json_put_bytes(out, f.name, f.text, f.text_size);
			continue;
		}
		json_put_text(out, f.name, strlen(f.name));
		buf_append(out, ":", 1);
		json_put_value(out, &f);
	}
	if (*before == '{')
		buf_append(out, before, 1);
	buf_append(out, "}\n", 2);
}
