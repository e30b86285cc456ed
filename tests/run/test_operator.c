/* SPDX-License-Identifier: MIT */

/* What an operator does: start, stop, restart, add, remove, kill, wait, sync (SEMANTICS D4, D5). */

#include <signal.h>
#include <string.h>

#include "base/text.h"
#include "support.h"

RUN_SUITE(operator);

#define PUPPET(path, name) "[service " path "]\ncommand = @puppet/" name " ready\nready = notify\n"

Test(operator, d4_a_stop_holds_through_a_group_restart)
{
	struct node *n = node_run("[supervisor s]\nstrategy = one_for_all\n" PUPPET("s/a", "a")
					  PUPPET("s/b", "b") PUPPET("s/c", "c"));
	struct watch *w;

	sync_tree(n);
	cr_assert_str_eq(ctl(n, "stop s/b"), "s/b: stopped\n");
	cr_assert_str_eq(state_of(n, "s/c"), "running");
	cr_assert(look(n, "s/b").held);
	w = watch_open(n);
	ctl(n, "kill -KILL s/a");
	watch_until(w, "ready s/c");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "s/b"), "stopped");
	cr_assert(look(n, "s/b").held);
	cr_assert_eq(journal_count(n, "b start *"), 1);
	cr_assert_str_eq(ctl(n, "start s/b"), "s/b: started\n");
	cr_assert_not(look(n, "s/b").held);
	cr_assert_eq(journal_count(n, "b start *"), 2);
	node_end(n);
}

Test(operator, d4_a_stop_holds_through_a_restart_of_the_supervisor)
{
	struct node *n =
		node_run("[supervisor s]\nintensity = 0\n" PUPPET("s/a", "a") PUPPET("s/b", "b"));
	struct watch *w;

	sync_tree(n);
	ctl(n, "stop s/a");
	w = watch_open(n);
	ctl(n, "kill -KILL s/b");
	watch_until(w, "start s");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "s/b"), "running");
	cr_assert_str_eq(state_of(n, "s/a"), "stopped");
	ctl(n, "restart s");
	cr_assert_str_eq(state_of(n, "s/a"), "stopped");
	cr_assert_eq(journal_count(n, "a start *"), 1);
	ctl(n, "restart s/a");
	cr_assert_str_eq(state_of(n, "s/a"), "running");
	node_end(n);
}

Test(operator, d4_nothing_starts_under_a_stopped_supervisor)
{
	struct node *n = node_run("[supervisor s]\n[supervisor s/t]\n" PUPPET("s/t/a", "a"));

	sync_tree(n);
	cr_assert_str_eq(ctl(n, "stop s"), "s: stopped\n");
	cr_assert_str_eq(state_of(n, "s/t/a"), "stopped");
	cr_assert_str_eq(ctl_fails(n, 1, "start s/t/a"),
			 "supctl: s/t/a: its supervisor s does not run: start that first\n");
	cr_assert_str_eq(ctl(n, "start s"), "s: started\n");
	cr_assert_str_eq(state_of(n, "s/t/a"), "running");
	node_end(n);
}

Test(operator, d4_the_root_is_not_stopped)
{
	struct node *n = node_run(PUPPET("a", "a"));
	static const char *const words[] = {"stop /", "remove /", "restart /"};

	sync_tree(n);
	for (size_t i = 0; i < 3; i++) {
		char *error = ctl_fails(n, 1, "%s", words[i]);

		cr_assert_str_eq(error, "supctl: / is the root of the tree: use supctl shutdown to "
					"end the daemon\n");
	}
	cr_assert_str_eq(ctl(n, "start /"), "/: runs already\n");
	cr_assert_str_eq(state_of(n, "a"), "running");
	node_end(n);
}

Test(operator, d5_start_and_restart)
{
	struct node *n = node_run(PUPPET("a", "a"));
	const char *pid;

	sync_tree(n);
	pid = look(n, "a").pid;
	cr_assert_str_eq(ctl(n, "start a"), "a: runs already\n");
	cr_assert_str_eq(look(n, "a").pid, pid);
	cr_assert_str_eq(ctl(n, "restart a"), "a: restarted\n");
	cr_assert_str_neq(look(n, "a").pid, pid);
	cr_assert_eq(look(n, "a").restarts, 1);
	ctl(n, "stop a");
	cr_assert_str_eq(ctl(n, "stop a"), "a: stopped\n");
	cr_assert_str_eq(ctl(n, "restart a"), "a: restarted\n");
	cr_assert_str_eq(state_of(n, "a"), "running");
	node_end(n);
}

/* An operator's restart is none that counts. */
Test(operator, restart_does_not_count)
{
	struct node *n = node_run("[supervisor s]\nintensity = 0\nstrategy = one_for_all\n" PUPPET(
		"s/a", "a") PUPPET("s/b", "b"));

	sync_tree(n);
	for (int i = 0; i < 3; i++)
		ctl(n, "restart s/a");
	cr_assert_str_eq(state_of(n, "s"), "running");
	cr_assert_eq(look(n, "s").restarts, 0);
	cr_assert_eq(journal_count(n, "b start *"), 1);
	node_end(n);
}

Test(operator, several_at_a_time)
{
	struct node *n = node_run(PUPPET("a", "a") PUPPET("b", "b") PUPPET("c", "c"));
	struct output output;

	sync_tree(n);
	output = supctl(n, "stop a nobody c");
	cr_assert_eq(output.status, 3);
	cr_assert_not_null(strstr(output.out, "a: stopped\n"));
	cr_assert_not_null(strstr(output.out, "c: stopped\n"));
	cr_assert_str_eq(output.err, "supctl: nobody: no such actor\n");
	cr_assert_str_eq(state_of(n, "b"), "running");
	cr_assert_str_eq(ctl(n, "start --no-wait a c"),
			 "a: is being started\nc: is being started\n");
	ctl(n, "wait c --for ready");
	node_end(n);
}

Test(operator, add_and_remove)
{
	struct node *n = node_run("[supervisor s]\n" PUPPET("s/a", "a"));
	pid_t os_pid;

	sync_tree(n);
	cr_assert_str_eq(ctl(n, "add s/b command='@puppet/b ready' ready=notify restart=temporary"),
			 "s/b: added\n");
	cr_assert_str_eq(ctl(n, "add /top command='@puppet/top ready' ready=notify"),
			 "top: added\n");
	os_pid = os_pid_of(n, "s/b");
	cr_assert_str_eq(ctl(n, "remove s/b"), "s/b: removed\n");
	cr_assert_not(exists(n, "s/b"));
	cr_assert_not(proc_exists(os_pid));
	cr_assert_str_eq(ctl_fails(n, 3, "remove s/b"), "supctl: s/b: no such actor\n");
	/* What is removed is not held: its name is free. */
	ctl(n, "add s/b command='@puppet/b ready' ready=notify");
	cr_assert_str_eq(state_of(n, "s/b"), "running");
	node_end(n);
}

Test(operator, add_a_subtree_from_a_file)
{
	struct node *n = node_run("");

	node_write(n, "more",
		   "[supervisor t]\nstrategy = rest_for_one\n" PUPPET("t/a", "a")
			   PUPPET("t/b", "b"));
	cr_assert_str_eq(ctl(n, "add t --file @folder/more"), "t: added\n");
	cr_assert_str_eq(state_of(n, "t/a"), "running");
	cr_assert_str_eq(state_of(n, "t/b"), "running");
	ctl(n, "remove t");
	cr_assert_not(exists(n, "t/a"));
	node_end(n);
}

Test(operator, add_what_is_wrong)
{
	struct node *n = node_run("[supervisor s]\n" PUPPET("a", "a"));
	char *error;

	sync_tree(n);
	error = ctl_fails(n, 1, "add s/b comand=true restrat=always");
	cr_assert_not_null(strstr(error, "did you mean \"command\"?"), "%s", error);
	cr_assert_not_null(strstr(error, "restrat"), "%s", error);
	ctl_fails(n, 1, "add s/b restart=permanent");
	ctl_fails(n, 2, "add s/b command");
	cr_assert_str_eq(
		ctl_fails(n, 1, "add a command=true"),
		"supctl: a exists already and runs: choose another name, or remove it first\n");
	cr_assert_str_eq(
		ctl_fails(n, 3, "add none/b command=true"),
		"supctl: none/b: the supervisor above it does not exist or does not run\n");
	cr_assert_str_eq(ctl_fails(n, 1, "add a/b command=true"),
			 "supctl: a/b: what is above it is a service, which has no children\n");
	cr_assert_str_eq(ctl_fails(n, 1, "add s/b command=@folder/none"),
			 keep_printf("supctl: s/b did not start: exec %s/none: No such file or "
				     "directory\n",
				     n->folder));
	cr_assert_not(exists(n, "s/b"));
	node_end(n);
}

/* What an operator has killed was not killed by somebody else. */
Test(operator, kill_is_an_event_and_a_cause)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\n"
				  "[service b]\ncommand = @puppet/b\n"
				  "[service c]\ncommand = @puppet/c leave:TERM=0 ready\n"
				  "ready = notify\nrestart = temporary\n");
	struct watch *w = watch_open(n);
	const char *why, *event;

	sync_tree(n);
	ctl(n, "kill -KILL a");
	watch_until(w, "ready a");
	ctl(n, "kill -USR2 b");
	watch_until(w, "ready b");
	event = ctl(n, "events --since 0 --json --kind unix_signal");
	cr_assert_not_null(strchr(event, '\n'), "no event");
	event = keep_printf("%.*s", (int)strcspn(event, "\n"), event);
	cr_expect_str_eq(json_get(event, "name"), "a");
	cr_expect_str_eq(json_get(event, "origin"), "operator");
	cr_expect_str_eq(json_get(event, "reason"), "signal:KILL");
	cr_expect_str_eq(json_get(event, "signal"), "SIGKILL");
	why = ctl(n, "why a");
	cr_expect(text_glob("a became ready *\nbecause a was started *\n"
			    "because a ended *: killed\nbecause a was sent SIGKILL at *, * ago\n"
			    "  because an operator asked for it\n",
			    why),
		  "%s", why);
	while (supctl(n, "report a").status != 0 || supctl(n, "report b").status != 0)
		;
	cr_expect_str_eq(json_get(ctl(n, "report a --json"), "explanation"),
			 "by SIGKILL, which an operator had sent: supctl kill");
	cr_expect_str_eq(json_get(ctl(n, "report a --json"), "causes"),
			 "exit (killed) <- unix_signal (signal:KILL) <- operator");
	cr_expect_not_null(strstr(ctl(n, "report b"),
				  "by SIGUSR2: User defined signal 2, which an operator had sent"));
	ctl(n, "kill -TERM c");
	watch_until(w, "exit c *");
	why = ctl(n, "why c");
	cr_expect(text_glob("c ended *: normal\n  by itself, shortly after an operator had sent it "
			    "SIGTERM\n\nnow: c has ended, as it may, since *\n",
			    why),
		  "%s", why);
	watch_close(w);
	node_end(n);
}

Test(operator, kill_sends_a_unix_signal)
{
	struct node *n =
		node_run("[service a]\ncommand = @puppet/a catch:HUP catch:USR1 child ready\n"
			 "ready = notify\n");

	sync_tree(n);
	cr_assert_str_eq(ctl(n, "kill -HUP a"), "a: SIGHUP sent\n");
	cr_expect_not_null(strstr(node_log(n), "SIGHUP sent: an operator asked for it"));
	journal_until(n, "a HUP");
	ctl(n, "kill -SIGUSR1 --all a");
	journal_until(n, "a USR1");
	journal_until(n, "a USR1");
	cr_assert_eq(journal_count(n, "a HUP"), 1);
	ctl_fails(n, 2, "kill -NONE a");
	ctl_fails(n, 3, "kill nobody");
	ctl(n, "stop a");
	cr_assert_str_eq(ctl_fails(n, 1, "kill a"), "supctl: a: no process of it runs\n");
	node_end(n);
}

Test(operator, wait_is_race_free)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\nready = notify\n");
	struct program ready, down;

	journal_until(n, "a start *");
	supctl_begin(n, &ready, "wait a --for ready");
	cr_assert_str_eq(ctl_fails(n, 5, "wait a --for ready --timeout 20ms"),
			 "supctl: wait a: not so within 20ms\n");
	order(n, "a", "ready");
	cr_assert_str_eq(program_end(&ready).out, "a: ready\n");
	supctl_begin(n, &down, "wait a --for down");
	cr_assert_str_eq(ctl(n, "stop a"), "a: stopped\n");
	cr_assert_str_eq(program_end(&down).out, "a: down\n");
	ctl(n, "wait a --for down");
	ctl_fails(n, 3, "wait nobody --for down");
	ctl_fails(n, 2, "wait a");
	ctl_fails(n, 2, "wait a --for ever");
	node_end(n);
}

Test(operator, wait_for_what_is_removed)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\nready = notify\n");
	struct program ready;
	struct output output;
	struct watch *w;

	journal_until(n, "a start *");
	w = watch_open(n);
	supctl_begin(n, &ready, "wait a --for ready");
	/* Until the daemon has it: requests of two connections have no order. */
	ctl(n, "ping");
	ctl(n, "remove a");
	watch_until(w, "removed a");
	output = program_end(&ready);
	cr_assert(output.status == 7 || output.status == 3, "%d %s", output.status, output.err);
	node_end(n);
}

Test(operator, sync_waits_for_starts_and_stops)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a catch:TERM\nready = notify\n"
				  "shutdown = infinity\n");
	struct program stop, sync;

	journal_until(n, "a start *");
	ctl_fails(n, 5, "sync --timeout 20ms");
	ctl(n, "sync --allow-starting");
	order(n, "a", "ready");
	ctl(n, "sync");
	supctl_begin(n, &stop, "stop a");
	journal_until(n, "a TERM");
	ctl_fails(n, 5, "sync --timeout 20ms");
	ctl_fails(n, 5, "sync --allow-starting --timeout 20ms");
	supctl_begin(n, &sync, "sync");
	order(n, "a", "exit:0");
	cr_assert_eq(program_end(&stop).status, 0);
	cr_assert_eq(program_end(&sync).status, 0);
	node_end(n);
}

/* A guest that goes does not undo what it asked for. */
Test(operator, a_stop_goes_on_without_who_asked)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a catch:TERM ready\n"
				  "ready = notify\nshutdown = infinity\n");
	struct program stop;

	sync_tree(n);
	supctl_begin(n, &stop, "stop a");
	journal_until(n, "a TERM");
	kill(stop.os_pid, SIGKILL);
	program_end(&stop);
	order(n, "a", "exit:0");
	ctl(n, "wait a --for down");
	cr_assert(look(n, "a").held);
	node_end(n);
}

/* There is nothing left of it that could be let go. */
Test(operator, a_copy_that_is_stopped_is_not_called_held)
{
	struct node *n = node_run("[supervisor s]\nstrategy = simple_one_for_one\n"
				  "[service s/x]\ncommand = sleep\n");

	ctl(n, "child start s -- 1000");
	cr_expect_str_eq(ctl(n, "stop s/x@1"), "s/x@1: stopped\n");
	cr_expect_not(exists(n, "s/x@1"));
	cr_expect_null(strstr(node_log(n), "held down"));
	node_end(n);
}

/* A stop wins over a start under way, and over a backoff; a start over a stop under way. */
Test(operator, the_last_word_counts)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a catch:TERM say:set\n"
				  "ready = notify\nshutdown = infinity\nautostart = no\n");
	struct program start, stop, again;

	supctl_begin(n, &start, "start a");
	/* What comes before would end it. */
	journal_until(n, "a set");
	supctl_begin(n, &stop, "stop a");
	journal_until(n, "a TERM");
	supctl_begin(n, &again, "start --no-wait a");
	cr_assert_eq(program_end(&again).status, 0);
	order(n, "a", "exit:0");
	cr_assert_eq(program_end(&stop).status, 0);
	cr_assert_eq(program_end(&start).status, 1);
	journal_until(n, "a start *");
	cr_assert_not(look(n, "a").held);
	order(n, "a", "ready");
	ctl(n, "wait a --for ready");
	order(n, "a", "leave:TERM=0");
	order(n, "a", "say:done");
	journal_until(n, "a done");
	node_end(n);
}

Test(operator, a_thousand_services)
{
	struct node *n = node_new();
	struct buf config = BUF_INIT;
	pid_t list[4];
	struct watch *w;

	buf_puts(&config, "[supervisor many]\nstart = parallel\nintensity = 2000\n");
	for (int i = 0; i < 1000; i++)
		buf_printf(&config, "[service many/s%d]\ncommand = sleep 100000\n", i);
	node_config(n, buf_text(&config));
	buf_fini(&config);
	node_start(n);
	sync_tree(n);
	cr_assert_str_eq(ctl(n, "child count many --json"),
			 "{\"specs\":1000,\"active\":1000,\"supervisors\":0,\"workers\":1000}\n");
	cr_assert_eq(json_check_lines(ctl(n, "status --json")), 1002);
	w = watch_open(n);
	ctl(n, "kill -KILL many/s500");
	watch_until(w, "ready many/s500");
	cr_assert_str_eq(ctl(n, "stop many"), "many: stopped\n");
	cr_assert_eq(proc_children(n->supd.os_pid, list, 4), 0);
	ctl(n, "start many");
	cr_assert_str_eq(state_of(n, "many/s999"), "running");
	node_end(n);
}

/* Many ends at a time have fewer signals than ends: none is overlooked, no zombie stays. */
Test(operator, all_die_at_once)
{
	enum { MANY = 100 };
	struct node *n = node_new();
	struct buf config = BUF_INIT;
	pid_t list[MANY + 1];
	struct watch *w;
	size_t found;

	buf_puts(&config, "[supervisor many]\nstart = parallel\nintensity = 10000\n");
	for (int i = 0; i < MANY; i++)
		buf_printf(&config, "[service many/s%d]\ncommand = sleep 100000\n", i);
	node_config(n, buf_text(&config));
	buf_fini(&config);
	node_start(n);
	sync_tree(n);
	w = watch_open(n);
	for (int round = 0; round < 3; round++) {
		found = proc_children(n->supd.os_pid, list, MANY + 1);
		cr_assert_eq(found, MANY);
		for (size_t i = 0; i < found; i++)
			kill(list[i], SIGKILL);
		for (size_t i = 0; i < found; i++)
			watch_until(w, "ready *");
	}
	sync_tree(n);
	cr_assert_eq(watch_count(w, "exit * killed"), 3 * MANY);
	cr_assert_eq(watch_count(w, "start many/*"), 3 * MANY);
	found = proc_children(n->supd.os_pid, list, MANY + 1);
	cr_assert_eq(found, MANY);
	for (size_t i = 0; i < found; i++)
		cr_assert_neq(proc_state(list[i]), 'Z');
	node_end(n);
}
