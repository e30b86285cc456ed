/* SPDX-License-Identifier: MIT */

#include "suplog/piece.h"

#include "base/macros.h"

/* The size of the UTF-8 character that begins with that byte; 0: none does. */
static size_t size_by_first(unsigned char first)
{
	if (first < 0xc2)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

size_t piece_split(const char *data, size_t left, bool begun)
{
	for (size_t back = 1; back <= MIN_OF(left, (size_t)3); back++) {
		unsigned char byte = (unsigned char)data[left - back];

		if ((byte & 0xc0) == 0x80)
			continue;
		if (size_by_first(byte) > back && (begun || left > back))
			return left - back;
		break;
	}
	return left;
}
