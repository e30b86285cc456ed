/* SPDX-License-Identifier: MIT */

/*
 * Peers beside the raw loop and supd, one row each: restart idle and warm against the raw loop in
 * pairs; a start and a kill of all against the raw loop's of the same run; memory of all that
 * supervises. A table of its own, printed by `bench BUILD DIR peers` alone.
 */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/bench/measure.h"
#include "tests/bench/samples.h"
#include "tests/bench/table.h"

#define PAIRS 30
#define IDLE_REST_US 20000
#define WARM_REST_US 5000
#define FLEET 1000
#define SETTLE_US 500000
/* Several of them start nothing again that has not lived for a second: each is killed once. */
#define OLD_ENOUGH_US 1500000

static bool is_installed(const char *program)
{
	const char *path = getenv("PATH");
	char full[512];

	while (program && path && *path) {
		size_t size = strcspn(path, ":");

		snprintf(full, sizeof(full), "%.*s/%s", (int)size, path, program);
		if (access(full, X_OK) == 0)
			return true;
		path += size + (path[size] == ':');
	}
	return !program;
}

static pid_t parent_of(pid_t os_pid)
{
	char path[64], line[512];
	const char *end;
	FILE *file;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)os_pid);
	file = fopen(path, "r");
	if (file && fgets(line, sizeof(line), file) && (end = strrchr(line, ')')))
		sscanf(end, ") %*c %d", &parent);
	if (file)
		fclose(file);
	return parent;
}

static bool is_below(pid_t os_pid, pid_t top)
{
	while (os_pid > 1 && os_pid != top)
		os_pid = parent_of(os_pid);
	return os_pid == top;
}

static bool is_service(pid_t os_pid)
{
	char path[64], program[512];
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)os_pid);
	size = readlink(path, program, sizeof(program) - 1);
	program[size > 0 ? size : 0] = '\0';
	return strstr(program, "bench-service") != NULL;
}

/* KiB of PSS of everything from top down that is no service. */
static double memory_below(pid_t top)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	double sum = 0;

	while (dir && (entry = readdir(dir))) {
		pid_t os_pid = (pid_t)atol(entry->d_name);

		if (os_pid > 0 && is_below(os_pid, top) && !is_service(os_pid))
			sum += memory_of(os_pid);
	}
	if (dir)
		closedir(dir);
	return sum;
}

/* What one subject makes of it; the raw loop is measured beside it, pair by pair. */
struct comparison {
	struct samples idle[2], warm[2];
	double start, killed, memory;
};

static void compare_restarts(struct bench *b, const struct subject_kind *kind, struct comparison *c)
{
	struct subject raw = {.n = 2 * PAIRS}, s = {.n = 2 * PAIRS};

	subject_prepare(&raw, b, &subject_raw);
	subject_prepare(&s, b, kind);
	subject_start(&raw);
	subject_start(&s);
	usleep(OLD_ENOUGH_US);
	for (uint32_t i = 0; i < PAIRS; i++)
		latency_pair(&raw, &s, i, IDLE_REST_US, c->idle);
	awake_begin();
	for (uint32_t i = PAIRS; i < 2 * PAIRS; i++)
		latency_pair(&raw, &s, i, WARM_REST_US, c->warm);
	awake_end();
	descendants_end();
}

static void compare_fleet(struct bench *b, const struct subject_kind *kind, struct comparison *c)
{
	struct subject s = {.n = FLEET};

	subject_prepare(&s, b, kind);
	c->start = subject_start(&s);
	usleep(SETTLE_US);
	c->memory = memory_below(s.os_pid);
	c->killed = subject_kill_all(&s);
	descendants_end();
}

static void compare_print(const char *name, struct comparison *c, const struct comparison *raw)
{
	const struct samples idle = samples_ratio(&c->idle[1], &c->idle[0]);
	const struct samples warm = samples_ratio(&c->warm[1], &c->warm[0]);

	printf("| %s | %.2f | %.2f | %.2f | %.2f | %.1f |\n", name, samples_spread(&idle).median,
	       samples_spread(&warm).median, c->start / raw->start, c->killed / raw->killed,
	       (c->memory - raw->memory) / FLEET);
	fflush(stdout);
}

void measure_peers(struct bench *b)
{
	static struct comparison raw, supd, peer;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	compare_fleet(b, &subject_raw, &raw);
	compare_fleet(b, &subject_raw, &raw);
	printf("\n| times the raw loop | restart, idle | restart, warm | 1000 started "
	       "| 1000 killed, back | KiB a service more |\n|---|---|---|---|---|---|\n");
	compare_restarts(b, &subject_supd, &supd);
	compare_fleet(b, &subject_supd, &supd);
	compare_print("supd", &supd, &raw);
	for (const struct subject_kind *const *kind = subject_peers; *kind; kind++) {
		if (!is_installed((*kind)->program))
			continue;
		peer = (struct comparison){.start = 0};
		compare_restarts(b, *kind, &peer);
		compare_fleet(b, *kind, &peer);
		compare_print((*kind)->name, &peer, &raw);
	}
}
