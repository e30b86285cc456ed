/* SPDX-License-Identifier: MIT */

/* Crash reports. */

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

RUN_SUITE(report);

static void has(const char *text, const char *part)
{
	cr_assert_not_null(text, "nothing, and no \"%s\"", part);
	cr_assert_not_null(strstr(text, part), "no \"%s\" in: %s", part, text);
}

static void lacks(const char *text, const char *part)
{
	cr_assert_null(strstr(text, part), "\"%s\" in: %s", part, text);
}

/* The report that was announced after so many. */
static void until_reports(struct node *n, const char *name, size_t wanted)
{
	for (;;) {
		struct output o = supctl(n, "report %s %zu --json", name, wanted);

		if (o.status == 0)
			return;
	}
}

static char *field(struct node *n, const char *name, const char *key)
{
	return json_get(ctl(n, "report %s --json", name), key);
}

Test(report, exit_status)
{
	struct node *n = node_run("[service a]\ncommand = sh -c 'exit 3'\nrestart = temporary\n");

	until_reports(n, "a", 1);
	cr_assert_str_eq(field(n, "a", "name"), "a");
	cr_assert_str_eq(field(n, "a", "kind"), "exit");
	cr_assert_str_eq(field(n, "a", "reason"), "exit:3");
	cr_assert_str_eq(field(n, "a", "exit_status"), "3");
	cr_assert_str_eq(field(n, "a", "explanation"), "with exit status 3");
	cr_assert_str_eq(field(n, "a", "causes"), "exit (exit:3) <- self");
	cr_assert_gt(atoi(field(n, "a", "os_pid")), 0);
	cr_assert_gt(atoll(field(n, "a", "memory_peak")), 0);
	cr_assert_not_null(field(n, "a", "uptime"));
	cr_assert_not_null(field(n, "a", "cpu_user"));
	cr_assert_null(field(n, "a", "core"));
	has(ctl(n, "report a"), "a <0.");
	has(ctl(n, "report a"), " has crashed: exit:3, ");
	has(ctl(n, "report"), "with exit status 3");
	cr_assert_eq(json_check_lines(ctl(n, "report --json")), 1);
	has(ctl_fails(n, 1, "report a 2"), "there is 1 report of it");
	has(ctl_fails(n, 3, "report b"), "no such actor");
	has(ctl_fails(n, 2, "report a x"), "which one?");
	node_end(n);
	has(node_log(n), keep_printf("supctl -s %s report a tells more", n->socket));
}

/* What is forgotten as soon as it has ended has said something all the same. */
Test(report, of_one_that_is_forgotten)
{
	static const char *const names[] = {"jobs", "s/t"};
	struct node *n = node_run("[supervisor s]\n"
				  "[supervisor jobs]\nstrategy = simple_one_for_one\n"
				  "[service jobs/x]\ncommand = sh @folder/die\n"
				  "restart = temporary\n");

	node_write(n, "die", "echo my last words\nkill -SEGV $$\n");
	ctl(n, "child start jobs");
	ctl(n, "add s/t restart=temporary command='sh @folder/die'");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		until_reports(n, names[i], 1);
		cr_expect_str_eq(field(n, names[i], "output"), "my last words\\n");
		has(ctl(n, "report %s", names[i]), "  history  ");
		has(ctl(n, "report %s", names[i]), "restart = temporary");
	}
	node_end(n);
}

/* Where the kernel puts cores into files, that is found. */
Test(report, signal_and_core)
{
	char *pattern = shell("cat /proc/sys/kernel/core_pattern").out;
	struct node *n;

	need_root();
	n = node_new();
	node_config(n, "[service web/a]\ncommand = sh -c 'kill -SEGV $$'\nrestart = temporary\n"
		       "limit_core = infinity\nworking_directory = @folder\n"
		       "[supervisor web]\n");
	node_start(n);
	until_reports(n, "web", 1);
	cr_assert_str_eq(field(n, "web/a", "reason"), "signal:SEGV");
	cr_assert_str_eq(field(n, "web/a", "exit_status"), "SIGSEGV");
	has(field(n, "web/a", "explanation"), "by SIGSEGV: Segmentation fault");
	has(ctl(n, "why web/a"), "  by a fault of its own: SIGSEGV is for memory");
	if (*pattern == '|') {
		cr_assert_not_null(field(n, "web/a", "core_taker"));
	} else if (strncmp(pattern, "core\n", 5) == 0) {
		char *core = field(n, "web/a", "core");

		cr_assert_str_eq(field(n, "web/a", "core_there"), "true");
		cr_assert_eq(strncmp(core, n->folder, strlen(n->folder)), 0, "%s", core);
		cr_assert_eq(access(core, F_OK), 0, "%s", core);
		has(ctl(n, "report web/a"), core);
		unlink(core);
	}
	node_end(n);
}

/* What was never executed has no process, and says why. */
Test(report, failed_exec)
{
	struct node *n = node_run("[service a]\ncommand = /does/not/exist\nrestart = temporary\n"
				  "[supervisor s]\ngive_up = hold\n"
				  "[service s/b]\ncommand = @puppet/b\n");

	until_reports(n, "a", 1);
	cr_assert_str_eq(field(n, "a", "kind"), "start_failed");
	cr_assert_str_eq(field(n, "a", "reason"), "exec:ENOENT");
	has(field(n, "a", "explanation"), "/does/not/exist: No such file or directory");
	cr_assert_null(field(n, "a", "os_pid"));
	cr_assert_null(field(n, "a", "uptime"));
	cr_assert_str_eq(field(n, "a", "output_missing"), "its program was not executed");
	has(ctl(n, "report a"), "a <0.");
	has(ctl(n, "report a"), " has failed to start: exec:ENOENT");
	node_end(n);
}

/* What was asked for is no crash. */
Test(report, no_crashes)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\n"
				  "[service b]\ncommand = true\nrestart = temporary\n"
				  "[service c]\ncommand = @puppet/c\nshutdown = brutal_kill\n"
				  "[service d]\ncommand = @puppet/d leave:TERM=7\n");

	journal_find(n, "a start *");
	journal_find(n, "c start *");
	journal_find(n, "d start *");
	ctl(n, "stop a c d");
	ctl(n, "start a c d");
	ctl(n, "restart a c d");
	ctl(n, "wait b --for down");
	ctl(n, "spawn -- false");
	sync_tree(n);
	cr_assert_str_eq(ctl(n, "report"), "");
	has(ctl_fails(n, 1, "report a"), "it has not crashed");
	node_end(n);
	lacks(node_log(n), "tells more");
}

Test(report, ties_history_outcome)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\n"
				  "restart_delay = 1h\nrestart_delay_max = 1h\n"
				  "[service b]\ncommand = @puppet/b\nlink = a\n"
				  "restart = temporary\n"
				  "[service c]\ncommand = @puppet/c\nlink = a\ntrap_exit = yes\n");
	char *text;

	journal_find(n, "a start *");
	journal_find(n, "b start *");
	journal_find(n, "c start *");
	sync_tree(n);
	order(n, "a", "exit:5");
	until_reports(n, "a", 1);
	text = ctl(n, "report a --json");
	has(text, "b: was ended by its exit signal");
	has(text, "c: was sent EXIT, a message: it traps exits");
	has(text, " exit <0.");
	has(json_get(text, "outcome"), "is started again in 1h");
	lacks(text, "\"/:");
	until_reports(n, "b", 1);
	has(field(n, "b", "causes"), "<- doomed (exit:5) <- exit of a (exit:5) <- self");
	has(ctl(n, "report a"), "linked");
	has(ctl(n, "report"), "exit:5");
	node_end(n);
}

/* A loop of crashes has five reports, and one of the end of it; the rest is counted. */
Test(report, limited)
{
	struct node *n = node_new();
	struct watch *w;
	char *text;

	node_config(n, "[supervisor s]\ngive_up = hold\nintensity = 30\nperiod = 1h\n"
		       "[service s/a]\ncommand = sh -c 'exit 9'\nautostart = no\n");
	node_start(n);
	w = watch_open(n);
	supctl(n, "start s/a --no-wait");
	watch_until(w, "failed s/a *");
	until_reports(n, "s/a", 6);
	text = ctl(n, "report s/a --json");
	cr_assert_str_eq(json_get(text, "kind"), "failed");
	cr_assert_str_eq(json_get(text, "explanation"), "more than 30 restarts within 1h");
	cr_assert_str_eq(json_get(text, "left_out"), "26");
	cr_assert_str_eq(json_get(text, "restarts"), "30");
	has(ctl(n, "report s/a"), "26 crashes before this one");
	has(ctl_fails(n, 1, "report s/a 7"), "there are 6 reports of it");
	cr_assert_eq(json_check_lines(ctl(n, "report --json")), 6);
	node_end(n);
}

/* A supervisor that gives up has a report of its own, and its child's tells of it. */
Test(report, gave_up)
{
	struct node *n = node_run("[supervisor s]\nintensity = 1\nperiod = 1h\n"
				  "restart = temporary\n"
				  "[service s/a]\ncommand = @puppet/a\n");
	struct watch *w = watch_open(n);
	char *event;

	journal_until(n, "a start *");
	sync_tree(n);
	order(n, "a", "die:TERM");
	journal_until(n, "a start *");
	watch_until(w, "ready s/a");
	order(n, "a", "die:TERM");
	watch_until(w, "gave_up s");
	until_reports(n, "s", 3);
	watch_close(w);
	cr_assert_str_eq(field(n, "s", "kind"), "gave_up");
	cr_assert_str_eq(field(n, "s", "name"), "s");
	has(field(n, "s", "causes"), "gave_up <- exit of s/a (signal:TERM) <- self");
	has(ctl(n, "report s"), "gave up");
	event = ctl(n, "events --since 0 --kind gave_up --json");
	event = strtok(event, "\n");
	cr_assert_str_eq(json_get(event, "explanation"), "more than 1 restart within 1h");
	cr_assert_str_eq(json_get(event, "intensity"), "1");
	cr_assert_str_eq(json_get(event, "period"), "3600.000000");
	has(node_log(n), "gave up: more than 1 restart within 1h");
	cr_assert_str_eq(field(n, "s/a", "outcome"), "its supervisor s gave up");
	node_end(n);
}

/* What came of a crash is told of that one, and not of the one before it, whose last lines are
 * awaited still. */
Test(report, of_two_in_a_row)
{
	struct node *n = node_run("[supervisor s]\nintensity = 1\nperiod = 1h\n"
				  "restart = temporary\n"
				  "[service s/a]\ncommand = @puppet/a\n");
	pid_t keeper;

	journal_until(n, "a start *");
	sync_tree(n);
	cr_assert_eq(proc_keepers(n->supd.os_pid, &keeper, 1), 1);
	kill(keeper, SIGSTOP);
	proc_wait_state(keeper, 'T');
	order(n, "a", "die:TERM");
	journal_until(n, "a start *");
	order(n, "a", "die:TERM");
	until_reports(n, "s/a", 2);
	kill(keeper, SIGCONT);
	cr_assert_str_eq(field(n, "s/a", "outcome"), "its supervisor s gave up");
	cr_assert_str_eq(json_get(ctl(n, "report s/a 2 --json"), "outcome"), "was started again");
	node_end(n);
}

/* While the others of its range are stopped it is known what will come of it; and its time is that
 * of its end. */
Test(report, of_a_range)
{
	static const char *const strategies[] = {"one_for_all", "rest_for_one"};

	for (size_t i = 0; i < ARRAY_LEN(strategies); i++) {
		struct node *n = node_run(
			keep_printf("[supervisor s]\nstrategy = %s\n"
				    "[service s/a]\ncommand = @puppet/a ready\nready = notify\n"
				    "[service s/b]\ncommand = @puppet/b catch:TERM ready\n"
				    "ready = notify\nshutdown = 2s\n",
				    strategies[i]));
		char *event;

		sync_tree(n);
		order(n, "a", "exit:5");
		until_reports(n, "s/a", 1);
		has(field(n, "s/a", "outcome"), "started again");
		has(ctl(n, "report s/a"), "then ");
		event = strtok(ctl(n, "events --since 0 --kind exit --json"), "\n");
		cr_assert_str_eq(json_get(event, "name"), "s/a");
		cr_assert_str_eq(field(n, "s/a", "time"), json_get(event, "time"));
		lacks(ctl(n, "report s/a"), " after");
		node_end(n);
	}
}

/* The last lines of its output, the one without end too; what it says is shown, not obeyed. */
Test(report, last_lines)
{
	struct node *n = node_run("[service a]\ncommand = sh -c 'seq 1 50; printf half; exit 1'\n"
				  "restart = temporary\n"
				  "[service b]\ncommand = sh -c "
				  "'printf \"1\\t\\033[31m\\000\\377\\n2\\n\"; exit 1'\n"
				  "restart = temporary\n"
				  "[service c]\ncommand = sh -c 'echo no; exit 1'\n"
				  "restart = temporary\nstdout = null\n"
				  "[service d]\ncommand = sh -c 'exit 1'\nrestart = temporary\n");
	struct buf lines CLEANUP(buf_fini) = BUF_INIT;

	until_reports(n, "a", 1);
	for (int i = 32; i <= 50; i++)
		buf_printf(&lines, "%d\\n", i);
	buf_puts(&lines, "half");
	cr_assert_str_eq(field(n, "a", "output"), buf_text(&lines));
	has(ctl(n, "report a"), "    | 32\n");
	has(ctl(n, "report a"), "    | 50\n    | half\n");
	lacks(ctl(n, "report a"), "| 31\n");
	until_reports(n, "b", 1);
	has(ctl(n, "report b"), "    | 1\t\\x1b[31m\\x00\\xff\n    | 2\n");
	cr_assert_not_null(field(n, "b", "output_base64"));
	until_reports(n, "c", 1);
	has(field(n, "c", "output_missing"), "stdout = null");
	until_reports(n, "d", 1);
	has(ctl(n, "report d"), "it has said nothing");
	has(field(n, "d", "outcome"), "restart = temporary");
	node_end(n);
}

/* What a daemon before this one has reported is still there. */
Test(report, over_a_restart)
{
	struct node *n = node_run("[service a]\ncommand = sh -c 'echo so; exit 3'\n"
				  "restart = temporary\n");
	char *before, *after;

	until_reports(n, "a", 1);
	before = ctl(n, "report a --json");
	node_end(n);
	node_start(n);
	until_reports(n, "a", 2);
	after = ctl(n, "report a 2 --json");
	cr_assert_str_eq(after, before);
	node_end(n);
}

/* Where the daemon is gone what it has logged tells the same. */
Test(report, without_a_daemon)
{
	struct node *n =
		node_run("[supervisor s]\n[service s/a]\ncommand = sh -c 'echo so; exit 3'\n"
			 "restart = temporary\nautostart = no\n"
			 "[service b]\ncommand = false\nrestart = temporary\nautostart = no\n");
	char *all, *all_json, *page, *json;

	ctl(n, "start s/a");
	until_reports(n, "s/a", 1);
	ctl(n, "start b");
	until_reports(n, "b", 1);
	ctl(n, "start s/a");
	until_reports(n, "s/a", 2);
	all = ctl(n, "report");
	all_json = ctl(n, "report --json");
	page = ctl(n, "report s");
	json = ctl(n, "report s/a 2 --json");
	node_end(n);
	cr_assert_str_eq(ctl(n, "report --dir @folder/log"), all);
	cr_assert_str_eq(ctl(n, "report --dir @folder/log --json"), all_json);
	cr_assert_str_eq(ctl(n, "report --dir @folder/log s"), page);
	cr_assert_str_eq(ctl(n, "report --dir @folder/log --json s/a 2"), json);
	has(ctl_fails(n, 1, "report --dir @folder/log s/a 3"), "there are 2 reports of it");
	has(ctl_fails(n, 3, "report --dir @folder/log c"), "no report of it in ");
	has(ctl_fails(n, 2, "report --dir @folder/log b 0"), "1 is the newest");
	has(ctl_fails(n, 1, "report --dir @folder/none"), "No such file");
	shell("printf '{\"seq\":3,\"ti\n[]\n{}\n\\0\n' >>%s/log/reports.log", n->folder);
	has(supctl(n, "report --dir @folder/log b").err, "damaged lines, which are passed over: 4");
	has(supctl(n, "report --dir @folder/log b").out, " has crashed: exit:1, ");
}

/* The crash that ends supd itself is reported with its last lines as any other. */
Test(report, of_what_ends_supd)
{
	struct node *n = node_new();
	char *page;

	node_config(n, "[supervisor /]\nauto_shutdown = any_significant\n"
		       "[service a]\ncommand = sh -c 'echo last words; exit 3'\n"
		       "restart = temporary\nsignificant = yes\n");
	node_start(n);
	node_wait(n);
	page = ctl(n, "report --dir @folder/log a");
	has(page, " has crashed: exit:3, ");
	has(page, "\n    | last words\n");
}

/* It is an event, which names that of the death. */
Test(report, announced)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\nrestart = temporary\n");
	struct watch *w;

	journal_find(n, "a start *");
	sync_tree(n);
	w = watch_open(n);
	order(n, "a", "exit:4");
	watch_until(w, "report a exit:4");
	until_reports(n, "a", 1);
	node_end(n);
}

/* Who may only look sees all but what the service has said. */
Test(report, rights)
{
	struct person nobody;
	struct node *n;
	struct output o;

	need_root();
	nobody = person_find("nobody");
	nobody.groups[nobody.n_groups++] = group_find("daemon");
	n = node_run("view_group = daemon\n"
		     "[service a]\ncommand = sh -c 'echo secret; exit 3'\nrestart = temporary\n");
	until_reports(n, "a", 1);
	has(ctl(n, "report a"), "secret");
	o = supctl_as(n, &nobody, "report a");
	cr_assert_eq(o.status, 0, "%s", o.err);
	has(o.out, "exit:3");
	has(o.out, "only who may do everything is shown it");
	lacks(o.out, "secret");
	o = supctl_as(n, &nobody, "report a --json");
	lacks(o.out, "secret");
	node_end(n);
}

/* At three in the morning: what happened, why, what to do, and what it has said last. */
Test(report, why_it_waits_now)
{
	struct node *n = node_run("[supervisor s]\ngive_up = hold\nintensity = 0\n"
				  "[service s/db]\ncommand = sh -c 'seq 1 9; exit 3'\n"
				  "[service web]\ncommand = @puppet/web\nrequires = s/db\n");
	struct watch *w = watch_open_from_start(n);
	char *why, *now;

	sync_tree(n);
	watch_until(w, "failed s/db *");
	watch_until(w, "waiting web*");
	until_reports(n, "s/db", 1);
	why = ctl(n, "why web");
	has(why, "web began to wait for s/db at ");
	has(why, "because s/db failed at ");
	has(why, ": more than 0 restarts within ");
	has(why, "\nnow: web waits for s/db, which has failed, since ");
	has(why, "; to start it: supctl start s/db\n");
	has(why, "\nthe last that s/db said before its crash (supctl report s/db tells more):\n"
		 "    | 5\n    | 6\n");
	lacks(why, "| 4\n");
	now = strstr(ctl(n, "why web --json"), "\"kind\":\"now\"");
	cr_assert_not_null(now);
	while (*now != '{')
		now--;
	cr_assert_str_eq(json_get(now, "waits_for"), "s/db");
	cr_assert_str_eq(json_get(now, "waits_for_state"), "failed");
	cr_assert_str_eq(json_get(now, "advice"), "supctl start s/db");
	cr_assert_str_eq(json_get(now, "output"), "5\\n6\\n7\\n8\\n9\\n");
	has(ctl_fails(n, 1, "report web"), "supctl report s/db");
	ctl(n, "stop s/db");
	has(ctl(n, "why web"), "which is held down by an operator's stop, since ");
	watch_close(w);
	node_end(n);
}
