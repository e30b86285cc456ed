/* SPDX-License-Identifier: MIT */

/*
 * The life of a connection, and what goes out. While more is queued than CONN_OUT_MAX nothing more
 * is read, so that whoever does not take its answers gets no further questions in, and the core is
 * told to hand out no more: what an actor does not take stays in its mailbox, where its limit
 * holds.
 */

#include "supd/conn.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "supd/control.h"
#include "supd/events_watch.h"
#include "supd/foreign.h"
#include "supd/log.h"
#include "supd/request.h"
#include "wire/hello.h"

static void conn_on_fd(void *owner, int fd, int events);

void conn_touch(struct conn *conn)
{
	if (list_is_empty(&conn->dirty))
		list_append(&conn->control->dirty, &conn->dirty);
}

void conn_set_state(struct conn *conn, enum conn_state state)
{
	if (state > conn->state)
		conn->state = state;
	conn_touch(conn);
}

bool conn_is_full(const struct conn *conn)
{
	return out_size(&conn->out) >= CONN_OUT_MAX || conn->state >= CONN_CLOSING;
}

/* Writing is wanted while there is something to write; reading, while there is room for answers. */
static void conn_update_watcher(struct conn *conn)
{
	int events = 0;

	if (out_size(&conn->out) || conn->state >= CONN_CLOSING ||
	    !list_is_empty(&conn->listings) || watch_is_behind(conn))
		events |= LOOP_WRITE;
	if (!conn_is_full(conn) && list_is_empty(&conn->listings))
		events |= LOOP_READ;
	loop_fd_change(conn->control->daemon->loop, &conn->watcher, events);
}

/* ---- life ---- */

static int conn_put_hello(struct conn *conn, const struct spec *spec)
{
	struct buf hello CLEANUP(buf_fini) = BUF_INIT;
	uint64_t window = spec ? spec->outbox_limit : SPEC_OUTBOX_LIMIT;
	bool durable = spec && spec->mailbox == MAILBOX_DURABLE;
	int r = hello_put_daemon(&hello, conn->actor.n, window, durable ? HELLO_DURABLE : 0);

	return r < 0 ? r : out_put(&conn->out, hello.data, hello.size, &conn->control->memfds);
}

static void conn_enlist(struct conn *conn)
{
	struct control *control = conn->control;

	if (conn->role == CONN_MAIN) {
		list_append(&control->mains, &conn->link);
		return;
	}
	list_append(&control->conns, &conn->link);
	control->n_conns++;
}

int conn_new(struct control *control, int fd, struct peer *peer, const struct conn_actor *actor,
	     struct conn **ret_conn)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return -ENOMEM;
	conn->control = control;
	conn->role = actor ? CONN_MAIN : CONN_GUEST;
	conn->actor = actor ? actor->pid : ACTOR_PID_NONE;
	conn->fd = fd;
	if (conn_put_hello(conn, actor ? actor->spec : NULL) < 0) {
		out_fini(&conn->out, &control->memfds);
		free(conn);
		return -ENOMEM;
	}
	conn->peer = *peer;
	*peer = (struct peer){0};
	list_init(&conn->link);
	list_init(&conn->dirty);
	list_init(&conn->of_actor);
	list_init(&conn->pendings);
	list_init(&conn->listings);
	conn_enlist(conn);
	conn->watcher.call = conn_on_fd;
	conn->watcher.owner = conn;
	loop_fd_start(control->daemon->loop, &conn->watcher, fd, LOOP_READ | LOOP_WRITE);
	*ret_conn = conn;
	return 0;
}

void conn_free(struct conn *conn)
{
	if (!conn)
		return;
	loop_fd_stop(conn->control->daemon->loop, &conn->watcher);
	/* Off the lists first: forgetting may lead to events, and this one hears no more of them.
	 */
	list_unlink(&conn->link);
	list_unlink(&conn->dirty);
	list_unlink(&conn->of_actor);
	watch_free(TAKE(conn->watch));
	if (conn->role != CONN_MAIN)
		conn->control->n_conns--;
	request_forget(conn);
	conn_leave(conn);
	loop_fd_end(conn->control->daemon->loop, &conn->watcher, conn->fd);
	foreign_close_connection(conn->fd);
	peer_fini(&conn->peer);
	out_fini(&conn->out, &conn->control->memfds);
	free(conn);
}

/* ---- the core's part ---- */

/* A guest that may not be an actor, for want of rights. */
static void conn_turn_away_stranger(struct conn *conn)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	peer_refusal(conn->control, RIGHT_EVERYTHING, "to be an actor", &text);
	conn_turn_away(conn, buf_text(&text));
}

bool conn_join(struct conn *conn)
{
	struct control *control = conn->control;
	struct event event = {
		.kind = EVENT_JOIN,
		.pid = conn->actor,
		.uid = conn->peer.uid,
		.role = (enum role)conn->role,
	};

	if (conn->source)
		return true;
	event.admin = peer_right(control, &conn->peer) == RIGHT_EVERYTHING;
	if (conn->role == CONN_GUEST && !event.admin) {
		conn_turn_away_stranger(conn);
		return false;
	}
	event.source = ++control->last_source;
	if (map_set(&control->sources, event.source, conn) < 0) {
		conn_drop(conn, "the daemon is short of memory");
		return false;
	}
	conn->source = event.source;
	daemon_step(control->daemon, &event);
	return conn->state < CONN_CLOSING;
}

void conn_leave(struct conn *conn)
{
	struct daemon *d = conn->control->daemon;
	struct event event = {
		.kind = EVENT_LEAVE,
		.source = conn->source,
		.code = conn->said_goodbye,
	};

	if (!conn->source)
		return;
	map_remove(&conn->control->sources, conn->source);
	conn->source = 0;
	if (!d->halted)
		daemon_step(d, &event);
}

static void conn_tell_room(struct conn *conn, bool full)
{
	struct event event = {
		.kind = full ? EVENT_FULL : EVENT_ROOM,
		.source = conn->source,
	};

	if (conn->full == full || !conn->source)
		return;
	conn->full = full;
	daemon_step(conn->control->daemon, &event);
}

void conn_put_frames(struct conn *conn, const void *frames, size_t size)
{
	if (conn->state >= CONN_CLOSING)
		return;
	if (out_send_now(&conn->out, conn->fd, frames, size, &conn->control->memfds))
		return;
	if (out_put(&conn->out, frames, size, &conn->control->memfds) < 0) {
		conn_drop(conn, "the daemon is short of memory");
		return;
	}
	conn_touch(conn);
	if (out_size(&conn->out) >= CONN_OUT_MAX || out_memfds(&conn->out) >= CONN_MEMFDS_MAX)
		conn_tell_room(conn, true);
}

/* ---- what breaks the rules ---- */

static void conn_log(const struct conn *conn, enum log_level level, const char *why)
{
	struct log_about about = {.event = "disconnected", .os_pid = conn->peer.os_pid};
	char pid[ACTOR_PID_TEXT_MAX];
	struct child_view v;

	if (conn->actor.n) {
		uint32_t slot = core_find_pid(conn->control->daemon->core, conn->actor);

		about.pid = actor_pid_format(conn->actor, pid);
		if (core_view(conn->control->daemon->core, slot, &v))
			about.name = v.path;
	}
	log_about(level, &about, "%s %s (uid %u, OS pid %d) is disconnected: %s",
		  conn->role == CONN_MAIN     ? "the mailbox of"
		  : conn->role == CONN_HELPER ? "a helper of"
					      : "guest",
		  about.pid ? about.pid : "without a pid", (unsigned)conn->peer.uid,
		  (int)conn->peer.os_pid, why);
}

/* Whoever breaks the rules can do so again and again: the log is not theirs to fill. */
static void conn_complain(const struct conn *conn, const char *why)
{
	if (control_may_complain(conn->control))
		conn_log(conn, LOG_AT_WARNING, why);
}

void conn_end_with_actor(struct conn *conn, const char *why)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	if (conn->state >= CONN_CLOSING)
		return;
	conn_log(conn, LOG_AT_DEBUG, why);
	if (conn->role == CONN_MAIN) {
		conn_set_state(conn, CONN_BROKEN);
		return;
	}
	buf_printf(&text, "disconnected: %s", why);
	conn_refuse(conn, buf_text(&text));
}

void conn_drop(struct conn *conn, const char *format, ...)
{
	char text[512];
	va_list args;

	if (conn->state == CONN_BROKEN)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	conn_complain(conn, text);
	conn_set_state(conn, CONN_BROKEN);
}

void conn_turn_away(struct conn *conn, const char *why)
{
	conn_complain(conn, why);
	conn_reply_status(conn, 0, (int)STATUS_REFUSED, why);
	conn_set_state(conn, CONN_CLOSING);
}

/* ---- out ---- */

void conn_begin(struct conn *conn, struct wire_encoder *e, enum wire_op op, uint64_t ref)
{
	struct wire_frame frame = wire_frame(op, "", ref);

	out_begin(&conn->out, e, &frame);
}

int conn_end(struct conn *conn, struct wire_encoder *e)
{
	int r = out_end(&conn->out, e);

	if (r == -EMSGSIZE)
		return r;
	if (r < 0)
		conn_set_state(conn, CONN_BROKEN);
	conn_touch(conn);
	return 0;
}

void conn_reply_status(struct conn *conn, uint64_t ref, int status, const char *error)
{
	struct wire_encoder e;

	conn_begin(conn, &e, WIRE_REPLY, ref);
	field_put_int(&e, FIELD_HIDDEN, "status", status);
	if (error)
		field_put_text(&e, 0, "error", error);
	if (conn_end(conn, &e) == -EMSGSIZE)
		conn_reply_status(conn, ref, status, "the answer is too long to be sent");
}

void conn_refuse(struct conn *conn, const char *error)
{
	conn_reply_status(conn, 0, 1, error);
	conn_set_state(conn, CONN_CLOSING);
}

void conn_flush(struct conn *conn)
{
	int r = out_send(&conn->out, conn->fd, &conn->control->memfds);

	if (r < 0 || (r == 0 && conn->state == CONN_CLOSING))
		conn_set_state(conn, CONN_BROKEN);
	else if (r == 0)
		conn_tell_room(conn, false);
}

void conn_settle(struct conn *conn)
{
	/* A long listing takes many turns, however fast it is read: others come in between. */
	request_continue(conn);
	watch_continue(conn);
	list_unlink(&conn->dirty);
	if (conn->state != CONN_BROKEN)
		conn_flush(conn);
	if (conn->state == CONN_BROKEN)
		conn_free(conn);
	else
		conn_update_watcher(conn);
}

static void conn_on_fd(void *owner, int fd, int events)
{
	struct conn *conn = owner;

	(void)fd;
	if (events & LOOP_READ && !conn_is_full(conn) && list_is_empty(&conn->listings))
		conn_read(conn);
	conn_touch(conn);
}
