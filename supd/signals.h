/* SPDX-License-Identifier: MIT */
#ifndef SUPD_SIGNALS_H
#define SUPD_SIGNALS_H

/*
 * The Unix signals that are sent to the daemon. What a user's container or machine sends its first
 * process to end it means that for every daemon that is told to be one (--init): SIGTERM, SIGINT,
 * SIGQUIT (images that ask for it), SIGPWR (LXC, power supplies), SIGRTMIN+3 (systemd's halt). Any
 * other daemon ends by SIGTERM and SIGINT alone. Where the tree is one of a COMMAND, that gets them
 * all (foreground.h). None of the rest does anything.
 */

#include "supd/daemon.h"

/* Before all else: from here on no Unix signal ends or stops us that is not watched. */
void signals_block(void);
void signals_watch(struct daemon *d);
void signals_unwatch(struct daemon *d); /* takes one that watches none */
/*
 * Those that end it wait: before the first process watches any, when the kernel would throw them
 * away, and while the daemon ends, which it does all the same, and with the status that it has.
 */
void signals_hold(void);

/* Shuts down, for that one; a second one kills. */
void signals_end(struct daemon *d, int unix_signal);

#endif
