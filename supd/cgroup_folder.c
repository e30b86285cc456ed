/* SPDX-License-Identifier: MIT */

/*
 * Where there is no cgroup.kill (before Linux 5.14), all are frozen, so that none of them forks or
 * ends, and killed one by one; what is frozen dies all the same.
 */

#include "supd/cgroup_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/macros.h"
#include "supd/loop.h"

/* Folders below one that a service has made; the kernel takes more, nobody makes them. */
#define DEPTH_MAX 32
#define FOLDERS_MAX 100000

/* ---- files ---- */

static int open_in(int at, const char *name, const char *file, int flags)
{
	char path[CGROUP_NAME_MAX + 64];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", name, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = openat(at, path, flags | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

ssize_t cgroup_read(int at, const char *name, const char *file, char *out, size_t size)
{
	int fd = open_in(at, name, file, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, out, size - 1);
	if (n < 0)
		n = -errno;
	else
		out[n] = '\0';
	close(fd);
	return n;
}

int cgroup_write(int at, const char *name, const char *file, const char *text)
{
	int fd = open_in(at, name, file, O_WRONLY | O_TRUNC);
	int r = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

bool cgroup_is_folder(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* It may be taken away at any time, by others too. */
static bool is_absent(ssize_t error)
{
	return error == -ENOENT || error == -ENODEV;
}

/* ---- what is in it ---- */

static int populated(char *events)
{
	const char *value = strstr(events, "populated ");

	return value ? value[strlen("populated ")] == '1' : -EIO;
}

int cgroup_is_populated(int at, const char *name)
{
	char events[256];
	ssize_t n = cgroup_read(at, name, "cgroup.events", events, sizeof(events));

	if (n < 0)
		return is_absent(n) ? 0 : (int)n;
	return populated(events);
}

bool cgroup_await_empty(int at, const char *name, struct mono until)
{
	int fd = open_in(at, name, "cgroup.events", O_RDONLY);
	struct pollfd changed = {.fd = fd, .events = POLLPRI};
	char events[256];
	bool empty = fd < 0 && is_absent(fd);

	while (fd >= 0 && !empty) {
		ssize_t n = pread(fd, events, sizeof(events) - 1, 0);
		int64_t rest = until.ns - loop_now().ns;

		events[MAX_OF(n, (ssize_t)0)] = '\0';
		empty = n < 0 ? errno == ENODEV : populated(events) == 0;
		if (empty || rest <= 0)
			break;
		poll(&changed, 1, (int)MIN_OF(rest / 1000000 + 1, INT64_C(1000)));
	}
	if (fd >= 0)
		close(fd);
	return empty;
}

static bool each_in(int folder, bool (*call)(void *owner, pid_t os_pid), void *owner)
{
	int fd = open_in(folder, ".", "cgroup.procs", O_RDONLY);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	bool more = true;
	int os_pid;

	if (!file) {
		if (fd >= 0)
			close(fd);
		return true;
	}
	/* 0 is one of another PID namespace. */
	while (more && fscanf(file, "%d", &os_pid) == 1)
		more = os_pid <= 0 || call(owner, os_pid);
	fclose(file);
	return more;
}

/* ---- it, and all below it ---- */

/* The next folder in that one, or NULL. */
static const char *next_folder(DIR *dir)
{
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			return entry->d_name;
	}
	return NULL;
}

static DIR *open_folder(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

/*
 * Visits each folder, one before those in it, leaves each after those in it; until a call returns
 * false.
 */
struct walk {
	bool (*visit)(void *owner, int folder);
	void (*leave)(void *owner, int above, const char *name);
	void *owner;
};

static int walk(int at, const char *name, const struct walk *w)
{
	DIR *way[DEPTH_MAX];
	char names[DEPTH_MAX][CGROUP_NAME_MAX + 1];
	int depth = 0, n = 0;
	bool more = true;

	way[0] = open_folder(at, name);
	if (!way[0])
		return -errno;
	if (w->visit)
		more = w->visit(w->owner, dirfd(way[0]));
	while (depth >= 0) {
		const char *next = more && n < FOLDERS_MAX ? next_folder(way[depth]) : NULL;
		DIR *below =
			next && depth + 1 < DEPTH_MAX ? open_folder(dirfd(way[depth]), next) : NULL;

		if (below) {
			snprintf(names[++depth], sizeof(names[0]), "%s", next);
			way[depth] = below;
			n++;
			if (w->visit)
				more = w->visit(w->owner, dirfd(below));
		} else if (!next) {
			closedir(way[depth--]);
			if (depth >= 0 && w->leave)
				w->leave(w->owner, dirfd(way[depth]), names[depth + 1]);
		}
	}
	return 0;
}

struct each {
	bool (*call)(void *owner, pid_t os_pid);
	void *owner;
};

static bool visit_each(void *owner, int folder)
{
	const struct each *each = owner;

	return each_in(folder, each->call, each->owner);
}

int cgroup_each(int at, const char *name, bool (*call)(void *owner, pid_t os_pid), void *owner)
{
	struct each each = {call, owner};

	return walk(at, name, &(struct walk){.visit = visit_each, .owner = &each});
}

static bool kill_one(void *owner, pid_t os_pid)
{
	(void)owner;
	kill(os_pid, SIGKILL);
	return true;
}

int cgroup_kill(int at, const char *name)
{
	int r = cgroup_write(at, name, "cgroup.kill", "1");

	if (r != -ENOENT)
		return r == -ENODEV ? 0 : r;
	cgroup_write(at, name, "cgroup.freeze", "1");
	r = cgroup_each(at, name, kill_one, NULL);
	cgroup_write(at, name, "cgroup.freeze", "0");
	return is_absent(r) ? 0 : r;
}

static void remove_below(void *owner, int above, const char *name)
{
	(void)owner;
	unlinkat(above, name, AT_REMOVEDIR);
}

int cgroup_remove(int at, const char *name)
{
	if (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	walk(at, name, &(struct walk){.leave = remove_below});
	return unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}
