/* SPDX-License-Identifier: MIT */

/* One question to a socket, and every way in which it may be answered or not. */

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/macros.h"
#include "supd/probe.h"
#include "tests/supd/folder.h"

#define PATIENCE SPAN_S(60)

static struct loop *loop;
static struct probe_pool pool;
static struct probe probe;
static struct endpoint whom; /* a port of loopback, or a path */
static enum probe_outcome outcome;
static char detail[PROBE_DETAIL_MAX];
static unsigned n_ends;

static void on_end(void *owner, enum probe_outcome how, const char *why)
{
	cr_assert_eq(owner, &outcome);
	outcome = how;
	snprintf(detail, sizeof(detail), "%s", why);
	n_ends++;
	loop_stop(loop);
}

static void set_up(void)
{
	cr_assert_eq(loop_new(&loop), 0);
	pool = (struct probe_pool){.max = 100};
	whom = (struct endpoint){.host = {127, 0, 0, 1}, .host_size = 4};
	probe = (struct probe){.loop = loop, .pool = &pool, .done = on_end, .owner = &outcome};
}

static void tear_down(void)
{
	probe_stop(&probe);
	cr_expect_eq(pool.running, 0);
	loop_free(loop);
}

TestSuite(probe, .init = set_up, .fini = tear_down);

/* Asks, and expects that outcome, with a detail that begins so. */
static void expect_by(const struct exec_probe *what, struct span timeout, enum probe_outcome how,
		      const char *why)
{
	n_ends = 0;
	probe_start(&probe, what, &whom, timeout);
	if (!n_ends)
		loop_run(loop);
	cr_expect_eq(n_ends, 1);
	cr_expect_eq(outcome, how, "%d: %s", outcome, detail);
	cr_expect_eq(strncmp(detail, why, strlen(why)), 0, "\"%s\", not \"%s\"", detail, why);
	cr_expect_not(probe_runs(&probe));
	cr_expect_eq(pool.running, 0);
}

static void expect(const struct exec_probe *what, enum probe_outcome how, const char *why)
{
	expect_by(what, PATIENCE, how, why);
}

/* ---- a server ---- */

static char asked[] = "/a?b", asked_of[] = "here:1";

struct server {
	struct loop_fd watcher, peer;
	int fd, connection;
	struct exec_probe what;
	const char *answer; /* NULL: it says nothing */
	size_t at, step;    /* bytes at a time */
	bool repeats;       /* begins anew at answer's end */
	bool stays;         /* waits for the other side then; else it closes */
	char heard[512];
	size_t n_heard;
};

static void hang_up(struct server *s)
{
	if (s->connection < 0)
		return;
	loop_fd_stop(loop, &s->peer);
	close(s->connection);
	s->connection = -1;
}

static void on_peer(void *owner, int fd, int events)
{
	struct server *s = owner;
	size_t size = s->answer ? strlen(s->answer) : 0;
	ssize_t n;

	if (events & LOOP_READ) {
		n = recv(fd, s->heard + s->n_heard, sizeof(s->heard) - 1 - s->n_heard,
			 MSG_DONTWAIT);
		s->n_heard += n > 0 ? (size_t)n : 0;
		s->heard[s->n_heard] = '\0';
		if (s->answer && strstr(s->heard, "\r\n\r\n"))
			loop_fd_change(loop, &s->peer, LOOP_WRITE);
		if (n == 0)
			hang_up(s);
		return;
	}
	n = send(fd, s->answer + s->at, MIN_OF(size - s->at, s->step), MSG_DONTWAIT | MSG_NOSIGNAL);
	s->at += n > 0 ? (size_t)n : 0;
	if (s->at == size && s->repeats)
		s->at = 0;
	if (n >= 0 && s->at == size && s->stays)
		loop_fd_change(loop, &s->peer, LOOP_READ);
	else if (n < 0 || s->at == size)
		hang_up(s);
}

static void on_connection(void *owner, int fd, int events)
{
	struct server *s = owner;

	(void)events;
	hang_up(s);
	s->connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_geq(s->connection, 0);
	s->at = s->n_heard = 0;
	s->peer.call = on_peer;
	s->peer.owner = s;
	loop_fd_start(loop, &s->peer, s->connection, LOOP_READ);
}

/* A port of loopback that is ours, where nobody listens. */
static int take_port(uint16_t *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static void serve(struct server *s, const char *answer)
{
	*s = (struct server){.connection = -1, .answer = answer, .step = 1000};
	s->what = (struct exec_probe){.kind = PROBE_HTTP, .what = asked};
	whom.name = asked_of;
	s->fd = take_port(&whom.port);
	s->watcher.call = on_connection;
	s->watcher.owner = s;
	cr_assert_eq(listen(s->fd, 10), 0);
	loop_fd_start(loop, &s->watcher, s->fd, LOOP_READ);
}

static void end_server(struct server *s)
{
	hang_up(s);
	loop_fd_stop(loop, &s->watcher);
	close(s->fd);
}

/* ---- connections ---- */

Test(probe, tcp)
{
	struct exec_probe what = {.kind = PROBE_TCP};
	int fd = take_port(&whom.port);

	expect(&what, PROBE_FAILED, "Connection refused");
	cr_assert_eq(listen(fd, 10), 0);
	for (int i = 0; i < 3; i++)
		expect(&what, PROBE_WELL, "");
	close(fd);
	expect(&what, PROBE_FAILED, "Connection refused");
}

/* A port that the kernel gives to clients: sooner or later to this one, which meets itself. */
Test(probe, a_connection_with_itself_is_none)
{
	struct exec_probe what = {.kind = PROBE_TCP};
	unsigned low = 0, high = 0;
	FILE *range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	int n = range ? fscanf(range, "%u %u", &low, &high) : 0;

	if (range)
		fclose(range);
	if (n != 2 || high - low > 60000)
		cr_skip_test("the range of clients' ports is not known");
	whom.port = (uint16_t)(high - (high ^ low) % 2);
	for (unsigned i = 0; i < (high - low); i++) {
		n_ends = 0;
		probe_start(&probe, &what, &whom, PATIENCE);
		if (!n_ends)
			loop_run(loop);
		cr_assert_eq(outcome, PROBE_FAILED);
	}
}

Test(probe, unix_sockets)
{
	struct folder folder CLEANUP(folder_fini);
	struct exec_probe what = {.kind = PROBE_UNIX};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	folder_init(&folder);
	whom.name = folder_at(&folder, "socket");
	expect(&what, PROBE_FAILED, "No such file or directory");
	strncpy(address.sun_path, whom.name, sizeof(address.sun_path) - 1);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	expect(&what, PROBE_FAILED, "Connection refused");
	cr_assert_eq(listen(fd, 0), 0);
	expect(&what, PROBE_WELL, "");
	expect(&what, PROBE_FAILED, "it does not accept the connections that wait already");
	close(fd);
	expect(&what, PROBE_FAILED, "Connection refused");
	whom.name = folder_write(&folder, "file", "", 0666);
	expect(&what, PROBE_FAILED, "Connection refused");
}

Test(probe, abstract_unix_sockets)
{
	struct exec_probe what = {.kind = PROBE_UNIX};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = offsetof(struct sockaddr_un, sun_path);
	char name[40];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name, sizeof(name), "@supd-test-%d", (int)getpid());
	whom.name = name;
	memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
	size += (socklen_t)strlen(name);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(listen(fd, 5), 0);
	expect(&what, PROBE_WELL, "");
	close(fd);
	expect(&what, PROBE_FAILED, "Connection refused");
}

/* ---- http ---- */

static const struct {
	const char *answer;
	enum probe_outcome outcome;
	const char *detail;
} answers[] = {
	{"HTTP/1.1 200 OK\r\n\r\n", PROBE_WELL, ""},
	{"HTTP/1.0 204\r\n", PROBE_WELL, ""},
	{"HTTP/1.1 302 Found\r\nLocation: /\r\n", PROBE_WELL, ""},
	{"HTTP/1.1 399", PROBE_WELL, ""},
	{"HTTP/1.1 199 No\r\n\r\n", PROBE_FAILED, "it answered 199"},
	{"HTTP/1.1 404 Not Found\r\n\r\n", PROBE_FAILED, "it answered 404"},
	{"HTTP/1.1 503 Service Unavailable\r\n", PROBE_FAILED, "it answered 503"},
	{"", PROBE_FAILED, "it closed the connection without an answer"},
	{"HTTP/1.1 20", PROBE_FAILED, "it closed the connection without an answer"},
	{"HTTP/1.1 2000 OK\r\n", PROBE_FAILED, "its answer is no HTTP: \"HTTP/1.1 2000"},
	{"HTTP/1.1 2x0 OK\r\n", PROBE_FAILED, "its answer is no HTTP: \"HTTP/1.1 2x"},
	{"http/1.1 200 OK\r\n", PROBE_FAILED, "its answer is no HTTP: \"h"},
	{"\r\nHTTP/1.1 200 OK\r\n", PROBE_FAILED, "its answer is no HTTP: \"?"},
	{"220 mail.example.org ESMTP\r\n", PROBE_FAILED, "its answer is no HTTP: \"2"},
	{"\x1b[31m\xff", PROBE_FAILED, "its answer is no HTTP: \"?"},
};

static void check_answers(size_t step)
{
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct server s;

		serve(&s, answers[i].answer);
		s.step = step;
		expect(&s.what, answers[i].outcome, answers[i].detail);
		end_server(&s);
	}
}

Test(probe, http_answers)
{
	check_answers(1000);
}

Test(probe, http_answers_byte_by_byte)
{
	check_answers(1);
}

Test(probe, http_asks)
{
	static const char request[] = "GET /a?b HTTP/1.1\r\nHost: here:1\r\nUser-Agent: supd/";
	struct server s;

	serve(&s, "HTTP/1.1 200 OK\r\n\r\n");
	expect(&s.what, PROBE_WELL, "");
	cr_expect_eq(strncmp(s.heard, request, sizeof(request) - 1), 0, "%s", s.heard);
	cr_expect_not_null(strstr(s.heard, "\r\nConnection: close\r\n"));
	end_server(&s);
}

/* No write of a server fails because it was asked: all of its answer is taken. */
Test(probe, http_is_read_to_its_end)
{
	char answer[3000];
	struct server s;

	memset(answer, 'x', sizeof(answer));
	memcpy(answer, "HTTP/1.1 404 No\r\n\r\n", 19);
	answer[sizeof(answer) - 1] = '\0';
	serve(&s, answer);
	s.step = 100;
	expect(&s.what, PROBE_FAILED, "it answered 404");
	cr_expect_eq(s.at, sizeof(answer) - 1);
	end_server(&s);
}

/* ... but one that keeps the connection is not waited for. */
Test(probe, http_that_stays)
{
	struct server s;

	serve(&s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	s.stays = true;
	expect(&s.what, PROBE_WELL, "");
	end_server(&s);
}

/* Nobody reads on and on. */
Test(probe, http_without_end)
{
	struct server s;

	serve(&s, "HTTP/1.1 200 OK\r\nX: y\r\nX: y\r\nX: y\r\nX: y\r\nX: y\r\n");
	s.repeats = true;
	expect(&s.what, PROBE_WELL, "");
	end_server(&s);
	serve(&s, "0123456789");
	s.repeats = true;
	expect(&s.what, PROBE_FAILED, "its answer is no HTTP");
	end_server(&s);
}

/* A server of tcp that says nothing. */
Test(probe, http_silence)
{
	struct server s;

	serve(&s, NULL);
	expect_by(&s.what, SPAN_MS(30), PROBE_FAILED, "no answer within 30ms");
	end_server(&s);
}

/* ---- time, shortage, an early end ---- */

/* Those who wait for accept() fill the queue: who comes then gets no answer. */
Test(probe, tcp_silence)
{
	struct exec_probe what = {.kind = PROBE_TCP};
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = take_port(&whom.port), fill[8];

	address.sin_port = htons(whom.port);
	cr_assert_eq(listen(fd, 0), 0);
	for (size_t i = 0; i < ARRAY_LEN(fill); i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		connect(fill[i], (struct sockaddr *)&address, sizeof(address));
	}
	expect_by(&what, SPAN_MS(30), PROBE_FAILED, "no connection within 30ms");
	for (size_t i = 0; i < ARRAY_LEN(fill); i++)
		close(fill[i]);
	close(fd);
}

Test(probe, stopped_it_tells_nothing)
{
	struct server s;

	serve(&s, NULL);
	n_ends = 0;
	probe_start(&probe, &s.what, &whom, PATIENCE);
	cr_expect(probe_runs(&probe));
	cr_expect_eq(pool.running, 1);
	cr_expect(*probe_waits_for(&probe));
	probe_stop(&probe);
	probe_stop(&probe);
	cr_expect_eq(n_ends, 0);
	cr_expect_eq(pool.running, 0);
	cr_expect_str_eq(probe_waits_for(&probe), "");
	end_server(&s);
}

Test(probe, short_of_fds)
{
	struct exec_probe what = {.kind = PROBE_TCP};
	struct rlimit limit, none;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	expect(&what, PROBE_SHORT, "Too many open files");
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	pool.max = 0;
	expect(&what, PROBE_SHORT, "too many probes at a time");
}
