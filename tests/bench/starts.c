/* SPDX-License-Identifier: MIT */

/*
 * kill -9 to the first instruction of the replacement, of a service that has what most services
 * have: a session, a pipe to the log keeper, which writes it to a file, and a mailbox; then a
 * cgroup as well. The raw loop's service has none of these. With `ready = log:` the keeper is asked
 * besides, before each start, to look for that line, and after each end, whether it came: that is
 * measured beside them.
 */

#include <stdio.h>

#include "base/macros.h"
#include "tests/bench/measure.h"
#include "tests/bench/table.h"

#define PLAIN "stdout = log\nstderr = log\n"
#define WAITED "ready = log:up\n"

struct start {
	const char *what, *cgroup, *keys;
	double targets[2]; /* idle, processors kept awake */
	bool in_cgroup;
};

static const struct start starts[] = {
	{"kill -9 to the first instruction, with session, log pipe and mailbox, idle",
	 "no",
	 PLAIN,
	 {1.3, 0},
	 false},
	{"kill -9 to the first instruction, with a cgroup as well, idle",
	 "auto",
	 PLAIN,
	 {1.6, 0},
	 true},
	{"the first of these, with `ready = log:`", "no", WAITED, {0, 0}, false},
	{"the second, with `ready = log:`", "auto", WAITED, {0, 0}, true},
};

static void start_prepare(struct subject *s, struct bench *b, const struct start *start)
{
	static char settings[400];

	snprintf(settings, sizeof(settings), "cgroup = %s\nlog_dir = %s/starts-logs\n",
		 start->cgroup, b->dir);
	s->n = 1;
	s->intensity = 1000;
	s->settings = settings;
	s->keys = start->keys;
	s->task = "say";
	subject_prepare(s, b, &subject_supd);
	subject_start(s);
}

static void measure_start(struct bench *b, const struct start *start)
{
	struct subject raw = {.n = 1}, s = {.n = 0};

	start_prepare(&s, b, start);
	if (start->in_cgroup && !subject_has_cgroup(&s)) {
		subject_stop(&s);
		table_text(start->what, NULL, "no cgroup v2 to write to here", NULL, NULL);
		return;
	}
	subject_prepare(&raw, b, &subject_raw);
	subject_start(&raw);
	latency_measure(&raw, &s, start->what, start->targets);
	subject_stop(&s);
	subject_stop(&raw);
}

void measure_starts(struct bench *b)
{
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		measure_start(b, &starts[i]);
}

const char *starts_smoke(struct bench *b)
{
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		struct subject s = {.n = 0};
		pid_t first;

		start_prepare(&s, b, &starts[i]);
		first = subject_service(&s, 0);
		if (subject_kill_one(&s, 0) <= 0 || subject_service(&s, 0) == first)
			return "one that was killed has no successor";
		subject_stop(&s);
	}
	return NULL;
}
