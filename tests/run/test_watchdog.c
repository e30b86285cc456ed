/* SPDX-License-Identifier: MIT */

/* watchdog = SPAN: who falls silent is ended. */

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "libsup.h"
#include "script.h"

RUN_SUITE(watchdog);

#define HERALD(words, keys)                                                        \
	keep_printf("[service a]\nready = notify\nrestart = temporary\n%s"         \
		    "stdout = file:@folder/a.out\ncommand = %s send:READY=1 %s\n", \
		    keys, build_path("tests/herald"), words)

Test(watchdog, silence_is_a_fault_and_its_supervisor_decides)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a once:x report:r ready\n"
				  "ready = notify\nautostart = no\nwatchdog = 200ms\n");
	struct watch *w = watch_open(n);

	ctl(n, "start a");
	watch_until(w, "ready a");
	cr_expect_str_eq(watch_join(w, "start a"), "doomed a watchdog; exit a watchdog; start a");
	cr_expect_str_eq(look(n, "a").exit_status, "SIGABRT");
	cr_expect_not_null(report_get(n, "r", "env.WATCHDOG_USEC=200000"), "%s", node_read(n, "r"));
	cr_expect_not_null(
		report_get(n, "r", keep_printf("env.WATCHDOG_PID=%s", report_get(n, "r", "pid"))),
		"%s", node_read(n, "r"));
	cr_expect_not_null(strstr(ctl(n, "why a"), "was to end"));
	cr_expect_not_null(strstr(ctl(n, "why a"), "silent for longer than "));
	node_end(n);
}

Test(watchdog, one_without_it_is_told_nothing)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a report:r\n");

	journal_until(n, "a reported");
	cr_expect_null(strstr(node_read(n, "r"), "WATCHDOG"));
	cr_expect_str_eq(json_get(ctl(n, "--json status a"), "watchdog"), "null");
	node_end(n);
}

/* It lives for longer than the watchdog's span, and ends by itself. */
Test(watchdog, words_keep_it)
{
	struct node *n = node_run(HERALD("pulse:100*40", "autostart = no\nwatchdog = 3s\n"));
	struct watch *w = watch_open(n);

	ctl(n, "start a");
	cr_expect_str_eq(watch_until(w, "exit a *"), "exit a normal");
	node_end(n);
}

Test(watchdog, words_over_the_control_socket_keep_it)
{
	const struct script scripts[] = {
		{"a", "supctl ready 'at work'\ni=0\nwhile [ $i -lt 25 ]; do\n"
		      "supctl recv --timeout 200ms || [ $? = 5 ]\nsupctl watchdog\ni=$((i + 1))\n"
		      "done\n"},
		{NULL, NULL}};
	struct node *n = run_scripts(SCRIPT("a") "watchdog = 4s\nnotify_access = none\n", scripts);
	struct watch *w;

	ctl(n, "wait a --for ready");
	w = watch_open(n);
	cr_expect_str_eq(json_get(ctl(n, "--json status a"), "status_text"), "at work");
	cr_expect_str_eq(json_get(ctl(n, "--json status a"), "watchdog"), "4.000000");
	cr_expect_str_eq(watch_until(w, "exit a *"), "exit a normal", "%s", node_read(n, "a.out"));
	node_end(n);
}

/* The same by the library, over the mailbox's socket; then it falls silent. */
Test(watchdog, words_of_the_library_keep_it)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\nready = notify\n"
				  "restart = temporary\nnotify_access = none\nwatchdog = 3s\n");
	struct watch *w;
	struct sup *sup;

	journal_until(n, "a start *");
	sup = sup_borrow(n, "a");
	w = watch_open(n);
	cr_assert_eq(sup_ready(sup), 0);
	for (int i = 0; i < 20; i++) {
		cr_assert_str_eq(sup_take(sup, NULL, 0, 0, 200), "ETIMEDOUT");
		cr_assert_eq(sup_watchdog(sup), 0);
	}
	cr_expect_str_eq(state_of(n, "a"), "running");
	cr_expect_eq(watch_count(w, "exit *"), 0);
	cr_expect_str_eq(watch_until(w, "exit *"), "exit a watchdog");
	sup_close(sup);
	node_end(n);
}

Test(watchdog, its_own_unix_signal_then_sigkill)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a catch:USR1 catch:TERM ready\n"
				  "ready = notify\nrestart = temporary\nwatchdog = 100ms\n"
				  "watchdog_signal = USR1\nshutdown = 100ms\nautostart = no\n");
	struct watch *w = watch_open(n);

	ctl(n, "start --no-wait a");
	watch_until(w, "ready a");
	cr_expect_str_eq(watch_join(w, "exit *"), "doomed a watchdog; killing a; exit a watchdog");
	journal_until(n, "a USR1");
	cr_expect_eq(journal_count(n, "a TERM"), 0);
	node_end(n);
}

Test(watchdog, is_not_for_starts)
{
	struct node *n =
		node_run("[supervisor /]\nstart = parallel\n"
			 "[service a]\ncommand = @puppet/a\nready = notify\n"
			 "restart = temporary\nwatchdog = 100ms\n"
			 "[service later]\ncommand = @puppet/later\nready = delay:500ms\n");
	struct watch *w;

	ctl(n, "wait later --for ready");
	cr_assert_str_eq(state_of(n, "a"), "starting");
	w = watch_open(n);
	order(n, "a", "ready");
	cr_expect_str_eq(watch_until(w, "exit *"), "exit a watchdog");
	node_end(n);
}

/* It is on its way out: its stop signal, and its shutdown time, as ever. */
Test(watchdog, is_not_for_stops)
{
	struct node *n = node_run("[supervisor /]\nstart = parallel\n"
				  "[service a]\ncommand = @puppet/a catch:TERM catch:ABRT ready\n"
				  "ready = notify\nshutdown = 60s\nwatchdog = 4s\n"
				  "[service later]\ncommand = @puppet/later\nready = delay:5s\n"
				  "autostart = no\n");

	ctl(n, "wait a --for ready");
	ctl(n, "stop --no-wait a");
	journal_until(n, "a TERM");
	ctl(n, "start later");
	cr_expect_eq(journal_count(n, "a ABRT"), 0);
	cr_assert_str_eq(state_of(n, "a"), "stopping");
	order(n, "a", "exit:0");
	ctl(n, "wait a --for down");
	cr_expect_str_eq(look(n, "a").reason, "shutdown");
	node_end(n);
}

Test(watchdog, trigger)
{
	struct node *n =
		node_run(HERALD("send:WATCHDOG=trigger pause", "autostart = no\nwatchdog = 1h\n"));
	struct watch *w = watch_open(n);

	ctl(n, "start --no-wait a");
	cr_expect_str_eq(watch_until(w, "exit a *"), "exit a watchdog");
	node_end(n);
}

Test(watchdog, its_own_span)
{
	struct node *n = node_run(HERALD("send:WATCHDOG_USEC=50000 pause", "autostart = no\n"));
	struct watch *w = watch_open(n);

	ctl(n, "start --no-wait a");
	cr_expect_str_eq(watch_until(w, "exit a *"), "exit a watchdog");
	node_end(n);
}

Test(watchdog, switched_off_by_itself)
{
	struct node *n =
		node_run(keep_printf("[supervisor /]\nstart = parallel\n%s[service later]\n"
				     "command = @puppet/later\nready = delay:5s\n",
				     HERALD("send:WATCHDOG_USEC=0 pause", "watchdog = 4s\n")));

	ctl(n, "wait later --for ready");
	cr_expect_str_eq(state_of(n, "a"), "running");
	cr_expect_str_eq(json_get(ctl(n, "--json status a"), "watchdog"), "null");
	node_end(n);
}

/* The daemon was stopped for longer than the span, and what the service said meanwhile waits. */
Test(watchdog, time_in_which_the_daemon_was_away_does_not_count)
{
	struct node *n = node_run(HERALD("pulse:100*40 'say:@folder/journal=a through' "
					 "pulse:100*40 'say:@folder/journal=a end'",
					 "autostart = no\nwatchdog = 3s\n"));
	struct watch *w = watch_open(n);

	ctl(n, "start a");
	kill(n->supd.os_pid, SIGSTOP);
	proc_wait_state(n->supd.os_pid, 'T');
	journal_until(n, "a through");
	kill(n->supd.os_pid, SIGCONT);
	cr_expect_str_eq(watch_until(w, "exit a *"), "exit a normal");
	node_end(n);
}
