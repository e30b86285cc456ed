/* SPDX-License-Identifier: MIT */

/* Connections through the control socket: a process inside an actor that is not its main one, and
 * guests. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "peer.h"

#define HELPER_REF ((uint64_t)1 << 63)

static int listener;
static char folder[] = "/tmp/supd-lib-XXXXXX", path[64];

static void listen_begin(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/control", folder);
	strcpy(address.sun_path, path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(listener, 1), 0);
	unsetenv("SUP_FD");
	setenv("SUP_SOCKET", path, 1);
	setenv("SUP_PID", "<0.5.0>", 1);
	setenv("SUP_TOKEN", "000102030405060708090a0b0c0d0e0f", 1);
}

static void listen_end(void)
{
	unlink(path);
	rmdir(folder);
}

TestSuite(helper, .init = listen_begin, .fini = listen_end);

static void accept_and_greet(struct peer *p)
{
	p->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_geq(p->fd, 0);
	cr_assert_eq(hello_put_daemon(&p->out, 0, PEER_WINDOW, 0), 0);
	peer_send(p);
}

static void accept_and_close(struct peer *p)
{
	accept_and_greet(p);
	shutdown(p->fd, SHUT_RDWR);
}

static void answer_hello(struct peer *p)
{
	struct wire_frame frame = peer_take(p, WIRE_HELLO);
	struct hello_more more;

	cr_assert_eq(hello_read_helper(&frame, &more), 0);
	cr_assert_eq(more.pid, 5);
	for (uint8_t i = 0; i < HELLO_TOKEN_SIZE; i++)
		cr_assert_eq(more.token[i], i);
	peer_reply(p, peer_take_request(p, "self").ref, 0, "pid", "<0.5.0>");
}

static struct peer *helper_new(void)
{
	static void (*const steps[])(struct peer *) = {accept_and_greet, answer_hello, NULL};
	struct peer *p = peer_alloc();

	peer_script(p, steps);
	cr_assert_eq(sup_open(&p->sup), 0);
	return p;
}

Test(helper, acts_for_the_actor)
{
	struct peer *p = helper_new();
	sup_pid self;

	cr_expect_eq(sup_self(p->sup, &self), 0);
	cr_expect_eq(self.n, 5);
	peer_nothing(p);
	peer_end(p);
}

Test(helper, a_token_that_is_not_known)
{
	static void (*const steps[])(struct peer *) = {accept_and_close, NULL};
	struct peer *p = peer_alloc();

	peer_script(p, steps);
	cr_expect_eq(sup_open(&p->sup), -EKEYREJECTED);
	cr_assert_null(p->sup);
	while (peer_look(p, &(struct wire_frame){0}))
		;
	peer_end(p);
}

static uint64_t receive_ref;

/* Its refs are none of the main process's. */
static void read_receive(struct peer *p)
{
	struct wire_frame frame = peer_take(p, WIRE_RECEIVE);

	cr_assert_eq(frame.flags, 0);
	cr_assert(frame.ref & HELPER_REF);
	receive_ref = frame.ref;
}

static void hand_out(struct peer *p)
{
	read_receive(p);
	peer_op(p, WIRE_DONE, 1, receive_ref, "");
	peer_message(p, 1, "t", "a");
	peer_send(p);
}

static void hand_out_after_ack(struct peer *p)
{
	cr_assert_eq(peer_take(p, WIRE_ACK).ref, 1);
	hand_out(p);
}

Test(helper, asks_for_each_message_and_acknowledges_it_with_the_next)
{
	static void (*const steps[])(struct peer *) = {hand_out, hand_out_after_ack, NULL};
	struct peer *p = helper_new();

	peer_script(p, steps);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, SUP_FOREVER), "message t a");
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, SUP_FOREVER), "message t a");
	peer_end(p);
}

static void answer_now(struct peer *p)
{
	struct wire_frame frame = peer_take(p, WIRE_RECEIVE);

	cr_assert_eq(frame.flags, WIRE_NOW | WIRE_IN_ORDER);
	peer_op(p, WIRE_DONE, 0, frame.ref, "");
	peer_send(p);
}

Test(helper, without_a_timeout_it_does_not_wait)
{
	static void (*const steps[])(struct peer *) = {answer_now, NULL};
	struct peer *p = helper_new();

	peer_script(p, steps);
	cr_expect_str_eq(peer_receive(p, NULL, 0, SUP_IN_ORDER, 0), "ETIMEDOUT");
	peer_end(p);
}

static void cancelled(struct peer *p)
{
	cr_assert_eq(peer_take(p, WIRE_CANCEL).ref, receive_ref);
	peer_op(p, WIRE_DONE, 1, receive_ref, "");
	peer_send(p);
}

static void answered_before(struct peer *p)
{
	cr_assert_eq(peer_take(p, WIRE_CANCEL).ref, receive_ref);
	peer_op(p, WIRE_DONE, 1, receive_ref, "");
	peer_message(p, 1, "t", "b");
	peer_op(p, WIRE_DONE, 0, receive_ref, "");
	peer_send(p);
}

/* A receive that is given up: what was handed out just then is taken all the same. */
Test(helper, times_out)
{
	static void (*const steps[])(struct peer *) = {read_receive, cancelled, NULL};
	static void (*const more[])(struct peer *) = {read_receive, answered_before, NULL};
	struct peer *p = helper_new();

	peer_script(p, steps);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 1), "ETIMEDOUT");
	peer_script(p, more);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 1), "message t b");
	peer_end(p);
}

/* ---- guests ---- */

static void answer_self(struct peer *p)
{
	peer_reply(p, peer_take_request(p, "self").ref, 0, "pid", "<0.77.0>");
}

Test(helper, a_guest_asks_who_it_is_and_says_goodbye)
{
	static void (*const steps[])(struct peer *) = {accept_and_greet, answer_self, NULL};
	struct peer *p = peer_alloc();
	struct wire_frame frame;
	sup_pid self;

	peer_script(p, steps);
	cr_assert_eq(sup_open_guest(NULL, &p->sup), 0);
	peer_take(p, WIRE_HELLO);
	cr_expect_eq(sup_self(p->sup, &self), 0);
	cr_expect_eq(self.n, 77);
	cr_expect_eq(sup_self(p->sup, &self), 0, "and then knows it");
	peer_nothing(p);
	sup_close(p->sup);
	p->sup = NULL;
	frame = peer_take(p, WIRE_GOODBYE);
	cr_expect_eq(frame.ref, 0);
	peer_end(p);
}
