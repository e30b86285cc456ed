/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_ENDPOINT_H
#define CONFIG_ENDPOINT_H

/*
 * Where one service listens, or is asked: what its configuration says, with %i and %n expanded. A
 * path, or an address and a port: "127.0.0.1:80", "[::1]:80", "localhost:80", "127.0.0.1:80%i".
 * Names are not looked up: who answers that may be slow, or be a service of this very tree.
 */

#include <stdint.h>

enum endpoint_form {
	ENDPOINT_PATH,    /* of a Unix socket or a FIFO; @NAME */
	ENDPOINT_ADDRESS, /* an address and a port */
	ENDPOINT_HTTP,    /* ... the port 80 may be left out */
	ENDPOINT_LISTEN,  /* ... any address, "*:80" or ":80", is one too */
};

struct endpoint {
	char *name; /* owned */
	/* Not of a path. */
	uint8_t host[16];  /* in the network's order */
	uint8_t host_size; /* 4 or 16; 0: any address of both families */
	uint16_t port;     /* in the host's order */
};

/*
 * Of the service with that path. 0; -ENOMEM; -EINVAL where it is none: *ret_advice says what to
 * write instead, static. Nothing is to be freed then.
 */
int endpoint_find(const char *text, enum endpoint_form form, const char *service,
		  struct endpoint *ret_endpoint, const char **ret_advice);
/* Frees what it owns, not the record. */
void endpoint_fini(struct endpoint *endpoint);

#endif
