/* SPDX-License-Identifier: MIT */
#ifndef SUPD_OUT_H
#define SUPD_OUT_H

/*
 * What waits to be sent on one connection: datagrams, each a record of its size and its frames.
 * What is appended goes into the last datagram while there is room, so that whatever has come
 * together by the end of the loop's turn leaves in few of them. What the core gave as one piece is
 * never cut: an answer and the message behind it stay in one datagram.
 *
 *   offset  size  what
 *        0     4  size of the frames
 *        4     4  how many memfds travel with them
 *        8        the frames
 *
 * Queueing never waits and never sends.
 */

#include "base/buf.h"
#include "supd/memfd.h"
#include "wire/frame.h"

struct out {
	struct buf bytes;  /* records */
	size_t head;       /* the first that was not sent */
	size_t last;       /* the last one; only where there is one */
	struct buf memfds; /* of their numbers, each held once, in the order of the frames */
};

void out_fini(struct out *out, struct memfds *memfds);
/* Bytes that wait. */
static inline size_t out_size(const struct out *out)
{
	return out->bytes.size - out->head;
}

/* Memfds that wait. */
static inline size_t out_memfds(const struct out *out)
{
	return out->memfds.size / sizeof(uint32_t);
}

/* Begins a frame; out_end() ends it. 0, -ENOMEM, -EMSGSIZE: nothing is left of it. */
void out_begin(struct out *out, struct wire_encoder *e, const struct wire_frame *frame);
int out_end(struct out *out, struct wire_encoder *e);
/* Appends the core's frames, in one piece, and takes holds of the memfds in them. 0 or -ENOMEM. */
int out_put(struct out *out, const void *frames, size_t size, struct memfds *memfds);

/*
 * Sends the core's frames at once, uncopied, where nothing waits before them, nothing that follows
 * would have made the datagram much fuller, and no memfd belongs to them. False: they are to be
 * queued.
 */
bool out_send_now(const struct out *out, int fd, const void *frames, size_t size,
		  const struct memfds *memfds);
/*
 * Sends what the socket takes. 0: all is sent; 1: some is left; -errno: the other side is gone, or
 * as good as that.
 */
int out_send(struct out *out, int fd, struct memfds *memfds);

#endif
