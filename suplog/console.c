/* SPDX-License-Identifier: MIT */

/* Two buffers: lines are put into one while the thread writes the other. */

#include "suplog/console.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "logs/colour.h"
#include "logs/escape.h"

/* What waits to be written: beyond that there is no room. */
#define KEPT_MAX ((size_t)256 << 10)
/* What others cannot tear in a pipe, and what a terminal is given at once. */
#define PIPE_CHUNK ((size_t)4096)
#define CHUNK ((size_t)65536)
#define WIDTH_MAX ((size_t)32)

struct console {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	int fd;   /* owned */
	int wake; /* borrowed */
	bool terminal, colour;
	size_t width, chunk;

	/* under the lock */
	struct buf waiting;
	uint64_t lost; /* lines since the last that was shown */
	bool writing;  /* the thread has something in hand */
	bool full;     /* somebody was told that there is no room */
	bool ending;
	bool gone; /* nobody is there any more: all is thrown away */
	bool left; /* nobody waits for the thread: it frees all this */
};

/* ---- writing ---- */

/* The most of data, up to the chunk, that ends with a line's end; a longer line is a chunk. */
static size_t whole_lines(const struct console *c, const char *data, size_t size)
{
	const char *end;

	if (size <= c->chunk)
		return size;
	end = memrchr(data, '\n', c->chunk);
	if (!end)
		end = memchr(data + c->chunk, '\n', size - c->chunk);
	return end ? (size_t)(end - data) + 1 : size;
}

/* False: nobody will ever read it. */
static bool write_all(const struct console *c, const char *data, size_t size)
{
	struct pollfd poll_fd = {.fd = c->fd, .events = POLLOUT};

	while (size > 0) {
		ssize_t n = write(c->fd, data, size);

		if (n > 0) {
			data += n;
			size -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			poll(&poll_fd, 1, -1); /* others may have made it so */
		} else if (n == 0 || (errno != EINTR && errno != ENOSPC)) {
			return false;
		} else if (errno == ENOSPC) {
			return true; /* a file on a full disk may have room for the next */
		}
	}
	return true;
}

static bool write_lines(const struct console *c, const struct buf *lines)
{
	for (size_t at = 0; at < lines->size;) {
		size_t n = whole_lines(c, lines->data + at, lines->size - at);

		if (!write_all(c, lines->data + at, n))
			return false;
		at += n;
	}
	return true;
}

static void tell_room(struct console *c)
{
	const uint64_t one = 1;

	if (c->full && c->wake >= 0 && write(c->wake, &one, sizeof(one)) < 0)
		return; /* it is set already */
	c->full = false;
}

static void destroy(struct console *c)
{
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	buf_fini(&c->waiting);
	close(c->fd);
	free(c);
}

static void *run(void *argument)
{
	struct console *c = argument;
	struct buf lines = BUF_INIT;
	bool left;

	pthread_mutex_lock(&c->lock);
	while (!c->ending || (c->waiting.size > 0 && !c->left)) {
		struct buf empty = lines;
		bool good;

		if (c->waiting.size == 0) {
			pthread_cond_wait(&c->changed, &c->lock);
			continue;
		}
		lines = c->waiting;
		c->waiting = empty;
		c->writing = true;
		tell_room(c);
		pthread_mutex_unlock(&c->lock);
		good = write_lines(c, &lines);
		buf_clear(&lines);
		pthread_mutex_lock(&c->lock);
		c->gone = c->gone || !good;
		c->writing = false;
		pthread_cond_broadcast(&c->changed);
	}
	left = c->left;
	pthread_mutex_unlock(&c->lock);
	buf_fini(&lines);
	if (left)
		destroy(c);
	return NULL;
}

/* ---- lines ---- */

static void put_head(const struct console *c, struct buf *out, const char *name, char sign,
		     struct utc time)
{
	char text[UTC_LOCAL_SIZE];

	if (c->terminal) {
		utc_write_local(time, text);
		buf_puts(out, c->colour ? COLOUR_TIME : "");
		buf_append(out, text, sizeof(text));
		buf_puts(out, c->colour ? COLOUR_END "  " : "  ");
	}
	buf_puts(out, c->colour ? colour_of_name(name, strlen(name)) : "");
	buf_printf(out, "%-*s", (int)c->width, name);
	buf_printf(out, "%s %c ", c->colour ? COLOUR_END : "", sign);
}

static void put_line(struct console *c, struct console_stream *stream, const char *data,
		     size_t size, struct utc time)
{
	struct buf *out = &c->waiting;

	put_head(c, out, stream->name, stream->open ? '+' : '|', time);
	/* What a terminal's line ends with, in programs that think they write to one. */
	if (c->terminal && size > 0 && data[size - 1] == '\r')
		size--;
	if (c->terminal)
		escape_text(out, data, size);
	else
		buf_append(out, data, size);
	buf_putc(out, '\n');
}

static size_t count_lines(const char *data, size_t size)
{
	size_t lines = size > 0 && data[size - 1] != '\n';

	while (size > 0) {
		const char *newline = memchr(data, '\n', size);

		if (!newline)
			break;
		lines++;
		size -= (size_t)(newline - data) + 1;
		data = newline + 1;
	}
	return lines;
}

static bool has_room(const struct console *c)
{
	return c->waiting.size < KEPT_MAX || c->gone;
}

bool console_has_room(struct console *c)
{
	bool room;

	pthread_mutex_lock(&c->lock);
	room = has_room(c);
	c->full = c->full || !room;
	pthread_mutex_unlock(&c->lock);
	return room;
}

static void put_lost(struct console *c, struct utc time)
{
	if (c->lost == 0 || c->gone)
		return;
	put_head(c, &c->waiting, "supd", '|', time);
	buf_printf(&c->waiting, "%llu lines are missing here: nobody took them\n",
		   (unsigned long long)c->lost);
	c->lost = 0;
}

static void put_lines(struct console *c, struct console_stream *stream, const char *data,
		      size_t size, struct utc time)
{
	while (size > 0) {
		const char *newline = memchr(data, '\n', size);
		size_t n = newline ? (size_t)(newline - data) : size;
		bool rest_of_shown = stream->open && n == 0;

		/* All of the line was shown before its end came. */
		if (!rest_of_shown)
			put_line(c, stream, data, n, time);
		stream->open = !newline;
		n += newline != NULL;
		data += n;
		size -= n;
	}
}

void console_show(struct console *c, struct console_stream *stream, const char *data, size_t size,
		  struct utc time)
{
	size_t before;

	pthread_mutex_lock(&c->lock);
	before = c->waiting.size;
	if (!c->gone && has_room(c)) {
		uint64_t lost = c->lost;

		put_lost(c, time);
		put_lines(c, stream, data, size, time);
		if (c->waiting.error) {
			c->waiting.error = 0;
			c->waiting.size = before;
			c->lost = lost + count_lines(data, size);
		}
		pthread_cond_broadcast(&c->changed);
	} else if (size > 0) {
		c->lost += count_lines(data, size);
		stream->open = data[size - 1] != '\n';
	}
	pthread_mutex_unlock(&c->lock);
}

/* ---- life ---- */

int console_new(int fd, bool colour, size_t width, int wake, struct console **ret_console)
{
	struct console *c = calloc(1, sizeof(*c));
	pthread_condattr_t attributes;
	struct stat st;
	int r;

	if (!c)
		return -ENOMEM;
	c->fd = fd;
	c->wake = wake;
	c->terminal = isatty(fd) == 1;
	c->colour = colour && c->terminal;
	c->width = width < WIDTH_MAX ? width : WIDTH_MAX;
	c->chunk = fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) ? PIPE_CHUNK : CHUNK;
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&c->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	r = -pthread_create(&c->thread, NULL, run, c);
	if (r) {
		c->fd = -1;
		destroy(c);
		return r;
	}
	*ret_console = c;
	return 0;
}

static struct timespec end_of(struct span patience)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += (time_t)(patience.ns / 1000000000);
	end.tv_nsec += (long)(patience.ns % 1000000000);
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	return end;
}

/* A thread that hangs in a write is left behind: it frees all when it comes back, if ever. */
void console_free(struct console *c, struct span patience)
{
	struct timespec end = end_of(patience);
	pthread_t thread;
	bool busy;
	int r = 0;

	if (!c)
		return;
	thread = c->thread;
	pthread_mutex_lock(&c->lock);
	c->ending = true;
	put_lost(c, utc_now());
	pthread_cond_broadcast(&c->changed);
	while ((c->writing || c->waiting.size > 0) && r == 0)
		r = pthread_cond_timedwait(&c->changed, &c->lock, &end);
	busy = c->writing;
	c->left = busy;
	if (!busy)
		buf_clear(&c->waiting);
	pthread_mutex_unlock(&c->lock);
	if (busy) {
		pthread_detach(thread);
		return;
	}
	pthread_join(thread, NULL);
	destroy(c);
}
