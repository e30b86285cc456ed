/* SPDX-License-Identifier: MIT */

#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "internal.h"

/* In the child. */
static void become_leader(void *argument)
{
	struct pty *p = argument;
	int fd;

	if (p->who->prepare)
		p->who->prepare(p->who->argument);
	setsid();
	fd = open(p->name, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
		_exit(125);
	for (int to = 0; to <= 2; to++)
		dup2(fd, to);
	if (fd > 2)
		close(fd);
}

struct pty *pty_start(const char *const *env, const char *const *argv)
{
	static const struct person self;

	return pty_start_as(&self, env, argv);
}

struct pty *pty_start_as(const struct person *before, const char *const *env,
			 const char *const *argv)
{
	const struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct pty *p = keep(calloc(1, sizeof(*p)));
	struct person who = {.prepare = become_leader, .argument = p};

	p->who = before;
	p->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	cr_assert_geq(p->fd, 0, "posix_openpt: %s", strerror(errno));
	cr_assert(grantpt(p->fd) == 0 && unlockpt(p->fd) == 0);
	cr_assert_eq(ptsname_r(p->fd, p->name, sizeof(p->name)), 0);
	cr_assert_eq(ioctl(p->fd, TIOCSWINSZ, &size), 0);
	program_start(&p->program, &who, env, argv);
	return p;
}

void pty_type(struct pty *p, const char *text)
{
	cr_assert_eq(write(p->fd, text, strlen(text)), (ssize_t)strlen(text));
}

void pty_until(struct pty *p, const char *text)
{
	const char *at;

	while (!(at = strstr(buf_text(&p->seen) + p->next, text))) {
		char chunk[1024];
		ssize_t n = -1;

		if (wait_readable(p->fd, -1))
			n = read(p->fd, chunk, sizeof(chunk));
		if (n <= 0)
			cr_assert_fail("the terminal does not show \"%s\":\n%s", text,
				       buf_text(&p->seen));
		buf_append(&p->seen, chunk, (size_t)n);
	}
	p->next = (size_t)(at - buf_text(&p->seen)) + strlen(text);
}

int pty_end(struct pty *p)
{
	int status;

	if (!wait_readable(p->program.pidfd, -1))
		cr_assert_fail("the program at the terminal has not ended:\n%s",
			       buf_text(&p->seen));
	status = program_wait(&p->program);
	close(p->fd);
	buf_fini(&p->seen);
	return status;
}
