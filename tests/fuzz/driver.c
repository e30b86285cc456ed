/* SPDX-License-Identifier: MIT */

/*
 * fuzz-TARGET RUNS SEED: that many inputs, each a sample with a few bytes changed, moved or cut. An
 * input lies at the end of a block of its own, so that a sanitizer sees every byte too far.
 */

#include <string.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 4096

static size_t mutate(uint64_t *seed, uint8_t *data, size_t size)
{
	size_t at = size ? sample_random(seed, size) : 0;
	size_t other = size ? sample_random(seed, size) : 0;

	if (!size)
		return 0;
	switch (sample_random(seed, 6)) {
	case 0:
		data[at] = (uint8_t)sample_random(seed, 256);
		return size;
	case 1:
		data[at] ^= (uint8_t)(1u << sample_random(seed, 8));
		return size;
	case 2:
		return at;
	case 3: /* cut out */
		memmove(data + at, data + at + 1, size - at - 1);
		return size - 1;
	case 4: /* twice */
		if (size == INPUT_MAX)
			return size;
		memmove(data + at + 1, data + at, size - at);
		return size + 1;
	default:
		data[at] = data[other];
		return size;
	}
}

static void run_one(uint64_t *seed)
{
	static uint8_t data[INPUT_MAX];
	size_t size = sample_make(seed, data, sizeof(data));
	uint8_t *exact;

	for (uint64_t n = sample_random(seed, 6); n; n--)
		size = mutate(seed, data, size);
	exact = malloc(size ? size : 1);
	FUZZ_ASSERT(exact);
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

int main(int argc, char **argv)
{
	unsigned long runs = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

	for (unsigned long i = 0; i < runs; i++) {
		uint64_t own = seed + i;

		run_one(&own);
	}
	printf("%lu inputs from seed %llu\n", runs, (unsigned long long)seed);
	return 0;
}
