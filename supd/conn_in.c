/* SPDX-License-Identifier: MIT */

/*
 * What comes in. Datagrams are read many at a time where they come from a process's own mailbox
 * socket, one at a time otherwise; each is decoded frame by frame. Runs of actors' frames are moved
 * together, so that a burst of small messages is one event for the core; a request ends the run
 * before it, and so everything is done in the order in which it was sent.
 *
 * Whatever is against the rules of sup(7) ends the connection with a line in the log, and nobody
 * else notices: fds that nobody expects are closed, bytes that are no frame are not guessed at.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supd/control.h"
#include "supd/foreign.h"
#include "wire/hello.h"
#include "wire/number.h"
#include "wire/rule.h"

/* Datagrams read at once from an actor's own socket; turns of one at a time from others. */
#define BATCH 32
#define TURNS 8
/* A turn that takes longer makes the next batches of that connection smaller, down to one datagram.
 */
#define TURN_TIME SPAN_MS(2)
#define SLOWEST 5u
/* Before a death no more than can have been waiting; a descendant may go on sending. */
#define DRAIN_MAX 4096

struct intake {
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	struct conn_fds fds[BATCH]; /* of each datagram */
	struct {
		_Alignas(struct cmsghdr) char bytes[CMSG_SPACE(CONN_FDS_MAX * sizeof(int))];
	} rights[BATCH];
	size_t at;    /* the datagram at hand */
	uint8_t *run; /* frames for the core, in datagrams; NULL: none */
	size_t run_size;
	uint8_t datagrams[BATCH][WIRE_DATAGRAM_MAX];
};

int intake_new(struct intake **ret_intake)
{
	/* Zeroed by the kernel: what is never read into costs nothing. */
	struct intake *in = calloc(1, sizeof(*in));

	if (!in)
		return -ENOMEM;
	*ret_intake = in;
	return 0;
}

void intake_free(struct intake *in)
{
	free(in);
}

/* ---- fds ---- */

static void fds_add(struct conn_fds *fds, const struct cmsghdr *c)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
		if (fds->n < CONN_FDS_MAX)
			fds->fd[fds->n++] = fd;
		else
			foreign_close(fd);
	}
}

static void fds_read(struct conn_fds *fds, struct msghdr *header)
{
	fds->n = fds->next = 0;
	if (!header->msg_controllen)
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			fds_add(fds, c);
	}
}

/* Closes what nobody has taken; true where there was such a thing. */
static bool fds_close(struct conn_fds *fds)
{
	bool some = fds->next < fds->n;

	while (fds->next < fds->n)
		foreign_close(fds->fd[fds->next++]);
	return some;
}

int conn_take_fd(struct conn *conn)
{
	struct intake *in = conn->control->intake;
	struct conn_fds *fds = &in->fds[in->at];

	return fds->next < fds->n ? fds->fd[fds->next++] : -1;
}

/* ---- runs ---- */

static void run_flush(struct conn *conn)
{
	struct intake *in = conn->control->intake;
	struct event event = {.kind = EVENT_FRAMES, .source = conn->source};

	if (!in->run_size)
		return;
	event.data = in->run;
	event.size = in->run_size;
	in->run = NULL;
	in->run_size = 0;
	daemon_step(conn->control->daemon, &event);
}

static void run_add(struct conn *conn, uint8_t *frame, size_t size)
{
	struct intake *in = conn->control->intake;

	if (!in->run_size)
		in->run = frame;
	else if (in->run + in->run_size != frame)
		memmove(in->run + in->run_size, frame, size);
	in->run_size += size;
}

/* ---- memfds ---- */

/*
 * An answer to a frame that could not be taken, and is in no window's count; where none is asked
 * for the connection ends.
 */
static void conn_refuse_frame(struct conn *conn, const struct wire_frame *frame)
{
	struct wire_encoder e;
	struct wire_frame done = wire_frame(WIRE_DONE, "memfds", frame->ref);

	if (frame->op != WIRE_MESSAGE || !(frame->flags & WIRE_CONFIRM)) {
		conn_drop(conn, "it has more than %zu payloads in memfds on their way",
			  memfds_most_of_sender(&conn->control->memfds));
		return;
	}
	run_flush(conn);
	out_begin(&conn->out, &e, &done);
	conn_end(conn, &e);
}

/* Puts the number of the memfd that comes with frame into it. False: the frame goes no further. */
static bool conn_take_memfd(struct conn *conn, const struct wire_frame *frame)
{
	uint8_t *payload = (uint8_t *)(uintptr_t)frame->payload;
	uint32_t number;
	uint64_t size;
	int fd, r;

	size = number_load(payload, 8);
	fd = conn_take_fd(conn);
	if (fd < 0) {
		conn_drop(conn, "a payload in a memfd, and no fd with it");
		return false;
	}
	r = core_reserve_memfds(conn->control->daemon->core, conn->control->memfds.n + 1);
	if (r == 0)
		r = memfd_take(&conn->control->memfds, conn->source, fd, size, &number);
	if (r < 0)
		foreign_close(fd);
	if (r == 0)
		number_store(payload + 4, number, 4);
	else if (r == -EINVAL)
		conn_drop(conn, "a payload that is no sealed memfd of the size it says");
	else
		conn_refuse_frame(conn, frame);
	return r == 0;
}

/* ---- frames ---- */

static void conn_take_hello(struct conn *conn, const struct wire_frame *frame)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	struct hello_more more;
	const char *release;
	uint32_t protocol;

	if (hello_read(frame, &protocol, &release) < 0) {
		conn_drop(conn, "its first frame is no HELLO");
	} else if (protocol != WIRE_PROTOCOL) {
		buf_printf(&text,
			   "this supd (%s) speaks version %d of the protocol, you speak %u: "
			   "use the supctl that came with it",
			   WIRE_RELEASE, WIRE_PROTOCOL, (unsigned)protocol);
		conn_refuse(conn, buf_text(&text));
	} else if (!hello_has_more(frame)) {
		conn_set_state(conn, CONN_OPEN);
	} else if (hello_read_helper(frame, &more) < 0) {
		conn_drop(conn, "its HELLO is damaged");
	} else if (control_takes_helper(conn, &more)) {
		conn_set_state(conn, CONN_OPEN);
	}
}

static void conn_take_request(struct conn *conn, const struct wire_frame *frame)
{
	run_flush(conn);
	if (conn->state >= CONN_CLOSING)
		return;
	if (field_check(frame) < 0)
		conn_drop(conn, "a request that is damaged");
	else if (out_size(&conn->out) > CONN_OUT_LIMIT)
		conn_drop(conn, "it asks without taking the answers");
	else
		request_take(conn, frame);
}

static void conn_take_frame(struct conn *conn, const struct wire_frame *frame)
{
	uint8_t *start = (uint8_t *)(uintptr_t)frame->tag - WIRE_HEADER_SIZE;
	size_t size = WIRE_HEADER_SIZE + frame->tag_size + frame->payload_size;
	const char *broken = wire_broken_rule(frame, WIRE_TO_DAEMON);

	if (conn->state == CONN_NEW) {
		conn_take_hello(conn, frame);
	} else if (broken || frame->op == WIRE_HELLO) {
		conn_drop(conn, "%s (%u)", broken ? broken : "a second HELLO", (unsigned)frame->op);
	} else if (frame->op == WIRE_REQUEST) {
		conn_take_request(conn, frame);
	} else if (frame->op == WIRE_GOODBYE) {
		conn->said_goodbye = true;
		conn_set_state(conn, CONN_CLOSING);
	} else if (conn_join(conn)) {
		if (!(frame->flags & WIRE_MEMFD) || conn_take_memfd(conn, frame))
			run_add(conn, start, size);
	}
}

static void conn_take_datagram(struct conn *conn, size_t i)
{
	struct intake *in = conn->control->intake;
	const struct msghdr *header = &in->headers[i].msg_hdr;
	struct wire_frame frame;
	size_t cursor = 0;
	int r = 1;

	in->at = i;
	if (header->msg_flags & MSG_TRUNC)
		conn_drop(conn, "a datagram of more than %d bytes", WIRE_DATAGRAM_MAX);
	else if (header->msg_flags & MSG_CTRUNC)
		conn_drop(conn, "a datagram with more than %d fds", CONN_FDS_MAX);
	while (conn->state < CONN_CLOSING &&
	       (r = wire_decode(in->datagrams[i], in->headers[i].msg_len, &cursor, &frame)) > 0)
		conn_take_frame(conn, &frame);
	if (r < 0)
		conn_drop(conn, "bytes that are no frame");
	if (fds_close(&in->fds[i]) && conn->state < CONN_BROKEN)
		conn_drop(conn, "an fd that nobody asked for");
}

/* ---- datagrams ---- */

static void intake_prepare(struct intake *in, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		in->parts[i] = (struct iovec){in->datagrams[i], WIRE_DATAGRAM_MAX};
		in->headers[i].msg_hdr = (struct msghdr){
			.msg_iov = &in->parts[i],
			.msg_iovlen = 1,
			.msg_control = in->rights[i].bytes,
			.msg_controllen = sizeof(in->rights[i].bytes),
		};
	}
}

/* How many datagrams were taken, at most n; 0: there is nothing more. */
static unsigned conn_take(struct conn *conn, unsigned n)
{
	struct intake *in = conn->control->intake;
	int got;

	intake_prepare(in, n);
	got = recvmmsg(conn->fd, in->headers, n, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, NULL);
	if (got < 0 && errno != EAGAIN && errno != EINTR && errno != ENOMEM && errno != ENOBUFS)
		conn_set_state(conn, CONN_BROKEN);
	for (int i = 0; i < got; i++)
		fds_read(&in->fds[i], &in->headers[i].msg_hdr);
	for (int i = 0; i < got; i++) {
		/* The other side has closed; an empty datagram counts as that. */
		if (in->headers[i].msg_len == 0)
			conn_set_state(conn, CONN_BROKEN);
		if (conn->state < CONN_CLOSING)
			conn_take_datagram(conn, (size_t)i);
		else
			fds_close(&in->fds[i]);
	}
	run_flush(conn);
	return got > 0 ? (unsigned)got : 0;
}

/* A datagram may hold thousands of frames, and some of them are a lot of work: who has taken long
 * is read less of at a time, until it takes little again. */
static void conn_read_main(struct conn *conn)
{
	struct mono end = mono_add(loop_now(), TURN_TIME);
	unsigned n = BATCH >> conn->slow;

	conn_take(conn, n);
	if (loop_now().ns >= end.ns)
		conn->slow = MIN_OF(conn->slow + 2, SLOWEST);
	else if (conn->slow)
		conn->slow--;
}

void conn_read(struct conn *conn)
{
	if (conn->role == CONN_MAIN) {
		conn_read_main(conn);
		return;
	}
	for (int i = 0; i < TURNS; i++) {
		if (conn_is_full(conn) || !list_is_empty(&conn->listings) || !conn_take(conn, 1))
			break;
	}
}

void conn_drain(struct conn *conn)
{
	for (unsigned n = 0; n < DRAIN_MAX && conn->state < CONN_CLOSING; n += BATCH) {
		if (!conn_take(conn, BATCH))
			break;
	}
}
