/* SPDX-License-Identifier: MIT */

/* Guests that behave badly: nonsense, floods, silence, crowds. The tree does not notice. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "internal.h"
#include "wire/hello.h"

RUN_SUITE(control);

#define PUPPET(path, name) "[service " path "]\ncommand = @puppet/" name " ready\nready = notify\n"

static int connect_raw(struct node *n)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, n->socket, sizeof(address.sun_path) - 1);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* The other side closes, whatever it says before. */
static void wait_closed(int fd)
{
	char data[WIRE_DATAGRAM_MAX];
	ssize_t size;

	do {
		cr_assert(wait_readable(fd, -1), "the daemon keeps the connection");
		size = recv(fd, data, sizeof(data), 0);
	} while (size > 0);
	close(fd);
}

static void put_request(struct buf *out, const char *tag, uint64_t ref)
{
	struct wire_frame frame = wire_frame(WIRE_REQUEST, tag, ref);
	struct wire_encoder e;

	wire_begin(&e, out, &frame);
	cr_assert_eq(wire_end(&e), 0);
}

/* A connection that has said hello, unless it was refused before that. */
static int connect_greeted(struct node *n)
{
	struct buf out = BUF_INIT;
	int fd = connect_raw(n);
	ssize_t sent;

	hello_put(&out);
	sent = send(fd, out.data, out.size, MSG_NOSIGNAL);
	cr_assert(sent == (ssize_t)out.size || (sent < 0 && errno == EPIPE), "%s", strerror(errno));
	buf_fini(&out);
	return fd;
}

static struct node *run_one(pid_t *ret_os_pid)
{
	struct node *n = node_run(PUPPET("a", "a"));

	sync_tree(n);
	*ret_os_pid = os_pid_of(n, "a");
	return n;
}

static void end_one(struct node *n, pid_t os_pid)
{
	cr_assert_str_eq(ctl(n, "ping"), "pong\n");
	cr_assert_eq(os_pid_of(n, "a"), os_pid);
	cr_assert_eq(journal_count(n, "a start *"), 1);
	node_end(n);
}

/* ---- nonsense ---- */

/* Instead of a hello, and after one. */
static void check_closes(struct node *n, const void *data, size_t size)
{
	int fd = connect_raw(n);

	cr_assert_eq(send(fd, data, size, MSG_NOSIGNAL), (ssize_t)size);
	wait_closed(fd);
	fd = connect_greeted(n);
	cr_assert_eq(send(fd, data, size, MSG_NOSIGNAL), (ssize_t)size);
	wait_closed(fd);
}

Test(control, nonsense_closes_the_connection)
{
	static const char *const texts[] = {"GET / HTTP/1.0\r\n\r\n", "\n", "status",
					    "\xff\xff\xff\xff\xff\xff\xff\xff"};
	static char zeros[4096];
	pid_t os_pid;
	struct node *n = run_one(&os_pid);

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		check_closes(n, texts[i], strlen(texts[i]));
	check_closes(n, zeros, sizeof(zeros));
	check_closes(n, zeros, 1);
	check_closes(n, zeros, WIRE_HEADER_SIZE);
	end_one(n, os_pid);
}

/* Every beginning of a whole request, and every byte of it turned over. */
Test(control, half_and_damaged_frames)
{
	struct buf whole = BUF_INIT;
	pid_t os_pid;
	struct node *n = run_one(&os_pid);

	put_request(&whole, "ping", 1);
	for (size_t size = 1; size < whole.size; size++)
		check_closes(n, whole.data, size);
	for (size_t i = 0; i < 4; i++) {
		char *copy = keep(malloc(whole.size));

		memcpy(copy, whole.data, whole.size);
		copy[i] = (char)~copy[i];
		check_closes(n, copy, whole.size);
	}
	buf_fini(&whole);
	end_one(n, os_pid);
}

/* What may come from a guest at any time. */
static bool is_in_place(int op)
{
	return op == WIRE_REQUEST || op == WIRE_MESSAGE || op == WIRE_CALL || op == WIRE_RESPONSE ||
	       op == WIRE_MONITOR || op == WIRE_CANCEL || op == WIRE_CREDIT || op == WIRE_RECEIVE ||
	       op == WIRE_ACK;
}

/* Frames that are whole, but not for a daemon, or not now. */
Test(control, frames_out_of_place)
{
	struct buf out = BUF_INIT;
	struct wire_encoder e;
	struct wire_frame frame;
	pid_t os_pid;
	struct node *n = run_one(&os_pid);
	int fd;

	for (int op = 0; op < 256; op++) {
		if (is_in_place(op))
			continue;
		frame = wire_frame((enum wire_op)op, "ping", 1);
		wire_begin(&e, &out, &frame);
		wire_end(&e);
		fd = connect_greeted(n);
		cr_assert_geq(send(fd, out.data, out.size, MSG_NOSIGNAL), 0);
		wait_closed(fd);
		buf_clear(&out);
	}
	/* ref 0 is the connection's own. */
	put_request(&out, "ping", 0);
	check_closes(n, out.data, out.size);
	buf_clear(&out);
	/* Fields that end too early. */
	frame = wire_frame(WIRE_REQUEST, "stop", 1);
	wire_begin(&e, &out, &frame);
	wire_put(&e, "\x03\0\x08\0\xff\0\0\0target\0a", 17);
	wire_end(&e);
	check_closes(n, out.data, out.size);
	buf_fini(&out);
	end_one(n, os_pid);
}

Test(control, an_empty_datagram_reads_like_an_end)
{
	pid_t os_pid;
	struct node *n = run_one(&os_pid);
	int fd = connect_greeted(n);

	cr_assert_eq(send(fd, "", 0, MSG_NOSIGNAL), 0);
	wait_closed(fd);
	end_one(n, os_pid);
}

/* What no daemon knows is answered, and the connection stays. */
Test(control, unknown_requests_are_answered)
{
	static const char *const tags[] = {"", "statu", "STATUS", "mailboxes", "\x01\x02"};
	pid_t os_pid;
	struct node *n = run_one(&os_pid);
	struct client *client = node_client(n);

	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		struct wire_frame frame;
		uint64_t ref;

		client_begin(client, tags[i], &ref);
		client_end(client);
		cr_assert_eq(client_receive(client, deadline(), &frame), 0);
		cr_assert_eq(frame.ref, ref);
		cr_assert_eq(field_int(&frame, "status", -1), 2);
		cr_assert_not_null(strstr(field_text(&frame, "error"), "knows no request"));
	}
	end_one(n, os_pid);
}

Test(control, another_protocol_is_told)
{
	struct buf out = BUF_INIT;
	char data[WIRE_DATAGRAM_MAX];
	struct wire_frame frame;
	pid_t os_pid;
	struct node *n = run_one(&os_pid);
	int fd = connect_raw(n);
	size_t cursor = 0;
	ssize_t size;

	hello_put(&out);
	out.data[WIRE_HEADER_SIZE + 4] = 99; /* behind "supd" */
	cr_assert_eq(send(fd, out.data, out.size, 0), (ssize_t)out.size);
	buf_fini(&out);
	cr_assert(wait_readable(fd, -1));
	size = recv(fd, data, sizeof(data), 0);
	cr_assert_eq(wire_decode(data, (size_t)size, &cursor, &frame), 1);
	cr_assert_eq(frame.op, WIRE_HELLO);
	if (cursor == (size_t)size) {
		cr_assert(wait_readable(fd, -1));
		size = recv(fd, data, sizeof(data), 0);
		cursor = 0;
	}
	cr_assert_eq(wire_decode(data, (size_t)size, &cursor, &frame), 1);
	cr_assert_eq(frame.ref, 0);
	cr_assert_not_null(strstr(field_text(&frame, "error"), "you speak 99"), "%s",
			   field_text(&frame, "error"));
	wait_closed(fd);
	end_one(n, os_pid);
}

/* Bytes of chance: the same ones each time. */
Test(control, random_datagrams)
{
	static unsigned char data[2048];
	uint64_t random = 88172645463325252u;
	pid_t os_pid;
	struct node *n = run_one(&os_pid);

	for (int i = 0; i < 500; i++) {
		int fd = i % 2 ? connect_greeted(n) : connect_raw(n);
		size_t size = 0;

		for (int k = 0; k < 3; k++) {
			for (size = 0; size < sizeof(data); size++) {
				random ^= random << 13;
				random ^= random >> 7;
				random ^= random << 17;
				data[size] = (unsigned char)random;
			}
			size = random % sizeof(data);
			/* Some look like frames. */
			if (k == 2 && size >= WIRE_HEADER_SIZE) {
				uint32_t whole = (uint32_t)size;

				memcpy(data, &whole, 4);
				data[4] = (unsigned char)(random % 5);
				data[6] = data[7] = 0;
			}
			if (send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
				break;
		}
		close(fd);
	}
	end_one(n, os_pid);
}

/* ---- floods ---- */

/* Questions without end by one who never takes an answer: it is not listened to any more. */
Test(control, a_flood_of_questions)
{
	struct buf out = BUF_INIT;
	pid_t os_pid;
	struct node *n = run_one(&os_pid);
	int fd = connect_greeted(n);
	size_t sent = 0;

	for (int i = 0; i < 200; i++)
		put_request(&out, "status", 1);
	/* Until nothing more is taken for a while: another guest's question has been answered
	 * meanwhile. */
	for (int quiet = 0; quiet < 3;) {
		if (send(fd, out.data, out.size, MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
			sent++;
			quiet = 0;
			cr_assert_lt(sent, 100000, "it takes questions without end");
			continue;
		}
		cr_assert_eq(errno, EAGAIN);
		quiet++;
		ctl(n, "ping");
	}
	buf_fini(&out);
	cr_assert_eq(os_pid_of(n, "a"), os_pid);
	close(fd);
	end_one(n, os_pid);
}

/* For one who does not read nothing is kept beyond what is kept anyway; nobody waits for him. */
Test(control, a_slow_reader_of_events)
{
	struct node *n = node_run("events_kept = 100\n"
				  "[supervisor /]\nintensity = 700\nperiod = 1h\n"
				  "[service a]\ncommand = true\nautostart = no\n" PUPPET("b", "b"));
	struct watch *slow = watch_open(n), *quick = watch_open(n);

	ctl(n, "start --no-wait a");
	watch_until(quick, "failed a*");
	cr_assert_eq(watch_count(quick, "exit a normal"), 701);
	cr_assert_eq(watch_count(quick, "gap*"), 0);
	ctl(n, "kill -KILL b");
	watch_until(quick, "ready b");
	watch_until(slow, "gap");
	cr_assert_lt(watch_count(slow, "exit a normal"), 701);
	/* It is up to date again. */
	ctl(n, "kill -KILL b");
	watch_until(slow, "ready b");
	node_end(n);
}

Test(control, connections_that_come_and_go)
{
	pid_t os_pid;
	struct node *n = run_one(&os_pid);

	for (int i = 0; i < 3000; i++)
		close(i % 2 ? connect_raw(n) : connect_greeted(n));
	end_one(n, os_pid);
}

/* ---- crowds ---- */

Test(control, a_crowd_of_guests)
{
	enum { MORE = 320 };
	static int fds[MORE];
	char data[4096];
	pid_t os_pid;
	struct node *n = run_one(&os_pid);
	struct output output;
	size_t refused = 0;

	for (size_t i = 0; i < MORE; i++)
		fds[i] = connect_greeted(n);
	/* Each of the first has an answer before the next is asked: the others are refused. */
	output = supctl(n, "ping");
	cr_assert_eq(output.status, 1, "%d %s", output.status, output.err);
	cr_assert_str_eq(output.err, "supctl: too many connections to the control socket: try "
				     "again when some have ended\n");
	for (size_t i = 0; i < MORE; i++) {
		ssize_t size;

		/* What we had sent is lost with the connection; what was sent to us is not. */
		do
			size = recv(fds[i], data, sizeof(data), 0);
		while (size < 0 && errno == ECONNRESET);
		if (size > 0 && memmem(data, (size_t)size, "too many", 8))
			refused++;
		close(fds[i]);
	}
	cr_assert_gt(refused, 0);
	cr_assert_lt(refused, 64);
	end_one(n, os_pid);
}

/* How many connections this user gets. */
static int count_guests(void *argument)
{
	struct node *n = argument;
	struct client *clients[100];
	int answered = 0;

	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		struct wire_frame frame;
		uint64_t ref;

		if (client_open(n->socket, &clients[i]) < 0)
			return 200;
		client_begin(clients[i], "ping", &ref);
		client_end(clients[i]);
		if (client_receive(clients[i], deadline(), &frame) != 0)
			return 201;
		answered += frame.ref == ref;
	}
	return answered;
}

/* An ordinary user cannot shut out the others. */
Test(control, a_crowd_of_one_users_guests)
{
	struct person nobody;
	struct node *n;
	pid_t os_pid;

	need_root();
	n = run_one(&os_pid);
	nobody = person_find("nobody");
	cr_assert_eq(person_run(&nobody, count_guests, n), 32);
	end_one(n, os_pid);
}
