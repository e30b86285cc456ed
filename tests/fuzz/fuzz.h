/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

/*
 * Targets: each takes any bytes at all and aborts where something is wrong. One binary for each:
 * with libFuzzer (make fuzz), or with the driver of driver.c, which knows nothing of coverage but
 * begins with frames that are right (samples.c), and needs no more than a C compiler.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_ASSERT(condition)                                                          \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                       \
	} while (0)

/* An input of a right sort; at most max bytes; their number. */
size_t sample_make(uint64_t *seed, uint8_t *data, size_t max);
uint64_t sample_random(uint64_t *seed, uint64_t below);

#endif
