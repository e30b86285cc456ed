/* SPDX-License-Identifier: MIT */

#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "internal.h"

/* Below what the kernel gives to those who do not ask for one. */
#define PORT_FIRST 20000
#define PORTS 10000

static struct sockaddr_in loopback(unsigned port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static bool is_free(unsigned port, int type)
{
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	bool good = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	close(fd);
	return good;
}

/* Tests that run at the same time begin at different places. */
unsigned net_free_port(void)
{
	static unsigned next;

	for (int i = 0; i < PORTS; i++) {
		unsigned port = PORT_FIRST + ((unsigned)getpid() * 37 + next++) % PORTS;

		if (is_free(port, SOCK_STREAM) && is_free(port, SOCK_DGRAM))
			return port;
	}
	cr_assert_fail("no port is free");
	return 0;
}

unsigned net_free_port_below(unsigned limit)
{
	for (unsigned port = limit - 1; port > limit / 2; port--) {
		if (is_free(port, SOCK_STREAM))
			return port;
	}
	return 0;
}

int net_listen_tcp(unsigned *ret_port)
{
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(listen(fd, 10), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static struct sockaddr_un unix_address(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	cr_assert_lt(strlen(path), sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	return address;
}

int net_listen_unix(const char *path)
{
	struct sockaddr_un address = unix_address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(fd, 10), 0);
	return fd;
}

static int connect_to(int family, int type, const void *address, socklen_t size)
{
	struct timeval patience = {.tv_sec = PATIENCE};
	int fd = socket(family, type | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, address, size) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

int net_connect_tcp(unsigned port)
{
	struct sockaddr_in address = loopback(port);

	return connect_to(AF_INET, SOCK_STREAM, &address, sizeof(address));
}

/* A datagram needs a place for the answer to come to. */
int net_connect_unix(const char *path, int type)
{
	struct sockaddr_un address = unix_address(path);
	struct sockaddr_un nameless = {.sun_family = AF_UNIX};
	int fd = connect_to(AF_UNIX, type, &address, sizeof(address));

	if (fd >= 0 && type == SOCK_DGRAM)
		cr_assert_eq(bind(fd, (struct sockaddr *)&nameless, sizeof(sa_family_t)), 0);
	return fd;
}

const char *net_ask(int fd, const char *line)
{
	char text[512];
	ssize_t n;

	cr_assert_geq(fd, 0, "no connection: %s", strerror(-fd));
	dprintf(fd, "%s\n", line);
	n = read(fd, text, sizeof(text) - 1);
	cr_assert_gt(n, 0, "no answer to %s: %s", line, n ? strerror(errno) : "the end");
	close(fd);
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return keep_printf("%s", text);
}

const char *net_ask_tcp(unsigned port, const char *line)
{
	return net_ask(net_connect_tcp(port), line);
}

const char *net_ask_udp(unsigned port, const char *line)
{
	struct sockaddr_in address = loopback(port);

	return net_ask(connect_to(AF_INET, SOCK_DGRAM, &address, sizeof(address)), line);
}

const char *net_ask_unix(const char *path, int type, const char *line)
{
	return net_ask(net_connect_unix(path, type), line);
}
