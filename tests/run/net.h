/* SPDX-License-Identifier: MIT */
#ifndef TESTS_RUN_NET_H
#define TESTS_RUN_NET_H

/* Clients and servers on loopback. What waits fails the test after PATIENCE. */

#include <sys/socket.h>

/* A port of 127.0.0.1 that nobody had a moment ago, for TCP and UDP; another one each time. */
unsigned net_free_port(void);
unsigned net_free_port_below(unsigned limit); /* 0: there is none, or we may not */
/* Listens; the fd. */
int net_listen_tcp(unsigned *ret_port);
int net_listen_unix(const char *path);

/* An fd, or -errno. */
int net_connect_tcp(unsigned port);
int net_connect_unix(const char *path, int type);

/* Sends a line and takes the answer, without its line break; kept. Closes fd. */
const char *net_ask(int fd, const char *line);
const char *net_ask_tcp(unsigned port, const char *line);
const char *net_ask_udp(unsigned port, const char *line);
const char *net_ask_unix(const char *path, int type, const char *line);

#endif
