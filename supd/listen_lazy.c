/* SPDX-License-Identifier: MIT */

/*
 * activation = lazy. While the service waits its sockets are watched; whoever connects is left
 * where they are, and triggers a start, whose process accepts them. The core may not take a
 * trigger, while a supervisor is on its way, say: then there is another one in a while.
 */

#include <errno.h>
#include <stdlib.h>

#include "supd/listener.h"

/* A process that ends younger than this, having left who had connected where they were, is started
 * again after a pause: they would start it at once, again and again. */
#define YOUNG SPAN_S(1)
#define PAUSE_FIRST SPAN_MS(10)
#define PAUSE_MAX SPAN_S(1)
/* After which a trigger that led to nothing is repeated. */
#define AGAIN SPAN_MS(100)

struct lazy {
	struct loop_fd *watchers; /* owned; as many as sockets */
	struct loop_timer timer;  /* the end of a pause, or a trigger to be repeated */
	struct span pause;
	struct mono triggered; /* last */
	bool watching, timed;
};

bool listener_is_lazy(const struct spec *spec)
{
	const struct exec_sockets *what = listener_sockets(spec);

	return what && what->activation == ACTIVATION_LAZY;
}

bool lazy_is_watching(const struct listener *l)
{
	return l->lazy && l->lazy->watching;
}

static void stop_watching(struct listener *l)
{
	struct loop *loop = l->all->daemon->loop;

	if (!l->lazy)
		return;
	loop_timer_stop(loop, &l->lazy->timer);
	l->lazy->timed = false;
	for (size_t i = 0; l->lazy->watching && i < listener_sockets(l->spec)->n_listen; i++)
		loop_fd_stop(loop, &l->lazy->watchers[i]);
	l->lazy->watching = false;
}

static void set_timer(struct listener *l, struct span wait)
{
	loop_timer_start(l->all->daemon->loop, &l->lazy->timer, mono_add(loop_now(), wait));
	l->lazy->timed = true;
}

/* Whoever connects starts it: after the core has taken that, or where it could not, all over. */
static void trigger(struct listener *l)
{
	struct daemon *d = l->all->daemon;
	struct event event = {.kind = EVENT_REQUEST,
			      .request = {.kind = REQUEST_TRIGGER, .origin = ORIGIN_SOCKET}};
	struct child_view v;

	stop_watching(l);
	if (!core_view(d->core, l->slot, &v))
		return;
	l->lazy->triggered = loop_now();
	set_timer(l, AGAIN);
	event.request.target = v.path;
	daemon_step(d, &event);
}

static void on_connection(void *owner, int fd, int events)
{
	(void)fd, (void)events;
	trigger(owner);
}

static void watch(struct listener *l)
{
	struct lazy *lazy = l->lazy;

	for (size_t i = 0; i < listener_sockets(l->spec)->n_listen; i++) {
		lazy->watchers[i].call = on_connection;
		lazy->watchers[i].owner = l;
		loop_fd_start(l->all->daemon->loop, &lazy->watchers[i], l->sockets[i].fd,
			      LOOP_READ);
	}
	lazy->watching = true;
}

static int open_resting(struct listener *l)
{
	struct buf object CLEANUP(buf_fini) = BUF_INIT;
	struct child_view v;

	if (l->sockets)
		return 0;
	return core_view(l->all->daemon->core, l->slot, &v) ? listener_open(l, v.path, &object)
							    : -ENOENT;
}

/* Where they can not be opened, that is told as any start is that fails. */
static void on_timer(void *owner)
{
	struct listener *l = owner;

	l->lazy->timed = false;
	if (open_resting(l) < 0)
		trigger(l);
	else
		watch(l);
}

static struct lazy *get_lazy(struct listener *l)
{
	struct lazy *lazy = l->lazy;

	if (lazy)
		return lazy;
	lazy = calloc(1, sizeof(*lazy));
	if (!lazy)
		return NULL;
	lazy->watchers = calloc(listener_sockets(l->spec)->n_listen, sizeof(*lazy->watchers));
	if (!lazy->watchers) {
		free(lazy);
		return NULL;
	}
	lazy->timer.call = on_timer;
	lazy->timer.owner = l;
	l->lazy = lazy;
	return lazy;
}

/* It waits: its sockets are watched, at once or after a pause. False: no memory. */
static bool rest(struct listener *l)
{
	struct lazy *lazy = get_lazy(l);

	if (!lazy)
		return false;
	stop_watching(l);
	if (mono_between(lazy->triggered, loop_now()).ns >= YOUNG.ns)
		lazy->pause.ns = 0;
	else
		lazy->pause.ns = MAX_OF(lazy->pause.ns * 2, PAUSE_FIRST.ns);
	lazy->pause.ns = MIN_OF(lazy->pause.ns, PAUSE_MAX.ns);
	set_timer(l, lazy->pause);
	return true;
}

/* A lazy one rests while it waits. False: look again. */
bool lazy_settle(struct listener *l)
{
	struct child_view v;

	if (!listener_is_lazy(l->spec) || !core_view(l->all->daemon->core, l->slot, &v))
		return true;
	if (v.state == CHILD_WAITING)
		return (l->lazy && (l->lazy->watching || l->lazy->timed)) || rest(l);
	stop_watching(l);
	return true;
}

void lazy_free(struct listener *l)
{
	stop_watching(l);
	if (l->lazy)
		free(l->lazy->watchers);
	free(l->lazy);
	l->lazy = NULL;
}
