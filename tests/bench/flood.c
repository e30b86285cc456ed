/* SPDX-License-Identifier: MIT */

/*
 * Whether a flood of messages delays what the daemon is there for: kill -9 to the first instruction
 * of the replacement, while eight actors send to a ninth as fast as they can, without end. The raw
 * loop stands beside the same flood and is struck in turn.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/measure.h"
#include "tests/bench/samples.h"
#include "tests/bench/stage.h"
#include "tests/bench/subject.h"
#include "tests/bench/table.h"

#define SENDERS 8
#define PAIRS 300
#define REST_US 3000
/* More than they can send meanwhile. */
#define WITHOUT_END 2000000000u

static void write_actors(const struct bench *b, const char *stage, char *text, size_t room)
{
	size_t used = 0;

	for (unsigned i = 0; i <= SENDERS; i++)
		used += (size_t)snprintf(text + used, room - used,
					 "\n[service f%u]\ncommand = %s/tests/bench-actor %s %u\n",
					 i, b->build, stage, i);
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double percentile_99(const struct samples *s)
{
	struct samples sorted = *s;

	qsort(sorted.values, sorted.n, sizeof(sorted.values[0]), by_size);
	return sorted.values[sorted.n - 1 - sorted.n / 100];
}

void measure_flood(struct bench *b)
{
	static const struct stage_round flood = {
		STAGE_SEND, 64, WITHOUT_END, SENDERS, 1, 1,
	};
	struct subject raw = {.n = 1}, s = {.n = 1, .intensity = 1000};
	struct samples times[2] = {{.n = 0}, {.n = 0}};
	char path[300], text[8192], texts[3][64], verdict[32];
	struct stage *stage;
	double worst[2];

	snprintf(path, sizeof(path), "%s/stage-flood", b->dir);
	stage = stage_make(path, SENDERS + 1);
	if (!stage)
		die("%s: %s", path, strerror(errno));
	write_actors(b, path, text, sizeof(text));
	s.more = text;
	subject_prepare(&raw, b, &subject_raw);
	subject_prepare(&s, b, &subject_supd);
	subject_start(&raw);
	subject_start(&s);
	if (!stage_gather(stage))
		die("flood: %s", stage->wrong);
	stage_begin(stage, &flood);
	for (uint32_t i = 0; i < PAIRS; i++)
		latency_pair(&raw, &s, i, REST_US, times);
	if (stage->wrong[0])
		die("flood: %s", stage->wrong);
	subject_stop(&s);
	subject_stop(&raw);
	stage_free(stage);
	table_ratio("kill -9 to the replacement during a flood", &times[0], &times[1], 0);
	for (int i = 0; i < 2; i++) {
		worst[i] = percentile_99(&times[i]);
		snprintf(texts[i], sizeof(texts[i]), "%.0f us", worst[i] / 1000);
	}
	snprintf(texts[2], sizeof(texts[2]), "%.2f", worst[1] / worst[0]);
	table_text("the same, 99th percentile", texts[0], texts[1], texts[2],
		   table_verdict(worst[1] / worst[0], 1.5, verdict));
}
