/* SPDX-License-Identifier: MIT */

/* What has happened is known to the daemon after this one. */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "internal.h"

RUN_SUITE(events);

#define CONFIG                                                         \
	"[service a]\ncommand = sh -c 'exit 3'\nrestart = temporary\n" \
	"[service b]\ncommand = sleep 100000\n"

#define AN_EVENT(seq, kind) \
	"{\"seq\":" seq     \
	",\"time\":\"2026-11-30T20:37:10.123456Z\",\"name\":\"old\",\"kind\":\"" kind "\"}\n"

/* The number in the first line of that kind, after the place. */
static long long number_of(const char *lines, const char *kind)
{
	const char *at = strstr(lines, keep_printf("\"kind\":\"%s\"", kind));

	cr_assert_not_null(at, "no %s in\n%s", kind, lines);
	while (at > lines && at[-1] != '\n')
		at--;
	at = strstr(at, "\"seq\":");
	cr_assert_not_null(at);
	return atoll(at + 6);
}

static void append_to(const struct node *n, const char *file, const char *text)
{
	int fd = open(node_path(n, file), O_WRONLY | O_APPEND | O_CLOEXEC);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void append(const struct node *n, const char *text)
{
	append_to(n, "log/events.log", text);
}

/* Right after the end of the one before it; a last report may be between them. */
static void starts_at(const char *lines, long long ended)
{
	long long started = number_of(lines, "supd_started");

	cr_assert(started > ended && started < ended + 10, "%s", lines);
}

Test(events, go_on_over_a_restart)
{
	struct node *n = node_run(CONFIG);
	long long exited, ended;
	char *lines;

	sync_tree(n);
	ctl(n, "stop b");
	exited = number_of(ctl(n, "events --json --since 1 a"), "exit");
	node_end(n);
	ended = number_of(node_read(n, "log/events.log"), "supd_ended");
	node_start(n);
	lines = ctl(n, "events --json --dir @folder/log");
	cr_assert_eq(number_of(lines, "exit"), exited, "%s", lines);
	lines = ctl_fails(n, 1, "events --dir @folder/log --kind exot");
	cr_assert_not_null(strstr(lines, "no event of kind exot in "), "%s", lines);
	lines = ctl(n, "events --json --since 1");
	cr_assert_eq(number_of(lines, "exit"), exited, "%s", lines);
	cr_assert_eq(number_of(lines, "supd_ended"), ended, "%s", lines);
	lines = ctl(n, "events --json --since %lld", ended + 1);
	starts_at(lines, ended);
	lines = ctl(n, "why --seq %lld", ended);
	cr_assert_not_null(strstr(lines, "\nbecause / ended at "), "%s", lines);
	node_end(n);
}

/* Who has asked for it, or that nobody has. */
Test(events, of_a_rotation)
{
	struct node *n = node_run("[service a]\ncommand = sh -c 'echo hello; exec sleep 100000'\n"
				  "[service b]\nlog_size = 4K\n"
				  "command = sh -c 'yes | head -c 9000; exec sleep 100000'\n");
	char *line;

	while (!strstr(node_service_log(n, "a"), "hello"))
		ctl(n, "ping");
	line = ctl(n, "events --json -f --since 1 --kind rotated --count 1 b");
	cr_expect_not_null(strstr(line, "\"origin\":\"self\""), "%s", line);
	ctl(n, "logs --rotate a");
	line = ctl(n, "events --json -f --since 1 --kind rotated --count 1 a");
	cr_expect_not_null(strstr(line, "\"origin\":\"operator\""), "%s", line);
	node_end(n);
}

Test(events, why_reaches_over_a_restart)
{
	struct node *n = node_run("[service a]\ncommand = sh -c 'exit 3'\nrestart = temporary\n"
				  "autostart = no\n");
	struct watch *watch = watch_open(n);
	const char *why;

	why = ctl(n, "why a");
	cr_assert(text_glob("a: nothing has happened to it yet\n\nnow: a is stopped, since *; "
			    "to start it: supctl start a\n",
			    why),
		  "%s", why);
	ctl(n, "start --no-wait a");
	watch_until(watch, "exit a*");
	node_end(n);
	node_start(n);
	why = ctl(n, "why a");
	cr_assert_not_null(strstr(why, "exit:3"), "%s", why);
	node_end(n);
}

/* What somebody has done to the file costs what he has done it to. */
Test(events, damaged_lines_are_passed_over)
{
	struct node *n = node_run(CONFIG);
	long long ended;
	char *lines;

	sync_tree(n);
	node_end(n);
	ended = number_of(node_read(n, "log/events.log"), "supd_ended");
	append(n, "{\"seq\":1,\"kind\":\"again\"}\n\xff\xfe{[\nnonsense\n{\"seq\":99999999");
	node_start(n);
	lines = ctl(n, "events --json --since %lld", ended + 1);
	starts_at(lines, ended);
	cr_assert_not_null(strstr(node_log(n), "damaged lines were passed over"), "%s",
			   node_log(n));
	node_end(n);
}

/* The last line of a file that was cut off is not what the next daemon's first is glued to. */
Test(events, a_torn_line_stays_alone)
{
	struct node *n = node_run("[service a]\ncommand = sh -c 'exit 3'\nrestart = temporary\n"
				  "autostart = no\n");
	long long ended;
	char *lines;

	ctl(n, "start a");
	ctl(n, "wait a --for down");
	node_end(n);
	ended = number_of(node_read(n, "log/events.log"), "supd_ended");
	append(n, "{\"seq\":900,\"time\":\"2026-11");
	append_to(n, "log/reports.log", "{\"seq\":3,\"ti");
	append_to(n, "log/supd.log", "2026-11-30 2");
	node_start(n);
	starts_at(ctl(n, "events --json --since %lld", ended + 1), ended);
	ctl(n, "start a");
	ctl(n, "wait a --for down");
	node_end(n);
	lines = node_read(n, "log/events.log");
	cr_assert_not_null(strstr(lines, "\n{\"seq\":900,\"time\":\"2026-11\n{"), "%s", lines);
	lines = node_read(n, "log/reports.log");
	cr_assert_not_null(strstr(lines, "\n{\"seq\":3,\"ti\n{"), "%s", lines);
	lines = node_read(n, "log/supd.log");
	cr_assert_not_null(strstr(lines, "\n2026-11-30 2\n"), "%s", lines);
	/* All of that daemon's is known to the next one. */
	node_start(n);
	starts_at(ctl(n, "events --json --since %lld", ended + 1), ended);
	cr_assert_eq(json_check_lines(ctl(n, "report --json")), 2);
	node_end(n);
}

/* A path is what it names and what is below it, in events and reports as in logs. */
Test(events, of_a_path)
{
	struct node *n = node_run("[supervisor web]\n[service web/api]\ncommand = false\n"
				  "restart = temporary\n[service webby]\ncommand = false\n"
				  "restart = temporary\n[service web/w]\ninstances = 2\n"
				  "command = false\nrestart = temporary\n");
	static const struct {
		const char *path;
		size_t exits;
	} rows[] = {{"web", 3}, {"web/", 3}, {"/", 4}, {"webby", 1}, {"web/w@", 2}, {"web/w@1", 1}};

	ctl(n, "events --since 1 --follow --kind report --count 4");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *lines = ctl(n, "events --json --since 1 --kind exit %s", rows[i].path);

		cr_expect_eq(json_check_lines(lines), rows[i].exits, "%s: %s", rows[i].path, lines);
		ctl(n, "report %s %zu", rows[i].path, rows[i].exits);
		ctl_fails(n, 1, "report %s %zu", rows[i].path, rows[i].exits + 1);
	}
	ctl_fails(n, 3, "events --since 1 ''");
	ctl_fails(n, 3, "events --since 1 we");
	ctl_fails(n, 3, "report we");
	node_end(n);
}

/* What is not there is told, where nothing else accounts for it. */
Test(events, what_was_not_logged)
{
	struct node *n = node_run(CONFIG);
	static const struct {
		const char *words, *lines;
	} rows[] = {
		{"", "7 gap 10 2000 2001 gap 2004 "},
		{"--since 2000", "2000 2001 gap 2004 "},
		{"--since 2003", "gap 2004 "},
		{"--since 3", "gap 7 gap 10 2000 2001 gap 2004 "},
		{"--until 9", "7 gap "},
		{"--until 7", "7 "},
		{"-n 2", "gap 2004 "},
		{"--count 2", "7 gap "},
		{"--kind ready", "gap 10 gap "},
	};
	char *out;

	cr_assert_eq(shell("mkdir %s", node_path(n, "old")).status, 0);
	node_write(n, "old/events.log",
		   AN_EVENT("7", "start") AN_EVENT("10", "ready") AN_EVENT("2000", "supd_started")
			   AN_EVENT("2001", "start") AN_EVENT("2004", "exit"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		out = ctl(n, "events --dir @folder/old %s", rows[i].words);
		node_write(n, "out", out);
		out = shell("awk '{ printf \"%%s \", $1 }' %s", node_path(n, "out")).out;
		cr_expect_str_eq(out, rows[i].lines, "%s: %s", rows[i].words, out);
	}
	out = ctl(n, "events --json --dir @folder/old --since 2002");
	cr_expect_not_null(strstr(out, "{\"kind\":\"gap\",\"from\":2002,\"to\":2003,\"lost\":2}\n"),
			   "%s", out);
	node_end(n);
}

/* However long ago it was. */
Test(events, of_one_that_is_no_more)
{
	struct node *n = node_run(CONFIG);
	struct buf lines = BUF_INIT;
	long long seq;
	char *out;

	sync_tree(n);
	node_end(n);
	seq = number_of(node_read(n, "log/events.log"), "supd_ended") + 10;
	for (int i = 0; i < 5000; i++)
		buf_printf(&lines,
			   "{\"seq\":%lld,\"time\":\"2026-11-30T20:37:10.123456Z\",\"name\":\"%s\","
			   "\"kind\":\"ready\"}\n",
			   seq + i, i ? "b" : "old");
	append(n, buf_text(&lines));
	buf_fini(&lines);
	node_start(n);
	out = ctl(n, "events --json --since 1 --kind ready old");
	cr_expect_eq(number_of(out, "ready"), seq, "%s", out);
	ctl_fails(n, 3, "events --since 1 older");
	node_end(n);
}

/* A pid may be typed without what a shell takes for something else. */
Test(events, of_a_pid)
{
	struct node *n = node_run(CONFIG);
	char *pid, *out;

	sync_tree(n);
	out = ctl(n, "events --json --since 1 --kind exit a");
	pid = json_get(out, "pid");
	pid = keep(strndup(pid + 1, strlen(pid) - 2));
	out = ctl(n, "events --json --since 1 %s", pid);
	cr_expect_gt(number_of(out, "exit"), number_of(out, "start"), "%s", out);
	node_end(n);
	out = ctl(n, "events --json --dir @folder/log %s", pid);
	cr_expect_gt(number_of(out, "exit"), number_of(out, "start"), "%s", out);
	node_start(n);
	out = ctl(n, "why %s", pid);
	cr_expect_not_null(strstr(out, "exit:3"), "%s", out);
	node_end(n);
}

/* The tree itself is another one than the file says. */
Test(events, of_a_changed_tree)
{
	static const char *const expected[] = {"s/b added",   "s/c added",   "s/d added",
					       "s/c removed", "s/b removed", "s/a removed"};
	struct node *n = node_run("[supervisor s]\n[service s/a]\ncommand = sleep 100000\n"
				  "[supervisor jobs]\nstrategy = simple_one_for_one\n"
				  "[service jobs/x]\ncommand = sleep\n");
	const char *line, *all;
	char *save = NULL;
	size_t i = 0;

	sync_tree(n);
	node_write(n, "more", "[supervisor s/d]\n[service s/d/e]\ncommand = sleep 100000\n");
	ctl(n, "add s/b command='sleep 100000'");
	ctl(n, "child start s c command='sleep 100000'");
	ctl(n, "child start jobs -- 100000");
	ctl(n, "restart s/b");
	ctl(n, "add s/d --file @folder/more");
	ctl(n, "restart s/d");
	ctl(n, "child terminate s c");
	ctl(n, "child delete s c");
	ctl(n, "remove s/b");
	ctl(n, "remove s/a");
	all = ctl(n, "events --json --since 1 --kind config");
	cr_expect_eq(json_check_lines(all), ARRAY_LEN(expected), "%s", all);
	for (line = strtok_r(keep(strdup(all)), "\n", &save); line && i < ARRAY_LEN(expected);
	     line = strtok_r(NULL, "\n", &save), i++)
		cr_expect_str_eq(
			keep_printf("%s %s", json_get(line, "name"), json_get(line, "reason")),
			expected[i]);
	all = ctl(n, "events --since 1 --kind config s/a");
	cr_expect_not_null(
		strstr(all, "  removed: it comes back when its supervisor is started anew  <- "),
		"%s", all);
	/* There is nothing to be started. */
	all = ctl(n, "why s/a");
	cr_expect_not_null(strstr(all, "now: s/a was removed: it comes back "), "%s", all);
	cr_expect_null(strstr(all, "to start it"), "%s", all);
	node_end(n);
}

/* Whoever follows misses nothing, and sees nothing twice. */
Test(events, following_goes_on_over_restarts)
{
	struct node *n = node_run("[service a]\ncommand = sh -c 'exit 3'\nrestart = temporary\n");
	struct program follower;
	struct output output;
	char *all;

	ctl(n, "wait a --for down");
	supctl_begin(n, &follower, "events --json -f --since 1");
	while (!strstr(read_all(follower.out), "\"kind\":\"exit\""))
		ctl(n, "ping");
	kill(n->supd.os_pid, SIGTERM);
	cr_assert_eq(node_wait(n), 0);
	node_start(n);
	all = ctl(n, "events --json --since 1 --kind supd_started");
	all = strrchr(strtok(all, ""), '{');
	all = keep_printf("\"seq\":%lld,", number_of(all, "supd_started"));
	while (!strstr(read_all(follower.out), all))
		ctl(n, "ping");
	kill(follower.os_pid, SIGTERM);
	output = program_end(&follower);
	cr_assert_not_null(strstr(output.err, "has gone: waiting until it is back\n"), "%s",
			   output.err);
	all = ctl(n, "events --json --since 1");
	for (char *end; (end = strchr(output.out, '\n')); output.out = end + 1) {
		*end = '\0';
		if (strstr(output.out, "\"kind\":\"watching\""))
			continue;
		cr_assert_null(strstr(output.out, "\"kind\":\"gap\""), "%s", output.out);
		end[0] = '\0';
		/* Its age alone is another. */
		cr_assert_eq(strncmp(output.out, all, strcspn(output.out, "}") / 2), 0,
			     "%s\ninstead of\n%s", output.out, all);
		all = strchr(all, '\n') + 1;
	}
	node_end(n);
}
