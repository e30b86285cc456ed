/* SPDX-License-Identifier: MIT */

/*
 * sim --seed N [--seeds N] [--events N] [--trace N]
 *
 * Runs seeds N, N + 1, ... one after the other, each twice: the second time must give the same
 * effects. A failure prints the seed, what is broken, the last events and effects, and the command
 * that plays it again. --events: about that many a seed, instead of what the seed says. --trace:
 * prints all from that event on. A seed that needs more than a minute of CPU time goes round in
 * circles, and counts as a crash: nothing else would end it.
 */

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "core/record.h"
#include "tests/sim/sim.h"
#include "tests/support/alloc.h"

#define LAST_EVENTS 12
/* One seed in so many is recorded, too. */
#define RECORDED 8
/* Of CPU time, for both runs of one seed; a thousandth is usual. */
#define SEED_SECONDS 60

struct options {
	uint64_t seed, seeds, events, trace;
};

/* For the handler of a crash. */
static struct sim *running;
static struct options options = {.seed = 1, .seeds = 1, .events = 0, .trace = UINT64_MAX};

static void run_again(uint64_t seed, uint64_t trace_from)
{
	char numbers[3][24];
	char self[] = "sim", seed_option[] = "--seed", events_option[] = "--events",
	     trace_option[] = "--trace";
	char *argv[] = {self,       seed_option,  numbers[0], events_option,
			numbers[1], trace_option, numbers[2], NULL};

	snprintf(numbers[0], sizeof(numbers[0]), "%" PRIu64, seed);
	snprintf(numbers[1], sizeof(numbers[1]), "%" PRIu64, options.events);
	snprintf(numbers[2], sizeof(numbers[2]), "%" PRIu64, trace_from);
	execv("/proc/self/exe", argv);
}

static void print_again(uint64_t seed)
{
	if (options.events)
		printf("again: build/tests/sim --seed %" PRIu64 " --events %" PRIu64 "\n", seed,
		       options.events);
	else
		printf("again: make sim SEED=%" PRIu64 "\n", seed);
}

/* An assertion or worse, or no end: the same seed again, with its last events printed. */
static void on_crash(int unix_signal)
{
	sigset_t all;

	signal(unix_signal, SIG_DFL);
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (running && options.trace == UINT64_MAX) {
		printf("seed %" PRIu64 ", event %" PRIu64 ": %s\n", running->seed,
		       running->n_events, unix_signal == SIGPROF ? "does not end" : "crashed");
		print_again(running->seed);
		run_again(running->seed,
			  running->n_events > LAST_EVENTS ? running->n_events - LAST_EVENTS : 1);
	}
	raise(unix_signal);
}

/* With record: the first time. */
static void run(struct sim *sim, uint64_t seed, struct buf *record)
{
	bool check = record != NULL;

	*sim = (struct sim){.seed = seed,
			    .check = check,
			    .record = seed % RECORDED == 0 ? record : NULL,
			    .max_events = options.events,
			    .trace_from = check ? options.trace : UINT64_MAX};
	running = sim;
	sim_run(sim);
	running = NULL;
}

static void report(const struct sim *sim)
{
	printf("seed %" PRIu64 ", event %" PRIu64 ": %s\n", sim->seed, sim->n_events, sim->failure);
	print_again(sim->seed);
	fflush(stdout);
}

/* A recording of the run, played through a core of its own, is the same text again. */
static void check_record(struct sim *sim, const struct buf *record)
{
	struct buf again = BUF_INIT;
	int r;

	if (sim->seed % RECORDED != 0 || sim->was_short)
		return;
	r = record_replay(buf_text(record), &again);
	if (r < 0)
		sim_fail(sim, "the recording can not be played: %d", r);
	else if (strcmp(buf_text(record), buf_text(&again)) != 0)
		sim_fail(sim, "the recording, played again, had other effects");
	buf_fini(&again);
}

static void limit_seed(void)
{
	struct itimerval limit = {.it_value.tv_sec = SEED_SECONDS};

	setitimer(ITIMER_PROF, &limit, NULL);
}

/* Both runs of one seed. */
static bool run_seed(uint64_t seed, uint64_t *events)
{
	long before = alloc_live();
	struct buf record = BUF_INIT;
	struct sim first, second;

	limit_seed();
	run(&first, seed, &record);
	*events += first.n_events;
	if (!sim_failed(&first))
		check_record(&first, &record);
	buf_fini(&record);
	if (!sim_failed(&first)) {
		run(&second, seed, NULL);
		if (first.hash != second.hash)
			sim_fail(&first, "the second run had other effects");
		else if (alloc_live() != before)
			sim_fail(&first, "%ld allocations were leaked", alloc_live() - before);
	}
	if (!sim_failed(&first))
		return true;
	report(&first);
	if (options.trace == UINT64_MAX) {
		options.trace = first.n_events > LAST_EVENTS ? first.n_events - LAST_EVENTS : 1;
		run(&second, seed, &record);
		buf_fini(&record);
		options.trace = UINT64_MAX;
	}
	return false;
}

static void read_options(char **argv)
{
	static const struct {
		const char *name;
		uint64_t *value;
	} names[] = {{"--seed", &options.seed},
		     {"--seeds", &options.seeds},
		     {"--events", &options.events},
		     {"--trace", &options.trace}};

	for (; argv[0]; argv += 2) {
		size_t i = 0;

		while (i < ARRAY_LEN(names) && strcmp(argv[0], names[i].name) != 0)
			i++;
		if (i == ARRAY_LEN(names) || !argv[1]) {
			fprintf(stderr, "usage: sim --seed N [--seeds N] [--events N] "
					"[--trace N]\n");
			exit(2);
		}
		*names[i].value = strtoull(argv[1], NULL, 10);
	}
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	uint64_t events = 0, passed = 0, failed = 0;

	(void)argc;
	read_options(argv + 1);
	signal(SIGABRT, on_crash);
	signal(SIGSEGV, on_crash);
	signal(SIGPROF, on_crash);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (uint64_t i = 0; i < options.seeds && failed < 3; i++) {
		if (run_seed(options.seed + i, &events))
			passed++;
		else
			failed++;
	}
	printf("%" PRIu64 " events, %.0f events/s\n", events, (double)events / seconds());
	printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed);
	return failed > 0;
}
