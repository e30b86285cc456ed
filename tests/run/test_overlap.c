/* SPDX-License-Identifier: MIT */

/*
 * Restarts that overlap (the key overlap). A service is a shell script that becomes a listener: to
 * write another script is to install another version of it.
 */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hammer.h"
#include "net.h"
#include "support.h"

RUN_SUITE(overlap);

#define SERVICE(name)                            \
	"[service " name "]\n"                   \
	"command = sh -eu @folder/" name ".sh\n" \
	"ready = log:serving\noverlap = yes\n"

/* ---- versions ---- */

static void install(struct node *n, const char *name, const char *text)
{
	node_write(n, keep_printf("%s.sh", name), text);
}

static void install_good(struct node *n, const char *name)
{
	install(n, name, keep_printf("exec %s say:serving\n", build_path("tests/listener")));
}

/* One that serves when somebody has opened the gate. */
static void install_gated(struct node *n, const char *name)
{
	install(n, name,
		keep_printf("read word < %s\nexec %s say:serving\n", node_path(n, "gate"),
			    build_path("tests/listener")));
}

static void open_gate(struct node *n)
{
	FILE *gate = fopen(node_path(n, "gate"), "we");

	cr_assert_not_null(gate);
	fputs("open\n", gate);
	fclose(gate);
}

/* A node with a service, a, that listens on *ret_port. */
static struct node *run_a(const char *keys, unsigned *ret_port)
{
	struct node *n = node_new();

	*ret_port = net_free_port();
	install_good(n, "a");
	cr_assert_eq(mkfifo(node_path(n, "gate"), 0666), 0);
	node_config(n, keep_printf(SERVICE("a") "listen = tcp:127.0.0.1:%u\n%s", *ret_port, keys));
	node_start(n);
	sync_tree(n);
	return n;
}

static pid_t served_by(unsigned port)
{
	return (pid_t)atoi(net_ask_tcp(port, "who"));
}

/* Until what was replaced is gone. */
static void settle(struct node *n, pid_t old)
{
	proc_wait_gone(old);
	sync_tree(n);
}

/* ---- one that connects all the time ---- */

static void hammer_expect(struct hammer *h, unsigned at_least)
{
	struct hits hits = hammer_end(h);

	cr_expect_eq(hits.refused, 0, "%u of %u refused", hits.refused, hits.answered);
	cr_expect_eq(hits.cut, 0, "%u of %u cut", hits.cut, hits.answered);
	cr_expect_geq(hits.answered, at_least);
}

/* ---- service goes on ---- */

#define RESTARTS 50

Test(overlap, nobody_is_refused_over_fifty_restarts)
{
	unsigned port;
	struct node *n = run_a("", &port);
	struct hammer hammer = hammer_start(port);
	pid_t old = os_pid_of(n, "a");

	for (int i = 0; i < RESTARTS; i++) {
		pid_t now;

		ctl(n, "restart a");
		now = os_pid_of(n, "a");
		cr_expect_neq(now, old);
		old = now;
	}
	hammer_expect(&hammer, RESTARTS);
	sync_tree(n);
	cr_expect_eq(look(n, "a").restarts, RESTARTS);
	cr_expect_eq(served_by(port), old);
	node_end(n);
}

/* There is no gap: whoever asks while the new one starts is answered by the old one. */
Test(overlap, the_old_one_serves_until_the_new_one_is_ready)
{
	unsigned port;
	struct node *n = run_a("", &port);
	struct watch *w = watch_open(n);
	pid_t old = os_pid_of(n, "a");
	struct program p;
	const char *rows;

	install_gated(n, "a");
	supctl_begin(n, &p, "restart a");
	watch_until(w, "start a*");
	for (int i = 0; i < 10; i++)
		cr_expect_eq(served_by(port), old);
	cr_expect_eq(os_pid_of(n, "a"), old, "the name is the old one's");
	rows = ctl(n, "status --json");
	cr_expect_not_null(strstr(rows, "\"overlap\":\"successor\""), "%s", rows);
	open_gate(n);
	cr_expect_eq(program_wait(&p), 0);
	settle(n, old);
	cr_expect_eq(served_by(port), os_pid_of(n, "a"));
	rows = ctl(n, "status --json");
	cr_expect_null(strstr(rows, "cessor"), "%s", rows);
	node_end(n);
}

Test(overlap, a_version_that_crashes_leaves_the_old_one_serving)
{
	unsigned port;
	struct node *n = run_a("", &port);
	struct hammer hammer = hammer_start(port);
	pid_t old = os_pid_of(n, "a");

	install(n, "a", "exit 3\n");
	for (int i = 0; i < 5; i++) {
		const char *why = ctl_fails(n, 1, "restart a");

		cr_expect_not_null(strstr(why, "exit:3; the old one runs on"), "%s", why);
	}
	hammer_expect(&hammer, 1);
	sync_tree(n);
	cr_expect_eq(served_by(port), old);
	cr_expect_eq(look(n, "a").restarts, 0);
	install_good(n, "a");
	ctl(n, "restart a");
	settle(n, old);
	cr_expect_eq(served_by(port), os_pid_of(n, "a"));
	node_end(n);
}

Test(overlap, a_version_that_can_not_be_started)
{
	unsigned port;
	struct node *n = run_a("start_pre = test ! -e @folder/bad\n", &port);
	pid_t old = os_pid_of(n, "a");

	node_write(n, "bad", "");
	ctl_fails(n, 1, "restart a");
	cr_expect_eq(served_by(port), old);
	node_end(n);
}

Test(overlap, one_that_is_not_ready_in_time)
{
	unsigned port;
	struct node *n = run_a("start_timeout = 2s\n", &port);
	pid_t old = os_pid_of(n, "a");
	const char *why;

	install_gated(n, "a");
	why = ctl_fails(n, 1, "restart a");
	cr_expect_not_null(strstr(why, "timeout:start"), "%s", why);
	cr_expect_eq(served_by(port), old);
	node_end(n);
}

/* ---- a stop wins ---- */

Test(overlap, a_stop_stops_both)
{
	unsigned port;
	struct node *n = run_a("", &port);
	struct watch *w = watch_open(n);
	pid_t old = os_pid_of(n, "a");
	struct program p;

	install_gated(n, "a");
	supctl_begin(n, &p, "restart a");
	watch_until(w, "start a*");
	ctl(n, "stop a");
	cr_expect_not(proc_exists(old));
	cr_expect_neq(program_wait(&p), 0);
	cr_expect_lt(net_connect_tcp(port), 0, "the socket is closed");
	install_good(n, "a");
	ctl(n, "start a");
	cr_expect_eq(served_by(port), os_pid_of(n, "a"));
	node_end(n);
}

Test(overlap, the_end_of_the_daemon_ends_both)
{
	unsigned port;
	struct node *n = run_a("", &port);
	struct watch *w = watch_open(n);
	struct program p;

	install_gated(n, "a");
	supctl_begin(n, &p, "restart a");
	watch_until(w, "start a*");
	kill(n->supd.os_pid, SIGTERM);
	cr_expect_neq(program_wait(&p), 0);
	cr_expect_eq(node_wait(n), 0);
	node_check_nothing_left(n);
}

/* The new one is there already, and nothing else is started. */
Test(overlap, the_old_one_dies_meanwhile)
{
	unsigned port;
	struct node *n = run_a("", &port);
	struct watch *w = watch_open(n);
	pid_t old = os_pid_of(n, "a");
	struct program p;

	install_gated(n, "a");
	supctl_begin(n, &p, "restart a");
	watch_until(w, "start a*");
	ctl(n, "kill -KILL a");
	watch_until(w, "replaces a*");
	proc_wait_gone(old);
	open_gate(n);
	cr_expect_eq(program_wait(&p), 0);
	cr_expect_eq(served_by(port), os_pid_of(n, "a"));
	cr_expect_eq(look(n, "a").restarts, 1);
	node_end(n);
}

/* ---- what is the service's, and not one incarnation's ---- */

/* In a cgroup, where there are some: what ends the old one does not end the new one. */
Test(overlap, hooks_of_both_and_a_kill_of_one)
{
	unsigned port;
	struct node *n = run_a("stop_signal = CONT\nshutdown = 100ms\n"
			       "stop_post = sh -c 'echo gone >> @folder/gone'\n",
			       &port);
	pid_t old = os_pid_of(n, "a"), now;

	for (int i = 0; i < 3; i++) {
		ctl(n, "restart a");
		settle(n, old);
		now = os_pid_of(n, "a");
		cr_expect_neq(now, old);
		cr_expect_eq(served_by(port), now);
		old = now;
	}
	cr_expect_str_eq(node_read(n, "gone"), "gone\ngone\ngone\n");
	node_end(n);
}

Test(overlap, the_runtime_directory_stays)
{
	struct node *n = node_new();
	const char *directory;
	pid_t old;

	if (geteuid() == 0)
		node_become(n, "nobody");
	directory = node_path(n, "mine");
	node_config(n, SERVICE("a") "listen = unix:@folder/s\nruntime_directory = mine\n");
	install_good(n, "a");
	node_start(n);
	sync_tree(n);
	old = os_pid_of(n, "a");
	ctl(n, "restart a");
	settle(n, old);
	cr_expect_eq(access(directory, F_OK), 0, "the old one's end has removed it");
	install(n, "a", "exit 1\n");
	ctl_fails(n, 1, "restart a");
	sync_tree(n);
	cr_expect_eq(access(directory, F_OK), 0, "a failed start has removed it");
	ctl(n, "stop a");
	for (int i = 0; i < PATIENCE * 200 && access(directory, F_OK) == 0; i++)
		poll(NULL, 0, 5);
	cr_expect_neq(access(directory, F_OK), 0, "it is left");
	node_end(n);
}

Test(overlap, stored_fds_pass)
{
	struct node *n = node_run(keep_printf(
		"[service a]\nready = notify\noverlap = yes\nstdout = file:@folder/a.out\n"
		"fd_store_max = 10\ncommand = %s stored store:FDNAME=one=1 barrier send:READY=1 "
		"pause\n",
		build_path("tests/herald")));
	pid_t old;

	ctl(n, "wait a --for ready");
	for (int i = 0; i < 2; i++) {
		old = os_pid_of(n, "a");
		ctl(n, "restart a");
		settle(n, old);
	}
	cr_expect_str_eq(node_read(n, "a.out"), "nothing\none 1\none 1\none 1\n");
	cr_expect_str_eq(json_get(ctl(n, "--json status a"), "fds_stored"), "3");
	node_end(n);
}

/* ---- instances ---- */

Test(overlap, rolling_over_instances)
{
	struct node *n = node_new();
	pid_t old[3];

	install_good(n, "w");
	node_config(n, SERVICE("w") "instances = 3\nlisten = unix:@folder/%i\n");
	node_start(n);
	sync_tree(n);
	for (int i = 0; i < 3; i++)
		old[i] = os_pid_of(n, keep_printf("w@%d", i + 1));
	ctl(n, "restart --rolling w@");
	for (int i = 0; i < 3; i++) {
		settle(n, old[i]);
		cr_expect_eq((pid_t)atoi(net_ask_unix(node_path(n, keep_printf("%d", i + 1)),
						      SOCK_STREAM, "who")),
			     os_pid_of(n, keep_printf("w@%d", i + 1)));
	}
	install(n, "w", "exit 5\n");
	ctl_fails(n, 1, "restart --rolling w@");
	for (int i = 0; i < 3; i++)
		cr_expect_str_eq(state_of(n, keep_printf("w@%d", i + 1)), "running");
	node_end(n);
}
