/* SPDX-License-Identifier: MIT */

/* Services in cgroups of their own: who is in them, what ends them, what becomes of them. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

RUN_SUITE(cgroup);

static pid_t told_pid(struct node *n, const char *pattern)
{
	return (pid_t)atoi(strrchr(journal_find(n, pattern), ' ') + 1);
}

static pid_t told_next_pid(struct node *n, const char *pattern)
{
	return (pid_t)atoi(strrchr(journal_until(n, pattern), ' ') + 1);
}

static const char *containment(struct node *n, const char *name)
{
	return json_get(ctl(n, "status --json %s", name), "containment");
}

/* Skips the test where this machine has no cgroups for us. */
static void need_cgroup(struct node *n, const char *name)
{
	if (strcmp(containment(n, name), "cgroup") == 0)
		return;
	node_end(n);
	cr_skip_test("there is no cgroup v2 that the test may write to");
}

/* The folder that the node's daemon has made. */
static const char *folder_of(struct node *n)
{
	char *text = node_read(n, "run/cgroup");

	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* The last part of the path of its cgroup v2. */
static const char *cgroup_of(pid_t os_pid)
{
	const char *text = shell("sed -n 's/^0::.*[/]//p' /proc/%d/cgroup", (int)os_pid).out;

	return keep_printf("%.*s", (int)strcspn(text, "\n"), text);
}

static bool has_folder(const char *folder, const char *name)
{
	struct stat st;

	return lstat(keep_printf("%s/%s", folder, name), &st) == 0;
}

Test(cgroup, a_service_has_one_for_as_long_as_it_runs)
{
	struct node *n = node_run("[supervisor web]\n"
				  "[service web/api]\ncommand = @puppet/a child stray\n");
	pid_t child = told_pid(n, "a child *"), stray = told_pid(n, "a stray *");
	const char *folder;

	need_cgroup(n, "web/api");
	folder = folder_of(n);
	cr_expect_str_eq(cgroup_of(os_pid_of(n, "web/api")), "web!api.service");
	cr_expect_str_eq(cgroup_of(child), "web!api.service");
	cr_expect_str_eq(cgroup_of(stray), "web!api.service");
	cr_expect_str_eq(cgroup_of(n->supd.os_pid), cgroup_of(getpid()), "supd has moved");
	ctl(n, "stop web/api");
	cr_expect_not(proc_exists(child));
	cr_expect_not(proc_exists(stray));
	cr_expect_not(has_folder(folder, "web!api.service"));
	ctl(n, "start web/api");
	cr_expect_str_eq(cgroup_of(os_pid_of(n, "web/api")), "web!api.service");
	node_end(n);
	cr_expect_not(has_folder(folder, "."), "%s is left", folder);
}

/* No environment, no session, no group, another parent: a stop is done when it is gone. */
Test(cgroup, nothing_gets_away)
{
	struct node *n = node_run("[service a]\n"
				  "command = sh -c 'setsid -f env -i @puppet/b; exec @puppet/a'\n");
	pid_t b = told_pid(n, "b start *");

	need_cgroup(n, "a");
	ctl(n, "stop a");
	cr_expect_not(proc_exists(b));
	node_end(n);
}

/* As a classic daemon does: nothing but its cgroup tells that it is the service's own. */
Test(cgroup, the_main_process_may_be_any_in_it)
{
	struct node *n = node_run("[service a]\nready = notify\n"
				  "command = sh -c 'setsid -f env -i @puppet/b leave:TERM=0; exec "
				  "@puppet/a ready'\n");
	pid_t b = told_pid(n, "b start *");

	ctl(n, "wait a --for ready");
	need_cgroup(n, "a");
	order(n, "a", keep_printf("notify:MAINPID=%d", (int)b));
	order(n, "a", "barrier");
	order(n, "a", "say:told");
	journal_until(n, "a told");
	cr_expect_eq(os_pid_of(n, "a"), b);
	ctl(n, "stop a");
	cr_expect_not(proc_exists(b));
	node_end(n);
}

/* A crash: the next incarnation starts when the rest of the last one is gone, and lives. */
Test(cgroup, a_restart_waits_for_the_rest)
{
	struct node *n = node_run("[service a]\n"
				  "command = sh -c 'setsid -f env -i @puppet/b; exec @puppet/a'\n");
	pid_t first = told_next_pid(n, "b start *");
	struct watch *w;

	need_cgroup(n, "a");
	for (int i = 1; i <= 3; i++) {
		w = watch_open(n);
		order(n, "a", "exit:3");
		watch_until(w, "ready a");
		cr_assert_not(proc_exists(first));
		first = told_next_pid(n, "b start *");
		sync_tree(n);
		cr_assert_eq(look(n, "a").restarts, i);
		watch_close(w);
	}
	node_end(n);
}

Test(cgroup, an_empty_one_is_used_again)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\n");
	struct stat before, after;
	const char *path;

	need_cgroup(n, "a");
	path = keep_printf("%s/a.service", folder_of(n));
	journal_until(n, "a start *");
	cr_assert_eq(stat(path, &before), 0);
	order(n, "a", "exit:3");
	journal_until(n, "a start *");
	cr_assert_eq(stat(path, &after), 0);
	cr_expect_eq(before.st_ino, after.st_ino);
	node_end(n);
}

/* A service that makes cgroups below its own. */
Test(cgroup, those_below_it_go_with_it)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a child\n");
	pid_t child = told_pid(n, "a child *");
	const char *folder;

	need_cgroup(n, "a");
	folder = folder_of(n);
	cr_assert_eq(shell("cd %s/a.service && mkdir -p x/y/z w && echo %d > x/y/cgroup.procs",
			   folder, (int)child)
			     .status,
		     0);
	ctl(n, "stop a");
	cr_expect_not(proc_exists(child));
	cr_expect_not(has_folder(folder, "a.service"));
	node_end(n);
}

Test(cgroup, kill_mode_main_leaves_what_is_in_it)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a once:x stray\n"
				  "kill_mode = main\n");
	pid_t stray = told_pid(n, "a stray *");
	const char *folder;

	need_cgroup(n, "a");
	folder = folder_of(n);
	order(n, "a", "exit:3");
	journal_until(n, "a start *");
	ctl(n, "stop a");
	ctl(n, "start a");
	cr_expect(proc_exists(stray));
	cr_expect_str_eq(cgroup_of(os_pid_of(n, "a")), "a.service");
	node_end(n);
	cr_expect_not(has_folder(folder, "."));
}

/* SIGKILL to supd: the next one finds what is in its cgroups, though nothing else tells of it. */
Test(cgroup, of_a_supd_that_was_killed)
{
	struct node *n = node_run("[service a]\nshutdown = 100ms\n"
				  "command = sh -c 'setsid -f env -i @puppet/b; exec @puppet/a'\n");
	pid_t b = told_pid(n, "b start *");
	const char *old;

	need_cgroup(n, "a");
	old = folder_of(n);
	kill(n->supd.os_pid, SIGKILL);
	node_wait(n);
	cr_assert(proc_exists(b));
	node_start(n);
	sync_tree(n);
	cr_expect_eq(waitpid(b, NULL, WNOHANG), b);
	reap_orphans();
	cr_expect_not_null(strstr(node_log(n), "2 OS processes had to be ended"), "%s",
			   node_log(n));
	cr_expect_not(has_folder(old, "."));
	node_end(n);
}

/* What a killed one left that nobody comes after is litter to any other. */
Test(cgroup, empty_ones_of_the_dead_are_removed)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\n"), *other;
	const char *old;
	pid_t a;

	need_cgroup(n, "a");
	old = folder_of(n);
	a = os_pid_of(n, "a");
	kill(n->supd.os_pid, SIGKILL);
	node_wait(n);
	kill(a, SIGKILL);
	proc_wait_state(a, 'Z');
	reap_orphans();
	other = node_run("[service a]\ncommand = @puppet/a\n");
	cr_expect_not(has_folder(old, "."));
	node_end(other);
	node_start(n);
	node_end(n);
}

Test(cgroup, none_where_they_are_not_wanted)
{
	struct node *n = node_run("cgroup = no\n[service a]\ncommand = @puppet/a\n");

	cr_expect_str_eq(containment(n, "a"), "session");
	cr_expect_not(node_has_file(n, "run/cgroup"));
	ctl(n, "stop a");
	node_end(n);
}

/* An ordinary user's daemon in a cgroup of root's. */
Test(cgroup, none_where_they_can_not_be)
{
	struct node *n = node_new();

	need_root();
	node_become(n, "nobody");
	node_config(n, "log_level = debug\n[service a]\ncommand = @puppet/a\n");
	node_start(n);
	if (strcmp(containment(n, "a"), "session") == 0)
		cr_expect_not_null(strstr(node_log(n), "no cgroups can be made below supd's own"));
	node_end(n);
	node_config(n, "cgroup = require\n[service a]\ncommand = @puppet/a\n");
	node_spawn(n);
	cr_expect_eq(node_wait(n), 1);
	cr_expect_not_null(strstr(node_log(n), "cgroup = require: none can be made"), "%s",
			   node_log(n));
	cr_expect_null(strstr(node_log(n), "  cgroup: "), "it is said once");
}
