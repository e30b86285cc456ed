/* SPDX-License-Identifier: MIT */

/* What a service says about itself on the notify socket, beside that it is ready. */

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "script.h"

RUN_SUITE(notify);

/* A herald as the main process. */
#define HERALD(name, words)                                                                    \
	keep_printf("[service " name "]\nready = notify\nstdout = file:@folder/" name ".out\n" \
		    "command = %s %s\n",                                                       \
		    build_path("tests/herald"), words)

/* A field of status; "null" where it says nothing. */
static char *field_of(struct node *n, const char *target, const char *field)
{
	return json_get(ctl(n, "--json status %s", target), field);
}

static void expect_field(struct node *n, const char *field, const char *value)
{
	cr_expect_str_eq(field_of(n, "a", field), value, "%s", field);
}

/* One that has said so, is ready, and waits. */
static struct node *node_with(const char *words)
{
	struct node *n = node_run(HERALD(
		"a", keep_printf("'send:READY=1' %s barrier 'say:@folder/journal=a done' pause",
				 words)));

	ctl(n, "wait a --for ready");
	journal_until(n, "a done");
	return n;
}

/* ---- status text, errno ---- */

Test(notify, status_text_and_errno)
{
	struct node *n = node_with("'send:STATUS=Reading 3 of 7;ERRNO=2'");

	expect_field(n, "status_text", "Reading 3 of 7");
	expect_field(n, "status_error", "ENOENT");
	expect_field(n, "activity", "null");
	cr_expect_not_null(strstr(ctl(n, "status --long a"), "Reading 3 of 7\n"));
	node_end(n);
}

Test(notify, the_last_status_text_counts_and_an_empty_one_is_none)
{
	struct node *n = node_with("'send:STATUS=one;STATUS=two' 'send:STATUS=' 'send:ERRNO=5' "
				   "'send:ERRNO=0'");

	expect_field(n, "status_text", "null");
	expect_field(n, "status_error", "null");
	node_end(n);
}

Test(notify, the_next_incarnation_has_said_nothing)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a ready once:x "
				  "'notify:STATUS=old;ERRNO=1' barrier say:said\nready = notify\n");

	journal_until(n, "a said");
	expect_field(n, "status_text", "old");
	order(n, "a", "exit:1");
	journal_until(n, "a start *");
	ctl(n, "wait a --for ready");
	expect_field(n, "status_text", "null");
	expect_field(n, "status_error", "null");
	node_end(n);
}

Test(notify, a_status_text_cannot_steer_a_terminal)
{
	struct node *n = node_with("'send:STATUS=a\033[31mb\rc\302\233d\342\200\256e'");

	expect_field(n, "status_text", "a [31mb c d e");
	cr_expect_null(strpbrk(ctl(n, "status --long a"), "\033\r"));
	node_end(n);
}

Test(notify, a_status_text_that_is_no_utf8_is_refused_once)
{
	const struct script scripts[] = {
		{"a", keep_printf("%s send:STATUS=good \"$(printf 'send:STATUS=\\377')\" "
				  "\"$(printf 'send:STATUS=\\300\\200')\" send:READY=1 barrier\n"
				  "supctl recv --timeout 60s\n",
				  build_path("tests/herald"))},
		{NULL, NULL}};
	struct node *n = run_scripts(SERVICE("a") "notify_access = group\n", scripts);
	const char *log, *first;

	ctl(n, "wait a --for ready");
	expect_field(n, "status_text", "good");
	log = node_log(n);
	first = strstr(log, "not UTF-8");
	cr_assert_not_null(first, "%s", log);
	cr_expect_null(strstr(first + 1, "not UTF-8"), "%s", log);
	node_end(n);
}

Test(notify, a_long_status_text_is_cut_at_a_character)
{
	char text[1203] = "", *shown;
	struct node *n;

	for (int i = 0; i < 400; i++)
		strcat(text, "\342\202\254");
	n = node_with(keep_printf("'send:STATUS=%s'", text));
	shown = field_of(n, "a", "status_text");
	cr_expect_eq(strlen(shown), 498, "%zu", strlen(shown));
	cr_expect_eq(strncmp(shown, text, 498), 0);
	node_end(n);
}

Test(notify, values_that_mean_nothing)
{
	struct node *n =
		node_with("send:ERRNO=-1 send:ERRNO=4096 send:ERRNO=x send:WATCHDOG_USEC=soon "
			  "send:EXTEND_TIMEOUT_USEC=-5 send:NOTIFYACCESS=everybody send:WATCHDOG=0 "
			  "send:RELOADING=2 send:STOPPING= send:= 'send:;;;' send:STATUS");

	expect_field(n, "status_error", "null");
	expect_field(n, "watchdog", "null");
	expect_field(n, "activity", "null");
	expect_field(n, "state", "running");
	cr_expect_not_null(strstr(node_log(n), "its notification ERRNO= means nothing"));
	node_end(n);
}

/* Beside its exit status, where the one that it was is told. */
Test(notify, why_a_start_has_failed)
{
	struct node *n = node_run("[service a]\nready = notify\nrestart = temporary\n"
				  "autostart = no\ncommand = @puppet/a once:x "
				  "'notify:STATUS=no database;ERRNO=2' exit:1\n"
				  "[service b]\nrestart = temporary\ncommand = @puppet/b\n");

	cr_expect_str_eq(ctl_fails(n, 1, "start a"),
			 "supctl: a did not start: exit:1 (it said ENOENT: no database)\n");
	cr_expect_not_null(
		strstr(node_log(n), "start failed: exit:1 (it said ENOENT: no database)"));
	cr_expect_str_eq(ctl_fails(n, 1, "start a"), "supctl: a did not start: exit:1\n");
	order(n, "b", "notify:STATUS=at work");
	order(n, "b", "exit:3");
	ctl(n, "wait b --for down");
	cr_expect_not_null(strstr(node_log(n), " ended: exit:3\n"));
	node_end(n);
}

/* ---- reloading, stopping ---- */

Test(notify, reloading_until_it_is_ready_again)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a ready\nready = notify\n");

	ctl(n, "wait a --for ready");
	order(n, "a", "notify:RELOADING=1;MONOTONIC_USEC=1");
	order(n, "a", "barrier");
	order(n, "a", "say:reloads");
	journal_until(n, "a reloads");
	expect_field(n, "activity", "reloading");
	expect_field(n, "state", "running");
	cr_expect_not_null(strstr(ctl(n, "status a"), " reloading "));
	cr_expect_not_null(strstr(ctl(n, "tree"), "reloading"));
	order(n, "a", "ready");
	order(n, "a", "barrier");
	order(n, "a", "say:reloaded");
	journal_until(n, "a reloaded");
	expect_field(n, "activity", "null");
	cr_expect_null(strstr(ctl(n, "status a"), "reloading"));
	node_end(n);
}

Test(notify, stopping_is_shown_and_no_more)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a ready once:x "
				  "notify:STOPPING=1 barrier say:told\nready = notify\n");

	journal_until(n, "a told");
	expect_field(n, "activity", "stopping");
	expect_field(n, "state", "running");
	order(n, "a", "exit:0");
	journal_until(n, "a start *");
	ctl(n, "wait a --for ready");
	expect_field(n, "activity", "null");
	node_end(n);
}

/* ---- more time ---- */

/* "later" gets ready when the time of the other's start would have been over. */
Test(notify, extend_timeout_of_a_start)
{
	struct node *n = node_run("[supervisor /]\nstart = parallel\n"
				  "[service a]\ncommand = @puppet/a "
				  "notify:EXTEND_TIMEOUT_USEC=60000000\nready = notify\n"
				  "start_timeout = 4s\n"
				  "[service later]\ncommand = @puppet/later\nready = delay:5s\n");

	ctl(n, "wait later --for ready");
	cr_assert_str_eq(state_of(n, "a"), "starting");
	order(n, "a", "ready");
	ctl(n, "wait a --for ready");
	cr_expect_eq(look(n, "a").restarts, 0);
	node_end(n);
}

Test(notify, extend_timeout_of_a_stop)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a catch:TERM ready\n"
				  "ready = notify\nshutdown = 4s\nrestart = temporary\n"
				  "[service later]\ncommand = @puppet/later\nready = delay:5s\n"
				  "autostart = no\n");
	struct watch *w;

	ctl(n, "wait a --for ready");
	w = watch_open(n);
	ctl(n, "stop --no-wait a");
	journal_until(n, "a TERM");
	order(n, "a", "notify:EXTEND_TIMEOUT_USEC=60000000");
	ctl(n, "start later");
	cr_assert_str_eq(state_of(n, "a"), "stopping");
	order(n, "a", "exit:0");
	watch_until(w, "exit a *");
	cr_expect_eq(watch_count(w, "killing a*"), 0);
	node_end(n);
}

Test(notify, extend_timeout_never_shortens)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a "
				  "notify:EXTEND_TIMEOUT_USEC=1 notify:EXTEND_TIMEOUT_USEC=0 "
				  "barrier say:sent\nready = notify\n");

	journal_until(n, "a sent");
	cr_assert_str_eq(state_of(n, "a"), "starting");
	order(n, "a", "ready");
	ctl(n, "wait a --for ready");
	cr_expect_eq(look(n, "a").restarts, 0);
	node_end(n);
}

/* ---- who may speak ---- */

Test(notify, a_child_is_told_off_once)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a ready lend:STATUS=child "
				  "lend:STATUS=again\nready = notify\n");
	const char *log, *first;

	journal_until(n, "a lent");
	journal_until(n, "a lent");
	expect_field(n, "status_text", "null");
	log = node_log(n);
	first = strstr(log, "is not heard: it is not the main process; notify_access = group");
	cr_assert_not_null(first, "%s", log);
	cr_expect_null(strstr(first + 1, "is not heard"), "%s", log);
	node_end(n);
}

Test(notify, access_changes_by_its_own_word)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a ready lend:STATUS=no "
				  "notify:NOTIFYACCESS=all lend:STATUS=yes "
				  "notify:NOTIFYACCESS=main lend:STATUS=no\nready = notify\n");

	for (int i = 0; i < 3; i++)
		journal_until(n, "a lent");
	expect_field(n, "status_text", "yes");
	order(n, "a", "notify:NOTIFYACCESS=none");
	order(n, "a", "notify:STATUS=never");
	order(n, "a", "barrier");
	order(n, "a", "say:silenced");
	journal_until(n, "a silenced");
	expect_field(n, "status_text", "yes");
	node_end(n);
}

/* Its parent has ended, so it is the daemon's child, and is reaped only after its word was read. */
Test(notify, one_that_ends_at_once_is_heard)
{
	const struct script scripts[] = {
		{"a", keep_printf("( ( %s send:READY=1 ) & )\nsupctl recv --timeout 60s\n",
				  build_path("tests/herald"))},
		{NULL, NULL}};
	struct node *n = run_scripts(SERVICE("a") "notify_access = group\n", scripts);

	ctl(n, "wait a --for ready");
	node_end(n);
}

/* ---- abuse ---- */

/* Of /dev/null, which is what is sent. */
static size_t count_fds(const struct node *n)
{
	const char *folder = keep_printf("/proc/%d/fd", (int)n->supd.os_pid);
	DIR *fds = opendir(folder);
	struct dirent *entry;
	size_t count = 0;

	cr_assert_not_null(fds);
	while ((entry = readdir(fds))) {
		char target[32] = "";

		if (readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1) > 0)
			count += strcmp(target, "/dev/null") == 0;
	}
	closedir(fds);
	return count;
}

Test(notify, a_megabyte_is_not_heard)
{
	struct node *n = node_run(HERALD("a", "big barrier 'say:@folder/journal=a done' pause"));

	journal_until(n, "a done");
	cr_assert_str_eq(state_of(n, "a"), "starting");
	if (strstr(node_read(n, "a.out"), "sent"))
		cr_expect_not_null(
			strstr(node_log(n), "is longer than 4095 bytes, and is not heard"));
	node_end(n);
}

Test(notify, a_nul_is_not_heard)
{
	struct node *n = node_run(HERALD("a", "nul barrier 'say:@folder/journal=a done' pause"));

	journal_until(n, "a done");
	cr_assert_str_eq(state_of(n, "a"), "starting");
	cr_expect_not_null(strstr(node_log(n), "holds a NUL, and is not heard"));
	node_end(n);
}

Test(notify, fds_that_nobody_asked_for_are_closed)
{
	struct node *n = node_with("");
	size_t before = count_fds(n);
	const char *path = keep_printf("NOTIFY_SOCKET=%s/run/notify", n->folder);

	cr_assert_eq(shell("%s %s fds:253 fds:253 fds:1 barrier", path, build_path("tests/herald"))
			     .status,
		     0);
	cr_expect_eq(count_fds(n), before);
	node_end(n);
	n = node_with("fds:253 fds:253");
	cr_expect_eq(count_fds(n), before);
	expect_field(n, "status_text", "fds");
	node_end(n);
}

Test(notify, a_hundred_thousand_in_a_row_keep_nobody_else_waiting)
{
	struct node *n = node_run(
		keep_printf("[supervisor /]\nstart = parallel\n%s[service b]\ncommand = @puppet/b\n"
			    "ready = notify\n",
			    HERALD("a", "send:READY=1 'say:@folder/journal=a begin' flood:100000 "
					"barrier 'say:@folder/journal=a done' pause")));

	journal_until(n, "b start *");
	journal_find(n, "a begin");
	order(n, "b", "ready");
	ctl(n, "wait b --for ready");
	for (int i = 0; i < 20; i++)
		ctl(n, "restart --no-wait b");
	journal_until(n, "a done");
	expect_field(n, "status_text", "100000");
	node_end(n);
}

Test(notify, a_full_socket_is_read_when_the_daemon_comes_to_it)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a ready\nready = notify\n");
	const char *path = keep_printf("NOTIFY_SOCKET=%s/run/notify", n->folder);
	struct output output;

	ctl(n, "wait a --for ready");
	kill(n->supd.os_pid, SIGSTOP);
	proc_wait_state(n->supd.os_pid, 'T');
	output = shell("%s %s burst", path, build_path("tests/herald"));
	cr_expect_str_eq(output.out, "full\n");
	order(n, "a", "notify:STATUS=patient");
	order(n, "a", "barrier");
	order(n, "a", "say:through");
	kill(n->supd.os_pid, SIGCONT);
	journal_until(n, "a through");
	expect_field(n, "status_text", "patient");
	node_end(n);
}

/* ---- programs with an implementation of their own ---- */

static void need_program(const char *name)
{
	if (shell("command -v %s", name).status == 0)
		return;
	cr_assert_null(getenv("NO_SKIP"), "needs %s", name);
	cr_skip_test("needs %s", name);
}

/* It waits by a barrier, so it is there when its word is read. */
Test(notify, systemd_notify)
{
	const struct script scripts[] = {{"a",
					  "systemd-notify --ready --status='By systemd-notify'\n"
					  "supctl recv --timeout 60s\n"},
					 {NULL, NULL}};
	struct node *n;

	need_program("systemd-notify");
	n = run_scripts(SERVICE("a") "notify_access = group\n", scripts);
	ctl(n, "wait a --for ready");
	expect_field(n, "status_text", "By systemd-notify");
	node_end(n);
}

Test(notify, redis_server)
{
	struct node *n;

	need_program("redis-server");
	n = node_run("[service a]\nready = notify\nworking_directory = @folder\n"
		     "command = redis-server --port 0 --unixsocket @folder/redis --save '' "
		     "--supervised systemd\n");
	ctl(n, "wait a --for ready");
	cr_expect(node_has_file(n, "redis"));
	expect_field(n, "status_text", "Ready to accept connections");
	ctl(n, "stop a");
	cr_expect_str_eq(look(n, "a").reason, "shutdown");
	node_end(n);
}
