/* SPDX-License-Identifier: MIT */

/* Files that anybody may send to the daemon, and that take their time to be closed. */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "actor.h"
#include "net.h"
#include "support.h"

RUN_SUITE(foreign);

/* A connection full of bytes that nobody reads, and whose last close() waits for an hour. */
static int make_lingering(int *ret_listener)
{
	static const struct linger hour = {.l_onoff = 1, .l_linger = 3600};
	static const char bytes[4096];
	unsigned port;
	int fd;

	*ret_listener = net_listen_tcp(&port);
	fd = net_connect_tcp(port);
	cr_assert_geq(fd, 0);
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	cr_assert_eq(errno, EAGAIN);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hour, sizeof(hour)), 0);
	return fd;
}

/* While the daemon stands still, so that it is the last who closes it. */
static void send_lingering(struct node *n, struct actor_end *to)
{
	int listener, lingering = make_lingering(&listener);

	cr_assert_eq(kill(n->supd.os_pid, SIGSTOP), 0);
	actor_send_bytes(to, "STATUS=here", 11, &lingering, 1);
	close(lingering);
	cr_assert_eq(kill(n->supd.os_pid, SIGCONT), 0);
	cr_expect_str_eq(state_of(n, "a"), "running");
	close(listener);
}

/* In a message that nobody has read, on a socket that is sent. */
static void send_wrapped(struct node *n, struct actor_end *to)
{
	int listener, lingering = make_lingering(&listener), ends[2];
	struct actor_end inner = {0};

	cr_assert_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
	inner.fd = ends[0];
	cr_assert_eq(kill(n->supd.os_pid, SIGSTOP), 0);
	actor_send_bytes(&inner, "x", 1, &lingering, 1);
	actor_send_bytes(to, "STATUS=here", 11, &ends[1], 1);
	close(ends[0]);
	close(ends[1]);
	close(lingering);
	cr_assert_eq(kill(n->supd.os_pid, SIGCONT), 0);
	cr_expect_str_eq(state_of(n, "a"), "running");
	close(listener);
}

/* Behind what ends the connection, so that nobody reads it. */
static void send_behind(struct node *n, struct actor_end *to)
{
	int listener, lingering = make_lingering(&listener);

	cr_assert_eq(kill(n->supd.os_pid, SIGSTOP), 0);
	actor_send_bytes(to, "no frame", 8, NULL, 0);
	for (int i = 0; i < 20; i++)
		actor_send_bytes(to, "x", 1, &lingering, 1);
	close(lingering);
	cr_assert_eq(kill(n->supd.os_pid, SIGCONT), 0);
	cr_expect_str_eq(state_of(n, "a"), "running");
	close(listener);
}

Test(foreign, a_socket_that_lingers_does_not_stop_the_daemon)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\n");
	struct actor_end notify = {.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct actor_end *guest = actor_connect(n);

	strcpy(address.sun_path, keep_printf("%s/run/notify", n->folder));
	cr_assert_eq(connect(notify.fd, (struct sockaddr *)&address, sizeof(address)), 0);
	send_lingering(n, &notify);
	send_wrapped(n, &notify);
	send_lingering(n, guest);
	cr_expect(actor_is_cut_off(guest));
	actor_close(guest);
	guest = actor_connect(n);
	send_behind(n, guest);
	actor_close(guest);
	close(notify.fd);
	node_end(n);
}
