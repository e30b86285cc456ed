/* SPDX-License-Identifier: MIT */

/* Mailbox sockets, helpers and guests on the wire, and what of it is against the rules. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actor.h"
#include "base/pid.h"
#include "wire/number.h"

RUN_SUITE(mailbox);

#define PUPPET(path, name) "[service " path "]\ncommand = @puppet/" name " ready\nready = notify\n"

static struct node *run_two(void)
{
	struct node *n = node_run(PUPPET("a", "a") PUPPET("b", "b"));

	sync_tree(n);
	return n;
}

/* Nobody else has noticed. */
static void end_two(struct node *n)
{
	cr_assert_eq(journal_count(n, "a start *"), 1);
	cr_assert_eq(journal_count(n, "b start *"), 1);
	cr_assert_str_eq(state_of(n, "a"), "running");
	node_end(n);
}

static const char *pid_text(uint64_t pid)
{
	char text[ACTOR_PID_TEXT_MAX];

	return keep_printf("%s", actor_pid_format((actor_pid){pid}, text));
}

/* ---- who is there ---- */

Test(mailbox, hello_says_who_one_is)
{
	struct node *n = run_two();
	struct actor_end *a = actor_borrow(n, "a", false), *helper, *guest;

	cr_expect_eq(a->hello.pid, a->pid);
	cr_expect_gt(a->hello.window, 0);
	cr_assert_eq(actor_request(a, "self", NULL, NULL, NULL, NULL), 0);
	cr_expect_str_eq(actor_reply(a, "pid"), look(n, "a").pid);
	helper = actor_helper(a);
	cr_assert_eq(actor_request(helper, "self", NULL, NULL, NULL, NULL), 0);
	cr_expect_str_eq(actor_reply(helper, "pid"), pid_text(a->pid));
	guest = actor_guest(n);
	cr_expect_eq(guest->hello.pid, 0);
	cr_assert_eq(actor_request(guest, "self", NULL, NULL, NULL, NULL), 0);
	cr_expect_str_neq(actor_reply(guest, "pid"), pid_text(a->pid));
	actor_close(a), actor_close(helper), actor_close(guest);
	end_two(n);
}

/* SEMANTICS 70, 74: names, by the process itself and by its helper. */
Test(mailbox, s70_s74_names)
{
	struct node *n = run_two();
	struct actor_end *a = actor_borrow(n, "a", false), *b = actor_borrow(n, "b", false);
	struct actor_end *helper = actor_helper(b);

	cr_expect_eq(actor_request(a, "register", "name", "clock", NULL, NULL), 0);
	cr_expect_eq(actor_request(helper, "register", "name", "clock", NULL, NULL), 1);
	cr_expect_str_eq(actor_reply(helper, "pid"), pid_text(a->pid));
	cr_expect_eq(actor_request(helper, "whereis", "target", "clock", NULL, NULL), 0);
	cr_expect_str_eq(actor_reply(helper, "pid"), pid_text(a->pid));
	cr_expect_eq(actor_request(a, "unregister", "name", "clock", NULL, NULL), 0);
	cr_expect_eq(actor_request(b, "whereis", "target", "clock", NULL, NULL), 3);
	cr_expect_eq(actor_request(helper, "register", "name", "clock", NULL, NULL), 0);
	cr_expect_eq(actor_request(a, "whereis", "target", "clock", NULL, NULL), 0);
	cr_expect_str_eq(actor_reply(a, "pid"), pid_text(b->pid));
	actor_close(a), actor_close(b), actor_close(helper);
	end_two(n);
}

Test(mailbox, names_that_can_not_be_registered)
{
	static const char *const names[] = {"", "a/b", "<0.5.0>", "new\nline", "b\xff"};
	struct node *n = run_two();
	struct actor_end *a = actor_borrow(n, "a", false);
	char *longest = keep(calloc(1, 2002));

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		cr_expect_eq(actor_request(a, "register", "name", names[i], NULL, NULL), 1, "%zu",
			     i);
	memset(longest, 'x', 2001);
	cr_expect_eq(actor_request(a, "register", "name", longest, NULL, NULL), 1);
	longest[300] = '\0';
	cr_expect_eq(actor_request(a, "register", "name", longest, NULL, NULL), 1);
	cr_expect_eq(actor_request(a, "register", NULL, NULL, NULL, NULL), 2);
	cr_expect_eq(actor_request(a, "register", "name", "b", NULL, NULL), 1, "a path");
	actor_close(a);
	end_two(n);
}

/* SEMANTICS D20. */
Test(mailbox, d20_only_inside_an_actor)
{
	static const char *const commands[] = {"register", "unregister", "ready", "ignore",
					       "watchdog"};
	struct node *n = run_two();
	struct actor_end *guest = actor_guest(n);

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		cr_expect_eq(actor_request(guest, commands[i], "name", "x", NULL, NULL), 2, "%s",
			     commands[i]);
		cr_expect_not_null(strstr(actor_reply(guest, "error"), "only inside an actor"));
	}
	actor_close(guest);
	end_two(n);
}

/* ---- against the rules ---- */

/* It is cut off, and the log says so and why. */
static void expect_dropped(struct actor_end *a, const char *why)
{
	cr_assert(actor_is_cut_off(a));
	wait_log(a->node, why);
	actor_close(a);
}

Test(mailbox, stale_and_foreign_tokens)
{
	struct node *n = run_two();
	struct actor_end *a = actor_borrow(n, "a", false), *bad;
	struct buf hello = BUF_INIT;

	a->token[3] ^= 1;
	bad = actor_connect(n);
	hello_put_helper(&hello, a->pid, a->token);
	actor_send_bytes(bad, hello.data, hello.size, NULL, 0);
	expect_dropped(bad, "its token is of no actor that lives");
	a->token[3] ^= 1;
	bad = actor_connect(n);
	buf_clear(&hello);
	hello_put_helper(&hello, a->pid + 1000, a->token);
	actor_send_bytes(bad, hello.data, hello.size, NULL, 0);
	expect_dropped(bad, "its token is of no actor that lives");
	/* Of an incarnation that has ended. */
	ctl(n, "restart a");
	bad = actor_connect(n);
	buf_clear(&hello);
	hello_put_helper(&hello, a->pid, a->token);
	actor_send_bytes(bad, hello.data, hello.size, NULL, 0);
	expect_dropped(bad, "its token is of no actor that lives");
	buf_fini(&hello);
	actor_close(a);
	node_end(n);
}

/* A helper does not outlive the one it acts for. */
Test(mailbox, helpers_end_with_their_actor)
{
	struct node *n = run_two();
	struct actor_end *a = actor_borrow(n, "a", false);
	struct actor_end *helper = actor_helper(a);

	ctl(n, "stop a");
	cr_assert(actor_is_cut_off(helper));
	actor_close(a), actor_close(helper);
	node_end(n);
}

static void send_damaged(struct actor_end *a, size_t at, int byte)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct wire_frame frame = wire_frame(WIRE_MESSAGE, "t", 0);
	struct wire_encoder e;

	wire_begin(&e, &out, &frame);
	wire_put(&e, "payload", 7);
	wire_end(&e);
	out.data[at] = (char)byte;
	actor_send_bytes(a, out.data, out.size, NULL, 0);
}

Test(mailbox, frames_that_are_none)
{
	static const char big[WIRE_DATAGRAM_MAX + 1];
	struct node *n = run_two();
	struct actor_end *a;

	for (int i = 0; i < 3; i++) {
		a = actor_guest(n);
		send_damaged(a, i == 0 ? 0 : i == 1 ? 2 : 6, 0xff);
		expect_dropped(a, "bytes that are no frame");
	}
	a = actor_guest(n);
	send_damaged(a, 4, 200);
	expect_dropped(a, "that does not go that way (200)");
	a = actor_guest(n);
	send_damaged(a, 4, WIRE_EXIT);
	expect_dropped(a, "that does not go that way (19)");
	a = actor_guest(n);
	actor_send_bytes(a, big, sizeof(big), NULL, 0);
	expect_dropped(a, "a datagram of more than 65536 bytes");
	a = actor_connect(n);
	send_damaged(a, 4, WIRE_MESSAGE);
	expect_dropped(a, "its first frame is no HELLO");
	end_two(n);
}

/* What the puppet's own socket says is judged alike; the puppet lives on. */
Test(mailbox, a_process_that_speaks_nonsense)
{
	struct node *n = run_two();
	struct actor_end *a = actor_borrow(n, "a", false);

	actor_send_bytes(a, "GET / HTTP/1.0\r\n\r\n", 18, NULL, 0);
	expect_dropped(a, keep_printf("the mailbox of %s", look(n, "a").pid));
	end_two(n);
}

Test(mailbox, stray_fds_are_closed)
{
	struct node *n = run_two();
	struct wire_frame frame = wire_frame(WIRE_REQUEST, "ping", 1);
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct actor_end *a = actor_guest(n);
	struct wire_encoder e;
	int ends[2], many[65];
	char c;

	wire_begin(&e, &out, &frame);
	wire_end(&e);
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = ends[1];
	actor_send_bytes(a, out.data, out.size, many, 3);
	expect_dropped(a, "an fd that nobody asked for");
	a = actor_guest(n);
	actor_send_bytes(a, out.data, out.size, many, 65);
	expect_dropped(a, "a datagram with more than 64 fds");
	close(ends[1]);
	/* Nobody has the other end any more. */
	cr_assert(wait_readable(ends[0], -1));
	cr_expect_eq(read(ends[0], &c, 1), 0);
	close(ends[0]);
	end_two(n);
}

static int make_memfd(off_t size, int seals)
{
	int fd = memfd_create("payload", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	cr_assert(fd >= 0 && ftruncate(fd, size) == 0 && fcntl(fd, F_ADD_SEALS, seals) == 0);
	return fd;
}

/* size: what the frame says; 0: nothing at all. */
static void send_memfd(struct actor_end *a, uint64_t size, int fd)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct wire_frame frame = wire_frame(WIRE_MESSAGE, "", 0);
	struct wire_encoder e;
	uint8_t payload[8];

	frame.flags = WIRE_MEMFD;
	frame.to = 1;
	number_store(payload, size, 8);
	wire_begin(&e, &out, &frame);
	wire_put(&e, payload, size ? sizeof(payload) : 0);
	wire_end(&e);
	actor_send_bytes(a, out.data, out.size, &fd, fd >= 0);
	if (fd >= 0)
		close(fd);
}

Test(mailbox, memfds_that_are_none)
{
	const int sealed = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	struct node *n = run_two();
	struct actor_end *a = actor_guest(n);

	send_memfd(a, 4096, make_memfd(4096, 0));
	expect_dropped(a, "a payload that is no sealed memfd of the size it says");
	a = actor_guest(n);
	send_memfd(a, 4096, make_memfd(4095, sealed));
	expect_dropped(a, "a payload that is no sealed memfd of the size it says");
	a = actor_guest(n);
	send_memfd(a, 4096, -1);
	expect_dropped(a, "a payload in a memfd, and no fd with it");
	a = actor_guest(n);
	send_memfd(a, 0, make_memfd(4096, sealed));
	expect_dropped(a, "a payload in a memfd");
	end_two(n);
}

/* Guests of another Unix user are no actors, and nobody's helpers, whatever token they know. */
static int as_stranger(void *argument)
{
	struct actor_end *a = argument;
	struct buf hello CLEANUP(buf_fini) = BUF_INIT;
	struct actor_end *mine = actor_connect(a->node);

	hello_put_helper(&hello, a->pid, a->token);
	actor_send_bytes(mine, hello.data, hello.size, NULL, 0);
	actor_is_cut_off(mine);
	mine = actor_guest(a->node);
	actor_tell(mine, a->pid, "t", "x");
	actor_is_cut_off(mine);
	mine = actor_guest(a->node);
	return actor_request(mine, "self", NULL, NULL, NULL, NULL) == 4 &&
			       actor_request(mine, "exit", "target", "a", "reason", "x") == 4
		       ? 0
		       : 1;
}

Test(mailbox, another_users_token)
{
	struct person nobody;
	struct actor_end *a;
	struct node *n;

	need_root();
	nobody = person_find("nobody");
	n = run_two();
	a = actor_borrow(n, "a", false);
	cr_expect_eq(person_run(&nobody, as_stranger, a), 0);
	wait_log(n, "a token is good only for the Unix user that its actor runs as");
	wait_log(n, "to be an actor is not permitted");
	actor_close(a);
	end_two(n);
}

/* The log is not theirs: ten lines in ten seconds, the others are counted. */
Test(mailbox, many_that_break_the_rules)
{
	struct node *n = run_two();
	const char *log;
	size_t lines = 0;

	for (int i = 0; i < 25; i++) {
		struct actor_end *guest = actor_guest(n);

		actor_send_bytes(guest, "nonsense", 8, NULL, 0);
		actor_is_cut_off(guest);
		actor_close(guest);
	}
	end_two(n);
	log = node_log(n);
	for (const char *at = log; (at = strstr(at, "is disconnected: bytes that are no frame"));
	     at++)
		lines++;
	cr_expect_eq(lines, 10, "%s", log);
	cr_expect_not_null(strstr(log, "15 more connections were disconnected"), "%s", log);
}

/* Whose actor ends has done nothing wrong: no line, and a guest hears why. */
Test(mailbox, an_end_is_no_complaint)
{
	struct node *n = run_two();
	struct actor_end *guest = actor_guest(n), *b = actor_borrow(n, "b", false), *helper;
	struct wire_frame frame;
	struct watch *w = watch_open(n);

	helper = actor_helper(b);
	cr_assert_eq(actor_request(guest, "self", NULL, NULL, NULL, NULL), 0);
	cr_assert_eq(actor_request(helper, "exit", "target", actor_reply(guest, "pid"), "reason",
				   "enough"),
		     0);
	frame = actor_receive_op(guest, WIRE_REPLY);
	cr_expect_eq(frame.ref, 0);
	cr_expect_str_eq(field_text(&frame, "error"), "disconnected: an exit signal has ended it");
	cr_expect(actor_is_cut_off(guest));
	order(n, "b", "exit:0");
	watch_until(w, "exit b normal");
	cr_expect(actor_is_cut_off(helper));
	sync_tree(n);
	cr_expect_null(strstr(node_log(n), "is disconnected"), "%s", node_log(n));
	actor_close(guest), actor_close(b), actor_close(helper);
	node_end(n);
}
