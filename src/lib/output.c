/* SPDX-License-Identifier: MIT */

/*
 * What goes out. Frames are collected in one buffer and leave it as datagrams of up to 64 KiB.
 * Whoever has to wait for room in the socket reads meanwhile: the daemon may be waiting for us to
 * do that.
 */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/connection.h"

int output_put(struct sup *sup, const struct wire_frame *frame)
{
	struct wire_encoder e;

	wire_begin(&e, &sup->out, frame);
	return output_end(sup, &e);
}

/* A failed frame is taken back whole: the buffer is as good as before. */
int output_end(struct sup *sup, struct wire_encoder *e)
{
	int r = wire_end(e);

	sup->out.error = 0;
	return r;
}

static int output_wait(struct sup *sup)
{
	struct pollfd p = {.fd = sup->fd, .events = POLLIN | POLLOUT};
	int r;

	if (poll(&p, 1, -1) < 0)
		return errno == EINTR ? 0 : -errno;
	r = input_take(sup);
	return r < 0 ? r : 0;
}

/* What has come may still be read: closed is for input to find out. */
static int output_result(ssize_t n)
{
	return n >= 0 ? 0 : errno == ECONNRESET ? -EPIPE : -errno;
}

/* One datagram. 0, -EAGAIN, -EPIPE, ... */
static int output_send_with(struct sup *sup, const void *data, size_t size, const int *fds,
			    size_t n_fds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))] = {0};
	struct iovec part = {(void *)(uintptr_t)data, size};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *c;
	ssize_t n;

	header.msg_control = control;
	header.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	c = CMSG_FIRSTHDR(&header);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	do
		n = sendmsg(sup->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return output_result(n);
}

static int output_send(struct sup *sup, const void *data, size_t size)
{
	ssize_t n;

	do
		n = send(sup->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return output_result(n);
}

static int output_push(struct sup *sup, size_t size, const int *fds, size_t n_fds, bool wait)
{
	for (;;) {
		int r = fds ? output_send_with(sup, sup->out.data, size, fds, n_fds)
			    : output_send(sup, sup->out.data, size);

		if (r == 0)
			buf_consume(&sup->out, size);
		if (r != -EAGAIN || !wait)
			return r;
		r = output_wait(sup);
		if (r < 0)
			return r;
	}
}

int output_flush(struct sup *sup, bool wait)
{
	struct buf *out = &sup->out;
	int r = 0;

	while (out->size && r == 0)
		r = output_push(sup, wire_datagram_size(out->data, out->size), NULL, 0, wait);
	return r;
}

int output_flush_with(struct sup *sup, size_t from, const int *fds, size_t n_fds, bool wait)
{
	struct buf *out = &sup->out;
	size_t last = out->size - from;
	int r = 0;

	while (out->size > last && r == 0)
		r = output_push(sup, wire_datagram_size(out->data, out->size - last), NULL, 0,
				wait);
	return r == 0 ? output_push(sup, last, fds, n_fds, wait) : r;
}

int output_commit(struct sup *sup)
{
	if (sup->corked && sup->out.size < WIRE_DATAGRAM_MAX)
		return 0;
	return output_flush(sup, true);
}

void sup_cork(struct sup *sup)
{
	sup->corked++;
}

int sup_uncork(struct sup *sup)
{
	if (sup->corked && --sup->corked)
		return 0;
	return output_flush(sup, true);
}
