/* SPDX-License-Identifier: MIT */

/* Who is started again, and when a supervisor gives up (SEMANTICS 11 to 13, 17, 18). */

#include <signal.h>
#include <string.h>

#include "support.h"

RUN_SUITE(strategy);

/* A child that is ready as soon as it has told of its start: sync_tree() then sees all starts. */
#define PUPPET(path, name) "[service " path "]\ncommand = @puppet/" name " ready\nready = notify\n"

static void check_starts(struct node *n, const char *puppet, size_t starts)
{
	size_t found = journal_count(n, keep_printf("%s start *", puppet));

	cr_assert_eq(found, starts, "%s was started %zu times, not %zu", puppet, found, starts);
}

static void kill_and_sync(struct node *n, const char *path)
{
	pid_t os_pid = os_pid_of(n, path);
	struct watch *w = watch_open(n);

	kill(os_pid, SIGKILL);
	watch_until(w, keep_printf("exit %s killed", path));
	watch_close(w);
	sync_tree(n);
}

/* ---- restart types ---- */

Test(strategy, s116_permanent_is_restarted_after_a_normal_end_and_it_counts)
{
	struct node *n =
		node_run("[supervisor s]\nintensity = 1\nperiod = 1h\n" PUPPET("s/a", "a"));
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	order(n, "a", "exit:0");
	watch_until(w, "exit s/a normal");
	watch_until(w, "ready s/a");
	order(n, "a", "exit:0");
	watch_until(w, "exit s/a normal");
	cr_assert_str_eq(watch_join(w, "start s"), "gave_up s; exit s shutdown; start s");
	sync_tree(n);
	check_starts(n, "a", 3);
	node_end(n);
}

/* 118, D18: it keeps a record that an operator knows; only the child API does not. */
Test(strategy, s118_temporary_is_never_restarted)
{
	struct node *n = node_run("[supervisor s]\nstrategy = one_for_all\n" PUPPET(
		"s/a", "a") "restart = temporary\n" PUPPET("s/b", "b"));

	sync_tree(n);
	kill_and_sync(n, "s/a");
	cr_assert_str_eq(look(n, "s/a").state, "failed");
	cr_assert_str_eq(look(n, "s/a").reason, "killed");
	cr_assert_null(strstr(ctl(n, "child which s"), "a "));
	cr_assert_str_eq(ctl(n, "child count s --json"),
			 "{\"specs\":1,\"active\":1,\"supervisors\":0,\"workers\":1}\n");
	check_starts(n, "a", 1);
	check_starts(n, "b", 1);
	ctl(n, "start s/a");
	check_starts(n, "a", 2);
	node_end(n);
}

/* ---- who else ---- */

Test(strategy, s123_rest_for_one)
{
	struct node *n = node_run("[supervisor s]\nstrategy = rest_for_one\n" PUPPET("s/a", "a")
					  PUPPET("s/b", "b") PUPPET("s/c", "c"));
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	ctl(n, "kill -KILL s/b");
	watch_until(w, "exit s/b killed");
	cr_assert_str_eq(watch_join(w, "ready s/c"),
			 "stopping s/c shutdown; exit s/c shutdown; start s/b; ready s/b; "
			 "start s/c; ready s/c");
	check_starts(n, "a", 1);
	node_end(n);
}

Test(strategy, s122_one_for_all)
{
	struct node *n = node_run("[supervisor s]\nstrategy = one_for_all\n" PUPPET("s/a", "a")
					  PUPPET("s/b", "b") PUPPET("s/c", "c"));
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	ctl(n, "kill -KILL s/b");
	watch_until(w, "exit s/b killed");
	cr_assert_str_eq(watch_join(w, "ready s/c"),
			 "stopping s/c shutdown; exit s/c shutdown; stopping s/a shutdown; "
			 "exit s/a shutdown; start s/a; ready s/a; start s/b; ready s/b; "
			 "start s/c; ready s/c");
	node_end(n);
}

Test(strategy, s124_no_restart_no_group)
{
	struct node *n = node_run("[supervisor s]\nstrategy = one_for_all\nintensity = 0\n" PUPPET(
		"s/a",
		"a") "restart = transient\n" PUPPET("s/b",
						    "b") "restart = temporary\n" PUPPET("s/c",
											"c"));
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	order(n, "a", "exit:0");
	watch_until(w, "exit s/a normal");
	ctl(n, "kill -KILL s/b");
	watch_until(w, "exit s/b killed");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "s"), "running");
	cr_assert_eq(watch_count(w, "stopping *"), 0);
	check_starts(n, "c", 1);
	node_end(n);
}

Test(strategy, s126_a_group_restart_starts_what_was_down)
{
	struct node *n = node_run(
		"[supervisor s]\nstrategy = rest_for_one\n" PUPPET("s/a", "a") PUPPET("s/b", "b")
			PUPPET("s/c", "c") "restart = transient\n" PUPPET("s/d", "d"));

	sync_tree(n);
	ctl(n, "child terminate s a");
	ctl(n, "child terminate s d");
	order(n, "c", "exit:0");
	ctl(n, "wait s/c --for down");
	kill_and_sync(n, "s/b");
	cr_assert_str_eq(state_of(n, "s/a"), "stopped");
	cr_assert_str_eq(state_of(n, "s/c"), "running");
	cr_assert_str_eq(state_of(n, "s/d"), "running");
	check_starts(n, "a", 1);
	node_end(n);
}

Test(strategy, s128_a_group_restart_counts_once)
{
	struct node *n =
		node_run("[supervisor s]\nstrategy = one_for_all\nintensity = 2\n"
			 "period = 1h\n" PUPPET("s/a", "a") PUPPET("s/b", "b") PUPPET("s/c", "c"));

	sync_tree(n);
	kill_and_sync(n, "s/a");
	kill_and_sync(n, "s/b");
	cr_assert_eq(look(n, "s").restarts, 0);
	check_starts(n, "c", 3);
	kill_and_sync(n, "s/c");
	cr_assert_eq(look(n, "s").restarts, 1);
	check_starts(n, "c", 4);
	node_end(n);
}

/* It was to be stopped anyway: no second restart, no count. */
Test(strategy, s129_a_death_during_the_stop_is_absorbed)
{
	struct node *n = node_run("[supervisor s]\nstrategy = one_for_all\nintensity = 1\n"
				  "period = 1h\n"
				  "[service s/a]\ncommand = @puppet/a ready\nready = notify\n"
				  "[service s/b]\ncommand = @puppet/b once:x catch:TERM ready\n"
				  "ready = notify\nshutdown = infinity\n");

	sync_tree(n);
	ctl(n, "kill -KILL s/a");
	journal_until(n, "b TERM");
	order(n, "b", "die:SEGV");
	sync_tree(n);
	check_starts(n, "a", 2);
	check_starts(n, "b", 2);
	cr_assert_eq(look(n, "s").restarts, 0);
	node_end(n);
}

/* One that was started anew is on its own again: its death is a restart of its own. */
Test(strategy, s129_a_death_during_the_start_counts)
{
	struct node *n = node_run("[supervisor s]\nstrategy = one_for_all\nintensity = 1\n"
				  "period = 1h\n"
				  "[service s/a]\ncommand = @puppet/a ready\nready = notify\n"
				  "[service s/b]\ncommand = @puppet/b once:x ready\n"
				  "ready = notify\n");
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	ctl(n, "kill -KILL s/a");
	watch_until(w, "start s/b");
	ctl(n, "kill -KILL s/a");
	order(n, "b", "ready");
	watch_until(w, "ready s/b");
	watch_until(w, "gave_up s");
	watch_until(w, "start s/b");
	order(n, "b", "ready");
	sync_tree(n);
	cr_assert_eq(look(n, "s").restarts, 1);
	node_end(n);
}

Test(strategy, s121_siblings_of_a_slow_child_do_not_wait)
{
	struct node *n =
		node_run("[supervisor s]\n"
			 "[service s/a]\ncommand = @puppet/a once:x ready\nready = notify\n"
			 "[service s/b]\ncommand = @puppet/b ready\nready = notify\n");
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	ctl(n, "kill -KILL s/a");
	watch_until(w, "start s/a");
	ctl(n, "kill -KILL s/b");
	watch_until(w, "ready s/b");
	cr_assert_str_eq(state_of(n, "s/a"), "starting");
	order(n, "a", "ready");
	sync_tree(n);
	node_end(n);
}

/* ---- intensity ---- */

Test(strategy, s132_more_than_intensity)
{
	struct node *n =
		node_run("[supervisor s]\nintensity = 2\nperiod = 1h\n" PUPPET("s/a", "a"));
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	for (int i = 0; i < 2; i++) {
		ctl(n, "kill -KILL s/a");
		watch_until(w, "ready s/a");
	}
	cr_assert_eq(watch_count(w, "gave_up *"), 0);
	ctl(n, "kill -KILL s/a");
	watch_until(w, "exit s/a killed");
	/* 133: the one too many is not made. */
	cr_assert_str_eq(watch_join(w, "start s"), "gave_up s; exit s shutdown; start s");
	/* 140 */
	watch_until(w, "ready s/a");
	ctl(n, "kill -KILL s/a");
	watch_until(w, "ready s/a");
	ctl(n, "kill -KILL s/a");
	watch_until(w, "ready s/a");
	cr_assert_eq(watch_count(w, "gave_up *"), 1);
	node_end(n);
}

Test(strategy, s134_intensity_0)
{
	struct node *n = node_run("[supervisor s]\nintensity = 0\n" PUPPET("s/a", "a"));
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	ctl(n, "kill -KILL s/a");
	watch_until(w, "exit s/a killed");
	cr_assert_str_eq(watch_join(w, "start s"), "gave_up s; exit s shutdown; start s");
	node_end(n);
}

/* Restarts older than the period count no more. */
Test(strategy, s135_the_period_passes)
{
	struct node *n =
		node_run("[supervisor s]\nintensity = 1\nperiod = 1s\n" PUPPET("s/a", "a"));

	sync_tree(n);
	kill_and_sync(n, "s/a");
	/* The clock that counts is the daemon's: this asks it to let the period and more pass. */
	ctl_fails(n, 5, "wait s/a --for down --timeout 2100ms");
	kill_and_sync(n, "s/a");
	cr_assert_eq(look(n, "s").restarts, 0);
	check_starts(n, "a", 3);
	node_end(n);
}

Test(strategy, s137_the_history_is_the_supervisors)
{
	struct node *n = node_run("[supervisor s]\nintensity = 2\nperiod = 1h\n" PUPPET("s/a", "a")
					  PUPPET("s/b", "b") PUPPET("s/c", "c"));

	sync_tree(n);
	kill_and_sync(n, "s/a");
	kill_and_sync(n, "s/b");
	cr_assert_eq(look(n, "s").restarts, 0);
	kill_and_sync(n, "s/c");
	cr_assert_eq(look(n, "s").restarts, 1);
	node_end(n);
}

/* give_up = hold: each child's own. */
Test(strategy, d6_hold)
{
	struct node *n = node_run("[supervisor s]\ngive_up = hold\nintensity = 1\nperiod = 1h\n"
				  "strategy = rest_for_one\n" PUPPET("s/a", "a") PUPPET("s/b", "b")
					  PUPPET("s/c", "c"));

	sync_tree(n);
	kill_and_sync(n, "s/a");
	kill_and_sync(n, "s/b");
	kill_and_sync(n, "s/c");
	cr_assert_str_eq(state_of(n, "s/c"), "running");
	kill_and_sync(n, "s/b");
	cr_assert_str_eq(state_of(n, "s/a"), "running");
	cr_assert_str_eq(state_of(n, "s/b"), "failed");
	cr_assert_str_eq(look(n, "s/b").reason, "killed");
	cr_assert_str_eq(state_of(n, "s/c"), "waiting");
	cr_assert_str_eq(ctl_fails(n, 1, "start s/c"),
			 "supctl: s/c waits for s/b, which is down: start that first\n");
	cr_assert_str_eq(ctl(n, "start s/b"), "s/b: started\n");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "s/c"), "running");
	kill_and_sync(n, "s/b");
	cr_assert_str_eq(state_of(n, "s/b"), "running");
	node_end(n);
}

/* ---- starts that fail in a restart ---- */

/* A retry stands at the end of the queue: a stop comes through, however often it is tried. */
Test(strategy, s143_retries_do_not_shut_out_a_stop)
{
	struct node *n = node_run("[supervisor s]\nstrategy = one_for_all\nintensity = 10000\n"
				  "period = 1h\n"
				  "[service s/a]\ncommand = @puppet/a ready\nready = notify\n"
				  "[service s/b]\ncommand = @puppet/b once:x ready exit:1\n"
				  "ready = notify\n");
	struct watch *w;

	/* It is ready once, and goes; from then on its start fails. */
	w = watch_open(n);
	for (int i = 0; i < 3; i++)
		watch_until(w, "start_failed s/b exit:1");
	ctl(n, "stop s");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "s"), "stopped");
	cr_assert_str_eq(state_of(n, "s/a"), "stopped");
	cr_assert_str_eq(state_of(n, "s/b"), "stopped");
	node_end(n);
}

/* The retry is for the child whose start failed, not for the one that died first. */
Test(strategy, s146_rest_for_one_retries_the_one_that_failed)
{
	struct node *n = node_run("[supervisor s]\nstrategy = rest_for_one\n" PUPPET(
		"s/a", "a") "[service s/b]\ncommand = @puppet/b\nready = notify\n" PUPPET("s/c",
											  "c"));
	struct watch *w;

	order(n, "b", "ready");
	sync_tree(n);
	w = watch_open(n);
	ctl(n, "kill -KILL s/a");
	watch_until(w, "exit s/b shutdown");
	order(n, "b", "exit:1");
	watch_until(w, "start_failed s/b exit:1");
	order(n, "b", "ready");
	sync_tree(n);
	check_starts(n, "a", 2);
	check_starts(n, "b", 3);
	check_starts(n, "c", 2);
	node_end(n);
}

Test(strategy, s147_one_for_all_retries_all)
{
	struct node *n = node_run("[supervisor s]\nstrategy = one_for_all\n" PUPPET(
		"s/a", "a") "[service s/b]\ncommand = @puppet/b\nready = notify\n" PUPPET("s/c",
											  "c"));
	struct watch *w;

	order(n, "b", "ready");
	sync_tree(n);
	w = watch_open(n);
	ctl(n, "kill -KILL s/c");
	watch_until(w, "exit s/b shutdown");
	order(n, "b", "exit:1");
	watch_until(w, "start_failed s/b exit:1");
	order(n, "b", "ready");
	sync_tree(n);
	check_starts(n, "a", 3);
	check_starts(n, "b", 3);
	check_starts(n, "c", 2);
	node_end(n);
}

/* ---- nested ---- */

Test(strategy, s183_a_transient_supervisor_that_gives_up_stays_down)
{
	struct node *n = node_run("[supervisor s]\nintensity = 0\nrestart = transient\n" PUPPET(
		"s/a", "a") PUPPET("b", "b"));

	sync_tree(n);
	kill_and_sync(n, "s/a");
	cr_assert_str_eq(state_of(n, "s"), "done");
	cr_assert_str_eq(look(n, "s").reason, "shutdown");
	cr_assert_str_eq(state_of(n, "b"), "running");
	check_starts(n, "a", 1);
	node_end(n);
}

Test(strategy, s186_the_root_gives_up)
{
	struct node *n =
		node_run("[supervisor /]\ngive_up = escalate\nintensity = 1\nperiod = 1h\n"
			 "[supervisor s]\nintensity = 1\nperiod = 1h\n" PUPPET("s/a", "a"));

	/* (1 + 1) * (1 + 1) deaths: 142 */
	for (int i = 0; i < 3; i++) {
		sync_tree(n);
		kill_and_sync(n, "s/a");
	}
	kill(os_pid_of(n, "s/a"), SIGKILL);
	cr_assert_eq(node_wait(n), 1);
	check_starts(n, "a", 4);
	node_check_nothing_left(n);
}

/* ---- delays ---- */

Test(strategy, d7_delay_doubles_and_shows)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a exit:1\n"
				  "restart_delay = 40ms\nrestart_delay_max = 100ms\n"
				  "autostart = no\n");
	struct watch *w = watch_open(n);

	ctl(n, "start --no-wait a");
	watch_until(w, "failed a*");
	cr_assert_eq(watch_count(w, "backoff a"), 3);
	cr_assert_eq(watch_count(w, "start a"), 4);
	node_end(n);
}

Test(strategy, d7_backoff_can_be_cut_short)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a ready\nready = notify\n"
				  "restart_delay = 1h\nrestart_delay_max = 1h\n");

	sync_tree(n);
	ctl(n, "kill -KILL a");
	ctl(n, "wait a --for down");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "a"), "backoff");
	cr_assert_str_eq(ctl(n, "start a"), "a: started\n");
	ctl(n, "kill -KILL a");
	ctl(n, "wait a --for down");
	cr_assert_str_eq(ctl(n, "stop a"), "a: stopped\n");
	cr_assert_str_eq(state_of(n, "a"), "stopped");
	node_end(n);
}

/* ---- start = parallel ---- */

Test(strategy, d17_parallel)
{
	struct node *n = node_run("[supervisor s]\nstart = parallel\n"
				  "[defaults]\nshutdown = infinity\nready = notify\n"
				  "[service s/a]\ncommand = @puppet/a catch:TERM\n"
				  "[service s/b]\ncommand = @puppet/b catch:TERM\n");
	struct program stop;

	while (!journal_count(n, "a start *") || !journal_count(n, "b start *"))
		journal_until(n, "*");
	cr_assert_str_eq(state_of(n, "s/a"), "starting");
	cr_assert_str_eq(state_of(n, "s/b"), "starting");
	order(n, "a", "ready");
	order(n, "b", "ready");
	sync_tree(n);
	supctl_begin(n, &stop, "stop s");
	journal_until(n, "a TERM");
	while (journal_count(n, "b TERM") == 0)
		journal_until(n, "*");
	order(n, "a", "exit:0");
	order(n, "b", "exit:0");
	cr_assert_eq(program_end(&stop).status, 0);
	node_end(n);
}

/* ---- significant children ---- */

#define SIGNIFICANT(path, name, restart) \
	PUPPET(path, name) "significant = yes\nrestart = " restart "\n"

Test(strategy, s188_any_significant)
{
	struct node *n = node_run("[supervisor s]\nauto_shutdown = any_significant\n"
				  "restart = temporary\n" SIGNIFICANT("s/a", "a", "transient")
					  PUPPET("s/b", "b"));
	struct watch *w;

	sync_tree(n);
	/* 189 */
	kill_and_sync(n, "s/a");
	cr_assert_str_eq(state_of(n, "s"), "running");
	w = watch_open(n);
	order(n, "a", "exit:0");
	watch_until(w, "exit s/a normal");
	/* 191 */
	cr_assert_str_eq(watch_join(w, "exit s *"),
			 "auto_shutdown s; stopping s/b shutdown; exit s/b shutdown; "
			 "exit s shutdown");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "s"), "done");
	node_end(n);
}

Test(strategy, s190_all_significant)
{
	struct node *n = node_run("[supervisor s]\nauto_shutdown = all_significant\n"
				  "restart = temporary\n" SIGNIFICANT("s/a", "a", "temporary")
					  SIGNIFICANT("s/b", "b", "temporary") PUPPET("s/c", "c"));

	sync_tree(n);
	kill_and_sync(n, "s/a");
	cr_assert_str_eq(state_of(n, "s"), "running");
	kill_and_sync(n, "s/b");
	cr_assert_str_eq(state_of(n, "s"), "done");
	cr_assert_str_eq(look(n, "s").reason, "shutdown");
	node_end(n);
}

/* Only their own end triggers: not a stop by request, nor for a sibling. */
Test(strategy, s192_only_an_end_of_its_own)
{
	struct node *n = node_run("[supervisor s]\nauto_shutdown = any_significant\n"
				  "strategy = one_for_all\n" SIGNIFICANT("s/a", "a", "transient")
					  PUPPET("s/b", "b"));

	sync_tree(n);
	ctl(n, "child terminate s a");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "s"), "running");
	ctl(n, "child restart s a");
	ctl(n, "stop s/a");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "s"), "running");
	ctl(n, "start s/a");
	kill_and_sync(n, "s/b");
	cr_assert_str_eq(state_of(n, "s"), "running");
	cr_assert_eq(look(n, "s").restarts, 0);
	node_end(n);
}

/* The giving up of a supervisor that is significant reads as a normal end above. */
Test(strategy, s194_a_significant_supervisor)
{
	struct node *n = node_run("[supervisor s]\nauto_shutdown = any_significant\n"
				  "restart = temporary\n"
				  "[supervisor s/t]\nintensity = 0\nsignificant = yes\n"
				  "restart = transient\n" PUPPET("s/t/a", "a") PUPPET("s/b", "b"));

	sync_tree(n);
	kill_and_sync(n, "s/t/a");
	cr_assert_str_eq(state_of(n, "s"), "done");
	node_end(n);
}
