/* SPDX-License-Identifier: MIT */

#include "supd/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The kernel gives more to no process. */
#define ENVIRONMENT_MAX ((size_t)6 * 1024 * 1024)
#define CHUNK ((size_t)8192)
/* The smallest page there is, and an OS pid with its blank. */
#define PAGE_MIN 4096
#define NUMBER_MAX 16

static int open_of(pid_t os_pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)os_pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd : errno == ENOENT ? -ESRCH : -errno;
}

int proc_stat(pid_t os_pid, struct proc_stat *ret_stat)
{
	struct proc_stat stat;
	char text[1024], state;
	const char *rest;
	int threads;
	ssize_t n;
	int fd = open_of(os_pid, "stat");

	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	/* The name, in parentheses, may hold anything. Field 20 counts threads, 22 is the start. */
	rest = strrchr(text, ')');
	if (!rest || sscanf(rest,
			    ") %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			    "%*d %d %*d %" SCNu64,
			    &state, &stat.parent, &stat.group, &stat.session, &threads,
			    &stat.start_ticks) != 6)
		return -EIO;
	stat.dead = state == 'X' || (state == 'Z' && threads <= 1);
	*ret_stat = stat;
	return 0;
}

int proc_environment(pid_t os_pid, struct buf *out)
{
	int fd = open_of(os_pid, "environ");
	ssize_t n = 1;

	if (fd < 0)
		return fd;
	buf_clear(out);
	while (n > 0 && out->size < ENVIRONMENT_MAX) {
		char *to = buf_reserve(out, CHUNK);

		n = to ? read(fd, to, CHUNK) : -1;
		if (n < 0) {
			n = to ? -errno : -ENOMEM;
			break;
		}
		out->size += (size_t)n;
		out->data[out->size] = '\0';
	}
	close(fd);
	return n < 0 ? (int)n : 0;
}

const char *proc_variable(const struct buf *environment, const char *name)
{
	size_t size = strlen(name);
	const char *p = buf_text(environment);
	const char *end = p + environment->size;

	for (; p < end; p += strlen(p) + 1) {
		if (strncmp(p, name, size) == 0 && p[size] == '=')
			return p + size + 1;
	}
	return NULL;
}

int proc_each(bool (*call)(void *owner, pid_t os_pid), void *owner)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	bool more = true;

	if (!dir)
		return -errno;
	while (more && (entry = readdir(dir))) {
		if (isdigit((unsigned char)entry->d_name[0]))
			more = call(owner, (pid_t)atoi(entry->d_name));
	}
	closedir(dir);
	return 0;
}

/* ---- children ---- */

struct child_search {
	bool (*call)(void *owner, pid_t os_pid);
	void *owner;
	pid_t self;
};

static bool call_for_child(void *owner, pid_t os_pid)
{
	const struct child_search *search = owner;
	struct proc_stat stat = {0};

	if (proc_stat(os_pid, &stat) < 0 || stat.parent != search->self)
		return true;
	return search->call(search->owner, os_pid);
}

/*
 * Numbers with a blank after each; a chunk may end within one. Each read makes the kernel walk from
 * the first child again, and so would one that only tells that there is no more: what is clearly
 * less than a page is the end.
 */
static int each_number(int fd, bool (*call)(void *owner, pid_t os_pid), void *owner)
{
	char chunk[PAGE_MIN];
	pid_t number = 0;
	ssize_t n;

	do {
		n = read(fd, chunk, sizeof(chunk));
		for (ssize_t i = 0; i < n; i++) {
			if (isdigit((unsigned char)chunk[i])) {
				number = number * 10 + (chunk[i] - '0');
				continue;
			}
			if (number > 0 && !call(owner, number))
				return 0;
			number = 0;
		}
	} while (n > PAGE_MIN - NUMBER_MAX);
	return n < 0 ? -errno : 0;
}

/* The list of children is one read; a kernel built without it makes us look at every process. */
int proc_each_child(bool (*call)(void *owner, pid_t os_pid), void *owner)
{
	struct child_search search = {.call = call, .owner = owner, .self = getpid()};
	int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno == ENOENT ? proc_each(call_for_child, &search) : -errno;
	r = each_number(fd, call, owner);
	close(fd);
	return r;
}
