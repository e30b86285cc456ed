/* SPDX-License-Identifier: MIT */

/* accept = yes: a process for each connection. */

#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "support.h"

RUN_SUITE(accept);

static struct node *run_accept(unsigned port, const char *keys)
{
	return node_run(keep_printf("[service a]\ncommand = %s inetd\nlisten = tcp:127.0.0.1:%u\n"
				    "accept = yes\n%s",
				    build_path("tests/listener"), port, keys));
}

static const char *said(const char *answer)
{
	const char *space = strchr(answer, ' ');

	return space ? space + 1 : "";
}

/* Its fds 0, 1 and 3 are the connection, and it knows who is there. */
Test(accept, a_process_for_each_connection)
{
	unsigned port = net_free_port();
	struct node *n = run_accept(port, "");
	struct watch *w = watch_open(n);
	int first, second;
	char *row;

	sync_tree(n);
	cr_expect_str_eq(state_of(n, "a"), "running");
	first = net_connect_tcp(port);
	watch_until(w, "ready a/a@1");
	second = net_connect_tcp(port);
	watch_until(w, "ready a/a@2");
	row = ctl(n, "status --json a");
	cr_expect_str_eq(json_get(row, "connections"), "2");
	cr_expect_str_eq(json_get(row, "bound"), "true");
	cr_expect_str_eq(said(net_ask(second, "two")), "127.0.0.1 two");
	cr_expect_str_eq(said(net_ask(first, "one")), "127.0.0.1 one");
	watch_until(w, "exit a/a@* normal");
	watch_until(w, "exit a/a@* normal");
	sync_tree(n);
	cr_expect_str_eq(json_get(ctl(n, "status --json a"), "connections"), "0");
	cr_expect_str_eq(state_of(n, "a"), "running");
	node_end(n);
}

Test(accept, unix_sockets)
{
	struct node *n = node_run(keep_printf(
		"[service a]\ncommand = %s inetd\nlisten = unix:@folder/s\naccept = yes\n",
		build_path("tests/listener")));

	for (int i = 0; i < 3; i++)
		cr_expect_str_eq(said(net_ask_unix(node_path(n, "s"), SOCK_STREAM, "x")),
				 "nobody x");
	ctl(n, "stop a");
	cr_expect_not(node_has_file(n, "s"));
	node_end(n);
}

/* Who comes beyond the limit waits, and is served when another has gone. */
Test(accept, at_the_limit_they_wait)
{
	unsigned port = net_free_port();
	struct node *n = run_accept(port, "max_connections = 2\n");
	struct watch *w = watch_open(n);
	int fds[5];

	sync_tree(n);
	for (int i = 0; i < 5; i++)
		fds[i] = net_connect_tcp(port);
	watch_until(w, "ready a/a@2");
	sync_tree(n);
	cr_expect_str_eq(json_get(ctl(n, "status --json a"), "connections"), "2");
	for (int i = 0; i < 5; i++)
		cr_expect_str_eq(said(net_ask(fds[i], "x")), "127.0.0.1 x", "%d", i);
	node_end(n);
}

Test(accept, too_many_from_one_address_are_sent_away)
{
	unsigned port = net_free_port();
	struct node *n = run_accept(port, "max_connections_per_source = 2\n");
	struct watch *w = watch_open(n);
	int fds[3];
	char c;

	sync_tree(n);
	for (int i = 0; i < 3; i++)
		fds[i] = net_connect_tcp(port);
	watch_until(w, "ready a/a@2");
	cr_expect_leq(read(fds[2], &c, 1), 0);
	close(fds[2]);
	cr_expect_str_eq(said(net_ask(fds[0], "x")), "127.0.0.1 x");
	cr_expect_str_eq(said(net_ask(fds[1], "x")), "127.0.0.1 x");
	node_end(n);
}

/* All of them end with it; then clients are refused. */
Test(accept, stop_and_start)
{
	unsigned port = net_free_port();
	struct node *n = run_accept(port, "");
	struct watch *w = watch_open(n);
	int fd;
	char c;

	sync_tree(n);
	fd = net_connect_tcp(port);
	watch_until(w, "ready a/a@1");
	ctl(n, "stop a");
	cr_expect_leq(read(fd, &c, 1), 0);
	close(fd);
	cr_expect_lt(net_connect_tcp(port), 0);
	ctl(n, "start a");
	cr_expect_str_eq(said(net_ask_tcp(port, "x")), "127.0.0.1 x");
	ctl(n, "restart a");
	cr_expect_str_eq(said(net_ask_tcp(port, "x")), "127.0.0.1 x");
	node_end(n);
}

/* A client of a program that is not there is sent away; the next one may have better luck. */
Test(accept, a_start_that_fails)
{
	unsigned port = net_free_port();
	struct node *n = node_run(keep_printf(
		"[service a]\ncommand = @folder/none\nlisten = tcp:127.0.0.1:%u\naccept = yes\n",
		port));
	int fd;
	char c;

	sync_tree(n);
	for (int i = 0; i < 10; i++) {
		fd = net_connect_tcp(port);
		cr_assert_geq(fd, 0);
		cr_expect_leq(read(fd, &c, 1), 0);
		close(fd);
	}
	cr_expect_str_eq(state_of(n, "a"), "running");
	ctl_fails(n, 1, "child start a");
	node_end(n);
}

#define MANY 1000
#define AT_A_TIME 50

/* By a shell: the listener takes long to start where it was built with a sanitizer. */
Test(accept, a_thousand_connections)
{
	unsigned port = net_free_port();
	struct node *n = node_run(
		keep_printf("[service a]\ncommand = sh -c 'read line; echo 1 $REMOTE_ADDR $line'\n"
			    "listen = tcp:127.0.0.1:%u\naccept = yes\nmax_connections = 20\n"
			    "mailbox = none\n",
			    port));

	sync_tree(n);
	for (int done = 0; done < MANY; done += AT_A_TIME) {
		int fds[AT_A_TIME];

		for (int i = 0; i < AT_A_TIME; i++)
			fds[i] = net_connect_tcp(port);
		for (int i = 0; i < AT_A_TIME; i++)
			cr_expect_str_eq(said(net_ask(fds[i], "x")), "127.0.0.1 x");
	}
	ctl(n, "stop a");
	node_end(n);
}

Test(accept, a_port_that_is_taken_is_tried_again)
{
	unsigned port;
	int fd = net_listen_tcp(&port);
	struct node *n = run_accept(port, "");

	sync_tree(n);
	cr_expect_str_eq(json_get(ctl(n, "status --json a"), "bound"), "false");
	cr_expect_not_null(strstr(node_log(n), "it is tried again"), "%s", node_log(n));
	close(fd);
	ctl(n, "restart a");
	cr_expect_str_eq(said(net_ask_tcp(port, "x")), "127.0.0.1 x");
	node_end(n);
}
