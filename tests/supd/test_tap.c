/* SPDX-License-Identifier: MIT */

/* Output that passes through: nothing is lost, no line is torn, and one of them is found. */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "supd/tap.h"

static struct loop *loop;
static struct list taps;
static struct tap *tap;
static int theirs, ours; /* what is written to, and what comes out */
static int old_stdout;
static unsigned n_found;
static struct buf seen;

static void on_found(void *owner)
{
	cr_assert_eq(owner, &seen);
	n_found++;
}

/* Our standard output becomes a pipe, which is read without waiting. */
static void set_up(void)
{
	int fds[2];

	cr_assert_eq(loop_new(&loop), 0);
	list_init(&taps);
	signal(SIGPIPE, SIG_IGN);
	old_stdout = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	cr_assert_eq(dup2(fds[1], STDOUT_FILENO), STDOUT_FILENO);
	close(fds[1]);
	ours = fds[0];
	fcntl(ours, F_SETFL, O_NONBLOCK);
}

static void open_it(const char *pattern)
{
	cr_assert_eq(tap_new(&taps, loop, STDOUT_FILENO, pattern, &tap), 0);
	tap->found = on_found;
	tap->owner = &seen;
	theirs = fcntl(tap->given, F_DUPFD_CLOEXEC, 3);
	fcntl(theirs, F_SETFL, O_NONBLOCK);
	tap_begin(tap);
}

static void tear_down(void)
{
	taps_close(&taps);
	cr_expect_null(tap);
	dup2(old_stdout, STDOUT_FILENO);
	loop_free(loop);
	buf_fini(&seen);
}

TestSuite(tap, .init = set_up, .fini = tear_down);

/* What has come out by now, after what came before. */
static const char *look(void)
{
	char bytes[5000];
	ssize_t n;

	while ((n = read(ours, bytes, sizeof(bytes))) > 0)
		buf_append(&seen, bytes, (size_t)n);
	return buf_text(&seen);
}

static void put(const char *text)
{
	cr_assert_eq(write(theirs, text, strlen(text)), (ssize_t)strlen(text));
	tap_drain(tap);
}

Test(tap, whole_lines)
{
	open_it("^never$");
	put("a\nb");
	cr_expect_str_eq(look(), "a\n");
	put("c\n\nd\ne");
	cr_expect_str_eq(look(), "a\nbc\n\nd\n");
	close(theirs);
	tap_drain(tap);
	cr_expect_null(tap);
	cr_expect(list_is_empty(&taps));
	cr_expect_str_eq(look(), "a\nbc\n\nd\ne");
	cr_expect_eq(n_found, 0);
}

Test(tap, a_line_is_found_once)
{
	open_it("^(ready|up)$");
	put("not ready\n");
	put("rea");
	put("dy");
	cr_expect_eq(n_found, 0);
	put("\r\nready\nup\n");
	cr_expect_eq(n_found, 1);
	cr_expect_null(tap, "it is known no more");
	tap = LIST_ENTRY(taps.next, struct tap, link);
	put("and on\n");
	cr_expect_str_eq(look(), "not ready\nready\r\nready\nup\nand on\n");
	tap = NULL;
	close(theirs);
}

/* A NUL is a byte like others; of a long line what it begins with is looked at. */
Test(tap, odd_lines)
{
	char line[3 * TAP_LINE_MAX];
	size_t size = sizeof(line);

	open_it("^x*$");
	memset(line, 'x', size);
	line[TAP_LINE_MAX + 1] = 'y';
	line[size - 1] = '\n';
	cr_assert_eq(write(theirs, "a\0b\n", 4), 4);
	cr_assert_eq(write(theirs, line, size), (ssize_t)size);
	tap_drain(tap);
	look();
	cr_expect_eq(seen.size, size + 4);
	cr_expect_arr_eq(seen.data, "a\0b\n", 4);
	cr_expect_arr_eq(seen.data + 4, line, size);
	cr_expect_eq(n_found, 1);
	close(theirs);
}

Test(tap, what_is_left_at_the_end)
{
	open_it("never");
	cr_assert_eq(write(theirs, "a\nb", 3), 3);
	close(theirs);
	taps_close(&taps);
	cr_expect_null(tap);
	cr_expect_str_eq(look(), "a\nb");
}

static void on_time(void *owner)
{
	(void)owner;
	loop_stop(loop);
}

/* One turn of the loop, or more. */
static void turn(void)
{
	struct loop_timer timer = {.call = on_time};

	loop_timer_start(loop, &timer, mono_add(loop_now(), SPAN_MS(1)));
	loop_run(loop);
	loop_timer_stop(loop, &timer);
}

/* Nobody reads: whoever writes has to wait, and all comes out in the end. */
Test(tap, nobody_reads_ours)
{
	size_t n = 0, stuck = 0;
	char line[32];

	open_it("never");
	while (stuck < 20) {
		int size = snprintf(line, sizeof(line), "line %zu\n", n);

		if (write(theirs, line, (size_t)size) == size) {
			n++;
			stuck = 0;
			continue;
		}
		cr_assert_eq(errno, EAGAIN);
		turn();
		stuck++;
	}
	cr_expect_lt(n, 100000, "a bounded number");
	close(theirs);
	for (int i = 0; i < 100000 && tap; i++) {
		look();
		turn();
	}
	cr_assert_null(tap);
	look();
	for (size_t i = 0, at = 0; i < n; i++) {
		int size = snprintf(line, sizeof(line), "line %zu\n", i);

		cr_assert_eq(strncmp(seen.data + at, line, (size_t)size), 0, "line %zu", i);
		at += (size_t)size;
	}
}

Test(tap, nobody_will_read_ours)
{
	open_it("ready");
	close(ours);
	put("a\n");
	put("ready\n");
	cr_expect_eq(n_found, 1);
	close(theirs);
}

Test(tap, a_start_that_failed)
{
	cr_assert_eq(tap_new(&taps, loop, STDERR_FILENO, "x", &tap), 0);
	tap->found = on_found;
	tap_free(tap);
	cr_expect(list_is_empty(&taps));
}
