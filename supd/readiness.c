/* SPDX-License-Identifier: MIT */

#include "supd/readiness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

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

	r->matches = false;
	r->done(r->owner);
}

static void on_watching(void *owner)
{
	struct readiness *r = owner;

	r->unanswered = false;
	r->watching(r->owner);
}

/* Where no log is kept the line never comes: its start ends in a timeout that says so. */
bool readiness_watch(struct readiness *r, struct daemon *d, const struct child_view *service)
{
	struct process *p = process_find(d, service->slot);

	r->match.pattern = service->spec->exec->probes->ready.what;
	r->match.watching = on_watching;
	r->match.found = on_found;
	r->match.owner = r;
	*r->detail = '\0';
	r->matches = r->unanswered = p && streams_match(p, &r->match);
	r->unheard = !r->matches;
	return r->matches;
}

static void on_seen(struct keeper_mark *mark, const char *tail, size_t size)
{
	struct readiness *r = CONTAINER_OF(mark, struct readiness, mark);
	void (*seen)(void *owner) = r->seen;

	(void)tail, (void)size;
	r->seen = NULL;
	seen(r->owner);
}

bool readiness_await_rest(struct readiness *r, struct daemon *d, uint32_t slot,
			  void (*seen)(void *owner))
{
	r->mark.call = on_seen;
	if (!r->matches || !keeper_mark(d, slot, 0, &r->mark))
		return false;
	r->seen = seen;
	return true;
}

/* No more than can have been waiting. */
void readiness_drain(struct readiness *r)
{
	for (int n = 0; r->fd && n < PIPE_SIZE / CHUNK; n++)
		read_some(r);
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
	else if (r->unanswered)
		strcpy(r->detail, "the log keeper, which is to look for it, does not answer");
	else if (r->matches)
		strcpy(r->detail, "no such line yet");
	else if (r->unheard)
		strcpy(r->detail, "its output goes to no log in which a line could be looked for");
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
	streams_forget_match(&r->match);
	keeper_mark_cancel(&r->mark);
	r->seen = NULL;
	if (r->given)
		close(r->given);
	r->asks = r->closed = r->matches = r->unheard = r->unanswered = false;
	r->fd = r->given = 0;
}
