/* SPDX-License-Identifier: MIT */

#include "tests/bench/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

void samples_add(struct samples *s, double value)
{
	if (s->n < SAMPLES_MAX)
		s->values[s->n++] = value;
}

static int compare(const void *a, const void *b)
{
	double x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* The value below which that part of the samples lies, between two of them where it falls there. */
static double quantile(const double *sorted, size_t n, double part)
{
	double place = part * (double)(n - 1);
	size_t i = (size_t)place;

	if (i + 1 >= n)
		return sorted[n - 1];
	return sorted[i] + (place - (double)i) * (sorted[i + 1] - sorted[i]);
}

struct spread samples_spread(const struct samples *s)
{
	struct samples sorted = *s;

	if (!s->n)
		return (struct spread){0};
	qsort(sorted.values, sorted.n, sizeof(double), compare);
	return (struct spread){
		.least = sorted.values[0],
		.quarter = quantile(sorted.values, sorted.n, 0.25),
		.median = quantile(sorted.values, sorted.n, 0.5),
		.three_quarters = quantile(sorted.values, sorted.n, 0.75),
	};
}

struct samples samples_ratio(const struct samples *a, const struct samples *b)
{
	struct samples ratio = {.n = 0};

	for (size_t i = 0; i < MIN_OF(a->n, b->n); i++)
		samples_add(&ratio, a->values[i] / b->values[i]);
	return ratio;
}

char *samples_format_ns(const struct samples *s, char buf[SAMPLES_TEXT_MAX])
{
	static const struct {
		double ns;
		const char *name;
	} units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}};
	struct spread p = samples_spread(s);
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(units) && p.median < 1.5 * units[i].ns)
		i++;
	snprintf(buf, SAMPLES_TEXT_MAX, "%.4g %s (%.4g-%.4g)", p.median / units[i].ns,
		 units[i].name, p.quarter / units[i].ns, p.three_quarters / units[i].ns);
	return buf;
}

char *samples_format_rate(const struct samples *s, char buf[SAMPLES_TEXT_MAX])
{
	struct spread p = samples_spread(s);
	const double unit = p.median >= 1e5 ? 1e6 : p.median >= 1e3 ? 1e3 : 1;
	const char *name = unit > 1e3 ? " million" : unit > 1 ? " thousand" : "";

	snprintf(buf, SAMPLES_TEXT_MAX, "%.3g%s/s (%.3g-%.3g)", p.median / unit, name,
		 p.quarter / unit, p.three_quarters / unit);
	return buf;
}

char *samples_format_ratio(const struct samples *s, char buf[SAMPLES_TEXT_MAX])
{
	struct spread p = samples_spread(s);

	snprintf(buf, SAMPLES_TEXT_MAX, "%.2f (%.2f-%.2f)", p.median, p.quarter, p.three_quarters);
	return buf;
}
