/* SPDX-License-Identifier: MIT */

/*
 * The control socket: everybody may connect, every request is checked. Accepting stops for a while
 * when fds run out, and a guest too many hears why. The core's answers come back here by the
 * request's id.
 */

#include "supd/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "supd/events_watch.h"
#include "supd/request.h"

#define ACCEPT_PAUSE SPAN_MS(200)
#define ACCEPTS_PER_TURN 16

/* ---- complaints ---- */

static void control_tell_more(void *owner)
{
	struct control *control = owner;

	if (control->complaints.more)
		log_line(LOG_AT_WARNING,
			 "%llu more connections were disconnected for what they did",
			 (unsigned long long)control->complaints.more);
	control->complaints.more = 0;
}

bool control_may_complain(struct control *control)
{
	bool may = log_quota_take(&control->complaints, loop_now());

	if (!may && control->complaints.more == 1)
		loop_timer_start(control->daemon->loop, &control->tell_more,
				 mono_add(control->complaints.since, LOG_QUOTA_TIME));
	return may;
}

/* ---- guests ---- */

static size_t control_guests_of(const struct control *control, uid_t uid)
{
	size_t n = 0;

	LIST_EACH (l, &control->conns) {
		const struct conn *conn = LIST_ENTRY(l, const struct conn, link);

		n += conn->peer.uid == uid && conn->state < CONN_CLOSING;
	}
	return n;
}

/* NULL, or why this guest is one too many. */
static const char *control_refuses(const struct control *control, const struct peer *peer)
{
	bool trusted = peer_right(control, peer) == RIGHT_EVERYTHING;
	size_t most = control->most_guests + (trusted ? control->most_guests / 8 : 0);

	if (control->n_conns >= most)
		return "too many connections to the control socket: try again when some have ended";
	if (!trusted && control_guests_of(control, peer->uid) >= CONTROL_GUESTS_OF_USER)
		return "this user has too many connections to the control socket: end some first";
	return NULL;
}

static void control_admit(struct control *control, int fd)
{
	struct peer peer;
	struct conn *conn;
	const char *refusal;

	if (peer_read(fd, &peer) < 0) {
		close(fd);
		return;
	}
	refusal = control_refuses(control, &peer);
	if (conn_new(control, fd, &peer, NULL, &conn) < 0) {
		peer_fini(&peer);
		close(fd);
		return;
	}
	if (refusal)
		conn_refuse(conn, refusal);
}

static void control_listen(struct control *control, bool on)
{
	struct loop *loop = control->daemon->loop;

	if (control->listening == on)
		return;
	control->listening = on;
	if (on)
		loop_fd_start(loop, &control->watcher, control->fd, LOOP_READ);
	else
		loop_fd_stop(loop, &control->watcher);
}

static void control_on_retry(void *owner)
{
	control_listen(owner, true);
}

static void control_on_guest(void *owner, int fd, int events)
{
	struct control *control = owner;

	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		int guest = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (guest >= 0) {
			control_admit(control, guest);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno != EAGAIN) {
			control_listen(control, false);
			loop_timer_start(control->daemon->loop, &control->retry,
					 mono_add(loop_now(), ACCEPT_PAUSE));
		}
		return;
	}
}

/* ---- turns ---- */

/* All that has come together is sent. That may lead to more, which is sent too. */
static void control_on_turn(void *owner)
{
	struct control *control = owner;
	struct list *l;

	while ((l = list_take_first(&control->dirty)))
		conn_settle(LIST_ENTRY(l, struct conn, dirty));
}

/* ---- life ---- */

/* Guests never take the fds that starts need: of few fds half is theirs. */
static size_t control_most_guests(void)
{
	struct rlimit limit;
	size_t most = CONTROL_GUESTS_MAX;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 2 < most)
		most = (size_t)limit.rlim_cur / 2;
	return most;
}

static int control_bind(struct control *control)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(control->path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, control->path);
	control->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->fd < 0)
		return -errno;
	if (unlink(control->path) < 0 && errno != ENOENT)
		return -errno;
	if (bind(control->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	control->bound = true;
	if (chmod(control->path, 0666) < 0)
		return -errno;
	return listen(control->fd, SOMAXCONN) < 0 ? -errno : 0;
}

/* Payloads in memfds never take the fds that starts need either. */
static size_t control_most_memfds(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (size_t)limit.rlim_cur / 4 : 0;
}

static struct control *control_new(struct daemon *d)
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control)
		return NULL;
	control->daemon = d;
	control->fd = -1;
	control->most_guests = control_most_guests();
	memfds_init(&control->memfds, control_most_memfds());
	list_init(&control->conns);
	list_init(&control->mains);
	list_init(&control->dirty);
	control->watcher.call = control_on_guest;
	control->retry.call = control_on_retry;
	control->tell_more.call = control_tell_more;
	control->turn.call = control_on_turn;
	control->watcher.owner = control->retry.owner = control->turn.owner = control;
	control->tell_more.owner = control;
	peer_find_groups(control);
	return control;
}

int control_open(struct daemon *d, struct control **ret_control)
{
	struct buf path CLEANUP(buf_fini) = BUF_INIT;
	struct control *control = control_new(d);
	int r;

	if (!control)
		return -ENOMEM;
	r = intake_new(&control->intake);
	if (r == 0 && d->run_dir)
		r = buf_printf(&path, "%s/control", d->run_dir);
	if (r == 0 && d->run_dir) {
		control->path = buf_take(&path);
		r = control->path ? control_bind(control) : -ENOMEM;
	}
	if (r < 0) {
		control_close(control);
		return r;
	}
	control_listen(control, d->run_dir);
	loop_turn_start(d->loop, &control->turn);
	*ret_control = control;
	return 0;
}

static void control_close_all(struct list *conns)
{
	while (!list_is_empty(conns)) {
		struct conn *conn = LIST_ENTRY(conns->next, struct conn, link);

		watch_continue(conn);
		conn_flush(conn);
		conn_free(conn);
	}
}

void control_close(struct control *control)
{
	if (!control)
		return;
	control_listen(control, false);
	loop_timer_stop(control->daemon->loop, &control->retry);
	loop_timer_stop(control->daemon->loop, &control->tell_more);
	loop_turn_stop(control->daemon->loop, &control->turn);
	control_close_all(&control->conns);
	control_close_all(&control->mains);
	control_tell_more(control);
	if (control->bound)
		unlink(control->path);
	if (control->fd >= 0)
		close(control->fd);
	map_fini(&control->pendings);
	map_fini(&control->sources);
	memfds_fini(&control->memfds);
	intake_free(control->intake);
	free(control->path);
	free(control);
}

/* ---- what the core tells ---- */

void control_on_reply(struct control *control, const struct reply *reply)
{
	struct pending *pending = control ? map_get(&control->pendings, reply->id) : NULL;

	if (pending)
		request_answer(pending, reply);
}

static void listing_forget(struct listing *listing, uint32_t slot)
{
	for (size_t i = listing->next; listing->slots && i < listing->n; i++)
		if (listing->slots[i] == slot)
			listing->slots[i] = SLOT_NONE;
}

void control_on_forget(struct control *control, uint32_t slot)
{
	if (!control)
		return;
	LIST_EACH (l, &control->conns) {
		LIST_EACH (m, &LIST_ENTRY(l, struct conn, link)->listings)
			listing_forget(LIST_ENTRY(m, struct listing, link), slot);
	}
}

/* ---- what the core tells connections ---- */

void control_on_joined(struct control *control, uint64_t source, actor_pid pid)
{
	struct conn *conn = control ? map_get(&control->sources, source) : NULL;

	if (conn)
		conn->actor = pid;
}

void control_on_frames(struct control *control, uint64_t source, const void *data, size_t size)
{
	struct conn *conn = control ? map_get(&control->sources, source) : NULL;

	if (conn)
		conn_put_frames(conn, data, size);
}

void control_release(struct control *control, uint32_t memfd)
{
	if (control)
		memfd_release(&control->memfds, memfd);
}

void control_on_drop(struct control *control, uint64_t source, const char *text, bool ended)
{
	struct conn *conn = control ? map_get(&control->sources, source) : NULL;

	if (conn && ended)
		conn_end_with_actor(conn, text);
	else if (conn)
		conn_drop(conn, "%s", text);
}
