/* SPDX-License-Identifier: MIT */

/*
 * Logs as they lie in their folder, where no daemon says which there are:
 *
 *   supd.log                  the daemon's own
 *   services/web/api.log      of web/api
 *   services/web/api.log.TIME an old one (logs/name.h); the live one may be missing
 *
 * Symbolic links are not followed, however they come to be there.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "logs/name.h"
#include "supctl/logs.h"

#define DAEMON_FILE "supd.log"
#define DAEMON_NAME "supd"
#define SERVICES "services/"
#define ENDING ".log"

/* The end of a live file's path in one of a live or an old file; 0: it is neither. */
static size_t live_size(const char *path)
{
	const char *base = name_base(path);
	size_t size = strlen(path), end = strlen(ENDING);
	struct logs_name old;

	if (strlen(base) > end && strcmp(path + size - end, ENDING) == 0)
		return size;
	for (const char *at = base + 1; *base && (at = strstr(at, ENDING ".")); at++) {
		char log[NAME_MAX + 1];
		size_t length = (size_t)(at - base) + end;

		if (length > NAME_MAX)
			break;
		memcpy(log, base, length);
		log[length] = '\0';
		if (name_parse(log, base, &old))
			return (size_t)(base - path) + length;
	}
	return 0;
}

bool log_name_of_file(const char *path, struct buf *out, size_t *ret_size)
{
	size_t size = live_size(path);

	if (size == strlen(DAEMON_FILE) && strncmp(path, DAEMON_FILE, size) == 0) {
		*ret_size = size;
		return buf_puts(out, DAEMON_NAME) == 0;
	}
	if (!name_is_service_file(path, size))
		return false;
	*ret_size = size;
	return name_put_service(out, path, size) == 0;
}

/* ---- walking ---- */

struct walk {
	struct log_places *places;
	int dir;
	char **folders; /* owned; paths below dir, each ending with "/"; that are still to be read
			 */
	size_t n;
};

static void walk_fini(struct walk *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->folders[i]);
	free(w->folders);
	if (w->dir >= 0)
		close(w->dir);
}

static int push_folder(struct walk *w, const char *path)
{
	char **folders = reallocarray(w->folders, w->n + 1, sizeof(*folders));
	struct buf copy = BUF_INIT;

	if (!folders)
		return -ENOMEM;
	w->folders = folders;
	buf_printf(&copy, "%s/", path);
	folders[w->n] = buf_take(&copy);
	return folders[w->n++] ? 0 : -ENOMEM;
}

static bool is_meant(const struct log_places *places, const char *name, bool daemon)
{
	for (int i = 0; i < places->n_args; i++) {
		const char *arg = places->args[i];

		if (daemon ? strcmp(arg, DAEMON_NAME) == 0 : path_has(arg, name))
			return true;
	}
	return places->n_args == 0;
}

static bool is_named(const struct log_places *places, const char *name)
{
	for (int i = 0; i < places->n_args; i++)
		if (strcmp(places->args[i], name) == 0)
			return true;
	return false;
}

static int take_file(struct walk *w, const char *path)
{
	struct buf name CLEANUP(buf_fini) = BUF_INIT;
	char *file CLEANUP(cleanup_free) = NULL;
	struct log_place *place;
	bool daemon;
	size_t size;
	int r;

	if (!log_name_of_file(path, &name, &size))
		return name.error;
	daemon = strncmp(path, SERVICES, sizeof(SERVICES) - 1) != 0;
	file = strndup(path, size);
	if (!file)
		return -ENOMEM;
	if (!is_meant(w->places, buf_text(&name), daemon))
		return 0;
	r = log_places_add(w->places, buf_text(&name), file, &place);
	if (r <= 0)
		return r;
	place->kind = daemon ? LOG_OF_DAEMON : LOG_OF_SERVICE;
	place->named = is_named(w->places, place->name);
	return 0;
}

static int take_entry(struct walk *w, const char *folder, const struct dirent *entry)
{
	struct buf path CLEANUP(buf_fini) = BUF_INIT;
	struct stat st;

	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return 0;
	if (buf_printf(&path, "%s%s", folder, entry->d_name) < 0)
		return -ENOMEM;
	/* What is gone meanwhile is none. */
	if (fstatat(w->dir, buf_text(&path), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return strncmp(buf_text(&path), SERVICES, sizeof(SERVICES) - 2) == 0
			       ? push_folder(w, buf_text(&path))
			       : 0;
	return S_ISREG(st.st_mode) ? take_file(w, buf_text(&path)) : 0;
}

/* One folder; "" is the one at the top. */
static int walk_folder(struct walk *w, const char *folder)
{
	int fd = openat(w->dir, *folder ? folder : ".",
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *opened = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = opened ? 0 : -errno;

	if (w->places->on_folder)
		w->places->on_folder(w->places->owner, folder);
	if (!opened) {
		if (fd >= 0)
			close(fd);
		if (!*folder)
			return r;
		/* What is gone meanwhile is none. */
		if (r != -ENOENT)
			complain("%s/%s: %s%s", w->places->dir, folder, strerror(-r),
				 log_rights_hint(r));
		return 0;
	}
	while (r == 0 && (entry = readdir(opened)))
		r = take_entry(w, folder, entry);
	closedir(opened);
	return r;
}

static int by_name(const void *a, const void *b)
{
	const struct log_place *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind == LOG_OF_DAEMON ? -1 : 1;
	return strcmp(x->name, y->name);
}

int logs_find(struct log_places *places)
{
	struct walk w CLEANUP(walk_fini) = {.places = places};
	size_t before = places->n;
	int r;

	w.dir = open(places->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w.dir < 0)
		return -errno;
	r = walk_folder(&w, "");
	while (r == 0 && w.n) {
		char *folder CLEANUP(cleanup_free) = w.folders[--w.n];

		r = walk_folder(&w, folder);
	}
	if (r == 0 && places->n > before)
		qsort(places->all + before, places->n - before, sizeof(*places->all), by_name);
	return r;
}
