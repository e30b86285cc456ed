/* SPDX-License-Identifier: MIT */

#include "supd/fdstore.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supd/foreign.h"
#include "supd/notify.h"
#include "supd/said.h"

/* While the core has not come to an end of its own yet. */
#define LOOK_AGAIN SPAN_MS(20)
#define EVENTS_MAX 16

struct fd_store {
	struct list link;         /* keeper.stores */
	struct fd_keeper *keeper; /* borrowed */
	struct process *process;  /* borrowed */
	struct list fds;          /* of struct stored_fd, owned */
	size_t n;
};

struct stored_fd {
	struct list link;
	struct fd_store *store; /* borrowed */
	int fd;                 /* owned */
	bool watched;
	char name[];
};

/* ---- the keeper ---- */

static void drop(struct stored_fd *stored)
{
	struct fd_store *store = stored->store;

	/* Whoever else has the file open keeps it in the epoll. */
	if (stored->watched)
		epoll_ctl(store->keeper->epoll, EPOLL_CTL_DEL, stored->fd, NULL);
	list_unlink(&stored->link);
	if (--store->n == 0)
		list_unlink(&store->link);
	foreign_close(stored->fd);
	free(stored);
}

static void on_hangup(void *owner, int fd, int events)
{
	struct epoll_event happened[EVENTS_MAX];
	int n = epoll_wait(fd, happened, EVENTS_MAX, 0);

	(void)owner, (void)events;
	for (int i = 0; i < n; i++)
		drop(happened[i].data.ptr);
}

static void drop_all(struct fd_store *store)
{
	LIST_EACH (it, &store->fds)
		drop(LIST_ENTRY(it, struct stored_fd, link));
}

enum rest { RESTS, LIVES, UNDECIDED };

static enum rest judge(const struct daemon *d, const struct process *p)
{
	struct child_view v;

	if (!core_view(d->core, p->slot, &v))
		return LIVES;
	switch (v.state) {
	case CHILD_STOPPED:
	case CHILD_FAILED:
	case CHILD_DONE:
		return v.spec->exec && v.spec->exec->notify &&
				       v.spec->exec->notify->fd_store_preserve
			       ? LIVES
			       : RESTS;
	case CHILD_ENDING:
	case CHILD_DEAD:
		return UNDECIDED;
	case CHILD_WAITING:
	case CHILD_STARTING:
	case CHILD_RUNNING:
	case CHILD_STOPPING:
	case CHILD_BACKOFF:
	case CHILD_N_STATES:
		break;
	}
	return LIVES;
}

static void check_later(struct fd_keeper *keeper, struct mono at)
{
	keeper->check_due = true;
	loop_timer_start(keeper->daemon->loop, &keeper->check, at);
}

static void on_check(void *owner)
{
	struct fd_keeper *keeper = owner;
	bool again = false;

	keeper->check_due = false;
	LIST_EACH (it, &keeper->stores) {
		struct fd_store *store = LIST_ENTRY(it, struct fd_store, link);
		enum rest rest = judge(keeper->daemon, store->process);

		if (rest == RESTS)
			drop_all(store);
		again |= rest == UNDECIDED;
	}
	if (again)
		check_later(keeper, mono_add(loop_now(), LOOK_AGAIN));
}

void fd_keeper_init(struct fd_keeper *keeper, struct daemon *d)
{
	*keeper = (struct fd_keeper){.daemon = d, .epoll = -1};
	keeper->watcher.call = on_hangup;
	keeper->check.call = on_check;
	keeper->watcher.owner = keeper->check.owner = keeper;
	list_init(&keeper->stores);
}

void fd_keeper_fini(struct fd_keeper *keeper)
{
	loop_timer_stop(keeper->daemon->loop, &keeper->check);
	if (keeper->epoll < 0)
		return;
	loop_fd_stop(keeper->daemon->loop, &keeper->watcher);
	close(keeper->epoll);
}

/* ---- what is in it ---- */

/* A name is an item of a list with colons. */
bool fdstore_name_is_valid(const char *name)
{
	size_t size = strlen(name);

	for (const char *p = name; *p; p++) {
		if (*p < ' ' || *p > '~' || *p == ':')
			return false;
	}
	return size > 0 && size <= FDSTORE_NAME_MAX;
}

static bool is_same_inode(int a, int b)
{
	struct stat one, two;

	return fstat(a, &one) == 0 && fstat(b, &two) == 0 && one.st_dev == two.st_dev &&
	       one.st_ino == two.st_ino && one.st_rdev == two.st_rdev;
}

/* One open file; where the kernel does not tell, what is the same file counts. */
static bool is_same(int a, int b)
{
	pid_t self = getpid();
	long r = syscall(SYS_kcmp, self, self, KCMP_FILE, a, b);

	return r < 0 ? is_same_inode(a, b) : r == 0;
}

static bool is_kept(const struct fd_store *store, int fd)
{
	const struct list *l = &store->fds;

	for (l = l->next; l != &store->fds; l = l->next) {
		if (is_same(LIST_ENTRY(l, struct stored_fd, link)->fd, fd))
			return true;
	}
	return false;
}

static void watch(struct fd_keeper *keeper, struct stored_fd *stored)
{
	struct epoll_event event = {.data.ptr = stored};

	if (keeper->epoll < 0) {
		keeper->epoll = epoll_create1(EPOLL_CLOEXEC);
		if (keeper->epoll >= 0)
			loop_fd_start(keeper->daemon->loop, &keeper->watcher, keeper->epoll,
				      LOOP_READ);
	}
	stored->watched = keeper->epoll >= 0 &&
			  epoll_ctl(keeper->epoll, EPOLL_CTL_ADD, stored->fd, &event) == 0;
}

static struct fd_store *store_of(struct daemon *d, struct process *p)
{
	struct said *said = said_of(d, p);

	if (!said || said->fds)
		return said ? said->fds : NULL;
	said->fds = calloc(1, sizeof(*said->fds));
	if (!said->fds)
		return NULL;
	said->fds->keeper = notify_fd_keeper(d);
	said->fds->process = p;
	list_init(&said->fds->fds);
	list_init(&said->fds->link);
	return said->fds;
}

static uint32_t limit_of(const struct daemon *d, const struct process *p)
{
	struct child_view v;

	return core_view(d->core, p->slot, &v) && v.spec->exec && v.spec->exec->notify
		       ? v.spec->exec->notify->fd_store_max
		       : 0;
}

int fdstore_add(struct daemon *d, struct process *p, int fd, const char *name, bool poll,
		bool *ret_kept)
{
	struct fd_store *store = p->said ? p->said->fds : NULL;
	size_t size = strlen(name) + 1;
	struct stored_fd *stored;

	*ret_kept = false;
	if (store && is_kept(store, fd))
		return 0;
	if (fdstore_count(p) >= limit_of(d, p))
		return -ENOSPC;
	store = store_of(d, p);
	stored = store ? malloc(sizeof(*stored) + size) : NULL;
	if (!stored)
		return -ENOMEM;
	*stored = (struct stored_fd){.store = store, .fd = fd};
	memcpy(stored->name, name, size);
	list_append(&store->fds, &stored->link);
	if (store->n++ == 0)
		list_append(&store->keeper->stores, &store->link);
	if (poll)
		watch(store->keeper, stored);
	*ret_kept = true;
	return 0;
}

void fdstore_remove(struct process *p, const char *name)
{
	if (!p->said || !p->said->fds)
		return;
	LIST_EACH (it, &p->said->fds->fds) {
		struct stored_fd *stored = LIST_ENTRY(it, struct stored_fd, link);

		if (strcmp(stored->name, name) == 0)
			drop(stored);
	}
}

size_t fdstore_count(const struct process *p)
{
	return p->said && p->said->fds ? p->said->fds->n : 0;
}

/* What the name of a listening socket may say with a %, is no more than that here. */
static int hand_one(const struct stored_fd *stored, const char *path, struct handed *handed)
{
	char name[2 * FDSTORE_NAME_MAX + 1], *to = name;

	for (const char *from = stored->name; *from; from++) {
		*to++ = *from;
		if (*from == '%')
			*to++ = '%';
	}
	*to = '\0';
	return handed_listen(handed, stored->fd, name, path);
}

int fdstore_hand(const struct process *p, const char *path, struct handed *handed)
{
	int r = 0;

	if (!fdstore_count(p))
		return 0;
	LIST_EACH (it, &p->said->fds->fds) {
		if (r == 0)
			r = hand_one(LIST_ENTRY(it, struct stored_fd, link), path, handed);
	}
	return r;
}

static void move(struct stored_fd *stored, struct fd_store *to)
{
	struct fd_store *from = stored->store;

	list_unlink(&stored->link);
	if (--from->n == 0)
		list_unlink(&from->link);
	stored->store = to;
	list_append(&to->fds, &stored->link);
	if (to->n++ == 0)
		list_append(&to->keeper->stores, &to->link);
}

bool fdstore_pass(struct daemon *d, struct process *from, struct process *to)
{
	struct fd_store *store;

	if (!fdstore_count(from))
		return true;
	store = store_of(d, to);
	if (!store)
		return false;
	LIST_EACH (it, &from->said->fds->fds) {
		struct stored_fd *stored = LIST_ENTRY(it, struct stored_fd, link);

		if (!is_kept(store, stored->fd))
			move(stored, store);
	}
	return true;
}

void fdstore_gone(struct process *p)
{
	struct fd_keeper *keeper = fdstore_count(p) ? p->said->fds->keeper : NULL;

	if (keeper && !keeper->check_due)
		check_later(keeper, loop_now());
}

void fdstore_free(struct fd_store *store)
{
	if (!store)
		return;
	drop_all(store);
	list_unlink(&store->link);
	free(store);
}
