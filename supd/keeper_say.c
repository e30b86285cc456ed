/* SPDX-License-Identifier: MIT */

/*
 * What the keeper is told: first `begin`, then what streams have to say, then questions of others,
 * which are about streams that it knows by then. A full socket is waited for; whatever was not said
 * is still to be said.
 */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/exec_probes.h"
#include "supd/daemon.h"
#include "supd/keeping.h"
#include "supd/streams.h"
#include "wire/field.h"

/* Said before others have their turn. */
#define BATCH 128
/* After which it is tried again where something but room is short. */
#define RETRY SPAN_MS(20)
#define FDS_MAX 6
/* daemon.info, daemon.err: as syslog(3) has them. */
#define PRIORITY (3 << 3 | 6)
#define PRIORITY_ERROR (3 << 3 | 3)

static const char *const console_names[] = {"no", "plain", "colour"};

/* ---- one message ---- */

static void begin(struct keeper *k, struct wire_encoder *e, enum keeper_request what)
{
	struct wire_frame frame = wire_frame(WIRE_REQUEST, keeper_request_names[what], 0);

	buf_clear(&k->message);
	wire_begin(e, &k->message, &frame);
}

static void wait_for_room(struct keeper *k)
{
	k->blocked = k->full = true;
	loop_fd_change(k->daemon->loop, &k->watcher, LOOP_READ | LOOP_WRITE);
}

/* Something else is short; time will tell. */
static void wait_a_while(struct keeper *k)
{
	k->blocked = true;
	loop_timer_start(k->daemon->loop, &k->retry, mono_add(loop_now(), RETRY));
}

static ssize_t send_message(struct keeper *k, const int *fds, size_t n)
{
	struct iovec part = {k->message.data, k->message.size};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))] = {0};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *header;

	if (n) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(n * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(header), fds, n * sizeof(int));
	}
	return sendmsg(k->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* True: it was said. */
static bool end(struct keeper *k, struct wire_encoder *e, const int *fds, size_t n)
{
	if (wire_end(e) < 0) {
		wait_a_while(k);
		return false;
	}
	for (;;) {
		if (send_message(k, fds, n) >= 0)
			return true;
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN)
			wait_for_room(k);
		else if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
			k->deaf = true;
		else
			wait_a_while(k);
		return false;
	}
}

/* ---- each of them ---- */

static bool say_begin(struct keeper *k)
{
	const int fds[] = {k->record,     k->staging[0], k->staging[1],
			   k->scratch[0], k->scratch[1], STDOUT_FILENO};
	struct wire_encoder e;

	begin(k, &e, KEEPER_BEGIN);
	if (k->dir)
		field_put_text(&e, 0, "log_dir", k->dir);
	field_put_int(&e, 0, "group", k->group);
	field_put_text(&e, 0, "console", console_names[k->console]);
	field_put_int(&e, 0, "width", k->width);
	k->begun = end(k, &e, fds, k->console == CONSOLE_NO ? FDS_MAX - 1 : FDS_MAX);
	return k->begun;
}

static int64_t limit(uint64_t number, uint64_t none)
{
	return number >= none || number > INT64_MAX ? -1 : (int64_t)number;
}

static void put_log(struct wire_encoder *e, const struct exec_log *log)
{
	field_put_text(e, 0, "format", log_format_names[log->format]);
	field_put_int(e, 0, "size", limit(log->size, UINT64_MAX));
	field_put_int(e, 0, "files", limit(log->files, UINT32_MAX));
	field_put_span(e, 0, "age", log->age);
	field_put_text(e, 0, "packing", log_packing_names[log->packing]);
	field_put_int(e, 0, "rate", limit(log->rate, UINT64_MAX));
	field_put_span(e, 0, "rate_span", log->rate_span);
	field_put_text(e, 0, "overflow", log_overflow_names[log->overflow]);
	field_put_int(e, 0, "line_max", log->line_max);
}

static void put_stream(struct wire_encoder *e, const struct stream *s)
{
	struct buf file CLEANUP(buf_fini) = BUF_INIT;
	bool syslog = s->key[0] != '=';
	struct exec_log log = s->keeper->daemon->config->log;

	if (s->exec)
		exec_log_init(&log);
	else
		log.format = LOG_RAW;
	field_put_int(e, 0, "number", s->number);
	field_put_text(e, 0, "name", s->name);
	if (s->keeper->dir && !syslog)
		field_put_text(e, 0, "file", stream_file(s, &file));
	field_put_text(e, 0, "output", syslog ? "syslog" : "log");
	put_log(e, s->exec && s->exec->log ? s->exec->log : &log);
	if (s->watch) {
		field_put_text(e, 0, "match", s->watch->match->pattern);
		field_put_int(e, 0, "ref", (int64_t)s->watch->ref);
	}
	field_put_bool(e, 0, "show", s->exec && s->keeper->console != CONSOLE_NO);
	field_put_bool(e, 0, "troubled", s->trouble);
	field_put_int(e, 0, "priority", s->key[0] == 'e' ? PRIORITY_ERROR : PRIORITY);
	if (file.error)
		e->error = file.error;
}

static bool say_stream(struct stream *s)
{
	struct wire_encoder e;

	begin(s->keeper, &e, KEEPER_STREAM);
	put_stream(&e, s);
	if (!end(s->keeper, &e, &s->in, s->told ? 0 : 1))
		return false;
	s->told = true;
	return true;
}

static bool say_mark(struct keeper *k, uint32_t number, uint64_t ref, uint32_t tail, int64_t at)
{
	struct wire_encoder e;

	begin(k, &e, KEEPER_MARK);
	field_put_int(&e, 0, "number", number);
	field_put_int(&e, 0, "ref", (int64_t)ref);
	field_put_int(&e, 0, "tail", tail);
	if (at >= 0)
		field_put_int(&e, 0, "at", at);
	return end(k, &e, NULL, 0);
}

static bool say_release(struct stream *s)
{
	if (!s->released)
		s->released = ++s->keeper->ref;
	return say_mark(s->keeper, s->number, s->released, 0, -1);
}

static bool say_forget(const struct stream *s)
{
	struct wire_encoder e;

	begin(s->keeper, &e, KEEPER_FORGET);
	field_put_int(&e, 0, "number", s->number);
	return end(s->keeper, &e, NULL, 0);
}

static bool say_rotate(struct keeper *k, const struct keeper_rotation *r)
{
	struct wire_encoder e;

	begin(k, &e, KEEPER_ROTATE);
	if (r->number >= 0)
		field_put_int(&e, 0, "number", r->number);
	field_put_int(&e, 0, "ref", (int64_t)r->ref);
	return end(k, &e, NULL, 0);
}

static bool say_ping(struct keeper *k)
{
	struct wire_encoder e;

	begin(k, &e, KEEPER_PING);
	field_put_int(&e, 0, "ref", (int64_t)k->pulse_ref);
	if (!end(k, &e, NULL, 0))
		return false;
	k->pulse = PULSE_ASKED;
	return true;
}

bool keeper_say_finish(struct keeper *k)
{
	struct wire_encoder e;

	if (!k->last) {
		begin(k, &e, KEEPER_FINISH);
		k->last = end(k, &e, NULL, 0);
	}
	return k->last;
}

/* ---- what there is to say ---- */

void keeper_say_later(struct stream *s, enum say say)
{
	s->say |= (uint8_t)say;
	if (list_is_empty(&s->dirty))
		list_append(&s->keeper->dirty, &s->dirty);
}

/* Its process has ended there. Where somebody asks for the last lines up to there that says so. */
static bool say_ended(struct stream *s)
{
	LIST_EACH (it, &s->keeper->marks) {
		const struct keeper_mark *m = LIST_ENTRY(it, const struct keeper_mark, link);

		if (!m->sent && m->number == s->number && m->at == s->ended_at)
			return true;
	}
	return say_mark(s->keeper, s->number, 0, 0, s->ended_at);
}

/* The first of what it has to say. False: it could not be said. */
static bool say_of_stream(struct stream *s)
{
	static const struct {
		enum say say;
		bool (*call)(struct stream *s);
	} rows[] = {{SAY_STREAM, say_stream}, {SAY_RELEASE, say_release}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!(s->say & rows[i].say))
			continue;
		if (!rows[i].call(s))
			return false;
		s->say &= (uint8_t)~rows[i].say;
		if (rows[i].say == SAY_RELEASE)
			s->say &= (uint8_t)~SAY_MARK;
		return true;
	}
	if (s->say & SAY_MARK) {
		if (!say_ended(s))
			return false;
		s->say &= (uint8_t)~SAY_MARK;
		return true;
	}
	if (!say_forget(s))
		return false;
	stream_free(s);
	return true;
}

/* 1: something was said; 0: there is nothing; -1: it could not be said. */
static int say_one(struct keeper *k)
{
	struct stream *s = LIST_ENTRY(k->dirty.next, struct stream, dirty);

	/* Before all else: an answer is waited for. */
	if (k->pulse == PULSE_ASK)
		return say_ping(k) ? 1 : -1;
	if (!list_is_empty(&k->dirty)) {
		if (!s->say) {
			list_unlink(&s->dirty);
			return 1;
		}
		return say_of_stream(s) ? 1 : -1;
	}
	LIST_EACH (it, &k->marks) {
		struct keeper_mark *m = LIST_ENTRY(it, struct keeper_mark, link);

		if (m->sent)
			continue;
		m->sent = say_mark(k, m->number, m->ref, m->lines, m->at);
		return m->sent ? 1 : -1;
	}
	LIST_EACH (it, &k->rotations) {
		struct keeper_rotation *r = LIST_ENTRY(it, struct keeper_rotation, link);

		if (r->sent)
			continue;
		r->sent = say_rotate(k, r);
		return r->sent ? 1 : -1;
	}
	return 0;
}

bool keeper_say_all(struct keeper *k)
{
	int r = 1;

	if (!k->begun && !say_begin(k))
		return false;
	while (r > 0)
		r = say_one(k);
	return r == 0;
}

static bool has_something(const struct keeper *k)
{
	return k->pulse == PULSE_ASK || !list_is_empty(&k->dirty) || !list_is_empty(&k->marks) ||
	       !list_is_empty(&k->rotations);
}

void keeper_say(struct keeper *k)
{
	int r = 1;

	if (k->blocked || k->deaf || k->last || k->finished || !has_something(k))
		return;
	if (!k->os_pid)
		keeper_start(k);
	if (!k->os_pid || (!k->begun && !say_begin(k)))
		return;
	keeper_pulse_start(k);
	for (int n = 0; n < BATCH && r > 0; n++)
		r = say_one(k);
	if (r > 0)
		wait_for_room(k);
	else if (r == 0)
		k->hurries = k->wonders = false;
}

void keeper_say_anew(struct keeper *k)
{
	for (size_t i = 0; i < k->n_numbers; i++) {
		struct stream *s = k->by_number[i];

		if (!s)
			continue;
		/* The one before has said that nothing of it was left. */
		if (s->say & SAY_FORGET) {
			stream_free(s);
			continue;
		}
		/* It counts anew. */
		s->ended_at = -1;
		s->told = false;
		keeper_say_later(s, s->released ? SAY_STREAM | SAY_RELEASE : SAY_STREAM);
	}
	keeper_asked_anew(k);
}
