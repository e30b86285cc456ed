/* SPDX-License-Identifier: MIT */

/* Fds that a process is handed, each at a number of its own. */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/supd/shell.h"

/* Wherever it is here, also where its own place is taken by what becomes standard output. */
Test(spawn_fds, an_fd_at_a_number_of_its_own)
{
	/* The test runner's own, whatever it is. */
	int old = fcntl(3, F_DUPFD_CLOEXEC, 300);

	cr_assert_eq(dup2(STDERR_FILENO, 3), 3);
	for (int there = 0; there < 3; there++) {
		struct spawn_fd box_fd = {.target = 3, .step = STEP_MAILBOX};
		struct shell s;
		char text[64];
		int box[2];

		shell_init(&s, "echo hello >&3; [ -e /proc/self/fd/4 ] || echo alone");
		for (int fd = 3; fd < 256; fd++)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
		cr_assert_eq(pipe2(box, O_CLOEXEC), 0);
		if (there == 1) {
			cr_assert_eq(dup3(s.out[1], 3, O_CLOEXEC), 3);
			s.request.output.fd = 3;
		} else if (there == 2) {
			cr_assert_eq(dup3(box[1], 3, O_CLOEXEC), 3);
		}
		box_fd.fd = there == 2 ? 3 : box[1];
		s.request.fds = &box_fd;
		s.request.n_fds = 1;
		shell_run_keeping(&s, text, sizeof(text), there == 1 ? 3 : -1);
		cr_expect_str_eq(text, "alone\n", "%d", there);
		cr_expect_eq(read(box[0], text, sizeof(text)), 6, "%d", there);
		close(box[0]), close(box[1]);
		cr_assert_eq(dup2(STDERR_FILENO, 3), 3);
		shell_fini(&s);
	}
	cr_assert(old < 0 || dup2(old, 3) == 3);
}

/* Where the fds of the next test are here, and all but the last there. */
#define PLACE 200
#define N_PLACES 4

/* It has, at each place, what at[] says: a memory file with the number of a place as its name. */
static void expect_fds(struct shell *s, const int at[N_PLACES])
{
	char text[512], wanted[512] = "";
	struct spawn_fd fds[N_PLACES];

	for (int i = 0; i < N_PLACES; i++) {
		char line[64];

		fds[i] = (struct spawn_fd){.fd = PLACE + at[i], .target = PLACE + i};
		snprintf(line, sizeof(line), "/memfd:%d (deleted)\n", at[i]);
		strcat(wanted, line);
	}
	s->request.fds = fds;
	s->request.n_fds = N_PLACES;
	cr_assert_eq(pipe2(s->out, O_CLOEXEC), 0);
	s->request.output.fd = s->out[1];
	shell_run(s, text, sizeof(text));
	cr_assert_str_eq(text, wanted);
	close(s->out[0]);
}

/* Every way to fill four places from five fds, four of which lie at those places themselves. */
Test(spawn_fds, fds_at_all_places_from_all_places)
{
	static char program[] = "/usr/bin/readlink", other[] = "/bin/readlink";
	static char files[N_PLACES][32];
	char *programs[] = {program, other, NULL};
	char *argv[] = {program, files[0], files[1], files[2], files[3], NULL};
	struct shell s;

	shell_init(&s, "");
	close(s.out[0]), close(s.out[1]);
	s.request.programs = programs;
	s.request.argv = argv;
	for (int i = 0; i <= N_PLACES; i++) {
		char name[12];
		int fd;

		snprintf(name, sizeof(name), "%d", i);
		fd = memfd_create(name, MFD_CLOEXEC);
		cr_assert_eq(dup3(fd, PLACE + i, O_CLOEXEC), PLACE + i);
		close(fd);
		if (i < N_PLACES)
			snprintf(files[i], sizeof(files[i]), "/proc/self/fd/%d", PLACE + i);
	}
	for (int n = 0; n < 5 * 5 * 5 * 5; n++)
		expect_fds(&s, (int[]){n % 5, n / 5 % 5, n / 25 % 5, n / 125});
	for (int i = 0; i <= N_PLACES; i++) {
		cr_expect_eq(fcntl(PLACE + i, F_GETFD), FD_CLOEXEC, "ours has changed");
		close(PLACE + i);
	}
	free(s.argv[2]);
	spawner_fini(&s.spawner);
}

Test(spawn_fds, an_fd_that_can_not_be_handed)
{
	struct spawn_fd fds[] = {{.fd = STDERR_FILENO, .target = 3, .step = STEP_MAILBOX},
				 {.fd = 999, .target = 4, .step = STEP_STDIN}};
	struct spawn_failure failure;
	struct shell s;

	shell_init(&s, "");
	s.request.fds = fds;
	s.request.n_fds = ARRAY_LEN(fds);
	failure = spawn_fails(&s);
	cr_expect_eq(failure.step, STEP_STDIN);
	cr_expect_eq(failure.error, EBADF);
	shell_fini(&s);
}
