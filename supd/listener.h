/* SPDX-License-Identifier: MIT */
#ifndef SUPD_LISTENER_H
#define SUPD_LISTENER_H

/*
 * Between listen.c, which has the table of listeners, and the files that do more with one's sockets
 * than hand them over: listen_lazy.c.
 */

#include "base/list.h"
#include "base/map.h"
#include "supd/listen.h"
#include "supd/socket.h"

struct listener {
	struct listen *all; /* borrowed */
	uint32_t slot;
	const struct spec *spec;     /* borrowed: it stays with the slot */
	struct held_socket *sockets; /* owned; as many as spec has; NULL: they are not open */
	struct accept *accept;       /* owned; with accept = yes; NULL: not yet */
	struct lazy *lazy;           /* owned; of a lazy one; NULL: it never waited */
	struct list link;            /* listen.listeners */
	struct list unsettled;       /* listen.unsettled */
};

struct listen {
	struct daemon *daemon; /* borrowed */
	struct map by_slot;
	struct list listeners;  /* owned */
	struct list unsettled;  /* those whose child has changed */
	struct map connections; /* of listen_accept.c, by the slot of its child */
	uint64_t serial;        /* of connections */
};

/* What a service listens on; NULL: nothing. */
static inline const struct exec_sockets *listener_sockets(const struct spec *spec)
{
	const struct exec *exec = spec->exec;

	if (spec->type == CHILD_SUPERVISOR)
		exec = spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE ? spec->children[0]->exec
								     : NULL;
	if (spec->type == CHILD_SUPERVISOR && !(exec && exec->sockets && exec->sockets->accept))
		return NULL;

	return exec && exec->sockets && exec->sockets->n_listen ? exec->sockets : NULL;
}

/* ---- listen.c ---- */

/* All of them, or none. 0, or -errno with what it was about in object. */
int listener_open(struct listener *l, const char *path, struct buf *object);

struct listener *listener_find(const struct daemon *d, uint32_t slot); /* NULL: none */
/* Whether it is still wanted is asked at the end of the turn. */
void listener_note_change(struct listener *l);

/* ---- listen_accept.c: a process for each connection ---- */

/* It is the supervisor of those. */
bool listener_accepts(const struct spec *spec);
/* Its state, or the number of its children, has changed. False: no memory, ask again. */
bool accept_settle(struct listener *l);
size_t accept_count(const struct listener *l);
void accept_free(struct listener *l);
/* A child is started: with a connection. 0, -ENOMEM, -ENOTCONN. */
int accept_hand(struct daemon *d, const struct child_view *v, struct handed *handed);
void accept_on_forget(struct daemon *d, uint32_t slot);

/* ---- listen_lazy.c: a service that is started when somebody connects ---- */

bool listener_is_lazy(const struct spec *spec);
/* Its child's state has changed: it is watched while that waits. False: no memory, ask again. */
bool lazy_settle(struct listener *l);
bool lazy_is_watching(const struct listener *l);
void lazy_free(struct listener *l);

#endif
