/* SPDX-License-Identifier: MIT */

/* Files of logs: which there are, and those that are open. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "supctl/logs_series.h"

/* Left for all else that is open: folders, the terminal, the daemon. */
#define OTHER_FILES 32
/* A reader has a buffer: more open files than that are no faster. */
#define MOST_OPEN 1024

/* ---- the pool ---- */

int log_pool_open(struct log_pool *pool, const char *dir, const struct log_wish *wish)
{
	struct rlimit limit;

	*pool = (struct log_pool){.wish = wish, .path = dir, .dir = -1, .most_open = 1};
	pool->scratch = BUF_INIT;
	list_init(&pool->used);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
		pool->most_open = limit.rlim_cur > OTHER_FILES + MOST_OPEN ? MOST_OPEN
				  : limit.rlim_cur > OTHER_FILES ? limit.rlim_cur - OTHER_FILES
								 : 1;
	}
	pool->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return pool->dir < 0 ? -errno : 0;
}

int log_pool_reopen(struct log_pool *pool)
{
	struct stat now, ours;
	int fd = open(pool->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &now) == 0 && fstat(pool->dir, &ours) == 0 && now.st_dev == ours.st_dev &&
	    now.st_ino == ours.st_ino) {
		close(fd);
		return 0;
	}
	close(pool->dir);
	pool->dir = fd;
	return 0;
}

void log_pool_close(struct log_pool *pool)
{
	if (pool->dir >= 0)
		close(pool->dir);
	buf_fini(&pool->scratch);
}

/* The path of the file in hand, below the folder; owned, NULL without memory. */
static char *file_in_hand(const struct log_series *s)
{
	for (size_t i = 0; i < s->old.n; i++)
		if (s->old.names[i].time.us == s->at.us)
			return name_make(s->file, &s->old.names[i]);
	return strdup(s->file);
}

void log_series_complain(struct log_series *s, int error)
{
	char *file CLEANUP(cleanup_free) = file_in_hand(s);
	const char *path = s->pool->path;

	s->pool->failed = true;
	s->pool->refused |= error == -EACCES || error == -EPERM;
	if (s->told)
		return;
	s->told = true;
	if (error == -ELOOP)
		complain("%s/%s: a symbolic link, which is not followed: read what it leads to",
			 path, s->file);
	else if (error == -EINVAL)
		complain("%s/%s: not a regular file", path, s->file);
	else if (error == -EBADMSG || error == -ENODATA)
		complain("%s/%s is damaged: what can be read of it is shown", path,
			 file ? file : s->file);
	else
		complain("%s/%s: %s%s", path, s->file, strerror(-error), log_rights_hint(error));
}

/* ---- which there are ---- */

static int add_old(struct log_series *s, const struct logs_name *name)
{
	struct logs_names *old = &s->old;
	struct logs_name *names = old->names;

	/* Room doubles at each power of two. */
	if ((old->n & (old->n - 1)) == 0)
		names = reallocarray(names, old->n ? old->n * 2 : 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	old->names = names;
	names[old->n++] = *name;
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct logs_name *x = a, *y = b;

	if (x->time.us != y->time.us)
		return x->time.us < y->time.us ? -1 : 1;
	return (int)x->packing - (int)y->packing;
}

/* Of those of one time the plain one counts (logs/name.h). */
static void sort_old(struct logs_names *old)
{
	size_t kept = 0;

	if (!old->n)
		return;
	qsort(old->names, old->n, sizeof(*old->names), by_time);
	for (size_t i = 1; i < old->n; i++)
		if (old->names[i].time.us != old->names[kept].time.us)
			old->names[++kept] = old->names[i];
	old->n = kept + 1;
}

static struct utc newest_old(const struct log_series *s)
{
	return s->old.n ? s->old.names[s->old.n - 1].time : (struct utc){-1};
}

/* One folder, in which some of the logs are: path ends with "/", or is "". */
static int list_folder(struct log_pool *pool, const struct strmap *by_file, const char *path)
{
	struct buf *name = &pool->scratch, whose CLEANUP(buf_fini) = BUF_INIT;
	int fd = openat(pool->dir, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!folder && fd >= 0)
		close(fd);
	while (folder && r == 0 && (entry = readdir(folder))) {
		struct log_series *s;
		struct logs_name old;
		size_t size;

		buf_clear(name);
		buf_clear(&whose);
		buf_printf(name, "%s%s", path, entry->d_name);
		if (name->error)
			r = -ENOMEM;
		else if (log_name_of_file(buf_text(name), &whose, &size) && size < name->size) {
			name->data[size] = '\0';
			s = strmap_get(by_file, name->data);
			if (s && name_parse(name_base(s->file), entry->d_name, &old) &&
			    !old.unfinished)
				r = add_old(s, &old);
		}
	}
	if (folder)
		closedir(folder);
	return r;
}

/* That is the live file. Who does not follow reads what is there now, whatever comes meanwhile. */
static void set_live(struct log_series *s, const struct stat *st)
{
	s->has_live = true;
	s->dev = st->st_dev;
	s->ino = st->st_ino;
	s->limit = s->pool->wish->follow ? -1 : st->st_size;
	s->known = newest_old(s);
}

/* Before its folder is read: should it become an old one meanwhile, it is found as that. */
static void look_at_live(struct log_series *s)
{
	struct stat st;

	if (fstatat(s->pool->dir, s->file, &st, AT_SYMLINK_NOFOLLOW) == 0)
		set_live(s, &st);
}

static int list_folders(struct log_pool *pool, const struct strmap *by_file,
			struct log_series *const *all, size_t n)
{
	struct strmap seen = {0};
	char **folders = calloc(n, sizeof(*folders));
	int r = folders ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && r == 0; i++) {
		size_t size = (size_t)(name_base(all[i]->file) - all[i]->file);

		folders[i] = strndup(all[i]->file, size);
		if (!folders[i])
			r = -ENOMEM;
		else if (!strmap_get(&seen, folders[i])) {
			r = strmap_set(&seen, folders[i], folders[i]);
			r = r ? r : list_folder(pool, by_file, folders[i]);
		}
	}
	for (size_t i = 0; folders && i < n; i++)
		free(folders[i]);
	free(folders);
	strmap_fini(&seen);
	return r;
}

int log_files_list(struct log_pool *pool, struct log_series *const *all, size_t n)
{
	struct strmap by_file = {0};
	int r = n ? strmap_reserve(&by_file, n) : 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		look_at_live(all[i]);
		r = strmap_set(&by_file, all[i]->file, all[i]);
	}
	if (r == 0 && n)
		r = list_folders(pool, &by_file, all, n);
	for (size_t i = 0; i < n && r == 0; i++) {
		sort_old(&all[i]->old);
		all[i]->known = newest_old(all[i]);
		all[i]->at = all[i]->old.n ? all[i]->old.names[0].time : LOG_LIVE;
	}
	strmap_fini(&by_file);
	return r;
}

int log_files_again(struct log_series *s)
{
	struct logs_names old;
	int r = names_list(s->pool->dir, s->file, &old);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return 0;
	names_fini(&s->old);
	s->old = old;
	return 0;
}

struct utc log_files_next(const struct log_series *s, struct utc at)
{
	for (size_t i = 0; i < s->old.n; i++)
		if (s->old.names[i].time.us > at.us)
			return s->old.names[i].time;
	return LOG_LIVE;
}

static const struct logs_name *find_old(const struct log_series *s, struct utc at)
{
	for (size_t i = 0; i < s->old.n; i++)
		if (s->old.names[i].time.us == at.us)
			return &s->old.names[i];
	return NULL;
}

/* ---- open ones ---- */

void log_files_shut(struct log_series *s)
{
	if (!s->reader)
		return;
	reader_free(TAKE(s->reader));
	list_unlink(&s->used);
	s->pool->n_open--;
}

/* Closes the one that was not used for the longest time. */
static bool make_room(struct log_pool *pool)
{
	struct list *first = list_is_empty(&pool->used) ? NULL : pool->used.next;

	if (first)
		log_files_shut(LIST_ENTRY(first, struct log_series, used));
	return first;
}

/* What is in a file says its first line: a log's format may have been another one then. */
static int guess_format(struct log_series *s, struct reader *reader, enum logs_format *ret_format)
{
	struct log_line line;
	int r = reader_next(reader, &line);

	s->timeless = r > 0 && !line.has_time;
	*ret_format = r > 0 && line.name ? LOGS_JSON : LOGS_TEXT;
	return r == -ENOMEM ? r : reader_rewind(reader);
}

static int open_as(struct log_pool *pool, const char *path, enum logs_format format,
		   struct reader **ret_reader)
{
	int r;

	do
		r = reader_open(pool->dir, path, format, true, ret_reader);
	while ((r == -EMFILE || r == -ENFILE) && make_room(pool));
	return r;
}

static int open_reader(struct log_series *s, const char *path)
{
	bool raw = s->kind == LOG_OF_DAEMON || (s->raw && s->at.us == LOG_LIVE.us);
	enum logs_format format = raw ? LOGS_RAW : LOGS_TEXT;
	struct log_pool *pool = s->pool;
	struct reader *reader;
	int r;

	while (pool->n_open >= pool->most_open)
		make_room(pool);
	r = open_as(pool, path, format, &reader);
	s->timeless = raw && s->kind != LOG_OF_DAEMON;
	if (r == 0 && !raw) {
		r = guess_format(s, reader, &format);
		if (r || format != LOGS_TEXT)
			reader_free(TAKE(reader));
		if (r == 0 && format != LOGS_TEXT)
			r = open_as(pool, path, format, &reader);
	}
	if (r)
		return r;
	s->reader = reader;
	list_init(&s->used);
	list_append(&pool->used, &s->used);
	pool->n_open++;
	return 0;
}

int log_files_find_former(struct log_series *s)
{
	struct utc next;
	int r = log_files_again(s);

	if (r)
		return r;
	next = log_files_next(s, s->known);
	s->has_live = false;
	if (next.us == LOG_LIVE.us)
		s->offset = 0;
	s->at = next;
	return 0;
}

/* A live file that was not known. While there was none, or before it was looked at, there may have
 * been others, which are old ones by now. */
static int adopt_live(struct log_series *s)
{
	struct utc next = LOG_LIVE;
	struct stat st;
	int r = 0;

	if (s->pool->wish->follow) {
		r = log_files_again(s);
		next = log_files_next(s, s->known);
	}
	if (r == 0 && next.us != LOG_LIVE.us) {
		log_files_shut(s);
		s->at = next;
		return log_files_open(s);
	}
	if (r || !s->reader)
		return r;
	if (fstat(reader_fd(s->reader), &st) < 0)
		return -errno;
	set_live(s, &st);
	return 1;
}

static int open_live(struct log_series *s)
{
	int r = open_reader(s, s->file);
	struct stat st;

	if (r != 0 && r != -ENOENT)
		return r;
	if (!s->has_live)
		return adopt_live(s);
	if (r == 0 && fstat(reader_fd(s->reader), &st) == 0 && st.st_dev == s->dev &&
	    st.st_ino == s->ino)
		return 1;
	log_files_shut(s);
	r = log_files_find_former(s);
	return r ? r : log_files_open(s);
}

/* An old one may have been packed, or removed, since it was looked for. */
static int open_old(struct log_series *s)
{
	for (int i = 0; i < 2; i++) {
		const struct logs_name *name = find_old(s, s->at);
		char *path CLEANUP(cleanup_free) = name ? name_make(s->file, name) : NULL;
		int r;

		if (name && !path)
			return -ENOMEM;
		r = name ? open_reader(s, path) : -ENOENT;
		if (r == 0)
			return 1;
		if (r != -ENOENT)
			return r;
		r = i == 0 ? log_files_again(s) : 0;
		if (r)
			return r;
	}
	return 0;
}

int log_files_open(struct log_series *s)
{
	int r;

	if (s->reader) {
		list_unlink(&s->used);
		list_append(&s->pool->used, &s->used);
		return 1;
	}
	r = s->at.us == LOG_LIVE.us ? open_live(s) : open_old(s);
	if (r > 0 && s->offset)
		r = reader_go(s->reader, s->offset) == -ENOMEM ? -ENOMEM : 1;
	if (r < 0 && r != -ENOMEM)
		log_series_complain(s, r);
	return r;
}

bool log_files_changed(struct log_series *s)
{
	bool same = false;
	struct stat st;

	if (fstatat(s->pool->dir, s->file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return s->at.us != LOG_LIVE.us || s->has_live;
	if (s->at.us != LOG_LIVE.us || !s->has_live || st.st_dev != s->dev || st.st_ino != s->ino)
		return true;
	same = st.st_size == s->seen;
	s->seen = st.st_size;
	s->waits = same && st.st_size > s->offset;
	return st.st_size != s->offset;
}

bool log_files_rotated(const struct log_series *s)
{
	struct stat st;

	if (fstatat(s->pool->dir, s->file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT;
	return st.st_dev != s->dev || st.st_ino != s->ino;
}
