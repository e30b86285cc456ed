/* SPDX-License-Identifier: MIT */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

/*
 * Frames: what travels over the control socket and, later, over an actor's mailbox socket. A
 * datagram carries one or more whole frames. All numbers are little-endian.
 *
 *   offset  size  what
 *        0     4  size of the frame, header included
 *        4     1  op
 *        5     1  flags (enum wire_flag; 0 in HELLO, REQUEST, ROW and REPLY)
 *        6     2  size of the tag
 *        8     8  from: the sender's pid, 0 where the connection says it
 *       16     8  to: the receiver's pid, 0 for the daemon
 *       24     8  ref: names the request that an answer belongs to
 *       32        the tag, then the payload up to the frame's end
 *
 * Nothing here touches a file descriptor.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"

#define WIRE_HEADER_SIZE 32
/* A datagram, and so a frame, is never longer. */
#define WIRE_DATAGRAM_MAX 65536
#define WIRE_TAG_MAX 255

enum wire_op {
	WIRE_HELLO = 1,   /* both sides, first: wire/hello.h */
	WIRE_REQUEST = 2, /* tag: the command; payload: fields; ref: the asker's choice, not 0 */
	WIRE_ROW = 3,   /* payload: fields; any number before the reply, or without end (events) */
	WIRE_REPLY = 4, /* payload: fields; ends the request; ref 0: about the connection itself */

	/* signals between actors, and what goes with them: sup(7) */
	WIRE_MESSAGE = 16,
	WIRE_CALL = 17,
	WIRE_RESPONSE = 18,
	WIRE_EXIT = 19,
	WIRE_DOWN = 20,
	WIRE_MONITOR = 21,
	WIRE_CANCEL = 22,
	WIRE_CREDIT = 23,
	WIRE_RECEIVE = 24,
	WIRE_ACK = 25,
	WIRE_DONE = 26,
	WIRE_WINDOW = 27,
	WIRE_QUEUED = 28,
	WIRE_GOODBYE = 29,
	WIRE_N_OPS,
};

/* Flags; which op each belongs to: sup(7). */
enum wire_flag {
	WIRE_NAMED = 1,       /* the tag begins with the receiver's name and a NUL */
	WIRE_MEMFD = 2,       /* the payload lies in a memfd; here are 8 bytes, its size */
	WIRE_CONFIRM = 4,     /* MESSAGE: the sender wants a DONE with this ref */
	WIRE_REDELIVERED = 8, /* it has been handed out before */
	WIRE_FLUSH = 16,      /* CANCEL: what is queued with this ref goes too */
	WIRE_NOW = 32,        /* RECEIVE: does not wait */
	WIRE_IN_ORDER = 64,   /* RECEIVE: the first message that matches any clause */
	WIRE_DIRECT = 128,    /* CALL: its answer comes whatever the credit */
};

/* A decoded frame; tag and payload are borrowed from the datagram. The tag has no final NUL. */
struct wire_frame {
	uint8_t op;
	uint8_t flags;
	uint16_t tag_size;
	uint64_t from;
	uint64_t to;
	uint64_t ref;
	const char *tag;
	const void *payload;
	size_t payload_size;
};

/* One frame under construction at the end of a buffer. Errors stick until wire_end(). */
struct wire_encoder {
	struct buf *out; /* borrowed */
	size_t start;
	int error;
};

/* Begins a frame with frame's header and tag; payload and payload_size are not looked at. */
void wire_begin(struct wire_encoder *e, struct buf *out, const struct wire_frame *frame);
/* Appends bytes of payload. */
void wire_put(struct wire_encoder *e, const void *data, size_t size);
/* Ends it. 0; -ENOMEM or -EMSGSIZE, and then nothing of the frame is left in the buffer. */
int wire_end(struct wire_encoder *e);

/* Header and tag of a frame with a text as its tag. */
struct wire_frame wire_frame(enum wire_op op, const char *tag, uint64_t ref);

/*
 * Decodes the frame at *cursor of a datagram and moves the cursor behind it. 1: there was one; 0:
 * the datagram ended; -EPROTO: it is damaged.
 */
int wire_decode(const void *datagram, size_t size, size_t *cursor, struct wire_frame *ret_frame);

/* How many bytes of the encoded frames in data fill one datagram: whole frames, at least one. */
size_t wire_datagram_size(const void *data, size_t size);

bool wire_tag_is(const struct wire_frame *frame, const char *text);

#endif
