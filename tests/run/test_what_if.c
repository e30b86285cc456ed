/* SPDX-License-Identifier: MIT */

/* supctl what-if: it tells what then happens, and changes nothing. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sandbox.h"
#include "support.h"

RUN_SUITE(what_if);

#define PUPPET(path, name) "[service " path "]\ncommand = @puppet/" name " ready\nready = notify\n"

/* ---- what it tells, and what happens ---- */

/* Its changes as a watch shows them, "KIND NAME REASON; ..."; *ret_last is the last one. */
static char *foretold(struct node *n, const char *words, const char **ret_last)
{
	char *text = keep(strdup(ctl(n, "what-if %s --json", words)));
	struct buf all = BUF_INIT;
	char *save = NULL;

	*ret_last = "";
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *kind = json_get(line, "kind"), *reason = json_get(line, "reason");

		if (strcmp(kind, "result") == 0)
			continue;
		*ret_last = keep_printf("%s %s%s%s", kind, json_get(line, "name"),
					reason && strcmp(reason, "null") != 0 ? " " : "",
					reason && strcmp(reason, "null") != 0 ? reason : "");
		buf_printf(&all, "%s%s", all.size ? "; " : "", *ret_last);
	}
	text = keep(strdup(buf_text(&all)));
	buf_fini(&all);
	return text;
}

/* The same is done in earnest, and the same comes of it, in that order. */
static void check(struct node *n, const char *words, const char *part)
{
	const char *last;
	char *told = foretold(n, words, &last), *happened;
	struct watch *w = watch_open(n);

	cr_assert_not_null(strstr(told, part), "no \"%s\" in: %s", part, told);
	ctl(n, "%s", words);
	happened = watch_join(w, last);
	cr_assert_str_eq(happened, told, "what-if %s\n     told: %s\n happened: %s", words, told,
			 happened);
	watch_close(w);
	sync_tree(n);
}

Test(what_if, one_for_one_and_rest_for_one)
{
	struct node *n =
		node_run(PUPPET("lone", "l") "[supervisor s]\nstrategy = rest_for_one\n"
					     "intensity = 9\n" PUPPET("s/a", "a") PUPPET("s/b", "b")
						     PUPPET("s/c", "c"));

	sync_tree(n);
	check(n, "kill -KILL lone", "exit lone killed; start lone; ready lone");
	check(n, "kill -KILL s/b", "exit s/b killed; stopping s/c shutdown; exit s/c shutdown");
	check(n, "restart s/a", "stopping s/a shutdown; exit s/a shutdown");
	check(n, "stop s", "exit s/c shutdown; stopping s/b");
	node_end(n);
}

Test(what_if, one_for_all_with_a_delay)
{
	struct node *n = node_run("[supervisor s]\nstrategy = one_for_all\n" PUPPET("s/a", "a")
					  PUPPET("s/b", "b") "restart_delay = 300ms\n");
	char *text;

	sync_tree(n);
	check(n, "kill -KILL s/b", "exit s/b killed; stopping s/a shutdown");
	text = ctl(n, "what-if kill s/b");
	cr_expect_not_null(strstr(text, "backoff"), "%s", text);
	cr_expect_not_null(strstr(text, "\nstarted again: s/a, s/b\n"), "%s", text);
	cr_expect_not_null(strstr(text, "s: 2 of 3 restarts within 5s are used up then\n"), "%s",
			   text);
	node_end(n);
}

/* Up to the root's own reaction. */
Test(what_if, a_supervisor_that_gives_up)
{
	struct node *n =
		node_run("[supervisor s]\nintensity = 0\n" PUPPET("s/a", "a") PUPPET("s/b", "b"));
	char *text;

	sync_tree(n);
	text = ctl(n, "what-if kill -SEGV s/a");
	cr_expect_not_null(strstr(text, "s would give up: too many restarts\n"), "%s", text);
	check(n, "kill -KILL s/a", "exit s/a killed; gave_up s;");
	node_end(n);
}

Test(what_if, links_and_dependences)
{
	struct node *n = node_run(PUPPET("db", "db") PUPPET("api", "api") "requires = db\n" PUPPET(
		"twin", "twin") "link = api\n");
	char *text;

	sync_tree(n);
	text = ctl(n, "what-if kill -SEGV api");
	cr_expect_not_null(strstr(text, "doomed"), "%s", text);
	cr_expect_not_null(strstr(text, "\nstarted again: api, twin\n"), "%s", text);
	ctl(n, "stop twin");
	sync_tree(n);
	check(n, "stop db", "stopping api shutdown");
	node_end(n);
}

Test(what_if, an_end_by_itself)
{
	struct node *n = node_run(PUPPET("a", "a") "restart = transient\n");
	char *text;

	sync_tree(n);
	text = ctl(n, "what-if kill --exit 0 a");
	cr_expect_not_null(strstr(text, "down in the end: a (done)\n"), "%s", text);
	cr_expect_null(strstr(text, "start"), "%s", text);
	text = ctl(n, "what-if kill --exit 1 a");
	cr_expect_not_null(strstr(text, "started again: a\n"), "%s", text);
	node_end(n);
}

/* Both at once. */
Test(what_if, several)
{
	struct node *n =
		node_run("[supervisor s]\nintensity = 1\n" PUPPET("s/a", "a") PUPPET("s/b", "b"));
	char *text;

	sync_tree(n);
	text = ctl(n, "what-if kill s/a s/b");
	cr_expect_not_null(strstr(text, "s would give up: too many restarts\n"), "%s", text);
	node_end(n);
}

/* A list of thousands would hide what is behind it. */
Test(what_if, many_are_not_all_named)
{
	struct node *n = node_run("[service w]\ncommand = sleep 1000\ninstances = 15\n"
				  "stdout = null\n");
	char *text;

	sync_tree(n);
	text = ctl(n, "what-if stop w@");
	cr_expect_not_null(strstr(text, ", w@12 (stopped) and 3 more\n"), "%s", text);
	node_end(n);
}

/* ---- nothing changes ---- */

static size_t children_of(struct node *n)
{
	pid_t list[64];

	return proc_children(n->supd.os_pid, list, ARRAY_LEN(list));
}

static char *files(struct node *n)
{
	return shell("cd %s && find . -not -name journal | sort", n->folder).out;
}

Test(what_if, nothing_is_changed)
{
	struct node *n = node_run("[supervisor s]\nstrategy = one_for_all\nintensity = 1\n" PUPPET(
		"s/a", "a") PUPPET("s/b", "b") PUPPET("z", "z"));
	pid_t a, b;
	size_t children;
	struct watch *w;
	char *before;

	sync_tree(n);
	a = os_pid_of(n, "s/a");
	b = os_pid_of(n, "s/b");
	children = children_of(n);
	before = files(n);
	w = watch_open(n);
	for (int i = 0; i < 5; i++)
		ctl(n, "what-if kill s/a s/b");
	ctl(n, "what-if restart s");
	ctl(n, "stop z");
	cr_expect_str_eq(watch_join(w, "exit z *"), "held z; stopping z shutdown; exit z shutdown");
	cr_expect_eq(os_pid_of(n, "s/a"), a);
	cr_expect_eq(os_pid_of(n, "s/b"), b);
	cr_expect_eq(look(n, "s/a").restarts, 0);
	cr_expect_str_eq(files(n), before);
	/* z has gone, and those that found out are reaped, soon. */
	while (children_of(n) != children - 1)
		;
	node_end(n);
}

/* ---- what can not be ---- */

Test(what_if, errors)
{
	struct node *n = node_run("[supervisor s]\n" PUPPET("s/a", "a"));

	sync_tree(n);
	cr_expect_not_null(strstr(ctl_fails(n, 3, "what-if kill nobody"), "nobody: no such actor"));
	cr_expect_not_null(strstr(ctl_fails(n, 3, "what-if kill s"), "it is a supervisor"));
	cr_expect_not_null(strstr(ctl_fails(n, 1, "what-if stop /"), "use supctl shutdown"));
	cr_expect_not_null(strstr(ctl_fails(n, 1, "what-if stop / --json"), "use supctl shutdown"));
	cr_expect_not_null(strstr(ctl_fails(n, 2, "what-if frobnicate s/a"), "kill, stop or"));
	cr_expect_not_null(strstr(ctl_fails(n, 2, "what-if kill -NOSUCH s/a"), "no Unix signal"));
	cr_expect_not_null(
		strstr(ctl_fails(n, 2, "what-if stop --exit 1 s/a"), "for what-if kill"));
	cr_expect_not_null(strstr(ctl_fails(n, 2, "what-if kill --exit 256 s/a"), "up to 255"));
	ctl(n, "stop s/a");
	cr_expect_not_null(strstr(ctl_fails(n, 3, "what-if kill s/a"), "no process of it runs"));
	cr_expect_not_null(strstr(ctl(n, "what-if stop s/a"), "nothing would change"));
	node_end(n);
}

/* Its user may; who is root in a container may not. */
static int allow_no_more(void *os_pid)
{
	struct rlimit limit;
	int r = prlimit(*(pid_t *)os_pid, RLIMIT_NPROC, NULL, &limit);

	limit.rlim_cur = 0;
	return r < 0 ? r : prlimit(*(pid_t *)os_pid, RLIMIT_NPROC, &limit, NULL);
}

static int allow_all(void *os_pid)
{
	struct rlimit limit;
	int r = prlimit(*(pid_t *)os_pid, RLIMIT_NPROC, NULL, &limit);

	limit.rlim_cur = limit.rlim_max;
	return r < 0 ? r : prlimit(*(pid_t *)os_pid, RLIMIT_NPROC, &limit, NULL);
}

Test(what_if, no_process_can_be_made)
{
	struct node *n = node_new();

	need_root();
	node_become(n, "nobody");
	node_config(n, PUPPET("a", "a"));
	node_start(n);
	sync_tree(n);
	cr_assert_eq(person_run(&n->who, allow_no_more, &n->supd.os_pid), 0);
	cr_expect_not_null(strstr(ctl_fails(n, 1, "what-if kill a"), "no process could be made"));
	/* At its end a sanitizer makes one that looks for leaks. */
	cr_assert_eq(person_run(&n->who, allow_all, &n->supd.os_pid), 0);
	node_end(n);
}

/* ---- of an init ---- */

/* The first process of a namespace asks a copy of itself, which is reaped like any child. */
static void try_what_if(unsigned how)
{
	struct sandbox *s = sandbox_new(how);
	struct node *n = s->n;
	const char *told;
	pid_t init, list[4];
	size_t before;

	node_config(n, "[supervisor s]\nstrategy = one_for_all\n"
		       "[service s/a]\ncommand = sleep 1000\n"
		       "[service s/b]\ncommand = sleep 1000\n");
	node_start(n);
	ctl(n, "wait s --for ready");
	init = sandbox_init(n);
	before = proc_children(init, list, ARRAY_LEN(list));
	for (int i = 0; i < 5; i++) {
		told = ctl(n, "what-if kill -KILL s/a");
		cr_assert_not_null(strstr(told, "s/b"), "%s", told);
		told = ctl(n, "what-if stop s --json");
		cr_assert_gt(json_check_lines(told), 2, "%s", told);
		ctl(n, "what-if restart s/b");
	}
	cr_assert_not_null(strstr(ctl_fails(n, 3, "what-if stop nobody"), "nobody"));
	while (proc_children(init, list, ARRAY_LEN(list)) != before)
		usleep(1000);
	cr_assert_str_eq(state_of(n, "s/a"), "running");
	cr_assert_eq(look(n, "s/a").restarts + look(n, "s/b").restarts, 0);
	sandbox_end(n, SIGTERM);
}

Test(what_if, of_an_init)
{
	try_what_if(0);
}

#ifndef __SANITIZE_ADDRESS__ /* it can not do without /proc */
Test(what_if, of_an_init_without_proc)
{
	try_what_if(SANDBOX_NO_PROC);
}
#endif

Test(what_if, of_an_init_where_little_can_be_written)
{
	try_what_if(SANDBOX_READ_ONLY | SANDBOX_FOLDER);
}
