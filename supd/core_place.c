/* SPDX-License-Identifier: MIT */

/*
 * Each part of the pattern is put out twice: as what it most likely was, and, where that is a
 * guess, as a star for the search. A name without %p has the OS pid behind it where core_uses_pid
 * says so. What a value has of slashes the kernel makes exclamation marks, and so do we.
 */

#include "supd/core_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Names of one folder that are looked at. */
#define NAMES_MAX 10000
/* The kernel's clock for files is a tick behind. */
#define TOLERANCE 2

struct expansion {
	const struct core_of *of;
	struct buf *likely, *glob;
	bool guessed, has_pid;
};

/* ---- parts ---- */

static void put_glob(struct buf *glob, char c)
{
	if (strchr("*?[]\\", c) && c)
		buf_putc(glob, '\\');
	buf_putc(glob, c);
}

static void put_known(struct expansion *x, const char *text)
{
	for (; *text; text++) {
		buf_putc(x->likely, *text);
		put_glob(x->glob, *text);
	}
}

/* A value from outside: it names no folder. */
static void put_value(struct expansion *x, const char *text, bool guessed)
{
	for (const char *p = text; *p; p++) {
		char c = *p == '/' ? '!' : *p;

		buf_putc(x->likely, c);
		if (!guessed)
			put_glob(x->glob, c);
	}
	if (guessed)
		buf_putc(x->glob, '*');
	x->guessed |= guessed;
}

static void put_number(struct expansion *x, uint64_t number, bool guessed)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	put_value(x, text, guessed);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void put_part(struct expansion *x, char which)
{
	const struct core_of *of = x->of;
	char host[256] = "";

	switch (which) {
	case '%':
		put_known(x, "%");
		break;
	case 'p':
	case 'P':
		x->has_pid = true;
		put_number(x, (uint64_t)of->os_pid, which == 'P');
		break;
	case 'i':
	case 'I':
		put_number(x, (uint64_t)of->os_pid, true);
		break;
	case 'u':
		put_number(x, of->uid, false);
		break;
	case 'g':
		put_number(x, of->gid, false);
		break;
	case 's':
		put_number(x, (uint64_t)of->unix_signal, false);
		break;
	case 'c':
		put_number(x, of->limit, false);
		break;
	case 'd':
		put_number(x, 1, true);
		break;
	case 't':
		put_number(x, (uint64_t)time(NULL), true);
		break;
	case 'h':
		gethostname(host, sizeof(host) - 1);
		put_value(x, host, false);
		break;
	case 'e':
		put_value(x, of->comm ? of->comm : "", true);
		break;
	case 'f':
		put_value(x, of->exe ? base_name(of->exe) : "", true);
		break;
	case 'E':
		put_value(x, of->exe ? of->exe : "", true);
		break;
	case 'C':
		put_value(x, "0", true);
		break;
	default:
		break; /* the kernel leaves it out */
	}
}

static void expand(struct expansion *x, const char *pattern, bool uses_pid)
{
	for (; *pattern && *pattern != '\n'; pattern++) {
		char one[2] = {*pattern, '\0'};

		if (*pattern != '%')
			put_known(x, one);
		else if (pattern[1] && pattern[1] != '\n')
			put_part(x, *++pattern);
	}
	if (uses_pid && !x->has_pid) {
		put_known(x, ".");
		put_number(x, (uint64_t)x->of->os_pid, false);
	}
}

/* ---- places ---- */

void core_place_fini(struct core_place *place)
{
	buf_fini(&place->path);
	buf_fini(&place->glob);
}

/* "|/usr/lib/systemd/systemd-coredump %P %u", "@/run/coredump.socket", "@@/run/...". */
static int find_taker(const char *pattern, struct core_place *place)
{
	place->kind = *pattern == '|' ? CORE_PROGRAM : CORE_SOCKET;
	pattern += strspn(pattern, "|@ ");
	return buf_append(&place->path, pattern, strcspn(pattern, " \n"));
}

/* A pattern of a folder can not be looked for: there the likeliest alone counts. */
static void settle_glob(struct core_place *place, bool guessed)
{
	char *slash = place->glob.data ? strrchr(place->glob.data, '/') : NULL;

	if (!guessed)
		buf_clear(&place->glob);
	else if (slash)
		buf_consume(&place->glob, (size_t)(slash + 1 - place->glob.data));
}

int core_place_find(const char *pattern, bool uses_pid, const struct core_of *of,
		    struct core_place *ret_place)
{
	struct expansion x = {.of = of, .likely = &ret_place->path, .glob = &ret_place->glob};

	*ret_place = (struct core_place){.path = BUF_INIT, .glob = BUF_INIT};
	if (*pattern == '|' || *pattern == '@')
		return find_taker(pattern, ret_place);
	if (of->chroot && strcmp(of->chroot, "/") != 0)
		buf_puts(&ret_place->path, of->chroot);
	if (*pattern != '/')
		buf_printf(&ret_place->path, "%s/",
			   !of->directory || strcmp(of->directory, "/") == 0 ? "" : of->directory);
	expand(&x, pattern, uses_pid);
	settle_glob(ret_place, x.guessed);
	return ret_place->path.error ? ret_place->path.error : ret_place->glob.error;
}

static bool is_it(int at, const char *name, int64_t began, time_t *ret_time)
{
	struct stat st;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_mtim.tv_sec + TOLERANCE < began)
		return false;
	*ret_time = st.st_mtim.tv_sec;
	return true;
}

/* The newest that fits. */
static bool search(struct core_place *place, size_t folder_size, DIR *dir, int64_t began)
{
	struct dirent *entry;
	time_t newest = 0, at = 0;
	bool found = false;

	for (int n = 0; n < NAMES_MAX && (entry = readdir(dir)); n++) {
		if (fnmatch(buf_text(&place->glob), entry->d_name, 0) != 0 ||
		    !is_it(dirfd(dir), entry->d_name, began, &at) || (found && at < newest))
			continue;
		found = true;
		newest = at;
		place->path.size = folder_size;
		buf_puts(&place->path, entry->d_name);
	}
	return found && !place->path.error;
}

bool core_place_look(struct core_place *place, int64_t began)
{
	const char *slash = place->path.size ? strrchr(place->path.data, '/') : NULL;
	size_t folder_size = slash ? (size_t)(slash + 1 - place->path.data) : 0;
	struct buf folder CLEANUP(buf_fini) = BUF_INIT;
	time_t at;
	DIR *dir;
	bool found;

	if (!slash || is_it(AT_FDCWD, place->path.data, began, &at))
		return slash != NULL;
	if (!place->glob.size || buf_append(&folder, place->path.data, folder_size) < 0)
		return false;
	dir = opendir(folder.data);
	if (!dir)
		return false;
	found = search(place, folder_size, dir, began);
	closedir(dir);
	return found;
}

/* ---- this host ---- */

static int read_setting(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
	int error = errno;

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return -error;
	out[n] = '\0';
	return 0;
}

int core_place_find_here(const struct core_of *of, struct core_place *ret_place)
{
	char pattern[512] = "", uses_pid[16] = "";
	int r;

	*ret_place = (struct core_place){.path = BUF_INIT, .glob = BUF_INIT};
	r = read_setting("/proc/sys/kernel/core_pattern", pattern, sizeof(pattern));
	if (r < 0)
		return r;
	if (read_setting("/proc/sys/kernel/core_uses_pid", uses_pid, sizeof(uses_pid)) < 0)
		uses_pid[0] = '0';
	return core_place_find(pattern, uses_pid[0] == '1', of, ret_place);
}
