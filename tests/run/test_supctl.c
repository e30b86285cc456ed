/* SPDX-License-Identifier: MIT */

/* What supctl prints: for people, as JSON, and when something is wrong. */

#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "support.h"

RUN_SUITE(supctl);

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const char config[] =
	"[supervisor web]\nstrategy = rest_for_one\n"
	"[service web/db]\ncommand = @puppet/db ready\nready = notify\n"
	"[supervisor web/pool]\nstrategy = one_for_all\n"
	"[supervisor web/pool/inner]\n"
	"[service web/pool/inner/deep]\ncommand = @puppet/deep ready\nready = notify\n"
	"[service off]\ncommand = sleep 1000\nautostart = no\n"
	"[service gone]\ncommand = sh -c 'exit 3'\nrestart = temporary\n"
	"[supervisor jobs]\nstrategy = simple_one_for_one\n"
	"[service jobs/job]\ncommand = sleep\n";

static struct node *run_tree(void)
{
	struct node *n = node_run(config);

	n->finds_leaks = true;
	/* Before its start it is down too. */
	ctl(n, "wait / --for ready");
	ctl(n, "wait gone --for down");
	sync_tree(n);
	return n;
}

/* Each line matches its glob pattern; * stands for what differs from run to run. */
static void check_lines(const char *text, const char *const *patterns, size_t n_patterns)
{
	char *copy = keep(strdup(text));
	size_t i = 0;

	for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n"), i++) {
		cr_assert_lt(i, n_patterns, "one line too many: %s\n%s", line, text);
		cr_assert_eq(fnmatch(patterns[i], line, 0), 0, "%s\nis not\n%s\nin\n%s", line,
			     patterns[i], text);
	}
	cr_assert_eq(i, n_patterns, "%s", text);
}

#define CHECK_LINES(text, patterns) check_lines(text, patterns, COUNT(patterns))

/* ---- looking ---- */

Test(supctl, status)
{
	static const char *const lines[] = {
		"NAME                 KIND        STATE    *OS_PID  RESTARTS *UPTIME  REASON  HELD",
		"/                    supervisor  running  *     -         0  *s  -       no",
		"web                  supervisor  running  *     -         0  *s  -       no",
		"web/db               service     running  *[0-9]         0  *s  -       no",
		"web/pool             supervisor  running  *     -         0  *s  -       no",
		"web/pool/inner       supervisor  running  *     -         0  *s  -       no",
		"web/pool/inner/deep  service     running  *[0-9]         0  *s  -       no",
		"off                  service     stopped  *     -         0  *-  -       no",
		"gone                 service     failed   *     -         0  *-  exit:3  no",
		"jobs                 supervisor  running  *     -         0  *s  -       no",
	};
	struct node *n = run_tree();
	static const char *const one[] = {
		"NAME  KIND     STATE  *OS_PID  RESTARTS  UPTIME  REASON  HELD",
		"gone  service  failed *     -         0       -  exit:3  no",
	};

	CHECK_LINES(ctl(n, "status"), lines);
	CHECK_LINES(ctl(n, "status gone"), one);
	cr_assert_str_eq(ctl_fails(n, 3, "status nobody"), "supctl: nobody: no such actor\n");
	node_end(n);
}

Test(supctl, status_json)
{
	static const char *const keys[] = {
		"pid",      "name",     "kind",     "state", "os_pid",      "parent",
		"restarts", "uptime",   "reason",   "ready", "exit_status", "message_queue_len",
		"restart",  "shutdown", "strategy", "held",
	};
	struct node *n = run_tree();
	char *all = ctl(n, "status --json"), *line;

	cr_assert_eq(json_check_lines(all), 9);
	for (line = strtok(all, "\n"); line; line = strtok(NULL, "\n"))
		for (size_t i = 0; i < COUNT(keys); i++)
			cr_assert_not_null(json_get(line, keys[i]), "no %s in %s", keys[i], line);
	line = ctl(n, "status web/db --json");
	cr_assert_str_eq(json_get(line, "name"), "web/db");
	cr_assert_str_eq(json_get(line, "kind"), "service");
	cr_assert_str_eq(json_get(line, "state"), "running");
	cr_assert_str_eq(json_get(line, "parent"), "web");
	cr_assert_str_eq(json_get(line, "pid"), look(n, "web/db").pid);
	cr_assert_eq(atoi(json_get(line, "os_pid")), os_pid_of(n, "web/db"));
	cr_assert_str_eq(json_get(line, "restart"), "permanent");
	cr_assert_str_eq(json_get(line, "shutdown"), "5s");
	cr_assert_str_eq(json_get(line, "reason"), "null");
	line = ctl(n, "status gone --json");
	cr_assert_str_eq(json_get(line, "reason"), "exit:3");
	cr_assert_str_eq(json_get(line, "exit_status"), "3");
	cr_assert_str_eq(json_get(line, "os_pid"), "null");
	cr_assert_str_eq(json_get(line, "uptime"), "null");
	line = ctl(n, "status web --json");
	cr_assert_str_eq(json_get(line, "strategy"), "rest_for_one");
	cr_assert_str_eq(json_get(line, "shutdown"), "infinity");
	node_end(n);
}

Test(supctl, tree)
{
	static const char *const lines[] = {
		"NAME           *STATE    *OS_PID *UPTIME  RESTARTS",
		"/              *running  *-  *s         0  one_for_one",
		"├─ web         *running  *-  *s         0  rest_for_one",
		"│  ├─ db       *running  *[0-9]  *s         0",
		"│  └─ pool     *running  *-  *s         0  one_for_all",
		"│     └─ inner *running  *-  *s         0  one_for_one",
		"│        └─ deep *running  *[0-9]  *s         0",
		"├─ off         *stopped  *-  *-         0  not started yet",
		"├─ gone        *failed   *-  *-         0  exit:3",
		"└─ jobs        *running  *-  *s         0  simple_one_for_one",
	};
	static const char *const part[] = {
		"NAME *STATE *",
		"web/pool *running *one_for_all",
		"└─ inner *running *one_for_one",
		"   └─ deep  *running *",
	};
	struct node *n = run_tree();

	CHECK_LINES(ctl(n, "tree"), lines);
	CHECK_LINES(ctl(n, "tree web/pool"), part);
	cr_assert_eq(json_check_lines(ctl(n, "tree web --json")), 5);
	ctl(n, "stop off");
	cr_assert_not_null(strstr(ctl(n, "tree off"), "held"));
	node_end(n);
}

/* The chain of causes over three levels of the tree. */
Test(supctl, why_over_three_levels)
{
	static const char *const lines[] = {
		"web/pool/inner/deep became ready *s ago",
		"because web/pool/inner/deep was started *s ago",
		"because web/pool/inner was started *s ago",
		"because web/pool was started *s ago",
		"because web/db ended *s ago: killed",
		"  by a Unix signal from outside the tree",
	};
	struct node *n = run_tree();
	struct watch *w = watch_open(n);
	char *why;

	kill(os_pid_of(n, "web/db"), SIGKILL);
	watch_until(w, "ready web/pool/inner/deep");
	sync_tree(n);
	why = ctl(n, "why web/pool/inner/deep");
	CHECK_LINES(why, lines);
	why = ctl(n, "why web/pool/inner/deep --json");
	cr_assert_eq(json_check_lines(why), COUNT(lines) - 1);
	why = strtok(why, "\n");
	cr_assert_str_eq(json_get(why, "kind"), "ready");
	cr_assert_str_eq(json_get(why, "cause_name"), "web/pool/inner/deep");
	cr_assert_str_eq(json_get(why, "cause_kind"), "start");
	node_end(n);
}

Test(supctl, why_it_is_down)
{
	static const char *const stopped[] = {
		"web/pool/inner/deep ended *s ago: shutdown",
		"because web/pool/inner/deep was told to stop *s ago: shutdown",
		"because web/pool/inner was told to stop *s ago: shutdown",
		"because web/pool was told to stop *s ago: shutdown",
		"because web was told to stop *s ago: shutdown",
		"because web was held down *s ago",
		"  because an operator asked for it",
	};
	static const char *const failed[] = {
		"gone ended *s ago: exit:3",
		"  by itself",
	};
	struct node *n = run_tree();
	char *why, *now;

	why = ctl(n, "why gone");
	now = strstr(why, "\nnow: gone has failed, since ");
	cr_assert_not_null(now, "%s", why);
	cr_assert_not_null(strstr(now, "; to start it: supctl start gone\n"), "%s", now);
	*now = '\0';
	CHECK_LINES(why, failed);
	cr_assert_not_null(strstr(ctl(n, "why off"), "off: nothing has happened to it yet\n"));
	ctl_fails(n, 3, "why nobody");
	ctl(n, "stop web");
	why = ctl(n, "why web/pool/inner/deep");
	now = strstr(why, "\nnow: web/pool/inner/deep is below web, which is held down by an "
			  "operator's stop, since ");
	cr_assert_not_null(now, "%s", why);
	cr_assert_not_null(strstr(now, "; to start it: supctl start web\n"), "%s", now);
	*now = '\0';
	CHECK_LINES(why, stopped);
	node_end(n);
}

Test(supctl, events)
{
	static const char *const lines[] = {
		"*[0-9]  ??:??:??.???  watching",
		"*[0-9]  ??:??:??.???  exit          web/db <0.*.0>  killed  <- self",
		"*[0-9]  ??:??:??.???  stopping      web/pool <0.*.0>  shutdown  <- [0-9]* exit "
		"web/db",
		("*[0-9]  ??:??:??.???  stopping      web/pool/inner <0.*.0>  shutdown  "
		 "<- [0-9]* stopping web/pool"),
	};
	struct node *n = run_tree();
	struct program text, json;
	struct output output;
	struct watch *w;

	supctl_begin(n, &text, "events --count 3");
	supctl_begin(n, &json, "events --count 3 --json");
	/* Both watch by the time that they have printed something. */
	while (!*read_all(text.out) || !*read_all(json.out))
		ctl(n, "ping");
	w = watch_open(n);
	kill(os_pid_of(n, "web/db"), SIGKILL);
	watch_until(w, "ready web/pool");
	output = program_end(&text);
	cr_assert_eq(output.status, 0);
	CHECK_LINES(output.out, lines);
	output = program_end(&json);
	cr_assert_eq(json_check_lines(output.out), 4);
	strtok(output.out, "\n");
	output.out = strtok(NULL, "\n");
	cr_assert_str_eq(json_get(output.out, "kind"), "exit");
	cr_assert_str_eq(json_get(output.out, "name"), "web/db");
	cr_assert_str_eq(json_get(output.out, "reason"), "killed");
	cr_assert_str_eq(json_get(output.out, "origin"), "self");
	cr_assert_eq(fnmatch("20[0-9][0-9]-*T*.??????Z", json_get(output.out, "time"), 0), 0);
	ctl_fails(n, 5, "events --timeout 10ms");
	ctl_fails(n, 2, "events --count x");
	ctl_fails(n, 2, "events --since yesteryear");
	ctl_fails(n, 2, "events -f --until now");
	ctl(n, "events --since 00:00");
	cr_assert_not_null(strstr(ctl_fails(n, 2, "events --kind bogus"),
				  "bogus: no such kind of event: there are start, ready, "));
	node_end(n);
}

/* ---- JSON of all the others ---- */

Test(supctl, every_command_has_json)
{
	static const struct {
		const char *words;
		const char *key, *value;
	} rows[] = {
		{"ping", "answer", "pong"},
		{"version", "supd", "0.1.0"},
		{"start off", "name", "off"},
		{"start off", "result", "already"},
		{"stop off", "name", "off"},
		{"restart off", "name", "off"},
		{"wait off --for ready", "name", "off"},
		{"kill -CONT off", "result", "ok"},
		{"exit off normal", "name", "off"},
		{"add extra command='sleep 100'", "name", "extra"},
		{"remove extra", "name", "extra"},
		{"sync", "result", "ok"},
		{"child start jobs -- 100", "answer", "ok"},
		{"child terminate / off", "answer", "ok"},
		{"child restart / off", "answer", "ok"},
		{"child spec / off", "id", "off"},
		{"child count /", "specs", "3"},
		{"child which web", "id", "pool"},
		{"why web/db", "name", "web/db"},
	};
	struct node *n = run_tree();

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *out = ctl(n, "--json %s", rows[i].words);
		const char *value;

		cr_assert_geq(json_check_lines(out), 1, "%s prints nothing", rows[i].words);
		value = json_get(strtok(out, "\n"), rows[i].key);
		cr_assert_not_null(value, "%s: no %s: %s", rows[i].words, rows[i].key, out);
		cr_assert_str_eq(value, rows[i].value, "%s: %s", rows[i].words, out);
	}
	node_end(n);
}

Test(supctl, plain_answers)
{
	struct node *n = run_tree();
	char *version = ctl(n, "version");

	cr_assert_str_eq(ctl(n, "ping"), "pong\n");
	cr_assert_str_eq(ctl(n, "sync"), "");
	cr_assert_not_null(strstr(version, "supctl:   0.1.0\n"), "%s", version);
	cr_assert_not_null(strstr(version, keep_printf("%d", (int)n->supd.os_pid)), "%s", version);
	cr_assert(text_glob("*\ncontainment: *\n\npid: *\ncontainment: *\n",
			    ctl(n, "status web/db off --long")));
	cr_assert_not_null(strstr(ctl(n, "child spec / off"), "command: "));
	node_end(n);
}

/* ---- help and mistakes ---- */

static const char *const commands[] = {
	"tree", "status", "why",  "events", "start", "stop",  "restart", "add",     "remove",
	"wait", "sync",   "kill", "exit",   "child", "check", "ping",    "version", "shutdown",
};

Test(supctl, help)
{
	struct node *n = node_new();
	char *all = ctl(n, "-h");

	cr_assert_eq(strncmp(all, "usage: supctl COMMAND", 21), 0);
	for (size_t i = 0; i < COUNT(commands); i++) {
		char *one = ctl(n, "%s -h", commands[i]);

		cr_assert_not_null(strstr(all, keep_printf("\n  %s ", commands[i])));
		cr_assert_eq(strncmp(one, keep_printf("usage: supctl %s ", commands[i]),
				     strlen(commands[i]) + 15),
			     0, "%s", one);
		cr_assert_str_eq(ctl(n, "%s --help", commands[i]), one);
		cr_assert_str_eq(ctl(n, "help %s", commands[i]), one);
	}
	cr_assert_eq(supctl(n, " ").status, 2);
	cr_expect_str_eq(ctl(n, "--version"), "supctl 0.1.0\n");
	cr_expect_str_eq(ctl(n, "-v"), "supctl 0.1.0\n");
}

Test(supctl, mistakes)
{
	static const struct {
		const char *words, *error;
	} rows[] = {
		{"statsu", "supctl: no command statsu: did you mean status?\n"},
		{"xyzzy", "supctl: no command xyzzy: supctl -h lists them\n"},
		{"stop", "supctl stop: something is missing\n"
			 "usage: supctl stop PATH...   (supctl stop -h tells more)\n"},
		{"ping x", "supctl ping: too many arguments: x\n"},
		{"stop --nowait a", "supctl stop: no option --nowait: did you mean --no-wait?\n"},
		{"wait a --for ready --timeout soon",
		 "supctl wait: --timeout soon: not a time span like 500ms, 5s, 1min 30s, "
		 "infinity\n"},
		{"wait a --for", "supctl wait: --for needs ready|down\n"},
		{"exit self x", "supctl exit: self: only inside an actor\n"},
	};
	struct node *n = node_new();

	n->finds_leaks = true;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *error = ctl_fails(n, 2, "%s", rows[i].words);

		cr_assert_eq(strncmp(error, rows[i].error, strlen(rows[i].error)), 0, "%s: %s",
			     rows[i].words, error);
	}
}

Test(supctl, no_daemon)
{
	struct node *n = node_new();
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	cr_assert_str_eq(ctl_fails(n, 6, "status"),
			 keep_printf("supctl: no daemon at %s: start one with supd, or name its "
				     "socket with -s\n",
				     n->socket));
	/* A socket that nobody listens at, one of another kind, and no socket at all. */
	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/s", n->folder);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ctl_fails(n, 6, "-s @folder/s ping");
	cr_assert_eq(listen(fd, 1), 0);
	ctl_fails(n, 6, "-s @folder/s ping");
	node_write(n, "plain", "");
	ctl_fails(n, 6, "ping -s @folder/plain");
	ctl_fails(n, 6, "ping -s @folder/plain/x");
	close(fd);
}

/* -s, SUP_SOCKET, XDG_RUNTIME_DIR, /run/supd, in this order. */
Test(supctl, which_daemon)
{
	struct node *a = node_run("[service a]\ncommand = sleep 1000\n");
	struct node *b = node_run("[service b]\ncommand = sleep 1000\n");

	sync_tree(a);
	sync_tree(b);
	cr_assert_not_null(strstr(ctl(a, "status"), "\na "));
	cr_assert_not_null(strstr(ctl(a, "status -s %s", b->socket), "\nb "));
	cr_assert_not_null(strstr(ctl(a, "-s %s status", b->socket), "\nb "));
	node_end(a);
	node_end(b);
}

/* supctl check is supd -t. */
Test(supctl, check)
{
	struct node *n = node_new();
	struct output output;

	node_config(n, "[service a]\ncommand = sleep 1000\n");
	cr_assert_eq(supctl(n, "check @folder/supd.conf").status, 0);
	node_config(n, "[service a]\ncommand = sleep 1000\nfoo = 1\n");
	output = supctl(n, "check @folder/supd.conf");
	cr_assert_eq(output.status, 78);
	cr_assert_not_null(strstr(keep_printf("%s%s", output.out, output.err), "supd.conf:6: "));
}

/* The daemon ends while somebody waits. */
Test(supctl, the_other_side_dies)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\nready = notify\n");
	struct program waits, watches;
	struct output output;

	supctl_begin(n, &waits, "wait a --for ready");
	supctl_begin(n, &watches, "events");
	while (!*read_all(watches.out))
		ctl(n, "ping");
	kill(n->supd.os_pid, SIGKILL);
	output = program_end(&waits);
	cr_assert(output.status == 7 || output.status == 6, "%d %s", output.status, output.err);
	output = program_end(&watches);
	cr_assert_eq(output.status, 7);
	cr_assert_str_eq(output.err,
			 keep_printf("supctl: the daemon at %s has gone, or has closed the "
				     "connection\n",
				     n->socket));
	node_wait(n);
}

/* What has no room on standard output is a failure; a reader that has gone is none worth a word. */
Test(supctl, output_that_nobody_takes)
{
	struct node *n = run_tree();
	struct output output =
		shell("SUP_SOCKET=%s %s status >/dev/full", n->socket, build_path("supctl"));

	cr_assert_eq(output.status, 1);
	cr_assert_str_eq(output.err, "supctl: standard output: No space left on device\n");
	/* What is closed is not what is opened next, be it the daemon's socket or a log. */
	for (size_t i = 0; i < 3; i++) {
		output = shell("SUP_SOCKET=%s %s %s >&-", n->socket, build_path("supctl"),
			       ((const char *[]){"status", "events --since 1", "logs"})[i]);
		cr_assert_eq(output.status, 1);
		cr_assert_not_null(strstr(output.err, "standard output: Bad file descriptor\n"),
				   "%s", output.err);
	}
	node_end(n);
}
