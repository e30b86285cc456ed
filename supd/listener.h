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
	struct lazy *lazy;           /* owned; of a lazy one; NULL: it never waited */
	struct list link;            /* listen.listeners */
	struct list unsettled;       /* listen.unsettled */
};

struct listen {
	struct daemon *daemon; /* borrowed */
	struct map by_slot;
	struct list listeners; /* owned */
	struct list unsettled; /* those whose child has changed */
};

/* What a service listens on; NULL: nothing. */
static inline const struct exec_sockets *listener_sockets(const struct spec *spec)
{
	const struct exec *exec = spec->exec;

	return exec && exec->sockets && exec->sockets->n_listen ? exec->sockets : NULL;
}

/* ---- listen.c ---- */

/* All of them, or none. 0, or -errno with what it was about in object. */
int listener_open(struct listener *l, const char *path, struct buf *object);

/* ---- listen_lazy.c: a service that is started when somebody connects ---- */

bool listener_is_lazy(const struct spec *spec);
/* Its child's state has changed: it is watched while that waits. False: no memory, ask again. */
bool lazy_settle(struct listener *l);
bool lazy_is_watching(const struct listener *l);
void lazy_free(struct listener *l);

#endif
