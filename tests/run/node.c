/* SPDX-License-Identifier: MIT */

/* The node: its folder, its supd, its puppets. */

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

/* ---- files ---- */

char *node_path(const struct node *n, const char *name)
{
	return keep_printf("%s/%s", n->folder, name);
}

static void put_expanded(struct buf *out, const char *text, const char *word, const char *value)
{
	const char *at;

	while ((at = strstr(text, word))) {
		buf_append(out, text, (size_t)(at - text));
		buf_puts(out, value);
		text = at + strlen(word);
	}
	buf_puts(out, text);
}

char *node_expand(const struct node *n, const char *text)
{
	struct buf first = BUF_INIT, second = BUF_INIT;

	put_expanded(&first, text, "@puppet/", keep_printf("%s/puppet %s/", n->folder, n->folder));
	put_expanded(&second, buf_text(&first), "@folder", n->folder);
	buf_fini(&first);
	return keep(buf_take(&second));
}

void node_write(struct node *n, const char *name, const char *text)
{
	const char *path = node_path(n, name);
	const char *expanded = node_expand(n, text);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	cr_assert_eq(write(fd, expanded, strlen(expanded)), (ssize_t)strlen(expanded));
	close(fd);
}

char *node_read(const struct node *n, const char *name)
{
	int fd = open(node_path(n, name), O_RDONLY | O_CLOEXEC);
	char *text;

	cr_assert_geq(fd, 0, "%s: %s", name, strerror(errno));
	text = read_all(fd);
	close(fd);
	return text;
}

bool node_has_file(const struct node *n, const char *name)
{
	struct stat st;

	return lstat(node_path(n, name), &st) == 0;
}

char *node_service_log(const struct node *n, const char *path)
{
	const char *name = keep_printf("log/services/%s.log", path);

	return node_has_file(n, name) ? node_read(n, name) : keep_printf("%s", "");
}

/* The folder may be used by users who cannot walk to the build folder. */
static void copy_program(struct node *n, const char *name)
{
	char *program = build_path(keep_printf("tests/%s", name));
	int from = open(program, O_RDONLY | O_CLOEXEC);
	int to = open(node_path(n, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	char chunk[65536];
	ssize_t size;

	cr_assert(from >= 0 && to >= 0, "%s: %s", program, strerror(errno));
	while ((size = read(from, chunk, sizeof(chunk))) > 0)
		cr_assert_eq(write(to, chunk, (size_t)size), size);
	fchmod(to, 0755);
	close(from);
	close(to);
}

struct node *node_new(void)
{
	struct node *n = keep(calloc(1, sizeof(*n)));
	const char *tmp = getenv("TMPDIR");
	mode_t mask = umask(0);

	snprintf(n->folder, sizeof(n->folder), "%s/supd-run-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	cr_assert_not_null(mkdtemp(n->folder), "%s: %s", n->folder, strerror(errno));
	n->supd.pidfd = n->journal = -1;
	n->journal_rest = BUF_INIT;
	support_add_node(n);
	cr_assert_eq(chmod(n->folder, 0755), 0);
	cr_assert_eq(mkfifo(node_path(n, "journal"), 0666), 0);
	umask(mask);
	n->journal = open(node_path(n, "journal"), O_RDWR | O_CLOEXEC | O_NONBLOCK);
	cr_assert_geq(n->journal, 0);
	n->socket = node_path(n, "run/control");
	copy_program(n, "puppet");
	return n;
}

void node_forget(struct node *n)
{
	watch_close_all(n);
	client_close(n->client);
	n->client = NULL;
	if (n->journal >= 0)
		close(n->journal);
	buf_fini(&n->journal_rest);
}

void node_become(struct node *n, const char *user)
{
	need_root();
	n->who = person_find(user);
	cr_assert_eq(chown(n->folder, n->who.uid, n->who.gid), 0);
}

void node_config(struct node *n, const char *text)
{
	node_write(n, "supd.conf",
		   keep_printf("[supd]\nrun_dir = @folder/run\nlog_dir = @folder/log\n%s", text));
}

/* ---- supd ---- */

/* A small environment that is the same everywhere, with what sanitizers need. */
static const char *const *node_environment(const struct node *n)
{
	static const char *const handed_on[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"};
	const char **env = keep(calloc(32, sizeof(*env)));
	const char *const *extra = split(n->extra_env ? n->extra_env : "");
	size_t size = 0;

	env[size++] = n->path ? keep_printf("PATH=%s", n->path)
			      : "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	env[size++] = "LANG=C.UTF-8";
	env[size++] = "TZ=UTC";
	env[size++] = "SECRET=not for services";
	env[size++] = keep_printf("HOME=%s", n->folder);
	env[size++] = keep_printf("XDG_RUNTIME_DIR=%s", n->folder);
	env[size++] = keep_printf("XDG_CONFIG_HOME=%s", n->folder);
	env[size++] = keep_printf("XDG_STATE_HOME=%s/state", n->folder);
	for (size_t i = 0; i < ARRAY_LEN(handed_on); i++)
		if (getenv(handed_on[i]))
			env[size++] = keep_printf("%s=%s", handed_on[i], getenv(handed_on[i]));
	for (; *extra; extra++)
		env[size++] = *extra;
	return env;
}

void node_spawn(struct node *n)
{
	program_start(
		&n->supd, &n->who, node_environment(n),
		split(keep_printf("%s -c %s %s", n->program ? n->program : "supd",
				  node_path(n, "supd.conf"), n->extra_args ? n->extra_args : "")));
}

char *node_log(const struct node *n)
{
	return read_all(n->supd.err);
}

static bool node_answers(struct node *n)
{
	struct wire_frame frame;
	uint64_t ref;
	int r;

	if (client_open(n->socket, &n->client) < 0)
		return false;
	client_begin(n->client, "ping", &ref);
	client_end(n->client);
	r = client_receive(n->client, deadline(), &frame);
	cr_assert_eq(r, 0, "ping: %d\n%s", r, node_log(n));
	return true;
}

/* A client_open() that has failed says nothing about when the next one may succeed. */
void node_start(struct node *n)
{
	struct mono until = deadline();

	client_close(n->client);
	n->client = NULL;
	node_spawn(n);
	while (!node_answers(n)) {
		if (wait_readable(n->supd.pidfd, 2))
			cr_assert_fail("supd has ended with status %d:\n%s", program_wait(&n->supd),
				       node_log(n));
		if (deadline().ns - until.ns > (int64_t)PATIENCE * 1000000000)
			cr_assert_fail("supd does not answer:\n%s", node_log(n));
	}
}

struct node *node_run(const char *config)
{
	struct node *n = node_new();

	node_config(n, config);
	node_start(n);
	return n;
}

int node_wait(struct node *n)
{
	int status;

	if (!wait_readable(n->supd.pidfd, -1))
		cr_assert_fail("supd has not ended:\n%s", node_log(n));
	status = program_wait(&n->supd);
	client_close(n->client);
	n->client = NULL;
	return status;
}

void reap_orphans(void)
{
	pid_t list[16];

	for (size_t i = proc_children(getpid(), list, 16); i-- > 0;)
		if (!support_is_supd(list[i]) && proc_state(list[i]) == 'Z')
			waitpid(list[i], NULL, 0);
}

/* The log keeper of a supd that was killed ends by itself, when it has written what it has. */
static void await_keepers(void)
{
	pid_t list[16];

	for (size_t i = proc_keepers(getpid(), list, 16); i-- > 0;) {
		proc_wait_state(list[i], 'Z');
		waitpid(list[i], NULL, 0);
	}
}

static void check_no_process(const struct node *n)
{
	pid_t list[16];
	size_t count = proc_children(getpid(), list, ARRAY_LEN(list));

	for (size_t i = 0; i < count; i++)
		if (!support_is_supd(list[i]))
			cr_assert_fail("process %d (%s) is left, in state %c, by supd:\n%s",
				       (int)list[i], proc_words(list[i]), proc_state(list[i]),
				       node_log(n));
}

static void check_no_file(const struct node *n)
{
	DIR *folder = opendir(node_path(n, "run"));
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			cr_assert_fail("run_dir still holds %s", entry->d_name);
	if (folder)
		closedir(folder);
}

void node_check_nothing_left(struct node *n)
{
	const char *log = node_log(n);

	await_keepers();
	check_no_process(n);
	check_no_file(n);
	if (strstr(log, "Sanitizer") || strstr(log, "runtime error:"))
		cr_assert_fail("a sanitizer complains:\n%s", log);
}

void node_end(struct node *n)
{
	int status;

	kill(n->supd.os_pid, SIGTERM);
	status = node_wait(n);
	cr_assert_eq(status, 0, "supd has ended with status %d:\n%s", status, node_log(n));
	node_check_nothing_left(n);
}

/* ---- puppets ---- */

void order(struct node *n, const char *puppet, const char *text)
{
	const char *path = node_path(n, keep_printf("%s.orders", puppet));
	mode_t mask = umask(0);
	int fd;

	if (mkfifo(path, 0666) < 0)
		cr_assert_eq(errno, EEXIST, "%s: %s", path, strerror(errno));
	umask(mask);
	/* Opened for both, it takes orders also where nobody reads yet; kept open, it keeps them.
	 */
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	cr_assert_gt(dprintf(fd, "%s\n", text), 0);
	/* Where a puppet has it open too, the order is safe, and else fd stays for the test's life.
	 */
}

/* One more line of the journal; false at the deadline. */
static bool journal_read(struct node *n)
{
	char *end;

	while (!(end = memchr(buf_text(&n->journal_rest), '\n', n->journal_rest.size))) {
		char chunk[4096];
		ssize_t size;

		if (!wait_readable(n->journal, -1))
			return false;
		size = read(n->journal, chunk, sizeof(chunk));
		if (size > 0)
			buf_append(&n->journal_rest, chunk, (size_t)size);
	}
	lines_add(&n->heard, strndup(n->journal_rest.data, (size_t)(end - n->journal_rest.data)));
	buf_consume(&n->journal_rest, (size_t)(end + 1 - n->journal_rest.data));
	return true;
}

const char *journal_until(struct node *n, const char *pattern)
{
	const char *line;

	while (!(line = lines_find(&n->heard, pattern)))
		if (!journal_read(n))
			cr_assert_fail("the journal has no \"%s\": %s\n%s", pattern,
				       lines_join(&n->heard), node_log(n));
	return line;
}

const char *journal_find(struct node *n, const char *pattern)
{
	size_t next = n->heard.next;
	const char *line;

	n->heard.next = 0;
	line = journal_until(n, pattern);
	n->heard.next = next > n->heard.next ? next : n->heard.next;
	return line;
}

/* What stands in the FIFO already counts. */
static void journal_drain(struct node *n)
{
	while (memchr(buf_text(&n->journal_rest), '\n', n->journal_rest.size) ||
	       wait_readable(n->journal, 0))
		cr_assert(journal_read(n));
}

size_t journal_count(struct node *n, const char *pattern)
{
	journal_drain(n);
	return lines_count(&n->heard, pattern);
}

bool journal_is_before(struct node *n, const char *first, const char *second)
{
	bool found = false;

	journal_drain(n);
	for (size_t i = 0; i < n->heard.n; i++) {
		if (fnmatch(first, n->heard.line[i], 0) == 0)
			found = true;
		else if (fnmatch(second, n->heard.line[i], 0) == 0)
			return found;
	}
	cr_assert_fail("neither \"%s\" nor \"%s\": %s", first, second, lines_join(&n->heard));
	return false;
}

const char *report_get(const struct node *n, const char *file, const char *key)
{
	char *text = node_read(n, file);
	size_t size = strlen(key);

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, key, size) == 0 && (line[size] == ' ' || !line[size]))
			return line[size] ? line + size + 1 : "";
	return NULL;
}

/* ---- supctl ---- */

static void supctl_start(struct node *n, struct program *p, const struct person *who,
			 const char *words)
{
	const char *asan = getenv("ASAN_OPTIONS");
	const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LANG=C.UTF-8",
		"TZ=UTC",
		keep_printf("SUP_SOCKET=%s", n->socket),
		keep_printf("ASAN_OPTIONS=%s%sdetect_leaks=%d", asan ? asan : "", asan ? ":" : "",
			    n->finds_leaks),
		NULL,
	};

	program_start(p, who, env, split(node_expand(n, keep_printf("supctl %s", words))));
}

static void check_no_sanitizer(const struct output *output)
{
	if (strstr(output->err, "Sanitizer") || strstr(output->err, "runtime error:"))
		cr_assert_fail("a sanitizer complains:\n%s", output->err);
}

struct output supctl_as(struct node *n, const struct person *who, const char *words)
{
	struct program p;
	struct output output;

	supctl_start(n, &p, who, words);
	output = program_end(&p);
	check_no_sanitizer(&output);
	return output;
}

PRINTF(1, 0)
static char *format_words(const char *format, va_list args)
{
	char *words = NULL;

	cr_assert_geq(vasprintf(&words, format, args), 0);
	return keep(words);
}

struct output supctl(struct node *n, const char *format, ...)
{
	static const struct person self;
	va_list args;
	char *words;

	va_start(args, format);
	words = format_words(format, args);
	va_end(args);
	return supctl_as(n, &self, words);
}

void supctl_begin(struct node *n, struct program *p, const char *words)
{
	static const struct person self;

	supctl_start(n, p, &self, words);
}

char *ctl(struct node *n, const char *format, ...)
{
	struct output output;
	va_list args;
	char *words;

	va_start(args, format);
	words = format_words(format, args);
	va_end(args);
	output = supctl(n, "%s", words);
	cr_assert(output.status == 0 && !*output.err, "supctl %s: status %d: %s\n%s", words,
		  output.status, output.err, node_log(n));
	return output.out;
}

char *ctl_fails(struct node *n, int status, const char *format, ...)
{
	struct output output;
	va_list args;
	char *words;

	va_start(args, format);
	words = format_words(format, args);
	va_end(args);
	output = supctl(n, "%s", words);
	cr_assert_eq(output.status, status, "supctl %s: status %d, not %d: %s%s", words,
		     output.status, status, output.out, output.err);
	return output.err;
}
