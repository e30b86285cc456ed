/* SPDX-License-Identifier: MIT */
#ifndef TESTS_RUN_PTY_H
#define TESTS_RUN_PTY_H

/* A terminal, as a person at its other end uses it. */

#include "support.h"

struct pty {
	int fd; /* the other end */
	char name[64];
	struct buf seen;
	size_t next; /* up to which the test has looked */
	struct program program;
	const struct person *who; /* borrowed */
};

/* Starts a program as a terminal's session leader, with that as standard input, output, error. */
struct pty *pty_start(const char *const *env, const char *const *argv);
/* The same; before that the person's own prepare() is called. */
struct pty *pty_start_as(const struct person *who, const char *const *env, const char *const *argv);
void pty_type(struct pty *p, const char *text);
/* Waits until the text comes; it and all before it are done with. */
void pty_until(struct pty *p, const char *text);
/* The program's exit status. The terminal is closed. */
int pty_end(struct pty *p);

#endif
