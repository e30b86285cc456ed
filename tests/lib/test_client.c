/* SPDX-License-Identifier: MIT */

/*
 * The client against other sides of every kind, each a forked process behind a socket of its own:
 * one that behaves, one that speaks another version, one that talks nonsense, one that closes, one
 * that is silent.
 */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"
#include "lib/client.h"
#include "lib/large.h"
#include "wire/number.h"

struct other {
	char dir[64];
	char path[96];
	pid_t os_pid;
};

static void other_start(struct other *o, void (*serve)(int fd))
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(o->dir, "/tmp/supd-client-XXXXXX");
	cr_assert_not_null(mkdtemp(o->dir));
	snprintf(o->path, sizeof(o->path), "%s/control", o->dir);
	strcpy(address.sun_path, o->path);
	cr_assert_geq(listener, 0);
	cr_assert_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(listener, 4), 0);
	fflush(NULL);
	o->os_pid = fork();
	cr_assert_geq(o->os_pid, 0);
	if (o->os_pid == 0) {
		int fd = accept(listener, NULL, NULL);

		close(listener);
		serve(fd);
		_exit(0);
	}
	close(listener);
}

static void other_end(struct other *o)
{
	int status;

	cr_assert_eq(waitpid(o->os_pid, &status, 0), o->os_pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the other side failed: %d",
		  status);
	unlink(o->path);
	rmdir(o->dir);
}

static struct mono in_ms(int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return mono_add((struct mono){(int64_t)t.tv_sec * 1000000000 + t.tv_nsec}, SPAN_MS(ms));
}

static void put_reply(struct buf *b, uint64_t ref, int status)
{
	struct wire_frame frame = wire_frame(WIRE_REPLY, "", ref);
	struct wire_encoder e;

	wire_begin(&e, b, &frame);
	field_put_int(&e, 0, "status", status);
	wire_end(&e);
}

/* Until the client closes. */
static void drain(int fd)
{
	char bytes[4096];

	while (recv(fd, bytes, sizeof(bytes), 0) > 0)
		;
}

/* Answers each request with two rows that hold its tag, then a reply; all of one datagram in one.
 */
static void serve_well(int fd)
{
	static char in[WIRE_DATAGRAM_MAX];
	struct buf out = BUF_INIT;
	ssize_t n;

	hello_put(&out);
	while ((n = recv(fd, in, sizeof(in), 0)) > 0) {
		struct wire_frame frame;
		size_t cursor = 0;

		while (wire_decode(in, (size_t)n, &cursor, &frame) > 0) {
			char tag[WIRE_TAG_MAX + 1] = "";

			if (frame.op != WIRE_REQUEST)
				continue;
			memcpy(tag, frame.tag, frame.tag_size);
			for (int i = 0; i < 2; i++) {
				struct wire_frame row = wire_frame(WIRE_ROW, "", frame.ref);
				struct wire_encoder e;

				wire_begin(&e, &out, &row);
				field_put_text(&e, 0, "tag", tag);
				wire_end(&e);
			}
			put_reply(&out, frame.ref, 0);
		}
		send(fd, out.data, out.size, MSG_NOSIGNAL);
		buf_clear(&out);
	}
	buf_fini(&out);
	close(fd);
}

static void begin(struct client *c, const char *request, uint64_t *ret_ref)
{
	cr_assert_not_null(client_begin(c, request, ret_ref));
	cr_assert_eq(client_end(c), 0);
}

Test(client, rows_and_replies, .timeout = 60)
{
	struct other o;
	struct client *c = NULL;
	struct wire_frame frame;
	uint64_t refs[2];

	other_start(&o, serve_well);
	cr_assert_eq(client_open(o.path, &c), 0);
	begin(c, "one", &refs[0]);
	begin(c, "two", &refs[1]);
	cr_assert_neq(refs[0], refs[1]);
	for (int i = 0; i < 6; i++) {
		cr_assert_eq(client_receive(c, MONO_NEVER, &frame), 0, "frame %d", i);
		cr_assert_eq(frame.op, i % 3 == 2 ? WIRE_REPLY : WIRE_ROW, "frame %d", i);
		cr_assert_eq(frame.ref, refs[i / 3], "frame %d", i);
		if (frame.op == WIRE_ROW)
			cr_assert_str_eq(field_text(&frame, "tag"), i / 3 ? "two" : "one");
	}
	cr_assert_str_eq(client_peer_release(c), WIRE_RELEASE);
	client_close(c);
	other_end(&o);
}

Test(client, request_too_long_is_as_if_never_begun, .timeout = 60)
{
	static char text[WIRE_DATAGRAM_MAX + 1];
	struct wire_encoder *e;
	struct other o;
	struct client *c = NULL;
	struct wire_frame frame;
	uint64_t ref;

	memset(text, 'x', sizeof(text) - 1);
	other_start(&o, serve_well);
	cr_assert_eq(client_open(o.path, &c), 0);
	e = client_begin(c, "long", &ref);
	field_put_text(e, 0, "text", text);
	cr_assert_eq(client_end(c), -EMSGSIZE);
	begin(c, "short", &ref);
	cr_assert_eq(client_receive(c, MONO_NEVER, &frame), 0);
	cr_assert_str_eq(field_text(&frame, "tag"), "short");
	client_close(c);
	other_end(&o);
}

static void serve_other_version(int fd)
{
	struct buf out = BUF_INIT;

	hello_put(&out);
	out.data[WIRE_HEADER_SIZE + 4] = 77;
	send(fd, out.data, out.size, MSG_NOSIGNAL);
	buf_fini(&out);
	drain(fd);
}

static void serve_nonsense(int fd)
{
	send(fd, "220 mail.example.org ESMTP, what do you want of me?\r\n", 53, MSG_NOSIGNAL);
	drain(fd);
}

static void serve_reply_before_hello(int fd)
{
	struct buf out = BUF_INIT;

	put_reply(&out, 1, 0);
	send(fd, out.data, out.size, MSG_NOSIGNAL);
	buf_fini(&out);
	drain(fd);
}

static void serve_damaged_fields(int fd)
{
	struct buf out = BUF_INIT;

	hello_put(&out);
	put_reply(&out, 1, 0);
	out.data[out.size - 8 - sizeof("status") - 8] = 99;
	send(fd, out.data, out.size, MSG_NOSIGNAL);
	buf_fini(&out);
	drain(fd);
}

static void serve_close(int fd)
{
	close(fd);
}

/* Frames that no daemon sends. */
static void serve_receive(int fd)
{
	struct wire_frame frame = wire_frame(WIRE_RECEIVE, "", 1);
	struct buf out = BUF_INIT;
	struct wire_encoder e;

	hello_put(&out);
	wire_begin(&e, &out, &frame);
	wire_end(&e);
	send(fd, out.data, out.size, MSG_NOSIGNAL);
	buf_fini(&out);
	drain(fd);
}

static void serve_silence(int fd)
{
	drain(fd);
}

/* Says why, and closes without reading what was asked. */
static void serve_refusal(int fd)
{
	struct buf out = BUF_INIT;

	hello_put(&out);
	put_reply(&out, 0, 1);
	recv(fd, (char[1]){0}, 1, MSG_PEEK);
	send(fd, out.data, out.size, MSG_NOSIGNAL);
	buf_fini(&out);
	close(fd);
}

Test(client, other_sides, .timeout = 60)
{
	static const struct {
		const char *name;
		void (*serve)(int fd);
		int expected;
	} rows[] = {
		{"another version", serve_other_version, CLIENT_E_PROTOCOL},
		{"nonsense", serve_nonsense, -EPROTO},
		{"a reply before HELLO", serve_reply_before_hello, -EPROTO},
		{"damaged fields", serve_damaged_fields, -EPROTO},
		{"a frame for the daemon", serve_receive, -EPROTO},
		{"closed at once", serve_close, -EPIPE},
		{"silence", serve_silence, -ETIMEDOUT},
		{"a refusal, then closed", serve_refusal, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool silent = rows[i].expected == -ETIMEDOUT;
		struct wire_frame frame = {.ref = 1};
		struct other o;
		struct client *c = NULL;
		uint64_t ref;
		int r;

		other_start(&o, rows[i].serve);
		cr_assert_eq(client_open(o.path, &c), 0, "%s", rows[i].name);
		begin(c, "x", &ref);
		r = client_receive(c, silent ? in_ms(50) : MONO_NEVER, &frame);
		cr_assert_eq(r, rows[i].expected, "%s: %d", rows[i].name, r);
		if (r == CLIENT_E_PROTOCOL)
			cr_assert_eq(client_peer_protocol(c), 77u);
		if (r == 0)
			cr_assert(frame.op == WIRE_REPLY && frame.ref == 0);
		client_close(c);
		other_end(&o);
	}
}

Test(client, nobody_there)
{
	char dir[] = "/tmp/supd-client-XXXXXX";
	char path[200];
	struct client *c = (struct client *)dir;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/control", dir);
	cr_assert_eq(client_open(path, &c), -ENOENT);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	cr_assert_eq(client_open(path, &c), -ENAMETOOLONG);
	cr_assert_eq(c, (struct client *)dir, "outputs are untouched");
	client_close(NULL);
	rmdir(dir);
}

/* ---- signals ---- */

static const uint8_t token[HELLO_TOKEN_SIZE] = {1, 2, 3, 250};

/* Sends each frame back as it came, memfds too, in pairs of datagrams of one; between them WINDOW
 * and QUEUED. First it wants the HELLO of the helper of <0.5.0>. */
static void serve_echo(int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	static char in[WIRE_DATAGRAM_MAX];
	struct iovec part = {in, sizeof(in)};
	struct wire_frame frame, more = wire_frame(WIRE_WINDOW, "", 9);
	struct buf out = BUF_INIT;
	struct wire_encoder e;
	struct hello_more hello;
	bool greeted = false;
	ssize_t n;

	hello_put_daemon(&out, 5, 1000, 0);
	for (;;) {
		struct msghdr header = {.msg_iov = &part,
					.msg_iovlen = 1,
					.msg_control = control,
					.msg_controllen = sizeof(control)};
		size_t cursor = 0;

		part.iov_len = sizeof(in);
		n = recvmsg(fd, &header, 0);
		if (n <= 0)
			break;
		if (!greeted && (wire_decode(in, (size_t)n, &cursor, &frame) != 1 ||
				 hello_read_helper(&frame, &hello) < 0 || hello.pid != 5 ||
				 memcmp(hello.token, token, sizeof(token)) != 0))
			_exit(1);
		greeted = true;
		wire_begin(&e, &out, &more);
		wire_end(&e);
		buf_append(&out, in + cursor, (size_t)n - cursor);
		more.op = WIRE_QUEUED;
		wire_begin(&e, &out, &more);
		wire_end(&e);
		part = (struct iovec){out.data, out.size};
		header.msg_controllen = header.msg_controllen ? sizeof(control) : 0;
		if (sendmsg(fd, &header, MSG_NOSIGNAL) < 0)
			_exit(2);
		part = (struct iovec){in, sizeof(in)};
		buf_clear(&out);
	}
	buf_fini(&out);
	close(fd);
}

static struct wire_frame message(const char *tag)
{
	struct wire_frame frame = wire_frame(WIRE_MESSAGE, tag, 0);

	frame.to = 5;
	return frame;
}

Test(client, a_helper_sends_and_takes_signals, .timeout = 60)
{
	struct other o;
	struct client *c = NULL;
	struct wire_frame frame;
	uint64_t one, two;

	other_start(&o, serve_echo);
	cr_assert_eq(client_open_helper(o.path, 5, token, &c), 0);
	one = client_new_ref(c);
	two = client_new_ref(c);
	cr_expect(one >> 63 && two >> 63 && one != two, "random, the top bit set");
	frame = message("first");
	cr_assert_eq(client_put(c, &frame, "p\0q", 3), 0);
	frame = message("second");
	cr_assert_eq(client_put(c, &frame, NULL, 0), 0);
	cr_assert_eq(client_receive(c, MONO_NEVER, &frame), 0);
	cr_expect(wire_tag_is(&frame, "first"));
	cr_expect_arr_eq(frame.payload, "p\0q", 3);
	cr_expect(client_has_message(c));
	cr_assert_eq(client_receive(c, MONO_NEVER, &frame), 0);
	cr_expect(wire_tag_is(&frame, "second"));
	cr_expect_not(client_has_message(c), "QUEUED is none");
	cr_expect_eq(frame.payload_size, 0);
	cr_assert_eq(client_receive(c, in_ms(20), &frame), -ETIMEDOUT, "QUEUED is passed over");
	client_close(c);
	other_end(&o);
}

Test(client, a_frame_too_long_is_as_if_never_begun, .timeout = 60)
{
	static const char big[WIRE_DATAGRAM_MAX];
	struct other o;
	struct client *c = NULL;
	struct wire_frame frame;

	other_start(&o, serve_echo);
	cr_assert_eq(client_open_helper(o.path, 5, token, &c), 0);
	frame = message("big");
	cr_assert_eq(client_put(c, &frame, big, sizeof(big)), -EMSGSIZE);
	frame = message("small");
	cr_assert_eq(client_put(c, &frame, "x", 1), 0);
	cr_assert_eq(client_receive(c, MONO_NEVER, &frame), 0);
	cr_expect(wire_tag_is(&frame, "small"));
	client_close(c);
	other_end(&o);
}

/* ---- payloads in memfds ---- */

static int large_of(size_t size, bool sealed)
{
	char *bytes = malloc(size);
	uint64_t real;
	int fd;

	memset(bytes, 'x', size);
	cr_assert_eq(large_new(&fd), 0);
	cr_assert_eq(large_append(fd, bytes, size / 2), 0);
	cr_assert_eq(large_append(fd, bytes + size / 2, size - size / 2), 0);
	free(bytes);
	if (sealed) {
		cr_assert_eq(large_seal(fd, &real), 0);
		cr_assert_eq(real, size);
		cr_expect_lt(large_append(fd, "y", 1), 0);
	}
	return fd;
}

Test(client, large_payloads, .timeout = 60)
{
	const size_t size = 3000000;
	struct other o;
	struct client *c = NULL;
	struct wire_frame frame;
	int fd = large_of(size, true);
	const char *kept;

	other_start(&o, serve_echo);
	cr_assert_eq(client_open_helper(o.path, 5, token, &c), 0);
	for (int i = 0; i < 2; i++) {
		frame = message("large");
		cr_assert_eq(client_send_large(c, &frame, fd, size), 0);
		cr_assert_eq(client_receive(c, MONO_NEVER, &frame), 0);
		cr_expect(frame.flags & WIRE_MEMFD);
		cr_assert_eq(frame.payload_size, size);
		cr_expect_eq(((const char *)frame.payload)[size - 1], 'x');
	}
	kept = frame.payload;
	client_take_mapping(c);
	client_close(c);
	cr_expect_eq(kept[size / 2], 'x', "it outlives the client");
	large_unmap((void *)(uintptr_t)kept, size);
	close(fd);
	other_end(&o);
}

/* Not sealed, of another size, none at all: not looked at. */
Test(client, large_payloads_that_are_none, .timeout = 60)
{
	static const struct {
		const char *name;
		size_t size;
		bool sealed, sent;
	} rows[] = {
		{"not sealed", 100000, false, true},
		{"shorter than it says", 99999, true, true},
		{"longer than it says", 100001, true, true},
		{"not there", 100000, true, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct other o;
		struct client *c = NULL;
		struct wire_frame frame;
		uint8_t size[8];
		int fd = large_of(rows[i].size, rows[i].sealed);

		other_start(&o, serve_echo);
		cr_assert_eq(client_open_helper(o.path, 5, token, &c), 0);
		frame = message("large");
		frame.flags = WIRE_MEMFD;
		number_store(size, 100000, sizeof(size));
		if (rows[i].sent)
			cr_assert_eq(client_send_large(c, &frame, fd, 100000), 0);
		else
			cr_assert_eq(client_put(c, &frame, size, sizeof(size)), 0);
		cr_expect_eq(client_receive(c, MONO_NEVER, &frame), -EPROTO, "%s", rows[i].name);
		client_close(c);
		close(fd);
		other_end(&o);
	}
}

Test(client, large_payloads_have_a_limit)
{
	int fd;

	cr_assert_eq(large_new(&fd), 0);
	cr_assert_eq(ftruncate(fd, (off_t)LARGE_MAX - 1), 0);
	cr_assert_eq(lseek(fd, 0, SEEK_END), (off_t)LARGE_MAX - 1);
	cr_expect_eq(large_append(fd, "x", 1), 0);
	cr_expect_eq(large_append(fd, "x", 1), -EFBIG);
	close(fd);
}
