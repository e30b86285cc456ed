/* SPDX-License-Identifier: MIT */
#ifndef SUPD_SOCKET_H
#define SUPD_SOCKET_H

/*
 * Making one socket (or FIFO) that a service listens on, as the daemon: privileged ports for
 * services of other users.
 *
 * A path gets its mode when it is made, by the umask, and its owner through a descriptor that is
 * known to be what was made: there is no moment at which more than the configuration allows may
 * connect, and nobody who can write to the directory has anything else given away. A path is
 * replaced only where it is a socket that nobody listens on; anything else in the way is an error.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "config/endpoint.h"
#include "core/exec_sockets.h"

struct held_socket {
	int fd;     /* owned; -1: not open */
	char *path; /* owned; to be taken away when it is closed; NULL: none */
	dev_t device;
	ino_t inode; /* of path, as it was made */
};

/* Where it listens, for the service at that path of the tree: as endpoint_find(). */
int socket_endpoint(const struct exec_listen *listen, const char *service,
		    struct endpoint *ret_endpoint, const char **ret_advice);
/*
 * For the service at that path of the tree. 0, or -errno with *ret_why: what to say besides,
 * static, or NULL. What is returned is close-on-exec, listens where it can, and blocks.
 */
int socket_make(const struct exec_listen *listen, const char *service, struct held_socket *ret_held,
		const char **ret_why);
/* Closes it, and takes its path away where it is still the one that was made. */
void socket_unmake(struct held_socket *held);
/* Its path leads to it, or it has none. */
bool socket_is_there(const struct held_socket *held);

#endif
