/* SPDX-License-Identifier: MIT */

/* When a start counts as done, and what follows where it fails (SEMANTICS 9). */

#include <signal.h>
#include <string.h>

#include "support.h"

RUN_SUITE(start);

Test(start, s90_next_starts_after_ready)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\nready = notify\n"
				  "[service b]\ncommand = @puppet/b\nready = notify\n"
				  "[service c]\ncommand = @puppet/c\n");

	journal_until(n, "a start *");
	cr_assert_str_eq(state_of(n, "a"), "starting");
	cr_assert_str_eq(state_of(n, "b"), "waiting");
	order(n, "a", "say:ready now");
	order(n, "a", "ready");
	journal_until(n, "b start *");
	cr_assert(journal_is_before(n, "a ready now", "b start *"));
	cr_assert_str_eq(state_of(n, "a"), "running");
	cr_assert_str_eq(state_of(n, "c"), "waiting");
	cr_assert_eq(journal_count(n, "c *"), 0);
	order(n, "b", "ready");
	journal_until(n, "c start *");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "b"), "running");
	cr_assert_str_eq(state_of(n, "c"), "running");
	node_end(n);
}

/* D8: it is about what follows a death; the first start is in order under one_for_one too, and
 * other supervisors go on meanwhile (97). */
Test(start, s97_others_go_on_while_a_child_starts)
{
	struct node *n = node_run("[supervisor /]\nstart = parallel\n"
				  "[supervisor slow]\nstrategy = one_for_all\n"
				  "[service slow/a]\ncommand = @puppet/a\nready = notify\n"
				  "[service slow/b]\ncommand = @puppet/b\n"
				  "[supervisor other]\n"
				  "[service other/c]\ncommand = @puppet/c\nready = notify\n");
	struct watch *w;

	journal_until(n, "a start *");
	order(n, "c", "ready");
	ctl(n, "wait other/c --for ready");
	w = watch_open(n);
	ctl(n, "kill -KILL other/c");
	watch_until(w, "exit other/c killed");
	watch_until(w, "start other/c");
	cr_assert_str_eq(state_of(n, "slow/a"), "starting");
	cr_assert_str_eq(state_of(n, "slow/b"), "waiting");
	order(n, "c", "ready");
	order(n, "a", "ready");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "slow/b"), "running");
	node_end(n);
}

Test(start, s92_first_start_is_not_retried)
{
	struct node *n = node_new();

	node_config(n, "[supervisor /]\ngive_up = escalate\n"
		       "[service a]\ncommand = @puppet/a leave:TERM=0\nready = notify\n"
		       "[service b]\ncommand = @folder/no-such-program\n"
		       "[service c]\ncommand = @puppet/c\n");
	order(n, "a", "ready");
	node_spawn(n);
	cr_assert_eq(node_wait(n), 1);
	cr_assert_eq(journal_count(n, "a start *"), 1);
	cr_assert_eq(journal_count(n, "a TERM"), 1);
	cr_assert_eq(journal_count(n, "c start *"), 0);
	node_check_nothing_left(n);
}

/* Under the root's give_up = hold a failed first start is a death like another (D6). */
Test(start, d6_failed_first_start_is_retried_counted_and_held)
{
	struct node *n = node_run("[service a]\ncommand = @folder/no-such-program\n"
				  "[service b]\ncommand = @puppet/b\n");
	struct row row;
	char *why;

	sync_tree(n);
	row = look(n, "a");
	cr_assert_str_eq(row.state, "failed");
	cr_assert_str_eq(row.reason, "exec:ENOENT");
	cr_assert_eq(row.os_pid, 0);
	cr_assert_str_eq(state_of(n, "b"), "running");
	why = ctl(n, "why a");
	cr_assert_not_null(strstr(why, ": more than 3 restarts within 5s\n"), "%s", why);
	cr_assert_not_null(strstr(why, ": exec "), "%s", why);
	cr_assert_not_null(strstr(why, "no-such-program: No such file or directory"), "%s", why);
	node_end(n);
}

Test(start, s98_end_after_ready_is_a_death)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a ready once:x exit:3\n"
				  "ready = notify\nautostart = no\n");
	struct watch *w = watch_open(n);

	cr_assert_str_eq(ctl(n, "start a"), "a: started\n");
	watch_until(w, "start a");
	cr_assert_str_eq(watch_join(w, "ready a"), "ready a");
	cr_assert_str_eq(watch_join(w, "start a"), "exit a exit:3; start a");
	watch_until(w, "ready a");
	sync_tree(n);
	cr_assert_eq(look(n, "a").restarts, 1);
	node_end(n);
}

Test(start, s99_failed_start_is_one_event)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\nready = notify\n");
	struct watch *w;

	order(n, "a", "ready");
	sync_tree(n);
	w = watch_open(n);
	order(n, "a", "exit:2");
	order(n, "a", "exit:3");
	order(n, "a", "ready");
	cr_assert_str_eq(
		watch_join(w, "ready a"),
		"exit a exit:2; start a; start_failed a exit:3; retry a; start a; ready a");
	sync_tree(n);
	cr_assert_eq(journal_count(n, "a start *"), 3);
	cr_assert_eq(look(n, "a").restarts, 1);
	node_end(n);
}

/* It is asked for as OTP's restart_child is (160): its failure is an answer, not a death. */
Test(start, one_that_was_asked_for_is_not_retried)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a once:x exit:3 ready\n"
				  "ready = notify\nautostart = no\n");

	cr_assert_str_eq(ctl_fails(n, 1, "start a"), "supctl: a did not start: exit:3\n");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "a"), "failed");
	cr_assert_eq(journal_count(n, "a start *"), 1);
	cr_assert_str_eq(ctl(n, "start a"), "a: started\n");
	node_end(n);
}

Test(start, s3_ready_just_before_the_end_counts)
{
	struct node *n = node_run("[supervisor /]\nintensity = 30\nperiod = 100s\n"
				  "[service a]\ncommand = @puppet/a ready exit:4\n"
				  "ready = notify\nautostart = no\n");
	struct watch *w = watch_open(n);

	ctl(n, "start --no-wait a");
	watch_until(w, "failed a*");
	cr_assert_eq(watch_count(w, "start a"), 31);
	cr_assert_eq(watch_count(w, "ready a"), 31);
	cr_assert_eq(watch_count(w, "exit a exit:4"), 31);
	cr_assert_eq(watch_count(w, "start_failed a*"), 0);
	node_end(n);
}

Test(start, timeout_kills_all_of_it)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a ignore:TERM child\n"
				  "ready = notify\nstart_timeout = 300ms\n"
				  "restart = temporary\nautostart = no\n");
	struct watch *w = watch_open(n);
	pid_t list[2];

	cr_assert_str_eq(ctl_fails(n, 1, "start a"),
			 "supctl: a did not start: timeout:start (it was not ready within "
			 "300ms)\n");
	watch_until(w, "start a");
	cr_assert_str_eq(watch_join(w, "start_failed *"),
			 "killing a; start_failed a timeout:start");
	cr_assert_eq(proc_children(n->supd.os_pid, list, 2), 0);
	node_end(n);
}

/* ---- ready ---- */

Test(start, exit_the_next_waits_for_the_end)
{
	struct node *n = node_run("[service setup]\ncommand = @puppet/setup\nready = exit\n"
				  "[service b]\ncommand = @puppet/b\n");
	struct row row;

	journal_until(n, "setup start *");
	cr_assert_str_eq(state_of(n, "setup"), "starting");
	cr_assert_str_eq(state_of(n, "b"), "waiting");
	order(n, "setup", "exit:0");
	sync_tree(n);
	row = look(n, "setup");
	cr_assert_str_eq(row.state, "done");
	cr_assert_str_eq(row.reason, "normal");
	cr_assert_eq(row.os_pid, 0);
	cr_assert_str_eq(state_of(n, "b"), "running");
	cr_assert_str_eq(ctl(n, "wait setup --for ready"), "setup: ready\n");
	node_end(n);
}

Test(start, exit_a_failure_is_a_failed_start)
{
	struct node *n = node_run("[service setup]\ncommand = @puppet/setup once:x exit:1 exit:0\n"
				  "ready = exit\n"
				  "[service b]\ncommand = @puppet/b ready\nready = notify\n");

	sync_tree(n);
	cr_assert_str_eq(state_of(n, "setup"), "done");
	cr_assert_str_eq(state_of(n, "b"), "running");
	cr_assert_eq(journal_count(n, "setup start *"), 2);
	cr_assert_str_eq(ctl(n, "start setup"), "setup: started, and done\n");
	cr_assert_eq(journal_count(n, "setup start *"), 3);
	node_end(n);
}

Test(start, delay_counts_from_the_exec)
{
	struct node *n = node_run("[service long]\ncommand = @puppet/long\nready = delay:1h\n"
				  "start_timeout = 2h\nautostart = no\n"
				  "[service short]\ncommand = @puppet/short\nready = delay:50ms\n");
	struct row row;

	ctl(n, "start --no-wait long");
	journal_until(n, "long start *");
	row = look(n, "long");
	cr_assert_str_eq(row.state, "starting");
	cr_assert_not(row.ready);
	ctl_fails(n, 5, "wait long --for ready --timeout 10ms");
	ctl(n, "wait short --for ready");
	cr_assert(look(n, "short").ready);
	node_end(n);
}

/* ---- notify ---- */

/* Whether a READY=1 counted shows at the end: a death, or a failed start. */
static void check_notify(const char *access, const char *words, bool counts)
{
	struct node *n =
		node_run(keep_printf("[service a]\ncommand = @puppet/a %s exit:5\n"
				     "ready = notify\nrestart = temporary\nautostart = no\n"
				     "notify_access = %s\n",
				     words, access));
	struct watch *w = watch_open(n);

	ctl(n, "start --no-wait a");
	watch_until(w, "start a");
	cr_assert_str_eq(watch_join(w, "*exit:5"),
			 counts ? "ready a; exit a exit:5" : "start_failed a exit:5", "%s: %s",
			 access, words);
	node_end(n);
}

Test(start, notify_by_the_main_process)
{
	check_notify("main", "ready", true);
}

Test(start, notify_by_a_child_is_not_heard)
{
	check_notify("main", "lend:READY=1", false);
}

Test(start, notify_by_a_child_is_heard_with_access_group)
{
	check_notify("group", "lend:READY=1", true);
}

Test(start, notify_with_access_none_is_not_heard)
{
	check_notify("none", "ready", false);
}

Test(start, notify_among_other_lines)
{
	check_notify("main", "notify:STATUS=busy;READY=1;WATCHDOG=1", true);
}

Test(start, notify_nonsense_is_not_heard)
{
	check_notify("main", "notify:READY=0 notify:ready=1 notify:READY=11 notify:XREADY=1",
		     false);
}

Test(start, notify_socket_is_known_to_the_service_alone)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a report:r\nready = notify\n"
				  "restart = temporary\n");
	struct watch *w = watch_open(n);
	const char *path;

	journal_until(n, "a reported");
	path = report_get(n, "r", keep_printf("env.NOTIFY_SOCKET=%s/run/notify", n->folder));
	cr_assert_not_null(path, "%s", node_read(n, "r"));
	/* A stranger, who may be root: who speaks is told by the kernel. */
	cr_assert_eq(shell("NOTIFY_SOCKET=%s/run/notify %s/puppet %s/b ready say:sent exit:0",
			   n->folder, n->folder, n->folder)
			     .status,
		     0);
	journal_until(n, "b sent");
	order(n, "a", "exit:5");
	cr_assert_str_eq(watch_until(w, "*exit:5"), "start_failed a exit:5");
	node_end(n);
}

Test(start, s94_ignore)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a notify:IGNORE=1 exit:0\n"
				  "ready = notify\n"
				  "[service b]\ncommand = @puppet/b\n");

	sync_tree(n);
	cr_assert_str_eq(state_of(n, "a"), "done");
	cr_assert_str_eq(state_of(n, "b"), "running");
	cr_assert_eq(journal_count(n, "a start *"), 1);
	node_end(n);
}
