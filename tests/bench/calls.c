/* SPDX-License-Identifier: MIT */

/*
 * The system calls of one crash and restart, as strace sees them: the daemon's, and those of the
 * child up to its exec. The first crash is not the one that is counted.
 */

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/measure.h"
#include "tests/bench/table.h"

#define SETTLE_US 200000
#define ATTACH_TRIES 500
#define NAMES_MAX 1000

struct calls {
	char names[NAMES_MAX]; /* in order, with a blank between them */
	int n;
	bool over;
};

static bool is_traced(pid_t os_pid)
{
	char path[64], line[256];
	bool traced = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)os_pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "TracerPid:", 10) == 0)
			traced = atol(line + 10) != 0;
	if (file)
		fclose(file);
	return traced;
}

/* One service of s crashes under strace, which writes to the file. False: there is no strace. */
static bool calls_trace(struct subject *s, const char *path)
{
	char os_pid[16];
	const char *const argv[] = {"strace", "-f", "-qq", "-o", path, "-p", os_pid, NULL};
	pid_t strace;

	snprintf(os_pid, sizeof(os_pid), "%d", (int)s->os_pid);
	strace = run_program(argv, "/dev/null");
	for (int i = 0; !is_traced(s->os_pid); i++) {
		if (i == ATTACH_TRIES || waitpid(strace, NULL, WNOHANG) != 0)
			return false;
		usleep(10000);
	}
	subject_kill_one(s, 0);
	usleep(SETTLE_US);
	kill(strace, SIGINT);
	waitpid(strace, NULL, 0);
	return true;
}

static void calls_add(struct calls *calls, const char *name)
{
	size_t size = strlen(calls->names);

	snprintf(calls->names + size, sizeof(calls->names) - size, "%s%s", size ? " " : "", name);
	calls->n++;
}

/* A line is "OS-PID name(...", "OS-PID <... name resumed>" or "OS-PID --- SIGCHLD". */
static void calls_read(const char *path, pid_t daemon, struct calls ret_calls[2])
{
	FILE *file = fopen(path, "r");
	char line[4096], name[64];
	int os_pid;

	if (!file)
		die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		struct calls *calls;

		if (sscanf(line, "%d %63[a-z0-9_](", &os_pid, name) != 2)
			continue;
		calls = &ret_calls[os_pid != daemon];
		if (!calls->over)
			calls_add(calls, name);
		if (os_pid != daemon && strcmp(name, "execve") == 0)
			calls->over = true;
	}
	fclose(file);
}

void measure_calls(struct bench *b)
{
	static struct calls calls[2];
	struct subject s = {.n = 1, .intensity = 1000};
	char path[300], text[64];

	subject_prepare(&s, b, &subject_supd);
	snprintf(path, sizeof(path), "%s/strace", s.dir);
	subject_start(&s);
	subject_kill_one(&s, 0);
	usleep(SETTLE_US);
	if (!calls_trace(&s, path)) {
		subject_stop(&s);
		table_text("system calls of one crash and restart", NULL,
			   "strace does not run here", NULL, NULL);
		return;
	}
	subject_stop(&s);
	calls_read(path, s.os_pid, calls);
	snprintf(text, sizeof(text), "%d and %d", calls[0].n, calls[1].n);
	table_text("system calls of one crash and restart: daemon, child", "", text, "", "");
	printf("\nDaemon: %s\n\nChild: %s\n\n", calls[0].names, calls[1].names);
}
