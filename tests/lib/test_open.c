/* SPDX-License-Identifier: MIT */

/* How a process finds its mailbox, and what the other side may say first. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

static void no_environment(void)
{
	unsetenv("SUP_FD");
	unsetenv("SUP_OS_PID");
	unsetenv("SUP_SOCKET");
	unsetenv("SUP_PID");
	unsetenv("SUP_TOKEN");
}

TestSuite(open, .init = no_environment);

Test(open, the_main_process_takes_its_socket_and_keeps_it_to_itself)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct sup *second = NULL;
	sup_pid self;

	cr_expect_eq(sup_self(p->sup, &self), 0);
	cr_expect_eq(self.n, PEER_SELF);
	cr_expect(fcntl(sup_fd(p->sup), F_GETFD) & FD_CLOEXEC);
	cr_expect_eq(sup_open(&second), -EBUSY);
	cr_expect_null(second);
	cr_expect_str_eq(sup_error(p->sup), "");
	cr_expect_str_eq(sup_reason(p->sup), "");
	peer_end(p);
}

Test(open, no_actor)
{
	struct sup *sup = NULL;
	char text[32];

	cr_expect_eq(sup_open(&sup), -ENOTCONN);
	/* Another process's. */
	setenv("SUP_FD", "0", 1);
	snprintf(text, sizeof(text), "%d", (int)getpid() + 1);
	setenv("SUP_OS_PID", text, 1);
	cr_expect_eq(sup_open(&sup), -ENOTCONN);
	/* Ours, and no socket. */
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("SUP_OS_PID", text, 1);
	cr_expect_eq(sup_open(&sup), -ENOTCONN);
	setenv("SUP_FD", "99999", 1);
	cr_expect_eq(sup_open(&sup), -ENOTCONN);
	setenv("SUP_FD", "x", 1);
	cr_expect_eq(sup_open(&sup), -ENOTCONN);
	cr_expect_null(sup);
}

Test(open, tokens_that_are_none)
{
	static const char *const tokens[] = {"", "00", "0123456789abcdef0123456789abcdeg",
					     "0123456789abcdef0123456789abcdef0"};
	struct sup *sup = NULL;

	setenv("SUP_SOCKET", "/nonexistent/control", 1);
	setenv("SUP_PID", "<0.5.0>", 1);
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		setenv("SUP_TOKEN", tokens[i], 1);
		cr_expect_eq(sup_open(&sup), -ENOTCONN, "%s", tokens[i]);
	}
	setenv("SUP_TOKEN", "0123456789abcdef0123456789abcdef", 1);
	cr_expect_eq(sup_open(&sup), -ENOENT);
	setenv("SUP_PID", "5", 1);
	cr_expect_eq(sup_open(&sup), -ENOTCONN);
}

Test(open, a_guest_needs_a_daemon)
{
	char path[300];
	struct sup *sup = NULL;

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	cr_expect_eq(sup_open_guest("/nonexistent/control", &sup), -ENOENT);
	cr_expect_eq(sup_open_guest(path, &sup), -ENAMETOOLONG);
	setenv("SUP_SOCKET", "/nonexistent/control", 1);
	cr_expect_eq(sup_open_guest(NULL, &sup), -ENOENT);
	cr_expect_null(sup);
}

/* What comes instead of the daemon's HELLO, or nothing: the end of the connection. */
static int open_with(const void *data, size_t size)
{
	struct sup *sup = NULL;
	char text[32];
	int fds[2], r;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	snprintf(text, sizeof(text), "%d", fds[1]);
	setenv("SUP_FD", text, 1);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("SUP_OS_PID", text, 1);
	if (size)
		cr_assert_eq(send(fds[0], data, size, 0), (ssize_t)size);
	else
		shutdown(fds[0], SHUT_WR);
	r = sup_open(&sup);
	cr_expect_null(sup);
	close(fds[0]);
	return r;
}

Test(open, other_sides_that_are_no_supd)
{
	struct buf b CLEANUP(buf_fini) = BUF_INIT;

	cr_expect_eq(open_with(NULL, 0), -EPIPE);
	cr_expect_eq(open_with("GET / HTTP/1.0", 14), -EPROTO);
	cr_assert_eq(hello_put(&b), 0);
	cr_expect_eq(open_with(b.data, b.size), -EPROTO, "a HELLO without pid and window");
	buf_clear(&b);
	cr_assert_eq(hello_put_daemon(&b, 5, 1, 0), 0);
	b.data[WIRE_HEADER_SIZE + 4] = 77;
	cr_expect_eq(open_with(b.data, b.size), -EPROTONOSUPPORT);
}

Test(open, a_closed_connection_is_told_by_everything)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct sup_message *m = NULL;
	sup_pid to = {9};

	peer_message(p, 1, "last", "words");
	peer_send(p);
	close(p->fd);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, SUP_FOREVER), "message last words");
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, SUP_FOREVER), "EPIPE");
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "EPIPE");
	cr_expect_eq(sup_send(p->sup, to, "t", SUP_NOTHING, 0), -EPIPE);
	cr_expect_eq(sup_send_name(p->sup, "x", "t", SUP_NOTHING, 0), -EPIPE);
	cr_expect_eq(sup_call(p->sup, to, "t", SUP_NOTHING, SUP_FOREVER, &m), -EPIPE);
	cr_expect_eq(sup_sleep(p->sup, 1000), -EPIPE);
	cr_expect_null(m);
	sup_close(p->sup);
	sup_close(NULL);
}

Test(open, pids_as_text)
{
	char text[SUP_PID_TEXT_MAX];
	sup_pid pid = {0};

	cr_expect_str_eq(sup_pid_format((sup_pid){42}, text), "<0.42.0>");
	cr_expect_eq(sup_pid_parse("0.43.0", &pid), 0);
	cr_expect_eq(pid.n, 43);
	cr_expect_eq(sup_pid_parse("43", &pid), -EINVAL);
	cr_expect_eq(pid.n, 43);
}
