/* SPDX-License-Identifier: MIT */

#include "tests/supd/shell.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const no_environment[] = {NULL};

void shell_init(struct shell *s, const char *script)
{
	static char path[] = "/bin/sh", name[] = "sh", option[] = "-c";

	*s = (struct shell){
		.programs = {path, NULL},
		.argv = {name, option, strdup(script), NULL},
	};
	cr_assert_eq(spawner_init(&s->spawner), 0);
	cr_assert_eq(pipe2(s->out, O_CLOEXEC), 0);
	s->request = (struct spawn_request){
		.programs = s->programs,
		.argv = s->argv,
		.envp = no_environment,
		.umask = -1,
		.stdin_fd = -1,
		.output = {.kind = SPAWN_TO_FD, .fd = s->out[1]},
	};
}

void shell_fini(struct shell *s)
{
	close(s->out[0]);
	free(s->argv[2]);
	spawner_fini(&s->spawner);
}

int wait_for(pid_t os_pid)
{
	int status;

	cr_assert_eq(waitpid(os_pid, &status, 0), os_pid);
	return status;
}

void read_all(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	cr_assert_eq(n, 0);
	text[used] = '\0';
}

void shell_run_keeping(struct shell *s, char *text, size_t size, int also)
{
	struct spawn_failure failure;
	pid_t os_pid;
	int r = spawn(&s->spawner, &s->request, &os_pid, &failure);

	cr_assert_eq(r, 0, "step %s: %s", start_step_name(failure.step), strerror(-r));
	close(s->out[1]);
	if (also >= 0)
		close(also);
	read_all(s->out[0], text, size);
	cr_assert_eq(wait_for(os_pid), 0, "it said \"%s\"", text);
}

void shell_run(struct shell *s, char *text, size_t size)
{
	shell_run_keeping(s, text, size, -1);
}

struct spawn_failure spawn_fails(struct shell *s)
{
	struct spawn_failure failure = {0};
	pid_t os_pid = -1;
	int r = spawn(&s->spawner, &s->request, &os_pid, &failure);

	cr_assert_lt(r, 0, "it was started");
	cr_assert_eq(-r, failure.error);
	cr_assert_eq(os_pid, -1);
	cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "a child is left");
	cr_assert_eq(errno, ECHILD);
	close(s->out[1]);
	return failure;
}
