/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/buf.h"
#include "supd/loop.h"

static struct loop *loop;
static struct buf heard;

static void set_up(void)
{
	cr_assert_eq(loop_new(&loop), 0);
}

static void tear_down(void)
{
	loop_free(loop);
	buf_fini(&heard);
}

TestSuite(loop, .init = set_up, .fini = tear_down);

/* ---- timers ---- */

struct alarm {
	struct loop_timer timer;
	struct mono at;
	const char *name;
	bool last;
};

static void ring(void *owner)
{
	struct alarm *a = owner;

	cr_assert_geq(loop_now().ns, a->at.ns - 1000, "%s is early by %lld ns", a->name,
		      (long long)(a->at.ns - loop_now().ns));
	buf_puts(&heard, a->name);
	if (a->last)
		loop_stop(loop);
}

static void set_alarm(struct alarm *a, struct span after)
{
	a->timer.call = ring;
	a->timer.owner = a;
	a->at = mono_add(loop_now(), after);
	loop_timer_start(loop, &a->timer, a->at);
}

Test(loop, timers_in_order_and_never_early)
{
	struct alarm a = {.name = "a"}, b = {.name = "b"}, c = {.name = "c"};
	struct alarm d = {.name = "d", .last = true}, gone = {.name = "gone"};

	set_alarm(&d, SPAN_MS(40));
	set_alarm(&b, SPAN_MS(60));
	set_alarm(&a, SPAN_MS(5));
	set_alarm(&c, SPAN_MS(30));
	set_alarm(&gone, SPAN_MS(1));
	loop_timer_stop(loop, &gone.timer);
	loop_timer_stop(loop, &gone.timer);
	set_alarm(&b, SPAN_MS(20)); /* moved */
	loop_run(loop);
	cr_assert_str_eq(buf_text(&heard), "abcd");
}

Test(loop, never_stops_a_timer)
{
	struct alarm a = {.name = "a"}, b = {.name = "b", .last = true};

	set_alarm(&a, SPAN_MS(1));
	loop_timer_start(loop, &a.timer, MONO_NEVER);
	set_alarm(&b, SPAN_MS(20));
	loop_run(loop);
	cr_assert_str_eq(buf_text(&heard), "b");
}

Test(loop, a_time_that_has_passed)
{
	struct alarm a = {.name = "a", .last = true};

	a.timer.call = ring;
	a.timer.owner = &a;
	loop_timer_start(loop, &a.timer, (struct mono){1});
	loop_run(loop);
	cr_assert_str_eq(buf_text(&heard), "a");
}

/* ---- file descriptors ---- */

static void on_fd(void *owner, int fd, int events)
{
	char c;

	(void)owner;
	if (events & LOOP_WRITE) {
		buf_putc(&heard, 'w');
		loop_stop(loop);
	}
	if (events & LOOP_READ) {
		cr_assert_eq(read(fd, &c, 1), 1);
		buf_putc(&heard, c);
		if (c == '.')
			loop_stop(loop);
	}
}

Test(loop, reading_and_writing)
{
	struct loop_fd reader = {.call = on_fd}, writer = {.call = on_fd};
	int ends[2];

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	loop_fd_start(loop, &reader, ends[0], LOOP_READ);
	cr_assert_eq(write(ends[1], "ab.", 3), 3);
	loop_run(loop);
	loop_fd_start(loop, &writer, ends[1], 0);
	loop_fd_change(loop, &writer, LOOP_WRITE);
	loop_run(loop);
	loop_fd_change(loop, &writer, 0);
	loop_fd_change(loop, &writer, 0);
	cr_assert_eq(write(ends[1], "c.", 2), 2);
	loop_run(loop);
	loop_fd_stop(loop, &writer);
	loop_fd_stop(loop, &reader);
	loop_fd_stop(loop, &reader);
	cr_assert_str_eq(buf_text(&heard), "ab.wc.");
	close(ends[0]);
	close(ends[1]);
}

/* What a process holds in its sets, all together. */
static int count_watched(void)
{
	char line[256];
	int n = 0;

	for (int fd = 0; fd < 256; fd++) {
		FILE *file;

		snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", fd);
		file = fopen(line, "r");
		while (file && fgets(line, sizeof(line), file))
			n += strncmp(line, "tfd:", 4) == 0;
		if (file)
			fclose(file);
	}
	return n;
}

/* As a child has it that was just started, until its exec is through. */
Test(loop, what_is_closed_and_still_open_elsewhere)
{
	struct loop_fd reader = {.call = on_fd};
	struct alarm a = {.name = "a", .last = true};
	int ends[2], copy, before;

	if (access("/proc/self/fdinfo", R_OK) < 0)
		cr_skip_test("there is no /proc");
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	/* What libev watches for itself is there from the first run. */
	set_alarm(&a, SPAN_MS(1));
	loop_run(loop);
	before = count_watched();
	loop_fd_start(loop, &reader, ends[0], LOOP_READ);
	cr_assert_eq(write(ends[1], ".", 1), 1);
	loop_run(loop);
	cr_assert_eq(count_watched(), before + 1);
	copy = dup(ends[0]);
	loop_fd_close(loop, &reader, ends[0]);
	cr_assert_eq(count_watched(), before);
	close(copy);
	close(ends[1]);
}

/* ---- Unix signals ---- */

static void on_signal(void *owner, int unix_signal)
{
	buf_printf(&heard, "%s%d", (const char *)owner, unix_signal);
	loop_stop(loop);
}

Test(loop, unix_signals)
{
	char name[] = "s";
	struct loop_signal signal = {.call = on_signal, .owner = name};
	char expected[16];

	loop_signal_start(loop, &signal, SIGUSR1);
	raise(SIGUSR1);
	loop_run(loop);
	snprintf(expected, sizeof(expected), "s%d", SIGUSR1);
	cr_assert_str_eq(buf_text(&heard), expected);
	loop_signal_stop(loop, &signal);
	loop_signal_stop(loop, &signal);
}

/* ---- turns ---- */

static void on_turn(void *owner)
{
	buf_puts(&heard, owner);
}

static void on_first(void *owner, int fd, int events)
{
	char c;

	(void)events;
	cr_assert_eq(read(fd, &c, 1), 1);
	buf_puts(&heard, owner);
}

/* What comes first in a turn does so however late it was asked for; the turn's end comes last. */
Test(loop, order_within_a_turn)
{
	struct loop_fd late = {.call = on_first, .owner = (char[]){"l"}};
	struct loop_fd first = {.call = on_first, .owner = (char[]){"f"}};
	struct loop_turn turn = {.call = on_turn, .owner = (char[]){"."}};
	struct alarm a = {.name = "a", .last = true};
	int one[2], two[2];

	for (int i = 0; i < 2; i++) {
		cr_assert(pipe(one) == 0 && pipe(two) == 0);
		cr_assert(write(one[1], "x", 1) == 1 && write(two[1], "x", 1) == 1);
		if (i == 0)
			loop_fd_start(loop, &late, one[0], LOOP_READ);
		loop_fd_start_first(loop, &first, two[0], LOOP_READ);
		if (i == 1)
			loop_fd_start(loop, &late, one[0], LOOP_READ);
		loop_turn_start(loop, &turn);
		buf_clear(&heard);
		set_alarm(&a, SPAN_MS(1));
		loop_run(loop);
		cr_expect_not_null(strstr(buf_text(&heard), "fl."), "%s", buf_text(&heard));
		loop_turn_stop(loop, &turn);
		loop_turn_stop(loop, &turn);
		loop_fd_stop(loop, &late);
		loop_fd_stop(loop, &first);
		for (int end = 0; end < 2; end++) {
			close(one[end]);
			close(two[end]);
		}
	}
}

/* ---- idleness ---- */

/* The fd of epoll is the first that the loop opens: nothing wakes it up by itself. */
Test(loop, sleeps_without_end)
{
	struct alarm a = {.name = "a", .last = true};
	struct epoll_event event;
	int epoll = -1;
	char link[64], target[64];

	for (int fd = 3; fd < 64 && epoll < 0; fd++) {
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, target, sizeof(target) - 1);
		if (n > 0 && (size_t)n == strlen("anon_inode:[eventpoll]") &&
		    strncmp(target, "anon_inode:[eventpoll]", (size_t)n) == 0)
			epoll = fd;
	}
	cr_assert_geq(epoll, 0);
	set_alarm(&a, SPAN_MS(1));
	loop_run(loop);
	cr_assert_eq(epoll_wait(epoll, &event, 1, 200), 0, "something is ready in an idle loop");
}
