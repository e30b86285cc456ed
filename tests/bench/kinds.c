/* SPDX-License-Identifier: MIT */

/* The raw loop and supd, each as a subject. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/bench/subject.h"

static void raw_command(struct subject *s, const char *argv[16])
{
	snprintf(s->text[0], sizeof(s->text[0]), "%s/tests/bench-raw", s->bench->build);
	snprintf(s->text[1], sizeof(s->text[1]), "%u", s->n);
	snprintf(s->text[2], sizeof(s->text[2]), "%s/tests/bench-service", s->bench->build);
	snprintf(s->text[3], sizeof(s->text[3]), "%s/board", s->dir);
	argv[0] = s->text[0];
	argv[1] = s->at_once ? "all" : "one";
	argv[2] = s->text[1];
	argv[3] = s->text[2];
	argv[4] = s->text[3];
	argv[5] = NULL;
}

/* One section; whose command's last words are its index and its task. */
static void write_service(const struct subject *s, FILE *file, const char *name, const char *index)
{
	fprintf(file, "\n[service %s%s]\ncommand = %s/tests/bench-service %s/board %s %s\n",
		s->below ? "all/" : "", name, s->bench->build, s->dir, index,
		s->task ? s->task : "");
	if (s->mute || getenv("MUTE"))
		fputs("mailbox = none\n", file);
	if (s->keys)
		fputs(s->keys, file);
}

static void write_services(const struct subject *s, FILE *file)
{
	char name[16], index[16];

	if (s->instances) {
		write_service(s, file, "w@", "%i");
		fprintf(file, "instances = %u\n", s->n);
		return;
	}
	for (uint32_t i = 0; i < s->n; i++) {
		snprintf(name, sizeof(name), "s%05u", i);
		snprintf(index, sizeof(index), "%u", i);
		write_service(s, file, name, index);
	}
}

static void supd_prepare(struct subject *s)
{
	char path[300];
	const char *settings = s->settings ? s->settings : "cgroup = no\n";
	FILE *file;

	snprintf(path, sizeof(path), "%s/supd.conf", s->dir);
	file = fopen(path, "w");
	if (!file)
		die("%s: %s", path, strerror(errno));
	fprintf(file, "[supd]\nrun_dir = %s/run\n%s%s\n[supervisor %s]\n", s->dir,
		strstr(settings, "log_dir = ") ? "" : "log_dir = none\n", settings,
		s->below ? "all" : "/");
	if (s->at_once)
		fprintf(file, "start = parallel\n");
	if (s->intensity)
		fprintf(file, "intensity = %u\nperiod = 1s\n", s->intensity);
	write_services(s, file);
	if (s->more)
		fputs(s->more, file);
	if (fclose(file) != 0)
		die("%s: %s", path, strerror(errno));
}

static void supd_command(struct subject *s, const char *argv[16])
{
	snprintf(s->text[0], sizeof(s->text[0]), "%s/supd", s->bench->build);
	snprintf(s->text[1], sizeof(s->text[1]), "%s/supd.conf", s->dir);
	argv[0] = s->text[0];
	argv[1] = "-c";
	argv[2] = s->text[1];
	argv[3] = NULL;
}

const struct subject_kind subject_raw = {
	.name = "raw",
	.command = raw_command,
	.stop_signal = SIGTERM,
};

const struct subject_kind subject_supd = {
	.name = "supd",
	.prepare = supd_prepare,
	.command = supd_command,
	.stop_signal = SIGTERM,
};

pid_t subject_supctl(const struct subject *s, const char *const *words)
{
	char supctl[300], socket[300], out[300];
	const char *argv[16] = {supctl, "-s", socket};

	snprintf(supctl, sizeof(supctl), "%s/supctl", s->bench->build);
	snprintf(socket, sizeof(socket), "%s/run/control", s->dir);
	snprintf(out, sizeof(out), "%s/supctl", s->dir);
	for (size_t n = 3; n < ARRAY_LEN(argv) - 1 && *words; n++)
		argv[n] = *words++;
	return run_program(argv, out);
}

bool subject_has_cgroup(const struct subject *s)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/run/cgroup", s->dir);
	return access(path, F_OK) == 0;
}

double subject_stop_all(struct subject *s)
{
	static const char *const words[] = {"stop", "all", NULL};
	int64_t at = now_ns();
	int status;
	pid_t pid = subject_supctl(s, words);

	if (waitpid(pid, &status, 0) < 0 || status != 0)
		die("supctl stop all has failed");
	return (double)(now_ns() - at);
}
