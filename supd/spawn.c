/* SPDX-License-Identifier: MIT */

/*
 * The child's functions run in our memory, on another stack, while we wait: they take no lock, call
 * no function of the C library that might, and change nothing but struct child. Users and groups
 * are set by system calls of their own: the C library's functions would tell its threads.
 */

#include "supd/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"
#include "supd/spawn_setup.h"
#include "supd/clone_into.h"
#include "supd/window.h"

#define STACK_SIZE ((size_t)64 * 1024)

#ifdef SYS_setgroups32
#define CALL_SETGROUPS SYS_setgroups32
#define CALL_SETRESGID SYS_setresgid32
#define CALL_SETRESUID SYS_setresuid32
#else
#define CALL_SETGROUPS SYS_setgroups
#define CALL_SETRESGID SYS_setresgid
#define CALL_SETRESUID SYS_setresuid
#endif

/*
 * As the kernel has it: the C library's sigaction() does not touch the two Unix signals that it
 * uses itself, and a program that was started with those ignored would hand that on.
 */
struct kernel_action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask[2];
};

struct child {
	const struct spawner *spawner;
	const struct spawn_request *request;
	int procs_fd; /* of the cgroup that it moves itself to; -1: it is where it is to be */
	int above;    /* it shares our fds, and is to have those below; 0: it has copies of all */
	struct spawn_failure failure; /* error 0: none, it has executed its program */
};

/* ---- in the child ---- */

/* False, with the step and errno noted, where result says that a system call failed. */
IN_CHILD static bool good(struct child *child, enum start_step step, long result)
{
	if (result >= 0)
		return true;
	child->failure.step = step;
	child->failure.error = errno;
	return false;
}

IN_CHILD static bool refuse(struct child *child, enum start_step step, int error)
{
	errno = error;
	return good(child, step, -1);
}

IN_CHILD static int64_t boot_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

IN_CHILD static void write_os_pid(char *text, pid_t os_pid)
{
	char digits[12];
	int n = 0;

	for (; os_pid > 0; os_pid /= 10)
		digits[n++] = (char)('0' + os_pid % 10);
	while (n > 0)
		*text++ = digits[--n];
	*text = '\0';
}

IN_CHILD static void note_os_pid(const struct spawn_request *request)
{
	pid_t os_pid;

	if (!request->os_pid_texts[0] && !request->stamp)
		return;
	os_pid = (pid_t)syscall(SYS_getpid);
	if (request->stamp) {
		request->stamp->latest_ns = boot_time();
		__atomic_store_n(&request->stamp->os_pid, os_pid, __ATOMIC_RELEASE);
	}
	for (int i = 0; i < SPAWN_OS_PID_TEXTS && request->os_pid_texts[i]; i++)
		write_os_pid(request->os_pid_texts[i], os_pid);
}

/* What is handled would run in our memory; what is ignored would stay so over exec. */
IN_CHILD static bool reset_signals(struct child *child)
{
	static const struct kernel_action defaults;

	for (int s = 1; s < NSIG; s++) {
		if (child->spawner->resets >> (s - 1) & 1 &&
		    !good(child, STEP_SPAWN,
			  (int)syscall(SYS_rt_sigaction, s, &defaults, NULL, sizeof(uint64_t))))
			return false;
	}
	return true;
}

IN_CHILD static bool become(struct child *child, const struct spawn_identity *id)
{
	enum start_step step = id->for_user ? STEP_USER : STEP_GROUPS;

	if (id->set_groups && !good(child, step, syscall(CALL_SETGROUPS, id->n_groups, id->groups)))
		return false;
	if (id->set_gid && !good(child, step, syscall(CALL_SETRESGID, id->gid, id->gid, id->gid)))
		return false;
	return !id->set_uid ||
	       good(child, STEP_USER, syscall(CALL_SETRESUID, id->uid, id->uid, id->uid));
}

/* A FIFO must not hang us, a terminal not become ours, a link not lead elsewhere. */
IN_CHILD static bool open_file(struct child *child, enum start_step step, const char *path, int to)
{
	struct stat st;
	int fd =
		open(path,
		     O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC,
		     0666);

	if (!good(child, step, fd) || !good(child, step, fstat(fd, &st)))
		return false;
	if (!S_ISREG(st.st_mode))
		return refuse(child, step, EINVAL);
	return good(child, step, fcntl(fd, F_SETFL, O_APPEND)) && good(child, step, dup2(fd, to));
}

IN_CHILD static bool direct(struct child *child, enum start_step step,
			    const struct spawn_stream *stream, int to)
{
	switch (stream->kind) {
	case SPAWN_AS_IT_IS:
		break;
	case SPAWN_TO_FD:
		return good(child, step, dup2(stream->fd, to));
	case SPAWN_TO_FILE:
		return open_file(child, step, stream->path, to);
	case SPAWN_TO_STDOUT:
		return good(child, step, dup2(STDOUT_FILENO, to));
	}
	return true;
}

/*
 * After standard input, output and error: what was to become one of those may have been where one
 * of these goes. What lies where another may go is moved above all of them first, so that none is
 * lost, in whatever order they come; as a rule there is no such one.
 */
IN_CHILD static bool hand_fds(struct child *child, struct spawn_fd *fds, size_t n)
{
	int highest = -1;

	for (size_t i = 0; i < n; i++)
		highest = fds[i].target > highest ? fds[i].target : highest;
	for (size_t i = 0; i < n; i++) {
		bool in_the_way = fds[i].fd <= highest && fds[i].fd != fds[i].target;

		fds[i].at = in_the_way ? fcntl(fds[i].fd, F_DUPFD_CLOEXEC, highest + 1) : fds[i].fd;
		if (!good(child, fds[i].step, fds[i].at))
			return false;
	}
	for (size_t i = 0; i < n; i++) {
		bool there = fds[i].at == fds[i].target;
		int r = there ? fcntl(fds[i].at, F_SETFD, 0) : dup2(fds[i].at, fds[i].target);

		if (!good(child, fds[i].step, r))
			return false;
	}
	return true;
}

IN_CHILD static bool restore_limits(struct child *child, const struct spawn_request *request)
{
	if (request->nofile && !good(child, STEP_LIMIT, setrlimit(RLIMIT_NOFILE, request->nofile)))
		return false;
	return !request->nproc || good(child, STEP_LIMIT, setrlimit(RLIMIT_NPROC, request->nproc));
}

/* SIGTTOU is blocked. Where the terminal has gone meanwhile, it can do without. */
IN_CHILD static bool leave(struct child *child, const struct spawn_request *request)
{
	pid_t os_pid;

	if (!request->shares_session)
		return good(child, STEP_SESSION, syscall(SYS_setsid));
	if (!good(child, STEP_SESSION, syscall(SYS_setpgid, 0, 0)))
		return false;
	os_pid = (pid_t)syscall(SYS_getpid);
	if (request->terminal)
		syscall(SYS_ioctl, request->terminal, TIOCSPGRP, &os_pid);
	return true;
}

IN_CHILD static bool set_up(struct child *child)
{
	const struct spawn_request *request = child->request;

	if (child->procs_fd >= 0 && !good(child, STEP_CGROUP, write(child->procs_fd, "0", 1)))
		return false;
	if (!reset_signals(child) || !leave(child, request))
		return false;
	if (request->umask >= 0)
		syscall(SYS_umask, request->umask);
	if (request->setup && !spawn_setup_first(request->setup, &child->failure))
		return false;
	if (!become(child, &request->identity))
		return false;
	if (request->directory && !good(child, STEP_CHDIR, syscall(SYS_chdir, request->directory)))
		return false;
	if (request->setup && !spawn_setup_as_user(request->setup, &child->failure))
		return false;
	if (request->stdin_fd >= 0 &&
	    !good(child, STEP_STDIN, dup2(request->stdin_fd, STDIN_FILENO)))
		return false;
	return direct(child, STEP_STDOUT, &request->output, STDOUT_FILENO) &&
	       direct(child, STEP_STDERR, &request->error, STDERR_FILENO) &&
	       hand_fds(child, request->fds, request->n_fds) && restore_limits(child, request) &&
	       (!request->setup || spawn_setup_last(request->setup, &child->failure));
}

/*
 * As execvp(): what is there and may not be executed counts only where nothing else is there. The
 * failure is noted at the very end: after an execve that succeeds nothing here is undone.
 */
IN_CHILD static void execute(struct child *child)
{
	const struct spawn_request *request = child->request;
	const char *found = request->programs[0];
	int error = 0;

	for (char *const *program = request->programs; *program; program++) {
		execve(*program, request->argv, request->envp);
		if (error != 0 && (errno == ENOENT || errno == ENOTDIR))
			continue;
		error = errno;
		found = *program;
		if (error != EACCES && error != ENOENT && error != ENOTDIR)
			break;
	}
	child->failure.program = found;
	refuse(child, STEP_EXEC, error);
}

/* Before all else: until then what is done to an fd is done to ours. */
IN_CHILD static bool take_fds(struct child *child)
{
	return !child->above ||
	       good(child, STEP_SPAWN, syscall(SYS_close_range, child->above, ~0U, WINDOW_UNSHARE));
}

IN_CHILD static int child_main(void *argument)
{
	struct child *child = argument;
	sigset_t none;

	note_os_pid(child->request);
	if (take_fds(child) && set_up(child)) {
		sigemptyset(&none);
		if (good(child, STEP_SPAWN, sigprocmask(SIG_SETMASK, &none, NULL)))
			execute(child);
	}
	syscall(SYS_exit_group, 127);
	return 127;
}

/* ---- in the daemon ---- */

int spawner_init(struct spawner *spawner)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = page + STACK_SIZE;
	void *stack = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED)
		return -errno;
	if (mprotect((char *)stack + page, STACK_SIZE, PROT_READ | PROT_WRITE) < 0) {
		int error = errno;

		munmap(stack, size);
		return -error;
	}
	*spawner = (struct spawner){.stack = stack, .stack_size = size};
	return 0;
}

void spawner_fini(struct spawner *spawner)
{
	if (spawner->stack)
		munmap(spawner->stack, spawner->stack_size);
	*spawner = (struct spawner){0};
}

/* Once: sixty-four system calls are too many for every start. */
static void find_resets(struct spawner *spawner)
{
	struct kernel_action action;

	spawner->resets = 0;
	for (int s = 1; s < NSIG; s++) {
		if (s != SIGKILL && s != SIGSTOP &&
		    syscall(SYS_rt_sigaction, s, NULL, &action, sizeof(uint64_t)) == 0 &&
		    action.handler != SIG_DFL)
			spawner->resets |= (uint64_t)1 << (s - 1);
	}
	spawner->looked = true;
}

static int fail(const struct child *child, struct spawn_failure *ret_failure)
{
	*ret_failure = child->failure;
	return -child->failure.error;
}

/* What says that the kernel, or a filter of system calls, does not know the call. */
static bool is_unknown(pid_t result)
{
	return result == -ENOSYS || result == -E2BIG || result == -EINVAL || result == -EPERM;
}

/* The child's OS pid, or 0 with the failure noted. */
static pid_t make_child(struct spawner *spawner, struct child *child)
{
	char *stack = spawner->stack;
	int cgroup_fd = child->request->cgroup_fd;
	int flags = child->above ? CLONE_FILES : 0;
	pid_t os_pid;

	if (cgroup_fd && !spawner->moves) {
		os_pid =
			clone_into(cgroup_fd, flags, stack, spawner->stack_size, child_main, child);
		if (os_pid >= 0)
			return os_pid;
		if (!is_unknown(os_pid)) {
			errno = -os_pid;
			good(child, spawn_is_shortage(errno) ? STEP_SPAWN : STEP_CGROUP, -1);
			return 0;
		}
		spawner->moves = true;
	}
	if (cgroup_fd) {
		/* What is opened from here on it does not see otherwise. */
		child->above = flags = 0;
		child->procs_fd = openat(cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		if (!good(child, STEP_CGROUP, child->procs_fd))
			return 0;
	}
	os_pid = clone(child_main, stack + spawner->stack_size,
		       CLONE_VM | CLONE_VFORK | SIGCHLD | flags, child);
	if (os_pid < 0)
		good(child, STEP_SPAWN, -1);
	if (child->procs_fd >= 0)
		close(child->procs_fd);
	return MAX_OF(os_pid, 0);
}

IN_CHILD static int end_at_once(void *argument)
{
	(void)argument;
	syscall(SYS_exit_group, 0);
	return 0;
}

void spawner_try(struct spawner *spawner, int cgroup_fd)
{
	sigset_t all, old;
	int status = -1;
	pid_t os_pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	os_pid = clone_into(cgroup_fd, 0, spawner->stack, spawner->stack_size, end_at_once, NULL);
	if (os_pid > 0) {
		while (waitpid(os_pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	spawner->moves = os_pid < 0 || status != 0;
}

int spawn(struct spawner *spawner, const struct spawn_request *request, pid_t *ret_os_pid,
	  struct spawn_failure *ret_failure)
{
	struct child child = {.spawner = spawner, .request = request, .procs_fd = -1};
	struct window_view view;
	bool shown = spawner->window && !(request->cgroup_fd && spawner->moves) &&
		     window_show(spawner->window, request, &view);
	sigset_t all, old;
	pid_t os_pid;

	if (!spawner->looked)
		find_resets(spawner);
	if (shown) {
		child.request = &view.request;
		child.above = spawner->window->above;
	}
	if (request->stamp)
		request->stamp->earliest_ns = boot_time();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	os_pid = make_child(spawner, &child);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (shown)
		window_hide(spawner->window, &view);
	if (child.failure.error == 0) {
		*ret_os_pid = os_pid;
		return 0;
	}
	if (os_pid > 0) {
		while (waitpid(os_pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (request->stamp)
		__atomic_store_n(&request->stamp->os_pid, 0, __ATOMIC_RELEASE);
	return fail(&child, ret_failure);
}

bool spawn_is_shortage(int error)
{
	return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}
