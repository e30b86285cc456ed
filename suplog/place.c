/* SPDX-License-Identifier: MIT */

/*
 * A log file. Old names carry the time of the rotation; where the clock was set back, the newest
 * old name plus a microsecond, so that names stay in the order of what is in the files.
 */

#include "suplog/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "logs/name.h"
#include "suplog/fault.h"

#define FILE_MODE 0640
#define FOLDER_MODE 0750
/* How often it is looked whether the file has its name still. */
#define NAME_LOOK SPAN_S(1)

/* Hands it over. */
static int take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* A folder or file of somebody else's is nothing for us to write into. */
static bool owner_is_trusted(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

/* An open() has failed: why there is none says more than that there is none. */
static int why_not(int error_of_mkdir)
{
	return errno == ENOENT && error_of_mkdir ? error_of_mkdir : errno;
}

int place_root_open(struct place_root *root, struct fault *fault)
{
	CLEANUP(cleanup_close) int dir = -1;
	struct stat st;
	int error = mkdir(root->path, FOLDER_MODE) < 0 ? errno : 0;

	if (!error && root->group != (gid_t)-1)
		(void)!chown(root->path, (uid_t)-1, root->group);
	dir = open(root->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fault_set(fault, -why_not(error), "log_dir %s cannot be opened or made",
				 root->path);
	if (fstat(dir, &st) < 0)
		return fault_set(fault, -errno, "log_dir %s", root->path);
	if (!owner_is_trusted(&st))
		return fault_set(fault, -EPERM,
				 "log_dir %s belongs to user %u: it must be root's or our own",
				 root->path, st.st_uid);
	root->dir = take(&dir);
	return 0;
}

bool place_root_is_gone(const struct place_root *root)
{
	struct stat st;

	return root->dir >= 0 && fstat(root->dir, &st) == 0 && st.st_nlink == 0;
}

void place_root_close(struct place_root *root)
{
	if (root->dir >= 0)
		close(root->dir);
	cleanup_free(&root->path);
	*root = (struct place_root){-1, NULL, (gid_t)-1};
}

int place_init(struct place *p, const struct place_root *root, const char *file)
{
	*p = (struct place){.root = root, .fd = -1};
	p->file = strdup(file);
	return p->file ? 0 : -ENOMEM;
}

void place_close(struct place *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	p->torn = false;
}

void place_fini(struct place *p)
{
	place_close(p);
	cleanup_free(&p->file);
}

/* A folder in a folder, made where it is missing. A fd or -errno. */
static int open_next(const struct place *p, int dir, const char *name)
{
	int error = mkdirat(dir, name, FOLDER_MODE) < 0 ? errno : 0;
	int next;

	if (!error && p->root->group != (gid_t)-1)
		(void)!fchownat(dir, name, (uid_t)-1, p->root->group, AT_SYMLINK_NOFOLLOW);
	next = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next >= 0)
		return next;
	return -why_not(error);
}

/* Opens, and makes where it is missing, the folder that the file is to be in. */
static int open_folder(const struct place *p, int *ret_dir, struct fault *fault)
{
	CLEANUP(cleanup_free) char *path = strdup(p->file);
	CLEANUP(cleanup_close) int dir = fcntl(p->root->dir, F_DUPFD_CLOEXEC, 0);
	char *at = path, *slash;
	struct stat st;
	int next;

	if (!path || dir < 0)
		return fault_set(fault, path ? -errno : -ENOMEM, "log file %s", p->file);
	for (; (slash = strchr(at, '/')); at = slash + 1) {
		*slash = '\0';
		next = open_next(p, dir, at);
		if (next < 0)
			return fault_set(fault, next, "folder %s of log_dir %s: %s", path,
					 p->root->path,
					 next == -ENOTDIR || next == -ELOOP
						 ? "it must be a folder, and no symlink"
						 : "cannot be opened or made");
		close(dir);
		dir = next;
		if (fstat(dir, &st) < 0)
			return fault_set(fault, -errno, "folder %s of log_dir %s", path,
					 p->root->path);
		if (!owner_is_trusted(&st))
			return fault_set(
				fault, -EPERM,
				"folder %s of log_dir %s belongs to user %u: remove it, or "
				"give it to root",
				path, p->root->path, st.st_uid);
		*slash = '/';
	}
	*ret_dir = take(&dir);
	return 0;
}

static struct mono now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (struct mono){(int64_t)t.tv_sec * 1000000000 + t.tv_nsec};
}

static uint64_t born(int fd, const struct stat *st)
{
	struct statx x;

	if (st->st_size == 0)
		return 0;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &x) == 0 && x.stx_mask & STATX_BTIME)
		return (uint64_t)x.stx_btime.tv_sec * 1000000000 + x.stx_btime.tv_nsec;
	return (uint64_t)st->st_mtim.tv_sec * 1000000000 + (uint64_t)st->st_mtim.tv_nsec;
}

static int check_file(const struct place *p, const struct stat *st, struct fault *fault)
{
	if (!S_ISREG(st->st_mode))
		return fault_set(fault, -EINVAL, "%s/%s is no regular file: remove it",
				 p->root->path, p->file);
	if (!owner_is_trusted(st))
		return fault_set(fault, -EPERM,
				 "%s/%s belongs to user %u: remove it, or give it to root",
				 p->root->path, p->file, st->st_uid);
	if (st->st_nlink > 1)
		return fault_set(fault, -EMLINK, "%s/%s has a second name: remove one of them",
				 p->root->path, p->file);
	return 0;
}

static int open_file(struct place *p, struct fault *fault)
{
	CLEANUP(cleanup_close) int dir = -1;
	CLEANUP(cleanup_close) int fd = -1;
	struct stat st;
	int r = open_folder(p, &dir, fault);

	if (r < 0)
		return r;
	fd = openat(dir, name_base(p->file),
		    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, FILE_MODE);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fault_set(fault, -errno, "%s/%s %s", p->root->path, p->file,
				 errno == ELOOP ? "is a symlink: remove it" : "cannot be opened");
	r = check_file(p, &st, fault);
	if (r < 0)
		return r;
	if (p->root->group != (gid_t)-1 && st.st_gid != p->root->group)
		(void)!fchown(fd, (uid_t)-1, p->root->group);
	p->fd = take(&fd);
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	p->offset = (uint64_t)st.st_size;
	p->since = born(p->fd, &st);
	p->named_at = now();
	return 0;
}

static int cut(struct place *p, uint64_t offset, struct fault *fault)
{
	if (ftruncate(p->fd, (off_t)offset) < 0)
		return fault_set(fault, -errno, "%s/%s cannot be cut to what is sure of it",
				 p->root->path, p->file);
	p->offset = offset;
	p->torn = false;
	return 0;
}

/* Somebody has renamed the file, or put another one in its place. */
static bool was_renamed(struct place *p)
{
	struct mono at = now();
	struct stat st;

	if (mono_between(p->named_at, at).ns < NAME_LOOK.ns)
		return false;
	p->named_at = at;
	if (fstatat(p->root->dir, p->file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT;
	return st.st_dev != p->dev || st.st_ino != p->ino;
}

/* The open file: it is closed where it was removed or renamed. */
static int look_at_open(struct place *p, struct fault *fault)
{
	struct stat st;

	if (fstat(p->fd, &st) < 0)
		return fault_set(fault, -errno, "%s/%s", p->root->path, p->file);
	if (st.st_nlink == 0)
		place_close(p);
	else if (p->torn && (uint64_t)st.st_size > p->offset)
		return cut(p, p->offset, fault);
	else if (was_renamed(p))
		place_close(p);
	else
		p->offset = (uint64_t)st.st_size;
	/* Another's first byte is yet to come: it has no age. */
	if (p->offset == 0)
		p->since = 0;
	p->torn = false;
	return 0;
}

int place_look(struct place *p, struct fault *fault)
{
	int r = p->fd >= 0 ? look_at_open(p, fault) : 0;

	return r < 0 || p->fd >= 0 ? r : open_file(p, fault);
}

int place_recover(struct place *p, uint64_t dev, uint64_t ino, uint64_t offset, struct fault *fault)
{
	int r = place_look(p, fault);

	if (r < 0 || p->dev != dev || p->ino != ino || p->offset <= offset)
		return r;
	return cut(p, offset, fault);
}

/* Takes back what was written of a batch that did not succeed; where that fails too, the next look
 * does, as the batch is written once more behind it. */
static int undo(struct place *p, int error, struct fault *fault)
{
	p->torn = ftruncate(p->fd, (off_t)p->offset) < 0;
	return fault_set(fault, error, "%s/%s cannot be written", p->root->path, p->file);
}

int place_write(struct place *p, const void *data, size_t size, struct fault *fault)
{
	const char *at = data;
	uint64_t to = p->offset;
	ssize_t n;

	for (size_t left = size; left > 0; left -= (size_t)n, at += n, to += (uint64_t)n) {
		do
			n = pwrite(p->fd, at, left, (off_t)to);
		while (n < 0 && errno == EINTR);
		if (n <= 0)
			return undo(p, n < 0 ? -errno : -EIO, fault);
	}
	p->offset = to;
	return 0;
}

int place_splice(struct place *p, int pipe, size_t n, struct fault *fault)
{
	off_t to = (off_t)p->offset;
	ssize_t moved;

	while (n > 0) {
		do
			moved = splice(pipe, NULL, p->fd, &to, n, SPLICE_F_MOVE);
		while (moved < 0 && errno == EINTR);
		if (moved <= 0)
			return undo(p, moved < 0 ? -errno : -EIO, fault);
		n -= (size_t)moved;
	}
	p->offset = (uint64_t)to;
	return 0;
}

/* The time that an old name made now has to bear. */
static int name_time(const struct logs_names *old, struct utc *ret_time)
{
	struct utc now = utc_now();

	if (old->n > 0 && old->names[old->n - 1].time.us >= now.us)
		now.us = old->names[old->n - 1].time.us + 1;
	*ret_time = now;
	return 0;
}

static void remove_old(int dir, const char *log, const struct logs_name *name)
{
	for (int packing = 0; packing < LOGS_N_PACKINGS; packing++) {
		struct logs_name each = {name->time, (enum logs_packing)packing, false};
		CLEANUP(cleanup_free) char *path = name_make(log, &each);

		if (path)
			unlinkat(dir, path, 0);
	}
}

/* A name that nothing has. Not every file system can be told so (NFS, FUSE). */
static int rename_old(int dir, const char *log, const char *name)
{
	struct stat st;

	if (renameat2(dir, log, dir, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(dir, log, dir, name);
}

int place_rotate(struct place *p, uint32_t keep, char **ret_name, struct fault *fault)
{
	const char *log = name_base(p->file);
	CLEANUP(names_fini) struct logs_names old = {0};
	CLEANUP(cleanup_close) int dir = -1;
	CLEANUP(cleanup_free) char *whole = NULL, *name = NULL;
	struct logs_name next = {.packing = LOGS_PLAIN};
	int r = open_folder(p, &dir, fault);

	if (r < 0)
		return r;
	r = names_list(dir, log, &old);
	if (r < 0)
		return fault_set(fault, r, "the old files of %s/%s", p->root->path, p->file);
	name_time(&old, &next.time);
	name = name_make(log, &next);
	whole = name_make(p->file, &next);
	if (!name || !whole)
		return fault_set(fault, -ENOMEM, "%s/%s cannot be rotated", p->root->path, p->file);
	if (keep == 0 ? unlinkat(dir, log, 0) : rename_old(dir, log, name)) {
		if (errno != ENOENT)
			return fault_set(fault, -errno, "%s/%s cannot be rotated", p->root->path,
					 p->file);
	}
	place_close(p);
	p->offset = p->since = 0;
	/* Not what is to be kept: the new one and keep - 1 of the others. */
	for (size_t i = 0; keep != UINT32_MAX && i + (keep > 0 ? keep - 1 : 0) < old.n; i++)
		remove_old(dir, log, &old.names[i]);
	*ret_name = keep == 0 ? NULL : TAKE(whole);
	return 0;
}

int place_tail(struct place *p, size_t size, struct buf *out)
{
	uint64_t from = p->offset > size ? p->offset - size : 0;
	size_t want = (size_t)(p->offset - from);
	char *to = buf_reserve(out, want);
	ssize_t n;

	if (!to)
		return -ENOMEM;
	n = p->fd >= 0 ? pread(p->fd, to, want, (off_t)from) : 0;
	if (n < 0)
		return -errno;
	out->size += (size_t)n;
	out->data[out->size] = '\0';
	return 0;
}
