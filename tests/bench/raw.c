/* SPDX-License-Identifier: MIT */

/*
 * The raw loop: what supervision costs at the least. It starts N services with vfork and exec,
 * sleeps in waitid, and starts whichever ends again. SIGTERM ends all of them, the last one first,
 * and then the loop.
 *
 *     bench-raw one|all N SERVICE BOARD
 *
 *   one   at the end: kill, waitid, the next one
 *   all   at the end: kill all, waitid all
 */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* What the signal handler needs. */
static struct {
	pid_t *os_pids;
	long n;
	bool all;
	volatile sig_atomic_t is_starting; /* a process is there, and its OS pid not yet */
	volatile sig_atomic_t is_over;
} fleet;

/* The last one first. */
static void end(void)
{
	siginfo_t info;

	for (long i = fleet.n - 1; i >= 0; i--) {
		kill(fleet.os_pids[i], SIGTERM);
		if (!fleet.all)
			waitid(P_PID, (id_t)fleet.os_pids[i], &info, WEXITED);
	}
	while (waitid(P_ALL, 0, &info, WEXITED) == 0) {
	}
	_exit(0);
}

static void on_term(int unix_signal)
{
	(void)unix_signal;
	fleet.is_over = 1;
	if (!fleet.is_starting)
		end();
}

static void start(const char *service, const char *board, long i)
{
	char index[24];
	char *argv[4];
	pid_t pid;

	snprintf(index, sizeof(index), "%ld", i);
	argv[0] = (char *)(uintptr_t)service;
	argv[1] = (char *)(uintptr_t)board;
	argv[2] = index;
	argv[3] = NULL;
	fleet.is_starting = 1;
	pid = vfork();
	if (pid == 0) {
		execve(service, argv, environ);
		_exit(127);
	}
	if (pid < 0)
		_exit(1);
	fleet.os_pids[i] = pid;
	fleet.is_starting = 0;
	if (fleet.is_over)
		end();
}

static long find(pid_t os_pid)
{
	long i = 0;

	while (i < fleet.n && fleet.os_pids[i] != os_pid)
		i++;
	return i;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_term};
	siginfo_t info;
	long i;

	if (argc != 5)
		return 2;
	fleet.all = strcmp(argv[1], "all") == 0;
	fleet.n = atol(argv[2]);
	fleet.os_pids = calloc((size_t)fleet.n, sizeof(*fleet.os_pids));
	if (!fleet.os_pids)
		return 1;
	sigaction(SIGTERM, &action, NULL);
	for (i = 0; i < fleet.n; i++)
		start(argv[3], argv[4], i);
	while (waitid(P_ALL, 0, &info, WEXITED) == 0 || errno == EINTR) {
		i = find(info.si_pid);
		if (i < fleet.n)
			start(argv[3], argv[4], i);
	}
	return 1;
}
