/* SPDX-License-Identifier: MIT */

/*
 * How fast one reader gets events as JSON. Services are stopped and started until the daemon keeps
 * some ten thousand events; then supctl asks for all of them, again and again, and writes a line
 * for each. Beside it, in turn: cat, which copies the same lines. What is counted are the lines
 * that came, each with the number after that of the line before it.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/bench/measure.h"
#include "tests/bench/samples.h"
#include "tests/bench/table.h"

#define SERVICES 1000
#define TURNS 20
#define ROUNDS 15
#define TARGET 200000

static const char *const all_events[] = {"events", "--json", "--since", "1", NULL};

static void run(const struct subject *s, const char *const *words)
{
	int status = 1;

	if (waitpid(subject_supctl(s, words), &status, 0) < 0 || status != 0)
		die("supctl %s has failed", words[0]);
}

/* Started and stopped `turns` times: a few events each time for each. */
static void fill(struct subject *s, unsigned turns)
{
	static const char *const start[] = {"start", "all", NULL};

	for (unsigned i = 0; i < turns; i++) {
		subject_stop_all(s);
		subject_expect(s, s->n);
		run(s, start);
		subject_await(s);
	}
}

static void path_of(const struct subject *s, const char *name, char out[300])
{
	snprintf(out, 300, "%s/%s", s->dir, name);
}

/* How many lines there are in what supctl wrote. */
static unsigned count_lines(const struct subject *s)
{
	static const char head[] = "{\"seq\":";
	unsigned long long last = 0;
	char path[300], *line = NULL;
	size_t room = 0;
	unsigned n = 0;
	FILE *file;

	path_of(s, "supctl", path);
	file = fopen(path, "r");
	if (!file)
		die("%s: %s", path, strerror(errno));
	for (; getline(&line, &room, file) > 0; n++) {
		unsigned long long seq;

		if (strncmp(line, head, strlen(head)) != 0)
			die("not an event: %s", line);
		seq = strtoull(line + strlen(head), NULL, 10);
		if (n && seq != last + 1)
			die("event %llu came after %llu", seq, last);
		last = seq;
	}
	free(line);
	fclose(file);
	return n;
}

static void forget(const struct subject *s, const char *name)
{
	char path[300];

	path_of(s, name, path);
	if (unlink(path) < 0 && errno != ENOENT)
		die("%s: %s", path, strerror(errno));
}

/* All events once, in events a second. */
static double read_events(const struct subject *s, unsigned *ret_n)
{
	double ns;
	int64_t at;

	forget(s, "supctl");
	at = now_ns();
	run(s, all_events);
	ns = (double)(now_ns() - at);
	*ret_n = count_lines(s);
	return *ret_n * 1e9 / ns;
}

static double copy_events(const struct subject *s, unsigned n)
{
	char from[300], to[300];
	const char *const argv[] = {"cat", from, NULL};
	int64_t at;
	int status;

	path_of(s, "supctl", from);
	path_of(s, "copy", to);
	forget(s, "copy");
	at = now_ns();
	if (waitpid(run_program(argv, to), &status, 0) < 0 || status != 0)
		die("cat has failed");
	return n * 1e9 / (double)(now_ns() - at);
}

static struct subject begin(struct bench *b, uint32_t n)
{
	struct subject s = {.n = n,
			    .at_once = true,
			    .below = true,
			    .mute = true,
			    .settings = "cgroup = no\nevents_kept = 200000\n"};

	subject_prepare(&s, b, &subject_supd);
	subject_start(&s);
	return s;
}

void measure_events(struct bench *b)
{
	static struct samples ours, copies;
	char texts[2][SAMPLES_TEXT_MAX], verdict[32], what[80];
	struct subject s = begin(b, SERVICES);
	double median;
	unsigned n = 0;

	fill(&s, TURNS);
	for (unsigned i = 0; i < ROUNDS; i++) {
		samples_add(&ours, read_events(&s, &n));
		samples_add(&copies, copy_events(&s, n));
	}
	subject_stop(&s);
	median = samples_spread(&ours).median;
	snprintf(what, sizeof(what), "%u events to one reader as JSON, a second", n);
	snprintf(verdict, sizeof(verdict), ">= %d: %s", TARGET, median >= TARGET ? "yes" : "NO");
	printf("\n| what | cat of the same lines | supctl events | target met? "
	       "|\n|---|---|---|---|\n");
	printf("| %s | %s | %s | %s |\n", what, samples_format_rate(&copies, texts[0]),
	       samples_format_rate(&ours, texts[1]), verdict);
}

const char *events_smoke(struct bench *b)
{
	struct subject s = begin(b, 5);
	unsigned n;

	fill(&s, 2);
	read_events(&s, &n);
	copy_events(&s, n);
	subject_stop(&s);
	return n >= 30 ? NULL : "events are missing";
}
