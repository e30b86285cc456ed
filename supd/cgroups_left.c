/* SPDX-License-Identifier: MIT */

/*
 * Cgroups of daemons that were killed. That of the one before us in run_dir is noted there: what is
 * in it is killed. Others' are left alone, unless they are empty and nobody holds their lock: then
 * they are litter.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "supd/cgroup_folder.h"
#include "supd/cgroups.h"
#include "supd/log.h"

#define PREFIX "supd-"
#define RECORD_MAX 8192
#define KILL_LIMIT SPAN_S(10)

static bool count(void *owner, pid_t os_pid)
{
	unsigned *n = owner;

	(void)os_pid;
	++*n;
	return true;
}

/* We run in it ourselves: somebody has started this supd out of a service of the old one. */
static bool are_we_in(const char *path)
{
	struct buf own CLEANUP(buf_fini) = BUF_INIT;
	size_t size = strlen(path);

	return cgroup_find_own(&own) == 0 && strncmp(buf_text(&own), path, size) == 0 &&
	       (buf_text(&own)[size] == '/' || buf_text(&own)[size] == '\0');
}

static void end_all(int fd, const char *path, struct predecessors *found)
{
	unsigned before = 0, after = 0;

	if (cgroup_is_populated(fd, ".") > 0 && are_we_in(path)) {
		log_line(LOG_AT_WARNING,
			 "%s, of the supd before this one, is left as it is: this supd runs in it",
			 path);
		return;
	}
	cgroup_each(fd, ".", count, &before);
	if (before > 0) {
		cgroup_kill(fd, ".");
		if (!cgroup_await_empty(fd, ".", mono_add(loop_now(), KILL_LIMIT)))
			cgroup_each(fd, ".", count, &after);
	}
	found->ended += before > after ? before - after : 0;
	found->left += after;
	cgroup_remove(AT_FDCWD, path);
}

void cgroups_end_predecessor(const char *run_dir, struct predecessors *found)
{
	char path[RECORD_MAX], *record = NULL;
	const char *name;
	ssize_t n = -1;
	int fd;

	if (asprintf(&record, "%s/cgroup", run_dir) < 0)
		return;
	fd = open(record, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, path, sizeof(path) - 1);
		close(fd);
	}
	path[MAX_OF(n, (ssize_t)0)] = '\0';
	path[strcspn(path, "\n")] = '\0';
	name = strrchr(path, '/');
	if (path[0] == '/' && name && strncmp(name + 1, PREFIX, strlen(PREFIX)) == 0) {
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && cgroup_is_folder(fd))
			end_all(fd, path, found);
		if (fd >= 0)
			close(fd);
	}
	if (n >= 0)
		unlink(record);
	free(record);
}

static void remove_stale(int own_fd, const char *name)
{
	int fd = openat(own_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && cgroup_is_populated(fd, ".") == 0)
		cgroup_remove(own_fd, name);
	close(fd);
}

void cgroups_remove_stale(int own_fd)
{
	int fd = openat(own_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir && fd >= 0)
		close(fd);
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0)
			remove_stale(own_fd, entry->d_name);
	}
	if (dir)
		closedir(dir);
}
