/* SPDX-License-Identifier: MIT */

#include "logs/colour.h"

#include <stdint.h>

#include "base/macros.h"

/* Dark blue is hard to read on black. */
static const char *const colours[] = {
	"\033[36m", "\033[32m", "\033[35m", "\033[94m", "\033[96m", "\033[92m", "\033[95m",
};

/* FNV-1a; its high bits, since the low ones of short names that differ in one byte are alike. */
const char *colour_of_name(const char *name, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
	return colours[(hash >> 32) % ARRAY_LEN(colours)];
}
