/* SPDX-License-Identifier: MIT */

#include "supd/said_text.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

/* Of a character that is valid: its size, and which it is. */
static size_t take_character(const unsigned char *p, uint32_t *ret_character)
{
	size_t size = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	uint32_t c = size == 1 ? *p : *p & (0x7fu >> size);

	for (size_t i = 1; i < size; i++)
		c = c << 6 | (p[i] & 0x3fu);
	*ret_character = c;
	return size;
}

/* Also line and paragraph separators, and all that turns the direction of writing. */
static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

bool said_clean(const char *text, char *out, size_t size)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n = 0;

	if (!text_is_utf8(text, strlen(text)))
		return false;
	while (*p) {
		uint32_t c;
		size_t step = take_character(p, &c);
		bool blank = is_control(c);

		if (n + (blank ? 1 : step) >= size)
			break;
		if (blank)
			out[n++] = ' ';
		else
			memcpy(out + n, p, step);
		n += blank ? 0 : step;
		p += step;
	}
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return true;
}
