/* SPDX-License-Identifier: MIT */

#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/support/alloc.h"

/* ---- the script ---- */

static bool peer_read(struct peer *p);

static struct peer *playing;
static long live; /* allocations before it began */

/* Reads all that was sent, answers RECEIVEs that do not wait, and keeps the rest for the test. */
static void peer_answer_none(struct peer *p)
{
	struct wire_frame frame;
	size_t start;

	while (p->fd >= 0 && p->cursor == p->size && peer_read(p)) {
		while ((start = p->cursor) < p->size) {
			cr_assert_eq(wire_decode(p->datagram, p->size, &p->cursor, &frame), 1);
			if (frame.op != WIRE_RECEIVE || !(frame.flags & WIRE_NOW)) {
				buf_append(&p->kept, p->datagram + start, p->cursor - start);
				continue;
			}
			peer_op(p, WIRE_DONE, 0, frame.ref, "");
			peer_send(p);
		}
	}
}

/* The library waits: the peer's next step. False: the wait is to be interrupted. */
static bool peer_play(void)
{
	struct peer *p = playing;

	if (p && !*p->steps)
		peer_answer_none(p);
	if (!p || !*p->steps)
		return true;
	(*p->steps++)(p);
	if (!p->interrupts)
		return true;
	p->interrupts = false;
	errno = EINTR;
	return false;
}

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	return peer_play() ? __real_poll(fds, n, timeout) : -1;
}

ssize_t __real_recvmsg(int fd, struct msghdr *header, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *header, int flags);

ssize_t __wrap_recvmsg(int fd, struct msghdr *header, int flags)
{
	const struct msghdr before = *header;
	ssize_t n = __real_recvmsg(fd, header, flags | MSG_DONTWAIT);

	if (n >= 0 || errno != EAGAIN || flags & MSG_DONTWAIT)
		return n;
	*header = before;
	return peer_play() ? __real_recvmsg(fd, header, flags) : -1;
}

void peer_script(struct peer *p, void (*const *steps)(struct peer *p))
{
	cr_assert_null(*p->steps, "not all steps have run");
	p->steps = steps;
}

/* ---- ends ---- */

static void peer_environment(int fd)
{
	char text[32];

	snprintf(text, sizeof(text), "%d", fd);
	setenv("SUP_FD", text, 1);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("SUP_OS_PID", text, 1);
}

struct peer *peer_alloc(void)
{
	static void (*const no_steps[])(struct peer *) = {NULL};
	struct peer *p;

	live = alloc_live();
	p = calloc(1, sizeof(*p));
	cr_assert_not_null(p);
	p->fd = -1;
	p->steps = no_steps;
	playing = p;
	return p;
}

struct peer *peer_new(uint64_t window, uint32_t flags)
{
	struct peer *p = peer_alloc();
	struct wire_frame frame;
	int fds[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	p->fd = fds[0];
	fcntl(p->fd, F_SETFD, FD_CLOEXEC);
	peer_environment(fds[1]);
	cr_assert_eq(hello_put_daemon(&p->out, PEER_SELF, window, flags), 0);
	peer_send(p);
	cr_assert_eq(sup_open(&p->sup), 0);
	cr_assert(peer_look(p, &frame) && frame.op == WIRE_HELLO);
	cr_assert(peer_look(p, &frame) && frame.op == WIRE_CREDIT);
	cr_assert(frame.to == 0 && frame.ref == PEER_CREDIT);
	return p;
}

void peer_end(struct peer *p)
{
	peer_nothing(p);
	cr_assert_null(*p->steps, "not all steps have run");
	playing = NULL;
	sup_close(p->sup);
	close(p->fd);
	buf_fini(&p->out);
	buf_fini(&p->kept);
	free(p);
	cr_assert_eq(alloc_live(), live, "%ld allocations are left", alloc_live() - live);
}

/* ---- to the library ---- */

void peer_put(struct peer *p, struct wire_frame frame, const void *payload, size_t size)
{
	struct wire_encoder e;

	wire_begin(&e, &p->out, &frame);
	wire_put(&e, payload, size);
	cr_assert_eq(wire_end(&e), 0);
}

void peer_message(struct peer *p, uint64_t number, const char *tag, const char *payload)
{
	struct wire_frame frame = wire_frame(WIRE_MESSAGE, tag, 0);

	frame.from = 7;
	frame.to = number;
	peer_put(p, frame, payload, strlen(payload));
}

void peer_op(struct peer *p, enum wire_op op, uint64_t to, uint64_t ref, const char *tag)
{
	struct wire_frame frame = wire_frame(op, tag, ref);

	frame.to = to;
	peer_put(p, frame, NULL, 0);
}

static void peer_send_with(struct peer *p, const int *fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec part = {p->out.data, p->out.size};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd) {
		struct cmsghdr *c;

		header.msg_control = control;
		header.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&header);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), fd, sizeof(int));
	}
	cr_assert_eq(sendmsg(p->fd, &header, MSG_NOSIGNAL), (ssize_t)p->out.size, "%s",
		     strerror(errno));
	buf_clear(&p->out);
}

void peer_send(struct peer *p)
{
	peer_send_with(p, NULL);
}

void peer_send_fd(struct peer *p, int fd)
{
	peer_send_with(p, &fd);
}

void peer_reply(struct peer *p, uint64_t ref, int64_t status, const char *name, const char *value)
{
	struct wire_frame frame = wire_frame(WIRE_REPLY, "", ref);
	struct wire_encoder e;

	wire_begin(&e, &p->out, &frame);
	field_put_int(&e, FIELD_HIDDEN, "status", status);
	if (name)
		field_put_text(&e, 0, name, value);
	cr_assert_eq(wire_end(&e), 0);
	peer_send(p);
}

void peer_flood(struct peer *p, uint64_t first, uint64_t n, const char *tag, uint64_t queued)
{
	for (uint64_t i = 0; i < n; i++) {
		peer_message(p, first + i, tag, "");
		if (p->out.size > 60000 || i + 1 == n) {
			peer_op(p, WIRE_QUEUED, 0, queued + n - i - 1, "");
			peer_send(p);
		}
	}
}

/* ---- from the library ---- */

static bool peer_read(struct peer *p)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))];
	struct iovec part = {p->datagram, sizeof(p->datagram)};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(p->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n <= 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c)) {
		p->n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(p->fds, CMSG_DATA(c), p->n_fds * sizeof(int));
	}
	p->size = (size_t)n;
	p->cursor = 0;
	return true;
}

bool peer_look(struct peer *p, struct wire_frame *frame)
{
	if (p->kept_cursor < p->kept.size) {
		cr_assert_eq(wire_decode(p->kept.data, p->kept.size, &p->kept_cursor, frame), 1);
		return true;
	}
	while (p->cursor == p->size)
		if (!peer_read(p))
			return false;
	cr_assert_eq(wire_decode(p->datagram, p->size, &p->cursor, frame), 1);
	return true;
}

struct wire_frame peer_take(struct peer *p, enum wire_op op)
{
	struct wire_frame frame;

	do
		cr_assert(peer_look(p, &frame), "nothing was sent, where %d is expected", op);
	while (frame.op == WIRE_CREDIT);
	cr_assert_eq(frame.op, op, "%d was sent, where %d is expected", frame.op, op);
	return frame;
}

struct wire_frame peer_take_request(struct peer *p, const char *command)
{
	struct wire_frame frame = peer_take(p, WIRE_REQUEST);

	cr_assert(wire_tag_is(&frame, command), "%.*s", (int)frame.tag_size, frame.tag);
	cr_assert_eq(field_check(&frame), 0);
	return frame;
}

struct wire_frame peer_last_credit(struct peer *p)
{
	struct wire_frame frame, last = {0};

	while (peer_look(p, &frame)) {
		cr_assert_eq(frame.op, WIRE_CREDIT);
		last = frame;
	}
	cr_assert_eq(last.op, WIRE_CREDIT);
	return last;
}

void peer_nothing(struct peer *p)
{
	struct wire_frame frame;

	while (peer_look(p, &frame))
		cr_assert_eq(frame.op, WIRE_CREDIT, "%d was sent, where nothing is expected",
			     frame.op);
}

/* ---- what the tests ask of the library ---- */

const char *peer_receive(struct peer *p, const struct sup_clause *clauses, size_t n, unsigned flags,
			 int64_t timeout_ms)
{
	static const char *const kinds[] = {"any", "message", "call", "reply", "exit", "down"};
	static char text[512], name[16];
	struct sup_message *m;
	int r = sup_receive(p->sup, clauses, n, flags, timeout_ms, &m);

	if (r < 0)
		return text_errno_name(-r, name);
	snprintf(text, sizeof(text), "%s %s %s", kinds[m->kind], m->tag, (const char *)m->payload);
	sup_message_free(m);
	return text;
}
