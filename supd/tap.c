/* SPDX-License-Identifier: MIT */

#include "supd/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 16384
/* No more is read while so much waits. */
#define HELD_MAX 65536
/* Of what is left at the end: how often, how long it is waited for room, in milliseconds. */
#define LAST_TRIES 50
#define LAST_WAIT 20

/* ---- ours ---- */

/* So that it never waits, as the log's (log.c): pipes and terminals are opened anew. */
static int open_out(struct tap *tap)
{
	static const char *const names[] = {NULL, "/proc/self/fd/1", "/proc/self/fd/2"};
	struct stat st;
	int fd;

	tap->out = tap->to;
	if (fstat(tap->to, &st) < 0)
		return -errno;
	tap->is_socket = S_ISSOCK(st.st_mode);
	if (!S_ISFIFO(st.st_mode) && isatty(tap->to) != 1)
		return 0;
	fd = open(names[tap->to], O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		tap->out = fd;
	return 0;
}

static ssize_t write_some(const struct tap *tap, size_t size)
{
	struct pollfd p = {.fd = tap->out, .events = POLLOUT};

	if (tap->is_socket)
		return send(tap->out, tap->held.data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (tap->out == tap->to && poll(&p, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(tap->out, tap->held.data, size);
}

/* The next piece: whole lines; of a line that is too long for that, a part. 0: none yet. */
static size_t next_piece(const struct tap *tap, bool all)
{
	size_t size = MIN_OF(tap->held.size, (size_t)TAP_LINE_MAX);
	const char *end = size ? memrchr(tap->held.data, '\n', size) : NULL;

	if (end)
		return (size_t)(end - tap->held.data) + 1;
	return all || size == TAP_LINE_MAX ? size : 0;
}

/* False: ours takes nothing for now. What it never will take again is let go. */
static bool pass_on(struct tap *tap, bool all)
{
	size_t size;

	while ((size = next_piece(tap, all))) {
		ssize_t n = write_some(tap, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		buf_consume(&tap->held, n < 0 ? tap->held.size : (size_t)n);
	}
	return true;
}

/* ---- the line ---- */

void tap_forget(struct tap *tap)
{
	if (!tap->found)
		return;
	tap->found = NULL;
	*tap->place = NULL;
	tap->place = NULL;
	regfree(&tap->regex);
	buf_fini(&tap->line);
}

/* True: it matches. */
static bool look_at_line(struct tap *tap)
{
	size_t size = tap->line.size;
	regmatch_t part = {0};
	int r;

	if (size && tap->line.data[size - 1] == '\r')
		size--;
	part.rm_eo = (regoff_t)size;
	r = regexec(&tap->regex, buf_text(&tap->line), 1, &part, REG_STARTEND);
	buf_clear(&tap->line);
	return r == 0;
}

static void look(struct tap *tap, const char *data, size_t size)
{
	while (tap->found && size) {
		const char *end = memchr(data, '\n', size);
		size_t n = end ? (size_t)(end - data) : size;

		buf_append(&tap->line, data, MIN_OF(n, TAP_LINE_MAX - tap->line.size));
		n += end ? 1 : 0;
		data += n;
		size -= n;
		if (end && look_at_line(tap)) {
			void (*found)(void *owner) = tap->found;
			void *owner = tap->owner;

			tap_forget(tap);
			found(owner);
		}
	}
}

/* ---- theirs ---- */

void tap_free(struct tap *tap)
{
	struct pollfd p = {.fd = tap->out, .events = POLLOUT};

	for (int i = 0; i < LAST_TRIES && !pass_on(tap, true); i++)
		poll(&p, 1, LAST_WAIT);
	loop_fd_stop(tap->loop, &tap->writer);
	tap_forget(tap);
	list_unlink(&tap->link);
	if (tap->out != tap->to)
		close(tap->out);
	if (tap->given)
		close(tap->given);
	loop_fd_close(tap->loop, &tap->reader, tap->in);
	buf_fini(&tap->held);
	free(tap);
}

/* It reads, or waits for room. */
static void set_waits(struct tap *tap, bool waits)
{
	if (tap->waits == waits)
		return;
	tap->waits = waits;
	loop_fd_change(tap->loop, &tap->reader, waits ? 0 : LOOP_READ);
	if (waits)
		loop_fd_start(tap->loop, &tap->writer, tap->out, LOOP_WRITE);
	else
		loop_fd_stop(tap->loop, &tap->writer);
}

enum progress { IDLE, MORE, OVER };

static enum progress read_some(struct tap *tap)
{
	char *room = tap->held.size < HELD_MAX ? buf_reserve(&tap->held, CHUNK) : NULL;
	ssize_t n;

	/* Short of memory, the rest waits where it is. */
	tap->held.error = 0;
	if (!room)
		return IDLE;
	n = read(tap->in, room, CHUNK);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? IDLE : OVER;
	if (n == 0)
		return OVER;
	tap->held.size += (size_t)n;
	tap->held.data[tap->held.size] = '\0';
	look(tap, tap->held.data + tap->held.size - n, (size_t)n);
	set_waits(tap, !pass_on(tap, false));
	return MORE;
}

static void on_readable(void *owner, int fd, int events)
{
	struct tap *tap = owner;

	(void)fd, (void)events;
	if (read_some(tap) == OVER)
		tap_free(tap);
}

static void on_room(void *owner, int fd, int events)
{
	struct tap *tap = owner;

	(void)fd, (void)events;
	set_waits(tap, !pass_on(tap, false));
}

/* No more than can have been waiting. */
void tap_drain(struct tap *tap)
{
	enum progress progress = MORE;

	for (int i = 0; i < HELD_MAX / CHUNK + 1 && progress == MORE; i++)
		progress = read_some(tap);
	if (progress == OVER)
		tap_free(tap);
}

void taps_close(struct list *taps)
{
	while (!list_is_empty(taps)) {
		struct tap *tap = LIST_ENTRY(taps->next, struct tap, link);

		tap_forget(tap);
		for (int i = 0; i < HELD_MAX / CHUNK + 1 && read_some(tap) == MORE; i++)
			;
		tap_free(tap);
	}
}

/* ---- its beginning ---- */

static int set_up(struct tap *tap, const char *pattern)
{
	int fds[2];

	if (regcomp(&tap->regex, pattern, REG_EXTENDED) != 0)
		return -ENOMEM;
	if (pipe2(fds, O_CLOEXEC) < 0) {
		int error = errno;

		regfree(&tap->regex);
		return -error;
	}
	tap->in = fds[0];
	tap->given = fds[1];
	fcntl(tap->in, F_SETFL, O_NONBLOCK);
	return 0;
}

int tap_new(struct list *taps, struct loop *loop, int to, const char *pattern, struct tap **place)
{
	struct tap *tap = calloc(1, sizeof(*tap));
	int r;

	if (!tap)
		return -ENOMEM;
	tap->loop = loop;
	tap->to = to;
	r = open_out(tap);
	if (r == 0)
		r = set_up(tap, pattern);
	if (r < 0) {
		if (tap->out > STDERR_FILENO)
			close(tap->out);
		free(tap);
		return r;
	}
	list_init(&tap->link);
	list_append(taps, &tap->link);
	tap->reader.call = on_readable;
	tap->writer.call = on_room;
	tap->reader.owner = tap->writer.owner = tap;
	tap->place = place;
	*place = tap;
	return 0;
}

void tap_begin(struct tap *tap)
{
	close(tap->given);
	tap->given = 0;
	loop_fd_start(tap->loop, &tap->reader, tap->in, LOOP_READ);
}
