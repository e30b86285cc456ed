/* SPDX-License-Identifier: MIT */

#include "supd/on_event.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "supd/on_event_queue.h"
#include "supd/processes.h"
#include "wire/json.h"

/* Of one section, and bytes of all. */
#define QUEUE_MAX 64
#define BYTES_MAX ((size_t)4 << 20)
/* Of all sections together. */
#define RUNS_MAX 32
#define CLOSE_LIMIT SPAN_S(5)
/* A SIGCHLD that was merged with another tells nothing: so often, in ms, it is looked. */
#define CLOSE_LOOK 50

/* ---- what waits ---- */

void waiting_free(struct waiting *event)
{
	exec_free(event->exec);
	free(event);
}

/* NAME=VALUE into the block at *place. */
static char *put_variable(char **place, const char *name, const char *value)
{
	char *begin = *place;

	*place += sprintf(begin, "%s=%s", name, value) + 1;
	return begin;
}

static size_t variable_size(const char *name, const char *value)
{
	return strlen(name) + strlen(value) + 2;
}

static struct waiting *waiting_new(const struct on_events *all, const struct child_view *owner,
				   const struct wire_frame *row)
{
	const char *name = field_text(row, "name"), *reason = field_text(row, "reason");
	char seq[24];
	const struct {
		const char *name, *value;
	} rows[] = {
		{"SUP_EVENT_KIND", field_text(row, "kind")},
		{"SUP_EVENT_NAME", name ? name : ""},
		{"SUP_EVENT_SEQ", seq},
		{"SUP_EVENT_REASON", reason},
	};
	size_t size = sizeof(struct waiting) + strlen(owner->path) + 1 + all->json.size + 1;
	struct waiting *event;
	char *place;
	size_t n = 0;

	snprintf(seq, sizeof(seq), "%lld", (long long)field_int(row, "seq", 0));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		size += rows[i].value ? variable_size(rows[i].name, rows[i].value) : 0;
	event = calloc(1, size);
	if (!event)
		return NULL;
	list_init(&event->link);
	event->exec = exec_ref(owner->spec->exec);
	event->size = size;
	place = (char *)(event + 1);
	event->owner = strcpy(place, owner->path);
	place += strlen(place) + 1;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].value)
			event->variables[n++] = put_variable(&place, rows[i].name, rows[i].value);
	}
	event->json = memcpy(place, all->json.data, all->json.size);
	event->json_size = all->json.size;
	return event;
}

/* ---- watchers ---- */

static struct watcher *watcher_get(struct on_events *all, struct on_event *what)
{
	struct watcher *w = map_get(&all->by_record, (uint64_t)(uintptr_t)what);

	if (w)
		return w;
	w = calloc(1, sizeof(*w));
	if (!w || map_set(&all->by_record, (uint64_t)(uintptr_t)what, w) < 0) {
		free(w);
		return NULL;
	}
	w->what = on_event_ref(what);
	list_init(&w->queue);
	list_append(&all->watchers, &w->link);
	return w;
}

static void watcher_drop_first(struct on_events *all, struct watcher *w)
{
	struct waiting *event = LIST_ENTRY(list_take_first(&w->queue), struct waiting, link);

	w->n_waiting--;
	all->bytes -= event->size;
	waiting_free(event);
}

static void watcher_free(struct on_events *all, struct watcher *w)
{
	while (w->n_waiting)
		watcher_drop_first(all, w);
	map_remove(&all->by_record, (uint64_t)(uintptr_t)w->what);
	list_unlink(&w->link);
	on_event_unref(w->what);
	free(w);
}

/* Said once, until nothing waits any more. */
static void watcher_complain(struct watcher *w, const char *owner)
{
	const struct log_about about = {.name = owner, .event = "on_event"};

	if (!w->complained)
		log_about(LOG_AT_WARNING, &about,
			  "on_event: more than %d events wait for %s; the oldest are left out: "
			  "narrow on_event_filter, or raise on_event_rate or on_event_max",
			  QUEUE_MAX, w->what->hook.commands[0].argv[0]);
	w->complained = true;
}

static void watcher_add(struct on_events *all, struct watcher *w, struct waiting *event)
{
	if (w->n_waiting == QUEUE_MAX || (w->n_waiting && all->bytes > BYTES_MAX)) {
		watcher_complain(w, event->owner);
		watcher_drop_first(all, w);
		w->dropped++;
	}
	list_append(&w->queue, &event->link);
	w->n_waiting++;
	all->bytes += event->size;
}

/* ---- whose turn it is ---- */

/* Not before *ret_at; MONO_NEVER: when a run is over. */
static bool may_begin(const struct on_events *all, struct watcher *w, struct mono now,
		      struct mono *ret_at)
{
	*ret_at = MONO_NEVER;
	if (w->n_running >= w->what->max || all->n_running >= RUNS_MAX)
		return false;
	if (now.ns >= mono_add(w->window, w->what->rate_span).ns) {
		w->window = now;
		w->begun = 0;
	}
	if (!w->what->rate || w->begun < w->what->rate)
		return true;
	*ret_at = mono_add(w->window, w->what->rate_span);
	return false;
}

static void begin_first(struct on_events *all, struct watcher *w)
{
	struct waiting *event = LIST_ENTRY(list_take_first(&w->queue), struct waiting, link);
	size_t n = 0;

	w->n_waiting--;
	all->bytes -= event->size;
	w->begun++;
	while (event->variables[n])
		n++;
	snprintf(event->dropped, sizeof(event->dropped), "SUP_EVENT_DROPPED=%llu",
		 (unsigned long long)w->dropped);
	if (w->dropped)
		event->variables[n] = event->dropped;
	if (event_run_begin(all, w, event)) {
		w->dropped = 0;
		return;
	}
	w->dropped++;
	waiting_free(event);
}

/* Begins what may begin. When to look again. */
static struct mono turn(struct on_events *all)
{
	const struct mono now = loop_now();
	struct mono next = MONO_NEVER;
	struct list *following;

	for (struct list *l = all->watchers.next; l != &all->watchers; l = following) {
		struct watcher *w = LIST_ENTRY(l, struct watcher, link);
		struct mono at = MONO_NEVER;

		following = l->next;
		while (w->n_waiting && may_begin(all, w, now, &at))
			begin_first(all, w);
		if (w->n_waiting) {
			next.ns = MIN_OF(next.ns, at.ns);
			continue;
		}
		w->complained = false;
		if (w->n_running)
			continue;
		/* Its rate counts on. */
		at = mono_add(w->window, w->what->rate_span);
		if (now.ns >= at.ns || !w->what->rate)
			watcher_free(all, w);
		else
			next.ns = MIN_OF(next.ns, at.ns);
	}
	return next;
}

static void on_go(void *owner)
{
	struct on_events *all = owner;
	struct mono next = turn(all);

	if (next.ns != MONO_NEVER.ns)
		loop_timer_start(all->daemon->loop, &all->go, next);
}

static void go_soon(struct on_events *all)
{
	loop_timer_start(all->daemon->loop, &all->go, loop_now());
}

void on_event_run_over(struct on_events *all, struct watcher *watcher)
{
	watcher->n_running--;
	all->n_running--;
	go_soon(all);
}

/* ---- an event ---- */

static void offer(struct on_events *all, const struct child_view *v, const struct wire_frame *row)
{
	struct on_event *what = v->spec->on_event;
	struct watcher *w;
	struct waiting *event;

	if (!what || !what->hook.n || !on_event_wants(what, field_text(row, "kind")))
		return;
	if (!all->json.size)
		json_put_row(&all->json, row);
	w = watcher_get(all, what);
	event = w && !all->json.error ? waiting_new(all, v, row) : NULL;
	if (event)
		watcher_add(all, w, event);
	else if (w)
		w->dropped++;
	go_soon(all);
}

void on_event_look_at(struct daemon *d, uint32_t slot)
{
	if (d->on_event)
		d->on_event->slot = slot;
}

static bool find(const struct on_events *all, const char *path, const char *name,
		 struct child_view *ret_view)
{
	const struct core *core = all->daemon->core;

	if (name && strcmp(path, name) == 0 && core_view(core, all->slot, ret_view) &&
	    strcmp(ret_view->path, path) == 0)
		return true;
	return core_view(core, core_find(core, path), ret_view);
}

/* What is not in the tree any more, or never was, has those above it all the same. */
static void on_event(void *owner, uint64_t seq, const struct wire_frame *row)
{
	struct on_events *all = owner;
	const struct core *core = all->daemon->core;
	const char *name = field_text(row, "name");
	char path[SPEC_PATH_MAX + SPEC_NAME_MAX + 2] = "";
	struct child_view v;

	(void)seq;
	if (!core || !field_text(row, "kind"))
		return;
	buf_clear(&all->json);
	if (name && strlen(name) < sizeof(path))
		strcpy(path, name);
	while (*path && strcmp(path, "/") != 0) {
		char *slash = strrchr(path, '/');

		if (find(all, path, name, &v))
			offer(all, &v, row);
		*(slash ? slash : path) = '\0';
	}
	if (core_view(core, core_next(core, SLOT_NONE), &v))
		offer(all, &v, row);
}

/* ---- life ---- */

int on_event_open(struct daemon *d)
{
	struct on_events *all = calloc(1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	all->plain = exec_new();
	if (!all->plain) {
		free(all);
		return -ENOMEM;
	}
	all->daemon = d;
	all->slot = SLOT_NONE;
	list_init(&all->watchers);
	list_init(&all->runs);
	list_init(&all->listener.link);
	all->listener.call = on_event;
	all->listener.owner = all;
	all->go.call = on_go;
	all->go.owner = all;
	events_listen(d, &all->listener);
	d->on_event = all;
	return 0;
}

/* What waits has its turn, where its rate allows it. */
static void finish(struct on_events *all)
{
	const int signal_fd = all->daemon->processes ? all->daemon->processes->signal_fd : -1;
	const struct mono end = mono_add(loop_now(), CLOSE_LIMIT);
	struct pollfd ended = {.fd = signal_fd, .events = POLLIN};
	struct signalfd_siginfo signal;

	if (signal_fd < 0)
		return;
	for (turn(all); all->n_running && loop_now().ns < end.ns; turn(all)) {
		if (poll(&ended, 1, CLOSE_LOOK) == 1 &&
		    read(signal_fd, &signal, sizeof(signal)) < 0 && errno != EAGAIN &&
		    errno != EINTR)
			return;
		event_run_look_at_all(all);
	}
}

void on_event_close(struct daemon *d)
{
	struct on_events *all = d->on_event;
	size_t left;

	if (!all)
		return;
	events_unlisten(&all->listener);
	finish(all);
	left = all->n_running;
	event_run_kill_all(all);
	LIST_EACH (l, &all->watchers)
		left += LIST_ENTRY(l, struct watcher, link)->n_waiting;
	if (left)
		log_line(LOG_AT_WARNING,
			 "on_event: supd ends, and %zu event%s had no run, or one that was not "
			 "over in time",
			 left, left == 1 ? "" : "s");
	while (!list_is_empty(&all->watchers))
		watcher_free(all, LIST_ENTRY(all->watchers.next, struct watcher, link));
	loop_timer_stop(d->loop, &all->go);
	map_fini(&all->by_record);
	map_fini(&all->by_os_pid);
	buf_fini(&all->json);
	exec_free(all->plain);
	free(all);
	d->on_event = NULL;
}
