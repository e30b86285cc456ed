/* SPDX-License-Identifier: MIT */
#ifndef SUPD_CONTROL_H
#define SUPD_CONTROL_H

/*
 * Between the files that know all connections: control.c (the control socket, who is there, what
 * the core tells), control_peer.c (who may do what), conn.c and conn_in.c (one connection, conn.h),
 * request.c and request_*.c (what is asked).
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/list.h"
#include "base/map.h"
#include "core/look.h"
#include "supd/conn.h"
#include "supd/daemon.h"
#include "supd/log.h"

/* Guests in all (an eighth more for those who may do everything), and of one ordinary user. */
#define CONTROL_GUESTS_MAX ((size_t)256)
#define CONTROL_GUESTS_OF_USER 32

struct request_command;
struct rotating; /* request_logs.c */

/* A request that is not answered yet. */
struct pending {
	struct list link;  /* conn.pendings */
	struct conn *conn; /* borrowed */
	uint64_t id;       /* the core's */
	uint64_t ref;      /* the guest's */
	const struct request_command *command;
	char *target; /* owned; as the guest named it; of a child to be added, its own path */
	struct rotating *rotating; /* borrowed; the rotation it waits for; NULL: another thing */
};

/* Rows that are written as the guest takes them: the children asked for, by slot, or names, or
 * what waits in a mailbox. */
struct listing {
	struct list link; /* conn.listings */
	uint64_t ref;
	uint32_t *slots;  /* owned; SLOT_NONE: forgotten meanwhile */
	char **names;     /* owned, as each of them; NULL: slots */
	bool usage;       /* with what services use */
	bool of_logs;     /* where services' logs are */
	bool of_mailbox;  /* of messages: neither slots nor names */
	bool of_reports;  /* slots are their numbers */
	bool of_why;      /* likewise: a chain of causes */
	struct cause why; /* ... the next, where number is 0: events do not go back so far */
	struct mailbox_view mailbox;
	uint64_t number; /* of the last message that was shown; of the next event */
	size_t n, next;
};

struct control {
	struct daemon *daemon; /* borrowed */
	unsigned n_what_ifs;   /* under way */
	int fd;
	bool listening; /* the watcher runs */
	struct loop_fd watcher;
	struct loop_timer retry; /* accept again, after a shortage */
	char *path;              /* owned; of the socket */
	bool bound;
	struct list conns; /* guests and helpers */
	struct list mains; /* actors' own */
	struct list dirty; /* to be looked at, at the end of this turn */
	struct loop_turn turn;
	size_t n_conns, most_guests;
	struct log_quota complaints; /* of connections that broke the rules */
	struct loop_timer tell_more; /* how many there were beyond that */
	struct map sources;          /* the core's number -> struct conn */
	uint64_t last_source;
	struct memfds memfds;
	struct intake *intake; /* owned */
	struct map pendings;   /* id -> struct pending */
	uint64_t next_id;
	bool has_control_group, has_view_group;
	gid_t control_group, view_group;
};

/* ---- control_peer.c ---- */

/* Reads who is at the other end. 0, -ENOMEM or the errno of getsockopt. */
int peer_read(int fd, struct peer *ret_peer);
void peer_fini(struct peer *peer);
enum right peer_right(const struct control *control, const struct peer *peer);
/* Resolves control_group and view_group; a group that does not exist counts as none. */
void peer_find_groups(struct control *control);
/* The sentence for a refusal, naming what would allow it. */
void peer_refusal(const struct control *control, enum right needed, const char *command,
		  struct buf *out);

/* ---- process_actor.c ---- */

struct hello_more;
/* It says that it acts for an actor: from now on it does, or it was turned away. */
bool control_takes_helper(struct conn *conn, const struct hello_more *hello);

/* ---- control.c ---- */

/* May one more line be said of a connection that broke the rules? */
bool control_may_complain(struct control *control);

/* ---- request.c ---- */

void request_take(struct conn *conn, const struct wire_frame *frame);
/* Rows of listings, until the output queue is full. */
void request_continue(struct conn *conn);
void request_forget(struct conn *conn); /* the guest is gone */
/* NULL: no memory. */
struct listing *listing_new(struct conn *conn, uint64_t ref);
void listing_free(struct listing *listing);

#endif
