/* SPDX-License-Identifier: MIT */

/* Of json only what the log keeper writes is understood: these fields in this order. */

#include "logs/line.h"

#include <errno.h>
#include <string.h>

#define TIME_FIELD "{\"time\":\""
#define NAME_FIELD "\",\"name\":\""
#define LINE_FIELD "\",\"line\":\""
#define BASE64_FIELD "\",\"line_base64\":\""

/* What has not been taken yet. */
struct rest {
	const char *data;
	size_t size;
};

static void drop(struct rest *rest, size_t n)
{
	rest->data += n;
	rest->size -= n;
}

static bool take_literal(struct rest *rest, const char *literal)
{
	size_t size = strlen(literal);

	if (rest->size < size || memcmp(rest->data, literal, size) != 0)
		return false;
	drop(rest, size);
	return true;
}

/* ---- escapes of json ---- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four digits; -1 where they are not. */
static int take_unit(struct rest *rest)
{
	int unit = 0;

	if (rest->size < 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		int digit = hex_value(rest->data[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	drop(rest, 4);
	return unit;
}

/* What follows \u; of a pair of surrogates both. -1: no character. */
static int take_code(struct rest *rest)
{
	int high = take_unit(rest), low;

	if (high < 0xd800 || high > 0xdfff)
		return high;
	if (high > 0xdbff || !take_literal(rest, "\\u"))
		return -1;
	low = take_unit(rest);
	if (low < 0xdc00 || low > 0xdfff)
		return -1;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static void put_code(struct buf *out, int code)
{
	unsigned int bits = (unsigned int)code;
	char bytes[4];
	size_t n = 0;

	if (bits < 0x80) {
		bytes[n++] = (char)bits;
	} else if (bits < 0x800) {
		bytes[n++] = (char)(0xc0 | bits >> 6);
	} else if (bits < 0x10000) {
		bytes[n++] = (char)(0xe0 | bits >> 12);
		bytes[n++] = (char)(0x80 | (bits >> 6 & 0x3f));
	} else {
		bytes[n++] = (char)(0xf0 | bits >> 18);
		bytes[n++] = (char)(0x80 | (bits >> 12 & 0x3f));
		bytes[n++] = (char)(0x80 | (bits >> 6 & 0x3f));
	}
	if (bits >= 0x80)
		bytes[n++] = (char)(0x80 | (bits & 0x3f));
	buf_append(out, bytes, n);
}

/* What stands behind a backslash. */
static bool take_escape(struct rest *rest, struct buf *out)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *letter;
	int code;

	if (rest->size == 0)
		return false;
	letter = rest->data[0] ? strchr(letters, rest->data[0]) : NULL;
	if (letter) {
		buf_putc(out, meanings[letter - letters]);
		drop(rest, 1);
		return true;
	}
	if (!take_literal(rest, "u"))
		return false;
	code = take_code(rest);
	if (code >= 0)
		put_code(out, code);
	return code >= 0;
}

/* Bytes in front of the next quote or backslash. */
static size_t plain_span(const struct rest *rest)
{
	const char *quote = memchr(rest->data, '"', rest->size);
	size_t size = quote ? (size_t)(quote - rest->data) : rest->size;
	const char *backslash = memchr(rest->data, '\\', size);

	return backslash ? (size_t)(backslash - rest->data) : size;
}

/* All up to the quote at the end, which stays. */
static bool take_string(struct rest *rest, struct buf *out)
{
	for (;;) {
		size_t plain = plain_span(rest);

		buf_append(out, rest->data, plain);
		drop(rest, plain);
		if (rest->size == 0)
			return false;
		if (rest->data[0] == '"')
			return true;
		drop(rest, 1);
		if (!take_escape(rest, out))
			return false;
	}
}

/* ---- base64 ---- */

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padding has been taken off: a last group of two characters is a byte, of three two bytes. */
static bool put_base64(struct buf *out, const char *data, size_t size)
{
	unsigned int bits = 0, n = 0;

	for (size_t i = 0; i < size; i++) {
		int value = base64_value(data[i]);

		if (value < 0)
			return false;
		bits = (bits << 6 | (unsigned int)value) & 0xffffff;
		n += 6;
		if (n >= 8) {
			n -= 8;
			buf_putc(out, (char)(bits >> n & 0xff));
		}
	}
	return size % 4 != 1;
}

static bool take_base64(struct rest *rest, struct buf *out)
{
	size_t size = plain_span(rest), used = size;

	while (used > 0 && size - used < 2 && rest->data[used - 1] == '=')
		used--;
	if (!put_base64(out, rest->data, used))
		return false;
	drop(rest, size);
	return true;
}

/* ---- formats ---- */

static bool take_time(struct rest *rest, struct utc *ret_time)
{
	if (utc_read(rest->data, rest->size, ret_time))
		return false;
	drop(rest, UTC_SIZE);
	return true;
}

static bool parse_json(struct rest rest, struct buf *scratch, struct log_line *line)
{
	size_t name_size;

	if (!take_literal(&rest, TIME_FIELD) || !take_time(&rest, &line->time) ||
	    !take_literal(&rest, NAME_FIELD))
		return false;
	if (!take_string(&rest, scratch))
		return false;
	name_size = scratch->size;
	if (take_literal(&rest, LINE_FIELD)) {
		if (!take_string(&rest, scratch))
			return false;
	} else if (!take_literal(&rest, BASE64_FIELD) || !take_base64(&rest, scratch)) {
		return false;
	}
	if (!take_literal(&rest, "\""))
		return false;
	line->more = take_literal(&rest, LINE_MORE);
	if (!line->more && !take_literal(&rest, "}"))
		return false;
	line->name = buf_text(scratch);
	line->name_size = name_size;
	line->text = buf_text(scratch) + name_size;
	line->size = scratch->size - name_size;
	line->has_time = true;
	return rest.size == 0;
}

static bool parse_text(struct rest rest, struct log_line *line)
{
	if (!take_time(&rest, &line->time) || rest.size == 0)
		return false;
	if (rest.data[0] != ' ' && rest.data[0] != '+')
		return false;
	line->continues = rest.data[0] == '+';
	line->has_time = true;
	line->text = rest.data + 1;
	line->size = rest.size - 1;
	return true;
}

int line_parse(enum logs_format format, const char *raw, size_t size, struct buf *scratch,
	       struct log_line *ret_line)
{
	struct rest rest = {raw, size};
	struct log_line line = {0};
	bool understood = false;

	buf_clear(scratch);
	/* A file has both where its log's format was changed. */
	if (format != LOGS_RAW)
		understood = size && *raw == '{' ? parse_json(rest, scratch, &line)
						 : parse_text(rest, &line);
	if (scratch->error)
		return scratch->error;
	if (!understood)
		line = (struct log_line){.text = raw, .size = size};
	*ret_line = line;
	return 0;
}

bool line_is_piece(const char *raw, size_t size)
{
	struct utc time;

	return size > UTC_SIZE && raw[UTC_SIZE] == '+' && utc_read(raw, size, &time) == 0;
}

bool line_is_continued(const char *raw, size_t size)
{
	size_t more = strlen(LINE_MORE);

	return size >= more && memcmp(raw + size - more, LINE_MORE, more) == 0;
}
