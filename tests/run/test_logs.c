/* SPDX-License-Identifier: MIT */

/* What services write on its way to their logs: under the real supd, with the real log keeper. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

RUN_SUITE(logs);

#define STAY "exec sleep 100000"
/* "2026-11-30T20:37:10.123456Z " */
#define STAMP 28

static void pause_a_moment(void)
{
	usleep(2000);
}

/* The keeper that runs, waited for. */
static pid_t keeper_of(const struct node *n)
{
	struct mono until = deadline();
	pid_t list[2];

	while (proc_keepers(n->supd.os_pid, list, 2) != 1 || proc_state(list[0]) == 'Z') {
		pause_a_moment();
		cr_assert_leq(deadline().ns - until.ns, (int64_t)PATIENCE * 1000000000,
			      "there is no log keeper:\n%s", node_log(n));
	}
	return list[0];
}

static void until_event(struct node *n, const char *kind, const char *part)
{
	struct mono until = deadline();
	const char *lines;

	do {
		pause_a_moment();
		lines = ctl(n, "events --json --since 1 --kind %s", kind);
		cr_assert_leq(deadline().ns - until.ns, (int64_t)PATIENCE * 1000000000,
			      "no %s with %s: %s\n%s", kind, part, lines, node_log(n));
	} while (!strstr(lines, part));
}

/* Its lines without their times. */
static char *without_times(char *text)
{
	char *to = text, *from = text;

	while (*from) {
		char *end = strchr(from, '\n');
		size_t size = end ? (size_t)(end + 1 - from) : strlen(from);

		cr_assert(size >= STAMP && from[STAMP - 2] == 'Z', "no stamp: %.40s", from);
		memmove(to, from + STAMP, size - STAMP);
		to += size - STAMP;
		from += size;
	}
	*to = '\0';
	return text;
}

static void same(const char *actual, const char *expected, const char *what)
{
	size_t at = 0;

	while (actual[at] && actual[at] == expected[at])
		at++;
	cr_assert(actual[at] == expected[at], "%s differs at byte %zu: \"%.60s\", not \"%.60s\"",
		  what, at, actual + at, expected + at);
}

/* ---- files ---- */

Test(logs, files_and_their_lines)
{
	struct node *n =
		node_run("[supervisor web]\n[service web/api]\n"
			 "command = sh -c 'echo out; echo err >&2; printf rest'\nready = exit\n"
			 "[service b]\nlog_format = raw\ncommand = sh -c 'printf here'\n"
			 "ready = exit\n");
	char *status, *own;

	sync_tree(n);
	status = ctl(n, "status web/api --json");
	cr_assert_not_null(
		strstr(status, keep_printf("\"log_file\":\"%s/log/services/web/api.log\","
					   "\"log_dropped\":0,\"log_trouble\":null",
					   n->folder)),
		"%s", status);
	node_end(n);
	same(without_times(node_service_log(n, "web/api")), "out\nerr\nrest\n", "web/api");
	same(node_service_log(n, "b"), "here", "b");
	own = node_read(n, "log/supd.log");
	cr_assert_not_null(strstr(own, "Z info     web/api  done\n"), "%s", own);
	cr_assert_not_null(strstr(own, "all has stopped"), "%s", own);
}

/* ---- the keeper is killed ---- */

#define WRITERS 4
/* Under the sanitizers a hundred take minutes, now and then. */
#ifdef __SANITIZE_ADDRESS__
#define ROUNDS 20
#else
#define ROUNDS 100
#endif

static const char *const formats[WRITERS] = {"raw", "raw", "text", "text"};

static void configure_writers(struct node *n, unsigned lines)
{
	struct buf config = BUF_INIT;

	for (int i = 0; i < WRITERS; i++)
		buf_printf(&config,
			   "[service w%d]\nlog_format = %s\nlog_size = 1G\nrestart = temporary\n"
			   "command = sh -c 'read x <@folder/gate; %s; echo w%d done "
			   ">@folder/journal; " STAY "'\n",
			   i, formats[i],
			   i % 2 ? keep_printf("i=0; while [ $i -lt %u ]; do echo line $i; "
					       "i=$((i + 1)); done",
					       lines)
				 : keep_printf("seq %u", lines * 20),
			   i);
	node_config(n, buf_text(&config));
	buf_fini(&config);
}

/* Opened once for all that wait for it. */
static void open_gate(struct node *n)
{
	for (int i = 0; i < WRITERS; i++) {
		int fd = open(node_path(n, "gate"), O_RDWR | O_CLOEXEC);

		cr_assert_geq(fd, 0);
		cr_assert_eq(write(fd, "go\n", 3), 3);
	}
}

static off_t size_of_logs(const struct node *n)
{
	off_t size = 0;
	char path[256];
	struct stat st;

	for (int i = 0; i < WRITERS; i++) {
		snprintf(path, sizeof(path), "%s/log/services/w%d.log", n->folder, i);
		if (stat(path, &st) == 0)
			size += st.st_size;
	}
	return size;
}

/* The keeper at hand has written something, or nobody does any more. */
static void await_work(struct node *n, off_t before)
{
	while (size_of_logs(n) == before && journal_count(n, "w* done") < WRITERS)
		pause_a_moment();
}

/* Every byte that was written is in its file, once, in order; no writer has met SIGPIPE. Of the
 * keepers some are killed while they begin and most at work: who never comes so far is started
 * later and later. */
Test(logs, a_hundred_kills_lose_nothing)
{
	enum { LINES = 40000 };
	struct node *n = node_new();
	char *expected[2];

	cr_assert_eq(mkfifo(node_path(n, "gate"), 0666), 0);
	configure_writers(n, LINES);
	node_start(n);
	expected[0] = shell("seq %d", LINES * 20).out;
	expected[1] =
		shell("i=0; while [ $i -lt %d ]; do echo line $i; i=$((i + 1)); done", LINES).out;
	sync_tree(n);
	open_gate(n);
	for (int i = 0; i < ROUNDS; i++) {
		off_t before = size_of_logs(n);
		pid_t keeper = keeper_of(n);

		if (i % 10)
			await_work(n, before);
		usleep((useconds_t)(i * 37 % 10) * 1000);
		kill(keeper, SIGKILL);
		proc_wait_gone(keeper);
	}
	for (int i = 0; i < WRITERS; i++)
		journal_find(n, keep_printf("w%d done", i));
	ctl(n, "ping");
	node_end(n);
	for (int i = 0; i < WRITERS; i++) {
		const char *name = keep_printf("w%d", i);
		char *log = node_service_log(n, name);

		same(strcmp(formats[i], "raw") == 0 ? log : without_times(log), expected[i % 2],
		     name);
	}
}

/* A keeper that stands still holds up who writes more than a pipe takes, and nobody else. */
Test(logs, a_keeper_that_stands_still)
{
	struct node *n = node_run("[service a]\nlog_format = raw\n"
				  "command = sh -c 'echo a begun >@folder/journal; seq 100000; "
				  "echo a done >@folder/journal; " STAY "'\nautostart = no\n"
				  "[service b]\ncommand = @puppet/b say:here\n");
	pid_t keeper = keeper_of(n);

	journal_until(n, "b here");
	kill(keeper, SIGSTOP);
	proc_wait_state(keeper, 'T');
	ctl(n, "start a");
	journal_until(n, "a begun");
	for (int i = 0; i < 10; i++)
		ctl(n, "restart b");
	cr_expect_eq(journal_count(n, "a done"), 0);
	kill(keeper, SIGCONT);
	journal_until(n, "a done");
	node_end(n);
	same(node_service_log(n, "a"), shell("seq 100000").out, "a");
}

/* One that stands still for good is followed by another, and nothing is lost. */
Test(logs, a_keeper_that_hangs_is_replaced)
{
	struct node *n =
		node_run("[service a]\nlog_format = raw\nautostart = no\n"
			 "command = sh -c 'seq 100000; echo a done >@folder/journal; " STAY "'\n");
	pid_t keeper = keeper_of(n);

	kill(keeper, SIGSTOP);
	proc_wait_state(keeper, 'T');
	ctl(n, "start a");
	journal_until(n, "a done");
	cr_expect_neq(keeper_of(n), keeper);
	until_event(n, "keeper", "did not answer for ");
	node_end(n);
	same(node_service_log(n, "a"), shell("seq 100000").out, "a");
	cr_expect_not_null(strstr(node_log(n), "did not answer for "), "%s", node_log(n));
}

/* Also where supd ends before it has noticed. */
Test(logs, a_keeper_that_hangs_at_the_end_is_replaced)
{
	struct node *n =
		node_run("[service a]\nlog_format = raw\nautostart = no\n"
			 "command = sh -c 'seq 5000; echo a done >@folder/journal; " STAY "'\n");
	pid_t keeper = keeper_of(n);

	kill(keeper, SIGSTOP);
	proc_wait_state(keeper, 'T');
	ctl(n, "start a");
	journal_until(n, "a done");
	node_end(n);
	same(node_service_log(n, "a"), shell("seq 5000").out, "a");
}

/* ---- no keeper ---- */

/* supd with another suplog beside it, or none. */
static void use_suplog(struct node *n, const char *script)
{
	cr_assert_eq(shell("cp %s %s/supd", build_path("supd"), n->folder).status, 0);
	if (script) {
		node_write(n, "suplog", script);
		cr_assert_eq(chmod(node_path(n, "suplog"), 0755), 0);
	}
	n->program = node_path(n, "supd");
}

Test(logs, no_suplog_at_all)
{
	struct node *n = node_new();

	use_suplog(n, NULL);
	node_config(n, "[service a]\ncommand = echo hello\nready = exit\n");
	node_start(n);
	sync_tree(n);
	node_end(n);
	if (strstr(node_log(n), "there is no suplog beside supd"))
		same(read_all(n->supd.out), "hello\n", "standard output");
	else
		cr_assert_eq(
			access("/usr/local/bin/suplog", X_OK) & access("/usr/bin/suplog", X_OK), 0);
}

/* Again and again, later and later; services only wait. */
Test(logs, a_suplog_that_dies_at_once)
{
	struct node *n = node_new();
	struct mono until = deadline();
	const char *log;

	use_suplog(n, "#!/bin/sh\nexit 3\n");
	node_config(n, "[service a]\ncommand = @puppet/a say:here\n");
	node_start(n);
	journal_until(n, "a here");
	while (!strstr(log = node_log(n), "another one goes on where it was, in 400ms")) {
		pause_a_moment();
		cr_assert_leq(deadline().ns - until.ns, (int64_t)PATIENCE * 1000000000, "%s", log);
	}
	cr_expect_not_null(strstr(log, "has ended with status 3"), "%s", log);
	cr_expect_not_null(strstr(log, "goes on where it was, in 100ms"), "%s", log);
	ctl(n, "restart a");
	kill(n->supd.os_pid, SIGTERM);
	cr_expect_eq(node_wait(n), 0);
	cr_expect_not_null(strstr(node_log(n), "log keeper"));
	node_check_nothing_left(n);
}

/* ---- the console ---- */

Test(logs, shown_on_the_console)
{
	struct node *n = node_new();

	n->extra_args = "--console";
	node_config(n, "[service web]\ncommand = sh -c 'echo one; printf two'\nready = exit\n"
		       "[service b]\ncommand = sh -c 'echo three'\nready = exit\n");
	node_start(n);
	sync_tree(n);
	node_end(n);
	same(shell("sort <<'END'\n%sEND", read_all(n->supd.out)).out,
	     "b    | three\nweb  | one\nweb  | two\n", "the console");
	same(without_times(node_service_log(n, "b")), "three\n", "b");
}

/* ---- where files can not be ---- */

static void check_shown(struct node *n, const char *complaint)
{
	const char *answer, *shown;

	node_start(n);
	sync_tree(n);
	answer = ctl_fails(n, 1, "logs");
	shown = ctl(n, "status a --json");
	node_end(n);
	cr_expect_not_null(strstr(node_log(n), complaint), "%s", node_log(n));
	cr_expect_not_null(strstr(answer, complaint), "%s", answer);
	cr_expect_not_null(strstr(shown, complaint), "%s", shown);
	same(read_all(n->supd.out), "a    | hello\n", "the console");
}

static void configure_dir(struct node *n, const char *dir)
{
	node_write(n, "supd.conf",
		   keep_printf("[supd]\nrun_dir = @folder/run\nlog_dir = %s\n"
			       "[service a]\ncommand = echo hello\nready = exit\n",
			       dir));
}

Test(logs, a_dir_that_others_can_write)
{
	struct node *n = node_new();

	cr_assert_eq(mkdir(node_path(n, "open"), 0755), 0);
	cr_assert_eq(chmod(node_path(n, "open"), 0777), 0);
	configure_dir(n, "@folder/open");
	check_shown(n, "can be written by others: chmod go-w it");
}

Test(logs, a_link_into_the_folder_of_another_user)
{
	struct node *n = node_new();

	need_root();
	cr_assert_eq(mkdir(node_path(n, "other"), 0755), 0);
	cr_assert_eq(chown(node_path(n, "other"), 12345, 12345), 0);
	cr_assert_eq(symlink("other", node_path(n, "link")), 0);
	configure_dir(n, "@folder/link");
	check_shown(n, "belongs to another user");
}

Test(logs, a_file_where_the_dir_should_be)
{
	struct node *n = node_new();

	node_write(n, "file", "");
	configure_dir(n, "@folder/file/log");
	check_shown(n, "Not a directory");
}

Test(logs, none)
{
	struct node *n = node_new();

	configure_dir(n, "none");
	check_shown(n, "");
	cr_expect_not(node_has_file(n, "log"));
}

/* One daemon at a time writes there. */
Test(logs, the_dir_of_another_supd)
{
	struct node *n = node_run("[service a]\ncommand = sleep 100000\n");
	struct node *other = node_new();

	configure_dir(other, node_path(n, "log"));
	check_shown(other, "another supd writes its logs there");
	node_end(n);
}

/* ---- streams that are shared, and that go ---- */

static size_t count_fds(const struct node *n)
{
	return (size_t)atoi(shell("ls /proc/%d/fd | wc -l", (int)n->supd.os_pid).out);
}

Test(logs, what_is_removed_is_closed)
{
	struct node *n = node_run("[supervisor s]\n");
	struct mono until = deadline();
	size_t before;

	node_write(n, "hello", "echo hello $1\necho $1 here >@folder/journal\n" STAY "\n");
	ctl(n, "add s/first command='sh @folder/hello first'");
	journal_until(n, "first here");
	ctl(n, "stop s/first");
	ctl(n, "remove s/first");
	before = count_fds(n);
	for (int i = 0; i < 10; i++)
		ctl(n, "add s/x%d command='sh @folder/hello %d'", i, i);
	cr_expect_geq(count_fds(n), before + 20 - 2);
	for (int i = 0; i < 10; i++) {
		journal_find(n, keep_printf("%d here", i));
		ctl(n, "stop s/x%d", i);
		ctl(n, "remove s/x%d", i);
	}
	while (count_fds(n) > before) {
		pause_a_moment();
		cr_assert_leq(deadline().ns - until.ns, (int64_t)PATIENCE * 1000000000);
	}
	node_end(n);
	same(without_times(node_service_log(n, "s/x7")), "hello 7\n", "s/x7");
}

Test(logs, copies_share_that_of_their_supervisor)
{
	struct node *n = node_run("[supervisor pool]\nstrategy = simple_one_for_one\n"
				  "[service pool/worker]\ncommand = sh -c 'echo $0; "
				  "echo $0 here >@folder/journal; " STAY "'\n");

	ctl(n, "child start pool -- one");
	ctl(n, "child start pool -- two");
	journal_find(n, "one here");
	journal_find(n, "two here");
	node_end(n);
	same(shell("sort <<'END'\n%sEND", without_times(node_service_log(n, "pool"))).out,
	     "one\ntwo\n", "pool");
}

static void few_fds(void *argument)
{
	const struct rlimit limit = {240, 240};

	(void)argument;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* As many as a part of the fds allows, after the mailboxes; the rest share one. */
Test(logs, more_than_there_are_fds_for)
{
	struct node *n = node_new();
	struct buf config = BUF_INIT;

	for (int i = 0; i < 120; i++)
		buf_printf(&config,
			   "[service s%d]\ncommand = sh -c 'echo hello; echo s%d here "
			   ">@folder/journal; " STAY "'\n",
			   i, i);
	n->who.prepare = few_fds;
	node_config(n, buf_text(&config));
	buf_fini(&config);
	node_start(n);
	sync_tree(n);
	for (int i = 0; i < 120; i++)
		journal_find(n, keep_printf("s%d here", i));
	node_end(n);
	cr_expect_not_null(strstr(node_log(n), "share the log of others: raise RLIMIT_NOFILE"),
			   "%s", node_log(n));
	same(without_times(node_service_log(n, "s0")), "hello\n", "s0");
	cr_expect_gt(strlen(node_service_log(n, "others")), 10 * (STAMP + 6));
}

/* ---- what a service is given ---- */

/* It may do to its output what it likes: the next one has it as new. */
Test(logs, each_start_has_its_output_as_new)
{
	struct node *n = node_run(
		"[service a]\nautostart = no\nrestart = temporary\nready = exit\n"
		"command = python3 -c 'import fcntl, os, sys; f = fcntl.fcntl(1, fcntl.F_GETFL);"
		" print(f & os.O_NONBLOCK); fcntl.fcntl(1, fcntl.F_SETFL, f | os.O_NONBLOCK)'\n");

	for (int i = 0; i < 3; i++)
		ctl(n, "start a");
	node_end(n);
	same(without_times(node_service_log(n, "a")), "0\n0\n0\n", "a");
}

Test(logs, another_user_can_open_its_output)
{
	struct node *n;

	need_root();
	n = node_run("[service a]\nuser = nobody\nready = exit\n"
		     "command = sh -c 'echo hello >/dev/stdout'\n");
	sync_tree(n);
	node_end(n);
	same(without_times(node_service_log(n, "a")), "hello\n", "a");
}

/* ---- what the keeper tells is an event ---- */

Test(logs, rotation_drops_and_a_dead_keeper_are_events)
{
	struct node *n = node_run("[service a]\nlog_rate = 10/1h\n"
				  "command = sh -c 'seq 100; " STAY "'\n");

	until_event(n, "log_dropped", "log_rate");
	ctl(n, "logs --rotate a");
	until_event(n, "rotated", "services/a.log.");
	kill(keeper_of(n), SIGKILL);
	until_event(n, "keeper", "SIGKILL");
	node_end(n);
}

/* Where no old file is kept, none is named. */
Test(logs, a_rotation_that_keeps_nothing)
{
	struct node *n = node_run("[service a]\nlog_files = 0\nready = exit\n"
				  "command = echo here\n");

	sync_tree(n);
	cr_expect_null(strstr(ctl(n, "logs --rotate a"), "/log/"));
	until_event(n, "rotated", "removed (log_files = 0)");
	node_end(n);
	same(node_service_log(n, "a"), "", "a");
}

/* A log that is a folder is none. */
Test(logs, trouble_and_its_end_are_events)
{
	struct node *n = node_new();

	node_config(n, "[service a]\ncommand = sh -c 'echo here; " STAY "'\n");
	cr_assert_eq(shell("mkdir -p %s", node_path(n, "log/services/a.log")).status, 0);
	node_start(n);
	until_event(n, "log_trouble", "\"name\":\"a\"");
	cr_assert_eq(shell("rmdir %s", node_path(n, "log/services/a.log")).status, 0);
	until_event(n, "log_better", "\"name\":\"a\"");
	node_end(n);
}
