/* SPDX-License-Identifier: MIT */

#include "supd/readiness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "core/exec.h"

/* Of one try. */
#define TIMEOUT SPAN_S(5)
#define WAIT_FIRST SPAN_MS(20)
#define WAIT_MAX SPAN_S(1)
/* Of what comes before the newline; read at a time. */
#define CHUNK 512
#define PIPE_SIZE 65536

/* ---- a newline ---- */

static int open_pipe(struct readiness *r, int number, struct handed *handed)
{
	int fds[2];
	int error;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	error = fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0
			? -errno
			: handed_add(handed, fds[1], number, STEP_READY);
	if (error < 0) {
		close(fds[0]);
		close(fds[1]);
		return error;
	}
	r->fd = fds[0];
	r->given = fds[1];
	return 0;
}

/* As s6: what stands before the newline says nothing, and nobody reads what follows it. */
static void read_some(struct readiness *r)
{
	char bytes[CHUNK];
	ssize_t n = read(r->fd, bytes, sizeof(bytes));
	bool told = n > 0 && memchr(bytes, '\n', (size_t)n);

	if (n > 0 && !told)
		return;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	loop_fd_close(r->inquiry.daemon->loop, &r->watcher, r->fd);
	r->fd = 0;
	r->closed = !told;
	if (told)
		r->done(r->owner);
}

static void on_readable(void *owner, int fd, int events)
{
	struct readiness *r = owner;

	(void)fd, (void)events;
	read_some(r);
}

/* ---- a line of its output ---- */

static void on_found(void *owner)
{
	struct readiness *r = owner;

	r->done(r->owner);
}

static bool is_ours(enum output_kind kind)
{
	return kind == OUTPUT_LOG || kind == OUTPUT_SYSLOG || kind == OUTPUT_INHERIT;
}

static int open_tap(struct readiness *r, struct daemon *d, int to, const char *pattern)
{
	struct tap **place = &r->taps[to - STDOUT_FILENO];
	int error = tap_new(&d->processes->taps, d->loop, to, pattern, place);

	if (error < 0)
		return error;
	(*place)->found = on_found;
	(*place)->owner = r;
	return 0;
}

static void close_taps(struct readiness *r)
{
	for (size_t i = 0; i < ARRAY_LEN(r->taps); i++) {
		struct tap *tap = r->taps[i];

		if (tap && tap->given)
			tap_free(tap);
		else if (tap)
			tap_forget(tap);
	}
}

static int open_taps(struct readiness *r, struct daemon *d, const struct exec *exec)
{
	enum output_kind out = exec->standard_output.kind, err = exec->standard_error.kind;
	const char *pattern = exec->probes->ready.what;
	int error = 0;

	if (is_ours(out))
		error = open_tap(r, d, STDOUT_FILENO, pattern);
	/* As prepare() has it: with the log, standard error is ours. */
	if (error == 0 &&
	    (is_ours(err) || (err == OUTPUT_SAME && is_ours(out) && out != OUTPUT_INHERIT)))
		error = open_tap(r, d, STDERR_FILENO, pattern);
	if (error < 0)
		close_taps(r);
	return error;
}

void readiness_redirect(const struct readiness *r, struct spawn_request *request)
{
	struct spawn_stream *streams[] = {&request->output, &request->error};

	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		if (r->taps[i] && streams[i]->kind == SPAWN_AS_IT_IS)
			*streams[i] = (struct spawn_stream){SPAWN_TO_FD, r->taps[i]->given, NULL};
	}
}

/* No more than can have been waiting. */
void readiness_drain(struct readiness *r)
{
	for (int n = 0; r->fd && n < PIPE_SIZE / CHUNK; n++)
		read_some(r);
	for (size_t i = 0; i < ARRAY_LEN(r->taps); i++)
		if (r->taps[i])
			tap_drain(r->taps[i]);
}

/* ---- asking ---- */

static void ask(void *owner)
{
	struct readiness *r = owner;

	r->tries++;
	inquiry_start(&r->inquiry, TIMEOUT);
}

static void ask_later(struct readiness *r)
{
	struct span wait = r->probes->ready_interval;

	if (!wait.ns) {
		wait = r->wait;
		r->wait.ns = MIN_OF(wait.ns + wait.ns / 2, WAIT_MAX.ns);
	}
	loop_timer_start(r->inquiry.daemon->loop, &r->timer, mono_add(loop_now(), wait));
}

static void on_answer(void *owner, enum probe_outcome outcome, const char *detail)
{
	struct readiness *r = owner;

	switch (outcome) {
	case PROBE_WELL:
		r->done(r->owner);
		return;
	case PROBE_FAILED:
		snprintf(r->detail, sizeof(r->detail), "%s", detail);
		break;
	case PROBE_SHORT:
		snprintf(r->detail, sizeof(r->detail), "the daemon is short: %s", detail);
		break;
	}
	ask_later(r);
}

/* ---- a start ---- */

static bool is_asked(enum ready_kind kind)
{
	return kind == READY_TCP || kind == READY_UNIX || kind == READY_HTTP ||
	       kind == READY_COMMAND;
}

int readiness_prepare(struct readiness *r, struct daemon *d, const struct child_view *service,
		      struct handed *handed)
{
	const struct spec *spec = service->spec;
	const struct exec_probe *what = &spec->exec->probes->ready;
	int error = 0;

	r->probes = spec->exec->probes;
	r->wait = WAIT_FIRST;
	r->tries = 0;
	r->fd = r->given = 0;
	r->asks = r->closed = false;
	*r->detail = '\0';
	if (is_asked(spec->ready))
		error = inquiry_init(&r->inquiry, d, what, service);
	else if (spec->ready == READY_FD)
		error = open_pipe(r, what->fd, handed);
	else if (spec->ready == READY_LOG)
		error = open_taps(r, d, spec->exec);
	r->asks = is_asked(spec->ready) && error == 0;
	r->inquiry.daemon = d;
	r->inquiry.done = on_answer;
	r->inquiry.owner = r->timer.owner = r->watcher.owner = r;
	r->timer.call = ask;
	r->watcher.call = on_readable;
	return error;
}

void readiness_begin(struct readiness *r, struct daemon *d)
{
	if (r->given)
		close(r->given);
	r->given = 0;
	if (r->fd)
		loop_fd_start(d->loop, &r->watcher, r->fd, LOOP_READ);
	for (size_t i = 0; i < ARRAY_LEN(r->taps); i++)
		if (r->taps[i])
			tap_begin(r->taps[i]);
	if (r->asks)
		ask(r);
}

static void note_what_was_missing(struct readiness *r)
{
	if (r->asks && !*r->detail)
		snprintf(r->detail, sizeof(r->detail), "%s", inquiry_waits_for(&r->inquiry));
	else if (r->closed)
		strcpy(r->detail, "it closed it without a newline");
	else if (r->fd)
		strcpy(r->detail, "no newline yet");
	else if (r->taps[0] || r->taps[1])
		strcpy(r->detail, "no such line yet");
}

void readiness_stop(struct readiness *r, struct daemon *d)
{
	note_what_was_missing(r);
	if (r->asks) {
		inquiry_fini(&r->inquiry);
		loop_timer_stop(d->loop, &r->timer);
	}
	if (r->fd)
		loop_fd_close(d->loop, &r->watcher, r->fd);
	close_taps(r);
	if (r->given)
		close(r->given);
	r->asks = r->closed = false;
	r->fd = r->given = 0;
}
