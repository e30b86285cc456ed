/* SPDX-License-Identifier: MIT */
#ifndef TESTS_RUN_HAMMER_H
#define TESTS_RUN_HAMMER_H

/*
 * One who connects to a port of 127.0.0.1 all the time, asks a line and is answered, in a process
 * of its own, until it is told to end.
 */

#include <sys/types.h>

struct hammer {
	pid_t os_pid;
	int stop, result;
};

/* cut: connected, and not answered. */
struct hits {
	unsigned answered, refused, cut;
};

struct hammer hammer_start(unsigned port);
struct hits hammer_end(struct hammer *h);

#endif
