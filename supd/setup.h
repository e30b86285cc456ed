/* SPDX-License-Identifier: MIT */
#ifndef SUPD_SETUP_H
#define SUPD_SETUP_H

/* The daemon's beginning and end: everything it has is opened in order, and closed in reverse. */

#include "supd/daemon.h"
#include "supd/options.h"
#include "supd/settings.h"

/*
 * Settings and options are borrowed until daemon_close(). Everything is ready, and the tree is
 * starting. 0, or an exit status with the reason printed; daemon_close() in any case.
 */
int daemon_open(struct daemon *d, struct settings *settings, const struct options *options);
/* Until the tree has ended. The exit status. */
int daemon_run(struct daemon *d);
/* Nothing is left then. Takes a zeroed or half opened one. */
void daemon_close(struct daemon *d);

#endif
