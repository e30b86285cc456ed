/* SPDX-License-Identifier: MIT */

#include "supd/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "supd/spawn.h"
#include "wire/hello.h"

/* "HTTP/1.1 200" and what parts the status from the rest. */
#define STATUS_SIZE 13
#define REQUEST_MAX 2048
/* What follows the status is read as well, up to here: who closes before that has the server's next
 * write fail, and its log full of that. */
#define DRAIN_MAX ((size_t)64 << 10)
#define DRAIN_TIME SPAN_MS(200)

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
};

/* ---- its end ---- */

void probe_stop(struct probe *p)
{
	if (p->stage == PROBE_IDLE)
		return;
	loop_timer_stop(p->loop, &p->timer);
	if (p->watched)
		loop_fd_close(p->loop, &p->watcher, p->fd);
	else
		close(p->fd);
	p->watched = false;
	p->stage = PROBE_IDLE;
	p->pool->running--;
}

static void end(struct probe *p, enum probe_outcome outcome, const char *detail)
{
	probe_stop(p);
	p->done(p->owner, outcome, detail);
}

static void fail(struct probe *p, const char *detail)
{
	end(p, PROBE_FAILED, detail);
}

static void fail_by(struct probe *p, int error)
{
	bool shortage = spawn_is_shortage(error) || error == ENOBUFS;

	end(p, shortage ? PROBE_SHORT : PROBE_FAILED, strerror(error));
}

const char *probe_waits_for(const struct probe *p)
{
	switch (p->stage) {
	case PROBE_IDLE:
		break;
	case PROBE_CONNECTS:
		return "no connection yet";
	case PROBE_SENDS:
		return "it does not read what it is asked";
	case PROBE_READS:
		return "connected, no answer yet";
	case PROBE_DRAINS:
		return "its answer has not ended yet";
	}
	return "";
}

/* ---- http ---- */

/* What it has answered, as it may be shown. */
static void show_answer(const struct probe *p, char *out)
{
	for (size_t i = 0; i < p->n_answer; i++) {
		unsigned char c = (unsigned char)p->answer[i];

		*out++ = c < 0x20 || c >= 0x7f ? '?' : (char)c;
	}
	*out = '\0';
}

static void fail_by_answer(struct probe *p, const char *what)
{
	char shown[sizeof(p->answer) + 1];
	char detail[PROBE_DETAIL_MAX];

	show_answer(p, shown);
	snprintf(detail, sizeof(detail), "%s: \"%s\"", what, shown);
	fail(p, detail);
}

/* What there is of the answer begins as one does: digits stand for any. */
static bool is_http(const struct probe *p)
{
	static const char form[] = "HTTP/0.0 000";

	for (size_t i = 0; i < MIN_OF(p->n_answer, sizeof(form) - 1); i++) {
		char c = p->answer[i];

		if (form[i] == '0' ? c < '0' || c > '9' : c != form[i])
			return false;
	}
	return p->n_answer < STATUS_SIZE || strchr(" \r\n", p->answer[STATUS_SIZE - 1]);
}

/* There is all of it that matters, or there will be no more. */
static bool knows_answer(const struct probe *p, bool complete)
{
	return complete || p->n_answer >= STATUS_SIZE || !is_http(p);
}

static void tell_answer(struct probe *p)
{
	char detail[PROBE_DETAIL_MAX];

	if (!is_http(p)) {
		fail_by_answer(p, "its answer is no HTTP");
	} else if (p->n_answer < STATUS_SIZE - 1) {
		fail(p, "it closed the connection without an answer");
	} else if (p->answer[9] == '2' || p->answer[9] == '3') {
		end(p, PROBE_WELL, "");
	} else {
		snprintf(detail, sizeof(detail), "it answered %.3s", p->answer + 9);
		fail(p, detail);
	}
}

static void drain(struct probe *p)
{
	struct span patience = {MIN_OF(p->timeout.ns, DRAIN_TIME.ns)};

	p->stage = PROBE_DRAINS;
	loop_timer_start(p->loop, &p->timer, mono_add(loop_now(), patience));
}

/* What came, 0 bytes at the end. */
static void take_answer(struct probe *p, const char *chunk, size_t size)
{
	size_t kept = MIN_OF(size, sizeof(p->answer) - p->n_answer);

	memcpy(p->answer + p->n_answer, chunk, kept);
	p->n_answer += kept;
	p->n_read += size;
	if (!knows_answer(p, size == 0))
		return;
	if (size == 0 || !is_http(p) || p->n_read > DRAIN_MAX)
		tell_answer(p);
	else if (p->stage == PROBE_READS)
		drain(p);
}

static void read_answer(struct probe *p)
{
	char chunk[4096];

	while (p->stage == PROBE_READS || p->stage == PROBE_DRAINS) {
		ssize_t n = recv(p->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n >= 0)
			take_answer(p, chunk, (size_t)n);
		else if (p->stage == PROBE_DRAINS)
			tell_answer(p);
		else
			fail_by(p, errno);
	}
}

static size_t make_request(const struct probe *p, char request[REQUEST_MAX])
{
	int n = snprintf(request, REQUEST_MAX,
			 "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: supd/%s\r\nAccept: */*\r\n"
			 "Connection: close\r\n\r\n",
			 p->what->what, p->whom->name, WIRE_RELEASE);

	return MIN_OF((size_t)n, (size_t)REQUEST_MAX - 1);
}

static void send_request(struct probe *p)
{
	char request[REQUEST_MAX];
	size_t size = make_request(p, request);

	while (p->sent < size) {
		ssize_t n =
			send(p->fd, request + p->sent, size - p->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			fail_by(p, errno);
			return;
		}
		p->sent += (size_t)n;
	}
	p->stage = PROBE_READS;
	loop_fd_change(p->loop, &p->watcher, LOOP_READ);
}

static void on_timeout(void *owner)
{
	struct probe *p = owner;
	char span[SPAN_TEXT_MAX];
	char detail[PROBE_DETAIL_MAX];
	const char *missing = p->stage == PROBE_CONNECTS ? "no connection" : "no answer";

	if (p->stage == PROBE_DRAINS) {
		tell_answer(p);
		return;
	}
	snprintf(detail, sizeof(detail), "%s within %s", missing, span_format(p->timeout, span));
	fail(p, detail);
}

/* ---- connecting ---- */

static in_port_t port_of(const union address *address)
{
	return address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port;
}

/* The kernel has connected us to ourselves: the port is one of those that it gives to clients. */
static bool is_self(const struct probe *p)
{
	union address here = {0}, there = {0};
	socklen_t size = sizeof(here), other = sizeof(there);

	return p->what->kind != PROBE_UNIX && getsockname(p->fd, &here.any, &size) == 0 &&
	       port_of(&here) == htons(p->whom->port) &&
	       getpeername(p->fd, &there.any, &other) == 0 && size == other &&
	       memcmp(&here, &there, size) == 0;
}

static void connected(struct probe *p)
{
	if (is_self(p)) {
		fail_by(p, ECONNREFUSED);
	} else if (p->what->kind != PROBE_HTTP) {
		end(p, PROBE_WELL, "");
	} else {
		p->stage = PROBE_SENDS;
		send_request(p);
	}
}

static void on_event(void *owner, int fd, int events)
{
	struct probe *p = owner;
	int error = 0;
	socklen_t size = sizeof(error);

	(void)events;
	switch (p->stage) {
	case PROBE_IDLE:
		break;
	case PROBE_CONNECTS:
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
			error = errno;
		if (error)
			fail_by(p, error);
		else
			connected(p);
		break;
	case PROBE_SENDS:
		send_request(p);
		break;
	case PROBE_READS:
	case PROBE_DRAINS:
		read_answer(p);
		break;
	}
}

static socklen_t set_local(struct sockaddr_un *local, const char *path)
{
	size_t size = strnlen(path, sizeof(local->sun_path) - 1);

	local->sun_family = AF_UNIX;
	memcpy(local->sun_path, path, size);
	if (*path == '@') {
		local->sun_path[0] = '\0';
		return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
	}
	return sizeof(*local);
}

static socklen_t set_address(union address *address, const struct probe *p)
{
	const struct endpoint *from = p->whom;

	if (p->what->kind == PROBE_UNIX)
		return set_local(&address->local, p->whom->name);
	if (from->host_size == 16) {
		address->v6.sin6_family = AF_INET6;
		address->v6.sin6_port = htons(from->port);
		memcpy(&address->v6.sin6_addr, from->host, 16);
		return sizeof(address->v6);
	}
	address->v4.sin_family = AF_INET;
	address->v4.sin_port = htons(from->port);
	memcpy(&address->v4.sin_addr, from->host, 4);
	return sizeof(address->v4);
}

/*
 * As connect(). Of a unix socket it says at once what it says; on loopback it is through when it
 * has returned, though it says otherwise, and asked again it tells: nothing has to wait then.
 */
static int begin_connect(struct probe *p)
{
	union address address = {0};
	socklen_t size = set_address(&address, p);

	if (connect(p->fd, &address.any, size) == 0)
		return 0;
	if (errno == EINPROGRESS && connect(p->fd, &address.any, size) == 0)
		return 0;
	return errno == EINTR || errno == EALREADY ? EINPROGRESS : errno == EISCONN ? 0 : errno;
}

/* From now on the loop has it. */
static void wait_for_peer(struct probe *p)
{
	p->timer.call = on_timeout;
	p->timer.owner = p;
	loop_timer_start(p->loop, &p->timer, mono_add(loop_now(), p->timeout));
	p->watcher.call = on_event;
	p->watcher.owner = p;
	p->watched = true;
	loop_fd_start(p->loop, &p->watcher, p->fd, LOOP_WRITE);
}

static int family_of(const struct probe *p)
{
	if (p->what->kind == PROBE_UNIX)
		return AF_UNIX;
	return p->whom->host_size == 16 ? AF_INET6 : AF_INET;
}

void probe_start(struct probe *p, const struct exec_probe *what, const struct endpoint *whom,
		 struct span timeout)
{
	int error;

	p->what = what;
	p->whom = whom;
	p->timeout = timeout;
	p->sent = p->n_answer = p->n_read = 0;
	if (p->pool->running >= p->pool->max) {
		p->done(p->owner, PROBE_SHORT, "too many probes at a time");
		return;
	}
	p->fd = socket(family_of(p), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0) {
		fail_by(p, errno);
		return;
	}
	p->pool->running++;
	p->stage = PROBE_CONNECTS;
	error = begin_connect(p);
	if (error == EAGAIN && what->kind == PROBE_UNIX) {
		fail(p, "it does not accept the connections that wait already");
	} else if (error && error != EINPROGRESS) {
		fail_by(p, error);
	} else {
		if (error || what->kind == PROBE_HTTP)
			wait_for_peer(p);
		if (!error)
			connected(p);
	}
}
