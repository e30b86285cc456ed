/* SPDX-License-Identifier: MIT */

/*
 * Lines are formatted into a buffer and written from there. Pipes and terminals are opened anew, so
 * that they can be written without waiting while whoever else has them sees no difference; where
 * that is not allowed, poll() says whether there is room, and what is written at a time is so small
 * that a pipe which has room takes all of it.
 */

#include "supd/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/utc.h"
#include "logs/colour.h"

/* What is kept of lines that standard error does not take. */
#define LOG_KEPT_MAX ((size_t)128 * 1024)
#define LOG_LINE_MAX 3072

static struct {
	enum log_level level;
	bool json, terminal, colour, socket;
	bool may_wait;  /* writing to it: RWF_NOWAIT is not known there */
	int fd;         /* where to write; STDERR_FILENO or ours */
	int width;      /* of names */
	struct buf out; /* whole lines, but for the first, of which a part may be gone */
	unsigned long lost;
	struct buf copy; /* lines that are still to be handed on */
	void (*copy_to)(void *owner, const char *data, size_t size);
	void *copy_owner; /* borrowed */
	int held;
	struct loop *loop; /* borrowed */
	bool watching;
	struct loop_fd watcher;
} log_state = {.level = LOG_AT_INFO, .fd = STDERR_FILENO, .width = 12};

static const char *const level_names[LOG_N_LEVELS + 1] = {
	[LOG_AT_ERROR] = "error",
	[LOG_AT_WARNING] = "warning",
	[LOG_AT_INFO] = "info",
	[LOG_AT_DEBUG] = "debug",
};

/* ---- writing ---- */

static ssize_t log_write_some(void)
{
	size_t size = log_state.out.size;
	struct pollfd p = {.fd = log_state.fd, .events = POLLOUT};
	const struct iovec part = {log_state.out.data, MIN_OF(size, (size_t)PIPE_BUF)};
	ssize_t n;

	if (log_state.socket)
		return send(log_state.fd, log_state.out.data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (log_state.fd != STDERR_FILENO)
		return write(log_state.fd, log_state.out.data, size);
	if (poll(&p, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	/* Others may have filled it since: the kernel does not wait, where it knows how. */
	if (!log_state.may_wait) {
		n = pwritev2(log_state.fd, &part, 1, -1, RWF_NOWAIT);
		if (n >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS))
			return n;
		log_state.may_wait = true;
	}
	return write(log_state.fd, log_state.out.data, MIN_OF(size, (size_t)PIPE_BUF));
}

static void log_on_room(void *owner, int fd, int events);

static void log_watch(bool on)
{
	if (!log_state.loop || log_state.watching == on)
		return;
	log_state.watching = on;
	log_state.watcher.call = log_on_room;
	if (on)
		loop_fd_start(log_state.loop, &log_state.watcher, log_state.fd, LOOP_WRITE);
	else
		loop_fd_stop(log_state.loop, &log_state.watcher);
}

/* Where it can not be written at all any more, what there is counts as lost. */
static void log_write(void)
{
	bool full = false;

	while (log_state.out.size && !full) {
		ssize_t n = log_write_some();

		if (n >= 0) {
			buf_consume(&log_state.out, (size_t)n);
			continue;
		}
		full = errno == EAGAIN;
		if (full || errno == EINTR)
			continue;
		log_state.lost++;
		buf_clear(&log_state.out);
	}
	log_watch(full);
}

/* ---- formatting ---- */

static void log_put_json_text(struct buf *out, const char *text)
{
	buf_putc(out, '"');
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_printf(out, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			buf_printf(out, "\\u%04x", *p);
		else
			buf_putc(out, (char)*p);
	}
	buf_putc(out, '"');
}

static void log_put_json_field(struct buf *out, const char *key, const char *text)
{
	if (!text)
		return;
	buf_printf(out, ",\"%s\":", key);
	log_put_json_text(out, text);
}

static void log_put_json(struct buf *out, enum log_level level, const struct log_about *about,
			 const char *text)
{
	struct timespec now;
	struct tm tm;
	char time[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_printf(out, "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\"", time, now.tv_nsec / 1000000,
		   level_names[level]);
	log_put_json_field(out, "name", about->name);
	log_put_json_field(out, "pid", about->pid);
	log_put_json_field(out, "event", about->event);
	log_put_json_field(out, "reason", about->reason);
	if (about->os_pid > 0)
		buf_printf(out, ",\"os_pid\":%d", (int)about->os_pid);
	log_put_json_field(out, "text", text);
	buf_puts(out, "}\n");
}

static const char *log_colour(enum log_level level)
{
	switch (level) {
	case LOG_AT_ERROR:
		return COLOUR_ERROR;
	case LOG_AT_WARNING:
		return COLOUR_WARNING;
	case LOG_AT_DEBUG:
		return COLOUR_DEBUG;
	case LOG_AT_INFO:
	case LOG_N_LEVELS:
		break;
	}
	return "";
}

/* A text may carry a file's name or a process's last words: no byte of it moves the cursor. */
static void log_put_plain(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_putc(out, (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

/* On a terminal, in the columns of what services write (suplog/console.h). */
static void log_put_head(struct buf *out, enum log_level level, const char *name)
{
	bool colour = log_state.colour;
	struct timespec now;
	struct tm tm;
	char time[32];

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(time, sizeof(time), log_state.terminal ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
	buf_printf(out, "%s%s.%03ld%s  ", colour ? COLOUR_TIME : "", time, now.tv_nsec / 1000000,
		   colour ? COLOUR_END : "");
	if (!log_state.terminal)
		buf_printf(out, "%-7s  ", level_names[level]);
	buf_printf(out, "%s%-*s%s", colour ? colour_of_name(name, strlen(name)) : "",
		   log_state.width, name, colour ? COLOUR_END : "");
	buf_puts(out, log_state.terminal ? "   " : "  ");
	if (log_state.terminal && !colour && level != LOG_AT_INFO)
		buf_printf(out, "%s: ", level_names[level]);
}

static void log_put_text(struct buf *out, enum log_level level, const struct log_about *about,
			 const char *text)
{
	const char *colour = log_state.colour ? log_colour(level) : "";

	log_put_head(out, level, about->name ? about->name : "supd");
	buf_puts(out, colour);
	log_put_plain(out, text);
	buf_puts(out, *colour ? COLOUR_END "\n" : "\n");
}

static void log_put(enum log_level level, const struct log_about *about, const char *text)
{
	if (log_state.json)
		log_put_json(&log_state.out, level, about, text);
	else
		log_put_text(&log_state.out, level, about, text);
}

/* ---- a copy ---- */

static void log_put_copy(enum log_level level, const struct log_about *about, const char *text)
{
	struct buf *out = &log_state.copy;
	const char *name = about->name ? about->name : "supd";
	char time[UTC_SIZE];

	if (log_state.json) {
		log_put_json(out, level, about, text);
		return;
	}
	utc_write(utc_now(), time);
	buf_append(out, time, sizeof(time));
	buf_printf(out, " %-7s  %-*s  ", level_names[level], log_state.width, name);
	log_put_plain(out, text);
	buf_putc(out, '\n');
}

/* Short of memory, whole lines are left out. */
static void log_copy(enum log_level level, const struct log_about *about, const char *text)
{
	size_t before = log_state.copy.size;

	if (!log_state.copy_to)
		return;
	log_put_copy(level, about, text);
	if (log_state.copy.error) {
		log_state.copy.error = 0;
		log_state.copy.size = before;
	}
}

static void log_hand_on(void)
{
	if (log_state.copy.size && log_state.copy_to)
		log_state.copy_to(log_state.copy_owner, log_state.copy.data, log_state.copy.size);
	buf_clear(&log_state.copy);
}

void log_copy_to(void (*call)(void *owner, const char *data, size_t size), void *owner)
{
	log_hand_on();
	log_state.copy_to = call;
	log_state.copy_owner = owner;
	if (!call)
		buf_fini(&log_state.copy);
}

/* ---- a line ---- */

/* Says that lines are missing, where there is room for lines again. */
static void log_put_lost(void)
{
	static const struct log_about daemon = {0};
	char text[80];

	if (!log_state.lost || log_state.out.size)
		return;
	snprintf(text, sizeof(text), "%lu lines are missing here: nobody took them",
		 log_state.lost);
	log_state.lost = 0;
	log_put(LOG_AT_WARNING, &daemon, text);
}

PRINTF(3, 0)
static void log_put_line(enum log_level level, const struct log_about *about, const char *format,
			 va_list args)
{
	char text[LOG_LINE_MAX];
	size_t before;

	vsnprintf(text, sizeof(text), format, args);
	log_put_lost();
	before = log_state.out.size;
	if (before < LOG_KEPT_MAX)
		log_put(level, about, text);
	if (log_state.out.error || before >= LOG_KEPT_MAX) {
		log_state.out.error = 0;
		log_state.out.size = before;
		log_state.lost++;
	}
	log_copy(level, about, text);
	if (!log_state.held) {
		log_write();
		log_hand_on();
	}
}

static void log_on_room(void *owner, int fd, int events)
{
	(void)owner;
	(void)fd;
	(void)events;
	log_write();
	log_put_lost();
	log_write();
}

/* ---- life ---- */

static enum log_level log_find_level(const char *name)
{
	for (size_t i = 0; name && i < LOG_N_LEVELS; i++)
		if (strcmp(name, level_names[i]) == 0)
			return (enum log_level)i;
	return LOG_AT_INFO;
}

/* Never waits from here on, where the kernel lets us open it again. */
static void log_reopen(void)
{
	struct stat st;
	int fd;

	if (fstat(STDERR_FILENO, &st) < 0)
		return;
	log_state.socket = S_ISSOCK(st.st_mode);
	log_state.terminal = isatty(STDERR_FILENO) == 1;
	if (!S_ISFIFO(st.st_mode) && !log_state.terminal)
		return;
	fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		log_state.fd = fd;
}

void log_open(const char *level, const char *format)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (log_state.fd != STDERR_FILENO)
		close(log_state.fd);
	log_state.fd = STDERR_FILENO;
	log_state.level = log_find_level(level);
	log_state.json = format && strcmp(format, "json") == 0;
	log_reopen();
	log_state.colour = log_state.terminal && !(no_colour && *no_colour) &&
			   !(term && strcmp(term, "dumb") == 0);
}

void log_set_width(size_t width)
{
	width = MIN_OF(width, (size_t)LOG_WIDTH_MAX);
	log_state.width = (int)MAX_OF(width, strlen("supd"));
}

void log_attach(struct loop *loop)
{
	log_watch(false);
	log_state.loop = loop;
}

void log_close(void)
{
	log_write();
	log_attach(NULL);
	buf_fini(&log_state.out);
	if (log_state.fd != STDERR_FILENO)
		close(log_state.fd);
	log_state.fd = STDERR_FILENO;
}

bool log_wants(enum log_level level)
{
	return level <= log_state.level;
}

void log_line(enum log_level level, const char *format, ...)
{
	static const struct log_about daemon = {0};
	va_list args;

	if (!log_wants(level))
		return;
	va_start(args, format);
	log_put_line(level, &daemon, format, args);
	va_end(args);
}

void log_about(enum log_level level, const struct log_about *about, const char *format, ...)
{
	va_list args;

	if (!log_wants(level))
		return;
	va_start(args, format);
	log_put_line(level, about, format, args);
	va_end(args);
}

void log_hold(void)
{
	log_state.held++;
}

void log_release(void)
{
	if (--log_state.held > 0)
		return;
	log_write();
	log_hand_on();
}

/* ---- quotas ---- */

bool log_quota_take(struct log_quota *quota, struct mono now)
{
	if (!quota->said || mono_between(quota->since, now).ns >= LOG_QUOTA_TIME.ns) {
		quota->since = now;
		quota->said = 0;
	}
	if (quota->said >= LOG_QUOTA_LINES) {
		quota->more++;
		return false;
	}
	quota->said++;
	return true;
}
