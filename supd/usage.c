/* SPDX-License-Identifier: MIT */

/*
 * Whose processes they are the cgroup tells; without one, who descends from the main process. Only
 * so many are looked at, for nothing may take long here.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "supd/cgroup_folder.h"
#include "supd/cgroups.h"
#include "supd/proc.h"
#include "supd/resources.h"

#define PROCESSES_MAX 256
#define THREADS_MAX 64
#define FDS_MAX 1024

struct crowd {
	pid_t os_pids[PROCESSES_MAX];
	size_t n;
	bool more;
};

/* ---- one process ---- */

/* The kernel tells their number as the folder's size since 6.2; before, they are counted. */
static int64_t count_fds(pid_t os_pid)
{
	char path[64];
	struct stat st;
	int64_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)os_pid);
	if (stat(path, &st) == 0 && st.st_size > 0)
		return st.st_size;
	dir = opendir(path);
	if (!dir)
		return -1;
	for (struct dirent *entry; n < FDS_MAX && (entry = readdir(dir));)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* "read_bytes: N" in /proc/PID/io, which only the privileged may read. */
static void read_io(pid_t os_pid, struct usage *usage)
{
	char path[64], text[1024];
	const char *read_bytes, *write_bytes;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/io", (int)os_pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[MAX_OF(n, (ssize_t)0)] = '\0';
	read_bytes = strstr(text, "\nread_bytes: ");
	write_bytes = strstr(text, "\nwrite_bytes: ");
	if (read_bytes && write_bytes) {
		usage->io_read = strtoll(read_bytes + 13, NULL, 10);
		usage->io_write = strtoll(write_bytes + 14, NULL, 10);
	}
}

bool usage_find_one(pid_t os_pid, struct usage *ret_usage)
{
	struct usage usage = {.io_read = -1, .io_write = -1};
	struct proc_usage of;

	if (proc_usage(os_pid, &of) < 0)
		return false;
	usage.memory = of.memory;
	usage.cpu_time.ns = of.cpu_time.ns + of.waited_for.ns;
	usage.tasks = of.tasks;
	usage.fds = count_fds(os_pid);
	read_io(os_pid, &usage);
	*ret_usage = usage;
	return true;
}

/* ---- all of them ---- */

static bool take(void *owner, pid_t os_pid)
{
	struct crowd *crowd = owner;

	crowd->more = crowd->n == PROCESSES_MAX;
	if (!crowd->more)
		crowd->os_pids[crowd->n++] = os_pid;
	return !crowd->more;
}

/* Children belong to the thread that has made them. */
static void take_children(struct crowd *crowd, pid_t os_pid)
{
	char path[64];
	DIR *dir;
	int threads = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)os_pid);
	dir = opendir(path);
	for (struct dirent *entry; dir && threads < THREADS_MAX && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		proc_each_child_of(os_pid, (pid_t)atoi(entry->d_name), take, crowd);
		threads++;
	}
	if (dir)
		closedir(dir);
}

static void find_crowd(const struct daemon *d, const struct process *p, struct crowd *crowd)
{
	if (p->in_cgroup && p->cgroup) {
		cgroup_each(cgroups_folder(d), p->cgroup, take, crowd);
		return;
	}
	take(crowd, p->os_pid);
	for (size_t i = 0; i < crowd->n; i++)
		take_children(crowd, crowd->os_pids[i]);
}

static int64_t sum(int64_t a, int64_t b)
{
	return a < 0 || b < 0 ? -1 : a + b;
}

static void add(struct usage *to, const struct usage *one)
{
	to->memory += one->memory;
	to->cpu_time.ns += one->cpu_time.ns;
	to->tasks += one->tasks;
	to->fds = sum(to->fds, one->fds);
	to->io_read = sum(to->io_read, one->io_read);
	to->io_write = sum(to->io_write, one->io_write);
}

/* What a controller has counted is truer: nothing twice. */
static void read_counted(const struct daemon *d, const struct process *p, struct usage *usage)
{
	char text[32];
	uint64_t number;

	if (cgroup_read(cgroups_folder(d), p->cgroup, "memory.current", text, sizeof(text)) <= 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	if (text_parse_u64(text, INT64_MAX, &number) == 0)
		usage->memory = (int64_t)number;
}

bool usage_find(const struct daemon *d, uint32_t slot, struct usage *ret_usage)
{
	const struct process *p = process_find(d, slot);
	struct usage usage = {0}, one;
	struct crowd crowd;
	bool found = false;

	if (!p || !p->os_pid)
		return false;
	crowd.n = 0;
	crowd.more = false;
	find_crowd(d, p, &crowd);
	for (size_t i = 0; i < crowd.n; i++) {
		if (!usage_find_one(crowd.os_pids[i], &one))
			continue;
		add(&usage, &one);
		found = true;
	}
	usage.partial = crowd.more;
	if (found && p->in_cgroup && p->cgroup)
		read_counted(d, p, &usage);
	if (found)
		*ret_usage = usage;
	return found;
}

/* ---- fields ---- */

static void usage_put_number(struct wire_encoder *e, uint8_t flags, const char *name,
			     int64_t number)
{
	if (number < 0)
		field_put_null(e, flags, name);
	else
		field_put_int(e, flags, name, number);
}

void usage_put(struct wire_encoder *e, uint8_t flags, const struct usage *usage)
{
	static const struct usage unknown = {
		.memory = -1, .tasks = -1, .fds = -1, .io_read = -1, .io_write = -1};
	const struct usage *u = usage ? usage : &unknown;

	usage_put_number(e, flags, "memory", u->memory);
	if (usage)
		field_put_span(e, flags, "cpu_time", usage->cpu_time);
	else
		field_put_null(e, flags, "cpu_time");
	usage_put_number(e, flags, "tasks", u->tasks);
	usage_put_number(e, flags, "fds", u->fds);
	usage_put_number(e, flags, "io_read", u->io_read);
	usage_put_number(e, flags, "io_write", u->io_write);
	if (u->partial)
		field_put_bool(e, flags, "partial", true);
}
