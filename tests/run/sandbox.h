/* SPDX-License-Identifier: MIT */
#ifndef TESTS_RUN_SANDBOX_H
#define TESTS_RUN_SANDBOX_H

/*
 * A node whose supd is the first process of a PID namespace, as in a container. Its files are those
 * of everybody else, but for /proc, which is its own, and /var/lib, which is FOLDER/lib.
 */

#include <sys/resource.h>

#include "support.h"

enum {
	SANDBOX_NO_PROC = 1,   /* /proc is empty */
	SANDBOX_READ_ONLY = 2, /* all that there is */
	SANDBOX_FOLDER = 4,    /* ... but FOLDER */
	SANDBOX_NO_DEV = 8,    /* /dev is empty */
	SANDBOX_USER = 16, /* in a user namespace of its own; implied where the test is not root */
};

struct sandbox {
	unsigned how;
	int err_fd;   /* standard error of its supd; 0: as ever */
	rlim_t nproc; /* its limit of processes; 0: as ever */
	uid_t uid;    /* its supd becomes that user; 0: stays */
	struct node *n;
};

/* A node of one; the test is skipped where no namespace can be made. */
struct sandbox *sandbox_new(unsigned how);
struct node *sandbox_run(const char *config); /* an ordinary one, started */
/* The OS pid of its supd, as it is seen here. */
pid_t sandbox_init(const struct node *n);
/* That Unix signal; it ends with status 0, and leaves nothing. */
void sandbox_end(struct node *n, int unix_signal);

#endif
