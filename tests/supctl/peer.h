/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPCTL_PEER_H
#define TESTS_SUPCTL_PEER_H

/*
 * A daemon that says what a test wants, when it wants it: what happens once in a thousand runs of
 * the real one happens here each time. It serves one supctl, in a process of its own, which fails
 * by its exit status.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/frame.h"

struct peer {
	int fd;         /* of the connection */
	int payload_fd; /* owned; that came with the last datagram, -1: none */
	size_t size, cursor;
	struct buf out;
	char in[WIRE_DATAGRAM_MAX];
};

typedef void serve_fn(struct peer *peer);

/* ---- in the peer ---- */

/* The next frame of supctl's, which must be of that op. */
struct wire_frame peer_expect(struct peer *peer, enum wire_op op);
/* supctl has ended without another frame. */
void peer_expect_end(struct peer *peer);
/* Composes; peer_send() sends what was composed as one datagram. */
void peer_put(struct peer *peer, enum wire_op op, uint64_t from, uint64_t to, uint64_t ref,
	      const char *tag, const char *payload);
void peer_send(struct peer *peer);
/* The peer fails unless that is so. */
#define PEER_CHECK(what)                                      \
	do {                                                  \
		if (!(what))                                  \
			peer_fail(__FILE__, __LINE__, #what); \
	} while (0)
_Noreturn void peer_fail(const char *file, int line, const char *what);

/* ---- in the test ---- */

struct result {
	int status;
	char out[512], err[512];
};

/* Runs a shell command with one supctl in it against a peer; inside the actor <0.5.0>, or outside.
 */
struct result run_against(serve_fn *serve, bool inside, const char *shell);

#endif
