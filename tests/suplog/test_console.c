/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "suplog/console.h"

#define TIME ((struct utc){INT64_C(1796071030123456)})
#define WAIT SPAN_S(60)

/* Reads until what came ends with that. */
static void read_until(int fd, struct buf *b, const char *end)
{
	size_t size = strlen(end);

	while (b->size < size || memcmp(b->data + b->size - size, end, size) != 0) {
		char chunk[65536];
		ssize_t n = read(fd, chunk, sizeof(chunk));

		cr_assert_gt(n, 0, "waiting for %s after %s", end, buf_text(b));
		buf_append(b, chunk, (size_t)n);
	}
}

static void read_all(int fd, struct buf *b)
{
	char chunk[65536];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_append(b, chunk, (size_t)n);
}

static void show(struct console *console, struct console_stream *stream, const char *text)
{
	console_show(console, stream, text, strlen(text), TIME);
}

static struct console *console_on_pipe(int ret_reading[1], int wake)
{
	struct console *console;
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	cr_assert_eq(console_new(fds[1], true, 8, wake, &console), 0);
	*ret_reading = fds[0];
	return console;
}

static struct console *console_on_terminal(bool colour, int *ret_master)
{
	struct console *console;
	int terminal;

	setenv("TZ", "XXX-2", 1);
	tzset();
	cr_assert_eq(openpty(ret_master, &terminal, NULL, NULL, NULL), 0);
	cr_assert_eq(console_new(terminal, colour, 8, -1, &console), 0);
	return console;
}

Test(console, not_a_terminal)
{
	struct console_stream web = {.name = "web/api"}, db = {.name = "a_longer_name"};
	struct buf out = BUF_INIT;
	int fd;
	struct console *console = console_on_pipe(&fd, -1);

	show(console, &web, "one\n\ntwo\33[31m\r\n");
	show(console, &db, "three\n");
	console_free(console, WAIT);
	read_all(fd, &out);
	cr_expect_str_eq(buf_text(&out), "web/api  | one\n"
					 "web/api  | \n"
					 "web/api  | two\33[31m\r\n"
					 "a_longer_name | three\n");
	buf_fini(&out);
	close(fd);
}

Test(console, lines_without_end)
{
	struct console_stream web = {.name = "web"}, db = {.name = "db"};
	struct buf out = BUF_INIT;
	int fd;
	struct console *console = console_on_pipe(&fd, -1);

	show(console, &web, "login: ");
	show(console, &db, "one\n");
	show(console, &web, "root\nnext");
	show(console, &web, "\nlast\n");
	console_free(console, WAIT);
	read_all(fd, &out);
	cr_expect_str_eq(buf_text(&out), "web      | login: \n"
					 "db       | one\n"
					 "web      + root\n"
					 "web      | next\n"
					 "web      | last\n");
	buf_fini(&out);
	close(fd);
}

Test(console, terminal)
{
	struct console_stream web = {.name = "web/api"};
	struct buf out = BUF_INIT;
	int master;
	struct console *console = console_on_terminal(true, &master);

	show(console, &web, "a\tb\33[2Jc\302\205\377\r\n");
	read_until(master, &out, "\r\n");
	cr_expect_str_eq(buf_text(&out),
			 "\33[2m22:37:10.123\33[0m  \33[38;5;75mweb/api \33[0m | "
			 "a\tb\\x1b[2Jc\\xc2\\x85\\xff\r\n",
			 "%s", buf_text(&out));
	console_free(console, WAIT);
	buf_fini(&out);
	close(master);
}

Test(console, terminal_without_colours)
{
	struct console_stream web = {.name = "web/api"};
	struct buf out = BUF_INIT;
	int master;
	struct console *console = console_on_terminal(false, &master);

	show(console, &web, "text\n");
	read_until(master, &out, "\r\n");
	cr_expect_str_eq(buf_text(&out), "22:37:10.123  web/api  | text\r\n");
	console_free(console, WAIT);
	buf_fini(&out);
	close(master);
}

/* Nobody reads: it takes so much, then it counts, and says so when somebody does. */
Test(console, nobody_reads)
{
	struct console_stream web = {.name = "web"};
	struct buf out = BUF_INIT;
	int fd, wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct console *console = console_on_pipe(&fd, wake);
	struct pollfd woken = {.fd = wake, .events = POLLIN};
	size_t shown = 0, lines = 0;
	char *at;

	while (console_has_room(console)) {
		show(console, &web, "a line of it\n");
		cr_assert_lt(++shown, 1000000);
	}
	show(console, &web, "lost\nlost\n");
	show(console, &web, "lost");
	cr_assert_eq(poll(&woken, 1, 0), 0);
	while (poll(&woken, 1, 0) == 0) {
		char chunk[4096];
		ssize_t n = read(fd, chunk, sizeof(chunk));

		cr_assert_gt(n, 0);
		buf_append(&out, chunk, (size_t)n);
	}
	cr_assert(console_has_room(console));
	show(console, &web, "again\n");
	read_until(fd, &out, "web      + again\n");
	for (at = out.data; (at = strstr(at, "a line of it\n")); at++)
		lines++;
	cr_assert_eq(lines, shown);
	at = strstr(out.data, "supd     | 3 lines are missing here: nobody took them\n");
	cr_assert_not_null(at);
	cr_assert_str_eq(strchr(at, '\n'), "\nweb      + again\n");
	console_free(console, WAIT);
	close(fd);
	close(wake);
	buf_fini(&out);
}

/* Whoever writes into the same pipe: no line is torn. */
Test(console, no_line_is_torn)
{
	struct console_stream web = {.name = "web"};
	struct buf out = BUF_INIT, text = BUF_INIT;
	int fds[2];
	struct console *console;
	pid_t other;

	signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	other = fork();
	if (other == 0) {
		for (int i = 0; i < 2000; i++)
			if (write(fds[1], "supd's own line\n", 16) != 16)
				_exit(1);
		_exit(0);
	}
	cr_assert_eq(console_new(fds[1], true, 8, -1, &console), 0);
	for (int i = 0; i < 200; i++)
		buf_puts(&text, "a line of the service, whole as it should be\n");
	for (int i = 0; i < 20;) {
		struct pollfd readable = {.fd = fds[0], .events = POLLIN};

		if (console_has_room(console)) {
			show(console, &web, text.data);
			i++;
		}
		if (poll(&readable, 1, 0) == 1) {
			char chunk[4096];
			ssize_t n = read(fds[0], chunk, sizeof(chunk));

			buf_append(&out, chunk, (size_t)n);
		}
	}
	for (size_t count = 0; count < 20 * 200 + 2000;) {
		char chunk[4096];
		ssize_t n = read(fds[0], chunk, sizeof(chunk));

		cr_assert_gt(n, 0);
		buf_append(&out, chunk, (size_t)n);
		count = 0;
		for (const char *at = out.data; (at = strchr(at, '\n')); at++)
			count++;
	}
	for (const char *at = out.data; *at; at = strchr(at, '\n') + 1) {
		size_t size = (size_t)(strchr(at, '\n') - at);

		cr_assert((size == 15 && memcmp(at, "supd's own line", 15) == 0) ||
				  (size == 55 && memcmp(at, "web      | a line of", 20) == 0),
			  "%.*s", (int)size, at);
	}
	console_free(console, WAIT);
	cr_assert_eq(waitpid(other, NULL, 0), other);
	buf_fini(&out);
	buf_fini(&text);
	close(fds[0]);
}

/* The reader goes away: it goes on as if there were one. */
Test(console, reader_is_gone)
{
	struct console_stream web = {.name = "web"};
	int fd;
	struct console *console = console_on_pipe(&fd, -1);

	close(fd);
	for (int i = 0; i < 100000; i++)
		show(console, &web, "a line of it\n");
	console_free(console, WAIT);
}

/* Who does not read is not waited for at the end. */
Test(console, end_while_nobody_reads)
{
	struct console_stream web = {.name = "web"};
	struct buf out = BUF_INIT;
	int fd;
	struct console *console = console_on_pipe(&fd, -1);

	while (console_has_room(console))
		show(console, &web, "a line of it\n");
	console_free(console, SPAN_MS(10));
	read_all(fd, &out); /* ends: the thread closes it when it comes back */
	cr_assert_gt(out.size, 0);
	buf_fini(&out);
	close(fd);
}
