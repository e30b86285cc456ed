/* SPDX-License-Identifier: MIT */

/*
 * Instances of a template, each with a socket that the daemon holds for it, are restarted rolling
 * while a client connects to one after the other and waits for a byte from each. A connect that
 * fails is counted, and so is a connection that ends without that byte: the services end in good
 * order, so there is none. The raw loop's time is that of as many restarts, one after the other.
 */

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/bench/measure.h"
#include "tests/bench/table.h"

#define INSTANCES 200
#define SMOKE_INSTANCES 5
/* In no order of theirs. */
#define STRIDE 7919u
#define ANSWER_LIMIT_MS 60000

struct rolling {
	struct subject s;
	char keys[100];
	unsigned connects, failed, unanswered;
	double ns;
	bool wrong; /* supctl has failed, or an instance was left out */
};

static void rolling_prepare(struct rolling *r, struct bench *b, uint32_t n)
{
	snprintf(r->keys, sizeof(r->keys), "listen = unix:@supd-bench-%d-%%i\n", (int)getpid());
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

/* To instance i, counted from 1. */
static void rolling_connect(struct rolling *r, uint32_t i)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int n = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "supd-bench-%d-%u",
			 (int)getpid(), i);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	r->connects++;
	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1) + (socklen_t)n) < 0)
		r->failed++;
	else if (!is_answered(fd))
		r->unanswered++;
	if (fd >= 0)
		close(fd);
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

/* Connects until supctl has ended. */
static void rolling_run(struct rolling *r, const char *batch)
{
	const char *const words[] = {"restart", "--rolling", "--batch", batch, "w@", NULL};
	pid_t *before = note_all(&r->s);
	int64_t at = now_ns();
	int status = 1;
	pid_t supctl;

	r->connects = r->failed = r->unanswered = 0;
	subject_expect(&r->s, r->s.n);
	supctl = subject_supctl(&r->s, words);
	for (uint32_t i = 0; waitpid(supctl, &status, WNOHANG) == 0; i++)
		rolling_connect(r, i * STRIDE % r->s.n + 1);
	r->ns = (double)(now_ns() - at);
	r->wrong = status != 0;
	if (!r->wrong)
		subject_await(&r->s);
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
	snprintf(texts[0], sizeof(texts[0]), "%u of %u failed", r->failed, r->connects);
	snprintf(texts[1], sizeof(texts[1]), "%u not answered", r->unanswered);
	table_text("connects to their held sockets meanwhile", "", texts[0], texts[1],
		   table_verdict(r->failed + r->unanswered, 0, verdict));
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
	return r.failed || r.unanswered ? "a connect has failed"
	       : r.connects             ? NULL
					: "nobody has connected";
}
