/* SPDX-License-Identifier: MIT */
#ifndef SUPD_CONN_H
#define SUPD_CONN_H

/*
 * One connection, whoever is at the other end:
 *
 *   guest    came over the control socket; an actor of its own from its first need of a pid on
 *   helper   came over the control socket and acts for an actor, whose token it has shown
 *   main     a process at its own mailbox's socket
 *
 * All speak the same frames and go through the same hands: conn.c (its life), conn_in.c (what comes
 * in), out.c (what goes out). Runs of actors' frames go to the core as they are, requests to
 * request.c, each in its turn.
 *
 * A connection is freed in one place, at the end of a turn of the loop; everything else marks it.
 * Output is only queued until then, so that nobody, however slow, is ever waited for.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/list.h"
#include "base/pid.h"
#include "core/event.h"
#include "supd/loop.h"
#include "supd/out.h"
#include "wire/field.h"

/* More than this queued, and nothing more is read from it, nor handed out to it by the core; its
 * events wait. */
#define CONN_OUT_MAX ((size_t)256 * 1024)
/* With that many memfds on their way to it a connection is handed out no more messages. */
#define CONN_MEMFDS_MAX 16
/* Whoever still asks with so much of the answers not taken is disconnected. */
#define CONN_OUT_LIMIT ((size_t)16 * 1024 * 1024)
/* Requests of one connection that are not answered yet; one more is refused. */
#define CONN_PENDING_MAX 1024
/* fds that may come with one datagram. */
#define CONN_FDS_MAX 64

struct control;
struct process;
struct watch;
struct what_if; /* what_if.h */

enum right { RIGHT_NONE, RIGHT_LOOK, RIGHT_EVERYTHING };

struct peer {
	uid_t uid;
	pid_t os_pid;
	gid_t *groups; /* owned */
	size_t n_groups;
};

enum conn_role {
	CONN_MAIN = ROLE_MAIN,
	CONN_HELPER = ROLE_HELPER,
	CONN_GUEST = ROLE_GUEST,
};

enum conn_state {
	CONN_NEW, /* its HELLO has not come */
	CONN_OPEN,
	CONN_CLOSING, /* what is queued goes out, then it is closed */
	CONN_BROKEN,  /* closed at the end of the turn */
};

struct conn {
	struct list link;        /* control.conns, or control.mains */
	struct list dirty;       /* control.dirty: looked at once more at the end of the turn */
	struct list of_actor;    /* process.conns: main and helpers, while the process lives */
	struct control *control; /* borrowed */
	int fd;
	enum conn_role role;
	enum conn_state state; /* set by conn_set_state() alone */
	unsigned slow;         /* a main: how often its batches are halved; see conn_in.c */
	actor_pid actor;       /* whom it is, or acts for; none: a guest that has no pid yet */
	struct loop_fd watcher;
	struct peer peer;  /* of a main: who its process runs as */
	uint64_t source;   /* its name in the core; 0: the core does not know it */
	bool full;         /* the core was told so */
	bool said_goodbye; /* a guest's end is `normal` */
	struct out out;
	struct list pendings; /* of struct pending */
	struct list listings; /* of struct listing */
	size_t n_pending;
	struct what_if *what_if; /* owned; NULL: it asks for none */
	struct watch *watch;     /* owned; NULL: it does not watch events */
};

/* fds of a datagram that nobody has taken yet, in order. */
struct conn_fds {
	int fd[CONN_FDS_MAX]; /* owned from next on */
	size_t n, next;
};

/* ---- conn.c ---- */

/* Whose own mailbox a connection is. */
struct conn_actor {
	actor_pid pid;
	const struct spec *spec; /* borrowed for the call */
};

/*
 * Takes over fd and what is in peer. actor: NULL for a guest. 0 or -ENOMEM, and then both are still
 * the caller's.
 */
int conn_new(struct control *control, int fd, struct peer *peer, const struct conn_actor *actor,
	     struct conn **ret_conn);
void conn_free(struct conn *conn); /* takes NULL */
void conn_set_state(struct conn *conn, enum conn_state state);
/* Looks at it once more at the end of this turn: something is to be sent, or it is to be freed. */
void conn_touch(struct conn *conn);
/* Ends it, with a line in the log that names who was there: printf-like. */
void conn_drop(struct conn *conn, const char *format, ...) PRINTF(2, 3);
/* Ends it because its actor has ended, which is nobody's fault. */
void conn_end_with_actor(struct conn *conn, const char *why);
/* Tells it that this is not permitted and why, and the log who it was; then closes. */
void conn_turn_away(struct conn *conn, const char *why);
/* Begins a frame in the output queue; conn_end() ends it, and breaks the connection where memory is
 * short. */
void conn_begin(struct conn *conn, struct wire_encoder *e, enum wire_op op, uint64_t ref);
/* 0, or -EMSGSIZE: the frame is gone, something shorter can be said instead. */
int conn_end(struct conn *conn, struct wire_encoder *e);
/* A reply without fields but an error (NULL: none). */
void conn_reply_status(struct conn *conn, uint64_t ref, int status, const char *error);
/* Says why, then closes. */
void conn_refuse(struct conn *conn, const char *error);
/* What it may do, whoever it is, by the Unix user and groups behind it or by a grant. */
enum right conn_right(const struct conn *conn);
bool conn_is_full(const struct conn *conn);
/* Makes it known to the core: from now on it has a pid. False: it could not be, and is dropped. */
bool conn_join(struct conn *conn);
/* The core knows it no longer; what comes in is not read any more. */
void conn_leave(struct conn *conn);
/* What the core hands out to it. */
void conn_put_frames(struct conn *conn, const void *frames, size_t size);
/* Sends as much as the socket takes; for the end of the daemon. */
void conn_flush(struct conn *conn);
/* The end of a turn: sends, and frees it where it has ended. */
void conn_settle(struct conn *conn);

/* ---- conn_in.c ---- */

struct intake; /* the memory that datagrams are read into, one for all connections */

int intake_new(struct intake **ret_intake); /* 0 or -ENOMEM */
void intake_free(struct intake *intake);    /* takes NULL */
/* Takes what has come, within what is fair to others. */
void conn_read(struct conn *conn);
/* Takes all that has come, before the end of its process is told (SEMANTICS 3). */
void conn_drain(struct conn *conn);
/* The next fd that came with the frame at hand; -1: none is left. It is the caller's. */
int conn_take_fd(struct conn *conn);

#endif
