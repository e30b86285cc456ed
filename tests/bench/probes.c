/* SPDX-License-Identifier: MIT */

/*
 * 1000 health probes a second: 1000 services that are asked once a second each, beside a raw loop
 * that connects as often, at times as random (socket, connect without blocking, poll, getsockopt,
 * close, and a poll to sleep). Both run at the same time, against one process that accepts and
 * closes; what is compared is the processor time of each probe, of the supervisor alone and of the
 * raw loop alone. An idle daemon takes none (part rest), so there is nothing to be deducted.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/measure.h"
#include "tests/bench/table.h"

#define SERVICES 1000
#define SMOKE_SERVICES 5
#define WINDOWS 8
#define WINDOW_S 2
#define SECOND_NS INT64_C(1000000000)
#define SMOKE_LIMIT_S 60

union address {
	struct sockaddr any;
	struct sockaddr_in internet;
	struct sockaddr_un local;
};

/* Whom the raw loop connects to, and whom supd does. */
enum side { RAW, SUPD, SIDES };

struct probes {
	bool local;
	union address addresses[SIDES];
	int listeners[SIDES];
	uint64_t *accepted; /* of each side; shared */
	pid_t acceptor, raw;
	struct subject s;
	char keys[300];
};

/* ---- those that are asked ---- */

static socklen_t size_of(const union address *address)
{
	return address->any.sa_family == AF_UNIX ? sizeof(address->local)
						 : sizeof(address->internet);
}

static void listen_at(struct probes *p, struct bench *b, enum side side)
{
	union address *address = &p->addresses[side];
	socklen_t size = sizeof(*address);

	memset(address, 0, sizeof(*address));
	if (p->local) {
		address->local.sun_family = AF_UNIX;
		snprintf(address->local.sun_path, sizeof(address->local.sun_path), "%s/probed-%u",
			 b->dir, ++b->serial);
	} else {
		address->internet.sin_family = AF_INET;
		address->internet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
	p->listeners[side] =
		socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->listeners[side] < 0 ||
	    bind(p->listeners[side], &address->any, size_of(address)) < 0 ||
	    listen(p->listeners[side], SOMAXCONN) < 0 ||
	    (!p->local && getsockname(p->listeners[side], &address->any, &size) < 0))
		die("listen: %s", strerror(errno));
}

static void accept_all(const struct probes *p) __attribute__((noreturn));
static void accept_all(const struct probes *p)
{
	struct pollfd wait[SIDES] = {{p->listeners[RAW], POLLIN, 0},
				     {p->listeners[SUPD], POLLIN, 0}};

	for (;;) {
		poll(wait, SIDES, -1);
		for (int side = 0; side < SIDES; side++) {
			int fd;

			while ((fd = accept4(p->listeners[side], NULL, NULL, SOCK_CLOEXEC)) >= 0) {
				__atomic_add_fetch(&p->accepted[side], 1, __ATOMIC_RELAXED);
				close(fd);
			}
		}
	}
}

/* ---- the raw loop ---- */

static void connect_once(const union address *address)
{
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd wait = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t size = sizeof(error);

	if (fd < 0)
		die("socket: %s", strerror(errno));
	if (connect(fd, &address->any, size_of(address)) < 0) {
		if (errno != EINPROGRESS || poll(&wait, 1, 1000) < 0)
			die("connect: %s", strerror(errno));
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	}
	close(fd);
}

static int compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Sleeps, in whole milliseconds as an event loop does, until then. */
static void sleep_until(int64_t at)
{
	int64_t left;

	while ((left = at - now_ns()) > 0)
		poll(NULL, 0, (int)((left + 999999) / 1000000));
}

/* At the same times in each second, n of them, which lie as chance has it: so do the services'. */
static void connect_always(const union address *address, uint32_t n) __attribute__((noreturn));
static void connect_always(const union address *address, uint32_t n)
{
	static int64_t at[SERVICES];
	int64_t second = now_ns();

	srandom(1);
	for (uint32_t i = 0; i < n; i++)
		at[i] = random() % SECOND_NS;
	qsort(at, n, sizeof(at[0]), compare);
	for (;; second += SECOND_NS) {
		for (uint32_t i = 0; i < n; i++) {
			sleep_until(second + at[i]);
			connect_once(address);
		}
	}
}

/* ---- both ---- */

static void probes_begin(struct probes *p, struct bench *b, bool local, uint32_t n)
{
	memset(p, 0, sizeof(*p));
	p->local = local;
	listen_at(p, b, RAW);
	listen_at(p, b, SUPD);
	p->accepted = mmap(NULL, SIDES * sizeof(*p->accepted), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->accepted == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	p->acceptor = fork();
	if (p->acceptor == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		accept_all(p);
	}
	if (local)
		snprintf(p->keys, sizeof(p->keys), "health = unix:%s\nhealth_interval = 1s\n",
			 p->addresses[SUPD].local.sun_path);
	else
		snprintf(p->keys, sizeof(p->keys),
			 "health = tcp:127.0.0.1:%u\nhealth_interval = 1s\n",
			 (unsigned)ntohs(p->addresses[SUPD].internet.sin_port));
	p->s = (struct subject){.n = n, .at_once = true, .mute = true, .keys = p->keys};
	subject_prepare(&p->s, b, &subject_supd);
	subject_start(&p->s);
	p->raw = fork();
	if (p->raw == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		connect_always(&p->addresses[RAW], n);
	}
	if (p->acceptor < 0 || p->raw < 0)
		die("fork: %s", strerror(errno));
}

static void probes_end(struct probes *p)
{
	subject_stop(&p->s);
	kill(p->raw, SIGKILL);
	waitpid(p->raw, NULL, 0);
	kill(p->acceptor, SIGKILL);
	waitpid(p->acceptor, NULL, 0);
	munmap(p->accepted, SIDES * sizeof(*p->accepted));
	for (int side = 0; side < SIDES; side++) {
		close(p->listeners[side]);
		if (p->local)
			unlink(p->addresses[side].local.sun_path);
	}
}

/* Processor time so far, in ns. */
static double cpu_of(pid_t os_pid)
{
	struct timespec t;
	clockid_t id;

	if (clock_getcpuclockid(os_pid, &id) != 0 || clock_gettime(id, &t) < 0)
		die("the processor time of a process is not to be had");
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t accepted(const struct probes *p, enum side side)
{
	return __atomic_load_n(&p->accepted[side], __ATOMIC_RELAXED);
}

/* Of one window: how long each took of either side; how many there were are added up. */
static void probes_window(const struct probes *p, struct samples ret_times[SIDES],
			  uint64_t ret_n[SIDES])
{
	const pid_t os_pids[SIDES] = {p->raw, p->s.os_pid};
	double cpu[SIDES];
	uint64_t n[SIDES];

	for (int side = 0; side < SIDES; side++) {
		cpu[side] = cpu_of(os_pids[side]);
		n[side] = accepted(p, (enum side)side);
	}
	sleep(WINDOW_S);
	for (int side = 0; side < SIDES; side++) {
		uint64_t more = accepted(p, (enum side)side) - n[side];

		if (!more)
			die("nobody has connected for %d s", WINDOW_S);
		ret_n[side] += more;
		samples_add(&ret_times[side], (cpu_of(os_pids[side]) - cpu[side]) / (double)more);
	}
}

static void measure_kind(struct bench *b, bool local)
{
	struct samples times[SIDES] = {{.n = 0}, {.n = 0}};
	uint64_t n[SIDES] = {0};
	struct probes p;
	char what[120];

	probes_begin(&p, b, local, SERVICES);
	sleep(WINDOW_S);
	for (int i = 0; i < WINDOWS; i++)
		probes_window(&p, times, n);
	probes_end(&p);
	snprintf(what, sizeof(what), "processor time of a %s probe (%.0f and %.0f a second)",
		 local ? "unix" : "tcp", (double)n[RAW] / WINDOWS / WINDOW_S,
		 (double)n[SUPD] / WINDOWS / WINDOW_S);
	table_ratio(what, &times[RAW], &times[SUPD], 1.3);
}

void measure_probes(struct bench *b)
{
	measure_kind(b, false);
	measure_kind(b, true);
}

const char *probes_smoke(struct bench *b)
{
	for (int local = 0; local < 2; local++) {
		struct probes p;
		int64_t end;

		probes_begin(&p, b, local, SMOKE_SERVICES);
		end = now_ns() + SMOKE_LIMIT_S * SECOND_NS;
		while ((accepted(&p, RAW) < SMOKE_SERVICES ||
			accepted(&p, SUPD) < SMOKE_SERVICES) &&
		       now_ns() < end)
			usleep(1000);
		probes_end(&p);
		if (now_ns() >= end)
			return "nobody connects";
	}
	return NULL;
}
