/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>

#include "core/model.h"

#define TIMES 400

/* SEMANTICS 132 to 135, the plain way: how many of all restarts so far lie within the period. */
static bool is_one_too_many(const struct mono *times, size_t n, uint32_t intensity,
			    struct span period)
{
	uint32_t recent = 0;

	for (size_t i = 0; i < n; i++)
		recent += times[n - 1].ns - times[i].ns <= period.ns;
	return recent > intensity;
}

/* Bursts and pauses, the same every time. */
Test(window, agrees_with_counting)
{
	const struct span period = SPAN_S(5);

	for (uint32_t intensity = 0; intensity <= 6; intensity++) {
		struct mono times[TIMES];
		struct mono now = {1};
		uint64_t random = intensity + 1;
		struct window window;
		uint32_t n_too_many = 0;

		cr_assert_eq(window_init(&window, intensity), 0);
		for (size_t n = 0; n < TIMES; n++) {
			bool one_too_many;

			random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
			now.ns += (int64_t)(random >> 33) % (n % 40 < 20 ? 3 : 0x40000000);
			now.ns += n % 7 == 0 ? period.ns : 0;
			times[n] = now;
			one_too_many = is_one_too_many(times, n + 1, intensity, period);
			n_too_many += one_too_many;
			cr_assert_eq(window_add(&window, now, period), one_too_many,
				     "intensity %u, restart %zu", intensity, n);
		}
		cr_expect(n_too_many > 0 && (n_too_many < TIMES || !intensity));
		window_fini(&window);
	}
}
