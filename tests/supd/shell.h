/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPD_SHELL_H
#define TESTS_SUPD_SHELL_H

/* For tests of spawn.h: a shell as the process that is started. */

#include <stddef.h>

#include "supd/spawn.h"

/* A request for `sh -c script`, with its output in a pipe whose reading end is *ret_fd. */
struct shell {
	struct spawner spawner;
	struct spawn_request request;
	char *programs[2];
	char *argv[4];
	int out[2];
};

void shell_init(struct shell *s, const char *script);
void shell_fini(struct shell *s);
/* Runs it to its end with status 0; its output comes in text. */
void shell_run(struct shell *s, char *text, size_t size);
/* also: closed once it runs. */
void shell_run_keeping(struct shell *s, char *text, size_t size, int also);
/* It can not be started: how, and nothing is left. */
struct spawn_failure spawn_fails(struct shell *s);
int wait_for(pid_t os_pid); /* its wait status */
void read_all(int fd, char *text, size_t size);

#endif
