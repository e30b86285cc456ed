/* SPDX-License-Identifier: MIT */

/* supctl child: OTP's calls with OTP's answers (SEMANTICS 14, 15). */

#include <string.h>

#include "support.h"

RUN_SUITE(child_api);

#define PUPPET(path, name) "[service " path "]\ncommand = @puppet/" name " ready\nready = notify\n"

/* "error running" and the like, which come with status 1. */
static void check_error(struct node *n, const char *error, const char *words)
{
	struct output output = supctl(n, "child %s", words);

	cr_assert_str_eq(output.out, keep_printf("error %s\n", error), "child %s: %s%s", words,
			 output.out, output.err);
	cr_assert_eq(output.status, 1, "child %s", words);
}

/* The ids that which_children lists, as "c b a"; "-" for one that is undefined. */
static char *which(struct node *n, const char *supervisor)
{
	char *rows = ctl(n, "child which %s --json", supervisor);
	struct buf ids = BUF_INIT;

	json_check_lines(rows);
	for (char *line = strtok(rows, "\n"); line; line = strtok(NULL, "\n")) {
		const char *id = json_get(line, "id");

		if (id)
			buf_printf(&ids, "%s%s%s", ids.size ? " " : "",
				   strcmp(json_get(line, "pid"), "undefined") == 0 ? "-" : "", id);
	}
	buf_puts(&ids, "");
	return keep(buf_take(&ids));
}

static void check_count(struct node *n, const char *supervisor, int specs, int active,
			int supervisors, int workers)
{
	cr_assert_str_eq(ctl(n, "child count %s --json", supervisor),
			 keep_printf("{\"specs\":%d,\"active\":%d,\"supervisors\":%d,"
				     "\"workers\":%d}\n",
				     specs, active, supervisors, workers));
}

Test(child_api, s153_start_child_at_the_end_of_the_order)
{
	struct node *n = node_run("[supervisor s]\n" PUPPET("s/a", "a"));
	char *answer;

	sync_tree(n);
	answer = ctl(n, "child start s b command='@puppet/b ready' ready=notify");
	cr_assert_str_eq(answer, keep_printf("ok %s\n", look(n, "s/b").pid));
	cr_assert_str_eq(which(n, "s"), "b a");
	cr_assert_eq(journal_count(n, "b start *"), 1);
	cr_assert_str_eq(look(n, "s/b").state, "running");
	node_end(n);
}

Test(child_api, s154_a_failed_start_leaves_no_spec)
{
	struct node *n = node_run("[supervisor s]\n" PUPPET("s/a", "a"));

	sync_tree(n);
	check_error(n, "start(exit:4)", "start s b command='@puppet/b exit:4' ready=notify");
	check_error(n, "start(exec:ENOENT)", "start s c command=@folder/none");
	cr_assert_str_eq(which(n, "s"), "a");
	cr_assert_not(exists(n, "s/b"));
	cr_assert_eq(journal_count(n, "b start *"), 1);
	node_end(n);
}

/* The new spec is not looked at. */
Test(child_api, s155_an_id_that_is_taken)
{
	struct node *n = node_run("[supervisor s]\n" PUPPET("s/a", "a"));
	struct output output;
	const char *pid;

	sync_tree(n);
	pid = look(n, "s/a").pid;
	output = supctl(n, "child start s a command=@folder/none");
	cr_assert_str_eq(output.out, keep_printf("error already_started %s\n", pid));
	output = supctl(n, "child start s a command=@folder/none --json");
	cr_assert_str_eq(json_get(output.out, "error"), "already_started");
	cr_assert_str_eq(json_get(output.out, "pid"), pid);
	ctl(n, "child terminate s a");
	check_error(n, "already_present", "start s a command=@folder/none");
	node_end(n);
}

/* Also while it is being restarted. */
Test(child_api, s155_an_id_in_restart)
{
	struct node *n = node_run("[supervisor s]\n" PUPPET(
		"s/a", "a") "restart_delay = 1h\nrestart_delay_max = 1h\n");

	sync_tree(n);
	ctl(n, "kill -KILL s/a");
	ctl(n, "wait s/a --for down");
	sync_tree(n);
	check_error(n, "already_present", "start s a command=true");
	/* 149, 152 */
	check_error(n, "restarting", "restart s a");
	check_error(n, "restarting", "delete s a");
	check_count(n, "s", 1, 0, 0, 1);
	cr_assert_not_null(strstr(ctl(n, "child which s"), "restarting"));
	/* 150 */
	cr_assert_str_eq(ctl(n, "child terminate s a"), "ok\n");
	cr_assert_str_eq(state_of(n, "s/a"), "stopped");
	node_end(n);
}

Test(child_api, s156_terminate_child_keeps_the_spec)
{
	struct node *n = node_run("[supervisor s]\n" PUPPET("s/a", "a")
					  PUPPET("s/b", "b") "restart = temporary\n");

	sync_tree(n);
	cr_assert_str_eq(ctl(n, "child terminate s a"), "ok\n");
	cr_assert_str_eq(ctl(n, "child terminate s b"), "ok\n");
	cr_assert_str_eq(which(n, "s"), "-a");
	/* 157 */
	cr_assert_str_eq(ctl(n, "child terminate s a"), "ok\n");
	check_error(n, "not_found", "terminate s nobody");
	cr_assert_str_eq(ctl(n, "child restart s a"), keep_printf("ok %s\n", look(n, "s/a").pid));
	check_error(n, "not_found", keep_printf("terminate s %s", look(n, "s/a").pid));
	node_end(n);
}

/* No restart, no count, no group restart, no auto_shutdown. */
Test(child_api, s158_terminate_child_touches_nobody_else)
{
	struct node *n =
		node_run("[supervisor s]\nstrategy = rest_for_one\nintensity = 0\n"
			 "auto_shutdown = any_significant\n" PUPPET("s/a", "a")
				 PUPPET("s/b", "b") "significant = yes\n"
						    "restart = transient\n" PUPPET("s/c", "c"));

	sync_tree(n);
	ctl(n, "child terminate s a");
	ctl(n, "child terminate s b");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "s"), "running");
	cr_assert_str_eq(state_of(n, "s/c"), "running");
	cr_assert_eq(journal_count(n, "c start *"), 1);
	cr_assert_str_eq(which(n, "s"), "c -b -a");
	node_end(n);
}

Test(child_api, s159_restart_child_of_a_running_child_is_an_error)
{
	struct node *n = node_run("[supervisor s]\n" PUPPET("s/a", "a"));
	pid_t os_pid;

	sync_tree(n);
	os_pid = os_pid_of(n, "s/a");
	check_error(n, "running", "restart s a");
	check_error(n, "running", "delete s a");
	check_error(n, "not_found", "restart s nobody");
	check_error(n, "not_found", "delete s nobody");
	cr_assert_eq(os_pid_of(n, "s/a"), os_pid);
	node_end(n);
}

Test(child_api, s160_a_failed_restart_child_is_not_retried)
{
	struct node *n = node_run("[supervisor s]\n"
				  "[service s/a]\ncommand = @puppet/a exit:2\n"
				  "ready = notify\nautostart = no\n");

	sync_tree(n);
	check_error(n, "start(exit:2)", "restart s a");
	sync_tree(n);
	cr_assert_str_eq(which(n, "s"), "-a");
	node_end(n);
}

Test(child_api, s161_delete_child)
{
	struct node *n = node_run("[supervisor s]\n" PUPPET("s/a", "a") PUPPET("s/b", "b"));

	sync_tree(n);
	ctl(n, "child terminate s a");
	cr_assert_str_eq(ctl(n, "child delete s a"), "ok\n");
	cr_assert_str_eq(which(n, "s"), "b");
	check_error(n, "not_found", "restart s a");
	node_end(n);
}

Test(child_api, s162_which_children_in_reverse_start_order)
{
	struct node *n = node_run(
		"[supervisor s]\n" PUPPET("s/a", "a") "[supervisor s/t]\n" PUPPET("s/c", "c"));
	char *rows;

	sync_tree(n);
	cr_assert_str_eq(which(n, "s"), "c t a");
	rows = ctl(n, "child which s");
	cr_assert_not_null(strstr(rows, "supervisor"));
	/* 127 */
	ctl(n, "restart s/a");
	cr_assert_str_eq(which(n, "s"), "c t a");
	node_end(n);
}

Test(child_api, s163_count_children)
{
	struct node *n = node_run(
		"[supervisor s]\n" PUPPET("s/a", "a") "[supervisor s/t]\n" PUPPET("s/c", "c"));

	sync_tree(n);
	check_count(n, "s", 3, 3, 1, 2);
	ctl(n, "child terminate s c");
	check_count(n, "s", 3, 2, 1, 2);
	ctl(n, "child terminate s t");
	check_count(n, "s", 3, 1, 1, 2);
	node_end(n);
}

/* And a supervisor's own restart forgets what was added. */
Test(child_api, s164_childspec_and_dynamic_children)
{
	struct node *n = node_run("[supervisor s]\n" PUPPET("s/a", "a"));
	char *spec;

	sync_tree(n);
	spec = ctl(n, "child spec s a --json");
	cr_assert_eq(json_check_lines(spec), 1);
	spec = strtok(spec, "\n");
	cr_assert_str_eq(json_get(spec, "id"), "a");
	cr_assert_str_eq(json_get(spec, "restart"), "permanent");
	cr_assert_str_eq(json_get(spec, "shutdown"), "5s");
	cr_assert_str_eq(json_get(spec, "type"), "worker");
	cr_assert_str_eq(json_get(spec, "significant"), "false");
	check_error(n, "not_found", "spec s nobody");
	ctl(n, "child start s b command='@puppet/b ready' ready=notify");
	cr_assert_str_eq(which(n, "s"), "b a");
	ctl(n, "restart s");
	sync_tree(n);
	cr_assert_str_eq(which(n, "s"), "a");
	cr_assert_not(exists(n, "s/b"));
	node_end(n);
}

Test(child_api, no_such_supervisor)
{
	struct node *n = node_run(PUPPET("a", "a"));

	sync_tree(n);
	ctl_fails(n, 3, "child which nobody");
	ctl_fails(n, 3, "child start nobody b command=true");
	ctl_fails(n, 1, "child which a");
	ctl_fails(n, 2, "child sell / a");
	ctl_fails(n, 2, "child restart /");
	ctl_fails(n, 2, "child which / a");
	node_end(n);
}

Test(child_api, s187_significant_in_start_child)
{
	struct node *n = node_run("[supervisor s]\n[supervisor t]\n"
				  "auto_shutdown = any_significant\n");

	sync_tree(n);
	check_error(n, "bad_combination",
		    "start s a command=true significant=yes restart=transient");
	cr_assert_eq(supctl(n, "child start t a command=true significant=yes").status, 1);
	cr_assert_str_eq(which(n, "t"), "");
	node_end(n);
}

Test(child_api, max_children)
{
	struct node *n = node_run("[supervisor s]\nmax_children = 1\n" PUPPET("s/a", "a"));

	sync_tree(n);
	check_error(n, "max_children", "start s b command=true");
	node_end(n);
}

/* ---- simple_one_for_one ---- */

#define TEMPLATE "[supervisor s]\nstrategy = simple_one_for_one\n" PUPPET("s/job", "job")

/* Starts one more and returns its pid. */
static const char *start_one(struct node *n, const char *arguments)
{
	char *answer = ctl(n, "child start s %s", arguments);

	cr_assert_eq(strncmp(answer, "ok <", 4), 0, "%s", answer);
	answer[strcspn(answer, "\n")] = '\0';
	return answer + 3;
}

Test(child_api, s166_arguments_are_appended)
{
	struct node *n = node_run(TEMPLATE);
	const char *pid;
	char *words;

	sync_tree(n);
	cr_assert_eq(journal_count(n, "job start *"), 0);
	pid = start_one(n, "-- 'say:one and all' say:two");
	journal_until(n, "job one and all");
	journal_until(n, "job two");
	start_one(n, "");
	check_count(n, "s", 1, 2, 0, 2);
	/* 168 */
	cr_assert_str_eq(which(n, "s"), "undefined undefined");
	/* 167 */
	words = proc_words(os_pid_of(n, pid));
	ctl(n, "kill -KILL %s", pid);
	journal_until(n, "job two");
	sync_tree(n);
	cr_assert_not_null(strstr(words, "say:one and all say:two"), "%s", words);
	node_end(n);
}

Test(child_api, s168_by_pid)
{
	struct node *n = node_run(TEMPLATE PUPPET("b", "b"));
	const char *first, *second, *stranger;

	sync_tree(n);
	first = start_one(n, "");
	second = start_one(n, "");
	stranger = look(n, "b").pid;
	check_error(n, "simple_one_for_one", "terminate s job");
	check_error(n, "simple_one_for_one", keep_printf("restart s %s", first));
	check_error(n, "simple_one_for_one", keep_printf("delete s %s", first));
	/* 170 */
	cr_assert_str_eq(ctl(n, "child terminate s %s", first), "ok\n");
	check_count(n, "s", 1, 1, 0, 1);
	/* 169 */
	cr_assert_str_eq(ctl(n, "child terminate s %s", first), "ok\n");
	check_error(n, "not_found", keep_printf("terminate s %s", stranger));
	cr_assert_str_eq(ctl(n, "child terminate s %s", second), "ok\n");
	check_count(n, "s", 1, 0, 0, 0);
	cr_assert_str_eq(state_of(n, "b"), "running");
	node_end(n);
}

Test(child_api, s172_a_failed_start_leaves_nothing)
{
	struct node *n = node_run("[supervisor s]\nstrategy = simple_one_for_one\n"
				  "[service s/job]\ncommand = @puppet/job\nready = notify\n");

	sync_tree(n);
	check_error(n, "start(exit:3)", "start s -- exit:3");
	check_count(n, "s", 1, 0, 0, 0);
	node_end(n);
}

Test(child_api, s165_all_are_told_at_once)
{
	struct node *n = node_run("[supervisor s]\nstrategy = simple_one_for_one\n"
				  "[service s/job]\ncommand = @puppet/job catch:TERM ready\n"
				  "ready = notify\nshutdown = infinity\n");
	struct program stop;

	sync_tree(n);
	for (int i = 0; i < 3; i++)
		start_one(n, "");
	supctl_begin(n, &stop, "stop s");
	for (int i = 0; i < 3; i++)
		journal_until(n, "job TERM");
	for (int i = 0; i < 3; i++)
		order(n, "job", "exit:0");
	cr_assert_eq(program_end(&stop).status, 0);
	node_end(n);
}

Test(child_api, s173_ignore_leaves_no_child)
{
	struct node *n = node_run("[supervisor s]\nstrategy = simple_one_for_one\n"
				  "[service s/job]\ncommand = @puppet/job notify:IGNORE=1 exit:0\n"
				  "ready = notify\n");

	sync_tree(n);
	cr_assert_str_eq(ctl(n, "child start s"), "ok undefined\n");
	check_count(n, "s", 1, 0, 0, 0);
	node_end(n);
}
