/* SPDX-License-Identifier: MIT */

/* The raw loop and supd, each as a subject. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

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

static void supd_prepare(struct subject *s)
{
	const char *mute = "";
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "%s/supd.conf", s->dir);
	file = fopen(path, "w");
	if (!file)
		die("%s: %s", path, strerror(errno));
	fprintf(file, "[supd]\nrun_dir = %s/run\n\n[supervisor %s]\n", s->dir,
		s->below ? "all" : "/");
	if (s->at_once)
		fprintf(file, "start = parallel\n");
	if (s->mute)
		mute = "mailbox = none\n";
	if (s->intensity)
		fprintf(file, "intensity = %u\nperiod = 1s\n", s->intensity);
	for (uint32_t i = 0; i < s->n; i++)
		fprintf(file,
			"\n[service %ss%05u]\ncommand = %s/tests/bench-service %s/board %u\n%s",
			s->below ? "all/" : "", i, s->bench->build, s->dir, i, mute);
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

double subject_stop_all(struct subject *s)
{
	char supctl[300], socket[300];
	const char *const argv[] = {supctl, "-s", socket, "stop", "all", NULL};
	int64_t at = now_ns();
	int status;
	pid_t pid;

	snprintf(supctl, sizeof(supctl), "%s/supctl", s->bench->build);
	snprintf(socket, sizeof(socket), "%s/run/control", s->dir);
	pid = run_program(argv, "/dev/null");
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		die("supctl stop all has failed");
	return (double)(now_ns() - at);
}
