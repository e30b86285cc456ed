/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "suplog/syslog.h"

#define TIME ((struct utc){INT64_C(1796071030123456)})
#define HEAD "<30>Nov 30 22:37:10 web/api: "

/* A log of the system, in a folder of its own. */
struct log {
	char folder[64], path[80];
	int fd, peer;
	struct syslog syslog;
};

static void log_listen(struct log *log, int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(address.sun_path, log->path);
	unlink(log->path);
	log->fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	cr_assert_geq(log->fd, 0);
	cr_assert_eq(bind(log->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	if (type == SOCK_STREAM)
		cr_assert_eq(listen(log->fd, 1), 0);
}

static void log_init(struct log *log)
{
	setenv("TZ", "XXX-2", 1);
	tzset();
	strcpy(log->folder, "/tmp/syslog-XXXXXX");
	cr_assert_not_null(mkdtemp(log->folder));
	snprintf(log->path, sizeof(log->path), "%s/log", log->folder);
	log->syslog = SYSLOG_INIT;
	log->syslog.path = log->path;
	log->fd = log->peer = -1;
}

static void log_fini(struct log *log)
{
	syslog_fini(&log->syslog);
	if (log->fd >= 0)
		close(log->fd);
	if (log->peer >= 0)
		close(log->peer);
	unlink(log->path);
	cr_expect_eq(rmdir(log->folder), 0);
}

static int put(struct log *log, const char *data, size_t size, bool rest, size_t *ret_taken)
{
	const struct syslog_input in = {
		.name = "web/api",
		.priority = 30,
		.data = data,
		.size = size,
		.time = TIME,
		.rest = rest,
	};

	return syslog_put(&log->syslog, &in, ret_taken);
}

static void say(struct log *log, const char *text, size_t taken)
{
	size_t n;

	cr_assert_eq(put(log, text, strlen(text), false, &n), 0);
	cr_assert_eq(n, taken);
}

static void expect(struct log *log, const char *text)
{
	char message[8192];
	ssize_t n = recv(log->fd, message, sizeof(message) - 1, MSG_DONTWAIT);

	cr_assert_geq(n, 0, "%s", text);
	message[n] = '\0';
	cr_expect_str_eq(message, text, "%s", message);
}

Test(syslog, datagrams)
{
	struct log log;
	size_t n;

	log_init(&log);
	log_listen(&log, SOCK_DGRAM);
	say(&log, "one\n\ntwo\33\377\nthr", 11);
	expect(&log, HEAD "one");
	expect(&log, HEAD "two\\x1b\\xff");
	cr_assert_eq(put(&log, "thr", 3, true, &n), 0);
	cr_assert_eq(n, 3);
	expect(&log, HEAD "thr");
	log_fini(&log);
}

Test(syslog, long_lines)
{
	char line[3 * SYSLOG_LINE_MAX];
	struct log log;
	size_t n, all = 0;

	log_init(&log);
	log_listen(&log, SOCK_DGRAM);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	cr_assert_eq(put(&log, line, sizeof(line), false, &n), 0);
	cr_assert_eq(n, sizeof(line));
	for (int i = 0; i < 3; i++) {
		char message[8192];
		ssize_t size = recv(log.fd, message, sizeof(message), MSG_DONTWAIT);

		cr_assert_gt(size, 0);
		all += (size_t)size - strlen(HEAD);
	}
	cr_assert_eq(all, sizeof(line) - 1);
	log_fini(&log);
}

Test(syslog, nobody_is_there)
{
	struct log log;
	size_t n = 7;

	log_init(&log);
	cr_assert_eq(put(&log, "one\ntwo\n", 8, false, &n), -ENOENT);
	cr_assert_eq(n, 0);
	log_listen(&log, SOCK_DGRAM);
	say(&log, "one\n", 4);
	expect(&log, HEAD "one");
	close(log.fd);
	log.fd = -1;
	cr_assert_eq(put(&log, "two\n", 4, false, &n), -ECONNREFUSED);
	cr_assert_eq(n, 0);
	log_listen(&log, SOCK_DGRAM);
	say(&log, "two\n", 4);
	expect(&log, HEAD "two");
	close(log.fd);
	log_listen(&log, SOCK_DGRAM); /* restarted in between */
	say(&log, "three\n", 6);
	expect(&log, HEAD "three");
	log_fini(&log);
}

/* It takes no more: what is left is left, and goes when it does. */
Test(syslog, nobody_reads)
{
	struct buf data = BUF_INIT;
	struct log log;
	size_t at = 0, n, lines = 0;
	int r;

	log_init(&log);
	log_listen(&log, SOCK_DGRAM);
	for (int i = 0; i < 5000; i++)
		buf_printf(&data, "line %d\n", i);
	r = put(&log, data.data, data.size, false, &n);
	cr_assert_eq(r, -EAGAIN);
	cr_assert_lt(n, data.size);
	while (lines < 5000) {
		char text[64];

		at += n;
		snprintf(text, sizeof(text), HEAD "line %zu", lines++);
		expect(&log, text);
		r = put(&log, data.data + at, data.size - at, false, &n);
		cr_assert(r == 0 || r == -EAGAIN);
	}
	cr_assert_eq(at, data.size);
	log_fini(&log);
	buf_fini(&data);
}

static void read_stream(struct log *log, struct buf *out)
{
	char chunk[65536];
	ssize_t n;

	if (log->peer < 0)
		log->peer = accept(log->fd, NULL, NULL);
	cr_assert_geq(log->peer, 0);
	while ((n = recv(log->peer, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0)
		buf_append(out, chunk, (size_t)n);
}

/* Of a stream socket each message is whole too, however much it takes at a time. */
Test(syslog, stream)
{
	struct buf data = BUF_INIT, out = BUF_INIT;
	size_t at = 0, n, lines = 0;
	struct log log;

	log_init(&log);
	log_listen(&log, SOCK_STREAM);
	for (int i = 0; i < 20000; i++)
		buf_printf(&data, "line %d\n", i);
	while (at < data.size) {
		int r = put(&log, data.data + at, data.size - at, false, &n);

		cr_assert(r == 0 || r == -EAGAIN);
		at += n;
		read_stream(&log, &out);
	}
	cr_assert_eq(put(&log, "last\n", 5, false, &n), 0);
	read_stream(&log, &out);
	for (size_t i = 0; i < out.size; i += strlen(out.data + i) + 1) {
		char text[64];

		snprintf(text, sizeof(text), HEAD "line %zu", lines++);
		cr_assert_str_eq(out.data + i, lines > 20000 ? HEAD "last" : text);
	}
	cr_assert_eq(lines, 20001);
	log_fini(&log);
	buf_fini(&data);
	buf_fini(&out);
}
