/* SPDX-License-Identifier: MIT */

/* An actor over a bare socket; it does nothing that it could do without. */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/bench/cast.h"

#define BATCH 64u
#define PAGE 4096

struct bare {
	struct stage *stage;
	uint32_t i;
	int fd;
	char *data;  /* BATCH messages, or a datagram */
	char *large; /* MAP: what is sent; owned */
	size_t large_size;
	struct stage_count counts; /* of this round */
};

static void check(struct bare *b, bool good, const char *what)
{
	if (!good)
		stage_fail(b->stage, "actor %u: %s: %s", b->i, what, strerror(errno));
}

/* Messages k to k + n - 1, side by side. */
static void write_messages(struct bare *b, uint32_t k, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		stage_head_put(b->stage, b->data + (size_t)i * b->stage->round.size, b->i, k + i);
}

/* One message a datagram. */
struct batch {
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
};

static void batch_lay_out(struct batch *batch, const struct bare *b, uint32_t n)
{
	const size_t size = b->stage->round.size;

	for (uint32_t i = 0; i < n; i++) {
		batch->parts[i] = (struct iovec){.iov_base = b->data + i * size, .iov_len = size};
		batch->headers[i] =
			(struct mmsghdr){.msg_hdr = {.msg_iov = &batch->parts[i], .msg_iovlen = 1}};
	}
}

static void send_batch(struct bare *b, uint32_t n)
{
	struct batch batch;
	int sent;

	batch_lay_out(&batch, b, n);
	for (uint32_t first = 0; first < n; first += (uint32_t)sent) {
		sent = sendmmsg(b->fd, batch.headers + first, n - first, 0);
		check(b, sent > 0, "sendmmsg");
	}
}

static void send_one_by_one(struct bare *b)
{
	const struct stage_round *round = &b->stage->round;
	const uint32_t batch = MIN_OF(round->batch, BATCH);

	for (uint32_t k = 0; k < round->count;) {
		const uint32_t n = MIN_OF(batch, round->count - k);

		write_messages(b, k, n);
		if (n == 1)
			check(b, send(b->fd, b->data, round->size, 0) > 0, "send");
		else
			send_batch(b, n);
		k += n;
	}
}

static void send_packed(struct bare *b)
{
	const struct stage_round *round = &b->stage->round;
	const uint32_t most = RELAY_DATAGRAM_MAX / round->size;

	for (uint32_t k = 0; k < round->count;) {
		const uint32_t n = MIN_OF(most, round->count - k);

		write_messages(b, k, n);
		check(b, send(b->fd, b->data, (size_t)n * round->size, 0) > 0, "send");
		k += n;
	}
}

static void receive_batch(struct bare *b)
{
	const size_t size = b->stage->round.size;
	struct batch batch;
	int n;

	batch_lay_out(&batch, b, BATCH);
	n = recvmmsg(b->fd, batch.headers, BATCH, MSG_WAITFORONE, NULL);
	check(b, n > 0, "recvmmsg");
	for (uint32_t i = 0; i < (uint32_t)n; i++)
		stage_count(b->stage, &b->counts, b->data + i * size, batch.headers[i].msg_len);
}

/* False: nothing is there. */
static bool receive_packed(struct bare *b, int flags)
{
	const uint32_t each = b->stage->round.size;
	const ssize_t size = recv(b->fd, b->data, RELAY_DATAGRAM_MAX, flags);

	check(b, size > 0 || errno == EAGAIN, "recv");
	for (ssize_t at = 0; at < size; at += each)
		stage_count(b->stage, &b->counts, b->data + at,
			    MIN_OF((size_t)each, (size_t)(size - at)));
	return size > 0;
}

static void receive_all(struct bare *b)
{
	const uint32_t expected = stage_expected(b->stage, b->i);

	while (b->counts.total < expected)
		if (b->stage->round.task == STAGE_SEND)
			receive_batch(b);
		else
			receive_packed(b, 0);
}

static void ask(struct bare *b)
{
	const struct stage_round *round = &b->stage->round;

	for (uint32_t k = 0; k < round->count; k++) {
		stage_head_put(b->stage, b->data, b->i, k);
		check(b, send(b->fd, b->data, round->size, 0) > 0, "send");
		check(b, recv(b->fd, b->data, round->size, 0) == round->size, "recv");
		stage_count(b->stage, &b->counts, b->data, round->size);
	}
}

static void answer(struct bare *b)
{
	const struct stage_round *round = &b->stage->round;

	for (uint32_t k = 0; k < round->count; k++) {
		check(b, recv(b->fd, b->data, round->size, 0) == round->size, "recv");
		stage_count(b->stage, &b->counts, b->data, round->size);
		check(b, send(b->fd, b->data, round->size, 0) > 0, "send");
	}
}

/* Anybody's burst is one datagram; between two of them, whatever has come. */
static void send_at_random(struct bare *b)
{
	const struct stage_round *round = &b->stage->round;
	struct pollfd poll_fd = {.fd = b->fd, .events = POLLIN | POLLOUT};

	for (uint32_t k = 0; k < round->count;) {
		const uint32_t n = MIN_OF(STAGE_BURST, round->count - k);

		write_messages(b, k, n);
		if (send(b->fd, b->data, (size_t)n * round->size, MSG_DONTWAIT) > 0)
			k += n;
		else
			check(b, errno == EAGAIN && poll(&poll_fd, 1, -1) > 0, "send");
		while (receive_packed(b, MSG_DONTWAIT)) {
		}
	}
}

static void pass_fd(struct bare *b, int fd)
{
	char room[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec part = {.iov_base = b->data, .iov_len = sizeof(struct stage_head)};
	struct msghdr header = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = room,
		.msg_controllen = sizeof(room),
	};
	struct cmsghdr *control = CMSG_FIRSTHDR(&header);

	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(control), &fd, sizeof(int));
	check(b, sendmsg(b->fd, &header, 0) > 0, "sendmsg");
}

static void send_large(struct bare *b)
{
	const size_t size = b->stage->round.size;
	char word;

	if (b->large_size != size) {
		free(b->large);
		b->large = malloc(size);
		check(b, b->large != NULL, "malloc");
		memset(b->large, 'x', size);
		b->large_size = size;
	}
	for (uint32_t k = 0; k < b->stage->round.count; k++) {
		int fd = memfd_create("bench", MFD_CLOEXEC | MFD_ALLOW_SEALING);

		stage_head_put(b->stage, b->large, b->i, k);
		for (size_t at = 0; at < size;) {
			ssize_t n = write(fd, b->large + at, size - at);

			check(b, n > 0, "write");
			at += (size_t)n;
		}
		pass_fd(b, fd);
		close(fd);
		check(b, recv(b->fd, &word, 1, 0) == 1, "recv");
	}
}

static int take_fd(struct bare *b)
{
	char room[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec part = {.iov_base = b->data, .iov_len = sizeof(struct stage_head)};
	struct msghdr header = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = room,
		.msg_controllen = sizeof(room),
	};
	int fd;

	check(b, recvmsg(b->fd, &header, MSG_CMSG_CLOEXEC) > 0 && CMSG_FIRSTHDR(&header),
	      "recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(int));
	return fd;
}

/* Reads one byte of each page. */
static uint64_t touch(const void *data, size_t size)
{
	const char *byte = data;
	uint64_t sum = 0;

	for (size_t at = 0; at < size; at += PAGE)
		sum += (unsigned char)byte[at];
	return sum;
}

static void receive_large(struct bare *b)
{
	const size_t size = b->stage->round.size;

	for (uint32_t k = 0; k < b->stage->round.count; k++) {
		int fd = take_fd(b);
		char *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

		check(b, map != MAP_FAILED && touch(map, size) > 0, "mmap");
		stage_count(b->stage, &b->counts, map, size);
		munmap(map, size);
		close(fd);
		check(b, send(b->fd, "", 1, 0) == 1, "send");
	}
}

static void play(struct bare *b)
{
	const struct stage_round *round = &b->stage->round;
	const bool sends = b->i < round->senders;

	switch (round->task) {
	case STAGE_SEND:
		(sends ? send_one_by_one : receive_all)(b);
		break;
	case STAGE_CORKED:
		(sends ? send_packed : receive_all)(b);
		break;
	case STAGE_CALL:
		(sends ? ask : answer)(b);
		break;
	case STAGE_MAP:
		(sends ? send_large : receive_large)(b);
		break;
	case STAGE_RANDOM:
		send_at_random(b);
		receive_all(b);
		break;
	}
}

void cast_actor(struct stage *stage, uint32_t i, int fd)
{
	struct bare bare = {.stage = stage, .i = i, .fd = fd};

	bare.data = calloc(BATCH, RELAY_DATAGRAM_MAX / 4);
	check(&bare, bare.data != NULL, "calloc");
	for (;;) {
		stage_wait(stage, i);
		memset(&bare.counts, 0, sizeof(bare.counts));
		if (i < stage->round.senders + stage->round.receivers)
			play(&bare);
	}
}
