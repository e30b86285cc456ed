/* SPDX-License-Identifier: MIT */

/*
 * Commands beside a service's main process, at their moments. Most of them are puppets, which take
 * as long as the test wants.
 */

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "script.h"

RUN_SUITE(hooks);

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
/* All of it writes into one file. */
#define SERVICE_A "[service a]\nstdout = file:@folder/out\n"
/* One that says what it is told about the end. */
#define TELLS \
	"stop_post = sh -c 'echo \"${SUP_REASON} ${EXIT_CODE} ${EXIT_STATUS} [${MAINPID}]\"'\n"

/* As stop_post a puppet, the first time. */
#define ONCE(name)                                                              \
	"stop_post = sh -c 'test -e @folder/" name "1 || { touch @folder/" name \
	"1; exec @puppet/" name "; }'\n"

static pid_t told_pid(struct node *n, const char *pattern)
{
	return (pid_t)atoi(strrchr(journal_find(n, pattern), ' ') + 1);
}

static const char *activity_of(struct node *n, const char *target)
{
	return json_get(ctl(n, "status %s --json", target), "activity");
}

/* ---- the order ---- */

Test(hooks, in_order_with_output_and_environment)
{
	struct node *n = node_run(
		"[supervisor s]\n"
		"[service s/a]\n"
		"stdout = file:@folder/out\n"
		"environment = LEVEL=7\n"
		"command = sh -c 'echo main [${SUP_FD}]; exec @puppet/a leave:TERM=0 ready'\n"
		"ready = notify\n"
		"start_pre = sh -c 'echo pre ${SUP_NAME} ${LEVEL} [${SUP_FD}${SUP_TOKEN}]'\n"
		"start_pre = sh -c 'echo pre again [${MAINPID}]; echo to stderr >&2'\n"
		"start_post = sh -c 'test ${MAINPID} -gt 1; echo post'\n"
		"stop_command = sh -c 'kill -0 ${MAINPID}; echo stop'\n" TELLS
		"[service s/b]\ncommand = sh -c 'echo next; exec @puppet/b'\n"
		"stdout = file:@folder/out\n");

	sync_tree(n);
	told_pid(n, "b start *");
	ctl(n, "stop s/a");
	cr_expect_str_eq(node_read(n, "out"), "pre s/a 7 []\n"
					      "pre again []\n"
					      "to stderr\n"
					      "main [3]\n"
					      "post\n"
					      "next\n"
					      "stop\n"
					      "shutdown exited 0 []\n");
	cr_expect_str_eq(look(n, "s/a").reason, "shutdown");
	cr_expect_eq(journal_count(n, "a TERM"), 1);
	node_end(n);
}

Test(hooks, start_pre_comes_before_the_main_process)
{
	struct node *n = node_run(SERVICE_A "command = @puppet/a\nstart_pre = @puppet/pre\n");

	told_pid(n, "pre start *");
	cr_expect_str_eq(state_of(n, "a"), "starting");
	cr_expect_str_eq(activity_of(n, "a"), "start_pre");
	cr_expect_eq(look(n, "a").os_pid, 0);
	cr_expect_eq(journal_count(n, "a start *"), 0);
	order(n, "pre", "exit:0");
	told_pid(n, "a start *");
	sync_tree(n);
	cr_expect_str_eq(state_of(n, "a"), "running");
	cr_expect_str_eq(activity_of(n, "a"), "null");
	node_end(n);
}

/* Whatever its own way of being ready is. */
Test(hooks, ready_for_others_after_start_post)
{
	static const char *const kinds[] = {"exec", "notify", "delay:10ms"};

	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct node *n =
			node_run(keep_printf(SERVICE_A "command = @puppet/a ready\nready = %s\n"
						       "start_post = @puppet/post\n"
						       "[service b]\ncommand = @puppet/b\n",
					     kinds[i]));

		told_pid(n, "post start *");
		cr_expect_str_eq(state_of(n, "a"), "starting", "%s", kinds[i]);
		cr_expect_str_eq(activity_of(n, "a"), "start_post");
		cr_expect_str_eq(state_of(n, "b"), "waiting");
		order(n, "post", "exit:0");
		told_pid(n, "b start *");
		cr_expect_str_eq(state_of(n, "a"), "running");
		node_end(n);
	}
}

/* The stop signal follows where it has not ended by then. */
Test(hooks, stop_command_instead_of_the_stop_signal)
{
	struct node *n = node_run(SERVICE_A "command = @puppet/a leave:TERM=0 ready\n"
					    "ready = notify\nstop_command = @puppet/stop\n");
	struct program stop;

	sync_tree(n);
	supctl_begin(n, &stop, "stop a");
	told_pid(n, "stop start *");
	cr_expect_str_eq(state_of(n, "a"), "stopping");
	cr_expect_str_eq(activity_of(n, "a"), "stop_command");
	cr_expect_eq(journal_count(n, "a TERM"), 0);
	order(n, "stop", "exit:0");
	journal_until(n, "a TERM");
	cr_expect_eq(program_end(&stop).status, 0);
	cr_expect_str_eq(look(n, "a").reason, "shutdown");
	node_end(n);
}

Test(hooks, a_stop_command_that_does_it_all)
{
	struct node *n = node_run(
		SERVICE_A "command = @puppet/a catch:TERM leave:USR1=0 ready\nready = notify\n"
			  "stop_command = sh -c 'kill -USR1 ${MAINPID}; "
			  "while kill -0 ${MAINPID}; do sleep 0.05; done'\n" TELLS);

	sync_tree(n);
	ctl(n, "stop a");
	cr_expect_eq(journal_count(n, "a TERM"), 0);
	cr_expect_str_eq(look(n, "a").reason, "shutdown");
	cr_expect_str_eq(strrchr(node_read(n, "out"), 's') ? "" : "no output", "");
	node_end(n);
}

/* A restart waits for stop_post, and so does whoever is told of the end. */
Test(hooks, stop_post_before_the_end_is_told)
{
	struct node *n = node_run(SERVICE_A "command = @puppet/a\n" ONCE("post"));
	struct watch *w = watch_open(n);

	told_pid(n, "a start *");
	order(n, "a", "exit:3");
	told_pid(n, "post start *");
	cr_expect_str_eq(activity_of(n, "a"), "stop_post");
	cr_expect_str_eq(state_of(n, "a"), "stopping");
	watch_until(w, "lingers a*");
	cr_expect_eq(watch_count(w, "exit a*"), 0);
	/* Nothing is left that should have gone. */
	cr_expect_str_eq(json_get(ctl(n, "status --json a"), "left"), "null");
	cr_expect_null(strstr(node_log(n), "not all that it has started"));
	order(n, "post", "exit:0");
	watch_until(w, "exit a exit:3");
	sync_tree(n);
	cr_expect_eq(look(n, "a").restarts, 1);
	journal_until(n, "a start *");
	node_end(n);
}

/* ---- failures ---- */

static const struct failure {
	const char *keys, *reason, *told;
} failures[] = {
	{"start_pre = sh -c 'exit 3'\n", "start_pre:exit:3", "start_pre:exit:3   []\n"},
	{"start_pre = true\nstart_pre = sh -c 'kill -9 $$'\nstart_pre = sh -c 'echo no'\n",
	 "start_pre:signal:KILL", "start_pre:signal:KILL   []\n"},
	{"start_pre = /nonexistent/x\n", "start_pre:exec:ENOENT", "start_pre:exec:ENOENT   []\n"},
	{"start_pre = sleep 1000\nstart_pre_timeout = 50ms\n", "start_pre:timeout",
	 "start_pre:timeout   []\n"},
	{"start_pre = sleep 1000\nstart_timeout = 50ms\n", "timeout:start", "timeout:start   []\n"},
	{"start_post = sh -c 'exit 4'\n", "start_post:exit:4",
	 "start_post:exit:4 killed TERM []\n"},
	{"start_post = /nonexistent/x\n", "start_post:exec:ENOENT",
	 "start_post:exec:ENOENT killed TERM []\n"},
	{"start_post = sleep 1000\nstart_post_timeout = 50ms\n", "start_post:timeout",
	 "start_post:timeout killed TERM []\n"},
	{"start_post = sleep 1000\nstart_timeout = 50ms\n", "timeout:start",
	 "timeout:start killed KILL []\n"},
	{"environment_file = /nonexistent/y\n", "exec:ENOENT", NULL},
};

/* Nobody gets ready, stop_command is for what was ready, stop_post runs all the same. */
static void check_failure(struct node *n, size_t i)
{
	const struct failure *f = &failures[i];
	const char *why = ctl_fails(n, 1, "start a%zu", i);

	cr_expect_not_null(strstr(why, f->told ? f->reason : "/nonexistent/y"), "%s: %s", f->keys,
			   why);
	cr_expect_str_eq(look(n, keep_printf("a%zu", i)).reason, f->reason, "%s: %s", f->keys,
			 node_log(n));
	cr_expect_str_eq(state_of(n, keep_printf("a%zu", i)), "failed", "%s", f->keys);
	if (f->told)
		cr_expect_str_eq(node_read(n, keep_printf("out%zu", i)), f->told, "%s", f->keys);
}

Test(hooks, a_failed_start)
{
	struct buf config = BUF_INIT;
	struct node *n;

	for (size_t i = 0; i < COUNT(failures); i++)
		buf_printf(&config,
			   "[service a%zu]\ncommand = sleep 1000\nrestart = temporary\n"
			   "autostart = no\nstdout = file:@folder/out%zu\n"
			   "stop_command = sh -c 'echo stop'\n%s" TELLS,
			   i, i, failures[i].keys);
	n = node_run(buf_text(&config));
	buf_fini(&config);
	for (size_t i = 0; i < COUNT(failures); i++)
		check_failure(n, i);
	node_end(n);
}

/* Where the program is not there the log names it. */
Test(hooks, the_log_names_the_program)
{
	struct node *n = node_run(SERVICE_A "command = @puppet/a\nrestart = temporary\n"
					    "start_pre = -/nonexistent/x\n"
					    "start_pre = -sh -c 'exit 3'\n");
	const char *log;

	sync_tree(n);
	cr_expect_str_eq(state_of(n, "a"), "running");
	log = node_log(n);
	cr_expect_not_null(strstr(log, "start_pre /nonexistent/x: exec /nonexistent/x: No such "
				       "file or directory, which is passed over"),
			   "%s", log);
	cr_expect_not_null(strstr(log, "start_pre sh: exit status 3, which is passed over"), "%s",
			   log);
	node_end(n);
}

Test(hooks, a_failed_start_pre_is_tried_again_and_counted)
{
	struct node *n = node_run("[supervisor /]\nintensity = 2\nperiod = 1h\n" SERVICE_A
				  "command = sleep 1000\n"
				  "start_pre = sh -c 'echo pre; exit 1'\n");

	sync_tree(n);
	cr_expect_str_eq(state_of(n, "a"), "failed");
	cr_expect_str_eq(node_read(n, "out"), "pre\npre\npre\n");
	node_end(n);
}

/* What cannot be run is no reason not to stop. */
Test(hooks, a_stop_command_that_is_missing)
{
	struct node *n = node_run(SERVICE_A "command = @puppet/a leave:TERM=0 ready\n"
					    "ready = notify\nstop_command = /nonexistent/x\n"
					    "stop_post = /nonexistent/y\n");

	sync_tree(n);
	ctl(n, "stop a");
	cr_expect_str_eq(look(n, "a").reason, "shutdown");
	cr_expect_eq(journal_count(n, "a TERM"), 1);
	node_end(n);
}

/* With "sh @folder/hang NAME": deaf to SIGTERM soon after its start, also on a busy machine. */
static struct node *run_with_hang(const char *config)
{
	struct node *n = node_new();

	node_write(n, "hang", "trap '' TERM\necho $1 start $$ >@folder/journal\nexec sleep 600\n");
	node_config(n, config);
	node_start(n);
	return n;
}

Test(hooks, a_stop_command_that_hangs_has_the_time_of_the_stop)
{
	struct node *n =
		run_with_hang(SERVICE_A "command = @puppet/a catch:TERM ready\nready = notify\n"
					"stop_command = sh @folder/hang stop\nshutdown = 1s\n");
	pid_t stop;

	sync_tree(n);
	ctl(n, "stop a");
	stop = told_pid(n, "stop start *");
	cr_expect_not(proc_exists(stop));
	cr_expect_str_eq(look(n, "a").reason, "killed");
	node_end(n);
}

Test(hooks, its_time_is_up_and_it_ignores_sigterm)
{
	struct node *n =
		run_with_hang(SERVICE_A "command = @puppet/a\n"
					"stop_post = sh -c 'test -e @folder/x && exit; touch "
					"@folder/x; exec sh @folder/hang post'\n"
					"stop_post_timeout = 1s\n");
	pid_t post;

	told_pid(n, "a start *");
	order(n, "a", "exit:3");
	post = told_pid(n, "post start *");
	proc_wait_gone(post);
	sync_tree(n);
	cr_expect_eq(look(n, "a").restarts, 1);
	cr_expect_not_null(strstr(node_log(n), "not done within 1s"), "%s", node_log(n));
	node_end(n);
}

/* ---- stops in the middle ---- */

Test(hooks, a_stop_ends_start_pre)
{
	struct node *n =
		node_run(SERVICE_A "command = @puppet/a\n"
				   "start_pre = @puppet/pre leave:TERM=0 say:there\n" TELLS);

	journal_until(n, "pre there");
	cr_assert_str_eq(ctl(n, "stop a"), "a: stopped\n");
	cr_expect_eq(journal_count(n, "pre TERM"), 1);
	cr_expect_eq(journal_count(n, "a start *"), 0);
	cr_expect_str_eq(look(n, "a").reason, "shutdown");
	cr_expect_str_eq(state_of(n, "a"), "stopped");
	cr_expect_str_eq(node_read(n, "out"), "shutdown   []\n");
	ctl(n, "start --no-wait a");
	journal_until(n, "pre there");
	node_end(n);
}

Test(hooks, a_stop_kills_a_start_pre_that_does_not_go)
{
	struct node *n = node_run(SERVICE_A "command = @puppet/a\nshutdown = 200ms\n"
					    "start_pre = @puppet/pre catch:TERM child say:there\n");
	pid_t child;

	child = told_pid(n, "pre child *");
	journal_find(n, "pre there");
	ctl(n, "stop a");
	cr_expect_not(proc_exists(child));
	cr_expect_str_eq(look(n, "a").reason, "killed");
	cr_expect_eq(journal_count(n, "a start *"), 0);
	node_end(n);
}

Test(hooks, a_kill_ends_start_pre_even_where_it_may_fail)
{
	struct node *n = node_run(SERVICE_A "command = @puppet/a\nrestart = temporary\n"
					    "start_pre = -@puppet/pre catch:TERM say:there\n");

	journal_until(n, "pre there");
	ctl(n, "exit a kill");
	sync_tree(n);
	cr_expect_str_eq(look(n, "a").reason, "killed");
	cr_expect_eq(journal_count(n, "a start *"), 0);
	node_end(n);
}

Test(hooks, a_stop_ends_start_post_and_the_main_process)
{
	struct node *n = node_run(SERVICE_A "command = @puppet/a leave:TERM=0 say:there\n"
					    "start_post = @puppet/post leave:TERM=0 say:there\n"
					    "stop_command = sh -c 'echo stop'\n");
	pid_t post = told_pid(n, "post start *");

	journal_find(n, "post there");
	journal_find(n, "a there");
	ctl(n, "stop a");
	cr_expect_not(proc_exists(post));
	cr_expect_eq(journal_count(n, "a TERM"), 1);
	cr_expect_str_eq(node_read(n, "out"), "");
	node_end(n);
}

/* A crash in the middle of start_post is a crash, and the command goes with it. */
Test(hooks, a_crash_ends_start_post)
{
	struct node *n = node_run(SERVICE_A "command = @puppet/a\nrestart = temporary\n"
					    "start_post = -@puppet/post ignore:TERM\n");
	pid_t post = told_pid(n, "post start *");

	told_pid(n, "a start *");
	order(n, "a", "exit:3");
	proc_wait_gone(post);
	sync_tree(n);
	cr_expect_str_eq(look(n, "a").reason, "exit:3");
	node_end(n);
}

/* A kill of what is about to be gone is for its stop_post. */
Test(hooks, a_kill_ends_stop_post)
{
	struct node *n = node_run(SERVICE_A "command = @puppet/a\nrestart = temporary\n"
					    "stop_post = -@puppet/post ignore:TERM\n"
					    "stop_post = sh -c 'echo no'\n");

	told_pid(n, "a start *");
	order(n, "a", "exit:3");
	told_pid(n, "post start *");
	ctl(n, "exit a kill");
	sync_tree(n);
	cr_expect_str_eq(look(n, "a").reason, "exit:3");
	cr_expect_str_eq(node_read(n, "out"), "");
	node_end(n);
}

/* The whole tree's time is up: nothing is waited for, nothing new begun. */
Test(hooks, the_end_of_the_budget)
{
	struct node *n = node_run("shutdown_timeout = 500ms\n" SERVICE_A
				  "command = @puppet/a leave:TERM=0 say:there\n"
				  "stop_post = @puppet/post ignore:TERM\n"
				  "[service b]\ncommand = @puppet/b ignore:TERM say:there\n"
				  "shutdown = infinity\nstop_post = @puppet/no\n");

	journal_find(n, "a there");
	journal_find(n, "b there");
	kill(n->supd.os_pid, SIGTERM);
	cr_assert_eq(node_wait(n), 0);
	cr_expect_eq(journal_count(n, "no start *"), 0);
	node_check_nothing_left(n);
}

/* As at the end of its time. */
Test(hooks, nothing_new_after_a_second_word_to_end)
{
	struct node *n = node_run(SERVICE_A "command = @puppet/a ignore:TERM say:there\n"
					    "shutdown = infinity\nstop_post = @puppet/no\n");

	journal_find(n, "a there");
	ctl(n, "shutdown --now");
	cr_assert_eq(node_wait(n), 0);
	cr_expect_eq(journal_count(n, "no start *"), 0);
	node_check_nothing_left(n);
}

/* ---- what hooks leave ---- */

/* Its group ends with it, what is elsewhere with the service: at stop_post that one has ended, and
 * the stray may be gone before it has said a word. */
Test(hooks, a_hook_that_daemonizes)
{
	struct node *n = node_run(SERVICE_A "command = @puppet/a leave:TERM=0 say:there\n"
					    "start_pre = @puppet/pre child stray\n"
					    "stop_post = @puppet/post child stray\n");
	pid_t child = told_pid(n, "pre child *"), stray = told_pid(n, "pre stray *");
	struct program stop;
	pid_t late_child;

	order(n, "pre", "exit:0");
	journal_find(n, "a there");
	proc_wait_gone(child);
	cr_expect(proc_exists(stray));
	supctl_begin(n, &stop, "stop a");
	late_child = told_pid(n, "post child *");
	order(n, "post", "exit:0");
	cr_expect_eq(program_end(&stop).status, 0);
	cr_expect_not(proc_exists(stray));
	cr_expect_not(proc_exists(late_child));
	if (journal_count(n, "post stray *"))
		cr_expect_not(proc_exists(told_pid(n, "post stray *")));
	node_end(n);
}

/* An orphan in a running hook's session is not swept away, whoever ends meanwhile. */
Test(hooks, a_sweep_spares_what_runs)
{
	struct node *n = node_run(SERVICE_A "command = @puppet/a\n"
					    "stop_post = sh -c 'test -e @folder/x && exit; touch "
					    "@folder/x; (@puppet/inner &) ; exec @puppet/post'\n"
					    "[service b]\ncommand = @puppet/b once:z stray\n");
	pid_t inner, stray = told_pid(n, "b stray *");

	told_pid(n, "a start *");
	order(n, "a", "exit:3");
	inner = told_pid(n, "inner start *");
	told_pid(n, "post start *");
	order(n, "b", "exit:3");
	proc_wait_gone(stray);
	cr_expect(proc_exists(inner));
	order(n, "post", "exit:0");
	proc_wait_gone(inner);
	node_end(n);
}

/* SIGKILL to supd in the middle: the next one ends all of it first. */
Test(hooks, of_a_supd_that_was_killed)
{
	struct node *n =
		node_run("[supervisor /]\nstart = parallel\n"
			 "[service a]\ncommand = @puppet/a\nstart_pre = @puppet/pre once:x stray\n"
			 "[service b]\ncommand = @puppet/b\nstart_post = @puppet/post\n"
			 "[service c]\ncommand = @puppet/c once:y exit:0\n" ONCE("gone"));
	pid_t old[] = {told_pid(n, "pre start *"), told_pid(n, "pre stray *"),
		       told_pid(n, "b start *"), told_pid(n, "post start *"),
		       told_pid(n, "gone start *")};

	kill(n->supd.os_pid, SIGKILL);
	node_wait(n);
	node_start(n);
	for (size_t i = 0; i < COUNT(old); i++)
		cr_expect_eq(waitpid(old[i], NULL, WNOHANG), old[i], "%zu", i);
	journal_until(n, "pre start *");
	node_end(n);
}

/* ---- many, short of something, of another user ---- */

Test(hooks, fifty_services_at_once)
{
	struct buf config = BUF_INIT;
	struct node *n;

	buf_puts(&config, "[supervisor /]\nstart = parallel\n[defaults]\n"
			  "start_pre = true\nstart_post = sh -c 'kill -0 ${MAINPID}'\n"
			  "stop_command = sh -c 'kill -0 ${MAINPID}'\nstop_post = true\n"
			  "shutdown = 60s\nstart_timeout = 60s\n");
	for (int i = 0; i < 50; i++)
		buf_printf(&config, "[service s%d]\ncommand = sleep 1000\n", i);
	n = node_run(buf_text(&config));
	buf_fini(&config);
	sync_tree(n);
	for (int i = 0; i < 50; i++)
		cr_expect_str_eq(state_of(n, keep_printf("s%d", i)), "running", "%d: %s", i,
				 look(n, keep_printf("s%d", i)).reason);
	for (int i = 0; i < 50; i += 5)
		kill(os_pid_of(n, keep_printf("s%d", i)), SIGKILL);
	node_end(n);
}

Test(hooks, as_the_service_s_user)
{
	struct node *n;

	need_root();
	n = node_run("[service a]\ncommand = sleep 1000\nuser = nobody\nworking_directory = /\n"
		     "umask = 027\n"
		     "start_pre = sh -c 'test $(id -un) = nobody'\n"
		     "start_pre = sh -c 'test $(pwd) = / -a $(umask) = 0027'\n"
		     "start_pre = sh -c 'test \"${USER}\" = nobody'\n");
	sync_tree(n);
	cr_expect_str_eq(state_of(n, "a"), "running", "%s", node_log(n));
	node_end(n);
}
