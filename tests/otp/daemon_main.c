/* SPDX-License-Identifier: MIT */

/*
 * otp-daemon [--jobs N] --out DIR FILE...: as otp-core, on real daemons with real processes, N
 * scenarios at a time.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/otp/daemon.h"

int main(int argc, char **argv)
{
	char dir[PATH_MAX];
	long jobs = 2;
	int at = 1;

	if (argc > at + 1 && strcmp(argv[at], "--jobs") == 0) {
		jobs = strtol(argv[at + 1], NULL, 10);
		at += 2;
	}
	if (argc < at + 3 || strcmp(argv[at], "--out") != 0 || jobs < 1 || jobs > 64) {
		fputs("usage: otp-daemon [--jobs N] --out DIR FILE...\n", stderr);
		return 2;
	}
	/* Each is played in a folder of its own. */
	if (!realpath(argv[at + 1], dir)) {
		perror(argv[at + 1]);
		return 1;
	}
	return jobs_run(dir, argv + at + 2, (size_t)(argc - at - 2), (size_t)jobs) < 0 ? 1 : 0;
}
