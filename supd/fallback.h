/* SPDX-License-Identifier: MIT */
#ifndef SUPD_FALLBACK_H
#define SUPD_FALLBACK_H

/*
 * What the first process does where its configuration can not be used. It never ends over that:
 *
 *   1. the last copy of the same file that it has started with, where one is kept: in
 *      /var/lib/supd/accepted, a user's in $XDG_STATE_HOME/supd/accepted
 *   2. the file's `emergency = COMMAND`, where that much can be read of it
 *   3. an empty tree, with a control socket
 *
 * In all of these SIGHUP reads the file again, and where it is fit for use now, the tree is stopped
 * and that of the file started.
 */

#include "supd/daemon.h"
#include "supd/settings.h"

/* Replaces what settings has of a file that can not be used, and says so in the log. 0, or an exit
 * status where even that is not possible. */
int fallback_load(struct settings *settings);
/* 3. alone. */
int fallback_to_nothing(struct settings *settings);

/* Keeps the copy of what has been started; says so where it can not. */
void fallback_keep(const struct settings *settings);

/* SIGHUP: d->again where the file can be used. */
void fallback_try_again(struct daemon *d);

#endif
