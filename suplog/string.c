/* SPDX-License-Identifier: MIT */

#include "suplog/string.h"

#include <stdint.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"

/* \\u001b: what a byte may become. */
#define ESCAPE_MAX 6

/* ---- what stands for itself ---- */

/* Sixteen bytes at once. What does not fit a register of the machine the compiler takes apart. */
typedef int8_t bytes16 __attribute__((vector_size(16)));

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x80 && c != '"' && c != '\\';
}

/* Whether sixteen bytes are plain. As signed numbers, what is not ASCII is below the blank too. */
static bool are_plain(const char *data)
{
	bytes16 bytes;
	uint64_t halves[2];

	memcpy(&bytes, data, sizeof(bytes));
	bytes = (bytes16)((bytes < ' ') | (bytes == '"') | (bytes == '\\'));
	memcpy(halves, &bytes, sizeof(halves));
	return (halves[0] | halves[1]) == 0;
}

size_t string_plain_span(const char *data, size_t size)
{
	size_t at = 0;

	while (size - at >= sizeof(bytes16) && are_plain(data + at))
		at += sizeof(bytes16);
	while (at < size && is_plain((unsigned char)data[at]))
		at++;
	return at;
}

/* ---- what is text ---- */

static bool is_ascii(const char *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	return (word & UINT64_C(0x8080808080808080)) == 0;
}

bool string_is_text(const char *data, size_t size)
{
	size_t at = 0;

	while (at < size) {
		size_t step = 1;

		if ((unsigned char)data[at] >= 0x80)
			step = text_utf8_size(data + at, size - at);
		else if (size - at >= sizeof(uint64_t) && is_ascii(data + at))
			step = sizeof(uint64_t);
		if (step == 0)
			return false;
		at += step;
	}
	return true;
}

/* What stands behind the backslash: the letter, u for \u00 and two digits; 0: there is none. */
static char escape_of(unsigned char c)
{
	static const char controls[] = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu";

	if (c < ' ')
		return controls[c];
	return c == '"' || c == '\\' ? (char)c : '\0';
}

static char *put_code(char *to, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	const char code[ESCAPE_MAX] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};

	memcpy(to, code, sizeof(code));
	return to + sizeof(code);
}

/* There is room for ESCAPE_MAX bytes for each. */
static char *put_bytewise(char *to, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)data[i];
		char escape = escape_of(c);

		if (escape == '\0') {
			*to++ = (char)c;
		} else if (escape == 'u') {
			to = put_code(to, c);
		} else {
			*to++ = '\\';
			*to++ = escape;
		}
	}
	return to;
}

int string_put(struct buf *out, const char *data, size_t size)
{
	char *to = buf_reserve(out, size * ESCAPE_MAX);
	size_t at = 0;

	if (!to)
		return out->error;
	while (at < size) {
		size_t n = MIN_OF(size - at, sizeof(bytes16));

		if (n == sizeof(bytes16) && are_plain(data + at)) {
			memcpy(to, data + at, sizeof(bytes16));
			to += sizeof(bytes16);
		} else {
			to = put_bytewise(to, data + at, n);
		}
		at += n;
	}
	*to = '\0';
	out->size = (size_t)(to - out->data);
	return 0;
}
