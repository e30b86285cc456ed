/* SPDX-License-Identifier: MIT */

#include "supd/remover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/list.h"
#include "base/macros.h"
#include "supd/log.h"

/* Entries removed or moved before others have their turn. */
#define SLICE 512
/* How long remover_free() goes on. */
#define LAST_TIME SPAN_S(5)
#define HIDDEN ".supd-removed-%ld-%lu"

struct tree {
	struct list all; /* remover.trees */
	int parent, top; /* owned fds */
	char *name;      /* owned; in parent; the hidden one */
	unsigned long moved;
	char *shown; /* owned */
};

struct remover {
	struct loop *loop; /* borrowed */
	struct loop_timer timer;
	struct list trees;
	unsigned long hidden; /* counts their names */
};

/* One slice's work on a tree. */
struct slice {
	struct tree *tree;
	int left;      /* of SLICE */
	bool progress; /* anything was removed or moved */
	int error;     /* of the last thing that would not go, positive */
};

static void tree_free(struct tree *tree)
{
	list_unlink(&tree->all);
	if (tree->parent >= 0)
		close(tree->parent);
	if (tree->top >= 0)
		close(tree->top);
	free(tree->name);
	free(tree->shown);
	free(tree);
}

/* ---- one slice ---- */

/* A directory in fd, on the same file system and mount, never through a link. An fd or -errno. */
static int open_below(int fd, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};
	struct stat here, there;
	int r = (int)syscall(SYS_openat2, fd, name, &how, sizeof(how));

	if (r >= 0)
		return r;
	if (errno != ENOSYS && errno != EPERM)
		return -errno;
	r = openat(fd, name, (int)how.flags);
	if (r < 0)
		return -errno;
	if (fstat(fd, &here) == 0 && fstat(r, &there) == 0 && here.st_dev == there.st_dev)
		return r;
	close(r);
	return -EXDEV;
}

/* Where it belongs to us and is shut against us. */
static int open_shut(int fd, const char *name)
{
	int r = open_below(fd, name);

	if (r != -EACCES || geteuid() == 0)
		return r;
	return fchmodat(fd, name, 0700, 0) < 0 ? -errno : open_below(fd, name);
}

static bool count(struct slice *s, int result)
{
	s->left--;
	if (result < 0) {
		s->error = errno;
		return false;
	}
	s->progress = true;
	return true;
}

/* Up to the top, under a name that nobody has. */
static void move_up(struct slice *s, int from, const char *name)
{
	char unique[32];
	int r;

	if (unlinkat(from, name, AT_REMOVEDIR) == 0) {
		count(s, 0);
		return;
	}
	do {
		snprintf(unique, sizeof(unique), "%lu", s->tree->moved++);
		r = renameat(from, name, s->tree->top, unique);
		if (r < 0 && errno == EACCES && geteuid() != 0 &&
		    fchmodat(from, name, 0700, 0) == 0)
			r = renameat(from, name, s->tree->top, unique);
	} while (r < 0 && (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR) &&
		 --s->left > 0);
	count(s, r);
}

static bool is_directory(int fd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* The entries of fd, which this closes, each by act, while the slice lasts. */
static void each_entry(struct slice *s, int fd,
		       void (*act)(struct slice *s, int fd, const struct dirent *entry))
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		s->error = errno;
		close(fd);
		return;
	}
	while (s->left > 0 && (entry = readdir(dir)))
		if (!is_dots(entry->d_name))
			act(s, fd, entry);
	closedir(dir);
}

static void act_below(struct slice *s, int fd, const struct dirent *entry)
{
	if (is_directory(fd, entry))
		move_up(s, fd, entry->d_name);
	else
		count(s, unlinkat(fd, entry->d_name, 0));
}

static void act_at_top(struct slice *s, int fd, const struct dirent *entry)
{
	int below;

	if (!is_directory(fd, entry)) {
		count(s, unlinkat(fd, entry->d_name, 0));
		return;
	}
	if (unlinkat(fd, entry->d_name, AT_REMOVEDIR) == 0) {
		count(s, 0);
		return;
	}
	below = open_shut(fd, entry->d_name);
	if (below < 0) {
		errno = -below;
		count(s, -1);
		return;
	}
	each_entry(s, below, act_below);
	if (s->left > 0)
		count(s, unlinkat(fd, entry->d_name, AT_REMOVEDIR));
}

/* True where there is nothing more to do for the tree: it is gone, or will not go. */
static bool remove_some(struct tree *tree)
{
	struct slice s = {.tree = tree, .left = SLICE};
	int fd = openat(tree->top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		each_entry(&s, fd, act_at_top);
	if (unlinkat(tree->parent, tree->name, AT_REMOVEDIR) == 0)
		return true;
	if (fd >= 0 && s.progress)
		return false;
	log_line(LOG_AT_WARNING, "%s: what is left of it is now %s beside it, and stays: %s",
		 tree->shown, tree->name, strerror(s.error ? s.error : errno));
	return true;
}

/* ---- all of them ---- */

static void on_timer(void *owner)
{
	struct remover *remover = owner;
	struct tree *tree = LIST_ENTRY(remover->trees.next, struct tree, all);

	if (list_is_empty(&remover->trees))
		return;
	if (remove_some(tree))
		tree_free(tree);
	if (!list_is_empty(&remover->trees))
		loop_timer_start(remover->loop, &remover->timer, loop_now());
}

struct remover *remover_new(struct loop *loop)
{
	struct remover *remover = calloc(1, sizeof(*remover));

	if (!remover)
		return NULL;
	remover->loop = loop;
	remover->timer.call = on_timer;
	remover->timer.owner = remover;
	list_init(&remover->trees);
	return remover;
}

void remover_free(struct remover *remover)
{
	struct mono until = mono_add(loop_now(), LAST_TIME);

	if (!remover)
		return;
	loop_timer_stop(remover->loop, &remover->timer);
	while (!list_is_empty(&remover->trees)) {
		struct tree *tree = LIST_ENTRY(remover->trees.next, struct tree, all);
		bool late = loop_now().ns > until.ns;

		if (late)
			log_line(LOG_AT_WARNING,
				 "%s: there is too much in it: what is left is now %s beside it",
				 tree->shown, tree->name);
		if (late || remove_some(tree))
			tree_free(tree);
	}
	free(remover);
}

static struct tree *tree_new(int parent, int top, const char *shown)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return NULL;
	list_init(&tree->all);
	tree->top = -1;
	tree->parent = fcntl(parent, F_DUPFD_CLOEXEC, 3);
	tree->shown = strdup(shown);
	if (tree->parent < 0 || !tree->shown) {
		tree_free(tree);
		return NULL;
	}
	tree->top = top;
	return tree;
}

/* Under a name that nothing has; a dead daemon may have left some. 0 or -errno. */
static int hide(struct remover *remover, struct tree *tree, const char *name)
{
	int r;

	do {
		free(tree->name);
		if (asprintf(&tree->name, HIDDEN, (long)getpid(), remover->hidden++) < 0) {
			tree->name = NULL;
			return -ENOMEM;
		}
		r = renameat(tree->parent, name, tree->parent, tree->name);
	} while (r < 0 && (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR));
	return r < 0 ? -errno : 0;
}

int remover_add(struct remover *remover, int parent, const char *name, uid_t uid, const char *shown)
{
	int top = open_shut(parent, name);
	struct tree *tree;
	struct stat st;
	int r;

	if (top < 0)
		return top;
	if (fstat(top, &st) < 0 || st.st_uid != uid) {
		close(top);
		return -EPERM;
	}
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0) {
		close(top);
		return 0;
	}
	tree = tree_new(parent, top, shown);
	if (!tree) {
		close(top);
		return -ENOMEM;
	}
	r = hide(remover, tree, name);
	if (r < 0) {
		tree_free(tree);
		return r;
	}
	if (uid != geteuid() && (fchown(top, geteuid(), getegid()) < 0 || fchmod(top, 0700) < 0))
		log_line(LOG_AT_DEBUG, "%s: it stays open to its owner: %s", shown,
			 strerror(errno));
	list_append(&remover->trees, &tree->all);
	loop_timer_start(remover->loop, &remover->timer, loop_now());
	return 0;
}
