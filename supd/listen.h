/* SPDX-License-Identifier: MIT */
#ifndef SUPD_LISTEN_H
#define SUPD_LISTEN_H

/*
 * The sockets of services with the key listen: opened before the first start, and held by the
 * daemon for as long as it means the service to run, so over restarts, crashes and the restarts of
 * the supervisors above it: who connects meanwhile waits in the backlog. They are closed, and their
 * paths taken away, when the service is down for good: stopped by an operator or with a supervisor
 * that was, failed, done, removed; then clients are refused.
 *
 * There is nothing of this, and nothing is done, while no such service was ever started.
 */

#include "core/core.h"
#include "supd/daemon.h"
#include "supd/handed.h"
#include "wire/frame.h"

struct listen;

/*
 * The sockets of a service that has some, as a start gets them; those that are not open are opened.
 * 0, or -errno with what it was about in object.
 */
int listen_hand(struct daemon *d, const struct child_view *v, struct handed *handed,
		struct buf *object);

/* With accept = yes: what a child has of its connection besides, NULL: nothing; that it runs. */
char *const *accept_variables(const struct daemon *d, uint32_t slot);
void accept_set_streams(const struct daemon *d, uint32_t slot, struct spawn_request *request);
void accept_started(struct daemon *d, uint32_t slot);
void accept_on_reply(struct daemon *d, const struct reply *reply);

/* What run.c tells: of a change of slot's state, of its end, and when a turn is over. */
void listen_on_notice(struct daemon *d, uint32_t slot, const struct link *link);
void listen_on_forget(struct daemon *d, uint32_t slot);
/* The service in slot `to` takes the place of the one in `from`, and has its sockets. */
void listen_pass(struct daemon *d, uint32_t from, uint32_t to);
void listen_settle(struct daemon *d);
/* All of them. */
void listen_close(struct daemon *d);

/* The fields of a row of status. */
void listen_put_row(struct wire_encoder *e, const struct daemon *d, const struct child_view *v);

#endif
