/* SPDX-License-Identifier: MIT */
#ifndef WIRE_HELLO_H
#define WIRE_HELLO_H

/*
 * The first frame of each side: "supd", the version of the protocol (4 bytes), the release as text
 * with its final NUL. Both sides speak at once; whoever sees another protocol version says so and
 * closes. The payload of HELLO keeps this beginning in every version. Behind it may be
 *
 *   the daemon's:  pid (8), the actor's whose mailbox this connection is, 0 on the control socket
 *                  window (8), so many bytes may be sent, until a WINDOW raises it
 *                  flags (4)
 *
 *   a helper's:    pid (8), the actor for which it acts
 *                  token (16)
 */

#include "wire/frame.h"

#define WIRE_PROTOCOL 2
#define WIRE_RELEASE "0.1.0"

#define HELLO_TOKEN_SIZE 16

enum {
	HELLO_DURABLE = 1, /* the mailbox is durable */
};

/* What is behind the release. */
struct hello_more {
	uint64_t pid;
	uint64_t window;                 /* from the daemon */
	uint32_t flags;                  /* from the daemon */
	uint8_t token[HELLO_TOKEN_SIZE]; /* from a helper */
};

/* Append our HELLO: a guest's, the daemon's, a helper's. 0 or -ENOMEM. */
int hello_put(struct buf *out);
int hello_put_daemon(struct buf *out, uint64_t pid, uint64_t window, uint32_t flags);
int hello_put_helper(struct buf *out, uint64_t pid, const uint8_t token[HELLO_TOKEN_SIZE]);

/* Reads one. 0; -EPROTO where it is none. The release is borrowed from the frame. */
int hello_read(const struct wire_frame *frame, uint32_t *ret_protocol, const char **ret_release);
/* What the daemon's, a helper's HELLO has behind the release. 0; -EPROTO where it has less. */
int hello_read_daemon(const struct wire_frame *frame, struct hello_more *ret_more);
int hello_read_helper(const struct wire_frame *frame, struct hello_more *ret_more);
/* True where there is anything behind the release. */
bool hello_has_more(const struct wire_frame *frame);

#endif
