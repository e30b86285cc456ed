/* SPDX-License-Identifier: MIT */

/* Sockets that the daemon holds for services (the key listen), on loopback. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "hammer.h"
#include "net.h"
#include "support.h"

RUN_SUITE(listen);

/* A node with one service, a, which is a listener with these words and keys. */
static struct node *run_listener(const char *words, const char *keys)
{
	return node_run(keep_printf("[service a]\ncommand = %s %s\n%s",
				    build_path("tests/listener"), words, keys));
}

static const char *said(const char *answer)
{
	const char *space = strchr(answer, ' ');

	return space ? space + 1 : "";
}

/* ---- what a service gets ---- */

Test(listen, all_kinds_with_their_names_from_three_on)
{
	unsigned tcp = net_free_port(), udp = net_free_port();
	struct node *n = run_listener(
		"fds:@folder/fds",
		keep_printf("listen = tcp:127.0.0.1:%u name=http backlog=128\n"
			    "listen = udp:127.0.0.1:%u\n"
			    "listen = unix:@folder/s name=ctl mode=0600\n"
			    "listen = unix-dgram:@folder/d name=%%n-log\n"
			    "listen = unix-seqpacket:@folder/q\n"
			    "listen = fifo:@folder/f name=pipe\nstdout = file:@folder/out\n",
			    tcp, udp));
	int fifo;

	cr_expect_str_eq(said(net_ask_tcp(tcp, "hello")), "http hello");
	cr_expect_str_eq(said(net_ask_udp(udp, "hello")), "a hello");
	cr_expect_str_eq(said(net_ask_unix(node_path(n, "s"), SOCK_STREAM, "hello")), "ctl hello");
	cr_expect_str_eq(said(net_ask_unix(node_path(n, "q"), SOCK_SEQPACKET, "hello\n")),
			 "a hello");
	cr_expect_str_eq(said(net_ask_unix(node_path(n, "d"), SOCK_DGRAM, "hello")), "a-log hello");
	fifo = open(node_path(n, "f"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	cr_assert_eq(write(fifo, "hello\n", 6), 6);
	close(fifo);
	net_ask_tcp(tcp, "order");
	ctl(n, "stop a");
	cr_expect_str_eq(node_read(n, "out"), "pipe hello\n");
	node_end(n);
}

/* Its own, its mailbox behind them, and no more; another service has none of them. */
Test(listen, exactly_its_own_fds)
{
	unsigned port = net_free_port();
	struct node *n = run_listener(
		"fds:@folder/fds",
		keep_printf("listen = tcp:127.0.0.1:%u\nlisten = unix:@folder/s\n"
			    "stdout = null\n[service b]\ncommand = @puppet/b report:r\n",
			    port));
	char *fds, *report;
	size_t lines = 0;

	journal_until(n, "b reported");
	net_ask_tcp(port, "hello");
	fds = node_read(n, "fds");
	for (const char *at = fds; (at = strchr(at, '\n')); at++)
		lines++;
	cr_expect_eq(lines, 6, "%s", fds);
	cr_expect_not_null(strstr(fds, "\n5 socket:"), "%s", fds);
	cr_expect_null(strstr(fds, "\n6 "), "%s", fds);
	report = node_read(n, "r");
	cr_expect_null(strstr(report, "\nfd.4"), "%s", report);
	cr_expect_null(strstr(report, "LISTEN_"), "%s", report);
	node_end(n);
}

Test(listen, the_mailbox_is_where_sup_fd_says)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a report:r\n"
				  "listen = unix:@folder/x name=x\nlisten = unix:@folder/y\n");

	journal_until(n, "a reported");
	cr_expect_not_null(report_get(n, "r", "env.SUP_FD=5"));
	cr_expect_not_null(report_get(n, "r", "env.LISTEN_FDS=2"));
	cr_expect_not_null(report_get(n, "r", "env.LISTEN_FDNAMES=x:a"));
	cr_expect_not_null(
		report_get(n, "r", keep_printf("env.LISTEN_PID=%s", report_get(n, "r", "pid"))));
	node_end(n);
}

Test(listen, owner_and_mode)
{
	struct node *n;
	struct stat st;

	need_root();
	n = run_listener("", "listen = unix:@folder/s mode=0640 owner=nobody group=daemon\n"
			     "listen = fifo:@folder/f mode=0620 owner=nobody\n");
	sync_tree(n);
	cr_assert_eq(stat(node_path(n, "s"), &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0640);
	cr_expect_eq(st.st_uid, person_find("nobody").uid);
	cr_expect_eq(st.st_gid, group_find("daemon"));
	cr_assert_eq(stat(node_path(n, "f"), &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0620);
	cr_expect_eq(st.st_uid, person_find("nobody").uid);
	node_end(n);
}

/* ---- held ---- */

#define RESTARTS 100

Test(listen, no_connection_is_refused_over_a_hundred_restarts)
{
	unsigned port = net_free_port();
	struct node *n = run_listener("", keep_printf("listen = tcp:127.0.0.1:%u\n", port));
	struct hammer hammer;
	struct hits hits;

	sync_tree(n);
	hammer = hammer_start(port);
	for (int i = 0; i < RESTARTS; i++)
		ctl(n, "restart a");
	hits = hammer_end(&hammer);
	cr_expect_eq(hits.refused, 0, "%u of %u", hits.refused, hits.answered);
	cr_expect_eq(hits.cut, 0, "%u of %u", hits.cut, hits.answered);
	cr_expect_gt(hits.answered, RESTARTS);
	cr_expect_eq(look(n, "a").restarts, RESTARTS);
	node_end(n);
}

/* Whom it had accepted is cut off, as by any crash; nobody is refused. */
Test(listen, no_connection_is_refused_over_crashes)
{
	unsigned port = net_free_port();
	struct node *n =
		node_run(keep_printf("[supervisor /]\nintensity = 1000\n[service a]\ncommand = %s\n"
				     "listen = tcp:127.0.0.1:%u\n",
				     build_path("tests/listener"), port));
	struct watch *w = watch_open(n);
	struct hammer hammer;
	struct hits hits;

	sync_tree(n);
	hammer = hammer_start(port);
	for (int i = 0; i < 30; i++) {
		ctl(n, "kill -KILL a");
		watch_until(w, "ready a*");
	}
	hits = hammer_end(&hammer);
	cr_expect_eq(hits.refused, 0);
	cr_expect_gt(hits.answered, 0);
	node_end(n);
}

/* Its supervisor gives up and is started again; the one beside it takes its time to stop. */
Test(listen, held_over_the_restart_of_its_supervisor)
{
	unsigned port = net_free_port();
	struct node *n = node_run(keep_printf(
		"[supervisor s]\nintensity = 0\n[service s/b]\ncommand = @puppet/b once:stopped "
		"catch:TERM "
		"ready\nready = notify\nshutdown = infinity\n[service s/a]\ncommand = %s\n"
		"listen = tcp:127.0.0.1:%u\n[service s/c]\ncommand = @puppet/c\n",
		build_path("tests/listener"), port));
	struct watch *w = watch_open(n);
	int fd;

	sync_tree(n);
	order(n, "c", "exit:1");
	journal_until(n, "b TERM");
	/* a is down, and its supervisor waits for b. */
	cr_expect_str_eq(state_of(n, "s/a"), "stopped");
	fd = net_connect_tcp(port);
	cr_expect_geq(fd, 0, "refused");
	order(n, "b", "exit:0");
	watch_until(w, "ready s/a*");
	cr_expect_str_eq(said(net_ask(fd, "hello")), "a hello");
	node_end(n);
}

Test(listen, held_over_the_restart_of_a_parallel_group)
{
	unsigned port = net_free_port();
	struct node *n = node_run(keep_printf(
		"[supervisor s]\nstrategy = one_for_all\nstart = parallel\n[service s/b]\n"
		"command = @puppet/b once:stopped catch:TERM ready\nready = notify\nshutdown = "
		"infinity\n"
		"[service s/a]\ncommand = %s\nlisten = tcp:127.0.0.1:%u\n"
		"[service s/c]\ncommand = @puppet/c\n",
		build_path("tests/listener"), port));
	struct watch *w = watch_open(n);
	int fd;

	sync_tree(n);
	order(n, "c", "exit:1");
	journal_until(n, "b TERM");
	watch_until(w, "exit s/a*");
	fd = net_connect_tcp(port);
	cr_expect_geq(fd, 0, "refused");
	order(n, "b", "exit:0");
	watch_until(w, "ready s/a*");
	cr_expect_str_eq(said(net_ask(fd, "hello")), "a hello");
	node_end(n);
}

/* ---- and let go ---- */

static void expect_refused(unsigned port)
{
	int fd = net_connect_tcp(port);

	cr_expect_eq(fd, -ECONNREFUSED, "%d", fd);
}

Test(listen, closed_by_a_stop_and_opened_by_a_start)
{
	unsigned port = net_free_port();
	struct node *n = run_listener(
		"", keep_printf("listen = tcp:127.0.0.1:%u\nlisten = unix:@folder/s\n", port));
	char *row;

	sync_tree(n);
	row = ctl(n, "status --json a");
	cr_expect_str_eq(json_get(row, "bound"), "true");
	cr_expect_not_null(strstr(row, keep_printf("\"tcp:127.0.0.1:%u\"", port)), "%s", row);
	ctl(n, "stop a");
	expect_refused(port);
	cr_expect_not(node_has_file(n, "s"));
	cr_expect_str_eq(json_get(ctl(n, "status --json a"), "bound"), "false");
	ctl(n, "start a");
	cr_expect_str_eq(said(net_ask_tcp(port, "again")), "a again");
	ctl(n, "remove a");
	expect_refused(port);
	cr_expect_not(node_has_file(n, "s"));
	node_end(n);
}

Test(listen, closed_with_a_supervisor_that_is_stopped)
{
	unsigned port = net_free_port();
	struct node *n = node_run(
		keep_printf("[supervisor s]\n[supervisor s/t]\n[service s/t/a]\ncommand = %s\n"
			    "listen = tcp:127.0.0.1:%u\n",
			    build_path("tests/listener"), port));

	sync_tree(n);
	ctl(n, "stop s");
	expect_refused(port);
	ctl(n, "start s");
	cr_expect_str_eq(said(net_ask_tcp(port, "again")), "a again");
	node_end(n);
}

Test(listen, closed_when_it_has_failed)
{
	unsigned port = net_free_port();
	struct node *n = run_listener(
		"crash", keep_printf("listen = tcp:127.0.0.1:%u\nautostart = no\n", port));
	struct watch *w = watch_open(n);

	supctl(n, "start a");
	watch_until(w, "failed a*");
	cr_expect_str_eq(state_of(n, "a"), "failed");
	expect_refused(port);
	node_end(n);
}

/* ---- what is in the way ---- */

static void expect_failed(struct node *n, const char *pattern)
{
	sync_tree(n);
	cr_expect_str_eq(state_of(n, "a"), "failed");
	cr_expect_not_null(strstr(node_log(n), pattern), "no \"%s\" in\n%s", pattern, node_log(n));
}

Test(listen, a_port_that_is_taken)
{
	unsigned port;
	int fd = net_listen_tcp(&port);
	struct node *n = run_listener("", keep_printf("listen = tcp:127.0.0.1:%u\n", port));

	expect_failed(n, keep_printf("start failed: listen tcp:127.0.0.1:%u (a process that is no "
				     "service of this supd has it): Address already in use",
				     port));
	cr_expect_str_eq(look(n, "a").reason, "exec:EADDRINUSE");
	close(fd);
	ctl(n, "start a");
	cr_expect_str_eq(said(net_ask_tcp(port, "now")), "a now");
	node_end(n);
}

Test(listen, a_port_that_another_service_has)
{
	unsigned port = net_free_port();
	struct node *n = node_run(keep_printf("[service b]\ncommand = @puppet/b\n"
					      "listen = tcp:127.0.0.1:%u\n"
					      "[service a]\ncommand = @puppet/a\n"
					      "listen = tcp:127.0.0.1:%u\n",
					      port, port));

	expect_failed(n, "(service b has it): Address already in use");
	node_end(n);
}

/* What it says is what an instance has, not what its template's file says. */
Test(listen, a_path_of_an_instance_that_is_taken)
{
	struct node *n = node_new();
	int fd = net_listen_unix(node_path(n, "2"));

	node_config(n, "[service w@]\ninstances = 2\ncommand = @puppet/w\n"
		       "listen = unix:@folder/%i\n[service a]\ncommand = @puppet/a\n"
		       "listen = unix:@folder/1\n");
	node_start(n);
	wait_log(n, node_expand(n, "listen unix:@folder/2 (a process listens there): "
				   "Address already in use"));
	wait_log(n, node_expand(n, "listen unix:@folder/1 (service w@1 has it): "
				   "Address already in use"));
	cr_expect_str_eq(json_get(ctl(n, "status --json w@1"), "listen"),
			 node_expand(n, "[\"unix:@folder/1\"]"));
	close(fd);
	node_end(n);
}

Test(listen, one_port_for_several_services)
{
	unsigned port = net_free_port();
	const char *listener = build_path("tests/listener");
	struct node *n = node_run(
		keep_printf("[service a]\ncommand = %s\nlisten = tcp:127.0.0.1:%u reuse_port=yes\n"
			    "[service b]\ncommand = %s\nlisten = tcp:127.0.0.1:%u reuse_port=yes\n",
			    listener, port, listener, port));

	sync_tree(n);
	cr_expect_str_eq(state_of(n, "a"), "running");
	cr_expect_str_eq(state_of(n, "b"), "running");
	node_end(n);
}

Test(listen, a_socket_that_nobody_listens_on_is_replaced)
{
	struct node *n = node_new();
	int fd = net_listen_unix(node_path(n, "s"));

	close(fd);
	cr_assert(node_has_file(n, "s"));
	node_config(n, keep_printf("[service a]\ncommand = %s\nlisten = unix:@folder/s\n",
				   build_path("tests/listener")));
	node_start(n);
	sync_tree(n);
	cr_expect_str_eq(said(net_ask_unix(node_path(n, "s"), SOCK_STREAM, "hello")), "a hello");
	node_end(n);
	cr_expect_not(node_has_file(n, "s"));
}

Test(listen, a_socket_that_somebody_listens_on_stays)
{
	struct node *n = node_new();
	int fd = net_listen_unix(node_path(n, "s"));

	node_config(n, "[service a]\ncommand = @puppet/a\nlisten = unix:@folder/s\n");
	node_start(n);
	expect_failed(n, "(a process listens there): Address already in use");
	cr_expect(node_has_file(n, "s"));
	close(fd);
	unlink(node_path(n, "s"));
	node_end(n);
}

Test(listen, a_file_in_the_way)
{
	struct node *n = node_new();

	node_write(n, "s", "precious");
	node_write(n, "f", "precious");
	node_config(n, "[service a]\ncommand = @puppet/a\nlisten = unix:@folder/s\n"
		       "[service b]\ncommand = @puppet/b\nlisten = fifo:@folder/f\n"
		       "[service c]\ncommand = @puppet/c\nlisten = unix:@folder/no/s\n");
	node_start(n);
	expect_failed(n, "(what is there is no socket: remove it, or choose another path)");
	cr_expect_not_null(strstr(node_log(n), "(what is there is no FIFO"), "%s", node_log(n));
	cr_expect_not_null(strstr(node_log(n), "(its directory does not exist)"));
	cr_expect_str_eq(node_read(n, "s"), "precious");
	cr_expect_str_eq(node_read(n, "f"), "precious");
	node_end(n);
}

/* Somebody tidies up where sockets are: the next start makes it again. */
Test(listen, a_path_that_was_taken_away_is_made_again)
{
	struct node *n = run_listener("", "listen = unix:@folder/s\n");

	sync_tree(n);
	cr_assert_eq(unlink(node_path(n, "s")), 0);
	ctl(n, "restart a");
	cr_expect_str_eq(said(net_ask_unix(node_path(n, "s"), SOCK_STREAM, "hello")), "a hello");
	node_end(n);
}

/* ---- users ---- */

Test(listen, a_privileged_port_for_an_ordinary_user)
{
	unsigned port = net_free_port_below(1024);
	struct node *n;

	need_root();
	if (!port)
		cr_skip("no port below 1024 is free");
	n = run_listener(
		"", keep_printf("listen = tcp:127.0.0.1:%u\nuser = nobody\nstdout = null\n", port));
	cr_expect_str_eq(said(net_ask_tcp(port, "hello")), "a hello");
	node_end(n);
}

/* ---- real programs ---- */

/* libsystemd's own reading of the protocol. */
Test(listen, dbus_daemon)
{
	struct node *n;
	struct output end;

	if (access("/usr/bin/dbus-daemon", X_OK) < 0 || access("/usr/bin/dbus-send", X_OK) < 0)
		cr_skip("no dbus-daemon here");
	n = node_run("[service bus]\ncommand = /usr/bin/dbus-daemon --session "
		     "--address=systemd: --nofork --nopidfile\nlisten = unix:@folder/bus\n");
	for (int i = 0; i < 3; i++) {
		end = shell("DBUS_SESSION_BUS_ADDRESS=unix:path=%s/bus dbus-send --session "
			    "--print-reply --dest=org.freedesktop.DBus / "
			    "org.freedesktop.DBus.GetId",
			    n->folder);
		cr_expect_eq(end.status, 0, "%s", end.err);
		ctl(n, "restart bus");
	}
	node_end(n);
}

/* ---- instances ---- */

/* A template whose instances have the names of their ports. */
Test(listen, an_address_of_each_instance)
{
	unsigned one = net_free_port(), two = net_free_port();
	struct node *n = node_run(keep_printf(
		"[service w@]\ncommand = %s fds:/dev/null\nlisten = tcp:localhost:%%i\n"
		"ready = tcp:127.0.0.1:%%i\nrestart = temporary\n"
		"[service v@]\ncommand = true\nlisten = tcp:*:%%i\nautostart = no\n"
		"[service u@]\ncommand = true\nready = http://127.0.0.1:%%i/\nautostart = no\n",
		build_path("tests/listener")));
	char *text;

	ctl(n, "start w@%u w@%u", one, two);
	cr_expect_str_eq(said(net_ask_tcp(one, "hello")), keep_printf("w@%u hello", one));
	cr_expect_str_eq(said(net_ask_tcp(two, "hello")), keep_printf("w@%u hello", two));
	text = ctl(n, "status w@%u --json", one);
	cr_expect_not_null(strstr(text, keep_printf("\"listen\":[\"tcp:localhost:%u\"]", one)),
			   "%s", text);
	text = ctl_fails(n, 1, "start v@%u", one);
	cr_expect_not_null(strstr(text, keep_printf("tcp:*:%u (service w@%u has it)", one, one)),
			   "%s", text);
	text = ctl_fails(n, 1, "start w@x");
	cr_expect_not_null(strstr(text, "tcp:localhost:%i (a port is a number from 1 to 65535)"),
			   "%s", text);
	text = ctl_fails(n, 1, "start u@x");
	cr_expect_not_null(strstr(text, "http://127.0.0.1:%i/ (that is no address with the name of "
					"this service)"),
			   "%s", text);
	node_end(n);
}
