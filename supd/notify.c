/* SPDX-License-Identifier: MIT */

/*
 * Everybody may send to the socket. What counts is the sender's OS pid, which the kernel notes with
 * each datagram (only root can note another's): the main process's own, or where notify_access says
 * so that of a member of its group. Everything else is read and forgotten.
 */

#include "supd/notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "supd/command.h"
#include "supd/fdstore.h"
#include "supd/foreign.h"
#include "supd/notify_lines.h"
#include "supd/said.h"

#define MESSAGE_MAX 4096
#define FDS_MAX 253 /* SCM_MAX_FD */
/* Datagrams read before others have their turn; before a death no more than can have been waiting.
 */
#define BATCH 64
#define DRAIN_MAX 2048

struct notify {
	struct daemon *daemon; /* borrowed */
	int fd;
	bool bound;
	struct loop_fd watcher;
	struct sockaddr_un address;
	struct fd_keeper keeper;
	char message[MESSAGE_MAX];
	int fds[FDS_MAX]; /* that came with it */
	size_t n_fds;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred)) +
					      CMSG_SPACE(FDS_MAX * sizeof(int))];
};

/* ---- whose word it is ---- */

/* A barrier alone says nothing: everybody may wait for one. */
static bool is_barrier(const struct notify *n, size_t size)
{
	static const char barrier[] = "BARRIER=1";

	return size == sizeof(barrier) - 1 && memcmp(n->message, barrier, size) == 0;
}

/* The process that the sender may speak for, or NULL. */
static struct process *find_speaker(struct daemon *d, pid_t sender)
{
	const struct processes *ps = d->processes;
	struct process *p = map_get(&ps->by_os_pid, (uint64_t)sender);
	pid_t group;

	if (p && p->os_pid == sender)
		return p->notify_access == NOTIFY_NONE ? NULL : p;
	group = getpgid(sender);
	p = group > 0 ? map_get(&ps->by_os_pid, (uint64_t)group) : NULL;
	if (!p && group > 0) {
		const struct command *c = command_find(ps, group);

		p = c ? command_process(c) : NULL;
	}
	if (!p || !p->os_pid)
		return NULL;
	if (p->notify_access == NOTIFY_GROUP)
		return p;
	if (p->notify_access == NOTIFY_MAIN)
		said_complain(d, p, COMPLAINT_SPEAKER,
			      "what its process %d has said is not heard: it is not the main "
			      "process; notify_access = group lets it speak",
			      (int)sender);
	return NULL;
}

static void take_message(struct notify *n, pid_t sender, size_t size, int flags)
{
	struct process *p = is_barrier(n, size) ? NULL : find_speaker(n->daemon, sender);

	if (!p)
		return;
	if (flags & MSG_TRUNC || memchr(n->message, '\0', size)) {
		said_complain(n->daemon, p, COMPLAINT_MESSAGE,
			      "a notification of it %s, and is not heard",
			      flags & MSG_TRUNC ? "is longer than 4095 bytes" : "holds a NUL");
		return;
	}
	n->message[size] = '\0';
	if (flags & MSG_CTRUNC)
		said_complain(n->daemon, p, COMPLAINT_FDS,
			      "fds that it has sent are lost: the daemon has too many open");
	notify_take(n->daemon, p, n->message, n->fds, n->n_fds);
}

/* ---- datagrams ---- */

static void take_fds(struct notify *n, struct msghdr *header)
{
	n->n_fds = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		size_t size = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(n->fds + n->n_fds, CMSG_DATA(c), size);
		n->n_fds += size / sizeof(int);
	}
}

/* What nobody has kept. */
static void close_fds(struct notify *n)
{
	for (size_t i = 0; i < n->n_fds; i++) {
		if (n->fds[i] >= 0)
			foreign_close(n->fds[i]);
	}
	n->n_fds = 0;
}

/* The sender's OS pid, 0 where it is not known. */
static pid_t find_sender(struct msghdr *header)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		struct ucred credentials;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&credentials, CMSG_DATA(c), sizeof(credentials));
		return credentials.pid;
	}
	return 0;
}

/* One datagram. False where there is none. */
static bool take_one(struct notify *n)
{
	struct iovec part = {n->message, sizeof(n->message) - 1};
	struct msghdr header = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = n->control,
		.msg_controllen = sizeof(n->control),
	};
	ssize_t size = recvmsg(n->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	pid_t sender;

	if (size < 0)
		return errno == EINTR;
	sender = find_sender(&header);
	take_fds(n, &header);
	if (sender > 0)
		take_message(n, sender, (size_t)size, header.msg_flags);
	close_fds(n);
	return true;
}

static void on_readable(void *owner, int fd, int events)
{
	(void)fd, (void)events;
	for (int i = 0; i < BATCH && take_one(owner); i++)
		;
}

void notify_drain(struct daemon *d)
{
	for (int i = 0; d->notify && i < DRAIN_MAX && take_one(d->notify); i++)
		;
}

/* ---- the socket ---- */

/* Where there is no folder for it: a name that the kernel finds, and that no file stands for. */
static int bind_abstract(struct notify *n)
{
	socklen_t size = sizeof(n->address);

	if (bind(n->fd, (struct sockaddr *)&n->address, sizeof(n->address.sun_family)) < 0 ||
	    getsockname(n->fd, (struct sockaddr *)&n->address, &size) < 0)
		return -errno;
	/* As sd_notify(3) writes such a name. */
	n->address.sun_path[0] = '@';
	return 0;
}

static int bind_it(struct notify *n)
{
	int on = 1;

	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (n->fd < 0)
		return -errno;
	if (setsockopt(n->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return -errno;
	if (!n->address.sun_path[0])
		return bind_abstract(n);
	if (unlink(n->address.sun_path) < 0 && errno != ENOENT)
		return -errno;
	if (bind(n->fd, (struct sockaddr *)&n->address, sizeof(n->address)) < 0)
		return -errno;
	n->bound = true;
	/* Services of other users send to it; whose word counts is found out for each datagram. */
	return chmod(n->address.sun_path, 0666) < 0 ? -errno : 0;
}

static void notify_free(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	if (n->bound)
		unlink(n->address.sun_path);
	free(n);
}

int notify_open(struct daemon *d)
{
	static const char name[] = "/notify";
	struct notify *n = calloc(1, sizeof(*n));
	size_t size = d->run_dir ? strlen(d->run_dir) : 0;
	int r = -ENAMETOOLONG;

	if (!n)
		return -ENOMEM;
	n->daemon = d;
	n->fd = -1;
	fd_keeper_init(&n->keeper, d);
	n->address.sun_family = AF_UNIX;
	if (!d->run_dir) {
		r = bind_it(n);
	} else if (size + sizeof(name) <= sizeof(n->address.sun_path)) {
		memcpy(n->address.sun_path, d->run_dir, size);
		memcpy(n->address.sun_path + size, name, sizeof(name));
		r = bind_it(n);
	}
	if (r < 0) {
		notify_free(n);
		return r;
	}
	n->watcher.call = on_readable;
	n->watcher.owner = n;
	loop_fd_start(d->loop, &n->watcher, n->fd, LOOP_READ);
	d->notify = n;
	return 0;
}

void notify_close(struct daemon *d)
{
	if (!d->notify)
		return;
	loop_fd_stop(d->loop, &d->notify->watcher);
	fd_keeper_fini(&d->notify->keeper);
	notify_free(d->notify);
	d->notify = NULL;
}

const char *notify_path(const struct daemon *d)
{
	return d->notify ? d->notify->address.sun_path : NULL;
}

struct fd_keeper *notify_fd_keeper(const struct daemon *d)
{
	return &d->notify->keeper;
}
