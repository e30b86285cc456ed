/* SPDX-License-Identifier: MIT */
#ifndef SUPD_HANDED_H
#define SUPD_HANDED_H

/*
 * What fds the process of one start gets beyond 0, 1 and 2, and at which numbers: listening
 * sockets and stored fds from 3 on (LISTEN_FDS), an fd at a number that the configuration names,
 * and the mailbox at the first number that is free. Kept in the order of their numbers.
 */

#include <stddef.h>

#include "base/buf.h"
#include "supd/spawn.h"

#define HANDED_FIRST 3

struct handed {
	struct spawn_fd *fds; /* owned; fds themselves are borrowed */
	size_t n, capacity;
	size_t n_listen;  /* LISTEN_FDS */
	struct buf names; /* LISTEN_FDNAMES */
};

void handed_fini(struct handed *h);
/* For the next start; keeps the memory. */
void handed_clear(struct handed *h);
/* fd becomes target; step is what failed where that fails. 0, -ENOMEM, -EEXIST: target is taken. */
int handed_add(struct handed *h, int fd, int target, enum start_step step);
/*
 * The next of LISTEN_FDS, from HANDED_FIRST on in this order, with its name (% in it is expanded
 * for the service at path). 0, -ENOMEM, -EEXIST.
 */
int handed_listen(struct handed *h, int fd, const char *name, const char *path);
/* The lowest number from HANDED_FIRST on that nothing was given. */
int handed_next(const struct handed *h);

#endif
