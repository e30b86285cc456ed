/* SPDX-License-Identifier: MIT */

/* A name is what stands in front of the time, the time, and one of the endings; what is not all of
 * that is no old file of the log. */

#include "logs/name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/macros.h"

static void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

const char *name_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *name_make(const char *log, const struct logs_name *name)
{
	struct buf b = BUF_INIT;
	char time[UTC_COMPACT_SIZE];

	utc_write_compact(name->time, time);
	buf_puts(&b, log);
	buf_putc(&b, '.');
	buf_append(&b, time, sizeof(time));
	buf_puts(&b, logs_packing_endings[name->packing]);
	if (name->unfinished)
		buf_puts(&b, LOGS_TMP);
	return buf_take(&b);
}

/* What stands behind the time. */
static bool parse_ending(const char *text, struct logs_name *name)
{
	for (enum logs_packing p = LOGS_PLAIN; p < LOGS_N_PACKINGS; p++) {
		const char *ending = logs_packing_endings[p];
		size_t size = strlen(ending);

		if (strncmp(text, ending, size) != 0)
			continue;
		name->packing = p;
		name->unfinished = strcmp(text + size, LOGS_TMP) == 0;
		if (name->unfinished || text[size] == '\0')
			return true;
	}
	return false;
}

bool name_parse(const char *log, const char *entry, struct logs_name *ret_name)
{
	size_t size = strlen(log);
	struct logs_name name = {0};

	if (strncmp(entry, log, size) != 0 || entry[size] != '.')
		return false;
	entry += size + 1;
	if (utc_read_compact(entry, strlen(entry), &name.time))
		return false;
	if (!parse_ending(entry + UTC_COMPACT_SIZE, &name))
		return false;
	*ret_name = name;
	return true;
}

/* The folder of log, below dir; NULL with errno. */
static DIR *open_folder(int dir, const char *log)
{
	size_t size = (size_t)(name_base(log) - log);
	char *folder CLEANUP(cleanup_free) = size > 0 ? strndup(log, size) : strdup(".");
	DIR *opened;
	int fd, error;

	if (!folder) {
		errno = ENOMEM;
		return NULL;
	}
	fd = openat(dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	opened = fdopendir(fd);
	if (!opened) {
		error = errno;
		close(fd);
		errno = error;
	}
	return opened;
}

static int by_time(const void *a, const void *b)
{
	const struct logs_name *x = a, *y = b;

	if (x->time.us != y->time.us)
		return x->time.us < y->time.us ? -1 : 1;
	return (int)x->packing - (int)y->packing;
}

/* Of those of one time the first is kept, a plain one where there is one. */
static void sort(struct logs_names *names)
{
	size_t kept = 0;

	if (names->n == 0)
		return;
	qsort(names->names, names->n, sizeof(*names->names), by_time);
	for (size_t i = 1; i < names->n; i++) {
		if (names->names[i].time.us != names->names[kept].time.us)
			names->names[++kept] = names->names[i];
	}
	names->n = kept + 1;
}

static int add(struct logs_names *names, size_t *room, const struct logs_name *name)
{
	if (names->n == *room) {
		size_t wanted = MAX_OF(*room * 2, (size_t)16);
		void *more = reallocarray(names->names, wanted, sizeof(*names->names));

		if (!more)
			return -ENOMEM;
		names->names = more;
		*room = wanted;
	}
	names->names[names->n++] = *name;
	return 0;
}

/* The next old file of the folder: 1, 0 at the end, -errno. */
static int next_entry(DIR *folder, const char *log, struct logs_name *ret_name)
{
	const struct dirent *entry;

	for (;;) {
		errno = 0;
		entry = readdir(folder);
		if (!entry)
			return -errno;
		if (name_parse(log, entry->d_name, ret_name))
			return 1;
	}
}

int names_list(int dir, const char *log, struct logs_names *ret_names)
{
	DIR *folder CLEANUP(cleanup_dir) = open_folder(dir, log);
	struct logs_names names CLEANUP(names_fini) = {0};
	struct logs_name name;
	size_t room = 0;
	int r;

	if (!folder && errno != ENOENT)
		return -errno;
	while (folder && (r = next_entry(folder, name_base(log), &name)) != 0) {
		if (r > 0 && !name.unfinished)
			r = add(&names, &room, &name);
		if (r < 0)
			return r;
	}
	sort(&names);
	*ret_names = names;
	names = (struct logs_names){0};
	return 0;
}

int names_remove_unfinished(int dir, const char *log)
{
	DIR *folder CLEANUP(cleanup_dir) = open_folder(dir, log);
	struct logs_name name = {0};
	int r;

	if (!folder)
		return errno == ENOENT ? 0 : -errno;
	while ((r = next_entry(folder, name_base(log), &name)) > 0) {
		char *entry CLEANUP(cleanup_free) = NULL;

		if (!name.unfinished)
			continue;
		entry = name_make(name_base(log), &name);
		if (!entry)
			return -ENOMEM;
		if (unlinkat(dirfd(folder), entry, 0) != 0 && errno != ENOENT)
			return -errno;
	}
	return r;
}

void names_fini(struct logs_names *names)
{
	free(names->names);
	*names = (struct logs_names){0};
}

/* ---- services ---- */

#define SERVICES "services/"
#define LIVE ".log"

/* The ~ at the end of a folder's name that has .log before them; -1: it has not. */
static int tildes(const char *folder, size_t size)
{
	const size_t end = strlen(LIVE);
	size_t n = 0;

	while (n < size && folder[size - n - 1] == '~')
		n++;
	if (size - n < end || memcmp(folder + size - n - end, LIVE, end) != 0)
		return -1;
	return (int)n;
}

int name_put_service_file(struct buf *out, const char *service)
{
	const char *slash;

	buf_puts(out, SERVICES);
	for (; (slash = strchr(service, '/')); service = slash + 1) {
		buf_append(out, service, (size_t)(slash - service));
		buf_puts(out, tildes(service, (size_t)(slash - service)) >= 0 ? "~/" : "/");
	}
	buf_puts(out, service);
	return buf_puts(out, LIVE);
}

bool name_is_service_file(const char *path, size_t size)
{
	const size_t begin = strlen(SERVICES), end = strlen(LIVE);

	return size > begin + end && memcmp(path, SERVICES, begin) == 0 &&
	       memcmp(path + size - end, LIVE, end) == 0;
}

int name_put_service(struct buf *out, const char *path, size_t size)
{
	const char *at = path + strlen(SERVICES), *end = path + size - strlen(LIVE), *slash;

	for (; (slash = memchr(at, '/', (size_t)(end - at))); at = slash + 1) {
		buf_append(out, at, (size_t)(slash - at) - (tildes(at, (size_t)(slash - at)) > 0));
		buf_putc(out, '/');
	}
	return buf_append(out, at, (size_t)(end - at));
}
