/* SPDX-License-Identifier: MIT */

#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* <sys/mount.h> and <linux/mount.h> do not go together everywhere. */
int mount(const char *source, const char *target, const char *type, unsigned long flags,
	  const void *data);

#define BIND 4096UL
#define RECURSIVE 16384UL
#define PRIVATE (1UL << 18)

/* ---- in the child ---- */

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(121);
	close(fd);
}

static void map_user(uid_t uid, gid_t gid)
{
	char text[64];

	write_to("/proc/self/setgroups", "deny");
	snprintf(text, sizeof(text), "%d %d 1", (int)uid, (int)uid);
	write_to("/proc/self/uid_map", text);
	snprintf(text, sizeof(text), "%d %d 1", (int)gid, (int)gid);
	write_to("/proc/self/gid_map", text);
}

static void set_read_only(const char *path, bool on)
{
	struct mount_attr attr = {0};

	if (on)
		attr.attr_set = MOUNT_ATTR_RDONLY;
	else
		attr.attr_clr = MOUNT_ATTR_RDONLY;
	if (syscall(SYS_mount_setattr, AT_FDCWD, path, on ? AT_RECURSIVE : 0, &attr, sizeof(attr)) <
	    0)
		_exit(122);
}

static void mount_all(const struct sandbox *s)
{
	const char *proc = s->how & SANDBOX_NO_PROC ? "tmpfs" : "proc";
	char lib[256];
	int r;

	snprintf(lib, sizeof(lib), "%s/lib", s->n->folder);
	r = mount("none", "/", NULL, RECURSIVE | PRIVATE, NULL);
	if (r == 0)
		r = mount(lib, "/var/lib", NULL, BIND, NULL);
	if (r == 0)
		r = mount("proc", "/proc", proc, 0, NULL);
	if (r == 0 && s->how & SANDBOX_NO_DEV)
		r = mount("dev", "/dev", "tmpfs", 0, NULL);
	if (r == 0 && s->how & SANDBOX_FOLDER)
		r = mount(s->n->folder, s->n->folder, NULL, BIND, NULL);
	if (r < 0)
		_exit(123);
	if (s->how & SANDBOX_READ_ONLY)
		set_read_only("/", true);
	if (s->how & SANDBOX_READ_ONLY && s->how & SANDBOX_FOLDER)
		set_read_only(s->n->folder, false);
}

/* Who is not in the namespace waits for its first process, and ends as that one. */
static void divide(void)
{
	pid_t os_pid = fork();
	int status;

	if (os_pid < 0)
		_exit(124);
	if (os_pid == 0)
		return;
	while (waitpid(os_pid, &status, 0) < 0)
		;
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

static void enter(void *argument)
{
	const struct sandbox *s = argument;
	bool user = s->how & SANDBOX_USER || geteuid() != 0;
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWPID | CLONE_NEWNS | (user ? CLONE_NEWUSER : 0)) < 0)
		_exit(120);
	if (user)
		map_user(uid, gid);
	divide();
	mount_all(s);
	if (s->err_fd)
		dup2(s->err_fd, STDERR_FILENO);
	if (s->nproc && setrlimit(RLIMIT_NPROC, &(struct rlimit){s->nproc, s->nproc}) < 0)
		_exit(126);
	if (s->uid && (setgid(s->uid) < 0 || setuid(s->uid) < 0))
		_exit(125);
}

/* ---- in the test ---- */

static int try(void *argument)
{
	(void)argument;
	return 0;
}

struct sandbox *sandbox_new(unsigned how)
{
	struct sandbox *s = keep(calloc(1, sizeof(*s)));
	struct person who = {.prepare = enter, .argument = s};

	s->how = how;
	s->n = node_new();
	cr_assert_eq(mkdir(node_path(s->n, "lib"), 0755), 0);
	if (person_run(&who, try, NULL) != 0)
		cr_skip_test("namespaces can not be made here");
	s->n->who.prepare = enter;
	s->n->who.argument = s;
	return s;
}

struct node *sandbox_run(const char *config)
{
	struct sandbox *s = sandbox_new(0);

	node_config(s->n, config);
	node_start(s->n);
	return s->n;
}

pid_t sandbox_init(const struct node *n)
{
	pid_t os_pid = 0;

	/* It is there, or about to be: there is no event of a fork. */
	while (proc_children(n->supd.os_pid, &os_pid, 1) == 0)
		cr_assert(proc_exists(n->supd.os_pid), "%s", node_log(n));
	return os_pid;
}

void sandbox_end(struct node *n, int unix_signal)
{
	int status;

	kill(sandbox_init(n), unix_signal);
	status = node_wait(n);
	cr_assert_eq(status, 0, "supd has ended with status %d:\n%s", status, node_log(n));
	node_check_nothing_left(n);
}
