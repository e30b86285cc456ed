/* SPDX-License-Identifier: MIT */
#ifndef SUPD_SPAWN_SETUP_H
#define SUPD_SPAWN_SETUP_H

/*
 * The steps between clone and exec that few services have: those of struct exec_setup. A service
 * with none of its keys comes by here with not one system call.
 *
 *   first    as the daemon's user: hard limits that are to be raised, nice, io_class, cpu_affinity,
 *            oom_score_adj, a terminal, capabilities that it is never to have,
 *            chroot
 *   then     spawn.c: groups and user, directory
 *   as user  ambient capabilities, a file as standard input
 *   then     spawn.c: standard output and error, fds
 *   last     the limits as they are to be (not earlier: those on files and processes would be in
 *            the way of what comes before), no_new_privileges
 */

#include "core/exec_setup.h"
#include "supd/spawn.h"

/* A sanitizer would look for its own records of the child's stack. */
#define IN_CHILD __attribute__((no_sanitize("address", "undefined")))

/*
 * What a service runs without where the daemon may not give it, unless it is to be enforced: a set,
 * a bit each; those of limits from SETUP_BIT_LIMITS on.
 */
enum { SETUP_BIT_NICE, SETUP_BIT_IO_CLASS, SETUP_BIT_OOM_SCORE_ADJ, SETUP_BIT_LIMITS };
#define SETUP_BITS (SETUP_BIT_LIMITS + (int)LIMIT_N)

struct spawn_setup {
	const struct exec_setup *exec; /* borrowed */
	bool enforce;
	uint32_t *not_enforced;     /* borrowed; written by the child */
	char oom_score_adj[12];     /* as text; "": not given */
	bool leaves_root;           /* its user is not root, and ours is */
	const char *chroot, *input; /* borrowed; expanded; NULL: none */
	enum input_kind input_kind;
	int terminal; /* borrowed; of key tty; -1: none */
};

/* In the child. False with *failure filled. */
bool spawn_setup_first(const struct spawn_setup *setup, struct spawn_failure *failure);
bool spawn_setup_as_user(const struct spawn_setup *setup, struct spawn_failure *failure);
bool spawn_setup_last(const struct spawn_setup *setup, struct spawn_failure *failure);

#endif
