/* SPDX-License-Identifier: MIT */

/*
 * Instances of a template, each with a socket that the daemon holds for it, are restarted rolling
 * while four clients connect to one after the other and wait for a byte from each. A connect that
 * fails is counted, and so is a connection that ends without that byte: the services end in good
 * order, so there is none. The raw loop's time is that of as many restarts, one after the other.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/bench/measure.h"
#include "tests/bench/table.h"

#define INSTANCES 200
#define CLIENTS 4
#define SMOKE_INSTANCES 5
/* In no order of theirs. */
#define STRIDE 7919u
#define ANSWER_LIMIT_MS 60000

/* Of all clients; in memory that they share. */
struct counts {
	unsigned connects, failed, unanswered;
	bool over;
};

struct rolling {
	struct subject s;
	char keys[100];
	int owner; /* our OS pid, in the names of the sockets */
	struct counts *counts;
	double ns;
	bool wrong; /* supctl has failed, or an instance was left out */
};

static void rolling_prepare(struct rolling *r, struct bench *b, uint32_t n)
{
	r->counts = mmap(NULL, sizeof(*r->counts), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r->counts == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	r->owner = (int)getpid();
	snprintf(r->keys, sizeof(r->keys), "listen = unix:@supd-bench-%d-%%i\n", r->owner);
	r->s = (struct subject){
		.n = n, .instances = true, .at_once = true, .task = "serve", .keys = r->keys};
	subject_prepare(&r->s, b, &subject_supd);
	subject_start(&r->s);
}

static bool is_answered(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	char byte;

	return poll(&wait, 1, ANSWER_LIMIT_MS) == 1 && read(fd, &byte, 1) == 1;
}

static void count(unsigned *what)
{
	__atomic_add_fetch(what, 1, __ATOMIC_RELAXED);
}

/* To instance i, counted from 1. */
static void rolling_connect(const struct rolling *r, uint32_t i)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int n = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "supd-bench-%d-%u",
			 r->owner, i);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	count(&r->counts->connects);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, size) < 0)
		count(&r->counts->failed);
	else if (!is_answered(fd))
		count(&r->counts->unanswered);
	if (fd >= 0)
		close(fd);
}

/* A client: its OS pid. Each begins elsewhere. */
static pid_t begin_client(const struct rolling *r, uint32_t client)
{
	pid_t os_pid = fork();

	if (os_pid < 0)
		die("fork: %s", strerror(errno));
	if (os_pid > 0)
		return os_pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (uint32_t i = client; !__atomic_load_n(&r->counts->over, __ATOMIC_RELAXED); i++)
		rolling_connect(r, i * STRIDE % r->s.n + 1);
	_exit(0);
}

static pid_t *note_all(const struct subject *s)
{
	pid_t *os_pids = calloc(s->n, sizeof(*os_pids));

	if (!os_pids)
		die("no memory");
	for (uint32_t i = 0; i < s->n; i++)
		os_pids[i] = subject_service(s, i);
	return os_pids;
}

static void rolling_run(struct rolling *r, const char *batch)
{
	const char *const words[] = {"restart", "--rolling", "--batch", batch, "w@", NULL};
	pid_t *before = note_all(&r->s);
	pid_t clients[CLIENTS];
	int status = 1;
	int64_t at;

	*r->counts = (struct counts){0};
	subject_expect(&r->s, r->s.n);
	for (uint32_t i = 0; i < CLIENTS; i++)
		clients[i] = begin_client(r, i);
	at = now_ns();
	waitpid(subject_supctl(&r->s, words), &status, 0);
	r->ns = (double)(now_ns() - at);
	r->wrong = status != 0;
	if (!r->wrong)
		subject_await(&r->s);
	__atomic_store_n(&r->counts->over, true, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < CLIENTS; i++)
		waitpid(clients[i], NULL, 0);
	for (uint32_t i = 0; i < r->s.n; i++)
		r->wrong = r->wrong || subject_service(&r->s, i) == before[i];
	free(before);
}

static double raw_time(struct bench *b)
{
	struct subject raw = {.n = INSTANCES};
	double ns = 0;

	subject_prepare(&raw, b, &subject_raw);
	subject_start(&raw);
	for (uint32_t i = 0; i < INSTANCES; i++)
		ns += subject_kill_one(&raw, i);
	subject_stop(&raw);
	return ns;
}

static void rolling_print(const struct rolling *r, const char *batch, double raw_ns)
{
	char what[100], texts[3][64], verdict[32];

	if (r->wrong)
		die("supctl restart --rolling has failed");
	snprintf(what, sizeof(what), "%u instances restarted rolling, %s at a time", r->s.n, batch);
	snprintf(texts[0], sizeof(texts[0]), "%.4g ms", raw_ns / 1e6);
	snprintf(texts[1], sizeof(texts[1]), "%.4g ms", r->ns / 1e6);
	snprintf(texts[2], sizeof(texts[2]), "%.2f", r->ns / raw_ns);
	table_text(what, texts[0], texts[1], texts[2], "");
	snprintf(texts[0], sizeof(texts[0]), "%u of %u failed", r->counts->failed,
		 r->counts->connects);
	snprintf(texts[1], sizeof(texts[1]), "%u not answered", r->counts->unanswered);
	table_text("connects to their held sockets meanwhile", "", texts[0], texts[1],
		   table_verdict(r->counts->failed + r->counts->unanswered, 0, verdict));
}

void measure_rolling(struct bench *b)
{
	static const char *const batches[] = {"1", "10"};
	double raw_ns = raw_time(b);
	struct rolling r;

	rolling_prepare(&r, b, INSTANCES);
	for (size_t i = 0; i < ARRAY_LEN(batches); i++) {
		rolling_run(&r, batches[i]);
		rolling_print(&r, batches[i], raw_ns);
	}
	subject_stop(&r.s);
}

const char *rolling_smoke(struct bench *b)
{
	struct rolling r;

	rolling_prepare(&r, b, SMOKE_INSTANCES);
	rolling_run(&r, "2");
	subject_stop(&r.s);
	if (r.wrong)
		return "not all of them were restarted";
	return r.counts->failed || r.counts->unanswered ? "a connect has failed"
	       : r.counts->connects                     ? NULL
							: "nobody has connected";
}
