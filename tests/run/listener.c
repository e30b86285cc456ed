/* SPDX-License-Identifier: MIT */

#include "listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support.h"

void listener_init(struct listener *l)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_geq(l->fd, 0);
	cr_assert_eq(bind(l->fd, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(getsockname(l->fd, (struct sockaddr *)&address, &size), 0);
	l->port = ntohs(address.sin_port);
}

void listener_fini(struct listener *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

void listener_open(struct listener *l)
{
	cr_assert_eq(listen(l->fd, 1000), 0);
}

static void be_patient(int fd)
{
	struct timeval time = {.tv_sec = PATIENCE};

	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)), 0);
}

int listener_accept(const struct listener *l)
{
	int fd;

	be_patient(l->fd);
	fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_geq(fd, 0, "nobody connects");
	return fd;
}

void request_read(int fd)
{
	char text[4096];
	size_t size = 0;

	be_patient(fd);
	do {
		ssize_t n = recv(fd, text + size, sizeof(text) - 1 - size, 0);

		cr_assert_gt(n, 0, "no request, but: %.*s", (int)size, text);
		size += (size_t)n;
		text[size] = '\0';
	} while (!strstr(text, "\r\n\r\n"));
}

void listener_answer(const struct listener *l, const char *text)
{
	int fd = listener_accept(l);

	request_read(fd);
	cr_assert_geq(send(fd, text, strlen(text), MSG_NOSIGNAL), 0);
	close(fd);
}
