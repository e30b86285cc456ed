/* SPDX-License-Identifier: MIT */

/*
 * The system calls of one crash and restart, as strace sees them: the daemon's, those of the child
 * up to its exec, and those of the commands that run beside it up to theirs. First of a service
 * that has none of the keys that came later, which is held against what it took before there were
 * any; then of one with each of them, and what that adds. The first crash is not the one that is
 * counted.
 */

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/bench/measure.h"
#include "tests/bench/table.h"

#define SETTLE_US 400000
#define ATTACH_TRIES 500
#define NAMES_MAX 2000
#define PROCESSES_MAX 8
/* Before there were mailboxes, cgroups and the rest; and what the report of a crash adds: what the
 * process has used, and a line that tells of it (RESULTS.md). */
#define DAEMON_BEFORE (19 + 4)
#define CHILD_BEFORE 4

/* Of one process. */
struct calls {
	pid_t os_pid;
	char names[NAMES_MAX]; /* in order, with a blank between them */
	int n;
	bool over; /* it has executed its program */
	bool is_service;
};

struct trace {
	struct calls all[PROCESSES_MAX]; /* the daemon first */
	size_t n;
	bool in_cgroup;
};

struct feature {
	const char *what, *settings, *keys, *task;
	bool mailbox, log;
};

/* %d: our OS pid. But for those with a log, output goes where the daemon's own goes. */
static const struct feature features[] = {
	{"none of the keys below", NULL, NULL, NULL, false, false},
	{"a mailbox", NULL, NULL, NULL, true, false},
	{"`stdout = log`, as by default", NULL, NULL, NULL, false, true},
	{"a cgroup", "cgroup = auto\n", NULL, NULL, false, false},
	{"`umask`, `nice`, `oom_score_adj`, `limit_nofile`", NULL,
	 "umask = 022\nnice = 1\noom_score_adj = 100\nlimit_nofile = 512\n", NULL, false, false},
	{"`runtime_directory`", NULL, "runtime_directory = supd-bench-%d\n", NULL, false, false},
	{"`listen`", NULL, "listen = unix:@supd-bench-%d-calls\n", NULL, false, false},
	{"`ready = notify`", NULL, "ready = notify\n", "tell", false, false},
	{"`ready = log:`", NULL, "ready = log:up\n", "say", false, true},
	{"`start_pre`", NULL, "start_pre = /bin/true\n", NULL, false, false},
	{"`start_post`", NULL, "start_post = /bin/true\n", NULL, false, false},
	{"`health`, but for its probes", NULL, "health = tcp:127.0.0.1:9\nhealth_interval = 1h\n",
	 NULL, false, false},
	{"`watchdog`", NULL, "watchdog = 1h\n", NULL, false, false},
};

/* ---- strace ---- */

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

static struct calls *calls_of(struct trace *trace, pid_t os_pid)
{
	for (size_t i = 0; i < trace->n; i++)
		if (trace->all[i].os_pid == os_pid)
			return &trace->all[i];
	if (trace->n == PROCESSES_MAX)
		die("more processes than there should be");
	trace->all[trace->n].os_pid = os_pid;
	return &trace->all[trace->n++];
}

static void calls_add(struct calls *calls, const char *name)
{
	size_t size = strlen(calls->names);

	snprintf(calls->names + size, sizeof(calls->names) - size, "%s%s", size ? " " : "", name);
	calls->n++;
}

/* A line is "OS-PID name(...", "OS-PID <... name resumed>" or "OS-PID --- SIGCHLD". */
static void calls_read(const char *path, pid_t daemon, struct trace *ret_trace)
{
	FILE *file = fopen(path, "r");
	char line[4096], name[64];
	int os_pid;

	if (!file)
		die("%s: %s", path, strerror(errno));
	memset(ret_trace, 0, sizeof(*ret_trace));
	calls_of(ret_trace, daemon);
	while (fgets(line, sizeof(line), file)) {
		struct calls *calls;

		if (sscanf(line, "%d %63[a-z0-9_](", &os_pid, name) != 2)
			continue;
		calls = calls_of(ret_trace, os_pid);
		if (calls->over)
			continue;
		calls_add(calls, name);
		calls->over = os_pid != daemon && strcmp(name, "execve") == 0;
		calls->is_service = calls->over && strstr(line, "bench-service");
	}
	fclose(file);
}

/* False: there is no strace. */
static bool calls_take(struct bench *b, const struct feature *feature, struct trace *ret_trace)
{
	struct subject s = {.n = 1, .intensity = 1000};
	char path[300], keys[200];
	const char *own = feature->keys ? feature->keys : "", *gap = strstr(own, "%d");
	const char *output = feature->log ? "" : "stdout = inherit\nstderr = inherit\n";
	bool traced, in_cgroup;

	if (gap)
		snprintf(keys, sizeof(keys), "%s%.*s%d%s", output, (int)(gap - own), own,
			 (int)getpid(), gap + 2);
	else
		snprintf(keys, sizeof(keys), "%s%s", output, own);
	s.settings = feature->settings;
	s.keys = keys;
	s.task = feature->task;
	s.mute = !feature->mailbox;
	subject_prepare(&s, b, &subject_supd);
	snprintf(path, sizeof(path), "%s/strace", s.dir);
	subject_start(&s);
	subject_kill_one(&s, 0);
	usleep(SETTLE_US);
	in_cgroup = subject_has_cgroup(&s);
	traced = calls_trace(&s, path);
	subject_stop(&s);
	if (traced)
		calls_read(path, s.os_pid, ret_trace);
	ret_trace->in_cgroup = in_cgroup;
	return traced;
}

/* ---- the tables ---- */

/* The service's own child, up to its exec. */
static const struct calls *child_of(const struct trace *trace)
{
	static const struct calls none;

	for (size_t i = 1; i < trace->n; i++)
		if (trace->all[i].is_service)
			return &trace->all[i];
	return &none;
}

static int others_of(const struct trace *trace)
{
	int n = 0;

	for (size_t i = 1; i < trace->n; i++)
		if (!trace->all[i].is_service)
			n += trace->all[i].n;
	return n;
}

/* How often there is such a name in the list; both end with a blank or NUL. */
static int count(const char *names, const char *name)
{
	size_t size = strcspn(name, " ");
	int n = 0;

	while (*names) {
		size_t at = strcspn(names, " ");

		n += at == size && memcmp(names, name, size) == 0;
		names += at + (names[at] == ' ');
	}
	return n;
}

/* What has more of them than without has: each name once, where it first comes. */
static void print_more(const char *who, const char *without, const char *with)
{
	bool any = false;

	for (const char *name = with; *name; name += strcspn(name, " "), name += *name == ' ') {
		int size = (int)strcspn(name, " ");
		int before = count(with, name) - count(name, name);
		int more = count(with, name) - count(without, name);

		if (before > 0 || more <= 0)
			continue;
		printf("%s%.*s", any ? ", " : who, size, name);
		if (more > 1)
			printf(" x %d", more);
		any = true;
	}
	if (any)
		printf("; ");
}

/* A daemon that is not root's has no place for directories everywhere. */
static bool is_possible(const struct feature *feature)
{
	return !feature->keys || !strstr(feature->keys, "runtime_directory") || geteuid() == 0 ||
	       getenv("XDG_RUNTIME_DIR");
}

static void print_feature(const struct feature *feature, const struct trace *without,
			  const struct trace *with)
{
	printf("| %s | %d | %d | %d | ", feature->what, with->all[0].n, child_of(with)->n,
	       others_of(with));
	print_more("daemon: ", without->all[0].names, with->all[0].names);
	print_more("child: ", child_of(without)->names, child_of(with)->names);
	printf("|\n");
	fflush(stdout);
}

static void print_plain(const struct trace *plain)
{
	char text[64], verdict[64];
	int daemon = plain->all[0].n, child = child_of(plain)->n;

	snprintf(text, sizeof(text), "%d and %d", daemon, child);
	snprintf(verdict, sizeof(verdict), "<= %d and %d: %s", DAEMON_BEFORE, CHILD_BEFORE,
		 daemon <= DAEMON_BEFORE && child <= CHILD_BEFORE ? "yes" : "NO");
	table_text(
		"system calls of one crash and restart, with no key that came later: daemon, child",
		"", text, "", verdict);
	printf("\nDaemon: %s\n\nChild: %s\n\n", plain->all[0].names, child_of(plain)->names);
	printf("| system calls of a crash and restart, with | daemon | child | commands | more "
	       "than without |\n|---|---|---|---|---|\n");
}

void measure_calls(struct bench *b)
{
	static struct trace plain, trace;

	if (!calls_take(b, &features[0], &plain)) {
		table_text("system calls of one crash and restart", NULL,
			   "strace does not run here", NULL, NULL);
		return;
	}
	print_plain(&plain);
	print_feature(&features[0], &plain, &plain);
	for (size_t i = 1; i < ARRAY_LEN(features); i++)
		if (!is_possible(&features[i]) || !calls_take(b, &features[i], &trace) ||
		    (features[i].settings && !trace.in_cgroup))
			printf("| %s | not to be had here | | | |\n", features[i].what);
		else
			print_feature(&features[i], &plain, &trace);
}

/* Where strace runs here. The numbers are not judged: they may be others in an unusual build. */
const char *calls_smoke(struct bench *b)
{
	static struct trace trace;

	if (!calls_take(b, &features[0], &trace))
		return NULL;
	if (!count(trace.all[0].names, "waitid"))
		return "the daemon restarts a service without waitid";
	return count(child_of(&trace)->names, "execve") ? NULL : "the child executes nothing";
}
