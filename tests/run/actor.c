/* SPDX-License-Identifier: MIT */

#include "actor.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/pid.h"

static struct buf request;
static struct wire_encoder request_encoder;
static struct wire_frame last_reply;
static uint8_t reply_bytes[WIRE_DATAGRAM_MAX];

/* ---- ends ---- */

static struct actor_end *end_new(struct node *n, int fd)
{
	struct actor_end *a = keep(calloc(1, sizeof(*a)));

	cr_assert_not_null(a);
	a->node = n;
	a->fd = fd;
	a->next_ref = 1;
	return a;
}

static void address_of(const char *path, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	cr_assert_lt(strlen(path), sizeof(address->sun_path));
	strcpy(address->sun_path, path);
}

struct actor_end *actor_connect(struct node *n)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	address_of(n->socket, &address);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0, "%s",
		     strerror(errno));
	return end_new(n, fd);
}

static void greet(struct actor_end *a, bool as_helper)
{
	struct buf hello CLEANUP(buf_fini) = BUF_INIT;
	struct wire_frame frame;

	if (as_helper)
		hello_put_helper(&hello, a->pid, a->token);
	else
		hello_put(&hello);
	actor_send_bytes(a, hello.data, hello.size, NULL, 0);
	frame = actor_receive(a);
	cr_assert_eq(hello_read_daemon(&frame, &a->hello), 0);
}

struct actor_end *actor_guest(struct node *n)
{
	struct actor_end *a = actor_connect(n);

	greet(a, false);
	return a;
}

struct actor_end *actor_helper(const struct actor_end *of)
{
	struct actor_end *a = actor_connect(of->node);

	a->pid = of->pid;
	memcpy(a->token, of->token, sizeof(a->token));
	greet(a, true);
	return a;
}

/* "<0.5.0> 0123..." */
static void read_words(struct actor_end *a, char *words)
{
	char *token = strchr(words, ' ');
	actor_pid pid;

	cr_assert_not_null(token, "%s", words);
	*token++ = '\0';
	cr_assert_eq(actor_pid_parse(words, &pid), 0);
	a->pid = pid.n;
	for (size_t i = 0; i < sizeof(a->token); i++) {
		unsigned byte;

		cr_assert_eq(sscanf(token + 2 * i, "%2x", &byte), 1, "%s", token);
		a->token[i] = (uint8_t)byte;
	}
}

struct actor_end *actor_borrow(struct node *n, const char *puppet, bool mute)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	char words[128] = "";
	struct iovec part = {words, sizeof(words) - 1};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	char *path = node_path(n, keep_printf("%s.box", puppet));
	int listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	struct actor_end *a;
	int fd;

	address_of(path, &address);
	cr_assert_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(chmod(path, 0777), 0); /* puppets of other users send to it, too */
	order(n, puppet, "box");
	cr_assert(wait_readable(listener, -1), "%s lends nothing", puppet);
	cr_assert_gt(recvmsg(listener, &header, MSG_CMSG_CLOEXEC), 0);
	cr_assert_not_null(CMSG_FIRSTHDR(&header), "%s", words);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(fd));
	close(listener);
	unlink(path);
	a = end_new(n, fd);
	read_words(a, words);
	if (!mute)
		greet(a, false);
	return a;
}

void actor_close(struct actor_end *a)
{
	while (a->n_fds)
		close(a->fds[--a->n_fds]);
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}

/* ---- out ---- */

void actor_send_bytes(struct actor_end *a, const void *data, size_t size, const int *fds,
		      size_t n_fds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(253 * sizeof(int))] = {0};
	struct iovec part = {(void *)(uintptr_t)data, size};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (n_fds) {
		header.msg_control = control;
		header.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&header);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	cr_assert_eq(sendmsg(a->fd, &header, MSG_NOSIGNAL), (ssize_t)size, "%s", strerror(errno));
}

void actor_send(struct actor_end *a, const struct wire_frame *frame, const void *payload,
		size_t size)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct wire_encoder e;

	wire_begin(&e, &out, frame);
	wire_put(&e, payload, size);
	cr_assert_eq(wire_end(&e), 0);
	actor_send_bytes(a, out.data, out.size, NULL, 0);
}

void actor_tell(struct actor_end *a, uint64_t to, const char *tag, const char *payload)
{
	struct wire_frame frame = wire_frame(WIRE_MESSAGE, tag, 0);

	frame.to = to;
	actor_send(a, &frame, payload, strlen(payload));
}

void actor_credit(struct actor_end *a, uint64_t n)
{
	struct wire_frame frame = wire_frame(WIRE_CREDIT, "", n);

	actor_send(a, &frame, NULL, 0);
}

/* ---- in ---- */

static void take_fds(struct actor_end *a, struct msghdr *header)
{
	while (a->n_fds)
		close(a->fds[--a->n_fds]);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		a->n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(a->fds, CMSG_DATA(c), a->n_fds * sizeof(int));
	}
}

/* Another datagram; false: the connection has ended. */
static bool read_datagram(struct actor_end *a)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(64 * sizeof(int))];
	struct iovec part = {a->datagram, sizeof(a->datagram)};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	ssize_t n;

	cr_assert(wait_readable(a->fd, -1), "nothing comes from supd\n%s", node_log(a->node));
	n = recvmsg(a->fd, &header, MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return false;
	cr_assert(!(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)));
	take_fds(a, &header);
	a->size = (size_t)n;
	a->cursor = 0;
	return true;
}

static bool next_frame(struct actor_end *a, struct wire_frame *frame)
{
	int r;

	while ((r = wire_decode(a->datagram, a->size, &a->cursor, frame)) == 0) {
		if (!read_datagram(a))
			return false;
	}
	cr_assert_eq(r, 1, "supd sends what is no frame");
	return true;
}

struct wire_frame actor_receive(struct actor_end *a)
{
	struct wire_frame frame;

	do
		cr_assert(next_frame(a, &frame), "supd has closed the connection\n%s",
			  node_log(a->node));
	while (frame.op == WIRE_WINDOW || frame.op == WIRE_QUEUED);
	return frame;
}

struct wire_frame actor_receive_op(struct actor_end *a, enum wire_op op)
{
	struct wire_frame frame;

	do
		frame = actor_receive(a);
	while (frame.op != op);
	return frame;
}

bool actor_is_cut_off(struct actor_end *a)
{
	struct wire_frame frame;

	while (next_frame(a, &frame))
		;
	return true;
}

/* ---- requests ---- */

struct wire_encoder *actor_begin_request(struct actor_end *a, const char *command)
{
	struct wire_frame frame = wire_frame(WIRE_REQUEST, command, a->next_ref++);

	buf_clear(&request);
	wire_begin(&request_encoder, &request, &frame);
	return &request_encoder;
}

struct wire_frame actor_ask_row(struct actor_end *a)
{
	cr_assert_eq(wire_end(&request_encoder), 0);
	actor_send_bytes(a, request.data, request.size, NULL, 0);
	return actor_receive(a);
}

struct wire_frame actor_ask(struct actor_end *a)
{
	return actor_ask_with(a, NULL, 0);
}

struct wire_frame actor_ask_with(struct actor_end *a, const int *fds, size_t n_fds)
{
	size_t offset;

	cr_assert_eq(wire_end(&request_encoder), 0);
	actor_send_bytes(a, request.data, request.size, fds, n_fds);
	last_reply = actor_receive_op(a, WIRE_REPLY);
	offset = (size_t)((const uint8_t *)last_reply.payload - a->datagram);
	memcpy(reply_bytes, a->datagram, sizeof(reply_bytes));
	last_reply.payload = reply_bytes + offset;
	return last_reply;
}

int actor_request(struct actor_end *a, const char *command, const char *field, const char *value,
		  const char *field2, const char *value2)
{
	struct wire_encoder *e = actor_begin_request(a, command);
	struct wire_frame reply;

	if (field)
		field_put_text(e, 0, field, value);
	if (field2)
		field_put_text(e, 0, field2, value2);
	reply = actor_ask(a);
	return (int)field_int(&reply, "status", -1);
}

const char *actor_reply(const struct actor_end *a, const char *field)
{
	const char *text = field_text(&last_reply, field);

	(void)a;
	return text ? text : "";
}

/* ---- the log ---- */

void wait_log(struct node *n, const char *text)
{
	struct mono end = deadline();

	while (!strstr(node_log(n), text)) {
		cr_assert(deadline().ns - end.ns < SPAN_S(PATIENCE).ns, "not in the log: %s\n%s",
			  text, node_log(n));
		poll(NULL, 0, 10);
	}
}
