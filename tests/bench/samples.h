/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

/*
 * Samples of one quantity and what is said of them. The machine is small and noisy, so nothing here
 * is a mean: a median, the quartiles around it, and the least.
 */

#include <stddef.h>

#define SAMPLES_MAX 2048
#define SAMPLES_TEXT_MAX 96

struct samples {
	double values[SAMPLES_MAX]; /* in the order in which they were taken */
	size_t n;
};

struct spread {
	double least, quarter, median, three_quarters;
};

void samples_add(struct samples *s, double value); /* what does not fit any more is left out */
struct spread samples_spread(const struct samples *s);
/* a's i-th sample over b's, for each i that both have. */
struct samples samples_ratio(const struct samples *a, const struct samples *b);

/* "231 us (210-260)": median and quartiles of nanoseconds; returns buf. */
char *samples_format_ns(const struct samples *s, char buf[SAMPLES_TEXT_MAX]);
/* "0.45 million/s (0.41-0.47)": of how many a second there were; returns buf. */
char *samples_format_rate(const struct samples *s, char buf[SAMPLES_TEXT_MAX]);
/* "1.21 (1.12-1.34)" */
char *samples_format_ratio(const struct samples *s, char buf[SAMPLES_TEXT_MAX]);

#endif
