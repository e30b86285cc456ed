/* SPDX-License-Identifier: MIT */

/*
 * The hand: which stream is looked at when.
 *
 * A pipe in an epoll set costs its writer a call of ours on each write, and a wake-up where we
 * sleep in it. So epoll is asked for the first bytes after a silence alone (EPOLLONESHOT). A stream
 * that speaks is busy: it is looked at again after the time in which its pipe is likely to become
 * half full, at most LOOK_MAX, and at once where that is next to nothing. Batches are large then,
 * and the writer goes on undisturbed. A look that finds nothing ends that; a stream that stays busy
 * is taken out of the set.
 *
 * A pipe that was found nearly full is grown, as its writer may have waited.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "logs/keeper.h"
#include "suplog/keeper.h"
#include "suplog/drop.h"
#include "suplog/notice.h"
#include "suplog/privileges.h"
#include "suplog/pump.h"
#include "suplog/stream.h"

#define LOOK_MAX INT64_C(1000000)
#define LOOK_MIN INT64_C(100000)
/* How often a line without its end is looked at. */
#define PARTIAL_LOOK SPAN_MS(20)
/* Looks after which a stream is taken out of the epoll set. */
#define LOOKS_UNWATCHED 4
#define PIPE_SIZE_MAX ((size_t)1 << 20)
/* What pipes may be grown by in all. */
#define PIPES_GROWN_MAX ((size_t)64 << 20)
/* After one that was refused, as this user has many pipes, others are not tried at once. */
#define GROW_RETRY SPAN_S(1)
/* After something was dropped. */
#define DROP_LOOK SPAN_MS(5)
#define EVENTS_MAX 64

void hand_leave(struct keeper *k, struct stream *s)
{
	k->called_at = mono_now();
	k->calling = s;
	if (k->main_sleeps)
		keeper_wake(k->wake_main);
	k->main_sleeps = false;
	pthread_mutex_unlock(&k->lock);
}

void hand_enter(struct keeper *k)
{
	pthread_mutex_lock(&k->lock);
	if (k->call_told && !k->calling->trouble.on)
		notice_simple(k, KEEPER_BETTER, k->calling);
	k->call_told = false;
	k->calling = NULL;
}

void hand_look_at(struct keeper *k, struct stream *s, struct mono when)
{
	if (list_is_empty(&s->busy)) {
		list_append(&k->busy, &s->busy);
		s->look_at = when;
		s->looks = 0;
	} else if (when.ns < s->look_at.ns) {
		s->look_at = when;
	}
}

void hand_sweep_at(struct keeper *k, struct mono when)
{
	if (when.ns < k->sweep_at.ns)
		k->sweep_at = when;
}

/* Epoll is to tell of the next bytes. False: it has no memory for that. */
static bool arm(struct keeper *k, struct stream *s)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = s};

	if (epoll_ctl(k->epoll, s->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, s->pipe, &event) < 0)
		return false;
	s->watched = true;
	return true;
}

/* Nothing but bytes is waited for; without epoll by looking now and then. */
static void watch(struct keeper *k, struct stream *s)
{
	list_unlink(&s->busy);
	if (!s->ended && !arm(k, s))
		hand_look_at(k, s, mono_add(mono_now(), PARTIAL_LOOK));
}

static void unwatch(struct keeper *k, struct stream *s)
{
	if (s->watched)
		epoll_ctl(k->epoll, EPOLL_CTL_DEL, s->pipe, NULL);
	s->watched = false;
}

static void grow(struct keeper *k, struct stream *s, struct mono now)
{
	size_t size = MIN_OF(s->pipe_size * 4, PIPE_SIZE_MAX);
	int r;

	if (size <= s->pipe_size || k->grown + (size - s->pipe_size) > PIPES_GROWN_MAX ||
	    now.ns < k->grow_at.ns)
		return;
	r = fcntl(s->pipe, F_SETPIPE_SZ, (int)size);
	if (r < 0) {
		k->grow_at = mono_add(now, GROW_RETRY);
		return;
	}
	k->grown += (size_t)r - s->pipe_size;
	s->grown += (size_t)r - s->pipe_size;
	s->pipe_size = (size_t)r;
}

/* When the stream is looked at next, after a look that has found n bytes. */
static struct mono next_look(const struct stream *s, size_t n, struct mono before, struct mono now)
{
	int64_t elapsed = mono_between(before, now).ns;
	int64_t wait = LOOK_MAX;

	/* A whole batch: there is more, and whoever writes may wait. */
	if (n >= KEEPER_BATCH_MAX)
		return now;
	if (before.ns > 0 && elapsed < LOOK_MAX * 8)
		wait = (int64_t)((double)elapsed * (double)s->pipe_size / 2 / (double)n);
	if (wait < LOOK_MIN)
		wait = 0;
	return mono_add(mono_now(), (struct span){MIN_OF(wait, LOOK_MAX)});
}

static struct mono partial_look(const struct stream *s, struct mono now)
{
	struct mono due = mono_add(s->partial_since, PARTIAL_TIME);
	struct mono soon = mono_add(now, PARTIAL_LOOK);

	return due.ns < soon.ns ? due : soon;
}

/* When a stream in trouble is looked at next: to try again, or where it may drop, as soon as there
 * is something to drop; for many writes in a row not for each. before: taken before this look. */
static struct mono trouble_look(struct keeper *k, struct stream *s, uint64_t before,
				struct mono now)
{
	struct mono retry = s->trouble.retry_at;
	struct mono soon = mono_add(now, DROP_LOOK);

	if (!s->settings->drop || s->ended || soon.ns >= retry.ns)
		return retry;
	if (s->taken != before || stream_waiting(k, s) > 0 || !arm(k, s))
		return soon;
	return retry;
}

static void end_stream(struct keeper *k, struct stream *s)
{
	unwatch(k, s);
	rotation_passed(k, s, NULL);
	k->grown -= s->grown;
	if (!s->detached) {
		record_forget(&k->record, s->number);
		k->streams[s->number] = NULL;
	}
	stream_free(s);
}

/* Looks at a busy stream, and settles when it is looked at again. */
static void look(struct keeper *k, struct stream *s, struct mono now)
{
	struct mono before = s->looked_at;
	uint64_t taken = s->taken;
	struct look found = {0};

	s->looked_at = now;
	if (!s->detached)
		pump_look(k, s, now, &found);
	if (s->detached || (s->forget && list_is_empty(&s->marks))) {
		end_stream(k, s);
		return;
	}
	/* What came from now on counts; the main thread may ask for an earlier look meanwhile. */
	s->looks++;
	if (s->looks == LOOKS_UNWATCHED)
		unwatch(k, s);
	if (found.n >= s->pipe_size / 4 * 3)
		grow(k, s, now);
	if (s->trouble.on) {
		s->look_at = trouble_look(k, s, taken, now);
		s->looked_at = (struct mono){0};
	} else if (found.full) {
		s->look_at = mono_add(now, PARTIAL_LOOK);
	} else if (!list_is_empty(&s->marks)) {
		s->look_at = now;
	} else if (found.n > 0) {
		s->look_at = next_look(s, found.n, before, now);
	} else if (found.partial || s->rotation) {
		s->look_at = partial_look(s, now);
		s->looked_at = (struct mono){0};
	} else {
		s->looked_at = (struct mono){0};
		watch(k, s);
	}
}

static void look_at_busy(struct keeper *k)
{
	struct mono now = mono_now();
	struct list due;

	/* A list of its own: a look lets the lock go, and the main thread may add to the other. */
	list_init(&due);
	LIST_EACH (node, &k->busy) {
		struct stream *s = LIST_ENTRY(node, struct stream, busy);

		if (s->look_at.ns <= now.ns) {
			list_unlink(node);
			list_append(&due, node);
		}
	}
	while (!list_is_empty(&due)) {
		struct stream *s = LIST_ENTRY(due.next, struct stream, busy);

		list_unlink(&s->busy);
		list_append(&k->busy, &s->busy);
		s->look_at = MONO_NEVER;
		look(k, s, mono_now());
	}
}

static struct mono next_time(const struct keeper *k)
{
	struct mono next = k->sweep_at;

	LIST_EACH (node, &k->busy) {
		const struct stream *s = LIST_ENTRY(node, struct stream, busy);

		if (s->look_at.ns < next.ns)
			next = s->look_at;
	}
	return next;
}

/* Waits, without the lock, for that time, for a pipe that speaks again, or to be woken. */
static void wait_for(struct keeper *k, struct mono when)
{
	struct epoll_event events[EVENTS_MAX];
	struct span left = mono_between(mono_now(), when);
	struct timespec timeout = {left.ns / 1000000000, left.ns % 1000000000};
	uint64_t ignored;
	int n;

	pthread_mutex_unlock(&k->lock);
	n = epoll_pwait2(k->epoll, events, EVENTS_MAX, when.ns == INT64_MAX ? NULL : &timeout,
			 NULL);
	/* It is not known to the kernel, or to a filter of system calls. */
	if (n < 0 && errno != EINTR)
		n = epoll_wait(k->epoll, events, EVENTS_MAX,
			       (int)MIN_OF((left.ns + 999999) / 1000000, INT64_C(1000)));
	pthread_mutex_lock(&k->lock);
	for (int i = 0; i < n; i++) {
		struct stream *s = events[i].data.ptr;

		if (s)
			hand_look_at(k, s, mono_now());
		else
			(void)!read(k->wake_hand, &ignored, sizeof(ignored));
	}
}

/* All pipes were read empty, or their time is up. */
static bool is_finished(struct keeper *k)
{
	if (k->done)
		return true;
	if (!k->finish_asked)
		return false;
	if (mono_now().ns >= k->finish_by.ns)
		return true;
	for (size_t i = 0; i < k->n_streams; i++)
		if (k->streams[i] && !list_is_empty(&k->streams[i]->marks))
			return false;
	return list_is_empty(&k->rotations);
}

/* Called by the thread that packs. */
static void tell_unpacked(void *keeper, const char *file, int error)
{
	struct keeper *k = keeper;
	struct fault fault;

	fault_set(&fault, error, "%s/%s cannot be packed, and stays as it is", k->root.path, file);
	pthread_mutex_lock(&k->lock);
	notice_trouble(k, NULL, &fault);
	pthread_mutex_unlock(&k->lock);
}

int hand_open_root(struct keeper *k, struct fault *fault)
{
	int r = place_root_open(&k->root, fault);

	if (r < 0)
		return r;
	/* It is made as soon as there is a folder, be it late. */
	if (!k->packing)
		k->packing = packing_new(k->root.dir, tell_unpacked, k);
	r = privileges_confine(k->root.dir);
	/* That is said; logs are kept all the same. */
	if (r < 0) {
		fault_set(fault, r, "the log keeper cannot be confined to %s", k->root.path);
		pthread_mutex_lock(&k->lock);
		notice_trouble(k, NULL, fault);
		pthread_mutex_unlock(&k->lock);
	}
	return 0;
}

/* What is to be confined as the hand is. Without the lock: a folder may be on a disk that hangs. A
 * folder that cannot be opened is told of by the first stream that is to be written. */
static void hand_begin(struct keeper *k)
{
	struct fault fault;

	if (k->root.path)
		hand_open_root(k, &fault);
	else
		privileges_confine(-1);
	if (k->console_fd >= 0 && console_new(k->console_fd, k->console_colour, k->console_width,
					      k->wake_hand, &k->console) == 0)
		k->console_fd = -1;
}

static void end_opening(struct keeper *k)
{
	if (k->call_told)
		notice_simple(k, KEEPER_BETTER, NULL);
	k->call_told = k->opening = false;
}

void *hand_run(void *keeper)
{
	struct keeper *k = keeper;

	hand_begin(k);
	pthread_mutex_lock(&k->lock);
	end_opening(k);
	while (!is_finished(k)) {
		wait_for(k, next_time(k));
		look_at_busy(k);
		if (mono_now().ns >= k->sweep_at.ns)
			sweep(k);
	}
	/* What was held back. */
	sweep(k);
	k->done = true;
	pthread_mutex_unlock(&k->lock);
	keeper_wake(k->wake_main);
	return NULL;
}
