/* SPDX-License-Identifier: MIT */

/*
 * Messages over bare relays: how many a second, and how long one takes there and back. This is what
 * a daemon between sender and receiver is to be held against. One table of its own, printed by
 * `bench BUILD DIR relays` alone. Each row is several rounds; the first is left out.
 */

#include <stdio.h>

#include "base/macros.h"
#include "tests/bench/cast.h"
#include "tests/bench/measure.h"
#include "tests/bench/samples.h"

#define ROUNDS 5
#define MANY 1000

struct relay_row {
	const char *what;
	enum relay_kind kind;
	uint32_t n; /* actors */
	struct stage_round round;
	bool pinned;  /* all of it on one processor */
	uint32_t few; /* the smoke test's actors; 0: as many */
};

/* round: task, size, count, senders, receivers, batch */
static const struct relay_row rows[] = {
	{"64 B, each with a send", RELAY_ONE, 2, {STAGE_SEND, 64, 100000, 1, 1, 1}, false, 0},
	{"64 B", RELAY_ONE, 2, {STAGE_SEND, 64, 200000, 1, 1, 64}, false, 0},
	{"1 KiB", RELAY_ONE, 2, {STAGE_SEND, 1024, 100000, 1, 1, 64}, false, 0},
	{"16 KiB", RELAY_ONE, 2, {STAGE_SEND, 16384, 20000, 1, 1, 64}, false, 0},
	{"64 B, full datagrams", RELAY_WHOLE, 2, {STAGE_CORKED, 64, 2000000, 1, 1, 1}, false, 0},
	{"64 B, one to 8", RELAY_ROUTE, 9, {STAGE_SEND, 64, 80000, 1, 8, 64}, false, 0},
	{"64 B, 8 to one", RELAY_ROUTE, 9, {STAGE_SEND, 64, 10000, 8, 1, 64}, false, 0},
	{"64 B, 1000 at random, packed anew",
	 RELAY_PACK,
	 MANY,
	 {STAGE_RANDOM, 64, 320, MANY, 0, 1},
	 0,
	 20},
	{"64 B, there and back", RELAY_ECHO, 2, {STAGE_CALL, 64, 3000, 1, 1, 1}, false, 0},
	{"the same on one processor", RELAY_ECHO, 2, {STAGE_CALL, 64, 3000, 1, 1, 1}, true, 0},
	{"64 MiB in a memfd, no relay", RELAY_NONE, 2, {STAGE_MAP, 64 << 20, 3, 1, 1, 1}, false, 0},
};

static void print_row(const struct relay_row *row, const struct samples *times)
{
	const double n = (double)row->round.count * row->round.senders;
	struct samples rates = {.n = 0}, each = {.n = 0};
	char texts[2][SAMPLES_TEXT_MAX];

	for (size_t i = 0; i < times->n; i++) {
		samples_add(&rates, n * 1e9 / times->values[i]);
		samples_add(&each, times->values[i] / n);
	}
	printf("| %s | %s | %s |\n", row->what, samples_format_rate(&rates, texts[0]),
	       samples_format_ns(&each, texts[1]));
	fflush(stdout);
}

static void measure_row(const struct relay_row *row)
{
	struct samples times = {.n = 0};
	struct cast cast;

	cast_start(&cast, row->kind, row->n);
	cast_pin(&cast, row->pinned ? 0 : -1);
	for (int i = 0; i <= ROUNDS; i++) {
		double ns = cast_play(&cast, &row->round);

		if (ns < 0)
			die("%s: %s", row->what, cast.stage->wrong);
		if (i > 0)
			samples_add(&times, ns);
	}
	cast_end(&cast);
	print_row(row, &times);
}

void measure_relays(struct bench *b)
{
	(void)b;
	printf("\n| messages over a bare relay | rate | each |\n|---|---|---|\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		measure_row(&rows[i]);
}

/* Twice, so that what the first round left behind spoils the second. */
static bool smoke_row(const struct relay_row *row)
{
	struct stage_round round = row->round;
	struct cast cast;
	bool good;

	round.count = 10 * STAGE_BURST;
	if (row->few)
		round.senders = row->few;
	if (round.task == STAGE_MAP)
		round = (struct stage_round){STAGE_MAP, 1 << 20, 2, 1, 1, 1};
	cast_start(&cast, row->kind, row->few ? row->few : row->n);
	cast_pin(&cast, row->pinned ? 0 : -1);
	good = cast_play(&cast, &round) > 0 && cast_play(&cast, &round) > 0;
	if (!good)
		printf("relay, %s: %s\n", row->what, cast.stage->wrong);
	cast_end(&cast);
	return good;
}

unsigned relays_smoke(unsigned *ret_passed)
{
	unsigned passed = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		passed += smoke_row(&rows[i]);
	*ret_passed = passed;
	return (unsigned)ARRAY_LEN(rows) - passed;
}
