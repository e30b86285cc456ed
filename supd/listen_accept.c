/* SPDX-License-Identifier: MIT */

/*
 * accept = yes. The service is a simple_one_for_one supervisor, and the listener is that one's.
 * While it runs, and has fewer connections than it may have, each that comes is accepted and is a
 * start_child; the child that this makes takes the first connection that waits for one. At the
 * limit nothing is accepted: who comes then waits in the backlog. A connection is forgotten with
 * its child, or where no child came of it.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supd/listener.h"
#include "supd/log.h"

/* Of request ids: they are not control.c's. */
#define ID_OURS (UINT64_C(1) << 63)
/* Connections accepted before others have their turn. */
#define BATCH 16
/* After which it is tried again, where it can not be accepted or opened for now. */
#define AGAIN_ACCEPT SPAN_MS(100)
#define AGAIN_FIRST SPAN_S(1)
#define AGAIN_MAX SPAN_S(30)

struct connection {
	struct accept *accept; /* borrowed */
	struct list link;      /* accept.connections */
	struct list waiting;   /* accept.waiting, until a child has it */
	uint64_t id;           /* of its request */
	uint32_t slot;         /* of its child */
	int fd;                /* owned; -1: its process has it */
	uint8_t source[16];    /* for a Unix socket, the peer's user */
	char address[INET6_ADDRSTRLEN + sizeof("REMOTE_ADDR=")]; /* "": it has none */
	char port[sizeof("REMOTE_PORT=65535")];
	char *variables[3];
};

struct accept {
	struct listener *listener; /* borrowed */
	struct loop_fd *watchers;  /* owned; as many as sockets */
	struct loop_timer timer;
	struct span again; /* opening: the next wait */
	bool watching;
	struct list connections; /* owned */
	struct list waiting;
	size_t n;
};

bool listener_accepts(const struct spec *spec)
{
	const struct exec_sockets *what = listener_sockets(spec);

	return what && what->accept && spec->type == CHILD_SUPERVISOR;
}

size_t accept_count(const struct listener *l)
{
	return l->accept ? l->accept->n : 0;
}

/* ---- connections ---- */

static void connection_free(struct connection *c)
{
	struct listen *all = c->accept->listener->all;

	if (c->slot != SLOT_NONE)
		map_remove(&all->connections, c->slot);
	list_unlink(&c->link);
	list_unlink(&c->waiting);
	c->accept->n--;
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

static struct connection *connection_find(const struct daemon *d, uint32_t slot)
{
	return d->listen ? map_get(&d->listen->connections, slot) : NULL;
}

/* Where it comes from: into its environment, and what is counted. */
static void note_source(struct connection *c, const struct sockaddr_storage *from)
{
	const struct sockaddr_in6 *v6 = (const void *)from;
	const struct sockaddr_in *v4 = (const void *)from;
	struct ucred peer = {.uid = 0};
	socklen_t size = sizeof(peer);
	char text[INET6_ADDRSTRLEN] = "";
	unsigned port = 0;

	if (from->ss_family == AF_INET) {
		memcpy(c->source, &v4->sin_addr, sizeof(v4->sin_addr));
		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
		port = ntohs(v4->sin_port);
	} else if (from->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		memcpy(c->source, v6->sin6_addr.s6_addr + 12, 4);
		inet_ntop(AF_INET, c->source, text, sizeof(text));
		port = ntohs(v6->sin6_port);
	} else if (from->ss_family == AF_INET6) {
		memcpy(c->source, &v6->sin6_addr, sizeof(c->source));
		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
		port = ntohs(v6->sin6_port);
	} else if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) {
		memcpy(c->source, &peer.uid, sizeof(peer.uid));
	}
	if (!*text)
		return;
	snprintf(c->address, sizeof(c->address), "REMOTE_ADDR=%s", text);
	snprintf(c->port, sizeof(c->port), "REMOTE_PORT=%u", port & 65535);
	c->variables[0] = c->address;
	c->variables[1] = c->port;
}

/* One more from there is too many. */
static bool is_crowded(const struct accept *a, const struct connection *c)
{
	const struct exec_sockets *what = listener_sockets(a->listener->spec);
	size_t n = 0;

	if (what->max_connections_per_source == UINT32_MAX)
		return false;
	LIST_EACH (it, &a->connections) {
		const struct connection *other = LIST_ENTRY(it, struct connection, link);

		n += memcmp(other->source, c->source, sizeof(c->source)) == 0;
	}
	return n > what->max_connections_per_source;
}

/* ---- accepting ---- */

static void unwatch(struct accept *a)
{
	struct loop *loop = a->listener->all->daemon->loop;

	loop_timer_stop(loop, &a->timer);
	for (size_t i = 0; a->watching && i < listener_sockets(a->listener->spec)->n_listen; i++)
		loop_fd_stop(loop, &a->watchers[i]);
	a->watching = false;
}

static void try_again(struct accept *a, struct span wait)
{
	unwatch(a);
	loop_timer_start(a->listener->all->daemon->loop, &a->timer, mono_add(loop_now(), wait));
}

static bool is_full(const struct accept *a)
{
	return a->n >= listener_sockets(a->listener->spec)->max_connections;
}

/* A child for it. Whatever comes of that, comes back through accept_hand() or accept_on_reply(). */
static void start_child(struct accept *a, struct connection *c)
{
	struct daemon *d = a->listener->all->daemon;
	struct event event = {.kind = EVENT_REQUEST,
			      .request = {.kind = REQUEST_START_CHILD, .id = c->id}};
	struct child_view v;

	if (!core_view(d->core, a->listener->slot, &v))
		return;
	event.request.target = v.path;
	daemon_step(d, &event);
}

/* False: no more for now. */
static bool accept_one(struct accept *a, int listening)
{
	struct sockaddr_storage from = {0};
	socklen_t size = sizeof(from);
	struct connection *c = calloc(1, sizeof(*c));
	int fd = c ? accept4(listening, (struct sockaddr *)&from, &size, SOCK_CLOEXEC) : -1;

	if (fd < 0) {
		if (!c || errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			try_again(a, AGAIN_ACCEPT);
		free(c);
		return false;
	}
	c->accept = a;
	c->fd = fd;
	c->slot = SLOT_NONE;
	c->id = ID_OURS | ++a->listener->all->serial;
	list_init(&c->link);
	list_init(&c->waiting);
	list_append(&a->connections, &c->link);
	list_append(&a->waiting, &c->waiting);
	a->n++;
	note_source(c, &from);
	if (is_crowded(a, c))
		connection_free(c);
	else
		start_child(a, c);
	return true;
}

/* A step of the core may have ended the listener, or filled it. */
static void on_connection(void *owner, int fd, int events)
{
	struct accept *a = owner;
	struct daemon *d = a->listener->all->daemon;
	uint32_t slot = a->listener->slot;

	(void)events;
	for (int i = 0; i < BATCH; i++) {
		if (is_full(a)) {
			unwatch(a);
			return;
		}
		if (!accept_one(a, fd))
			return;
		if (!listener_find(d, slot) || listener_find(d, slot)->accept != a || !a->watching)
			return;
	}
}

static void watch(struct accept *a)
{
	struct listener *l = a->listener;

	for (size_t i = 0; i < listener_sockets(l->spec)->n_listen; i++) {
		int fd = l->sockets[i].fd;

		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		a->watchers[i].call = on_connection;
		a->watchers[i].owner = a;
		loop_fd_start(l->all->daemon->loop, &a->watchers[i], fd, LOOP_READ);
	}
	a->watching = true;
}

/* 0, or -errno after it was told, once. */
static int open_it(struct accept *a)
{
	struct buf object CLEANUP(buf_fini) = BUF_INIT;
	struct listener *l = a->listener;
	struct child_view v;
	int r;

	if (l->sockets || !core_view(l->all->daemon->core, l->slot, &v))
		return 0;
	r = listener_open(l, v.path, &object);
	if (r < 0 && !a->again.ns)
		log_about(LOG_AT_WARNING, &(struct log_about){.name = v.path},
			  "listen %s: %s; it is tried again", buf_text(&object), strerror(-r));
	a->again.ns = r == 0 ? 0 : MAX_OF(a->again.ns * 2, AGAIN_FIRST.ns);
	a->again.ns = MIN_OF(a->again.ns, AGAIN_MAX.ns);
	return r;
}

static void go_on(struct accept *a)
{
	struct listener *l = a->listener;
	struct child_view v;

	if (!core_view(l->all->daemon->core, l->slot, &v) || v.state != CHILD_RUNNING) {
		unwatch(a);
		return;
	}
	if (open_it(a) < 0)
		try_again(a, a->again);
	else if (l->sockets && !a->watching && !is_full(a))
		watch(a);
}

static void on_timer(void *owner)
{
	go_on(owner);
}

/* ---- life ---- */

static bool admit(struct listener *l)
{
	struct accept *a;

	if (l->accept)
		return true;
	a = calloc(1, sizeof(*a));
	if (!a)
		return false;
	a->watchers = calloc(listener_sockets(l->spec)->n_listen, sizeof(*a->watchers));
	if (!a->watchers) {
		free(a);
		return false;
	}
	a->listener = l;
	a->timer.call = on_timer;
	a->timer.owner = a;
	list_init(&a->connections);
	list_init(&a->waiting);
	l->accept = a;
	return true;
}

bool accept_settle(struct listener *l)
{
	if (!listener_accepts(l->spec))
		return true;
	if (!admit(l))
		return false;
	go_on(l->accept);
	return true;
}

void accept_free(struct listener *l)
{
	if (!l->accept)
		return;
	unwatch(l->accept);
	LIST_EACH (it, &l->accept->connections)
		connection_free(LIST_ENTRY(it, struct connection, link));
	free(l->accept->watchers);
	free(l->accept);
	l->accept = NULL;
}

/* ---- its children ---- */

int accept_hand(struct daemon *d, const struct child_view *v, struct handed *handed)
{
	struct listener *l = listener_find(d, v->parent);
	struct connection *c = connection_find(d, v->slot);
	struct list *first;

	if (!c && l && l->accept && !list_is_empty(&l->accept->waiting)) {
		c = LIST_ENTRY(l->accept->waiting.next, struct connection, waiting);
		if (map_set(&d->listen->connections, v->slot, c) < 0)
			return -ENOMEM;
		first = list_take_first(&l->accept->waiting);
		list_init(first);
		c->slot = v->slot;
	}
	if (!c || c->fd < 0)
		return -ENOTCONN;
	return handed_listen(handed, c->fd, "connection", v->path);
}

char *const *accept_variables(const struct daemon *d, uint32_t slot)
{
	const struct connection *c = connection_find(d, slot);

	return c ? c->variables : NULL;
}

void accept_set_streams(const struct daemon *d, uint32_t slot, struct spawn_request *request)
{
	const struct connection *c = connection_find(d, slot);

	if (!c || c->fd < 0)
		return;
	request->stdin_fd = c->fd;
	request->output = (struct spawn_stream){SPAWN_TO_FD, c->fd, NULL};
	/* What it has to complain about is not for its client. */
	if (request->error.kind == SPAWN_TO_STDOUT)
		request->error = (struct spawn_stream){SPAWN_AS_IT_IS, -1, NULL};
}

void accept_started(struct daemon *d, uint32_t slot)
{
	struct connection *c = connection_find(d, slot);

	if (!c || c->fd < 0)
		return;
	close(c->fd);
	c->fd = -1;
}

void accept_on_forget(struct daemon *d, uint32_t slot)
{
	struct connection *c = connection_find(d, slot);
	struct accept *a = c ? c->accept : NULL;

	if (!a)
		return;
	connection_free(c);
	listener_note_change(a->listener);
}

/* Of whom no child came: its own one, or where another child has taken that, the last in line. */
static struct connection *find_childless(const struct accept *a, uint64_t id)
{
	LIST_EACH (it, &a->connections) {
		struct connection *c = LIST_ENTRY(it, struct connection, link);

		if (c->id == id && c->slot == SLOT_NONE)
			return c;
		if (c->id == id && !list_is_empty(&a->waiting))
			return LIST_ENTRY(a->waiting.prev, struct connection, waiting);
	}
	return NULL;
}

/* A child that has its connection takes that along when it is forgotten. */
void accept_on_reply(struct daemon *d, const struct reply *reply)
{
	if (!(reply->id & ID_OURS) || !d->listen || reply->answer == ANSWER_OK_UP ||
	    connection_find(d, reply->slot))
		return;
	LIST_EACH (it, &d->listen->listeners) {
		struct listener *l = LIST_ENTRY(it, struct listener, link);
		struct connection *c = l->accept ? find_childless(l->accept, reply->id) : NULL;

		if (!c)
			continue;
		connection_free(c);
		listener_note_change(l);
		return;
	}
}
