/* SPDX-License-Identifier: MIT */

/*
 * inotify tells which files have changed, so that a line is here as soon as it is written. It does
 * not tell all: splice() into a file, which raw logs are written by, is told of only by Linux 6.5
 * and later; network file systems tell nothing; there may be no more watches to be had. So the
 * files' sizes are looked at now and then as well. What waits longer than that for its line's end
 * is shown without it: a question, say, behind which a service waits for the answer.
 */

#include "supctl/logs_follow.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "base/map.h"

/* Between two looks at the sizes of that many files. */
#define LOOK_MS 500
#define LOOK_FILES 2000
/* Looks between two searches for new ones, where nobody tells of them. */
#define SEARCH_LOOKS 4

#define CHANGES                                                                             \
	(IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | \
	 IN_MOVE_SELF | IN_ONLYDIR)

struct follow {
	struct log_set *set;
	int fd;                /* owned; inotify; -1: there is none */
	struct map folders;    /* watch -> its folder's path, owned */
	struct strmap by_file; /* -> series */
	bool search;           /* folders or logs may have come that are not known */
	bool deaf;             /* not all folders are watched */
	unsigned looks;
};

/* ---- folders ---- */

static void watch_folder(void *owner, const char *folder)
{
	struct follow *f = owner;
	struct buf path CLEANUP(buf_fini) = BUF_INIT;
	char *copy;
	int wd;

	buf_printf(&path, "%s/%s", f->set->places->dir, folder);
	wd = f->fd < 0 || path.error ? -1 : inotify_add_watch(f->fd, buf_text(&path), CHANGES);
	if (wd >= 0 && map_get(&f->folders, (uint64_t)wd))
		return;
	copy = wd < 0 ? NULL : strdup(folder);
	if (copy && map_set(&f->folders, (uint64_t)wd, copy) == 0)
		return;
	free(copy);
	f->deaf = true;
}

/* Those of the logs that are there already. */
static void watch_their_folders(struct follow *f)
{
	for (size_t i = 0; i < f->set->n; i++) {
		const char *file = f->set->all[i]->file;
		char *folder CLEANUP(cleanup_free) =
			strndup(file, (size_t)(name_base(file) - file));

		if (folder)
			watch_folder(f, folder);
	}
}

/* The same folder keeps its watch. */
static void forget_folders(struct follow *f)
{
	for (size_t i = 0; i < f->folders.capacity; i++)
		if (f->folders.slots[i].key)
			free(f->folders.slots[i].value);
	map_fini(&f->folders);
}

static int know(struct follow *f, size_t first)
{
	for (size_t i = first; i < f->set->n; i++)
		if (strmap_set(&f->by_file, f->set->all[i]->file, f->set->all[i]) < 0)
			return -ENOMEM;
	return 0;
}

static bool has_line(const struct follow *f, const struct log_series *s)
{
	for (size_t i = 0; i < f->set->merge.n; i++)
		if (f->set->merge.heap[i] == s)
			return true;
	return false;
}

static int look_at(struct follow *f, struct log_series *s)
{
	return has_line(f, s) ? 0 : log_merge_add(&f->set->merge, s);
}

/* Logs that have come are read from their beginning. */
static int find_more(struct follow *f)
{
	struct log_places *places = f->set->places;
	size_t n_places = places->n, n = f->set->n;
	int r;

	places->on_folder = watch_folder;
	places->owner = f;
	r = logs_find(places);
	places->on_folder = NULL;
	if (places->n > n_places && r != -ENOMEM)
		r = log_set_add(f->set, n_places);
	return r == -ENOMEM ? r : know(f, n);
}

/* Looks for folders, and logs, that have come. */
static int search(struct follow *f)
{
	int r = 0;

	forget_folders(f);
	f->search = false;
	/* The folder may be another one under the same name, or may come back. */
	f->deaf = log_pool_reopen(&f->set->pool) < 0 || f->fd < 0;
	if (f->set->grows)
		r = find_more(f);
	else
		watch_their_folders(f);
	for (size_t i = 0; r == 0 && i < f->set->n; i++)
		r = look_at(f, f->set->all[i]);
	return r;
}

/* ---- changes ---- */

static int take_event(struct follow *f, const struct inotify_event *event)
{
	const char *folder = event->wd < 0 ? NULL : map_get(&f->folders, (uint64_t)event->wd);
	struct buf path CLEANUP(buf_fini) = BUF_INIT, name CLEANUP(buf_fini) = BUF_INIT;
	struct log_series *s;
	size_t size;

	if (event->mask & (IN_Q_OVERFLOW | IN_IGNORED | IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF))
		f->search = true;
	if (!folder || !event->len || (event->mask & IN_ISDIR))
		return 0;
	buf_printf(&path, "%s%s", folder, event->name);
	if (!log_name_of_file(buf_text(&path), &name, &size) || path.error)
		return path.error;
	path.data[size] = '\0';
	s = strmap_get(&f->by_file, path.data);
	if (s)
		return look_at(f, s);
	f->search |= (event->mask & (IN_CREATE | IN_MOVED_TO)) != 0;
	return 0;
}

static int take_events(struct follow *f)
{
	_Alignas(struct inotify_event) char events[65536];
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = read(f->fd, events, sizeof(events))) > 0) {
		for (char *at = events; r == 0 && at < events + n;) {
			const struct inotify_event *event = (const void *)at;

			r = take_event(f, event);
			at += sizeof(*event) + event->len;
		}
	}
	return r;
}

/* By their sizes. */
static int look_at_all(struct follow *f)
{
	int r = 0;

	for (size_t i = 0; i < f->set->n && r == 0; i++) {
		struct log_series *s = f->set->all[i];

		if (!log_files_changed(s))
			continue;
		r = look_at(f, s);
		if (r == 0 && s->waits && !has_line(f, s) && log_series_rest(s) > 0)
			log_show_line(&f->set->show, s);
	}
	f->search |= f->deaf && ++f->looks % SEARCH_LOOKS == 0;
	return r;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until something has changed, or it is time to look. -EPIPE: who reads us has gone. */
static int wait_for_change(struct follow *f, int64_t look)
{
	struct pollfd fds[] = {{.fd = f->fd, .events = POLLIN}, {.fd = STDOUT_FILENO}};
	int64_t left = look - now_ms();

	if (poll(fds, ARRAY_LEN(fds), left > 0 ? (int)left : 0) < 0)
		return errno == EINTR ? 0 : -errno;
	return fds[1].revents & (POLLERR | POLLHUP | POLLNVAL) ? -EPIPE : 0;
}

static int follow_on(struct follow *f)
{
	int64_t pause = LOOK_MS * (1 + (int64_t)(f->set->n / LOOK_FILES));
	int64_t look = now_ms() + pause;
	int r = 0;

	while (r == 0) {
		if (!log_show_flush(&f->set->show))
			return -EPIPE;
		r = wait_for_change(f, look);
		if (r == 0 && f->fd >= 0)
			r = take_events(f);
		if (r == 0 && now_ms() >= look) {
			r = look_at_all(f);
			look = now_ms() + pause;
		}
		if (r == 0 && f->search)
			r = search(f);
		if (r == 0)
			r = log_merge_show(&f->set->merge, 0, &f->set->show);
	}
	return r;
}

int log_set_follow(struct log_set *set)
{
	struct follow f = {.set = set};
	int r;

	f.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	r = know(&f, 0);
	if (r == 0)
		r = search(&f);
	if (r == 0)
		r = log_merge_show(&set->merge, 0, &set->show);
	if (r == 0)
		r = follow_on(&f);
	forget_folders(&f);
	strmap_fini(&f.by_file);
	if (f.fd >= 0)
		close(f.fd);
	return r;
}
