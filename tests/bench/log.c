/* SPDX-License-Identifier: MIT */

/*
 * How fast lines get from services into rotated files. A million lines of 100 bytes, written in
 * blocks of 64 KiB or each with a write of its own, are kept by supd's log keeper, by its peers and
 * by a bare loop: splice from the pipe to one file for the blocks, cat for the lines. Each is
 * measured in turn with the bare loop, and a ratio is that of a pair's rates. Every line is
 * checked: there, whole, in order. Files are where the benchmark has its folder, in memory.
 *
 * A hundred services that write at once, a hundredth of that each, are held against one.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "tests/bench/logger.h"
#include "tests/bench/measure.h"
#include "tests/bench/samples.h"
#include "tests/bench/writer.h"

#define LINES 1000000
#define ROUNDS 9
#define PEER_ROUNDS 3
#define WRITERS 100

/* Samples are ns; shown is the rate. */
static void print_row(const char *what, const struct samples *bare, const struct samples *ours,
		      double bytes, double target)
{
	const struct samples ratios = samples_ratio(bare, ours);
	char ratio[SAMPLES_TEXT_MAX], verdict[64] = "";

	if (target > 0)
		snprintf(verdict, sizeof(verdict), ">= %g: %s", target,
			 samples_spread(&ratios).median >= target ? "yes" : "NO");
	printf("| %s | %.0f MB/s | %.0f MB/s | %s | %s |\n", what,
	       bytes * 1e3 / samples_spread(bare).median, bytes * 1e3 / samples_spread(ours).median,
	       samples_format_ratio(&ratios, ratio), verdict);
	fflush(stdout);
}

/* ONLY names a part of the rows' names. */
static bool is_wanted(const char *what)
{
	const char *only = getenv("ONLY");

	return !only || strstr(what, only);
}

/* Two in turn, which of them first changes. */
static void measure_pair(struct bench *b, const struct logger *const loggers[2],
			 const struct logger_run runs[2], unsigned rounds,
			 struct samples ret_times[2])
{
	for (unsigned i = 0; i < rounds; i++)
		for (unsigned turn = 0; turn < 2; turn++) {
			unsigned which = (turn + i) % 2;

			samples_add(&ret_times[which],
				    logger_measure(b, loggers[which], &runs[which]));
		}
}

static void measure_one(struct bench *b, const struct logger *logger, const char *how,
			unsigned rounds, double target)
{
	const bool blocks = strcmp(how, "blocks") == 0;
	const struct logger *const loggers[2] = {blocks ? &logger_splice : &logger_cat, logger};
	const struct logger_run run = {1, LINES, how};
	const struct logger_run runs[2] = {run, run};
	struct samples times[2] = {{.n = 0}, {.n = 0}};
	char what[128];

	snprintf(what, sizeof(what), "%s, %s", blocks ? "blocks of 64 KiB" : "a write a line",
		 logger->name);
	if (!is_wanted(what))
		return;
	if (!logger_is_there(logger)) {
		printf("| %s | | not installed | | |\n", what);
		return;
	}
	measure_pair(b, loggers, runs, rounds, times);
	print_row(what, &times[0], &times[1], (double)LINES * WRITER_LINE, target);
}

static void measure_many_writers(struct bench *b, const struct logger *logger, const char *how)
{
	const struct logger *const loggers[2] = {logger, logger};
	const struct logger_run runs[2] = {{1, LINES, how}, {WRITERS, LINES / WRITERS, how}};
	struct samples times[2] = {{.n = 0}, {.n = 0}};
	char what[128];

	snprintf(what, sizeof(what), "%s, %s: one service, 100 at once",
		 strcmp(how, "blocks") == 0 ? "blocks of 64 KiB" : "a write a line", logger->name);
	if (!is_wanted(what))
		return;
	measure_pair(b, loggers, runs, ROUNDS, times);
	print_row(what, &times[0], &times[1], (double)LINES * WRITER_LINE, 0.8);
}

void measure_log(struct bench *b)
{
	static const struct {
		const char *how;
		double raw, text;
	} ways[] = {{"blocks", 1, 0.5}, {"lines", 0.95, 0.9}};

	printf("\n| 1,000,000 lines of 100 bytes into files | bare loop | this one | ratio "
	       "| target met? |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		measure_one(b, &logger_supd_raw, ways[i].how, ROUNDS, ways[i].raw);
		measure_one(b, &logger_supd_text, ways[i].how, ROUNDS, ways[i].text);
		for (const struct logger *const *peer = logger_peers; *peer; peer++)
			measure_one(b, *peer, ways[i].how, PEER_ROUNDS, 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		measure_many_writers(b, &logger_supd_raw, ways[i].how);
		measure_many_writers(b, &logger_supd_text, ways[i].how);
	}
	if (is_wanted("flood"))
		measure_log_flood(b);
}

/* A run that fails ends all of it. */
const char *log_smoke(struct bench *b)
{
	static const struct logger *const loggers[] = {&logger_splice, &logger_cat,
						       &logger_supd_raw, &logger_supd_text};
	static const char *const ways[] = {"blocks", "lines"};

	for (size_t i = 0; i < ARRAY_LEN(loggers) * ARRAY_LEN(ways); i++) {
		const struct logger *logger = loggers[i / 2];
		const struct logger_run run = {logger->how == LOGGER_OWNER ? 3 : 1, 2000,
					       ways[i % 2]};

		if (logger_measure(b, logger, &run) <= 0)
			return "it took no time";
	}
	return NULL;
}
