/* SPDX-License-Identifier: MIT */

#include "supd/foreign.h"

#include <sys/socket.h>
#include <unistd.h>

void foreign_close(int fd)
{
	struct linger linger = {0};
	socklen_t size = sizeof(linger);

	/* A time of 0 does not wait: it resets the connection, as its owner wished. */
	if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 && linger.l_onoff &&
	    linger.l_linger) {
		linger = (struct linger){0};
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	}
	close(fd);
}
