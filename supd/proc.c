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
/* All of /proc/PID/stat. */
#define STAT_MAX 1024

static int open_of(pid_t os_pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)os_pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd : errno == ENOENT ? -ESRCH : -errno;
}

/*
 * What follows the name in /proc/PID/stat, which stands in parentheses and may hold anything:
 * fields 3 and on. NULL with *ret_error, negative, where there is none.
 */
static const char *read_stat(pid_t os_pid, char text[STAT_MAX], int *ret_error)
{
	const char *rest;
	ssize_t n;
	int fd = open_of(os_pid, "stat");

	*ret_error = fd;
	if (fd < 0)
		return NULL;
	n = read(fd, text, STAT_MAX - 1);
	*ret_error = n < 0 ? -errno : -EIO;
	close(fd);
	text[MAX_OF(n, (ssize_t)0)] = '\0';
	rest = strrchr(text, ')');
	return rest ? rest + 1 : NULL;
}

/* PF_EXITING, as /proc has always shown it. */
#define FLAG_EXITING 0x4

int proc_stat(pid_t os_pid, struct proc_stat *ret_stat)
{
	struct proc_stat stat;
	char text[STAT_MAX], state;
	unsigned flags;
	int threads;
	int r;
	const char *rest = read_stat(os_pid, text, &r);

	if (!rest)
		return r;
	/* Field 9 is the kernel's flags, 20 counts threads, 22 is the start. */
	if (sscanf(rest,
		   " %c %d %d %d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
		   "%*d %d %*d %" SCNu64,
		   &state, &stat.parent, &stat.group, &stat.session, &flags, &threads,
		   &stat.start_ticks) != 7)
		return -EIO;
	stat.exiting = flags & FLAG_EXITING;
	stat.dead = state == 'X' || (state == 'Z' && threads <= 1);
	*ret_stat = stat;
	return 0;
}

int proc_usage(pid_t os_pid, struct proc_usage *ret_usage)
{
	char text[STAT_MAX];
	uint64_t user, system, waited_user, waited_system, pages;
	int64_t tasks;
	int r;
	const char *rest = read_stat(os_pid, text, &r);

	if (!rest)
		return r;
	/* Fields 14 to 17 are ticks, 20 threads, 24 pages. */
	if (sscanf(rest,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %*d %*d %" SCNd64 " %*d %*u %*u %" SCNu64,
		   &user, &system, &waited_user, &waited_system, &tasks, &pages) != 6)
		return -EIO;
	*ret_usage = (struct proc_usage){
		.memory = (int64_t)pages * sysconf(_SC_PAGESIZE),
		.cpu_time = SPAN_MS((int64_t)(user + system) * (1000 / PROC_TICKS)),
		.waited_for = SPAN_MS((int64_t)(waited_user + waited_system) * (1000 / PROC_TICKS)),
		.tasks = tasks,
	};
	return 0;
}

static int read_whole(pid_t os_pid, const char *name, struct buf *out)
{
	int fd = open_of(os_pid, name);
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

int proc_environment(pid_t os_pid, struct buf *out)
{
	return read_whole(os_pid, "environ", out);
}

int proc_cgroup(pid_t os_pid, struct buf *out)
{
	struct buf all CLEANUP(buf_fini) = BUF_INIT;
	int r = read_whole(os_pid, "cgroup", &all);
	const char *line = buf_text(&all);

	while (r == 0 && strncmp(line, "0::", 3) != 0) {
		line = strchr(line, '\n');
		if (!line++)
			return -ENOENT;
	}
	if (r < 0)
		return r;
	buf_clear(out);
	return buf_append(out, line + 3, strcspn(line + 3, "\n"));
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

int proc_each_child_of(pid_t os_pid, pid_t thread, bool (*call)(void *owner, pid_t os_pid),
		       void *owner)
{
	char name[64];
	int fd, r;

	snprintf(name, sizeof(name), "task/%d/children", (int)thread);
	fd = open_of(os_pid, name);
	if (fd < 0)
		return fd;
	r = each_number(fd, call, owner);
	close(fd);
	return r;
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
