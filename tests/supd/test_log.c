/* SPDX-License-Identifier: MIT */

/* The log, with a pipe, a file or nothing as standard error: each test is a process of its own. */

#include <criterion/criterion.h>
#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "supd/log.h"

#define DATE "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}  "

static int saved_error = -1;

/* Standard error becomes the writing end; returns the reading end. */
static int capture(void)
{
	int ends[2];

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	saved_error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	cr_assert_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	return ends[0];
}

/* What was written so far. */
static const char *taken(int fd)
{
	static char text[1 << 18];
	size_t size = 0;
	ssize_t n;

	cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while ((n = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
		size += (size_t)n;
	text[size] = '\0';
	return text;
}

static bool matches(const char *text, const char *pattern)
{
	regex_t regex;
	bool found;

	cr_assert_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB | REG_NEWLINE), 0);
	found = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void release(void)
{
	log_close();
	dup2(saved_error, STDERR_FILENO);
}

Test(log, text_for_files)
{
	int fd = capture();
	const struct log_about about = {.name = "web/db", .event = "ready", .os_pid = 42};
	const char *text;

	log_open(NULL, NULL);
	log_set_width(10);
	log_line(LOG_AT_INFO, "one %d", 1);
	log_about(LOG_AT_WARNING, &about, "two\n\033[2J");
	log_line(LOG_AT_DEBUG, "not wanted");
	text = taken(fd);
	release();
	cr_assert_eq(count_lines(text), 2, "%s", text);
	cr_assert(matches(text, DATE "info     supd        one 1$"), "%s", text);
	cr_assert(matches(text, DATE "warning  web/db      two\\?\\?\\[2J$"), "%s", text);
}

Test(log, json_for_machines)
{
	int fd = capture();
	const struct log_about about = {
		.name = "web/db", .event = "exit", .reason = "signal:\"X\"", .os_pid = 42};
	const char *text;

	log_open("debug", "json");
	log_about(LOG_AT_DEBUG, &about, "a \\ and\ta \"quote\"");
	log_line(LOG_AT_ERROR, "short");
	text = taken(fd);
	release();
	cr_assert(matches(text, "^\\{\"time\":\"[-0-9]{10}T[0-9:]{8}\\.[0-9]{3}Z\","
				"\"level\":\"debug\",\"name\":\"web/db\",\"event\":\"exit\","
				"\"reason\":\"signal:\\\\\"X\\\\\"\",\"os_pid\":42,"
				"\"text\":\"a \\\\\\\\ and\\\\u0009a \\\\\"quote\\\\\"\"\\}$"),
		  "%s", text);
	cr_assert(matches(text, "\"level\":\"error\",\"text\":\"short\"\\}$"), "%s", text);
}

Test(log, levels)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		int fd = capture();
		const char *text;

		log_open(names[i], NULL);
		for (enum log_level level = LOG_AT_ERROR; level < LOG_N_LEVELS; level++)
			log_line(level, "a line");
		text = taken(fd);
		release();
		close(fd);
		cr_assert_eq(count_lines(text), i + 1, "%s: %s", names[i], text);
	}
}

Test(log, held_lines_come_together)
{
	int fd = capture();

	log_open(NULL, NULL);
	log_hold();
	log_hold();
	log_line(LOG_AT_INFO, "one");
	log_release();
	log_line(LOG_AT_INFO, "two");
	cr_assert_str_empty(taken(fd));
	log_release();
	cr_assert_eq(count_lines(taken(fd)), 2);
	release();
}

/* What nobody takes is kept up to a bound; the rest is counted, and told once there is room. */
static void check_stalled(int fd)
{
	const char *text;
	size_t lines;

	log_open(NULL, NULL);
	for (int i = 0; i < 20000; i++)
		log_line(LOG_AT_INFO, "line %d", i);
	text = taken(fd);
	lines = count_lines(text);
	cr_assert_gt(lines, 100);
	cr_assert_lt(lines, 20000);
	for (size_t i = 0; i < 20000; i++) {
		log_line(LOG_AT_INFO, "more");
		text = taken(fd);
		if (matches(text, "warning  supd +[0-9]+ lines are missing here"))
			break;
	}
	cr_assert(matches(text, "lines are missing here: nobody took them$"), "%s", text);
	release();
}

Test(log, stalled_pipe)
{
	check_stalled(capture());
}

Test(log, stalled_socket)
{
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	saved_error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	check_stalled(ends[0]);
}

/* The loop writes what was kept as soon as somebody reads. */
Test(log, the_loop_goes_on_writing)
{
	int fd = capture();
	struct loop *loop;
	struct loop_timer stop = {.call = (void (*)(void *))loop_stop};
	size_t lines = 0;

	cr_assert_eq(loop_new(&loop), 0);
	stop.owner = loop;
	log_open(NULL, NULL);
	log_attach(loop);
	for (int i = 0; i < 1500; i++)
		log_line(LOG_AT_INFO, "line %d, long enough to fill a pipe, in the end", i);
	for (int i = 0; i < 1000 && lines < 1500; i++) {
		lines += count_lines(taken(fd));
		loop_timer_start(loop, &stop, mono_add(loop_now(), SPAN_MS(1)));
		loop_run(loop);
	}
	cr_assert_eq(lines, 1500);
	loop_timer_stop(loop, &stop);
	release();
	loop_free(loop);
}

Test(log, a_reader_that_is_gone)
{
	int fd = capture();

	signal(SIGPIPE, SIG_IGN);
	log_open(NULL, NULL);
	log_line(LOG_AT_INFO, "heard");
	close(fd);
	for (int i = 0; i < 100; i++)
		log_line(LOG_AT_INFO, "not heard");
	release();
}

Test(log, full_disk)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	if (full < 0)
		cr_skip_test("there is no /dev/full");
	saved_error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	dup2(full, STDERR_FILENO);
	close(full);
	log_open(NULL, NULL);
	for (int i = 0; i < 100; i++)
		log_line(LOG_AT_INFO, "lost");
	release();
}

/* Ten lines in ten seconds; what goes beyond is counted, and the next ten seconds begin anew. */
Test(log, quota)
{
	struct log_quota quota = {0};
	struct mono now = {SPAN_S(100).ns};

	for (int i = 0; i < LOG_QUOTA_LINES; i++)
		cr_expect(log_quota_take(&quota, mono_add(now, SPAN_MS(i))));
	cr_expect_not(log_quota_take(&quota, mono_add(now, SPAN_MS(50))));
	cr_expect_not(log_quota_take(&quota, mono_add(now, SPAN_MS(9999))));
	cr_expect_eq(quota.more, 2);
	cr_expect(log_quota_take(&quota, mono_add(now, SPAN_S(10))));
	cr_expect_eq(quota.more, 2);
	cr_expect_eq(quota.said, 1);
}
