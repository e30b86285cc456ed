/* SPDX-License-Identifier: MIT */

/* What /proc knows of processes. */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

/* What follows the name of the program: "S 1 ...". False where it is gone. */
static bool proc_read_stat(pid_t os_pid, char *text, size_t size)
{
	char path[64], line[1024];
	ssize_t n;
	char *end;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)os_pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n <= 0)
		return false;
	line[n] = '\0';
	end = strrchr(line, ')');
	if (!end || end[1] != ' ')
		return false;
	snprintf(text, size, "%s", end + 2);
	return true;
}

char proc_state(pid_t os_pid)
{
	char text[64];

	return proc_read_stat(os_pid, text, sizeof(text)) ? *text : '\0';
}

bool proc_exists(pid_t os_pid)
{
	return proc_state(os_pid) != '\0';
}

pid_t proc_parent(pid_t os_pid)
{
	char text[64];

	return proc_read_stat(os_pid, text, sizeof(text)) ? (pid_t)atoi(text + 2) : 0;
}

char *proc_words(pid_t os_pid)
{
	char path[64];
	struct buf text = BUF_INIT;
	char c;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)os_pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && read(fd, &c, 1) == 1)
		buf_putc(&text, c ? c : ' ');
	if (fd >= 0)
		close(fd);
	buf_puts(&text, "");
	return keep(buf_take(&text));
}

/* Also of a zombie. */
static bool is_keeper(pid_t os_pid)
{
	char line[64] = "";
	int fd = open(keep_printf("/proc/%d/comm", (int)os_pid), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 && strcmp(line, "suplog\n") == 0;
}

static size_t children(pid_t parent, bool keepers, pid_t *ret_list, size_t max)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t n = 0;

	cr_assert_not_null(proc);
	while (n < max && (entry = readdir(proc))) {
		pid_t os_pid = (pid_t)atoi(entry->d_name);

		if (isdigit((unsigned char)entry->d_name[0]) && proc_parent(os_pid) == parent &&
		    is_keeper(os_pid) == keepers)
			ret_list[n++] = os_pid;
	}
	closedir(proc);
	return n;
}

size_t proc_children(pid_t parent, pid_t *ret_list, size_t max)
{
	return children(parent, false, ret_list, max);
}

size_t proc_keepers(pid_t parent, pid_t *ret_list, size_t max)
{
	return children(parent, true, ret_list, max);
}

void proc_wait_gone(pid_t os_pid)
{
	int fd = (int)syscall(SYS_pidfd_open, os_pid, 0);

	if (fd < 0 && errno == ESRCH)
		return;
	cr_assert_geq(fd, 0);
	if (!wait_readable(fd, -1))
		cr_assert_fail("process %d (%s) has not ended", (int)os_pid, proc_words(os_pid));
	close(fd);
}

void proc_wait_state(pid_t os_pid, char state)
{
	struct mono until = deadline();

	while (proc_state(os_pid) != state) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		if (deadline().ns - until.ns > (int64_t)PATIENCE * 1000000000)
			cr_assert_fail("process %d is in state %c, not %c", (int)os_pid,
				       proc_state(os_pid), state);
	}
}
