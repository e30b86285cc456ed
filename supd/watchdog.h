/* SPDX-License-Identifier: MIT */
#ifndef SUPD_WATCHDOG_H
#define SUPD_WATCHDOG_H

/*
 * The watchdog of a service: it has to say WATCHDOG=1, or to ask so over its mailbox's socket,
 * again and again while it is ready. Silence for longer than its span is a fault: EVENT_FAULT with
 * the reason watchdog, and watchdog_signal in place of its stop signal.
 *
 * A word costs one look at the clock: the timer is not touched. When it is due it looks when the
 * last word came, and goes on from there. Before silence counts, what waits on the sockets is read;
 * and where the daemon itself was away (stopped, say), the service gets the time that it was away
 * for once more, for words that were on their way.
 */

#include "core/exec_parts.h"
#include "supd/processes.h"

struct watchdog;

/* p is started: it has one from now on, which does not run yet. Where memory is short it has none,
 * and a line says so. */
void watchdog_begin(struct daemon *d, struct process *p, const struct exec_notify *keys);
/* It is ready. Takes NULL, as do the rest. */
void watchdog_start(struct daemon *d, struct watchdog *w);
void watchdog_feed(struct watchdog *w);
/* WATCHDOG_USEC=, in place of the configuration's; infinity: none. 0 or -ENOMEM. */
int watchdog_set(struct daemon *d, struct process *p, struct span span);
/* WATCHDOG=trigger: as if its time had run out. The process may be gone when this returns. */
void watchdog_trigger(struct daemon *d, struct process *p);
void watchdog_stop(struct daemon *d, struct watchdog *w);
void watchdog_free(struct daemon *d, struct watchdog *w);
struct span watchdog_span(const struct watchdog *w); /* infinity: none */
/* The Unix signal that ends it, where the watchdog is why; else 0. */
int watchdog_signal(const struct process *p);

#endif
