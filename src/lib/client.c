/* SPDX-License-Identifier: MIT */

/*
 * The connection to the daemon. Our HELLO goes out with the first request and the daemon's comes in
 * with its first answer, so that a command costs one round trip. A reply with ref 0 is about the
 * connection and is handed to the caller like any other.
 *
 * Memfds come with their datagram, in the order of the frames that they belong to. One is mapped
 * when its frame is taken, and unmapped when the next frame is.
 */

#include "lib/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"
#include "lib/large.h"
#include "wire/number.h"
#include "wire/rule.h"

/* How long a daemon may leave us in its queue of connections, or a full socket unread. */
#define STUCK_SECONDS 30
/* The kernel passes no more with one datagram. */
#define FDS_MAX 253
#define HELPERS_REF (UINT64_C(1) << 63)

struct client {
	int fd;
	uint64_t next_ref;
	uint64_t ref_bits; /* set in each ref */
	struct buf out;
	struct wire_encoder encoder;
	uint32_t peer_protocol; /* 0: no HELLO yet */
	char peer_release[64];
	void *map; /* owned; the last frame's payload, NULL where it came in the datagram */
	uint64_t map_size;
	int fds[FDS_MAX]; /* owned; those of the datagram at hand that are not mapped yet */
	size_t n_fds, next_fd;
	size_t size;   /* of the datagram at hand */
	size_t cursor; /* in it */
	uint8_t datagram[WIRE_DATAGRAM_MAX];
};

static int client_connect(struct client *client, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = STUCK_SECONDS};

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	client->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return -errno;
	if (setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
	if (connect(client->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return 0;
}

/* Token NULL: as a guest. */
static int client_open_as(const char *path, uint64_t pid, const uint8_t *token,
			  struct client **ret_client)
{
	struct client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return -ENOMEM;
	client->fd = -1;
	client->next_ref = 1;
	client->out = BUF_INIT;
	r = client_connect(client, path);
	if (r == 0 && token && getrandom(&client->next_ref, sizeof(client->next_ref), 0) < 0)
		r = -errno;
	if (r == 0)
		r = token ? hello_put_helper(&client->out, pid, token) : hello_put(&client->out);
	if (r < 0) {
		client_close(client);
		return r;
	}
	client->ref_bits = token ? HELPERS_REF : 0;
	*ret_client = client;
	return 0;
}

int client_open(const char *path, struct client **ret_client)
{
	return client_open_as(path, 0, NULL, ret_client);
}

int client_open_helper(const char *path, uint64_t pid, const uint8_t token[HELLO_TOKEN_SIZE],
		       struct client **ret_client)
{
	return client_open_as(path, pid, token, ret_client);
}

static void client_drop_fds(struct client *client)
{
	while (client->next_fd < client->n_fds)
		close(client->fds[client->next_fd++]);
	client->next_fd = client->n_fds = 0;
}

void client_take_mapping(struct client *client)
{
	client->map = NULL;
}

static void client_drop_mapping(struct client *client)
{
	large_unmap(TAKE(client->map), client->map_size);
}

void client_close(struct client *client)
{
	if (!client)
		return;
	if (client->fd >= 0)
		close(client->fd);
	client_drop_fds(client);
	client_drop_mapping(client);
	buf_fini(&client->out);
	free(client);
}

/* ---- out ---- */

uint64_t client_new_ref(struct client *client)
{
	return client->next_ref++ | client->ref_bits;
}

struct wire_encoder *client_begin(struct client *client, const char *command, uint64_t *ret_ref)
{
	struct wire_frame frame = wire_frame(WIRE_REQUEST, command, client_new_ref(client));

	wire_begin(&client->encoder, &client->out, &frame);
	*ret_ref = frame.ref;
	return &client->encoder;
}

int client_end(struct client *client)
{
	return wire_end(&client->encoder);
}

int client_put(struct client *client, const struct wire_frame *frame, const void *payload,
	       size_t size)
{
	struct wire_encoder e;

	wire_begin(&e, &client->out, frame);
	wire_put(&e, payload, size);
	return wire_end(&e);
}

int client_send_large(struct client *client, const struct wire_frame *frame, int fd, uint64_t size)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(fd))] = {0};
	struct wire_frame large = *frame;
	uint8_t size_bytes[8];
	struct msghdr header = {.msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);
	struct iovec part;
	ssize_t n;
	int r = client_flush(client);

	large.flags |= WIRE_MEMFD;
	number_store(size_bytes, size, sizeof(size_bytes));
	if (r == 0)
		r = client_put(client, &large, size_bytes, sizeof(size_bytes));
	if (r < 0)
		return r;
	*c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(fd)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	part = (struct iovec){client->out.data, client->out.size};
	header.msg_iov = &part;
	header.msg_iovlen = 1;
	do
		n = sendmsg(client->fd, &header, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	r = n >= 0 ? 0 : errno == ECONNRESET ? -EPIPE : -errno;
	buf_clear(&client->out);
	return r;
}

int client_flush(struct client *client)
{
	struct buf *out = &client->out;

	while (out->size) {
		size_t size = wire_datagram_size(out->data, out->size);
		ssize_t n = send(client->fd, out->data, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == ECONNRESET ? -EPIPE : -errno;
		buf_consume(out, size);
	}
	return 0;
}

void client_goodbye(struct client *client)
{
	struct wire_frame frame = wire_frame(WIRE_GOODBYE, "", 0);

	/* Whoever does not hear it knows it as a connection that broke; nothing else is lost. */
	if (client_put(client, &frame, NULL, 0) == 0)
		client_flush(client);
}

/* ---- in ---- */

static struct mono client_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (struct mono){(int64_t)t.tv_sec * 1000000000 + t.tv_nsec};
}

/* Milliseconds to a deadline, rounded up; -1: no deadline. */
static int client_patience(struct mono deadline)
{
	int64_t ms;

	if (deadline.ns == MONO_NEVER.ns)
		return -1;
	ms = mono_between(client_now(), deadline).ns / 1000000 + 1;
	return ms > 1000000 ? 1000000 : (int)ms;
}

static int client_wait(struct client *client, struct mono deadline)
{
	struct pollfd p = {.fd = client->fd, .events = POLLIN};

	for (;;) {
		int n = poll(&p, 1, client_patience(deadline));

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (deadline.ns != MONO_NEVER.ns && client_now().ns >= deadline.ns)
			return -ETIMEDOUT;
	}
}

static void client_take_fds(struct client *client, struct msghdr *header)
{
	client_drop_fds(client);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		client->n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(client->fds, CMSG_DATA(c), client->n_fds * sizeof(int));
	}
}

static int client_read(struct client *client, struct mono deadline)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))];
	struct iovec part = {client->datagram, sizeof(client->datagram)};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control};
	ssize_t n;
	int r = client_wait(client, deadline);

	if (r < 0)
		return r;
	/* ECONNRESET comes once, before what was sent to us earlier, where the other side has
	 * closed. */
	do {
		header.msg_controllen = sizeof(control);
		n = recvmsg(client->fd, &header, MSG_CMSG_CLOEXEC);
	} while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return -errno;
	client_take_fds(client, &header);
	if (n == 0)
		return -EPIPE;
	if (header.msg_flags & MSG_TRUNC)
		return -EPROTO;
	if (header.msg_flags & MSG_CTRUNC)
		return -EMFILE;
	client->size = (size_t)n;
	client->cursor = 0;
	return 0;
}

static int client_take_hello(struct client *client, const struct wire_frame *frame)
{
	const char *release;
	uint32_t protocol;

	if (hello_read(frame, &protocol, &release) < 0)
		return -EPROTO;
	client->peer_protocol = protocol;
	strncpy(client->peer_release, release, sizeof(client->peer_release) - 1);
	return protocol == WIRE_PROTOCOL ? 0 : CLIENT_E_PROTOCOL;
}

/* Its payload stands in a memfd, the next of those that came. */
static int client_map(struct client *client, struct wire_frame *frame)
{
	uint64_t size = number_load(frame->payload, 8);
	int fd, r;

	if (client->next_fd == client->n_fds)
		return -EPROTO;
	fd = client->fds[client->next_fd++];
	r = large_map(fd, size, &client->map);
	close(fd);
	if (r < 0)
		return r;
	client->map_size = size;
	frame->payload = client->map;
	frame->payload_size = (size_t)size;
	return 0;
}

/* One that is for the caller. */
static int client_take(struct client *client, struct wire_frame *frame)
{
	if (frame->op == WIRE_HELLO || wire_broken_rule(frame, WIRE_TO_ACTOR))
		return -EPROTO;
	if ((frame->op == WIRE_ROW || frame->op == WIRE_REPLY) && field_check(frame) < 0)
		return -EPROTO;
	return frame->flags & WIRE_MEMFD ? client_map(client, frame) : 0;
}

int client_receive(struct client *client, struct mono deadline, struct wire_frame *ret_frame)
{
	struct wire_frame frame;
	int r = client_flush(client);

	client_drop_mapping(client);
	/* What a daemon said before it closed the connection is still there to be read. */
	if (r < 0 && r != -EPIPE)
		return r;
	for (;;) {
		r = wire_decode(client->datagram, client->size, &client->cursor, &frame);
		if (r < 0)
			return r;
		if (r == 0) {
			r = client_read(client, deadline);
			if (r < 0)
				return r;
		} else if (client->peer_protocol == 0) {
			r = client_take_hello(client, &frame);
			if (r)
				return r;
		} else if (frame.op != WIRE_WINDOW && frame.op != WIRE_QUEUED) {
			break;
		}
	}
	r = client_take(client, &frame);
	if (r == 0)
		*ret_frame = frame;
	return r;
}

bool client_has_frame(const struct client *client)
{
	return client->cursor < client->size;
}

bool client_has_message(const struct client *client)
{
	size_t cursor = client->cursor;
	struct wire_frame frame;

	return wire_decode(client->datagram, client->size, &cursor, &frame) == 1 &&
	       frame.op >= WIRE_MESSAGE && frame.op <= WIRE_DOWN;
}

uint32_t client_peer_protocol(const struct client *client)
{
	return client->peer_protocol;
}

const char *client_peer_release(const struct client *client)
{
	return client->peer_release;
}
