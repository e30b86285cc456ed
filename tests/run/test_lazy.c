/* SPDX-License-Identifier: MIT */

/* activation = lazy: a service that is started when somebody connects. */

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net.h"
#include "support.h"

RUN_SUITE(lazy);

/* A listener with these words, behind b and before c. */
static struct node *run_lazy(const char *words, unsigned port)
{
	return node_run(keep_printf("[service b]\ncommand = @puppet/b\n[service a]\n"
				    "command = %s %s\nlisten = tcp:127.0.0.1:%u\n"
				    "activation = lazy\n[service c]\ncommand = @puppet/c\n",
				    build_path("tests/listener"), words, port));
}

static void expect_waiting(struct node *n)
{
	cr_expect_str_eq(state_of(n, "a"), "waiting");
	cr_expect_str_eq(json_get(ctl(n, "status --json a"), "bound"), "true");
}

static const char *said(const char *answer)
{
	const char *space = strchr(answer, ' ');

	return space ? space + 1 : "";
}

/* Those behind it do not wait for it, and find it open. */
Test(lazy, starts_at_the_first_connection)
{
	unsigned port = net_free_port();
	struct node *n = run_lazy("", port);
	struct watch *w = watch_open(n);

	sync_tree(n);
	expect_waiting(n);
	cr_expect_not_null(strstr(ctl(n, "tree a"), "  waits for a connection\n"));
	cr_expect_str_eq(state_of(n, "c"), "running");
	cr_expect_eq(look(n, "a").os_pid, 0);
	cr_expect_str_eq(said(net_ask_tcp(port, "one")), "a one");
	watch_until(w, "ready a");
	cr_expect_not_null(strstr(ctl(n, "why a"), "somebody connected to it"));
	cr_expect_str_eq(said(net_ask_tcp(port, "two")), "a two");
	cr_expect_eq(look(n, "a").restarts, 0);
	node_end(n);
}

Test(lazy, starts_at_a_datagram)
{
	unsigned port = net_free_port();
	struct node *n = node_run(keep_printf(
		"[service a]\ncommand = %s\nlisten = udp:127.0.0.1:%u\nlisten = unix:@folder/s\n"
		"activation = lazy\n",
		build_path("tests/listener"), port));

	cr_expect_str_eq(said(net_ask_udp(port, "hello")), "a hello");
	node_end(n);
}

/* An end that is normal is none that counts: it waits for the next. */
Test(lazy, idle_again_after_a_normal_end)
{
	unsigned port = net_free_port();
	struct node *n = run_lazy("once", port);
	struct watch *w = watch_open(n);

	for (int i = 0; i < 6; i++) {
		cr_expect_str_eq(said(net_ask_tcp(port, "hello")), "a hello");
		watch_until(w, "exit a normal");
	}
	sync_tree(n);
	expect_waiting(n);
	cr_expect_eq(look(n, "a").restarts, 5);
	node_end(n);
}

/* A crash loop: bounded by the intensity, then clients are refused. */
Test(lazy, a_crash_loop_ends)
{
	unsigned port = net_free_port();
	struct node *n = run_lazy("crash", port);
	struct watch *w = watch_open(n);
	int fd = net_connect_tcp(port);

	cr_assert_geq(fd, 0);
	watch_until(w, "failed a*");
	close(fd);
	cr_expect_str_eq(state_of(n, "a"), "failed");
	cr_expect_lt(net_connect_tcp(port), 0);
	cr_expect_leq(watch_count(w, "start a"), 4);
	node_end(n);
}

/* It leaves whoever connects where they are, and ends well: no busy loop, nobody is lost. */
Test(lazy, who_takes_nothing_is_started_ever_less_often)
{
	unsigned port = net_free_port();
	struct node *n = run_lazy("leave", port);
	struct watch *w = watch_open(n);
	int fd = net_connect_tcp(port);
	struct timespec begin, end;
	double span;

	cr_assert_geq(fd, 0);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < 7; i++)
		watch_until(w, "exit a*");
	clock_gettime(CLOCK_MONOTONIC, &end);
	span = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) * 1e-9;
	/* 10, 20, 40, ... ms between them */
	cr_expect_gt(span, 0.5);
	cr_expect_str_neq(state_of(n, "a"), "failed");
	close(fd);
	node_end(n);
}

Test(lazy, operators_start_and_stop_it)
{
	unsigned port = net_free_port();
	struct node *n = run_lazy("", port);

	sync_tree(n);
	ctl(n, "start a");
	cr_expect_gt(os_pid_of(n, "a"), 0);
	ctl(n, "stop a");
	cr_expect_lt(net_connect_tcp(port), 0);
	cr_expect_str_eq(state_of(n, "a"), "stopped");
	ctl(n, "start a");
	cr_expect_str_eq(said(net_ask_tcp(port, "hello")), "a hello");
	node_end(n);
}

Test(lazy, stopped_while_it_waits)
{
	unsigned port = net_free_port();
	struct node *n = run_lazy("", port);

	sync_tree(n);
	ctl(n, "stop a");
	cr_expect_lt(net_connect_tcp(port), 0);
	node_end(n);
}

Test(lazy, waits_again_when_its_supervisor_does)
{
	unsigned port = net_free_port();
	struct node *n =
		node_run(keep_printf("[supervisor s]\nintensity = 0\n[service s/a]\ncommand = %s\n"
				     "listen = tcp:127.0.0.1:%u\nactivation = lazy\n[service s/c]\n"
				     "command = @puppet/c\n",
				     build_path("tests/listener"), port));
	struct watch *w = watch_open(n);

	sync_tree(n);
	ctl(n, "stop s");
	cr_expect_lt(net_connect_tcp(port), 0);
	ctl(n, "start s");
	cr_expect_str_eq(state_of(n, "s/a"), "waiting");
	cr_expect_str_eq(said(net_ask_tcp(port, "hello")), "a hello");
	order(n, "c", "exit:1");
	watch_until(w, "exit s shutdown*");
	watch_until(w, "ready s");
	cr_expect_str_eq(said(net_ask_tcp(port, "again")), "a again");
	node_end(n);
}

/* As any start that fails. */
Test(lazy, a_port_that_is_taken)
{
	unsigned port;
	int fd = net_listen_tcp(&port);
	struct node *n = run_lazy("", port);
	struct watch *w = watch_open(n);

	if (strcmp(state_of(n, "a"), "failed") != 0)
		watch_until(w, "start_failed a exec:EADDRINUSE");
	close(fd);
	ctl(n, "start a");
	cr_expect_str_eq(said(net_ask_tcp(port, "hello")), "a hello");
	node_end(n);
}
