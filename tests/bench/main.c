/* SPDX-License-Identifier: MIT */

/*
 *     bench BUILD DIR [PART...]     the measurements, or the parts named
 *
 * All that is written goes to DIR, which has to be there and should be in memory. The measuring is
 * done in a child. Whatever it starts are descendants of its parent, also where something in
 * between has died: at the end, however that came, the parent ends them all.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/bench/measure.h"
#include "tests/bench/table.h"

struct part {
	const char *name;
	void (*measure)(struct bench *b);
	bool always; /* also where no part is named */
};

static const struct part parts[] = {
	{"latency", measure_latency, true},
	{"starts", measure_starts, true},
	{"fleet", measure_fleet, true},
	{"rest", measure_rest, true},
	{"many", measure_many, true},
	{"probes", measure_probes, true},
	{"notify", measure_notify, true},
	{"rolling", measure_rolling, true},
	/* These print tables of their own: the last ones by default. */
	{"calls", measure_calls, true},
	{"events", measure_events, true},
	{"log", measure_log, false},
	{"relays", measure_relays, false},
	{"mail", measure_mail, false},
	{"flood", measure_flood, false},
	{"peers", measure_peers, false},
	{"smoke", measure_smoke, false},
};

static bool is_wanted(const struct part *part, char **names)
{
	bool wanted = part->always && !*names;

	for (; *names; names++)
		wanted = wanted || strcmp(*names, part->name) == 0;
	return wanted;
}

static int measure(const char *build, const char *dir, char **names)
{
	struct bench bench = {.build = build, .dir = dir};

	table_begin();
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (is_wanted(&parts[i], names))
			parts[i].measure(&bench);
	return 0;
}

int main(int argc, char **argv)
{
	char *build = argc > 2 ? realpath(argv[1], NULL) : NULL;
	int status = 0;
	pid_t pid;

	if (!build)
		die("usage: bench BUILD DIR [PART...]");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		exit(measure(build, argv[2], argv + 3));
	}
	/* Both come for the whole group: the child ends of them, and that is waited for. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		status = 1;
	descendants_end();
	free(build);
	return status ? 1 : 0;
}
