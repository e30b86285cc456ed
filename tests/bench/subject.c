/* SPDX-License-Identifier: MIT */

#include "tests/bench/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* However slow the machine: what takes longer has failed. */
#define LIMIT_SECONDS 120

extern char **environ;

void die(const char *format, ...)
{
	va_list args;

	fputs("bench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

pid_t run_program(const char *const *argv, const char *out)
{
	int fd = open(out, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t pid;

	if (fd < 0 || null < 0)
		die("%s: %s", out, strerror(errno));
	pid = vfork();
	if (pid == 0) {
		dup2(null, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		execvp(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
	if (pid < 0)
		die("vfork: %s", strerror(errno));
	close(null);
	close(fd);
	return pid;
}

void write_file(const char *path, const char *format, ...)
{
	FILE *file = fopen(path, "w");
	va_list args;

	if (!file)
		die("%s: %s", path, strerror(errno));
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	if (fclose(file) != 0)
		die("%s: %s", path, strerror(errno));
}

void descendants_end(void)
{
	char path[64], os_pids[65536];
	FILE *file;
	char *at;
	long os_pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	do {
		file = fopen(path, "r");
		at = file && fgets(os_pids, sizeof(os_pids), file) ? os_pids : NULL;
		while (at && (os_pid = strtol(at, &at, 10)) > 0)
			kill((pid_t)os_pid, SIGKILL);
		if (file)
			fclose(file);
	} while (waitpid(-1, NULL, 0) > 0 || errno != ECHILD);
}

/* ---- the board ---- */

static void board_make(struct subject *s)
{
	char path[300];
	void *map;
	int fd;

	snprintf(path, sizeof(path), "%s/board", s->dir);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || ftruncate(fd, BOARD_SIZE) < 0)
		die("%s: %s", path, strerror(errno));
	map = mmap(NULL, BOARD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (map == MAP_FAILED)
		die("%s: %s", path, strerror(errno));
	close(fd);
	s->board = map;
}

/* Instances are counted from 1. */
static struct board_cell *board_cell(const struct subject *s, uint32_t i)
{
	return (struct board_cell *)((uintptr_t)s->board + BOARD_CELLS) + i + s->instances;
}

void subject_expect(struct subject *s, uint32_t more)
{
	struct board_head *head = s->board;

	__atomic_store_n(&head->done, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&head->wanted, head->arrived + more, __ATOMIC_SEQ_CST);
}

static bool has_ended(const struct subject *s)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_PID, (id_t)s->os_pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	       info.si_pid != 0;
}

/* What it said, for want of an explanation. */
static void show_log(const struct subject *s)
{
	char path[300], text[4096];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/log", s->dir);
	file = fopen(path, "r");
	size = file ? fread(text, 1, sizeof(text), file) : 0;
	fwrite(text, 1, size, stderr);
	if (file)
		fclose(file);
}

void subject_await(struct subject *s)
{
	struct board_head *head = s->board;
	struct timespec second = {.tv_sec = 1};

	for (int i = 0; !__atomic_load_n(&head->done, __ATOMIC_SEQ_CST); i++) {
		if (i == LIMIT_SECONDS || has_ended(s)) {
			show_log(s);
			die("%s: %u services had come up, %u were to; %s", s->kind->name,
			    head->arrived, head->wanted,
			    has_ended(s) ? "it has ended" : "it takes too long");
		}
		syscall(SYS_futex, &head->done, FUTEX_WAIT, 0, &second, NULL, 0);
	}
}

static int64_t board_last(const struct subject *s)
{
	int64_t last = 0;

	for (uint32_t i = 0; i < s->n; i++)
		if (board_cell(s, i)->at > last)
			last = board_cell(s, i)->at;
	return last;
}

pid_t subject_service(const struct subject *s, uint32_t i)
{
	return board_cell(s, i)->os_pid;
}

/* ---- life ---- */

void subject_prepare(struct subject *s, struct bench *b, const struct subject_kind *kind)
{
	s->kind = kind;
	s->bench = b;
	snprintf(s->dir, sizeof(s->dir), "%s/%s-%u", b->dir, kind->name, ++b->serial);
	if (mkdir(s->dir, 0755) < 0)
		die("%s: %s", s->dir, strerror(errno));
	board_make(s);
	if (kind->prepare)
		kind->prepare(s);
}

double subject_start(struct subject *s)
{
	const char *argv[16];
	char log[300];

	snprintf(log, sizeof(log), "%s/log", s->dir);
	s->kind->command(s, argv);
	subject_expect(s, s->n);
	s->started = now_ns();
	s->os_pid = run_program(argv, log);
	subject_await(s);
	return (double)(board_last(s) - s->started);
}

double subject_kill_one(struct subject *s, uint32_t i)
{
	int64_t at;

	subject_expect(s, 1);
	at = now_ns();
	if (kill(subject_service(s, i), SIGKILL) < 0)
		die("%s: service %u is not there", s->kind->name, i);
	subject_await(s);
	return (double)(board_cell(s, i)->at - at);
}

double subject_kill_all(struct subject *s)
{
	pid_t *os_pids = calloc(s->n, sizeof(*os_pids));
	int64_t at;

	if (!os_pids)
		die("no memory");
	for (uint32_t i = 0; i < s->n; i++)
		os_pids[i] = subject_service(s, i);
	subject_expect(s, s->n);
	at = now_ns();
	for (uint32_t i = 0; i < s->n; i++)
		kill(os_pids[i], SIGKILL);
	subject_await(s);
	free(os_pids);
	return (double)(board_last(s) - at);
}

double subject_stop(struct subject *s)
{
	int64_t at = now_ns();
	int status;

	kill(s->os_pid, s->kind->stop_signal);
	if (waitpid(s->os_pid, &status, 0) < 0)
		die("%s: %s", s->kind->name, strerror(errno));
	at = now_ns() - at;
	munmap(s->board, BOARD_SIZE);
	return (double)at;
}
