/* SPDX-License-Identifier: MIT */

/*
 * A process that is exiting waits for no socket: where the last close() might wait, another process
 * is made that has the file as well, and closes it by being killed.
 */

#include "supd/foreign.h"

#include <errno.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int option_of(int fd, int option)
{
	int value = 0;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &size) < 0 ? -1 : value;
}

/* A time of 0 does not wait: it resets the connection, as its owner wished. */
static bool lingers(int fd)
{
	struct linger linger = {0};
	socklen_t size = sizeof(linger);

	return getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 && linger.l_onoff &&
	       linger.l_linger;
}

/* What was sent on it and not read goes with it, and may hold anything. */
static bool has_unread(int fd)
{
	char byte;

	return option_of(fd, SO_DOMAIN) == AF_UNIX &&
	       (option_of(fd, SO_ACCEPTCONN) > 0 ||
		recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN);
}

static void close_by_another(int fd)
{
	static const struct linger none;
	pid_t closer = fork();

	if (closer == 0) {
		for (;;)
			pause();
	}
	/* Short of processes: what can be done without one. */
	if (closer < 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(fd);
	if (closer < 0)
		return;
	kill(closer, SIGKILL);
	while (waitpid(closer, NULL, 0) < 0 && errno == EINTR)
		;
}

void foreign_close(int fd)
{
	if (lingers(fd) || has_unread(fd))
		close_by_another(fd);
	else
		close(fd);
}

void foreign_close_connection(int fd)
{
	int unread = 0;

	if (ioctl(fd, SIOCINQ, &unread) == 0 && unread > 0)
		close_by_another(fd);
	else
		close(fd);
}
