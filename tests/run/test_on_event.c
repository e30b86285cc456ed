/* SPDX-License-Identifier: MIT */

/*
 * Commands that are run at events. Most write what they are given into a file.
 */

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "script.h"

RUN_SUITE(on_event);

/* Appends a line "TAG KIND NAME REASON" to the node's file `told`. */
#define TELLS(tag)                                                             \
	"on_event = sh -c 'echo \"" tag " ${SUP_EVENT_KIND} ${SUP_EVENT_NAME}" \
	" ${SUP_EVENT_REASON}\" >>@folder/told'\n"
#define FAST "on_event_rate = infinity\non_event_max = 1\n"

static struct mono now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (struct mono){(int64_t)t.tv_sec * 1000000000 + t.tv_nsec};
}

/* Looks again in a moment; fails the test where that was too often. */
static void look_again(struct mono *end, const char *what)
{
	if (!end->ns)
		*end = mono_add(now(), SPAN_S(PATIENCE));
	cr_assert_lt(now().ns, end->ns, "never: %s", what);
	poll(NULL, 0, 5);
}

/* All of a file's text by the time it has what is looked for. */
static char *await_text(struct node *n, const char *file, const char *what)
{
	struct mono end = {0};

	for (;;) {
		char *text = node_has_file(n, file) ? node_read(n, file) : NULL;

		if (text && strstr(text, what))
			return text;
		look_again(&end, what);
	}
}

static void await_log(struct node *n, const char *what)
{
	for (struct mono end = {0}; !strstr(node_log(n), what);)
		look_again(&end, what);
}

static void await_state(struct node *n, const char *target, const char *state)
{
	for (struct mono end = {0}; strcmp(state_of(n, target), state) != 0;)
		look_again(&end, state);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static char *await_lines(struct node *n, const char *file, size_t lines)
{
	struct mono end = {0};

	for (;;) {
		char *text = await_text(n, file, "\n");

		if (count(text, "\n") >= lines)
			return text;
		look_again(&end, text);
	}
}

/* The event on standard input is the one that supctl shows; the environment says the same. */
Test(on_event, is_told_of_the_event)
{
	struct node *n = node_run(
		"[service a]\ncommand = sh -c 'exit 3'\nrestart = temporary\nautostart = no\n"
		"environment = LEVEL=7\n"
		"on_event_filter = exit\n"
		"on_event = sh -c 'cat >@folder/x; env >@folder/env; mv @folder/x "
		"@folder/event'\n");
	char *event, *env;
	const char *seq;

	ctl(n, "start a");
	event = await_text(n, "event", "\n");
	cr_expect_eq(count(event, "\n"), 1, "%s", event);
	cr_expect_str_eq(json_get(event, "kind"), "exit");
	cr_expect_str_eq(json_get(event, "name"), "a");
	cr_expect_str_eq(json_get(event, "reason"), "exit:3");
	seq = json_get(event, "seq");
	env = node_read(n, "env");
	cr_expect_not_null(strstr(env, "SUP_EVENT_KIND=exit\n"), "%s", env);
	cr_expect_not_null(strstr(env, "SUP_EVENT_NAME=a\n"));
	cr_expect_not_null(strstr(env, "SUP_EVENT_REASON=exit:3\n"));
	cr_expect_not_null(strstr(env, keep_printf("SUP_EVENT_SEQ=%s\n", seq)), "%s", env);
	cr_expect_not_null(strstr(env, "SUP_NAME=a\n"));
	cr_expect_not_null(strstr(env, "LEVEL=7\n"), "as the service has it");
	cr_expect_null(strstr(env, "SUP_PID="), "it is no incarnation");
	cr_expect_null(strstr(env, "SUP_TOKEN="));
	cr_expect_null(strstr(env, "SUP_EVENT_DROPPED="));
	node_end(n);
}

/* A service, its supervisor, the root: each with its own filter. */
Test(on_event, everybody_above_is_asked)
{
	struct node *n =
		node_run("[supervisor /]\n" TELLS("root") FAST "on_event_filter = e?it\n"
							       "[supervisor s]\n" TELLS("s") FAST
			 "on_event_filter = * !start\n"
			 "[service s/a]\ncommand = sh -c 'exit 3'\nrestart = temporary\n"
			 "autostart = no\n" TELLS("a") FAST
			 "on_event_filter = start\n"
			 "[service b]\ncommand = sh -c 'exit 4'\nrestart = temporary\n"
			 "autostart = no\n");
	char *told;

	ctl(n, "start s/a");
	await_text(n, "told", "root exit s/a exit:3\n");
	await_text(n, "told", "s exit s/a exit:3\n");
	ctl(n, "start b");
	told = await_text(n, "told", "root exit b exit:4\n");
	cr_expect_not_null(strstr(told, "a start s/a \n"), "%s", told);
	cr_expect_null(strstr(told, "\na exit"));
	cr_expect_null(strstr(told, "\ns start"));
	cr_expect_null(strstr(told, "\nroot start"));
	cr_expect_null(strstr(told, "\ns exit b"));
	node_end(n);
}

/* What is not in the tree any more still has those above it. */
Test(on_event, of_what_is_removed)
{
	struct node *n = node_run("[supervisor /]\n" TELLS("root") FAST
				  "on_event_filter = removed\n"
				  "[service a]\ncommand = sleep 1000\n");

	sync_tree(n);
	ctl(n, "stop a");
	ctl(n, "remove a");
	await_text(n, "told", "root removed a ");
	node_end(n);
}

/* A restart waits for none of them, nor is one ended with the service. */
Test(on_event, holds_up_nothing)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a ready\nready = notify\n"
				  "on_event_filter = exit\non_event = @puppet/e\n" FAST);

	sync_tree(n);
	order(n, "a", "exit:3");
	journal_find(n, "e start *");
	await_state(n, "a", "running");
	cr_expect_eq(journal_count(n, "a start *"), 2);
	ctl(n, "stop a");
	cr_expect_str_eq(state_of(n, "a"), "stopped");
	order(n, "e", "exit:0");
	node_end(n);
}

/* It is killed when its time is up, with what it has started; the log says so, and the next event
 * has its turn. A command that never reads holds up nobody. */
Test(on_event, what_hangs_is_killed)
{
	struct node *n = node_run(
		"[service a]\ncommand = sh -c 'exit 3'\nrestart = temporary\nautostart = no\n"
		"on_event_filter = exit\non_event_timeout = 1s\n" FAST
		"on_event = sh -c 'trap \"\" TERM; echo x >>@folder/told; sleep 1000'\n");

	ctl(n, "start a");
	await_text(n, "told", "x\n");
	ctl(n, "start a");
	await_text(n, "told", "x\nx\n");
	await_log(n, "on_event sh: not done within 1s");
	cr_expect_null(strstr(node_log(n), "signal"));
	node_end(n);
}

/* A failure is a line in the log, and no event; a - before the command keeps even that back. */
Test(on_event, failures_are_said)
{
	struct node *n = node_run(
		"[supervisor /]\n" FAST "on_event_filter = exit\n"
		"on_event = -sh -c 'exit 5'\n"
		"on_event = sh -c 'exit 6'\n"
		"on_event = @folder/missing\n" TELLS(
			"last") "[service a]\ncommand = sh -c 'exit 3'\nrestart = temporary\n"
				"autostart = no\n");
	const char *log;

	ctl(n, "start a");
	await_text(n, "told", "last exit a exit:3\n");
	log = node_log(n);
	cr_expect_not_null(strstr(log, "on_event sh: exit status 6"), "%s", log);
	cr_expect_null(strstr(log, "exit status 5"), "%s", log);
	cr_expect_not_null(strstr(log, "missing: could not be run (exec)"), "%s", log);
	node_end(n);
}

/* As many wait as may; more are dropped, said once, and counted for the next. */
Test(on_event, a_storm_is_bounded)
{
	struct node *n = node_run("[supervisor /]\nintensity = 1000\nperiod = 1h\n"
				  "on_event_filter = exit\non_event_rate = infinity\n"
				  "on_event = sh -c 'if test -e @folder/open; then "
				  "echo ${SUP_EVENT_SEQ} [${SUP_EVENT_DROPPED}] >>@folder/told; "
				  "else touch @folder/waits; exec @puppet/e; fi'\n"
				  "[service a]\ncommand = sh -c 'exit 3'\n");
	char *told;
	const char *log;

	journal_find(n, "e start *");
	for (struct mono end = {0}; look(n, "a").restarts < 200;)
		look_again(&end, "200 restarts");
	ctl(n, "stop a");
	node_write(n, "open", "");
	order(n, "e", "exit:0");
	told = await_lines(n, "told", 64);
	cr_expect_eq(count(told, "\n"), 64, "%s", told);
	cr_expect_eq(count(told, "[]"), 63, "%s", told);
	cr_expect_geq(atoi(strchr(told, '[') + 1), 100, "%s", told);
	log = node_log(n);
	cr_expect_eq(count(log, "the oldest are left out"), 1, "%s", log);
	node_end(n);
}

/* Of more than the rate allows the rest waits; what was begun is not more. */
Test(on_event, is_run_no_more_often_than_its_rate)
{
	struct node *n = node_run("[supervisor /]\n" TELLS(
		"x") "on_event_filter = exit\non_event_rate = 2/1h\n"
		     "[service a]\ncommand = sh -c 'exit 3'\nrestart = temporary\n"
		     "autostart = no\n");

	for (int i = 0; i < 5; i++) {
		ctl(n, "start a");
		await_state(n, "a", "failed");
	}
	await_text(n, "told", "x exit a exit:3\nx exit a exit:3\n");
	ctl(n, "shutdown");
	cr_expect_eq(node_wait(n), 0);
	cr_expect_eq(count(node_read(n, "told"), "\n"), 2);
	/* Three of its ends, and that of the root. */
	cr_expect_not_null(strstr(node_log(n), "4 events had no run"), "%s", node_log(n));
	node_check_nothing_left(n);
}

/* So many at a time. */
Test(on_event, several_at_a_time)
{
	struct node *n = node_run("[supervisor /]\non_event_filter = exit\non_event_max = 2\n"
				  "on_event_rate = infinity\n"
				  "on_event = @puppet/${SUP_EVENT_NAME}e\n"
				  "[service a]\ncommand = @puppet/a\nrestart = temporary\n"
				  "[service b]\ncommand = @puppet/b\nrestart = temporary\n"
				  "[service c]\ncommand = @puppet/c\nrestart = temporary\n");

	sync_tree(n);
	order(n, "a", "exit:1");
	journal_find(n, "ae start *");
	order(n, "b", "exit:1");
	journal_find(n, "be start *");
	order(n, "c", "exit:1");
	await_state(n, "c", "failed");
	cr_expect_eq(journal_count(n, "ce start *"), 0);
	order(n, "be", "exit:0");
	journal_find(n, "ce start *");
	order(n, "ae", "exit:0");
	order(n, "ce", "exit:0");
	node_end(n);
}

/* The last events of all are told too: supd has given up, and waits for that. */
Test(on_event, at_the_end_of_supd)
{
	struct node *n = node_new();

	node_config(n, "[supervisor /]\ngive_up = escalate\nintensity = 0\n" FAST
		       "on_event_filter = gave_up\n"
		       "on_event = sh -c 'sleep 0.2; echo ${SUP_EVENT_KIND} >@folder/told'\n"
		       "[service a]\ncommand = sh -c 'exit 3'\n");
	node_spawn(n);
	cr_expect_eq(node_wait(n), 1);
	cr_expect_str_eq(node_read(n, "told"), "gave_up\n");
	node_check_nothing_left(n);
}

/* As the service's user; a supervisor's as the daemon's. */
Test(on_event, as_the_services_user)
{
	struct node *n;
	struct stat st;

	need_root();
	n = node_new();
	chmod(n->folder, 0777);
	node_config(n, "[supervisor /]\non_event = touch @folder/root\non_event_filter = exit\n"
		       "[service a]\ncommand = sh -c 'exit 3'\nrestart = temporary\n"
		       "user = nobody\n"
		       "on_event = sh -c 'cat >@folder/his'\non_event_filter = exit\n");
	node_start(n);
	await_text(n, "his", "\n");
	cr_assert_eq(stat(node_path(n, "his"), &st), 0);
	cr_expect_eq(st.st_uid, person_find("nobody").uid);
	await_text(n, "root", "");
	node_end(n);
	cr_assert_eq(stat(node_path(n, "root"), &st), 0);
	cr_expect_eq(st.st_uid, 0);
}

/* Children that are added at run time have it too. */
Test(on_event, of_an_added_child)
{
	struct node *n = node_run("[service b]\ncommand = sleep 1000\n");

	sync_tree(n);
	node_write(n, "hook",
		   node_expand(n, "#!/bin/sh\ncat >@folder/x\nmv @folder/x @folder/told\n"));
	cr_assert_eq(chmod(node_path(n, "hook"), 0755), 0);
	ctl(n, "add a command=false restart=temporary on_event=%s on_event_filter=exit",
	    node_path(n, "hook"));
	cr_expect_str_eq(json_get(await_text(n, "told", "\n"), "kind"), "exit");
	node_end(n);
}

/* What it writes is in the log of its service, and nowhere else. */
Test(on_event, writes_where_its_service_does)
{
	struct node *n =
		node_run("[service a]\ncommand = sh -c 'exit 3'\n"
			 "restart = temporary\nautostart = no\n" FAST "on_event_filter = exit\n"
			 "on_event = sh -c 'echo told; echo too >&2; "
			 "echo x >@folder/told'\n");

	ctl(n, "start a");
	await_text(n, "told", "x\n");
	node_end(n);
	cr_assert_not_null(strstr(node_service_log(n, "a"), "Z told\n"), "%s",
			   node_service_log(n, "a"));
	cr_assert_not_null(strstr(node_service_log(n, "a"), "Z too\n"));
	cr_assert_null(strstr(read_all(n->supd.out), "told"));
	cr_assert_null(strstr(read_all(n->supd.err), "too\n"));
}

/* ... which need not have started ever. */
Test(on_event, of_what_has_never_started_writes_there_too)
{
	struct node *n = node_run("[service a]\ncommand = sleep 1000\nautostart = no\n" FAST
				  "on_event_filter = held\n"
				  "on_event = sh -c 'echo told; echo too >&2; "
				  "echo x >>@folder/told'\n");

	ctl(n, "stop a");
	await_text(n, "told", "x\n");
	/* It has a log of its own from its start on, and that is the same. */
	ctl(n, "start a");
	ctl(n, "stop a");
	await_text(n, "told", "x\nx\n");
	node_end(n);
	cr_assert_eq(count(node_service_log(n, "a"), "Z told\n"), 2, "%s",
		     node_service_log(n, "a"));
	cr_assert_eq(count(node_service_log(n, "a"), "Z too\n"), 2);
	cr_assert_null(strstr(read_all(n->supd.out), "told"));
	cr_assert_null(strstr(read_all(n->supd.err), "too\n"));
}

/* get_childspec has its keys, and those of the log. */
Test(on_event, is_in_the_specification)
{
	struct node *n = node_run("[supervisor s]\non_event = -true\non_event_rate = infinity\n"
				  "[service s/a]\ncommand = sleep 1000\nlog_size = 1M\n"
				  "on_event = sh -c 'echo \"it'\\''s $1\"' x\non_event = false ''\n"
				  "on_event_filter = exit !ready\non_event_max = 3\n"
				  "on_event_timeout = 7s\n[service b]\ncommand = sleep 1000\n");
	char *spec = strtok(ctl(n, "child spec s a --json"), "\n");

	cr_expect_not_null(strstr(spec, "\"on_event\":[\"sh -c 'echo \\\"it'\\\\''s $1\\\"' x\","
					"\"false ''\"]"),
			   "%s", spec);
	cr_expect_not_null(strstr(spec, "\"on_event_filter\":[\"exit\",\"!ready\"]"), "%s", spec);
	cr_expect_str_eq(json_get(spec, "on_event_rate"), "10/1min");
	cr_expect_str_eq(json_get(spec, "on_event_max"), "3");
	cr_expect_str_eq(json_get(spec, "on_event_timeout"), "7.000000");
	cr_expect_str_eq(json_get(spec, "log_size"), "1048576");
	cr_expect_str_eq(json_get(spec, "log_format"), "text");
	spec = strtok(ctl(n, "child spec / s --json"), "\n");
	cr_expect_not_null(strstr(spec, "\"on_event\":[\"-true\"],\"on_event_filter\":[\"*\"]"),
			   "%s", spec);
	cr_expect_str_eq(json_get(spec, "on_event_rate"), "infinity");
	spec = strtok(ctl(n, "child spec / b --json"), "\n");
	cr_expect_null(strstr(spec, "on_event"), "%s", spec);
	cr_expect_str_eq(json_get(spec, "log_files"), "10");
	cr_expect_str_eq(json_get(spec, "log_overflow"), "block");
	node_end(n);
}
