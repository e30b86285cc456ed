/* SPDX-License-Identifier: MIT */

/*
 * What it takes more that a service says READY=1 (ready = notify): how often the daemon wakes up
 * for a crash and restart, beside one of a service that is ready once it is executed. Counted are
 * the voluntary context switches, from before the kill until all is quiet again, of restarts in
 * turn; a clone that waits for the exec is one of them for both.
 */

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/bench/measure.h"
#include "tests/bench/table.h"

#define RESTARTS 40
#define SETTLE_US 250000

/* One restart: wake-ups of its daemon. */
static double restart_wakes(struct subject *s)
{
	double before = wakes_of(s->os_pid);

	subject_kill_one(s, 0);
	usleep(SETTLE_US);
	return wakes_of(s->os_pid) - before;
}

static void notify_prepare(struct subject pair[2], struct bench *b)
{
	pair[0] = (struct subject){.n = 1, .intensity = 1000};
	pair[1] = (struct subject){
		.n = 1, .intensity = 1000, .task = "tell", .keys = "ready = notify\n"};
	for (int i = 0; i < 2; i++) {
		subject_prepare(&pair[i], b, &subject_supd);
		subject_start(&pair[i]);
	}
	usleep(SETTLE_US);
}

static void notify_measure(struct subject pair[2], int restarts, struct samples ret_wakes[2])
{
	for (int i = 0; i < restarts; i++) {
		samples_add(&ret_wakes[i % 2], restart_wakes(&pair[i % 2]));
		samples_add(&ret_wakes[1 - i % 2], restart_wakes(&pair[1 - i % 2]));
	}
}

void measure_notify(struct bench *b)
{
	static struct samples wakes[2];
	struct subject pair[2];
	char texts[2][64], more[64], verdict[32];
	double medians[2];

	notify_prepare(pair, b);
	notify_measure(pair, RESTARTS, wakes);
	for (int i = 0; i < 2; i++) {
		subject_stop(&pair[i]);
		medians[i] = samples_spread(&wakes[i]).median;
		snprintf(texts[i], sizeof(texts[i]), "%s: %g", i ? "notify" : "exec", medians[i]);
	}
	snprintf(more, sizeof(more), "%g more", medians[1] - medians[0]);
	table_text("wake-ups of the daemon for a restart, ready = exec and notify", texts[0],
		   texts[1], more, table_verdict(medians[1] - medians[0], 1, verdict));
}

const char *notify_smoke(struct bench *b)
{
	static struct samples wakes[2];
	struct subject pair[2];

	notify_prepare(pair, b);
	notify_measure(pair, 1, wakes);
	for (int i = 0; i < 2; i++)
		subject_stop(&pair[i]);
	return wakes[0].values[0] < 1 || wakes[1].values[0] < 1 ? "a restart without a wake-up"
								: NULL;
}
