/* SPDX-License-Identifier: MIT */

/*
 * What supd says, heard by the main thread. It only notes down: the hand does it. What makes no
 * sense is passed over, and its fds are closed: a keeper that ended on it would help nobody.
 *
 * Where supd is gone, so is what kept the pipes open: the keeper reads them empty and ends.
 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "logs/keeper.h"
#include "suplog/keeper.h"
#include "suplog/drop.h"
#include "suplog/notice.h"
#include "suplog/privileges.h"
#include "suplog/pump.h"
#include "suplog/stream.h"
#include "suplog/watch.h"

#define FDS_MAX 8
/* How long streams have to be read empty at the end. */
#define FINISH_TIME SPAN_S(5)
/* After which a rotation does not wait any more for the end of a line. */
#define ROTATE_TIME SPAN_S(1)
/* A call that takes longer is a disk that hangs. */
#define CALL_TIME SPAN_S(2)
/* ... and one that takes this long makes drop what may be dropped. */
#define STALL_TIME SPAN_MS(100)
#define STALL_MS 20
#define LOOK_MS 500
/* Of names on the console. */
#define WIDTH_MAX 200

/* A datagram of supd's: its first frame, and fds, which are the datagram's until taken. */
struct message {
	struct wire_frame frame;
	int fds[FDS_MAX];
	size_t n_fds;
};

static int message_take_fd(struct message *m, size_t at)
{
	int fd = at < m->n_fds ? m->fds[at] : -1;

	if (fd >= 0)
		m->fds[at] = -1;
	return fd;
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void take_console(struct keeper *k, struct message *m)
{
	const char *console = field_text(&m->frame, "console");
	int64_t width = field_int(&m->frame, "width", 0);

	if (!console || strcmp(console, "no") == 0)
		return;
	k->console_fd = message_take_fd(m, 5);
	k->console_colour = strcmp(console, "colour") == 0;
	if (width > 0 && width < WIDTH_MAX)
		k->console_width = (size_t)width;
}

/* The hand begins here: it is confined to the log folder, which is not known before. This thread
 * opens nothing from then on, and is confined to nothing: later, as threads inherit that. */
static int start_hand(struct keeper *k, struct message *m)
{
	const char *log_dir = field_text(&m->frame, "log_dir");
	struct fault fault;
	int r;

	k->root.group = (gid_t)field_int(&m->frame, "group", -1);
	k->root.path = log_dir ? strdup(log_dir) : NULL;
	if (log_dir && !k->root.path)
		return -ENOMEM;
	take_console(k, m);
	k->opening = log_dir;
	k->called_at = mono_now();
	r = -pthread_create(&k->hand, NULL, hand_run, k);
	if (r < 0)
		return r;
	k->begun = true;
	r = privileges_confine(-1);
	if (r < 0) {
		fault_set(&fault, r, "the log keeper cannot be confined");
		notice_trouble(k, NULL, &fault);
	}
	return 0;
}

static void begin(struct keeper *k, struct message *m)
{
	int memfd = message_take_fd(m, 0);
	int staging[2] = {message_take_fd(m, 1), message_take_fd(m, 2)};
	int scratch[2] = {message_take_fd(m, 3), message_take_fd(m, 4)};
	struct fault fault;
	int r;

	/* The last of them is there where the others are. */
	if (k->begun || scratch[1] < 0) {
		const int fds[] = {memfd, staging[0], staging[1], scratch[0], scratch[1]};

		for (size_t i = 0; i < ARRAY_LEN(fds); i++)
			close_if(fds[i]);
		return;
	}
	memcpy(k->scratch, scratch, sizeof(scratch));
	r = record_open(&k->record, memfd, staging);
	close(memfd);
	if (r == 0)
		pump_empty_scratch(k);
	if (r == 0)
		r = start_hand(k, m);
	if (r < 0) {
		fault_set(&fault, r, "the log keeper cannot begin");
		notice_trouble(k, NULL, &fault);
		k->done = true;
		k->status = 1;
		return;
	}
	notice_simple(k, KEEPER_READY, NULL);
}

static void say_fault(struct keeper *k, int64_t number, int error)
{
	struct fault fault;

	fault_set(&fault, error, "stream %lld cannot be kept", (long long)number);
	notice_trouble(k, NULL, &fault);
}

/* A stream that was forgotten, but not yet by the hand: its number is free already. */
static void detach(struct keeper *k, struct stream *s)
{
	s->detached = true;
	k->streams[s->number] = NULL;
	record_forget(&k->record, s->number);
}

static void watch(struct keeper *k, struct stream *s, const struct message *m)
{
	watch_ask(k, s, (uint64_t)field_int(&m->frame, "ref", 0), field_text(&m->frame, "match"));
}

static void stream(struct keeper *k, struct message *m)
{
	int64_t number = field_int(&m->frame, "number", -1);
	struct stream *s = keeper_stream(k, number);
	struct settings *settings = settings_new(&m->frame);
	int pipe = message_take_fd(m, 0);
	int r = -EINVAL;

	if (settings && number >= 0 && number < KEEPER_STREAMS_MAX && k->begun) {
		if (s && pipe < 0 && !s->forget) {
			settings_free(s->next);
			s->next = settings;
			watch(k, s, m);
			hand_look_at(k, s, mono_now());
			return;
		}
		if (s && s->forget && pipe >= 0) {
			detach(k, s);
			s = NULL;
		}
		if (!s && pipe >= 0) {
			r = keeper_add(k, (uint32_t)number, settings, pipe);
			if (r < 0) {
				say_fault(k, number, r);
				return;
			}
			k->streams[number]->trouble.told = field_bool(&m->frame, "troubled");
			watch(k, k->streams[number], m);
			return;
		}
		r = pipe < 0 ? -ENOENT : -EEXIST;
	}
	say_fault(k, number, settings ? r : -EINVAL);
	settings_free(settings);
	close_if(pipe);
}

/* What was in its pipe at that time, or is now. */
static uint64_t find_target(const struct keeper *k, const struct stream *s, int64_t at)
{
	uint64_t now = s->taken + stream_waiting(k, s);

	return at < 0 ? now : MIN_OF((uint64_t)at, now);
}

static void mark(struct keeper *k, struct message *m)
{
	struct stream *s = keeper_stream(k, field_int(&m->frame, "number", -1));
	struct mark *mark = s ? calloc(1, sizeof(*mark)) : NULL;

	if (!mark)
		return;
	mark->ref = (uint64_t)field_int(&m->frame, "ref", 0);
	mark->told = mark->ref == 0;
	mark->since = mono_now();
	mark->lines = (size_t)MAX_OF(field_int(&m->frame, "tail", 0), INT64_C(0));
	mark->target = find_target(k, s, field_int(&m->frame, "at", -1));
	list_append(&s->marks, &mark->link);
	hand_look_at(k, s, mono_now());
}

static void rotate(struct keeper *k, struct message *m)
{
	struct rotation *r = calloc(1, sizeof(*r));

	if (!r)
		return;
	r->ref = (uint64_t)field_int(&m->frame, "ref", 0);
	r->number = field_int(&m->frame, "number", -1);
	r->until = mono_add(mono_now(), ROTATE_TIME);
	list_append(&k->rotations, &r->link);
	hand_sweep_at(k, mono_now());
}

static void forget(struct keeper *k, struct message *m)
{
	struct stream *s = keeper_stream(k, field_int(&m->frame, "number", -1));

	if (!s)
		return;
	mark(k, m);
	s->forget = true;
	hand_look_at(k, s, mono_now());
}

static void ping(struct keeper *k, struct message *m)
{
	struct notice n;

	notice_begin(&n, KEEPER_PONG, NULL);
	field_put_int(&n.encoder, 0, "ref", field_int(&m->frame, "ref", 0));
	notice_send(k, &n);
}

static void finish(struct keeper *k, struct message *m)
{
	(void)m;
	k->done = k->done || !k->begun;
	k->finishing = true;
	k->finish_by = mono_add(mono_now(), FINISH_TIME);
	hand_sweep_at(k, mono_now());
}

static void (*const handlers[KEEPER_N_REQUESTS])(struct keeper *, struct message *) = {
	[KEEPER_BEGIN] = begin,   [KEEPER_STREAM] = stream, [KEEPER_MARK] = mark,
	[KEEPER_ROTATE] = rotate, [KEEPER_FORGET] = forget, [KEEPER_PING] = ping,
	[KEEPER_FINISH] = finish,
};

static void handle(struct keeper *k, struct message *m)
{
	for (int i = 0; i < KEEPER_N_REQUESTS; i++)
		if (wire_tag_is(&m->frame, keeper_request_names[i])) {
			handlers[i](k, m);
			/* A ping is nothing for the hand. */
			if (i != KEEPER_PING)
				keeper_wake(k->wake_hand);
		}
}

static void take_fds(struct msghdr *msg, struct message *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		m->n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(m->fds, CMSG_DATA(c), m->n_fds * sizeof(int));
	}
}

/* Hears one datagram. 1: there may be more; 0: none is there; -errno: supd is gone. */
static int hear(struct keeper *k, char *data)
{
	union {
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {data, KEEPER_MESSAGE_MAX};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	struct message m = {.n_fds = 0};
	ssize_t n = recvmsg(k->control, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	size_t cursor = 0;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -EPIPE;
	take_fds(&msg, &m);
	if (wire_decode(data, (size_t)n, &cursor, &m.frame) == 1 && m.frame.op == WIRE_REQUEST &&
	    field_check(&m.frame) == 0) {
		pthread_mutex_lock(&k->lock);
		handle(k, &m);
		pthread_mutex_unlock(&k->lock);
	}
	for (size_t i = 0; i < m.n_fds; i++)
		close_if(m.fds[i]);
	return 1;
}

/*
 * A disk that hangs is told of while it does, and meanwhile what may be dropped is. Returns how
 * long to sleep: without end where the hand sleeps too.
 */
static int watch_hand(struct keeper *k)
{
	struct span lasts = mono_between(k->called_at, mono_now());
	struct fault fault;

	if (k->opening) {
		if (!k->call_told && lasts.ns >= CALL_TIME.ns) {
			k->call_told = true;
			fault_set(&fault, -ETIMEDOUT, "log_dir %s: the disk does not answer",
				  k->root.path);
			notice_trouble(k, NULL, &fault);
		}
		return LOOK_MS;
	}
	k->main_sleeps = !k->calling && list_is_empty(&k->busy);
	if (!k->calling)
		return k->main_sleeps ? -1 : LOOK_MS;
	if (lasts.ns >= STALL_TIME.ns)
		stall_drop(k);
	if (!k->call_told && lasts.ns >= CALL_TIME.ns) {
		k->call_told = true;
		fault_set(&fault, -ETIMEDOUT, "%s/%s: the disk does not answer",
			  k->root.path ? k->root.path : "",
			  k->calling->place.file ? k->calling->place.file : "");
		notice_trouble(k, k->calling, &fault);
	}
	return STALL_MS;
}

static void supd_is_gone(struct keeper *k)
{
	pthread_mutex_lock(&k->lock);
	finish(k, NULL);
	pthread_mutex_unlock(&k->lock);
	keeper_wake(k->wake_hand);
}

int control_run(struct keeper *k)
{
	struct pollfd fds[2] = {{.fd = k->control}, {.fd = k->wake_main, .events = POLLIN}};
	char *data = malloc(KEEPER_MESSAGE_MAX);
	uint64_t ignored;
	bool done = false, flushed;
	int r, wait;

	if (!data)
		return 1;
	while (!done) {
		pthread_mutex_lock(&k->lock);
		wait = watch_hand(k);
		flushed = notices_flush(k);
		done = k->done && (flushed || fds[0].fd < 0);
		pthread_mutex_unlock(&k->lock);
		if (done)
			break;
		fds[0].events = (short)(POLLIN | (flushed ? 0 : POLLOUT));
		if (poll(fds, 2, wait) <= 0)
			continue;
		if (fds[1].revents)
			(void)!read(k->wake_main, &ignored, sizeof(ignored));
		if (!(fds[0].revents & (POLLIN | POLLHUP | POLLERR)))
			continue;
		do
			r = hear(k, data);
		while (r > 0);
		if (r < 0) {
			fds[0].fd = -1;
			supd_is_gone(k);
		}
	}
	free(data);
	if (k->begun)
		pthread_join(k->hand, NULL);
	return k->status;
}
