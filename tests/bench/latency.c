/* SPDX-License-Identifier: MIT */

/*
 * kill -9 to the first instruction of the replacement. Raw loop and subject stand side by side and
 * are struck in turn, which of them first changes from pair to pair: what the machine does to one,
 * it does to the other.
 *
 *   idle   a rest before each kill, so that the processors sleep and the supervisor has to be woken
 *   warm   a process of the lowest priority keeps each processor awake
 */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/measure.h"
#include "tests/bench/samples.h"
#include "tests/bench/table.h"

#define AWAKE_MAX 64
#define IDLE_REST_US 20000
#define WARM_REST_US 2000
#define PAIRS 300
#define FIRST_LEFT_OUT 5

static struct {
	pid_t os_pids[AWAKE_MAX];
	long n;
} awake;

/*
 * Each session is a group of its own to the scheduler, and groups share the processors evenly,
 * whatever priority their members have: a service, in a session of its own, would wait for us here,
 * the raw loop's would not. So these are a group too, of the least weight.
 */
static void awake_be_the_last(void)
{
	const struct sched_param none = {0};
	FILE *group;

	sched_setscheduler(0, SCHED_IDLE, &none);
	setsid();
	group = fopen("/proc/self/autogroup", "we");
	if (!group)
		return;
	fputs("19", group);
	fclose(group);
}

void awake_begin(void)
{
	awake.n = sysconf(_SC_NPROCESSORS_ONLN);
	if (awake.n < 1 || awake.n > AWAKE_MAX)
		awake.n = 1;
	for (long i = 0; i < awake.n; i++) {
		awake.os_pids[i] = fork();
		if (awake.os_pids[i] < 0)
			die("fork: %s", strerror(errno));
		if (awake.os_pids[i] > 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		awake_be_the_last();
		for (;;)
			__asm__ volatile("");
	}
}

void awake_end(void)
{
	for (long i = 0; i < awake.n; i++) {
		kill(awake.os_pids[i], SIGKILL);
		waitpid(awake.os_pids[i], NULL, 0);
	}
	awake.n = 0;
}

void latency_pair(struct subject *raw, struct subject *s, uint32_t i, unsigned rest_us,
		  struct samples ret_times[2])
{
	struct subject *const both[2] = {raw, s};

	for (uint32_t turn = 0; turn < 2; turn++) {
		uint32_t which = (turn + i) % 2;

		usleep(rest_us);
		samples_add(&ret_times[which], subject_kill_one(both[which], i % both[which]->n));
	}
}

static void latency_series(struct subject *raw, struct subject *s, unsigned rest_us,
			   struct samples ret_times[2])
{
	struct samples dropped[2] = {{.n = 0}, {.n = 0}};

	for (uint32_t i = 0; i < FIRST_LEFT_OUT; i++)
		latency_pair(raw, s, i, rest_us, dropped);
	for (uint32_t i = 0; i < PAIRS; i++)
		latency_pair(raw, s, i, rest_us, ret_times);
}

void latency_measure(struct subject *raw, struct subject *s, const char *what,
		     const double targets[2])
{
	struct samples idle[2] = {{.n = 0}, {.n = 0}}, warm[2] = {{.n = 0}, {.n = 0}};

	latency_series(raw, s, IDLE_REST_US, idle);
	awake_begin();
	latency_series(raw, s, WARM_REST_US, warm);
	awake_end();
	table_ratio(what, &idle[0], &idle[1], targets[0]);
	table_ratio("the same, processors kept awake", &warm[0], &warm[1], targets[1]);
}

void measure_latency(struct bench *b)
{
	static const double targets[2] = {1.25, 1.4};
	struct subject raw = {.n = 1}, s = {.n = 1, .intensity = 1000};

	subject_prepare(&raw, b, &subject_raw);
	subject_prepare(&s, b, &subject_supd);
	subject_start(&raw);
	subject_start(&s);
	latency_measure(&raw, &s, "kill -9 to the replacement's first instruction, idle", targets);
	subject_stop(&s);
	subject_stop(&raw);
}
