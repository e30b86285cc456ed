/* SPDX-License-Identifier: MIT */

/*
 * The bare loops, supd and its peers as keepers of logs, and one run of any. The end is seen on the
 * files, which are looked at each millisecond, where the keeper goes on for ever, and also of the
 * bare loops, which are held against it; the other peers end with their input.
 */

#include "tests/bench/logger.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/writer.h"

#define LIMIT_NS INT64_C(300000000000)
#define LOOK_US 1000

const struct logger logger_splice = {.name = "splice", .how = LOGGER_LOOP, .current = "current"};
const struct logger logger_cat = {.name = "cat", .how = LOGGER_LOOP, .current = "current"};
/* "2026-11-30T20:37:10.123456Z " */
const struct logger logger_supd_raw = {
	.name = "supd", .how = LOGGER_OWNER, .settings = "raw", .current = ".log"};
const struct logger logger_supd_text = {.name = "supd, with times",
					.how = LOGGER_OWNER,
					.settings = "text",
					.current = ".log",
					.stamp = 28};

#define ROTATION "s" LOGGER_SIZE, "n" LOGGER_FILES

static const struct logger svlogd = {.name = "svlogd",
				     .program = "svlogd",
				     .how = LOGGER_PIPE,
				     .options = {"@"},
				     .settings = "s" LOGGER_SIZE "\nn" LOGGER_FILES "\n",
				     .current = "current"};
static const struct logger svlogd_text = {.name = "svlogd, with times",
					  .program = "svlogd",
					  .how = LOGGER_PIPE,
					  .options = {"-tt", "@"},
					  .settings = "s" LOGGER_SIZE "\nn" LOGGER_FILES "\n",
					  .current = "current"};
static const struct logger s6_log = {.name = "s6-log",
				     .program = "s6-log",
				     .how = LOGGER_PIPE,
				     .options = {ROTATION, "@"},
				     .current = "current"};
static const struct logger s6_log_text = {.name = "s6-log, with times",
					  .program = "s6-log",
					  .how = LOGGER_PIPE,
					  .options = {ROTATION, "T", "@"},
					  .current = "current"};
static const struct logger multilog = {.name = "multilog",
				       .program = "multilog",
				       .how = LOGGER_PIPE,
				       .options = {ROTATION, "@"},
				       .current = "current"};
static const struct logger multilog_text = {.name = "multilog, with times",
					    .program = "multilog",
					    .how = LOGGER_PIPE,
					    .options = {"t", ROTATION, "@"},
					    .current = "current"};
static const struct logger supervisord = {.name = "supervisord",
					  .program = "supervisord",
					  .how = LOGGER_OWNER,
					  .current = ".log",
					  .numbered = true};

const struct logger *const logger_peers[] = {&s6_log,   &s6_log_text,   &svlogd,      &svlogd_text,
					     &multilog, &multilog_text, &supervisord, NULL};

bool logger_is_there(const struct logger *logger)
{
	const char *path = getenv("PATH");
	char full[512];

	while (logger->program && path && *path) {
		size_t size = strcspn(path, ":");

		snprintf(full, sizeof(full), "%.*s/%s", (int)size, path, logger->program);
		if (access(full, X_OK) == 0)
			return true;
		path += size + (path[size] == ':');
	}
	return !logger->program;
}

/* ---- writers ---- */

struct writers *writers_make(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	void *map = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof(struct writers)) == 0)
		map = mmap(NULL, sizeof(struct writers), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("%s: %s", path, strerror(errno));
	close(fd);
	return map;
}

int64_t writers_begin(struct writers *writers, uint32_t n)
{
	const int64_t limit = now_ns() + LIMIT_NS;
	int64_t began;

	while (__atomic_load_n(&writers->ready, __ATOMIC_SEQ_CST) < n) {
		if (now_ns() > limit)
			die("%u of %u writers have come", writers->ready, n);
		usleep(LOOK_US);
	}
	/* They sleep by now, and so does whatever has started them. */
	usleep(20000);
	began = now_ns();
	__atomic_store_n(&writers->go, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &writers->go, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	return began;
}

/* ---- a run ---- */

struct run {
	const struct logger *logger;
	const struct logger_run *what;
	struct bench *bench;
	struct writers *writers;
	char dir[300], board[320], folder[340];
	pid_t keeper, writer; /* 0: it is the keeper's */
};

static pid_t fork_with(int in, int out)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		if (in >= 0)
			dup2(in, STDIN_FILENO);
		if (out >= 0)
			dup2(out, STDOUT_FILENO);
	}
	return pid;
}

static void start_writer(struct run *r, int out)
{
	char program[PATH_MAX], lines[16];
	const char *const argv[] = {program, r->board, "0", lines, r->what->how, NULL};

	snprintf(program, sizeof(program), "%s/tests/bench-writer", r->bench->build);
	snprintf(lines, sizeof(lines), "%u", r->what->lines);
	r->writer = fork_with(-1, out);
	if (r->writer == 0) {
		execv(program, (char **)(uintptr_t)argv);
		_exit(127);
	}
}

/* What splice moves at a time is what is in the pipe. */
static void splice_all(void)
{
	close_range(STDERR_FILENO + 1, ~0U, 0);
	while (splice(STDIN_FILENO, NULL, STDOUT_FILENO, NULL, 1 << 20, SPLICE_F_MOVE) > 0)
		;
	_exit(0);
}

static void start_loop(struct run *r, int in)
{
	char path[400];
	int out;

	snprintf(path, sizeof(path), "%s/current", r->folder);
	out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (out < 0)
		die("%s: %s", path, strerror(errno));
	r->keeper = fork_with(in, out);
	if (r->keeper == 0 && r->logger == &logger_splice)
		splice_all();
	if (r->keeper == 0) {
		execlp("cat", "cat", (char *)NULL);
		_exit(127);
	}
	close(out);
}

static void start_program(struct run *r, int in)
{
	const char *argv[10] = {r->logger->program};
	char path[400];

	for (size_t i = 0; i < 8 && r->logger->options[i]; i++)
		argv[1 + i] =
			strcmp(r->logger->options[i], "@") == 0 ? r->folder : r->logger->options[i];
	if (r->logger->settings) {
		snprintf(path, sizeof(path), "%s/config", r->folder);
		write_file(path, "%s", r->logger->settings);
	}
	r->keeper = fork_with(in, -1);
	if (r->keeper == 0) {
		execvp(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
}

static void start_piped(struct run *r)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		die("pipe: %s", strerror(errno));
	if (r->logger->how == LOGGER_LOOP)
		start_loop(r, fds[0]);
	else
		start_program(r, fds[0]);
	start_writer(r, fds[1]);
	close(fds[0]);
	close(fds[1]);
}

static void write_supervisord(const struct run *r, const char *path)
{
	write_file(path,
		   "[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\n"
		   "pidfile=%s/pid\nchildlogdir=%s\nuser=%d\n"
		   "[program:w0]\ncommand=%s/tests/bench-writer %s 0 %u %s\nstartsecs=0\n"
		   "autorestart=false\nstdout_logfile=%s/w0.log\n"
		   "stdout_logfile_maxbytes=" LOGGER_SIZE "\nstdout_logfile_backups=" LOGGER_FILES
		   "\nstderr_logfile=NONE\n",
		   r->dir, r->dir, (int)getuid(), r->bench->build, r->board, r->what->lines,
		   r->what->how, r->folder);
}

static void write_supd(const struct run *r, const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		die("%s: %s", path, strerror(errno));
	fprintf(file,
		"[supd]\nrun_dir = %s/run\nlog_dir = %s/logs\ncgroup = no\n[defaults]\n"
		"mailbox = none\nrestart = temporary\nlog_format = %s\nlog_size = " LOGGER_SIZE
		"\nlog_files = " LOGGER_FILES "\n",
		r->dir, r->dir, r->logger->settings);
	for (uint32_t i = 0; i < r->what->writers; i++)
		fprintf(file, "[service w%u]\ncommand = %s/tests/bench-writer %s %u %u %s\n", i,
			r->bench->build, r->board, i, r->what->lines, r->what->how);
	if (fclose(file) != 0)
		die("%s: %s", path, strerror(errno));
}

static void start_owner(struct run *r)
{
	char program[PATH_MAX], path[400], out[400];
	const char *const argv[] = {program, "-c", path, NULL};

	snprintf(path, sizeof(path), "%s/conf", r->dir);
	snprintf(out, sizeof(out), "%s/out", r->dir);
	if (r->logger->program) {
		snprintf(program, sizeof(program), "%s", r->logger->program);
		write_supervisord(r, path);
	} else {
		snprintf(program, sizeof(program), "%s/supd", r->bench->build);
		snprintf(r->folder, sizeof(r->folder), "%s/logs/services", r->dir);
		write_supd(r, path);
	}
	r->keeper = run_program(argv, out);
}

static void await_end(const struct run *r)
{
	const int64_t wanted = (int64_t)r->what->writers * r->what->lines *
			       (int64_t)(WRITER_LINE + r->logger->stamp);
	const int64_t limit = now_ns() + LIMIT_NS;
	int status;

	if (r->logger->how == LOGGER_PIPE) {
		if (waitpid(r->keeper, &status, 0) < 0 || status != 0)
			die("%s has failed", r->logger->name);
		return;
	}
	while (logger_size(r->folder) < wanted) {
		if (now_ns() > limit)
			die("%s: %lld of %lld bytes are there", r->logger->name,
			    (long long)logger_size(r->folder), (long long)wanted);
		usleep(LOOK_US);
	}
}

static void end(struct run *r)
{
	if (r->writer)
		waitpid(r->writer, NULL, 0);
	if (r->logger->how == LOGGER_OWNER)
		kill(r->keeper, SIGTERM);
	if (r->logger->how != LOGGER_PIPE)
		waitpid(r->keeper, NULL, 0);
	munmap(r->writers, sizeof(*r->writers));
}

static void remove_files(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

static void check(const struct run *r)
{
	char name[16];

	for (uint32_t i = 0; i < r->what->writers; i++) {
		snprintf(name, sizeof(name), "w%u", i);
		logger_check(r->logger, r->folder, r->logger->how == LOGGER_OWNER ? name : "", i,
			     r->what->lines);
	}
	remove_files(r->folder);
}

double logger_measure(struct bench *b, const struct logger *logger, const struct logger_run *what)
{
	struct run r = {.logger = logger, .what = what, .bench = b};
	int64_t began, ended;

	snprintf(r.dir, sizeof(r.dir), "%s/log-%u", b->dir, ++b->serial);
	snprintf(r.board, sizeof(r.board), "%s/board", r.dir);
	snprintf(r.folder, sizeof(r.folder), "%s/kept", r.dir);
	if (mkdir(r.dir, 0755) < 0 || mkdir(r.folder, 0755) < 0)
		die("%s: %s", r.dir, strerror(errno));
	r.writers = writers_make(r.board);
	if (logger->how == LOGGER_OWNER)
		start_owner(&r);
	else
		start_piped(&r);
	began = writers_begin(r.writers, what->writers);
	await_end(&r);
	ended = now_ns();
	end(&r);
	check(&r);
	return (double)(ended - began);
}
