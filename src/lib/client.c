/* SPDX-License-Identifier: MIT */

/*
 * The connection to the daemon. Our HELLO goes out with the first request and the daemon's comes in
 * with its first answer, so that a command costs one round trip. A reply with ref 0 is about the
 * connection and is handed to the caller like any other.
 */

#include "lib/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"
#include "wire/hello.h"

/* How long a daemon may leave us in its queue of connections, or a full socket unread. */
#define STUCK_SECONDS 30

struct client {
	int fd;
	uint64_t next_ref;
	struct buf out;
	struct wire_encoder encoder;
	uint32_t peer_protocol; /* 0: no HELLO yet */
	char peer_release[64];
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

int client_open(const char *path, struct client **ret_client)
{
	struct client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return -ENOMEM;
	client->fd = -1;
	client->next_ref = 1;
	client->out = BUF_INIT;
	r = client_connect(client, path);
	if (r == 0)
		r = hello_put(&client->out);
	if (r < 0) {
		client_close(client);
		return r;
	}
	*ret_client = client;
	return 0;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	if (client->fd >= 0)
		close(client->fd);
	buf_fini(&client->out);
	free(client);
}

struct wire_encoder *client_begin(struct client *client, const char *command, uint64_t *ret_ref)
{
	struct wire_frame frame = wire_frame(WIRE_REQUEST, command, client->next_ref++);

	wire_begin(&client->encoder, &client->out, &frame);
	*ret_ref = frame.ref;
	return &client->encoder;
}

int client_end(struct client *client)
{
	return wire_end(&client->encoder);
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

static int client_read(struct client *client, struct mono deadline)
{
	ssize_t n;
	int r = client_wait(client, deadline);

	if (r < 0)
		return r;
	/* ECONNRESET comes once, before what was sent to us earlier, where the other side has
	 * closed. */
	do
		n = recv(client->fd, client->datagram, sizeof(client->datagram), MSG_TRUNC);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return -errno;
	if (n == 0)
		return -EPIPE;
	if ((size_t)n > sizeof(client->datagram))
		return -EPROTO;
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

int client_receive(struct client *client, struct mono deadline, struct wire_frame *ret_frame)
{
	struct wire_frame frame;
	int r = client_flush(client);

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
		} else if ((frame.op == WIRE_ROW || frame.op == WIRE_REPLY) &&
			   field_check(&frame) == 0) {
			*ret_frame = frame;
			return 0;
		} else {
			return -EPROTO;
		}
	}
}

uint32_t client_peer_protocol(const struct client *client)
{
	return client->peer_protocol;
}

const char *client_peer_release(const struct client *client)
{
	return client->peer_release;
}
