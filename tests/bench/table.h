/* SPDX-License-Identifier: MIT */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

/*
 * The results: one table in Markdown, each row printed as soon as it is known. A ratio is taken
 * pair by pair, of two measurements that were made one after the other; it is held against its
 * target by its median.
 */

#include <stdbool.h>

#include "tests/bench/samples.h"

void table_begin(void);
/* One row of samples in ns: ours, theirs and the ratio; target 0: none. */
void table_ratio(const char *what, const struct samples *theirs, const struct samples *ours,
		 double target);
/* A row of texts; NULL: an empty cell. */
void table_text(const char *what, const char *theirs, const char *ours, const char *result,
		const char *verdict);
/* "<= 1.25: yes", "<= 1.25: no"; returns buf. */
char *table_verdict(double value, double target, char buf[32]);

#endif
