/* SPDX-License-Identifier: MIT */

#include "tests/bench/table.h"

#include <stdio.h>

void table_begin(void)
{
	table_text("what", "raw loop", "supd", "ratio", "target met?");
	printf("|---|---|---|---|---|\n");
}

void table_text(const char *what, const char *theirs, const char *ours, const char *result,
		const char *verdict)
{
	printf("| %s | %s | %s | %s | %s |\n", what, theirs ? theirs : "", ours ? ours : "",
	       result ? result : "", verdict ? verdict : "");
	fflush(stdout);
}

char *table_verdict(double value, double target, char buf[32])
{
	snprintf(buf, 32, "<= %g: %s", target, value <= target ? "yes" : "NO");
	return buf;
}

void table_ratio(const char *what, const struct samples *theirs, const struct samples *ours,
		 double target)
{
	const struct samples ratio = samples_ratio(ours, theirs);
	char texts[3][SAMPLES_TEXT_MAX];
	char verdict[32] = "";

	if (target > 0)
		table_verdict(samples_spread(&ratio).median, target, verdict);
	table_text(what, samples_format_ns(theirs, texts[0]), samples_format_ns(ours, texts[1]),
		   samples_format_ratio(&ratio, texts[2]), verdict);
}
