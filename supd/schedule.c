/* SPDX-License-Identifier: MIT */

/*
 * One timer on the wall clock serves all calendar events, and one on the monotonic clock all of
 * every. Both are set to the earliest time that is due; when one fires, all that is due by then is
 * triggered. The timer on the wall clock is cancelled by the kernel when the clock is set.
 */

#include "supd/schedule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/list.h"
#include "base/map.h"
#include "supd/daemon.h"
#include "supd/log.h"
#include "supd/stamp.h"

#define SECOND INT64_C(1000000000)
/* A clock that was set back by more than this was wrong before: what it has led to is forgotten. */
#define BACK_MAX (3600 * SECOND)
#define NEVER INT64_MAX

struct entry {
	struct list link; /* schedule.entries */
	uint32_t slot;
	const struct exec_when *when; /* borrowed from spec, of which this has a count */
	struct spec *spec;            /* owned count */
	struct calendar *events;      /* owned */
	size_t n_events;
	int64_t wall_last; /* ns; the last one that came; 0: none */
	int64_t wall_due;  /* ns; the event itself, without jitter; NEVER */
	int64_t wall_at;   /* ns; with it */
	struct mono mono_due, mono_at;
};

struct schedule {
	struct daemon *daemon; /* borrowed */
	struct list entries;
	struct map by_slot;
	struct loop_timer timer; /* of every */
	struct loop_fd watcher;  /* of the timer on the wall clock */
	int fd;
	bool blind; /* told that there is no timer on the wall clock */
};

/* ---- clocks ---- */

static int64_t wall_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

static int64_t draw(struct span jitter)
{
	uint64_t random = 0;

	if (jitter.ns <= 0 || getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		return 0;
	return (int64_t)(random % (uint64_t)jitter.ns);
}

/* ---- entries ---- */

static void find_wall(struct entry *e, int64_t after)
{
	e->wall_due = NEVER;
	for (size_t i = 0; i < e->n_events; i++) {
		int64_t next = calendar_next(&e->events[i], after / SECOND);

		if (next >= 0 && next < NEVER / SECOND)
			e->wall_due = MIN_OF(e->wall_due, next * SECOND);
	}
	e->wall_at = e->wall_due == NEVER ? NEVER : e->wall_due + draw(e->when->jitter);
}

static void find_mono(struct entry *e, struct mono from)
{
	e->mono_due = e->when->every.ns ? mono_add(from, e->when->every) : MONO_NEVER;
	e->mono_at = mono_add(e->mono_due, (struct span){draw(e->when->jitter)});
}

static void entry_free(struct entry *e)
{
	if (!e)
		return;
	list_unlink(&e->link);
	spec_unref(e->spec);
	free(e->events);
	free(e);
}

static bool parse_events(struct entry *e)
{
	char *const *texts = e->when->schedule;
	const char *why;
	size_t n = 0;

	while (texts && texts[n])
		n++;
	e->events = n ? calloc(n, sizeof(*e->events)) : NULL;
	for (size_t i = 0; e->events && i < n; i++)
		if (calendar_parse(texts[i], &e->events[e->n_events], &why) == 0)
			e->n_events++;
	return !n || e->events;
}

/* Not there: from now on it is, so that the first start of all catches up with nothing. */
static void catch_up(struct daemon *d, struct entry *e, const char *path)
{
	const int64_t now = wall_now();
	int64_t last = stamp_read(d, path);
	int r;

	if (last < 0) {
		r = stamp_write(d, path, now / SECOND);
		if (r < 0)
			log_about(LOG_AT_WARNING, &(struct log_about){.name = path},
				  "its runs are not noted, so none will be caught up with: %s",
				  strerror(-r));
		return;
	}
	find_wall(e, last * SECOND);
	if (e->wall_due <= now)
		e->wall_at = now + draw(e->when->jitter);
	else
		find_wall(e, now);
}

static struct entry *entry_new(uint32_t slot, struct spec *spec)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	list_init(&e->link);
	e->slot = slot;
	e->spec = spec_ref(spec);
	e->when = spec->exec->when;
	if (!parse_events(e)) {
		entry_free(e);
		return NULL;
	}
	find_wall(e, wall_now());
	find_mono(e, loop_now());
	return e;
}

/* ---- timers ---- */

static void set_wall(struct schedule *s, int64_t at)
{
	struct itimerspec when = {{0}, {0}};

	if (s->fd < 0)
		return;
	if (at != NEVER) {
		when.it_value.tv_sec = (time_t)(at / SECOND);
		when.it_value.tv_nsec = (long)(at % SECOND);
		if (at <= 0)
			when.it_value.tv_nsec = 1;
	}
	timerfd_settime(s->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL);
}

static void set_timers(struct schedule *s)
{
	struct mono mono = MONO_NEVER;
	int64_t wall = NEVER;

	LIST_EACH (l, &s->entries) {
		const struct entry *e = LIST_ENTRY(l, struct entry, link);

		wall = MIN_OF(wall, e->wall_at);
		mono.ns = MIN_OF(mono.ns, e->mono_at.ns);
	}
	set_wall(s, wall);
	loop_timer_start(s->daemon->loop, &s->timer, mono);
}

/* No run is lost where that fails; it was said when the first was not noted. */
static void note_run(struct daemon *d, uint32_t slot, const char *path)
{
	const struct entry *e = map_get(&d->schedule->by_slot, slot);

	if (e && e->when->catch_up)
		stamp_write(d, path, wall_now() / SECOND);
}

static void trigger(struct daemon *d, uint32_t slot)
{
	struct event event = {
		.kind = EVENT_REQUEST,
		.request = {.kind = REQUEST_TRIGGER, .origin = ORIGIN_SCHEDULE},
	};
	struct child_view v;

	if (!core_view(d->core, slot, &v))
		return;
	if (v.state == CHILD_RUNNING || v.state == CHILD_STARTING || v.state == CHILD_STOPPING)
		log_about(LOG_AT_WARNING, &(struct log_about){.name = v.path},
			  "its time has come, and the last run is not over: this one is left out");
	note_run(d, slot, v.path);
	event.request.target = v.path;
	daemon_step(d, &event);
}

/* One that is due, with its next time found; SLOT_NONE: there is none any more. */
static uint32_t take_due(struct schedule *s, int64_t wall, struct mono mono)
{
	LIST_EACH (l, &s->entries) {
		struct entry *e = LIST_ENTRY(l, struct entry, link);

		if (e->wall_at <= wall) {
			e->wall_last = e->wall_due;
			find_wall(e, MAX_OF(wall, e->wall_due));
			return e->slot;
		}
		if (e->mono_at.ns <= mono.ns) {
			find_mono(e, e->mono_due.ns + e->when->every.ns > mono.ns ? e->mono_due
										  : mono);
			return e->slot;
		}
	}
	return SLOT_NONE;
}

/* Entries may come and go with each trigger. */
static void run_due(struct schedule *s)
{
	const int64_t wall = wall_now();
	const struct mono mono = loop_now();
	uint32_t slot;

	while ((slot = take_due(s, wall, mono)) != SLOT_NONE)
		trigger(s->daemon, slot);
	set_timers(s);
}

static void on_timer(void *owner)
{
	run_due(owner);
}

/* The clock was set. What has had its run is not run again for a clock that went back a little. */
static void find_anew(struct schedule *s)
{
	const int64_t now = wall_now();

	LIST_EACH (l, &s->entries) {
		struct entry *e = LIST_ENTRY(l, struct entry, link);
		bool a_little_back = e->wall_last > now && e->wall_last - now <= BACK_MAX;

		/* A clock that went forward over its time: it is due. */
		if (e->wall_due <= now)
			e->wall_at = now;
		else
			find_wall(e, a_little_back ? e->wall_last : now);
	}
}

static void on_wall(void *owner, int fd, int events)
{
	struct schedule *s = owner;
	uint64_t times;

	(void)events;
	if (read(fd, &times, sizeof(times)) < 0 && errno == ECANCELED)
		find_anew(s);
	run_due(s);
}

/* ---- all of them ---- */

static struct schedule *schedule_open(struct daemon *d)
{
	struct schedule *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->daemon = d;
	list_init(&s->entries);
	s->timer.call = on_timer;
	s->watcher.call = on_wall;
	s->timer.owner = s->watcher.owner = s;
	s->fd = -1;
	d->schedule = s;
	return s;
}

/* The timer on the wall clock, with the first that needs it. */
static void watch_wall(struct schedule *s)
{
	if (s->fd >= 0)
		return;
	s->fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->fd >= 0)
		loop_fd_start(s->daemon->loop, &s->watcher, s->fd, LOOP_READ);
	else if (!s->blind)
		log_line(LOG_AT_ERROR, "no timer on the wall clock: no schedule will run until "
				       "another service with one is added or changes its state");
	s->blind = s->fd < 0;
}

void schedule_on_notice(struct daemon *d, uint32_t slot)
{
	struct schedule *s = d->schedule;
	struct child_view v;
	struct entry *e;

	if (!core_view(d->core, slot, &v) || !v.spec->on_demand || !v.spec->exec ||
	    !v.spec->exec->when ||
	    (!v.spec->exec->when->schedule && !v.spec->exec->when->every.ns) ||
	    (s && map_get(&s->by_slot, slot)))
		return;
	s = s ? s : schedule_open(d);
	e = s ? entry_new(slot, (struct spec *)(uintptr_t)v.spec) : NULL;
	if (!e || map_set(&s->by_slot, slot, e) < 0) {
		entry_free(e);
		log_about(LOG_AT_ERROR, &(struct log_about){.name = v.path},
			  "out of memory: its schedule is not followed until its state changes");
		return;
	}
	list_append(&s->entries, &e->link);
	if (e->when->catch_up)
		catch_up(d, e, v.path);
	if (e->n_events)
		watch_wall(s);
	set_timers(s);
}

void schedule_on_forget(struct daemon *d, uint32_t slot)
{
	struct schedule *s = d->schedule;
	struct entry *e = s ? map_remove(&s->by_slot, slot) : NULL;

	if (!e)
		return;
	entry_free(e);
	set_timers(s);
}

void schedule_close(struct daemon *d)
{
	struct schedule *s = d->schedule;
	struct list *l;

	if (!s)
		return;
	while ((l = list_take_first(&s->entries)))
		entry_free(LIST_ENTRY(l, struct entry, link));
	map_fini(&s->by_slot);
	loop_timer_stop(d->loop, &s->timer);
	if (s->fd >= 0) {
		loop_fd_stop(d->loop, &s->watcher);
		close(s->fd);
	}
	free(s);
	d->schedule = NULL;
}

bool schedule_next(const struct daemon *d, uint32_t slot, int64_t *ret_at_ns)
{
	const struct entry *e = d->schedule ? map_get(&d->schedule->by_slot, slot) : NULL;
	int64_t at;

	if (!e || (e->wall_at == NEVER && e->mono_at.ns == MONO_NEVER.ns))
		return false;
	at = e->mono_at.ns == MONO_NEVER.ns ? NEVER
					    : wall_now() + mono_between(loop_now(), e->mono_at).ns;
	*ret_at_ns = MIN_OF(at, e->wall_at);
	return true;
}
