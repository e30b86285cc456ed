/* SPDX-License-Identifier: MIT */

/*
 * The daemon's own streams. It writes to their pipes as services do, but never waits: what does not
 * go in is kept in order until it does. A piece of lines is kept whole or lost whole.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "supd/daemon.h"
#include "supd/events.h"
#include "supd/keeping.h"
#include "supd/log.h"

#define KEPT_MAX ((size_t)1 << 20)
/* So that a keeper which is started anew finds room for what happens meanwhile. */
#define PIPE_SIZE (256 * 1024)

/* As a service's log, but no service's path begins so: one of them may be named as these are. */
#define OWN "=/"

static const char *const names[KEEPER_N_OWN] = {
	[KEEPER_SUPD] = "supd",
	[KEEPER_EVENTS] = "events",
	[KEEPER_REPORTS] = "reports",
};

static uint64_t count_lines(const char *data, size_t size)
{
	uint64_t n = 0;
	const char *end = data + size;

	while ((data = memchr(data, '\n', (size_t)(end - data)))) {
		n++;
		data++;
	}
	return n;
}

/* How many bytes have gone in. */
static size_t write_some(const struct own_stream *o, const char *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = write(o->stream->out, data + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

static void watch(struct own_stream *o, bool waits)
{
	struct keeper *k = o->room.owner;

	if (o->waits == waits)
		return;
	o->waits = waits;
	if (waits)
		loop_fd_start(k->daemon->loop, &o->room, o->stream->out, LOOP_WRITE);
	else
		loop_fd_stop(k->daemon->loop, &o->room);
}

static void pass_on(struct own_stream *o)
{
	buf_consume(&o->kept, write_some(o, buf_text(&o->kept), o->kept.size));
	if (!o->kept.size)
		buf_fini(&o->kept);
}

static void tell_lost(struct keeper *k, enum keeper_own own)
{
	struct own_stream *o = &k->own[own];
	uint64_t lost = o->lost - o->lost_told;
	const struct log_about about = {.event = "log_dropped"};
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	o->lost_told = o->lost;
	if (!lost)
		return;
	buf_printf(&text, "%llu line%s missing in %s.log: the log keeper did not take them",
		   (unsigned long long)lost, lost == 1 ? " is" : "s are", names[own]);
	log_about(LOG_AT_WARNING, &about, "%s", buf_text(&text));
	events_add(k->daemon, &(struct occurrence){.kind = "log_dropped",
						   .reason = "keeper",
						   .explanation = buf_text(&text),
						   .origin = "self"});
}

static void on_room(void *owner, int fd, int events)
{
	struct keeper *k = owner;

	(void)events;
	for (int i = 0; i < KEEPER_N_OWN; i++) {
		struct own_stream *o = &k->own[i];

		if (!o->stream || o->stream->out != fd)
			continue;
		pass_on(o);
		watch(o, o->kept.size > 0);
		if (!o->kept.size)
			tell_lost(k, (enum keeper_own)i);
	}
}

bool keeper_own_pass_on(struct keeper *k)
{
	bool all = true;

	for (int i = 0; i < KEEPER_N_OWN; i++) {
		if (k->own[i].stream && k->own[i].kept.size)
			pass_on(&k->own[i]);
		all &= k->own[i].kept.size == 0;
	}
	return all;
}

void keeper_write(struct daemon *d, enum keeper_own own, const void *data, size_t size)
{
	struct own_stream *o = d->keeper ? &d->keeper->own[own] : NULL;
	size_t done = 0;

	if (!o || !o->stream || !size)
		return;
	if (!o->kept.size)
		done = write_some(o, data, size);
	if (done == size)
		return;
	/* What has begun is ended, whatever is kept already. */
	if ((!done && o->kept.size + size > KEPT_MAX) || !buf_reserve(&o->kept, size - done)) {
		o->kept.error = 0;
		o->lost += count_lines(data, size);
		return;
	}
	buf_append(&o->kept, (const char *)data + done, size - done);
	watch(o, true);
}

/* A daemon that was cut off in the middle of a line, with its machine, has left that without an
 * end: ours is not to be glued to it. Nobody else writes there now. */
static void begin_line(struct keeper *k, enum keeper_own own)
{
	struct buf path CLEANUP(buf_fini) = BUF_INIT;
	off_t size;
	char last;
	int fd;

	if (!k->dir || buf_printf(&path, "%s/%s.log", k->dir, names[own]) < 0)
		return;
	fd = open(buf_text(&path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	size = lseek(fd, 0, SEEK_END);
	if (size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n')
		write_some(&k->own[own], "\n", 1);
	close(fd);
}

int keeper_own_open(struct keeper *k)
{
	int error = 0;

	for (int i = 0; i < KEEPER_N_OWN; i++) {
		struct own_stream *o = &k->own[i];

		o->room.call = on_room;
		o->room.owner = k;
		o->stream = stream_new(k, OWN, names[i], &error);
		if (!o->stream)
			return -error;
		o->stream->users = 1;
		fcntl(o->stream->out, F_SETFL, O_NONBLOCK);
		fcntl(o->stream->out, F_SETPIPE_SZ, PIPE_SIZE);
		begin_line(k, (enum keeper_own)i);
	}
	return 0;
}

void keeper_own_put(struct wire_encoder *e, const struct keeper *k)
{
	struct buf file CLEANUP(buf_fini) = BUF_INIT;
	const char *trouble = NULL;
	uint64_t lost = 0;

	for (int i = KEEPER_N_OWN - 1; i >= 0 && k->dir; i--) {
		const struct own_stream *o = &k->own[i];

		lost += o->lost + (o->stream ? o->stream->dropped : 0);
		if (o->stream && o->stream->trouble)
			trouble = o->stream->trouble;
	}
	if (k->dir && buf_printf(&file, "%s/%s.log", k->dir, names[KEEPER_SUPD]) < 0)
		e->error = file.error;
	field_put_text(e, FIELD_DETAIL, "log_file", k->dir ? buf_text(&file) : NULL);
	field_put_int(e, FIELD_DETAIL, "log_dropped", (int64_t)lost);
	field_put_text(e, FIELD_DETAIL, "log_trouble", trouble);
}

void keeper_own_close(struct keeper *k)
{
	for (int i = 0; i < KEEPER_N_OWN; i++) {
		if (k->own[i].stream)
			watch(&k->own[i], false);
		buf_fini(&k->own[i].kept);
		k->own[i].stream = NULL;
	}
}
