/* SPDX-License-Identifier: MIT */

#include "tests/supctl/logs_place.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "logs/name.h"
#include "logs/pack.h"

#define PATIENCE_MS 60000
#define NOON INT64_C(1796040000000000) /* 2026-11-30 12:00 UTC */

void logs_place_init(struct logs_place *place)
{
	strcpy(place->path, "/tmp/supd-logs-XXXXXX");
	cr_assert_not_null(mkdtemp(place->path));
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void logs_place_fini(struct logs_place *place)
{
	nftw(place->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void path_of(const struct logs_place *place, const char *file, char path[512])
{
	snprintf(path, 512, "%s/%s", place->path, file);
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

void logs_append(const struct logs_place *place, const char *file, const char *data, size_t size)
{
	char path[512];
	int fd;

	path_of(place, file, path);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	cr_assert_eq(write(fd, data, size), (ssize_t)size);
	close(fd);
}

void logs_append_text(const struct logs_place *place, const char *file, const char *text)
{
	logs_append(place, file, text, strlen(text));
}

static void pack(const char *path, enum logs_packing packing)
{
	char packed[600], tmp[640];
	int from = open(path, O_RDONLY | O_CLOEXEC), to;

	snprintf(packed, sizeof(packed), "%s%s", path, logs_packing_endings[packing]);
	snprintf(tmp, sizeof(tmp), "%s%s", packed, LOGS_TMP);
	to = open(tmp, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	cr_assert(from >= 0 && to >= 0);
	cr_assert_eq(pack_with(packing)->pack(from, to), 0);
	cr_assert_eq(rename(tmp, packed), 0);
	cr_assert_eq(unlink(path), 0);
	close(from);
	close(to);
}

void logs_rotate(const struct logs_place *place, const char *file, int64_t us,
		 enum logs_packing packing)
{
	const struct logs_name name = {.time = {logs_time(us)}};
	char path[512], *old;

	path_of(place, file, path);
	old = name_make(path, &name);
	cr_assert_eq(rename(path, old), 0, "%s: %s", path, strerror(errno));
	if (packing != LOGS_PLAIN)
		pack(old, packing);
	free(old);
}

void logs_rename(const struct logs_place *place, const char *from, const char *to)
{
	char old[512], new[512];

	path_of(place, from, old);
	if (to)
		path_of(place, to, new);
	cr_assert_eq(to ? rename(old, new) : remove(old), 0, "%s: %s", old, strerror(errno));
}

int64_t logs_time(int64_t us)
{
	return NOON + us;
}

const char *logs_stamp(int64_t us)
{
	static char stamps[8][UTC_SIZE + 2];
	static unsigned next;
	char *stamp = stamps[next++ % 8];

	utc_write((struct utc){logs_time(us)}, stamp);
	strcpy(stamp + UTC_SIZE, " ");
	return stamp;
}

/* ---- running ---- */

static _Noreturn void run(const struct logs_place *place, const char *shell, int out, int err)
{
	const char *build = getenv("SUPD_BUILD");
	char command[4096];

	snprintf(command, sizeof(command),
		 "unset SUP_SOCKET SUP_PID SUP_TOKEN; export DIR=%s TZ=UTC LANG=C.UTF-8; "
		 "supctl() { exec %s/supctl \"$@\"; }; L() { supctl logs --dir \"$DIR\" \"$@\"; }; "
		 "%s",
		 place->path, build ? build : "build", shell);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	signal(SIGPIPE, SIG_DFL);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static void read_all(int fd, struct buf *out)
{
	char chunk[65536];
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	*out = BUF_INIT;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_append(out, chunk, (size_t)n);
	close(fd);
}

struct logs_output logs_run(const struct logs_place *place, const char *shell)
{
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC), status;
	struct logs_output output;
	pid_t os_pid;

	cr_assert(out >= 0 && err >= 0);
	os_pid = fork();
	cr_assert_geq(os_pid, 0);
	if (os_pid == 0)
		run(place, shell, out, err);
	cr_assert_eq(waitpid(os_pid, &status, 0), os_pid);
	output.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	read_all(out, &output.out);
	read_all(err, &output.err);
	return output;
}

void logs_output_fini(struct logs_output *output)
{
	buf_fini(&output->out);
	buf_fini(&output->err);
}

/* From a little before the first difference on. */
static size_t find_difference(const char *a, const char *b)
{
	size_t i = 0;

	while (a[i] && a[i] == b[i])
		i++;
	return i > 40 ? i - 40 : 0;
}

void logs_expect(const struct logs_place *place, const char *shell, const char *out)
{
	struct logs_output output = logs_run(place, shell);
	size_t from = find_difference(buf_text(&output.out), out);

	cr_expect_eq(output.status, 0, "%s: %d", shell, output.status);
	cr_expect_str_eq(buf_text(&output.err), "", "%s: %s", shell, buf_text(&output.err));
	cr_expect_str_eq(buf_text(&output.out), out,
			 "%s: from byte %zu on\n%.400s\ninstead of\n%.400s", shell, from,
			 buf_text(&output.out) + from, out + from);
	logs_output_fini(&output);
}

void logs_begin(const struct logs_place *place, const char *shell, struct logs_running *ret)
{
	int fds[2];

	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	*ret = (struct logs_running){.fd = fds[0], .rest = BUF_INIT};
	ret->os_pid = fork();
	cr_assert_geq(ret->os_pid, 0);
	if (ret->os_pid == 0)
		run(place, shell, fds[1], STDERR_FILENO);
	close(fds[1]);
}

bool logs_wait(struct logs_running *running, int ms)
{
	struct pollfd p = {.fd = running->fd, .events = POLLIN};

	return running->rest.size || poll(&p, 1, ms) == 1;
}

char *logs_next(struct logs_running *running)
{
	struct buf *rest = &running->rest;
	char *end, *line;

	while (!(end = memchr(buf_text(rest), '\n', rest->size))) {
		struct pollfd p = {.fd = running->fd, .events = POLLIN};
		char chunk[65536];
		ssize_t n;

		cr_assert_eq(poll(&p, 1, PATIENCE_MS), 1, "no line comes: %s", buf_text(rest));
		n = read(running->fd, chunk, sizeof(chunk));
		cr_assert_gt(n, 0, "it has ended: %s", buf_text(rest));
		buf_append(rest, chunk, (size_t)n);
	}
	line = strndup(rest->data, (size_t)(end - rest->data));
	buf_consume(rest, (size_t)(end + 1 - rest->data));
	return line;
}

void logs_until(struct logs_running *running, const char *line)
{
	char *next = logs_next(running);

	cr_assert_str_eq(next, line);
	free(next);
}

void logs_end(struct logs_running *running)
{
	char chunk[200];
	ssize_t n;

	kill(running->os_pid, SIGTERM);
	waitpid(running->os_pid, NULL, 0);
	n = read(running->fd, chunk, sizeof(chunk));
	cr_expect_eq(n, 0, "too much: %.*s", (int)n, chunk);
	cr_expect_eq(running->rest.size, 0, "too much: %s", buf_text(&running->rest));
	buf_fini(&running->rest);
	close(running->fd);
}
