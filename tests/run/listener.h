/* SPDX-License-Identifier: MIT */
#ifndef TESTS_RUN_LISTENER_H
#define TESTS_RUN_LISTENER_H

/* Sockets of the test itself, where a service's would be: whoever probes cannot tell. */

#include <stdint.h>

struct listener {
	int fd;
	uint16_t port;
};

/* A port of 127.0.0.1 that is taken, where nobody listens: who connects is refused. */
void listener_init(struct listener *l);
void listener_fini(struct listener *l); /* also a CLEANUP function */
void listener_open(struct listener *l); /* from now on the kernel takes connections */
/* The next connection, waited for; to be closed. */
int listener_accept(const struct listener *l);
/* Reads a request up to its empty line. */
void request_read(int fd);
/* Answers one request, and closes the connection. */
void listener_answer(const struct listener *l, const char *text);

#endif
