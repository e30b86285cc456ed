/* SPDX-License-Identifier: MIT */

/* One supd: started, connected to, ended, and looked after whether anything of it is left. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/otp/daemon.h"

#define LAST_WORDS 2000

struct mono daemon_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (struct mono){(int64_t)t.tv_sec * 1000000000 + t.tv_nsec};
}

struct mono daemon_deadline(void)
{
	return mono_add(daemon_now(), SPAN_S(PATIENCE));
}

/* ---- its log ---- */

int node_fail(const struct node *node, const char *format, ...)
{
	char words[LAST_WORDS + 1];
	struct stat st;
	va_list args;
	ssize_t n = 0;

	fprintf(stderr, "otp: %s: ", node->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	if (node->log >= 0 && fstat(node->log, &st) == 0)
		n = pread(node->log, words, LAST_WORDS,
			  st.st_size > LAST_WORDS ? st.st_size - LAST_WORDS : 0);
	if (n > 0)
		fprintf(stderr, "the end of supd's log:\n%.*s\n", (int)n, words);
	return -1;
}

bool node_next_line(struct node *node, struct buf *line)
{
	struct buf *rest = &node->log_rest;
	char chunk[8192];
	char *end;
	ssize_t n;

	while (!(end = rest->size ? memchr(rest->data, '\n', rest->size) : NULL)) {
		n = pread(node->log, chunk, sizeof(chunk), node->log_at);
		if (n <= 0)
			return false;
		node->log_at += n;
		buf_append(rest, chunk, (size_t)n);
	}
	buf_clear(line);
	buf_append(line, rest->data, (size_t)(end - rest->data));
	buf_consume(rest, (size_t)(end - rest->data) + 1);
	return true;
}

void node_get_field(const char *line, const char *key, char *text, size_t size)
{
	char start[32];
	const char *at;
	size_t n = 0;

	snprintf(start, sizeof(start), "\"%s\":\"", key);
	at = strstr(line, start);
	if (at)
		at += strlen(start);
	while (at && *at && *at != '"' && n + 1 < size) {
		if (*at == '\\' && at[1])
			at++;
		text[n++] = *at++;
	}
	text[n] = '\0';
}

static int node_check_log(const struct node *node)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	char chunk[8192];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(node->log, chunk, sizeof(chunk), at)) > 0) {
		buf_append(&text, chunk, (size_t)n);
		at += n;
	}
	if (strstr(buf_text(&text), "Sanitizer") || strstr(buf_text(&text), "runtime error:")) {
		fputs(buf_text(&text), stderr);
		return node_fail(node, "a sanitizer complains");
	}
	return 0;
}

/* ---- its start ---- */

_Noreturn static void node_exec(const char *program, int log)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	dup2(null, 0);
	dup2(log, 1);
	dup2(log, 2);
	signal(SIGPIPE, SIG_DFL);
	/* Whatever ends the scenario's process ends it too, in order. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execl(program, "supd", "-c", "supd.conf", (char *)NULL);
	fprintf(stderr, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

static int node_spawn(struct node *node)
{
	char program[PATH_MAX];
	int log = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	pid_t self = getpid();

	node->log = open("log", O_RDONLY | O_CLOEXEC);
	if (daemon_program("../supd", program) < 0 || log < 0 || node->log < 0)
		return node_fail(node, "supd can not be started here: %s", strerror(errno));
	fflush(NULL);
	node->os_pid = fork();
	if (node->os_pid == 0 && getppid() == self)
		node_exec(program, log);
	if (node->os_pid == 0)
		_exit(127);
	close(log);
	if (node->os_pid < 0) {
		node->os_pid = 0;
		return node_fail(node, "fork: %s", strerror(errno));
	}
	node->pidfd = (int)syscall(SYS_pidfd_open, node->os_pid, 0);
	return node->pidfd < 0 ? node_fail(node, "pidfd_open: %s", strerror(errno)) : 0;
}

static int node_write_config(struct node *node, const struct buf *config)
{
	FILE *file = fopen("supd.conf", "we");
	bool good = file && fwrite(config->data, 1, config->size, file) == config->size;

	if (file && fclose(file) != 0)
		good = false;
	return good && !config->error ? 0 : node_fail(node, "supd.conf: %s", strerror(errno));
}

static bool node_ends_within(const struct node *node, int ms)
{
	struct pollfd p = {.fd = node->pidfd, .events = POLLIN};

	return poll(&p, 1, ms) > 0;
}

int node_open(struct node *node, const char *name, const struct buf *config)
{
	struct mono until = daemon_deadline();

	*node = (struct node){.name = name, .pidfd = -1, .log = -1};
	if (node_write_config(node, config) < 0 || node_spawn(node) < 0)
		return -1;
	/* A client_open() that has failed says nothing about when the next one may succeed. */
	while (client_open("run/control", &node->client) < 0) {
		if (node_ends_within(node, 2))
			return node_wait(node);
		if (daemon_deadline().ns - until.ns > SPAN_S(PATIENCE).ns)
			return node_fail(node, "supd does not answer");
	}
	return 0;
}

/* ---- its end ---- */

int node_wait(struct node *node)
{
	int status;

	if (!node->os_pid)
		return 0;
	if (!node_ends_within(node, PATIENCE * 1000))
		return node_fail(node, "supd does not end");
	if (waitpid(node->os_pid, &status, 0) != node->os_pid)
		return node_fail(node, "waitpid: %s", strerror(errno));
	node->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	node->os_pid = 0;
	client_close(node->client);
	node->client = NULL;
	return 0;
}

/* It, and the services that are orphans then, and so our own children. */
static void node_kill(struct node *node)
{
	pid_t list[64];
	size_t n;

	if (node->os_pid > 0)
		kill(node->os_pid, SIGKILL);
	while ((n = jobs_children(list, ARRAY_LEN(list)))) {
		for (size_t i = 0; i < n; i++)
			kill(list[i], SIGKILL);
		if (waitpid(-1, NULL, 0) < 0)
			break;
	}
	node->os_pid = 0;
}

static int node_end(struct node *node)
{
	pid_t left;

	if (node->os_pid) {
		kill(node->os_pid, SIGTERM);
		if (node_wait(node) < 0)
			return -1;
		if (node->status != 0)
			return node_fail(node, "supd has ended with status %d after SIGTERM",
					 node->status);
	}
	if (jobs_children(&left, 1))
		return node_fail(node, "supd has left the process %d", (int)left);
	if (access("run", F_OK) == 0)
		return node_fail(node, "supd has left its run_dir");
	return node_check_log(node);
}

int node_close(struct node *node)
{
	int r = node->log >= 0 ? node_end(node) : 0;

	node_kill(node);
	client_close(node->client);
	if (node->pidfd >= 0)
		close(node->pidfd);
	if (node->log >= 0)
		close(node->log);
	buf_fini(&node->log_rest);
	*node = (struct node){.pidfd = -1, .log = -1};
	return r;
}
