/* SPDX-License-Identifier: MIT */

#include "supd/out.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/number.h"

#define RECORD_HEADER 8
/* Datagrams handed to the kernel at once. */
#define BATCH 16
/* The core puts no more into one piece; the kernel takes 253 a datagram. */
#define MEMFDS_OF_DATAGRAM 64

/* ---- records ---- */

static uint32_t record_get(const struct out *out, size_t at, size_t which)
{
	uint32_t value;

	memcpy(&value, out->bytes.data + at + which, sizeof(value));
	return value;
}

static void record_set(struct out *out, size_t at, size_t which, uint32_t value)
{
	memcpy(out->bytes.data + at + which, &value, sizeof(value));
}

#define RECORD_SIZE 0
#define RECORD_MEMFDS 4

static int record_open(struct out *out)
{
	static const char empty[RECORD_HEADER];
	size_t at = out->bytes.size;
	int r = buf_append(&out->bytes, empty, sizeof(empty));

	if (r == 0)
		out->last = at;
	return r;
}

/* Room in the last record for so much more. */
static bool record_has_room(const struct out *out, size_t size, uint32_t memfds)
{
	return out_size(out) &&
	       record_get(out, out->last, RECORD_SIZE) + size <= WIRE_DATAGRAM_MAX &&
	       record_get(out, out->last, RECORD_MEMFDS) + memfds <= MEMFDS_OF_DATAGRAM;
}

static void record_grow(struct out *out, size_t size, uint32_t memfds)
{
	record_set(out, out->last, RECORD_SIZE,
		   record_get(out, out->last, RECORD_SIZE) + (uint32_t)size);
	record_set(out, out->last, RECORD_MEMFDS,
		   record_get(out, out->last, RECORD_MEMFDS) + memfds);
}

void out_fini(struct out *out, struct memfds *memfds)
{
	for (size_t at = 0; at + sizeof(uint32_t) <= out->memfds.size; at += sizeof(uint32_t)) {
		uint32_t number;

		memcpy(&number, out->memfds.data + at, sizeof(number));
		memfd_release(memfds, number);
	}
	buf_fini(&out->memfds);
	buf_fini(&out->bytes);
	*out = (struct out){.bytes = BUF_INIT, .memfds = BUF_INIT};
}

/* ---- one frame ---- */

/* Where memory is short the error is the encoder's. */
void out_begin(struct out *out, struct wire_encoder *e, const struct wire_frame *frame)
{
	if (!out_size(out))
		record_open(out);
	wire_begin(e, &out->bytes, frame);
}

/* The last frame, of that size, did not fit into the record that it follows. */
static int out_split(struct out *out, size_t size)
{
	size_t at = out->bytes.size - size;

	if (!buf_reserve(&out->bytes, RECORD_HEADER))
		return -ENOMEM;
	memmove(out->bytes.data + at + RECORD_HEADER, out->bytes.data + at, size);
	memset(out->bytes.data + at, 0, RECORD_HEADER);
	out->bytes.size += RECORD_HEADER;
	out->bytes.data[out->bytes.size] = '\0';
	out->last = at;
	return 0;
}

int out_end(struct out *out, struct wire_encoder *e)
{
	int r = out->bytes.error ? out->bytes.error : wire_end(e);
	size_t size;

	if (r < 0)
		return r;
	size = out->bytes.size - e->start;
	if (!record_has_room(out, size, 0)) {
		r = out_split(out, size);
		if (r < 0)
			return r;
	}
	record_grow(out, size, 0);
	return 0;
}

/* ---- frames of the core ---- */

/* Takes the number of a memfd out of its frame, whose payload is its plain size from then on. */
static int out_note_memfd(struct out *out, struct memfds *memfds, const struct wire_frame *frame)
{
	uint8_t *payload = (uint8_t *)(uintptr_t)frame->payload;
	uint32_t number = (uint32_t)number_load(payload + 4, 4);

	if (!memfd_hold(memfds, number))
		return -EBADF;
	number_store(payload + 4, 0, 4);
	if (buf_append(&out->memfds, &number, sizeof(number)) == 0)
		return 0;
	memfd_release(memfds, number);
	return -ENOMEM;
}

static int out_note_memfds(struct out *out, struct memfds *memfds, size_t at, uint32_t *ret_n)
{
	size_t cursor = 0;
	struct wire_frame frame;
	const uint8_t *data = (const uint8_t *)out->bytes.data + at;
	size_t size = out->bytes.size - at;

	while (wire_decode(data, size, &cursor, &frame) > 0) {
		int r = 0;

		if (frame.flags & WIRE_MEMFD)
			r = out_note_memfd(out, memfds, &frame);
		if (r < 0)
			return r;
		*ret_n += (frame.flags & WIRE_MEMFD) != 0;
	}
	return 0;
}

static uint32_t count_memfds(const void *frames, size_t size)
{
	struct wire_frame frame;
	size_t cursor = 0;
	uint32_t n = 0;

	while (wire_decode(frames, size, &cursor, &frame) > 0)
		n += (frame.flags & WIRE_MEMFD) != 0;
	return n;
}

int out_put(struct out *out, const void *frames, size_t size, struct memfds *memfds)
{
	uint32_t n = memfds->n ? count_memfds(frames, size) : 0;
	uint32_t noted = 0;
	size_t at;
	int r = 0;

	if (n > MEMFDS_OF_DATAGRAM)
		return -E2BIG;
	if (!record_has_room(out, size, n))
		r = record_open(out);
	at = out->bytes.size;
	if (r == 0)
		r = buf_append(&out->bytes, frames, size);
	if (r == 0 && n)
		r = out_note_memfds(out, memfds, at, &noted);
	if (r == 0)
		record_grow(out, size, n);
	return r;
}

/* ---- sending ---- */

struct batch {
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	_Alignas(struct cmsghdr) char rights[CMSG_SPACE(MEMFDS_OF_DATAGRAM * sizeof(int))];
	unsigned n;
	size_t memfds; /* of the first datagram; others with some wait for the next batch */
};

static void batch_attach(struct batch *b, const struct out *out, struct memfds *memfds, uint32_t n)
{
	struct msghdr *header = &b->headers[b->n].msg_hdr;
	struct cmsghdr *c;

	header->msg_control = b->rights;
	header->msg_controllen = CMSG_SPACE(n * sizeof(int));
	c = CMSG_FIRSTHDR(header);
	*c = (struct cmsghdr){
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(n * sizeof(int)),
	};
	for (uint32_t i = 0; i < n; i++) {
		const struct memfd *memfd;
		uint32_t number;

		memcpy(&number, out->memfds.data + i * sizeof(number), sizeof(number));
		memfd = map_get(&memfds->by_number, number);
		memcpy(CMSG_DATA(c) + i * sizeof(int), &memfd->fd, sizeof(int));
	}
	b->memfds = n;
}

static void batch_fill(struct batch *b, struct out *out, struct memfds *memfds)
{
	size_t at = out->head;

	b->n = 0;
	b->memfds = 0;
	while (at < out->bytes.size && b->n < BATCH) {
		uint32_t size = record_get(out, at, RECORD_SIZE);
		uint32_t n = record_get(out, at, RECORD_MEMFDS);

		if (n && b->n)
			break;
		b->parts[b->n] = (struct iovec){out->bytes.data + at + RECORD_HEADER, size};
		b->headers[b->n].msg_hdr = (struct msghdr){
			.msg_iov = &b->parts[b->n],
			.msg_iovlen = 1,
		};
		if (n)
			batch_attach(b, out, memfds, n);
		b->n++;
		at += RECORD_HEADER + size;
		if (n)
			break;
	}
}

/* The first n datagrams of the batch are sent. */
static void batch_forget(const struct batch *b, struct out *out, struct memfds *memfds, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		out->head += RECORD_HEADER + b->parts[i].iov_len;
	for (size_t i = 0; i < b->memfds; i++) {
		uint32_t number;

		memcpy(&number, out->memfds.data + i * sizeof(number), sizeof(number));
		memfd_release(memfds, number);
	}
	if (b->memfds)
		buf_consume(&out->memfds, b->memfds * sizeof(uint32_t));
}

/* Gives memory back, or moves what is left to the front where that is the smaller part. */
static void out_settle(struct out *out)
{
	if (!out_size(out)) {
		buf_fini(&out->bytes);
		if (!out->memfds.size)
			buf_fini(&out->memfds);
		out->head = out->last = 0;
	} else if (out->head > out_size(out)) {
		buf_consume(&out->bytes, out->head);
		out->last -= out->head;
		out->head = 0;
	}
}

/* From here on a copy costs more than a fuller datagram saves. */
#define SEND_NOW_MIN (WIRE_DATAGRAM_MAX / 4)

bool out_send_now(const struct out *out, int fd, const void *frames, size_t size,
		  const struct memfds *memfds)
{
	if (out_size(out) || size < SEND_NOW_MIN || (memfds->n && count_memfds(frames, size)))
		return false;
	return send(fd, frames, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
}

int out_send(struct out *out, int fd, struct memfds *memfds)
{
	struct batch b;
	int r = 0;

	while (out_size(out)) {
		int n;

		batch_fill(&b, out, memfds);
		n = sendmmsg(fd, b.headers, b.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			r = errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ? 1 : -errno;
			break;
		}
		batch_forget(&b, out, memfds, (unsigned)n);
	}
	out_settle(out);
	return r;
}
