/* SPDX-License-Identifier: MIT */

/*
 * Whether a flood of output delays what the daemon is there for: kill -9 to the first instruction
 * of the replacement, before and while services write lines to their logs as fast as they can,
 * without end. The raw loop stands beside the same flood and is struck in turn; held against each
 * other is by how much the flood delays either.
 */

#include <stdio.h>
#include <unistd.h>

#include "tests/bench/logger.h"
#include "tests/bench/measure.h"
#include "tests/bench/samples.h"
#include "tests/bench/table.h"

#define WRITERS 4
#define PAIRS 200
#define SMOKE_PAIRS 3
#define REST_US 3000
/* Until the first files are rotated. */
#define SETTLE_US 500000

static void write_sections(const struct bench *b, const char *board, char *text, size_t room)
{
	size_t used = 0;

	for (unsigned i = 0; i < WRITERS; i++)
		used += (size_t)snprintf(text + used, room - used,
					 "\n[service f%u]\ncommand = %s/tests/bench-writer %s %u "
					 "10000 flood\nmailbox = none\nlog_size = 10M\n"
					 "log_files = 2\n",
					 i, b->build, board, i);
}

static void strike(struct subject *raw, struct subject *s, uint32_t pairs,
		   struct samples ret_times[2])
{
	for (uint32_t i = 0; i < pairs; i++)
		latency_pair(raw, s, i, REST_US, ret_times);
}

static void print_delay(const struct samples idle[2], const struct samples flooded[2])
{
	char texts[3][64], verdict[32] = "";
	double delay[2];

	for (int i = 0; i < 2; i++) {
		delay[i] = samples_spread(&flooded[i]).median - samples_spread(&idle[i]).median;
		snprintf(texts[i], sizeof(texts[i]), "%.0f us", delay[i] / 1000);
	}
	snprintf(texts[2], sizeof(texts[2]), "%.2f", delay[1] / delay[0]);
	if (delay[0] > 0)
		table_verdict(delay[1] / delay[0], 1.5, verdict);
	table_text("by so much a flood of output delays it", texts[0], texts[1],
		   delay[0] > 0 ? texts[2] : NULL, verdict);
}

/* Both, at rest and then beside the flood. */
static void flood(struct bench *b, uint32_t pairs, struct samples ret_idle[2],
		  struct samples ret_flooded[2])
{
	struct subject raw = {.n = 1}, s = {.n = 1, .intensity = 1000};
	char settings[600], board[300], text[4096];
	struct writers *writers;

	snprintf(board, sizeof(board), "%s/flood-board", b->dir);
	snprintf(settings, sizeof(settings), "cgroup = no\nlog_dir = %s/flood-logs\n", b->dir);
	writers = writers_make(board);
	write_sections(b, board, text, sizeof(text));
	s.settings = settings;
	s.more = text;
	subject_prepare(&raw, b, &subject_raw);
	subject_prepare(&s, b, &subject_supd);
	subject_start(&raw);
	subject_start(&s);
	strike(&raw, &s, pairs, ret_idle);
	writers_begin(writers, WRITERS);
	usleep(SETTLE_US);
	strike(&raw, &s, pairs, ret_flooded);
	subject_stop(&s);
	subject_stop(&raw);
}

void measure_log_flood(struct bench *b)
{
	static struct samples idle[2], flooded[2];

	flood(b, PAIRS, idle, flooded);
	printf("\n");
	table_begin();
	table_ratio("kill -9 to the replacement, services at rest", &idle[0], &idle[1], 0);
	table_ratio("the same while four of them write lines without end", &flooded[0], &flooded[1],
		    0);
	print_delay(idle, flooded);
}

const char *log_flood_smoke(struct bench *b)
{
	static struct samples idle[2], flooded[2];

	flood(b, SMOKE_PAIRS, idle, flooded);
	return flooded[1].n == SMOKE_PAIRS ? NULL : "not all were restarted";
}
