/* SPDX-License-Identifier: MIT */

/*
 * The loop on libev; no other file sees ev.h. Not its default loop, which reaps every child. Times
 * are turned into spans from a clock that is read afresh, so that a timer never fires early because
 * the loop has been busy.
 *
 * libev wakes up once a minute to look whether the wall clock was set, unless a timerfd tells it.
 * It makes one for the first watcher of wall-clock time: the loop has such a watcher, for a day
 * that does not come, and an idle daemon sleeps without end.
 *
 * libev leaves it to close() that an fd is not watched any more. But a child that was just started
 * has all our fds until its exec has closed them, which may be a moment after that exec has let us
 * go on: what we close then is still open there, the kernel tells of it once more, and libev, at a
 * loss, makes the whole set anew, with a system call for every fd. So what is closed while children
 * start is taken off the set before, by loop_fd_close(). libev does not tell which fd is its set's:
 * it is the first that it opens, and so the lowest that was free.
 *
 * Unix signals come by a signalfd and stay blocked: no handler of ours can ever run in a child that
 * still shares our memory (spawn.h), and none has to be reset in it.
 */

#include "supd/loop.h"

#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* libev's own macros write each watcher through two types. */
#pragma GCC diagnostic ignored "-Wstrict-aliasing"

#define NANOSECONDS 1e9
/* Far enough in the future, and small enough for libev's arithmetic. */
#define NO_SUCH_DAY 1e10

struct loop {
	struct ev_loop *ev; /* owned */
	int set_fd;         /* libev's epoll; -1: not known */
	ev_periodic never;
};

_Static_assert(sizeof(ev_io) <= LOOP_WATCHER_SIZE, "a watcher has room for libev's");
_Static_assert(sizeof(ev_timer) <= LOOP_WATCHER_SIZE, "a watcher has room for libev's");
_Static_assert(sizeof(ev_prepare) <= LOOP_WATCHER_SIZE, "a watcher has room for libev's");
_Static_assert(sizeof(ev_signal) <= LOOP_WATCHER_SIZE, "a watcher has room for libev's");

static void loop_on_never(struct ev_loop *ev, ev_periodic *w, int events)
{
	(void)ev;
	(void)w;
	(void)events;
}

/* The lowest fd that is free; -1: there is none. */
static int loop_find_free(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd;
}

/* It does not know the other one; what is no epoll says something else. */
static bool loop_is_set(int fd)
{
	int other = epoll_create1(EPOLL_CLOEXEC);
	bool is = fd >= 0 && other >= 0 && epoll_ctl(fd, EPOLL_CTL_DEL, other, NULL) < 0 &&
		  errno == ENOENT;

	if (other >= 0)
		close(other);
	return is;
}

int loop_new(struct loop **ret_loop)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	loop->set_fd = loop_find_free();
	errno = 0;
	loop->ev = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV | EVFLAG_SIGNALFD);
	if (!loop->ev) {
		free(loop);
		return errno ? -errno : -ENOMEM;
	}
	if (!loop_is_set(loop->set_fd))
		loop->set_fd = -1;
	ev_periodic_init(&loop->never, loop_on_never, NO_SUCH_DAY, 0., NULL);
	ev_periodic_start(loop->ev, &loop->never);
	*ret_loop = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	ev_periodic_stop(loop->ev, &loop->never);
	ev_loop_destroy(loop->ev);
	free(loop);
}

void loop_run(struct loop *loop)
{
	ev_run(loop->ev, 0);
}

void loop_stop(struct loop *loop)
{
	ev_break(loop->ev, EVBREAK_ALL);
}

struct mono loop_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (struct mono){(int64_t)t.tv_sec * 1000000000 + t.tv_nsec};
}

/* ---- file descriptors ---- */

static void loop_on_fd(struct ev_loop *ev, ev_io *io, int events)
{
	struct loop_fd *w = io->data;
	int happened = 0;

	(void)ev;
	if (events & EV_READ)
		happened |= LOOP_READ;
	if (events & EV_WRITE)
		happened |= LOOP_WRITE;
	w->call(w->owner, io->fd, happened);
}

static void loop_fd_set(struct loop *loop, ev_io *io, int fd, int events)
{
	int wanted = 0;

	if (events & LOOP_READ)
		wanted |= EV_READ;
	if (events & LOOP_WRITE)
		wanted |= EV_WRITE;
	ev_io_set(io, fd, wanted);
	if (wanted)
		ev_io_start(loop->ev, io);
}

static void loop_fd_init(struct loop *loop, struct loop_fd *w, int priority)
{
	ev_io *io = (void *)w->opaque;

	ev_io_stop(loop->ev, io);
	ev_init(io, loop_on_fd);
	ev_set_priority(io, priority);
	io->data = w;
}

void loop_fd_start(struct loop *loop, struct loop_fd *w, int fd, int events)
{
	loop_fd_init(loop, w, 0);
	loop_fd_set(loop, (ev_io *)(void *)w->opaque, fd, events);
}

void loop_fd_start_first(struct loop *loop, struct loop_fd *w, int fd, int events)
{
	loop_fd_init(loop, w, EV_MAXPRI);
	loop_fd_set(loop, (ev_io *)(void *)w->opaque, fd, events);
}

void loop_fd_change(struct loop *loop, struct loop_fd *w, int events)
{
	ev_io *io = (void *)w->opaque;
	int before = 0;

	if (ev_is_active(io))
		before = (io->events & EV_READ ? LOOP_READ : 0) |
			 (io->events & EV_WRITE ? LOOP_WRITE : 0);
	if (before == events)
		return;
	ev_io_stop(loop->ev, io);
	loop_fd_set(loop, io, io->fd, events);
}

void loop_fd_stop(struct loop *loop, struct loop_fd *w)
{
	ev_io_stop(loop->ev, (ev_io *)(void *)w->opaque);
}

void loop_fd_end(struct loop *loop, struct loop_fd *w, int fd)
{
	loop_fd_stop(loop, w);
	if (loop->set_fd >= 0)
		epoll_ctl(loop->set_fd, EPOLL_CTL_DEL, fd, NULL);
}

void loop_fd_close(struct loop *loop, struct loop_fd *w, int fd)
{
	loop_fd_end(loop, w, fd);
	close(fd);
}

/* ---- timers ---- */

static void loop_on_timer(struct ev_loop *ev, ev_timer *timer, int events)
{
	struct loop_timer *w = timer->data;

	(void)ev;
	(void)events;
	w->call(w->owner);
}

void loop_timer_start(struct loop *loop, struct loop_timer *w, struct mono at)
{
	ev_timer *timer = (void *)w->opaque;

	ev_timer_stop(loop->ev, timer);
	if (at.ns == MONO_NEVER.ns)
		return;
	ev_now_update(loop->ev);
	ev_init(timer, loop_on_timer);
	ev_timer_set(timer, (double)mono_between(loop_now(), at).ns / NANOSECONDS, 0.);
	timer->data = w;
	ev_timer_start(loop->ev, timer);
}

void loop_timer_stop(struct loop *loop, struct loop_timer *w)
{
	ev_timer_stop(loop->ev, (ev_timer *)(void *)w->opaque);
}

/* ---- turns ---- */

static void loop_on_turn(struct ev_loop *ev, ev_prepare *prepare, int events)
{
	struct loop_turn *w = prepare->data;

	(void)ev;
	(void)events;
	w->call(w->owner);
}

void loop_turn_start(struct loop *loop, struct loop_turn *w)
{
	ev_prepare *prepare = (void *)w->opaque;

	ev_prepare_stop(loop->ev, prepare);
	ev_prepare_init(prepare, loop_on_turn);
	prepare->data = w;
	ev_prepare_start(loop->ev, prepare);
}

void loop_turn_stop(struct loop *loop, struct loop_turn *w)
{
	ev_prepare_stop(loop->ev, (ev_prepare *)(void *)w->opaque);
}

/* ---- Unix signals ---- */

static void loop_on_signal(struct ev_loop *ev, ev_signal *signal, int events)
{
	struct loop_signal *w = signal->data;

	(void)ev;
	(void)events;
	w->call(w->owner, signal->signum);
}

void loop_signal_start(struct loop *loop, struct loop_signal *w, int unix_signal)
{
	ev_signal *signal = (void *)w->opaque;

	ev_signal_stop(loop->ev, signal);
	ev_init(signal, loop_on_signal);
	ev_signal_set(signal, unix_signal);
	signal->data = w;
	ev_signal_start(loop->ev, signal);
}

void loop_signal_stop(struct loop *loop, struct loop_signal *w)
{
	ev_signal_stop(loop->ev, (ev_signal *)(void *)w->opaque);
}
