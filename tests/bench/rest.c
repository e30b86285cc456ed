/* SPDX-License-Identifier: MIT */

/*
 * A thousand services at rest: what memory supervises them (PSS, so that what the C library shares
 * with others is counted in part), and whether anything runs without a cause.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/measure.h"
#include "tests/bench/samples.h"
#include "tests/bench/table.h"

#define FLEET 1000
#define SETTLE_S 2
#define WATCH_S 20

/* The number behind a name in a file of /proc; -1: not there. */
static double proc_number(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	char line[256];
	double number = -1;

	while (file && number < 0 && fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			number = strtod(line + strlen(name), NULL);
	if (file)
		fclose(file);
	return number;
}

double memory_of(pid_t os_pid)
{
	char path[64];
	double kib;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)os_pid);
	kib = proc_number(path, "Pss:");
	if (kib < 0)
		die("%s: no Pss in it", path);
	return kib;
}

/* How often its threads have been put on a processor so far, at the least. */
static double switches_of(pid_t os_pid)
{
	char path[300];
	double sum = 0;
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)os_pid);
	dir = opendir(path);
	if (!dir)
		die("%s: %s", path, strerror(errno));
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/status", (int)os_pid,
			 entry->d_name);
		sum += proc_number(path, "voluntary_ctxt_switches:") +
		       proc_number(path, "nonvoluntary_ctxt_switches:");
	}
	closedir(dir);
	return sum;
}

double wakes_of(pid_t os_pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)os_pid);
	return proc_number(path, "voluntary_ctxt_switches:");
}

void measure_rest(struct bench *b)
{
	struct subject raw = {.n = FLEET}, s = {.n = FLEET}, mute = {.n = FLEET, .mute = true};
	char texts[3][64], verdict[32];
	double memory[3], a_service, an_actor, before, wakes;

	subject_prepare(&raw, b, &subject_raw);
	subject_prepare(&s, b, &subject_supd);
	subject_prepare(&mute, b, &subject_supd);
	subject_start(&raw);
	subject_start(&s);
	subject_start(&mute);
	sleep(SETTLE_S);
	memory[0] = memory_of(raw.os_pid);
	memory[1] = memory_of(s.os_pid);
	memory[2] = memory_of(mute.os_pid);
	before = switches_of(s.os_pid);
	sleep(WATCH_S);
	wakes = switches_of(s.os_pid) - before;
	subject_stop(&mute);
	subject_stop(&s);
	subject_stop(&raw);
	an_actor = (memory[1] - memory[2]) / FLEET;
	a_service = (memory[1] - memory[0]) / FLEET;
	snprintf(texts[0], sizeof(texts[0]), "%.0f KiB", memory[0]);
	snprintf(texts[1], sizeof(texts[1]), "%.0f KiB", memory[1]);
	snprintf(texts[2], sizeof(texts[2]), "%.2f KiB a service more", a_service);
	table_text("memory (PSS) for 1000 services at rest", texts[0], texts[1], texts[2],
		   table_verdict(a_service, 2, verdict));
	snprintf(texts[0], sizeof(texts[0]), "%.2f KiB", an_actor);
	table_text("of that, for the mailbox and connection of one of them", "", texts[0], "",
		   table_verdict(an_actor, 1.5, verdict));
	snprintf(texts[0], sizeof(texts[0]), "%.0f", wakes);
	table_text("wake-ups in 20 s with 1000 services at rest", "", texts[0], "",
		   table_verdict(wakes, 0, verdict));
}
