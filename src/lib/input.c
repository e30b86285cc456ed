/* SPDX-License-Identifier: MIT */

/*
 * What comes in. A datagram is taken apart frame by frame; where there is no memory for a message
 * the frame stays at hand and is tried again, so that none is lost.
 */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/connection.h"
#include "wire/field.h"
#include "wire/hello.h"
#include "wire/rule.h"

/* "Without end", in milliseconds. */
#define PATIENCE_MAX 1000000

static struct waiter *input_waiter(struct sup *sup, uint64_t ref)
{
	LIST_EACH (link, &sup->waiters) {
		struct waiter *w = LIST_ENTRY(link, struct waiter, link);

		if (w->ref == ref && !w->done)
			return w;
	}
	return NULL;
}

/* ---- answers ---- */

static int input_hello(struct sup *sup, const struct wire_frame *frame)
{
	struct hello_more more;
	const char *release;
	uint32_t protocol;

	if (sup->greeted || hello_read(frame, &protocol, &release) < 0)
		return -EPROTO;
	if (protocol != WIRE_PROTOCOL)
		return -EPROTONOSUPPORT;
	if (hello_read_daemon(frame, &more) < 0)
		return -EPROTO;
	if (more.pid)
		sup->pid.n = more.pid;
	sup->window = more.window;
	sup->durable = more.flags & HELLO_DURABLE;
	sup->greeted = true;
	return 0;
}

/* A DONE or REPLY. One that nobody waits for is dropped: it belongs to what was given up. */
static int input_answer(struct sup *sup, const struct wire_frame *frame)
{
	struct waiter *w = input_waiter(sup, frame->ref);
	const char *text;

	if (!w) {
		/* About the connection itself, which is going to be closed. */
		text = frame->op == WIRE_REPLY && !frame->ref && field_check(frame) == 0
			       ? field_text(frame, "error")
			       : NULL;
		if (text) {
			buf_clear(&sup->error);
			return buf_puts(&sup->error, text);
		}
		return 0;
	}
	buf_clear(&w->bytes);
	buf_append(&w->bytes, frame->tag, frame->tag_size);
	if (buf_append(&w->bytes, frame->payload, frame->payload_size) < 0)
		return -ENOMEM;
	w->frame = *frame;
	w->frame.tag = w->bytes.data;
	w->frame.payload = w->bytes.data + frame->tag_size;
	w->done = true;
	return 0;
}

/* Behind the answer to a RECEIVE stands the message, which takes no credit. */
static int input_done(struct sup *sup, const struct wire_frame *frame)
{
	struct waiter *w = input_waiter(sup, frame->ref);
	int r = input_answer(sup, frame);

	if (r == 0 && w && w->receives && frame->to)
		sup->promised = frame->to;
	return r;
}

static void input_row(struct sup *sup, const struct wire_frame *frame)
{
	struct waiter *w = input_waiter(sup, frame->ref);

	if (w && w->row && !w->error)
		w->error = field_check(frame) < 0 ? -EPROTO : w->row(w->argument, frame);
}

/* ---- messages ---- */

/* An answer to a DIRECT call, or its DOWN: past the mailbox. */
static void input_direct(struct sup *sup, struct letter *letter)
{
	struct waiter *w = input_waiter(sup, letter->message.ref.n);

	if (!w) {
		letter_free(letter);
		return;
	}
	w->letter = letter;
	w->done = true;
}

static int input_message(struct sup *sup, const struct wire_frame *frame)
{
	int fd = frame->flags & WIRE_MEMFD && sup->n_fds_taken < sup->n_fds
			 ? sup->fds[sup->n_fds_taken]
			 : -1;
	struct letter *letter;
	int r = letter_new(frame, fd, &letter);

	if (r < 0)
		return r;
	if (fd >= 0)
		close(sup->fds[sup->n_fds_taken++]);
	sup->mean = (sup->mean * 7 + letter->message.size) / 8;
	if (!frame->to) {
		input_direct(sup, letter);
		return 0;
	}
	if (sup->promised == frame->to)
		sup->promised = 0;
	else
		sup->handed++;
	queue_insert(&sup->queue, letter);
	return 0;
}

static int input_frame(struct sup *sup, const struct wire_frame *frame)
{
	if (!sup->greeted && frame->op != WIRE_HELLO && frame->op != WIRE_REPLY)
		return -EPROTO;
	if (wire_broken_rule(frame, WIRE_TO_ACTOR))
		return -EPROTO;
	switch (frame->op) {
	case WIRE_HELLO:
		return input_hello(sup, frame);
	case WIRE_ROW:
		input_row(sup, frame);
		return 0;
	case WIRE_DONE:
		return input_done(sup, frame);
	case WIRE_REPLY:
		return input_answer(sup, frame);
	case WIRE_WINDOW:
		sup->window = MAX_OF(sup->window, frame->ref);
		return 0;
	case WIRE_QUEUED:
		sup->queued = frame->ref;
		return 0;
	default:
		return input_message(sup, frame);
	}
}

/* ---- datagrams ---- */

/* All frames at hand. */
static int input_decode(struct sup *sup)
{
	struct wire_frame frame;
	size_t before;
	int r;

	for (;;) {
		before = sup->cursor;
		r = wire_decode(sup->datagram, sup->size, &sup->cursor, &frame);
		if (r == 0)
			return 0;
		if (r == 1)
			r = input_frame(sup, &frame);
		if (r == -ENOMEM)
			sup->cursor = before;
		else if (r < 0)
			sup->closed = true;
		if (r < 0)
			return r;
	}
}

static void input_take_fds(struct sup *sup, struct msghdr *header)
{
	sup->n_fds = sup->n_fds_taken = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || n > FDS_MAX)
			continue;
		memcpy(sup->fds, CMSG_DATA(c), n * sizeof(int));
		sup->n_fds = n;
	}
}

/* ECONNRESET comes once, before what was sent to us earlier, where the other side has closed. */
static int input_read(struct sup *sup, int flags)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))];
	struct iovec part = {sup->datagram, sizeof(sup->datagram)};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	ssize_t n;

	while (sup->n_fds_taken < sup->n_fds)
		close(sup->fds[sup->n_fds_taken++]);
	do
		n = recvmsg(sup->fd, &header, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && (errno == ECONNRESET || (errno == EINTR && flags & MSG_DONTWAIT)));
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (n == 0) {
		sup->closed = true;
		return -EPIPE;
	}
	input_take_fds(sup, &header);
	sup->cursor = 0;
	sup->size = (size_t)n;
	if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		sup->size = 0;
		sup->closed = true;
		return -EPROTO;
	}
	return 1;
}

int input_take(struct sup *sup)
{
	int r;

	if (sup->cursor < sup->size && !sup->closed) {
		r = input_decode(sup);
		return r < 0 ? r : 1;
	}
	if (sup->closed)
		return -EPIPE;
	r = input_read(sup, MSG_DONTWAIT);
	if (r <= 0)
		return r;
	r = input_decode(sup);
	return r < 0 ? r : 1;
}

/* With a limit a read comes back from every Unix signal, also one whose handler restarts others. */
static int input_set_patience(struct sup *sup, int patience)
{
	struct timeval limit;

	if (patience < 0)
		patience = PATIENCE_MAX;
	if (patience == sup->patience)
		return 0;
	limit = (struct timeval){.tv_sec = patience / 1000,
				 .tv_usec = (suseconds_t)(patience % 1000) * 1000};
	if (setsockopt(sup->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
	sup->patience = patience;
	return 0;
}

/* One system call where a poll and two reads would be three: what is waited for is rarely there. */
int input_wait(struct sup *sup, int patience)
{
	int r;

	if (patience == 0 || sup->closed || sup->cursor < sup->size)
		return input_take(sup);
	r = input_set_patience(sup, patience);
	if (r == 0)
		r = input_read(sup, 0);
	if (r <= 0)
		return r;
	r = input_decode(sup);
	return r < 0 ? r : 1;
}

int input_drain(struct sup *sup)
{
	int r;

	do
		r = input_take(sup);
	while (r > 0);
	return r == -EPIPE ? 0 : r;
}
