/* SPDX-License-Identifier: MIT */

#include "logs/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

#define BYTES(n) (UINT64_C(0x0101010101010101) * (n))
#define HIGHS BYTES(0x80)

/* Whether each of eight bytes is in ' '..'~'. The sums are of seven bits each and do not
 * carry from byte to byte. */
static bool is_printable_ascii(const char *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	return !((word | ((word & ~HIGHS) + BYTES(1)) | ~((word & ~HIGHS) + BYTES(0x60))) & HIGHS);
}

/* The character of that many bytes, at least two. */
static uint32_t decode(const char *data, size_t size)
{
	uint32_t c = (unsigned char)data[0] & (0x7fu >> size);

	for (size_t i = 1; i < size; i++)
		c = c << 6 | ((unsigned char)data[i] & 0x3fu);
	return c;
}

/* Bytes of the character that is shown as it is; 0: it is escaped. */
static size_t plain_size(const char *data, size_t left)
{
	unsigned char first = (unsigned char)data[0];
	size_t size;

	if (first < 0x80)
		return (first >= ' ' && first != 0x7f) || first == '\t';
	size = text_utf8_size(data, left);
	return size && text_is_treacherous(decode(data, size)) ? 0 : size;
}

size_t escape_plain_span(const char *data, size_t size)
{
	size_t at = 0, step;

	while (at < size) {
		if (size - at >= sizeof(uint64_t) && is_printable_ascii(data + at)) {
			at += sizeof(uint64_t);
			continue;
		}
		step = plain_size(data + at, size - at);
		if (step == 0)
			break;
		at += step;
	}
	return at;
}

static int escape_byte(struct buf *out, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	char text[4] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};

	return buf_append(out, text, sizeof(text));
}

int escape_text(struct buf *out, const char *data, size_t size)
{
	size_t at = 0;

	while (at < size) {
		size_t plain = escape_plain_span(data + at, size - at);

		buf_append(out, data + at, plain);
		at += plain;
		if (at == size)
			break;
		/* Its further bytes are next: alone they are not UTF-8. */
		escape_byte(out, (unsigned char)data[at++]);
	}
	return out->error;
}
