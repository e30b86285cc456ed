/* SPDX-License-Identifier: MIT */
#ifndef SUPD_FDSTORE_H
#define SUPD_FDSTORE_H

/*
 * The fd store: what a service gives to the daemon by FDSTORE=1, and gets back at its next start.
 * It belongs to the service, not to one incarnation: it is kept over restarts of any kind, and
 * dropped where the service comes to rest (stopped, done or failed: nothing starts it again by
 * itself), unless fd_store_preserve = yes, and with the service.
 *
 * The same open file twice is kept once. A file whose other end is gone (EPOLLHUP, EPOLLERR) is
 * dropped, unless it came with FDPOLL=0; one that cannot be waited for is kept. All are watched by
 * one epoll of their own, as the loop's would want to read.
 */

#include "supd/handed.h"
#include "supd/processes.h"

#define FDSTORE_NAME_MAX 255

struct fd_store; /* of one service */

/* The daemon's; empty at first. */
struct fd_keeper {
	struct daemon *daemon; /* borrowed */
	int epoll;             /* -1: not needed yet */
	struct loop_fd watcher;
	struct loop_timer check; /* of who has come to rest */
	bool check_due;
	struct list stores; /* of struct fd_store; with one fd at least */
};

void fd_keeper_init(struct fd_keeper *keeper, struct daemon *d);
void fd_keeper_fini(struct fd_keeper *keeper); /* every store is gone by then */

/* Of printable ASCII without a colon, as LISTEN_FDNAMES has them. */
bool fdstore_name_is_valid(const char *name);
/*
 * Keeps fd, which is the store's from then on where *ret_kept is set; else it was there already.
 * 0, -ENOSPC: fd_store_max are there, -ENOMEM.
 */
int fdstore_add(struct daemon *d, struct process *p, int fd, const char *name, bool poll,
		bool *ret_kept);
void fdstore_remove(struct process *p, const char *name); /* all of that name */
size_t fdstore_count(const struct process *p);
/* All of it, in the order in which it came, behind the listening sockets of a start of the service
 * at path. 0, -ENOMEM, -EEXIST. */
int fdstore_hand(const struct process *p, const char *path, struct handed *handed);
/* All that `from` keeps and `to` does not goes to that one. False: memory was short. */
bool fdstore_pass(struct daemon *d, struct process *from, struct process *to);
/* Nothing of p's incarnation is left: looks, a little later, whether it has come to rest. */
void fdstore_gone(struct process *p);
void fdstore_free(struct fd_store *store); /* takes NULL; closes all */

#endif
