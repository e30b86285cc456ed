/* SPDX-License-Identifier: MIT */

/* supctl logs at a real supd, with the real log keeper between them. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

RUN_SUITE(logs_tool);

#define STAY "exec sleep 100000"
/* Writes each line that comes from a FIFO of its name, over restarts, and never ends. */
#define ECHO(name) \
	"command = sh -c 'exec 3<>@folder/" name ".in; while read x <&3; do echo $x; done'\n"

static void pause_a_moment(void)
{
	usleep(5000);
}

static void check_patience(struct mono since, const char *what, const char *actual)
{
	cr_assert_leq(deadline().ns - since.ns, (int64_t)PATIENCE * 1000000000,
		      "still not \"%s\":\n%s", what, actual);
}

/* ---- services that write what they are told ---- */

struct mouth {
	int fd;
};

/* Before supd is started. */
static struct mouth mouth_open(const struct node *n, const char *name)
{
	char *path = node_path(n, keep_printf("%s.in", name));
	struct mouth m;

	cr_assert_eq(mkfifo(path, 0666), 0);
	m.fd = open(path, O_RDWR | O_CLOEXEC);
	cr_assert_geq(m.fd, 0);
	return m;
}

static void say(struct mouth m, const char *format, ...) PRINTF(2, 3);

static void say(struct mouth m, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cr_assert_gt(vdprintf(m.fd, format, args), 0);
	va_end(args);
}

/* What supctl prints, once that is in it. */
static char *until(struct node *n, const char *words, const char *text)
{
	struct mono since = deadline();
	char *out;

	while (!strstr(out = ctl(n, "%s", words), text)) {
		check_patience(since, text, out);
		pause_a_moment();
	}
	return out;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void check_before(const char *text, const char *first, const char *second)
{
	const char *a = strstr(text, first), *b = strstr(text, second);

	cr_assert(a && b && a < b, "\"%s\" and \"%s\" in:\n%s", first, second, text);
}

/* ---- what is meant ---- */

static const char tree[] =
	"[supervisor web]\n"
	"[service web/a]\n" ECHO("a") "[service web/b]\nlog_format = json\n" ECHO(
		"b") "[service c]\nlog_format = raw\n" ECHO("c") "[service job]\ninstances = 2\n"
								 "command = sh -c 'echo job %i "
								 "here; " STAY "'\n";

/* One after the other: the keeper has the second only when the first has its time. */
static struct node *three(struct mouth ret_mouths[3])
{
	static const char *const names[] = {"a", "b", "c"};
	struct node *n = node_new();

	for (int i = 0; i < 3; i++)
		ret_mouths[i] = mouth_open(n, names[i]);
	node_config(n, tree);
	node_start(n);
	sync_tree(n);
	say(ret_mouths[0], "a one\n");
	until(n, "logs web/a", "a one");
	say(ret_mouths[1], "b one\n");
	until(n, "logs web/b", "b one");
	say(ret_mouths[0], "a two\n");
	until(n, "logs web/a", "a two");
	say(ret_mouths[2], "c one\n");
	until(n, "logs c", "c one");
	until(n, "logs job@", "job 1 here");
	until(n, "logs job@", "job 2 here");
	return n;
}

/* The others are shown all the same; what is shown. */
static char *one_is_missing(struct node *n, const char *words)
{
	struct output output = supctl(n, "logs %s", words);

	cr_expect_eq(output.status, 3, "%s: %s", words, output.err);
	cr_expect_not_null(strstr(output.err, "nobody: "), "%s", output.err);
	return output.out;
}

Test(logs_tool, paths)
{
	struct mouth m[3];
	struct node *n = three(m);
	char *out;

	cr_expect_str_eq(ctl(n, "logs --raw web/a"), "a one\na two\n");
	out = ctl(n, "logs web");
	check_before(out, "web/a | ", "web/b | ");
	check_before(out, "a one", "b one");
	check_before(out, "b one", "a two");
	cr_expect_eq(count(out, "\n"), 3, "%s", out);
	cr_expect_eq(count(ctl(n, "logs job@"), " here\n"), 2);
	cr_expect_str_eq(ctl(n, "logs --raw job@2"), "job 2 here\n");
	out = ctl(n, "logs supd");
	cr_expect_not_null(strstr(out, "info     web/a   running, OS pid "), "%s", out);
	cr_expect_null(strstr(out, "a one"), "%s", out);
	out = ctl(n, "logs");
	check_before(out, "running, OS pid", "a one");
	check_before(out, "a two", "c     | c one\n");
	cr_expect_eq(count(out, " here\n"), 2, "%s", out);
	ctl_fails(n, 3, "logs nobody");
	ctl_fails(n, 3, "logs nobody@");
	cr_expect_str_eq(one_is_missing(n, "--raw nobody web/b"), "b one\n");
	cr_expect_str_eq(one_is_missing(n, "--raw web/b nobody"), "b one\n");
	cr_expect_str_eq(one_is_missing(n, "--raw --dir @folder/log web/b nobody"), "b one\n");
	cr_expect_not_null(strstr(one_is_missing(n, "--rotate nobody c"), "c "));
	node_end(n);
}

Test(logs_tool, choices)
{
	struct mouth m[3];
	struct node *n = three(m);
	char *out;

	out = ctl(n, "logs -n 2 web");
	cr_expect_null(strstr(out, "a one"), "%s", out);
	check_before(out, "b one", "a two");
	cr_expect_str_eq(ctl(n, "logs --raw --grep '^a (one|three)$' web/a"), "a one\n");
	cr_expect_str_eq(ctl(n, "logs --raw --grep A.TWO -i web/a"), "a two\n");
	cr_expect_str_eq(ctl(n, "logs --raw --since 1h web/a"), "a one\na two\n");
	cr_expect_str_eq(ctl(n, "logs --until 1h web"), "");
	cr_expect_str_eq(ctl(n, "logs --raw web/b"), "b one\n");
	out = ctl(n, "logs --json web c");
	cr_expect_eq(json_check_lines(out), 4, "%s", out);
	cr_expect_not_null(strstr(out, ",\"name\":\"web/b\",\"line\":\"b one\"}\n"), "%s", out);
	cr_expect_eq(count(out, "\"time\":\"20"), 3, "%s", out);
	cr_expect_not_null(strstr(out, "{\"time\":null,\"name\":\"c\",\"line\":\"c one\"}\n"), "%s",
			   out);
	node_end(n);
}

/* ---- rotation ---- */

static size_t count_files(const struct node *n, const char *pattern)
{
	return (size_t)atoi(
		shell("ls %s/log/services/%s 2>/dev/null | wc -l", n->folder, pattern).out);
}

Test(logs_tool, rotation)
{
	struct mouth m[3];
	struct node *n = three(m);
	char *out = ctl(n, "logs --rotate web/a");

	cr_expect_not_null(strstr(out, "/log/services/web/a.log.2"), "%s", out);
	cr_expect_eq(count(out, "\n"), 2, "%s", out);
	cr_expect_eq(count_files(n, "web/b.log.*"), 0);
	say(m[0], "a three\n");
	until(n, "logs web/a", "a three");
	cr_expect_str_eq(ctl(n, "logs --raw web/a"), "a one\na two\na three\n");
	out = ctl(n, "logs --rotate");
	cr_expect_not_null(strstr(out, "/log/supd.log.2"), "%s", out);
	cr_expect_not_null(strstr(out, "/log/services/job@2.log.2"), "%s", out);
	cr_expect_eq(count_files(n, "web/a.log.*"), 2);
	cr_expect_str_eq(ctl(n, "logs --raw web/a"), "a one\na two\na three\n");
	cr_expect_str_eq(ctl(n, "logs --raw c"), "c one\n");
	out = ctl(n, "logs");
	check_before(out, "running, OS pid", "a one");
	check_before(out, "b one", "a three");
	node_end(n);
	out = ctl(n, "logs --dir @folder/log --raw web/a");
	cr_expect_str_eq(out, "a one\na two\na three\n");
}

static void check_packed(const char *packing, const char *ending)
{
	struct node *n = node_new();
	struct mouth m = mouth_open(n, "a");
	struct mono since = deadline();

	node_config(n, keep_printf("[service a]\nlog_compress = %s\n" ECHO("a"), packing));
	node_start(n);
	for (int i = 1; i <= 3; i++) {
		say(m, "line %d\n", i);
		until(n, "logs a", keep_printf("line %d\n", i));
		ctl(n, "logs --rotate a");
	}
	say(m, "line 4\n");
	until(n, "logs a", "line 4\n");
	while (count_files(n, keep_printf("a.log.*Z%s", ending)) < 3) {
		check_patience(since, ending, node_log(n));
		pause_a_moment();
	}
	cr_expect_eq(count_files(n, "a.log.*Z"), 0);
	cr_expect_str_eq(ctl(n, "logs --raw a"), "line 1\nline 2\nline 3\nline 4\n");
	cr_expect_str_eq(ctl(n, "logs --raw -n 2 a"), "line 3\nline 4\n");
	cr_expect_str_eq(ctl(n, "logs --raw --grep 2 a"), "line 2\n");
	node_end(n);
}

Test(logs_tool, packed_by_gzip)
{
	check_packed("gzip", ".gz");
}

Test(logs_tool, packed_by_zstd)
{
	check_packed("zstd", ".zst");
}

/* ---- following ---- */

static char *follow_until(const struct program *p, const char *text)
{
	struct mono since = deadline();
	char *out;

	while (!strstr(out = read_all(p->out), text)) {
		check_patience(since, text, out);
		pause_a_moment();
	}
	return out;
}

static void kill_keeper(const struct node *n)
{
	pid_t list[2];

	if (proc_keepers(n->supd.os_pid, list, 2) != 1)
		return;
	kill(list[0], SIGKILL);
	proc_wait_gone(list[0]);
}

/* Without lines that are as the one before. */
static void drop_repeated(char *text)
{
	char *to = text, *last = NULL;
	size_t size;

	for (char *line = text; *line; line += size) {
		size = strcspn(line, "\n");
		size += line[size] != '\0';
		if (last && strncmp(last, line, size) == 0)
			continue;
		last = memmove(to, line, size);
		to += size;
	}
	*to = '\0';
}

/* Whatever happens to service, file and keeper, each line comes once; but that a keeper may have
 * been killed between its write and its commit: then the line is seen, taken back, and written
 * again, and the follower says so. */
static void check_follow(const char *format)
{
	struct node *n = node_new();
	struct mouth m = mouth_open(n, "a");
	struct buf expected = BUF_INIT;
	struct program follower;
	struct output output;

	node_config(n, keep_printf("[service a]\nlog_format = %s\n" ECHO("a"), format));
	node_start(n);
	supctl_begin(n, &follower, "logs -f --raw a");
	for (int i = 0; i < 24; i++) {
		char *line = keep_printf("line %d\n", i);

		say(m, "%s", line);
		buf_puts(&expected, line);
		if (i % 2)
			follow_until(&follower, line);
		if (i % 4 == 1)
			ctl(n, "restart a");
		if (i % 4 == 2)
			ctl(n, "logs --rotate a");
		if (i % 4 == 3)
			kill_keeper(n);
	}
	follow_until(&follower, "line 23\n");
	cr_assert_eq(kill(follower.os_pid, SIGINT), 0);
	output = program_end(&follower);
	if (strstr(output.err, "has become shorter"))
		drop_repeated(output.out);
	else
		cr_expect_str_empty(output.err);
	cr_expect_str_eq(output.out, buf_text(&expected));
	cr_expect_eq(output.status, 128 + SIGINT);
	cr_expect_str_eq(ctl(n, "logs --raw a"), buf_text(&expected));
	node_end(n);
	buf_fini(&expected);
}

Test(logs_tool, following_text)
{
	check_follow("text");
}

Test(logs_tool, following_json)
{
	check_follow("json");
}

Test(logs_tool, following_raw)
{
	check_follow("raw");
}

/* What is added later is followed, too. */
Test(logs_tool, following_what_comes_later)
{
	struct node *n = node_run("[supervisor s]\n");
	struct program follower;

	supctl_begin(n, &follower, "logs -f");
	follow_until(&follower, "ready");
	node_write(n, "late", "echo i am late\n" STAY "\n");
	ctl(n, "add s/late command='sh @folder/late'");
	follow_until(&follower, "i am late\n");
	kill(follower.os_pid, SIGTERM);
	cr_expect_eq(program_end(&follower).status, 128 + SIGTERM);
	node_end(n);
}

/* A copy that has ended is in the tree no more: its supervisor is, and has the log. */
Test(logs_tool, of_copies_that_have_ended)
{
	struct node *n = node_run("[supervisor jobs]\nstrategy = simple_one_for_one\n"
				  "[service jobs/x]\ncommand = sh -c 'echo x was here; read y'\n"
				  "restart = temporary\n");

	ctl(n, "child start jobs");
	until(n, "logs --dir @folder/log", "x was here");
	while (strstr(ctl(n, "status"), "jobs/x@1"))
		pause_a_moment();
	cr_expect_str_eq(ctl(n, "logs --raw jobs"), "x was here\n");
	node_end(n);
}

/* What was there before is not what comes later. */
Test(logs_tool, following_shows_nothing_of_before)
{
	struct node *n = node_new();
	struct mouth m = mouth_open(n, "a");
	struct program follower;

	node_config(n, "[service old]\ncommand = sh -c 'echo something old; " STAY "'\n");
	node_start(n);
	until(n, "logs old", "something old");
	node_end(n);
	node_config(n, "[service a]\n" ECHO("a"));
	node_start(n);
	say(m, "first\n");
	until(n, "logs a", "first");
	supctl_begin(n, &follower, "logs -f -n 1");
	follow_until(&follower, "first");
	say(m, "second\n");
	cr_expect_null(strstr(follow_until(&follower, "second"), "something old"));
	kill(follower.os_pid, SIGTERM);
	cr_expect_eq(program_end(&follower).status, 128 + SIGTERM);
	node_end(n);
}

Test(logs_tool, a_reader_that_has_enough)
{
	struct node *n = node_run("[service a]\ncommand = sh -c 'seq 100000; " STAY "'\n");
	struct output output;

	until(n, "logs -n 1 a", "100000\n");
	output = shell("%s -s %s logs --raw a | head -n 1; %s -s %s logs -f -n all --raw a | "
		       "head -n 2",
		       build_path("supctl"), n->socket, build_path("supctl"), n->socket);
	cr_expect_str_eq(output.out, "1\n1\n2\n");
	cr_expect_str_empty(output.err);
	node_end(n);
}

/* ---- where there is nothing to read ---- */

Test(logs_tool, output_that_goes_elsewhere)
{
	struct node *n = node_run("[service nul]\nstdout = null\ncommand = sleep 100000\n"
				  "[service fil]\nstdout = file:@folder/out\n"
				  "command = sleep 100000\n"
				  "[service sys]\nstdout = syslog\ncommand = sleep 100000\n"
				  "[service inh]\nstdout = inherit\ncommand = sleep 100000\n"
				  "[service here]\ncommand = sh -c 'echo hello; " STAY "'\n");
	static const char *const rows[][2] = {
		{"nul", "is thrown away (stdout = null)"},
		{"fil", "/out: read that file"},
		{"sys", "the system's log (stdout = syslog)"},
		{"inh", "where that of supd goes (stdout = inherit)"},
	};
	struct output output;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *err = ctl_fails(n, 1, "logs %s", rows[i][0]);

		cr_expect_not_null(strstr(err, rows[i][1]), "%s", err);
		cr_expect_not_null(strstr(err, "stdout = log"), "%s", err);
	}
	until(n, "logs here", "hello");
	output = supctl(n, "logs nul here");
	cr_expect_not_null(strstr(output.out, "hello\n"), "%s", output.out);
	cr_expect_not_null(strstr(output.err, "nul: its output is thrown away"), "%s", output.err);
	node_end(n);
}

Test(logs_tool, no_logs_at_all)
{
	struct node *n = node_new();
	char *err;

	node_write(n, "supd.conf",
		   "[supd]\nrun_dir = @folder/run\nlog_dir = none\n"
		   "[service a]\ncommand = sleep 100000\n");
	node_start(n);
	err = ctl_fails(n, 1, "logs");
	cr_expect_not_null(strstr(err, "log_dir = none"), "%s", err);
	cr_expect_not_null(strstr(err, "standard output"), "%s", err);
	err = ctl_fails(n, 1, "logs a");
	cr_expect_not_null(strstr(err, "log_dir = none"), "%s", err);
	node_end(n);
}

Test(logs_tool, no_daemon)
{
	struct mouth m[3];
	struct node *n = three(m);
	char *err;

	node_end(n);
	err = ctl_fails(n, 6, "logs web/a");
	cr_expect_not_null(strstr(err, "--dir DIR"), "%s", err);
	cr_expect_str_eq(ctl(n, "logs --dir @folder/log --raw web/a"), "a one\na two\n");
	cr_expect_not_null(strstr(ctl(n, "logs --dir @folder/log supd"), "all has stopped"));
	check_before(ctl(n, "logs --dir @folder/log"), "b one", "c one");
	err = ctl_fails(n, 3, "logs --dir @folder/log events");
	cr_expect_not_null(strstr(err, "supctl events --since 0"), "%s", err);
	err = ctl_fails(n, 3, "logs --dir @folder/log nobody");
	cr_expect_not_null(strstr(err, "no log of that name"), "%s", err);
}

/* They are listed where logs are rotated, and are not lines for people. */
Test(logs_tool, logs_of_the_daemon_s_own)
{
	struct node *n = node_run("[service a]\ncommand = sh -c 'echo hello; " STAY "'\n");
	char *text = ctl(n, "logs --rotate");

	cr_expect_not_null(strstr(text, "events"), "%s", text);
	text = ctl_fails(n, 3, "logs events");
	cr_expect_not_null(strstr(text, "supctl events --since 0"), "%s", text);
	text = ctl_fails(n, 3, "logs --rotate reports");
	cr_expect_not_null(strstr(text, "supctl report,"), "%s", text);
	text = ctl_fails(n, 1, "logs --rotate supd");
	cr_expect_not_null(strstr(text, "where no PATH is given"), "%s", text);
	node_end(n);
}

/* ---- names that meet ---- */

Test(logs_tool, names_that_meet)
{
	struct node *n = node_run("[supervisor a.log]\n"
				  "[service a.log/b]\ncommand = sh -c 'echo b here; " STAY "'\n"
				  "[service a]\ncommand = sh -c 'echo a here; " STAY "'\n"
				  "[service supd]\ncommand = sh -c 'echo no daemon; " STAY "'\n"
				  "[service events]\ncommand = sh -c 'echo no event; " STAY "'\n");

	until(n, "logs --raw a", "a here");
	until(n, "logs --raw a.log", "b here");
	until(n, "logs supd", "Z no daemon");
	until(n, "logs events", "Z no event");
	ctl(n, "logs --rotate");
	until(n, "logs --raw a.log/b", "b here");
	node_end(n);
	cr_expect_str_eq(ctl(n, "logs --dir @folder/log --raw a"), "a here\n");
	cr_expect_str_eq(ctl(n, "logs --dir @folder/log --raw a.log"), "b here\n");
	cr_expect_null(strstr(shell("cat %s/log/supd.log*", n->folder).out, "no daemon"));
	cr_expect_null(strstr(shell("cat %s/log/events.log*", n->folder).out, "Z no event"));
}

/* ---- many ---- */

#define MANY 1000

static void few_fds(void *argument)
{
	const struct rlimit limit = {256, 256};

	(void)argument;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* More logs than files that may be open, in a folder that no daemon has made. */
Test(logs_tool, a_thousand_with_few_fds)
{
	const struct person few = {.prepare = few_fds};
	struct node *n = node_new();
	struct output output;
	char last[64] = "";
	size_t lines = 0;

	cr_assert_eq(mkdir(node_path(n, "log"), 0755), 0);
	cr_assert_eq(mkdir(node_path(n, "log/services"), 0755), 0);
	for (int i = 0; i < MANY; i++)
		node_write(n, keep_printf("log/services/s%d.log", i),
			   keep_printf("2026-11-30T20:00:00.%06dZ one\n"
				       "2026-11-30T20:00:01.%06dZ two\n",
				       i * 7919 % 1000000, i * 104729 % 1000000));
	output = supctl_as(n, &few, "logs --dir @folder/log");
	cr_assert_eq(output.status, 0, "%s", output.err);
	cr_expect_str_empty(output.err);
	for (char *line = strtok(output.out, "\n"); line; line = strtok(NULL, "\n")) {
		char *time = strstr(line, "| ");

		cr_assert_not_null(time, "%s", line);
		cr_assert(strncmp(last, time, 29) <= 0, "%s after %s", time, last);
		snprintf(last, sizeof(last), "%s", time);
		lines++;
	}
	cr_expect_eq(lines, 2 * MANY);
	output = supctl_as(n, &few, "logs --dir @folder/log -n 3");
	cr_expect_eq(count(output.out, "Z two\n"), 3, "%s", output.out);
}

/* ---- rights ---- */

Test(logs_tool, another_user)
{
	struct person nobody;
	struct output output;
	struct node *n;

	need_root();
	nobody = person_find("nobody");
	n = node_run("[service a]\ncommand = sh -c 'echo secret; " STAY "'\n");
	until(n, "logs a", "secret");
	output = supctl_as(n, &nobody, "logs a");
	cr_expect_eq(output.status, 4);
	cr_expect_not_null(strstr(output.err, "control_group"), "%s", output.err);
	output = supctl_as(n, &nobody, "logs --dir @folder/log a");
	cr_expect_eq(output.status, 4);
	cr_expect_not_null(strstr(output.err, "control_group"), "%s", output.err);
	node_end(n);
}
