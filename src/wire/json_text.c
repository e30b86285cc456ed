/* SPDX-License-Identifier: MIT */

#include "wire/json_text.h"

#include <stdint.h>
#include <string.h>

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits of \uXXXX; -1: they are not there. */
static int32_t take_unit(const char **at, const char *end)
{
	int32_t unit = 0;

	if (end - *at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_value(*(*at)++);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

/* What follows \u; of a pair of surrogates both. -1: no character. */
static int32_t take_code(const char **at, const char *end)
{
	int32_t high = take_unit(at, end), low;

	if (high < 0xd800 || high > 0xdfff)
		return high;
	if (high > 0xdbff || end - *at < 2 || memcmp(*at, "\\u", 2) != 0)
		return -1;
	*at += 2;
	low = take_unit(at, end);
	if (low < 0xdc00 || low > 0xdfff)
		return -1;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static void put_code(struct buf *out, uint32_t code)
{
	char bytes[4];
	size_t n = 0;

	if (code < 0x80) {
		bytes[n++] = (char)code;
	} else if (code < 0x800) {
		bytes[n++] = (char)(0xc0 | code >> 6);
	} else if (code < 0x10000) {
		bytes[n++] = (char)(0xe0 | code >> 12);
		bytes[n++] = (char)(0x80 | (code >> 6 & 0x3f));
	} else {
		bytes[n++] = (char)(0xf0 | code >> 18);
		bytes[n++] = (char)(0x80 | (code >> 12 & 0x3f));
		bytes[n++] = (char)(0x80 | (code >> 6 & 0x3f));
	}
	if (code >= 0x80)
		bytes[n++] = (char)(0x80 | (code & 0x3f));
	buf_append(out, bytes, n);
}

/* What stands behind a backslash. */
static bool take_escape(const char **at, const char *end, struct buf *out)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *letter;
	int32_t code;
	char c;

	if (*at == end)
		return false;
	c = *(*at)++;
	letter = c ? strchr(letters, c) : NULL;
	if (letter) {
		buf_putc(out, meanings[letter - letters]);
		return true;
	}
	code = c == 'u' ? take_code(at, end) : -1;
	if (code >= 0)
		put_code(out, (uint32_t)code);
	return code >= 0;
}

bool json_text_read(const char **at, const char *end, struct buf *out)
{
	const char *quote = NULL;

	for (;;) {
		const char *backslash;

		/* Looked for anew only when the last one was escaped: no byte is looked at often.
		 */
		if (!quote || quote < *at)
			quote = memchr(*at, '"', (size_t)(end - *at));
		if (!quote)
			return false;
		backslash = memchr(*at, '\\', (size_t)(quote - *at));
		buf_append(out, *at, (size_t)((backslash ? backslash : quote) - *at));
		*at = backslash ? backslash + 1 : quote;
		if (!backslash)
			return true;
		if (!take_escape(at, end, out))
			return false;
	}
}
