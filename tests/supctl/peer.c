/* SPDX-License-Identifier: MIT */

#include "tests/supctl/peer.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire/hello.h"

#define PATIENCE_MS 60000
#define TOKEN "000102030405060708090a0b0c0d0eff"

/* ---- in the peer ---- */

_Noreturn void peer_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: the peer wants: %s\n", file, line, what);
	_exit(1);
}

/* False: supctl has closed the connection. */
static bool peer_read(struct peer *peer)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec part = {peer->in, sizeof(peer->in)};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	struct pollfd p = {.fd = peer->fd, .events = POLLIN};
	ssize_t n;

	PEER_CHECK(poll(&p, 1, PATIENCE_MS) == 1);
	n = recvmsg(peer->fd, &header, MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return false;
	if (CMSG_FIRSTHDR(&header))
		memcpy(&peer->payload_fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(int));
	peer->size = (size_t)n;
	peer->cursor = 0;
	return true;
}

static bool peer_next(struct peer *peer, struct wire_frame *frame)
{
	int r;

	while ((r = wire_decode(peer->in, peer->size, &peer->cursor, frame)) == 0)
		if (!peer_read(peer))
			return false;
	PEER_CHECK(r == 1);
	return true;
}

struct wire_frame peer_expect(struct peer *peer, enum wire_op op)
{
	struct wire_frame frame;

	PEER_CHECK(peer_next(peer, &frame));
	if (frame.op != op)
		fprintf(stderr, "op %d instead of %d\n", frame.op, (int)op);
	PEER_CHECK(frame.op == op);
	return frame;
}

void peer_expect_end(struct peer *peer)
{
	struct wire_frame frame;

	PEER_CHECK(!peer_next(peer, &frame));
}

void peer_put(struct peer *peer, enum wire_op op, uint64_t from, uint64_t to, uint64_t ref,
	      const char *tag, const char *payload)
{
	struct wire_frame frame = wire_frame(op, tag, ref);
	struct wire_encoder e;

	frame.from = from;
	frame.to = to;
	wire_begin(&e, &peer->out, &frame);
	wire_put(&e, payload, strlen(payload));
	PEER_CHECK(wire_end(&e) == 0);
}

void peer_send(struct peer *peer)
{
	PEER_CHECK(send(peer->fd, peer->out.data, peer->out.size, MSG_NOSIGNAL) > 0);
	buf_clear(&peer->out);
}

static void peer_run(int listener, bool inside, serve_fn *serve)
{
	static struct peer peer = {.payload_fd = -1};
	struct pollfd p = {.fd = listener, .events = POLLIN};
	struct hello_more more;
	struct wire_frame hello;

	peer.out = BUF_INIT;
	PEER_CHECK(poll(&p, 1, PATIENCE_MS) == 1);
	peer.fd = accept(listener, NULL, NULL);
	PEER_CHECK(peer.fd >= 0);
	close(listener);
	hello = peer_expect(&peer, WIRE_HELLO);
	PEER_CHECK(hello_has_more(&hello) == inside);
	if (inside)
		PEER_CHECK(hello_read_helper(&hello, &more) == 0 && more.pid == 5 &&
			   more.token[1] == 1 && more.token[15] == 0xff);
	PEER_CHECK(hello_put_daemon(&peer.out, inside ? 5 : 0, 100000, 0) == 0);
	serve(&peer);
	buf_fini(&peer.out);
	close(peer.fd);
	if (peer.payload_fd >= 0)
		close(peer.payload_fd);
}

/* ---- in the test ---- */

static void read_file(const char *dir, const char *name, char out[512])
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	cr_assert_not_null(f);
	out[fread(out, 1, 511, f)] = '\0';
	fclose(f);
	unlink(path);
}

static int run_supctl(const char *dir, bool inside, const char *shell)
{
	const char *build = getenv("SUPD_BUILD");
	char command[2048];
	int status;

	snprintf(command, sizeof(command),
		 "exec 2>%s/err >%s/out </dev/null; export SUP_SOCKET=%s/control; %s;"
		 "supctl() { %s/supctl \"$@\"; }; %s",
		 dir, dir, dir,
		 inside ? "export SUP_PID='<0.5.0>' SUP_TOKEN=" TOKEN : "unset SUP_PID SUP_TOKEN",
		 build ? build : "build", shell);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct result run_against(serve_fn *serve, bool inside, const char *shell)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char dir[] = "/tmp/supd-peer-XXXXXX";
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), status;
	struct result result;
	pid_t os_pid;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", dir);
	cr_assert_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(listener, 4), 0);
	fflush(NULL);
	os_pid = fork();
	if (os_pid == 0) {
		peer_run(listener, inside, serve);
		_exit(0);
	}
	close(listener);
	result.status = run_supctl(dir, inside, shell);
	cr_assert_eq(waitpid(os_pid, &status, 0), os_pid);
	read_file(dir, "out", result.out);
	read_file(dir, "err", result.err);
	unlink(address.sun_path);
	rmdir(dir);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the peer of: %s\n%s", shell,
		  result.err);
	return result;
}
