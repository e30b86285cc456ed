/* SPDX-License-Identifier: MIT */

#include "tests/bench/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macros.h"

/* Of the longest message that is sent one a datagram. */
#define MESSAGE_MAX 16384
#define BATCH 64
/* In place of a receiver's index. */
#define SENT UINT32_MAX

/* Room for one recvmmsg, and for the sendmmsg that passes it on. */
struct batch {
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	char (*data)[MESSAGE_MAX];
};

static void *allocate(struct stage *stage, size_t n, size_t size)
{
	void *memory = calloc(n, size);

	if (!memory)
		stage_fail(stage, "no memory");
	return memory;
}

static void batch_init(struct batch *batch, struct stage *stage)
{
	memset(batch, 0, sizeof(*batch));
	batch->data = allocate(stage, BATCH, MESSAGE_MAX);
	for (size_t i = 0; i < BATCH; i++) {
		batch->parts[i].iov_base = batch->data[i];
		batch->headers[i].msg_hdr.msg_iov = &batch->parts[i];
		batch->headers[i].msg_hdr.msg_iovlen = 1;
	}
}

/* How many have come; 0: none are there. */
static unsigned batch_receive(struct batch *batch, struct stage *stage, int fd, int flags)
{
	int n;

	for (size_t i = 0; i < BATCH; i++)
		batch->parts[i].iov_len = MESSAGE_MAX;
	n = recvmmsg(fd, batch->headers, BATCH, flags, NULL);
	if (n < 0 && errno != EAGAIN)
		stage_fail(stage, "relay: recvmmsg: %s", strerror(errno));
	for (int i = 0; i < n; i++)
		batch->parts[i].iov_len = batch->headers[i].msg_len;
	return n < 0 ? 0 : (unsigned)n;
}

static void send_all(struct stage *stage, int fd, struct mmsghdr *headers, unsigned n)
{
	int sent;

	for (unsigned first = 0; first < n; first += (unsigned)sent) {
		sent = sendmmsg(fd, headers + first, n - first, 0);
		if (sent < 0)
			stage_fail(stage, "relay: sendmmsg: %s", strerror(errno));
	}
}

static void relay_one(struct stage *stage, const int *fds)
{
	struct batch batch;

	batch_init(&batch, stage);
	for (;;) {
		unsigned n = batch_receive(&batch, stage, fds[0], MSG_WAITFORONE);

		send_all(stage, fds[1], batch.headers, n);
	}
}

static void pass(struct stage *stage, char *data, int from, int to)
{
	ssize_t size = recv(from, data, RELAY_DATAGRAM_MAX, 0);

	if (size < 0 || send(to, data, (size_t)size, 0) != size)
		stage_fail(stage, "relay: %s", strerror(errno));
}

static void relay_pass(enum relay_kind kind, struct stage *stage, const int *fds)
{
	char *data = allocate(stage, 1, RELAY_DATAGRAM_MAX);

	for (;;) {
		pass(stage, data, fds[0], fds[1]);
		if (kind == RELAY_ECHO)
			pass(stage, data, fds[1], fds[0]);
	}
}

static int watch(struct stage *stage, const int *fds)
{
	int epoll = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN};

	for (uint32_t i = 0; i < stage->n; i++) {
		event.data.u32 = i;
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event) < 0)
			stage_fail(stage, "relay: epoll_ctl: %s", strerror(errno));
	}
	return epoll;
}

static uint32_t destination(struct stage *stage, const void *message)
{
	struct stage_head head;

	memcpy(&head, message, sizeof(head));
	if (head.to >= stage->n)
		stage_fail(stage, "relay: a message for actor %u", head.to);
	return head.to;
}

/* Messages for the same receiver go with one sendmmsg, in their order. */
static void route(struct stage *stage, struct batch *batch, unsigned n, const int *fds)
{
	struct mmsghdr together[BATCH];
	uint32_t to[BATCH];
	unsigned count;

	for (unsigned i = 0; i < n; i++)
		to[i] = destination(stage, batch->data[i]);
	for (unsigned i = 0; i < n; i++) {
		if (to[i] == SENT)
			continue;
		together[0] = batch->headers[i];
		count = 1;
		for (unsigned k = i + 1; k < n; k++) {
			if (to[k] != to[i])
				continue;
			together[count++] = batch->headers[k];
			to[k] = SENT;
		}
		send_all(stage, fds[to[i]], together, count);
	}
}

/* Receivers do nothing but receive, so that a send may wait. */
static void relay_route(struct stage *stage, const int *fds)
{
	struct epoll_event events[BATCH];
	int epoll = watch(stage, fds);
	struct batch batch;

	batch_init(&batch, stage);
	for (;;) {
		int ready = epoll_wait(epoll, events, BATCH, -1);

		for (int i = 0; i < ready; i++) {
			int fd = fds[events[i].data.u32];
			unsigned n = batch_receive(&batch, stage, fd, MSG_DONTWAIT);

			route(stage, &batch, n, fds);
		}
	}
}

/* What waits for one receiver. */
struct outbox {
	char *data; /* owned; grows */
	size_t size, room;
	bool is_blocked; /* its socket is full */
	bool is_dirty;   /* it is on the list of those to be flushed */
};

struct packer {
	struct stage *stage;
	const int *fds;
	struct outbox *outboxes;
	uint32_t *dirty;
	uint32_t n_dirty;
	int epoll;
};

static void packer_touch(struct packer *p, uint32_t i)
{
	if (p->outboxes[i].is_dirty)
		return;
	p->outboxes[i].is_dirty = true;
	p->dirty[p->n_dirty++] = i;
}

static void packer_add(struct packer *p, uint32_t to, const char *message, size_t size)
{
	struct outbox *outbox = &p->outboxes[to];

	if (outbox->size + size > outbox->room) {
		outbox->room = 2 * (outbox->size + size);
		outbox->data = realloc(outbox->data, outbox->room);
		if (!outbox->data)
			stage_fail(p->stage, "no memory");
	}
	memcpy(outbox->data + outbox->size, message, size);
	outbox->size += size;
	packer_touch(p, to);
}

static void packer_watch(struct packer *p, uint32_t i, bool blocked)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};

	if (p->outboxes[i].is_blocked == blocked)
		return;
	if (blocked)
		event.events |= EPOLLOUT;
	epoll_ctl(p->epoll, EPOLL_CTL_MOD, p->fds[i], &event);
	p->outboxes[i].is_blocked = blocked;
}

/* As many messages as a datagram holds, until all are gone or the socket is full. */
static void packer_flush(struct packer *p, uint32_t i)
{
	struct outbox *outbox = &p->outboxes[i];
	const size_t most = RELAY_DATAGRAM_MAX / p->stage->round.size * p->stage->round.size;
	size_t at = 0;

	outbox->is_dirty = false;
	while (at < outbox->size) {
		const size_t size = MIN_OF(most, outbox->size - at);

		if (send(p->fds[i], outbox->data + at, size, MSG_DONTWAIT) < 0)
			break;
		at += size;
	}
	memmove(outbox->data, outbox->data + at, outbox->size - at);
	outbox->size -= at;
	packer_watch(p, i, outbox->size > 0);
}

static void packer_receive(struct packer *p, uint32_t i, char *data)
{
	const uint32_t each = p->stage->round.size;
	ssize_t size;

	while ((size = recv(p->fds[i], data, RELAY_DATAGRAM_MAX, MSG_DONTWAIT)) > 0)
		for (ssize_t at = 0; at < size; at += each)
			packer_add(p, destination(p->stage, data + at), data + at, each);
}

static void relay_pack(struct stage *stage, const int *fds)
{
	struct packer p = {.stage = stage, .fds = fds, .epoll = watch(stage, fds)};
	char *data = allocate(stage, 1, RELAY_DATAGRAM_MAX);
	struct epoll_event events[BATCH];

	p.outboxes = allocate(stage, stage->n, sizeof(*p.outboxes));
	p.dirty = allocate(stage, stage->n, sizeof(*p.dirty));
	for (;;) {
		int ready = epoll_wait(p.epoll, events, BATCH, -1);

		for (int i = 0; i < ready; i++) {
			if (events[i].events & EPOLLOUT)
				packer_touch(&p, events[i].data.u32);
			packer_receive(&p, events[i].data.u32, data);
		}
		while (p.n_dirty > 0)
			packer_flush(&p, p.dirty[--p.n_dirty]);
	}
}

void relay_run(enum relay_kind kind, struct stage *stage, const int *fds)
{
	switch (kind) {
	case RELAY_ONE:
		relay_one(stage, fds);
		break;
	case RELAY_WHOLE:
	case RELAY_ECHO:
		relay_pass(kind, stage, fds);
		break;
	case RELAY_ROUTE:
		relay_route(stage, fds);
		break;
	case RELAY_PACK:
		relay_pack(stage, fds);
		break;
	case RELAY_NONE:
		break;
	}
	_exit(0);
}
