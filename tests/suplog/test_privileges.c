/* SPDX-License-Identifier: MIT */

/* Each test is a process of its own: what it gives up is gone with it. */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suplog/privileges.h"

/* Runs it in a process of its own; its exit status. */
static int apart(int (*what)(const char *folder), const char *folder)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(what(folder));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int drop(const char *folder)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	struct rlimit core;

	(void)folder;
	if (privileges_drop())
		return 1;
	if (syscall(SYS_capget, &header, data) || data[0].effective || data[0].permitted ||
	    data[1].effective || data[1].permitted || data[0].inheritable || data[1].inheritable)
		return 2;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE) != 0)
		return 3;
	if (getrlimit(RLIMIT_CORE, &core) || core.rlim_max != 0)
		return 4;
	if (getuid() == 0 && setuid(12345) == 0)
		return 5;
	return chown("/", 12345, 12345) == 0 ? 6 : 0;
}

Test(privileges, dropped)
{
	cr_assert_eq(apart(drop, NULL), 0);
}

static int use_folder(int dir)
{
	int fd = openat(dir, "sub", O_RDONLY);

	if (mkdirat(dir, "folder", 0700) || fd >= 0)
		return 10;
	fd = openat(dir, "folder/file", O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || ftruncate(fd, 0))
		return 11;
	if (renameat(dir, "folder/file", dir, "folder/old"))
		return 12;
	if (unlinkat(dir, "folder/old", 0) || unlinkat(dir, "folder", AT_REMOVEDIR))
		return 13;
	if (symlinkat("/", dir, "link") == 0 || mkfifoat(dir, "fifo", 0600) == 0)
		return 14;
	return 0;
}

/* 99: this kernel does not have it. */
static int confine(const char *folder)
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	r = privileges_drop();
	if (r == 0)
		r = privileges_confine(dir);
	if (r)
		return r > 0 ? 99 : 1;
	if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES)
		return 2;
	if (open("/tmp/suplog-not-here", O_WRONLY | O_CREAT, 0600) >= 0 || errno != EACCES)
		return 3;
	if (open(folder, O_RDONLY | O_DIRECTORY) < 0)
		return 4;
	if (access("/bin/true", X_OK) == 0 && execl("/bin/true", "true", NULL) == 0)
		return 5;
	return use_folder(dir);
}

static int confine_to_nothing(const char *folder)
{
	int r = privileges_drop();

	if (r == 0)
		r = privileges_confine(-1);
	if (r)
		return r > 0 ? 99 : 1;
	return open(folder, O_RDONLY | O_DIRECTORY) >= 0 || errno != EACCES;
}

static void expect_confined(int (*what)(const char *folder))
{
	char folder[] = "/tmp/privileges-XXXXXX";
	int r;

	cr_assert_not_null(mkdtemp(folder));
	r = apart(what, folder);
	cr_expect_eq(rmdir(folder), 0);
	if (r == 99 && !getenv("NO_SKIP"))
		cr_skip_test("no Landlock in this kernel");
	cr_assert_eq(r, 0, "%d", r);
}

Test(privileges, confined)
{
	expect_confined(confine);
}

Test(privileges, confined_to_nothing)
{
	expect_confined(confine_to_nothing);
}
