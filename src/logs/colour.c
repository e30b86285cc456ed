/* SPDX-License-Identifier: MIT */

#include "logs/colour.h"

#include <stdint.h>

#include "base/macros.h"

/* A terminal's own, but for red and yellow and for dark blue, which is hard to read on
 * black; then some of the 256 that look like none of these. */
static const char *const colours[] = {
	"\033[36m",      "\033[32m",       "\033[35m",       "\033[94m",
	"\033[96m",      "\033[92m",       "\033[95m",       "\033[38;5;141m",
	"\033[38;5;75m", "\033[38;5;108m", "\033[38;5;180m", "\033[38;5;217m",
};

/* FNV-1a; its high bits, since the low ones of short names that differ in one byte are alike. It
 * starts where names that often stand beside one another come out unlike. */
#define HASH_START (UINT64_C(0xcbf29ce484222325) ^ 1581)

const char *colour_of_name(const char *name, size_t size)
{
	uint64_t hash = HASH_START;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
	return colours[(hash >> 32) % ARRAY_LEN(colours)];
}
