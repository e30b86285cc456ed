/* SPDX-License-Identifier: MIT */

#include "supd/directories.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/directories.h"
#include "config/expand.h"
#include "supd/log.h"

struct directories {
	struct texts paths; /* whole ones */
	size_t base_size;   /* of each, that of /run */
	uid_t uid;
	enum directory_preserve preserve;
};

/* ---- names ---- */

/* The base and the name, expanded, into out; *ret_base_size of it is the base. 0 or -errno. */
static int find_path(enum directory_kind kind, const char *name, const char *path, struct buf *out,
		     size_t *ret_base_size)
{
	const struct expand_vars vars = {.path = path};
	char *expanded CLEANUP(cleanup_free) = NULL;
	int r;

	buf_clear(out);
	r = config_expand(name, &vars, &expanded);
	if (r == 0 && !directory_is_name(expanded))
		r = -EINVAL;
	if (r == 0)
		r = directory_find_base(kind, out);
	if (r == -ENOENT || r == -EINVAL)
		buf_puts(out, directory_kind_base(kind));
	*ret_base_size = out->size;
	buf_printf(out, "/%s", expanded ? expanded : name);
	return r > 0 ? -EINVAL : r ? r : out->error;
}

int directories_tell(const struct exec_setup *setup, const char *path, struct texts *environment)
{
	struct buf value CLEANUP(buf_fini) = BUF_INIT;
	struct buf one CLEANUP(buf_fini) = BUF_INIT;
	size_t base_size;

	for (int kind = 0; kind < DIRECTORY_N_KINDS; kind++) {
		char *const *names = setup->directories[kind].names;

		buf_clear(&value);
		for (size_t i = 0; names && names[i]; i++) {
			/* Where there is none, making them has said so. */
			if (find_path((enum directory_kind)kind, names[i], path, &one,
				      &base_size) == -ENOMEM)
				return -ENOMEM;
			buf_printf(&value, "%s%s", i ? ":" : "", buf_text(&one));
		}
		if (value.error)
			return value.error;
		if (value.size)
			texts_set_value(environment, directory_variables[kind], buf_text(&value));
	}
	return 0;
}

/* ---- making one ---- */

struct making {
	uid_t uid;
	gid_t gid;
	int mode;
	struct buf *object; /* the whole path; what is wrong is added */
};

static int wrong(struct making *m, int error, const char *why)
{
	buf_printf(m->object, " (%s)", why);
	return -error;
}

/* The host's own directory: an administrator may have made it a link. */
static int open_base(const char *path)
{
	char part[PATH_MAX];
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	mode_t mode = geteuid() == 0 ? 0755 : 0700;

	if (fd >= 0 || errno != ENOENT || strlen(path) >= sizeof(part))
		return fd < 0 ? -errno : fd;
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		memcpy(part, path, (size_t)(slash - path));
		part[slash - path] = '\0';
		mkdir(part, mode);
	}
	mkdir(path, mode);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* As the user who owns the directory above, so that nobody tricks us into more than that user may.
 * 1: made, to be given away; 0: something is there; -errno. */
static int make_in(const struct making *m, int fd, const char *name, mode_t mode)
{
	struct stat st;
	bool as_user;
	int error;

	if (fstat(fd, &st) < 0)
		return -errno;
	as_user = st.st_uid == m->uid && m->uid != geteuid();
	if (as_user) {
		setfsgid(m->gid);
		setfsuid(m->uid);
	}
	error = mkdirat(fd, name, mode) < 0 ? errno : 0;
	if (as_user) {
		setfsuid(geteuid());
		setfsgid(getegid());
	}
	return error == 0 ? !as_user : error == EEXIST ? 0 : -error;
}

static int open_in(struct making *m, int fd, const char *name, int flags)
{
	struct stat st;
	int there = openat(fd, name, flags | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int error = errno;

	if (there >= 0)
		return there;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode))
		return wrong(m, ENOTDIR,
			     S_ISLNK(st.st_mode) ? "there is a symbolic link in its place"
						 : "there is a file in its place");
	return -error;
}

/* One of those above it: an fd or -errno. */
static int enter(struct making *m, int fd, const char *name)
{
	struct stat st;
	int r = make_in(m, fd, name, 0755);
	int there = r < 0 ? r : open_in(m, fd, name, O_PATH);

	if (there < 0)
		return there;
	if (fstat(there, &st) == 0 &&
	    (st.st_uid == 0 || st.st_uid == geteuid() || st.st_uid == m->uid))
		return there;
	close(there);
	return wrong(m, EPERM, "a directory above it belongs to another user");
}

/* Owner and mode of what is there now. */
static int settle(struct making *m, int fd, bool made)
{
	struct stat st;
	char why[80];

	if (fstat(fd, &st) < 0)
		return -errno;
	if (made && st.st_uid == geteuid() && m->uid != geteuid()) {
		if (fchown(fd, m->uid, m->gid) < 0)
			return -errno;
		st.st_uid = m->uid;
		st.st_gid = m->gid;
	}
	if (st.st_uid != m->uid) {
		snprintf(why, sizeof(why), "it belongs to user %u, and the service runs as %u",
			 (unsigned)st.st_uid, (unsigned)m->uid);
		return wrong(m, EPERM, why);
	}
	if (st.st_gid != m->gid && fchown(fd, (uid_t)-1, m->gid) < 0)
		return -errno;
	if ((st.st_mode & 07777) != (mode_t)m->mode && fchmod(fd, (mode_t)m->mode) < 0)
		return -errno;
	return 0;
}

static int make_last(struct making *m, int fd, const char *name)
{
	int made = make_in(m, fd, name, 0700);
	int there = made < 0 ? made : open_in(m, fd, name, O_RDONLY);
	int r;

	if (there < 0)
		return there;
	r = settle(m, there, made);
	close(there);
	return r;
}

/* From base on, down the name. The directory that the last part is in: an fd, or -errno; *ret_last
 * is that part. With m, those on the way are made. */
static int walk(struct making *m, const char *path, size_t base_size, const char **ret_last)
{
	char base[PATH_MAX], part[NAME_MAX + 1];
	const char *at = path + base_size + 1;
	const char *slash;
	int fd;

	if (base_size >= sizeof(base))
		return -ENAMETOOLONG;
	memcpy(base, path, base_size);
	base[base_size] = '\0';
	fd = open_base(base);
	for (; fd >= 0 && (slash = strchr(at, '/')); at = slash + 1) {
		int below;

		memcpy(part, at, (size_t)(slash - at));
		part[slash - at] = '\0';
		below = m ? enter(m, fd, part)
			  : openat(fd, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (!m && below < 0)
			below = -errno;
		close(fd);
		fd = below;
	}
	*ret_last = at;
	return fd;
}

static int make_one(struct making *m, const char *path, size_t base_size)
{
	const char *last;
	int fd = walk(m, path, base_size, &last);
	int r;

	if (fd < 0)
		return fd;
	r = make_last(m, fd, last);
	close(fd);
	return r;
}

/* ---- all of a service's ---- */

static int make_kind(struct directories *record, const struct directories_what *what,
		     enum directory_kind kind, struct buf *object)
{
	const struct exec_directory *directory = &what->setup->directories[kind];
	struct buf path CLEANUP(buf_fini) = BUF_INIT;
	struct making m = {what->uid, what->gid, directory->mode, object};

	for (char *const *name = directory->names; name && *name; name++) {
		size_t base_size;
		int r = find_path(kind, *name, what->path, &path, &base_size);

		buf_clear(object);
		buf_puts(object, buf_text(&path));
		if (r == -EINVAL)
			return wrong(&m, EINVAL, "with what % stands for it is no name");
		if (r == -ENOENT)
			return wrong(&m, ENOENT, "that variable is not set");
		if (r == 0)
			r = make_one(&m, buf_text(&path), base_size);
		if (r < 0)
			return r;
		if (kind == DIRECTORY_RUNTIME) {
			record->base_size = base_size;
			texts_add(&record->paths, buf_text(&path));
		}
	}
	return record->paths.error;
}

int directories_make(struct directories **record, const struct directories_what *what,
		     struct buf *object)
{
	int r = 0;

	directories_free(*record);
	*record = calloc(1, sizeof(**record));
	if (!*record)
		return -ENOMEM;
	(*record)->uid = what->uid;
	(*record)->preserve = what->setup->preserve;
	for (int kind = 0; r == 0 && kind < DIRECTORY_N_KINDS; kind++)
		r = make_kind(*record, what, (enum directory_kind)kind, object);
	return r;
}

bool directories_outlive_restart(const struct directories *record)
{
	return record && record->preserve != PRESERVE_NO;
}

static void remove_one(const struct directories *record, const char *path, struct remover *remover)
{
	const char *last;
	int fd = walk(NULL, path, record->base_size, &last);
	int r = fd < 0 ? fd : remover_add(remover, fd, last, record->uid, path);

	if (r < 0 && r != -ENOENT)
		log_line(LOG_AT_WARNING, "%s: it could not be removed: %s", path, strerror(-r));
	if (fd >= 0)
		close(fd);
}

void directories_remove(struct directories *record, struct remover *remover)
{
	if (!record)
		return;
	for (size_t i = record->paths.n; i > 0 && record->preserve != PRESERVE_YES; i--)
		remove_one(record, record->paths.bytes.data + record->paths.at[i - 1], remover);
	directories_free(record);
}

void directories_free(struct directories *record)
{
	if (!record)
		return;
	texts_fini(&record->paths);
	free(record);
}
