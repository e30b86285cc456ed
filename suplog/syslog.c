/* SPDX-License-Identifier: MIT */

#include "suplog/syslog.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"
#include "logs/escape.h"
#include "suplog/piece.h"

static void disconnect(struct syslog *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	buf_clear(&s->out);
	s->at = 0;
}

void syslog_fini(struct syslog *s)
{
	disconnect(s);
	buf_fini(&s->out);
}

static int try_connect(struct syslog *s, int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, r;

	if (strlen(s->path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, s->path);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	s->fd = fd;
	s->stream = type == SOCK_STREAM;
	return 0;
}

static int be_connected(struct syslog *s)
{
	int r;

	if (s->fd >= 0)
		return 0;
	r = try_connect(s, SOCK_DGRAM);
	return r == -EPROTOTYPE ? try_connect(s, SOCK_STREAM) : r;
}

/* The rest of the message that is in s->out. */
static int flush(struct syslog *s)
{
	while (s->at < s->out.size) {
		ssize_t n = send(s->fd, s->out.data + s->at, s->out.size - s->at,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == ENOBUFS ? -EAGAIN : -errno;
		s->at += (size_t)n;
	}
	buf_clear(&s->out);
	s->at = 0;
	return 0;
}

static int compose(struct syslog *s, const struct syslog_input *in, const char *data, size_t size)
{
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = (time_t)(in->time.us / 1000000);
	struct tm tm = {0};

	localtime_r(&seconds, &tm);
	buf_printf(&s->out, "<%d>%s %2d %02d:%02d:%02d %s: ", in->priority, months[tm.tm_mon],
		   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, in->name);
	escape_text(&s->out, data, size);
	if (s->stream)
		buf_putc(&s->out, '\0');
	return s->out.error;
}

/* Of a stream the message counts as sent as soon as it takes some of it: the rest goes before the
 * next. */
static int send_once(struct syslog *s, const struct syslog_input *in, const char *data, size_t size)
{
	int r = be_connected(s);

	if (r == 0)
		r = flush(s);
	if (r)
		return r;
	r = compose(s, in, data, size);
	if (r == 0)
		r = flush(s);
	if (r == -EAGAIN && s->at > 0)
		return 0;
	if (r == -EAGAIN)
		buf_clear(&s->out);
	return r;
}

/* One that was restarted has another socket in the same place: a second try goes there. */
static int send_line(struct syslog *s, const struct syslog_input *in, const char *data, size_t size)
{
	int r = 0;

	for (int attempt = 0; attempt < 2; attempt++) {
		r = send_once(s, in, data, size);
		if (r == 0 || r == -EAGAIN)
			break;
		disconnect(s);
		if (r == -ENOMEM)
			break;
	}
	return r;
}

int syslog_put(struct syslog *s, const struct syslog_input *in, size_t *ret_taken)
{
	size_t at = 0;
	int r = 0;

	while (at < in->size) {
		struct piece piece =
			piece_next(in->data + at, in->size - at, SYSLOG_LINE_MAX, false, in->rest);

		if (piece.end == PIECE_NONE)
			break;
		if (piece.size > 0)
			r = send_line(s, in, in->data + at, piece.size);
		if (r)
			break;
		at += piece.size + (piece.end == PIECE_LINE);
	}
	*ret_taken = at;
	return r;
}
