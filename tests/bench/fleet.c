/* SPDX-License-Identifier: MIT */

/*
 * A thousand services: from the start of the supervisor to the last service's first instruction;
 * from the first kill -9 of all to the last successor's first instruction; from SIGTERM to the end
 * of the supervisor. Rounds: raw loop and supd in turn, the first round is left out.
 */

#include <unistd.h>

#include "tests/bench/measure.h"
#include "tests/bench/samples.h"
#include "tests/bench/table.h"

#define FLEET 1000
#define ROUNDS 7
#define SUPCTL_ROUNDS 5
#define SETTLE_US 50000

enum { START, KILLED, STOPPED, N_TIMES };

static void fleet_round(struct bench *b, const struct subject_kind *kind, bool at_once,
			struct samples ret_times[N_TIMES])
{
	struct subject s = {.n = FLEET, .at_once = at_once};
	double times[N_TIMES];

	subject_prepare(&s, b, kind);
	times[START] = subject_start(&s);
	usleep(SETTLE_US);
	times[KILLED] = subject_kill_all(&s);
	usleep(SETTLE_US);
	times[STOPPED] = subject_stop(&s);
	usleep(SETTLE_US);
	for (int i = 0; ret_times && i < N_TIMES; i++)
		samples_add(&ret_times[i], times[i]);
}

static void fleet_rounds(struct bench *b, bool at_once, struct samples raw[N_TIMES],
			 struct samples supd[N_TIMES])
{
	fleet_round(b, &subject_raw, at_once, NULL);
	fleet_round(b, &subject_supd, at_once, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		fleet_round(b, &subject_raw, at_once, raw);
		fleet_round(b, &subject_supd, at_once, supd);
	}
}

/* The raw loop has no tool: its whole end stands for it. */
static void fleet_supctl(struct bench *b, bool at_once, struct samples ret_times[2])
{
	for (int i = 0; i < SUPCTL_ROUNDS; i++) {
		struct subject raw = {.n = FLEET, .at_once = at_once};
		struct subject s = {.n = FLEET, .at_once = at_once, .below = true};

		subject_prepare(&raw, b, &subject_raw);
		subject_start(&raw);
		samples_add(&ret_times[0], subject_stop(&raw));
		subject_prepare(&s, b, &subject_supd);
		subject_start(&s);
		usleep(SETTLE_US);
		samples_add(&ret_times[1], subject_stop_all(&s));
		subject_stop(&s);
	}
}

void measure_fleet(struct bench *b)
{
	static const struct samples none;
	struct samples raw[N_TIMES] = {none, none, none}, supd[N_TIMES] = {none, none, none};
	struct samples raw_once[N_TIMES] = {none, none, none};
	struct samples supd_once[N_TIMES] = {none, none, none};
	struct samples supctl[2] = {none, none}, supctl_once[2] = {none, none};

	fleet_rounds(b, false, raw, supd);
	table_ratio("1000 services, cold start to all running", &raw[START], &supd[START], 1.6);
	table_ratio("all killed to all back", &raw[KILLED], &supd[KILLED], 1.5);
	table_ratio("all stopped in order", &raw[STOPPED], &supd[STOPPED], 1.3);
	fleet_supctl(b, false, supctl);
	table_ratio("a supervisor of 1000 stopped in order, by supctl stop", &supctl[0], &supctl[1],
		    1.3);
	fleet_rounds(b, true, raw_once, supd_once);
	table_ratio("start = parallel: cold start to all running", &raw_once[START],
		    &supd_once[START], 1.6);
	table_ratio("start = parallel: all killed to all back", &raw_once[KILLED],
		    &supd_once[KILLED], 1.5);
	table_ratio("start = parallel: all stopped at once", &raw_once[STOPPED],
		    &supd_once[STOPPED], 2);
	fleet_supctl(b, true, supctl_once);
	table_ratio("start = parallel: a supervisor of 1000 stopped, by supctl stop",
		    &supctl_once[0], &supctl_once[1], 2);
}
