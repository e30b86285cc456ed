/* SPDX-License-Identifier: MIT */

/*
 * Programs as children of the test. They are opened before the child becomes somebody else, who
 * might not be allowed to walk to them, and die of SIGTERM with the test's process, whatever ends
 * that.
 */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

struct mono deadline(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return mono_add((struct mono){(int64_t)t.tv_sec * 1000000000 + t.tv_nsec},
			SPAN_S(PATIENCE));
}

bool wait_readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n;

	do
		n = poll(&p, 1, ms < 0 ? PATIENCE * 1000 : ms);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

/* ---- who ---- */

struct person person_find(const char *user)
{
	const struct passwd *passwd = getpwnam(user);

	cr_assert_not_null(passwd, "no user %s", user);
	return (struct person){.other = true,
			       .uid = passwd->pw_uid,
			       .gid = passwd->pw_gid,
			       .groups = {passwd->pw_gid},
			       .n_groups = 1};
}

gid_t group_find(const char *name)
{
	const struct group *group = getgrnam(name);

	cr_assert_not_null(group, "no group %s", name);
	return group->gr_gid;
}

/* In the child. */
static bool person_become(const struct person *who)
{
	if (who->other && (setgroups(who->n_groups, who->groups) < 0 || setgid(who->gid) < 0 ||
			   setuid(who->uid) < 0))
		return false;
	if (who->prepare)
		who->prepare(who->argument);
	return true;
}

int person_run(const struct person *who, int (*run)(void *argument), void *argument)
{
	int status;
	pid_t os_pid;

	fflush(NULL);
	os_pid = fork();
	cr_assert_geq(os_pid, 0);
	if (os_pid == 0)
		_exit(person_become(who) ? run(argument) : 126);
	cr_assert_eq(waitpid(os_pid, &status, 0), os_pid);
	cr_assert(WIFEXITED(status), "it died: %d", status);
	return WEXITSTATUS(status);
}

/* ---- which ---- */

char *build_path(const char *name)
{
	const char *build = getenv("SUPD_BUILD");
	char path[PATH_MAX];

	build = build ? build : "build";
	cr_assert_not_null(realpath(build, path), "no build folder %s", build);
	return keep_printf("%s/%s", path, name);
}

static int program_open(const char *name)
{
	const char *path = *name == '/' ? name : build_path(name);
	int fd = open(path, O_PATH | O_CLOEXEC);

	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	return fd;
}

const char *const *split(const char *text)
{
	char *to = keep(strdup(text));
	const char **words = keep(calloc(strlen(text) / 2 + 2, sizeof(*words)));
	size_t n = 0;

	while (*(text += strspn(text, " "))) {
		bool quoted = false;

		words[n++] = to;
		for (; *text && (quoted || *text != ' '); text++) {
			if (*text == '\'')
				quoted = !quoted;
			else
				*to++ = *text;
		}
		*to++ = '\0';
	}
	return words;
}

/* ---- life ---- */

static void program_exec(const struct program *p, const struct person *who, int fd,
			 const char *const *env, const char *const *argv)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, 0);
	dup2(p->out, 1);
	dup2(p->err, 2);
	close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC);
	if (!person_become(who))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (fd >= 0)
		syscall(SYS_execveat, fd, "", argv, env, AT_EMPTY_PATH);
	else
		execvpe(argv[0], (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
	_exit(127);
}

void program_start(struct program *p, const struct person *who, const char *const *env,
		   const char *const *argv)
{
	bool found = argv[0][0] == '!';
	const char **words = keep(calloc(256, sizeof(*words)));
	int fd = found ? -1 : program_open(argv[0]);

	for (size_t i = 0; argv[i]; i++) {
		cr_assert_lt(i, 255);
		words[i] = argv[i] + (i == 0 && found ? 1 : 0);
	}
	p->out = memfd_create("out", MFD_CLOEXEC);
	p->err = memfd_create("err", MFD_CLOEXEC);
	cr_assert(p->out >= 0 && p->err >= 0);
	fflush(NULL);
	p->os_pid = fork();
	cr_assert_geq(p->os_pid, 0, "fork: %s", strerror(errno));
	if (p->os_pid == 0)
		program_exec(p, who, fd, env, words);
	p->pidfd = (int)syscall(SYS_pidfd_open, p->os_pid, 0);
	cr_assert_geq(p->pidfd, 0);
	if (fd >= 0)
		close(fd);
}

int program_wait(struct program *p)
{
	int status;

	if (!wait_readable(p->pidfd, -1))
		cr_assert_fail("process %d (%s) has not ended", (int)p->os_pid,
			       proc_words(p->os_pid));
	cr_assert_eq(waitpid(p->os_pid, &status, 0), p->os_pid);
	close(p->pidfd);
	p->os_pid = 0;
	p->pidfd = -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

char *read_all(int fd)
{
	struct buf text = BUF_INIT;
	char chunk[8192];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, chunk, sizeof(chunk), at)) > 0) {
		buf_append(&text, chunk, (size_t)n);
		at += n;
	}
	buf_puts(&text, "");
	return keep(buf_take(&text));
}

struct output program_end(struct program *p)
{
	struct output output = {.status = program_wait(p)};

	output.out = read_all(p->out);
	output.err = read_all(p->err);
	close(p->out);
	close(p->err);
	return output;
}

struct output shell(const char *format, ...)
{
	static const struct person self;
	const char *const argv[] = {"!sh", "-c", NULL, NULL};
	const char *words[4];
	struct program p;
	char *text = NULL;
	va_list args;

	va_start(args, format);
	cr_assert_geq(vasprintf(&text, format, args), 0);
	va_end(args);
	memcpy(words, argv, sizeof(words));
	words[2] = keep(text);
	program_start(&p, &self, (const char *const *)(uintptr_t)environ, words);
	return program_end(&p);
}
