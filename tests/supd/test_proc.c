/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "supd/proc.h"

Test(proc, ourselves)
{
	struct buf environment CLEANUP(buf_fini) = BUF_INIT;
	struct proc_stat stat;

	cr_assert_eq(proc_stat(getpid(), &stat), 0);
	cr_assert_eq(stat.parent, getppid());
	cr_assert_eq(stat.group, getpgrp());
	cr_assert_eq(stat.session, getsid(0));
	cr_assert_not(stat.dead);
	cr_assert_gt(stat.start_ticks, 0);
	cr_assert_eq(proc_stat(0, &stat), -ESRCH);
	cr_assert_eq(proc_environment(getpid(), &environment), 0);
	cr_assert_str_eq(proc_variable(&environment, "PATH"), getenv("PATH"));
	cr_assert_null(proc_variable(&environment, "PAT"));
	cr_assert_null(proc_variable(&environment, "NO_SUCH_VARIABLE"));
}

Test(proc, cgroup)
{
	struct buf cgroup CLEANUP(buf_fini) = BUF_INIT;
	int r = proc_cgroup(getpid(), &cgroup);

	cr_assert(r == 0 || r == -ENOENT, "%d", r);
	if (r == 0)
		cr_assert_eq(buf_text(&cgroup)[0], '/');
	cr_assert_eq(proc_cgroup(0, &cgroup), -ESRCH);
}

/* What is used grows with use. */
Test(proc, usage)
{
	const size_t size = (size_t)32 * 1024 * 1024;
	struct proc_usage before, after;
	char *memory = malloc(size);

	cr_assert_not_null(memory);
	cr_assert_eq(proc_usage(getpid(), &before), 0);
	cr_assert_gt(before.memory, 4096);
	do {
		memset(memory, 1, size);
		cr_assert_eq(proc_usage(getpid(), &after), 0);
	} while (after.cpu_time.ns == before.cpu_time.ns);
	cr_assert_gt(after.memory, before.memory + (int64_t)size / 2);
	cr_assert_gt(after.cpu_time.ns, before.cpu_time.ns);
	cr_assert_lt(after.cpu_time.ns, SPAN_S(3600).ns);
	cr_assert_eq(proc_usage(0, &after), -ESRCH);
	free(memory);
}

static void *run_on(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* Its first thread ends at once; the other runs on, or there is none. */
static pid_t start_headless(bool other)
{
	pid_t os_pid = fork();
	pthread_t thread;

	cr_assert_geq(os_pid, 0);
	if (os_pid > 0)
		return os_pid;
	if (other)
		pthread_create(&thread, NULL, run_on, NULL);
	syscall(SYS_exit, 0);
	abort();
}

static char state_of(pid_t os_pid)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)os_pid);
	file = fopen(path, "re");
	cr_assert_not_null(file);
	cr_assert_eq(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
	fclose(file);
	return state;
}

/* The kernel calls both a zombie, and one of them works. */
Test(proc, one_whose_first_thread_has_ended_lives)
{
	pid_t dead = start_headless(false), alive = start_headless(true);
	struct proc_stat stat;

	while (state_of(dead) != 'Z' || state_of(alive) != 'Z')
		sched_yield();
	cr_expect_eq(proc_stat(dead, &stat), 0);
	cr_expect(stat.dead);
	cr_expect_eq(proc_stat(alive, &stat), 0);
	cr_expect_not(stat.dead);
	kill(alive, SIGKILL);
	cr_expect_eq(waitpid(alive, NULL, 0), alive);
	cr_expect_eq(waitpid(dead, NULL, 0), dead);
}

struct sought {
	pid_t os_pid;
	int n;
	bool stop;
};

static bool count(void *owner, pid_t os_pid)
{
	struct sought *sought = owner;

	sought->n += sought->os_pid == 0 || os_pid == sought->os_pid;
	return !sought->stop;
}

/* More children than one chunk of the list holds. */
Test(proc, children)
{
	pid_t children[700];
	struct sought all = {0}, one = {0}, first = {.stop = true}, somewhere = {0};

	for (size_t i = 0; i < ARRAY_LEN(children); i++) {
		children[i] = fork();
		if (children[i] == 0) {
			pause();
			_exit(0);
		}
		cr_assert_gt(children[i], 0);
	}
	one.os_pid = somewhere.os_pid = children[699];
	cr_expect_eq(proc_each_child(count, &all), 0);
	cr_expect_eq(all.n, 700);
	cr_expect_eq(proc_each_child(count, &one), 0);
	cr_expect_eq(one.n, 1);
	cr_expect_eq(proc_each_child(count, &first), 0);
	cr_expect_eq(first.n, 1);
	cr_expect_eq(proc_each(count, &somewhere), 0);
	cr_expect_eq(somewhere.n, 1);
	for (size_t i = 0; i < ARRAY_LEN(children); i++)
		cr_assert_eq(kill(children[i], SIGKILL), 0);
	while (wait(NULL) > 0)
		;
}
