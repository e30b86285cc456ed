/* SPDX-License-Identifier: MIT */

/* Children of a daemon with many fds: they get what they are handed, and copies of nothing else. */

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/macros.h"
#include "supd/window.h"
#include "tests/supd/shell.h"

/* Numbers above those that are few. */
#define FIRST 400
/* A child with a copy of all fds has this one, as it is not close-on-exec. */
#define LEAK (FIRST - 1)
#define LEAKS "[ -e /proc/self/fd/399 ] && echo copied; true"

static struct window window;

/* A shell whose output, and what it is handed, lie above FIRST. */
static void begin(struct shell *s, const char *script)
{
	int low[2];

	window_open(&window);
	cr_assert_gt(window.above, 0);
	cr_assert_lt(window.above, LEAK);
	for (int fd = 3; fd < LEAK; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	shell_init(s, script);
	memcpy(low, s->out, sizeof(low));
	for (int i = 0; i < 2; i++) {
		s->out[i] = fcntl(low[i], F_DUPFD_CLOEXEC, FIRST);
		cr_assert_geq(s->out[i], FIRST);
		close(low[i]);
	}
	s->request.output.fd = s->out[1];
	cr_assert_eq(dup2(window.nothing, LEAK), LEAK);
	s->spawner.window = &window;
}

static void end(struct shell *s)
{
	struct stat st;

	for (int i = 0; i < WINDOW_SIZE; i++) {
		cr_expect_eq(fcntl(window.fds[i], F_GETFD), FD_CLOEXEC);
		cr_assert_eq(fstat(window.fds[i], &st), 0);
		cr_expect(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3),
			  "it still shows something at %d", window.fds[i]);
	}
	close(LEAK);
	shell_fini(s);
	window_close(&window);
}

/* With that text, and its place before it. */
static int text_file(const char *text)
{
	int low = memfd_create(text, MFD_CLOEXEC);
	int fd = fcntl(low, F_DUPFD_CLOEXEC, FIRST);

	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	close(low);
	return fd;
}

/* It is handed these, which are closed here then. */
static void run_with(struct shell *s, struct spawn_fd *fds, size_t n, char *text, size_t size)
{
	s->request.fds = fds;
	s->request.n_fds = n;
	shell_run(s, text, size);
	for (size_t i = 0; i < n; i++)
		close(fds[i].fd);
}

/* Its output ends with it: nothing of what was shown stays open. */
Test(window, what_is_handed_and_nothing_else)
{
	struct spawn_fd fds[] = {{.fd = text_file("one "), .target = 3},
				 {.fd = text_file("two "), .target = 4}};
	struct shell s;
	char text[256];

	begin(&s, "cat <&3; cat <&4; echo three >&2; " LEAKS);
	s.request.error = s.request.output;
	run_with(&s, fds, ARRAY_LEN(fds), text, sizeof(text));
	cr_expect_str_eq(text, "one two three\n");
	end(&s);
}

/* What it gets is to be where it is shown. */
Test(window, at_the_numbers_of_the_window)
{
	struct spawn_fd fds[] = {{.fd = text_file("one ")}, {.fd = text_file("two ")}};
	char script[128], text[256];
	struct shell s;

	begin(&s, "");
	snprintf(script, sizeof(script), "cat /proc/self/fd/%d /proc/self/fd/%d; " LEAKS,
		 window.fds[1], window.fds[0]);
	s.request.argv = (char *[]){s.argv[0], s.argv[1], script, NULL};
	for (int i = 0; i < 2; i++)
		fds[i].target = window.fds[1 - i];
	run_with(&s, fds, ARRAY_LEN(fds), text, sizeof(text));
	cr_expect_str_eq(text, "one two ");
	end(&s);
}

/* Then all are copied. */
Test(window, more_than_it_holds)
{
	struct spawn_fd fds[WINDOW_SIZE];
	struct shell s;
	char text[256];

	for (int i = 0; i < WINDOW_SIZE; i++)
		fds[i] = (struct spawn_fd){.fd = text_file("x"), .target = 30 + i};
	begin(&s, "cat /proc/self/fd/30 /proc/self/fd/37; " LEAKS);
	run_with(&s, fds, WINDOW_SIZE, text, sizeof(text));
	cr_expect_str_eq(text, "xxcopied\n");
	end(&s);
}

Test(window, few_are_copied)
{
	struct shell s;
	char text[256];
	int low;

	begin(&s, LEAKS);
	low = fcntl(s.out[1], F_DUPFD_CLOEXEC, 3);
	close(s.out[1]);
	s.out[1] = s.request.output.fd = low;
	shell_run(&s, text, sizeof(text));
	cr_expect_str_eq(text, "copied\n");
	end(&s);
}

/* As on a kernel that does not know the call. */
Test(window, there_is_none)
{
	struct shell s;
	char text[256];

	begin(&s, LEAKS);
	window_close(&window);
	shell_run(&s, text, sizeof(text));
	cr_expect_str_eq(text, "copied\n");
	window_open(&window);
	end(&s);
}

/* The program is not there: that is told, and nothing is left. */
Test(window, what_fails_in_the_child)
{
	static char nowhere[] = "/nowhere/at/all";
	char *programs[] = {nowhere, NULL};
	struct spawn_failure failure;
	struct shell s;

	begin(&s, "");
	s.request.programs = programs;
	failure = spawn_fails(&s);
	cr_expect_eq(failure.step, STEP_EXEC);
	end(&s);
}
