/* SPDX-License-Identifier: MIT */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/*
 * Times and spans as distinct types, so that neither is ever a bare number. Both count nanoseconds.
 * A mono is a point on CLOCK_MONOTONIC; nothing in supd decides by the wall clock. Sums saturate at
 * infinity, differences at zero below.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mono {
	int64_t ns;
};

struct span {
	int64_t ns; /* >= 0; INT64_MAX is infinity */
};

#define SPAN_INFINITY ((struct span){INT64_MAX})
#define MONO_NEVER ((struct mono){INT64_MAX})
#define SPAN_MS(n) ((struct span){(int64_t)(n)*1000000})
#define SPAN_S(n) ((struct span){(int64_t)(n)*1000000000})

/* Longest text span_format writes, its final NUL included. */
#define SPAN_TEXT_MAX 64

static inline bool span_is_infinite(struct span s)
{
	return s.ns == INT64_MAX;
}

static inline struct mono mono_add(struct mono t, struct span s)
{
	if (span_is_infinite(s) || t.ns > INT64_MAX - s.ns)
		return MONO_NEVER;
	return (struct mono){t.ns + s.ns};
}

/* From `earlier` to `later`; zero where later is the earlier one. */
static inline struct span mono_between(struct mono earlier, struct mono later)
{
	return (struct span){later.ns > earlier.ns ? later.ns - earlier.ns : 0};
}

/*
 * Parses "500ms", "5s", "1min 30s", "2h", "1d", "infinity"; a bare number is seconds, a fraction is
 * allowed ("1.5s"). Units: ns, us, ms, s, sec, min, m, h, d. 0, -EINVAL for anything else (signs,
 * an empty text, trailing garbage, fractions of a nanosecond), -ERANGE where it does not fit.
 */
int span_parse(const char *text, struct span *ret_span);

/* Writes the shortest exact form ("1min 30s", "500ms", "0s", "infinity"); returns buf. */
char *span_format(struct span s, char buf[SPAN_TEXT_MAX]);

#endif
