/* SPDX-License-Identifier: MIT */
#ifndef SUPD_STAMP_H
#define SUPD_STAMP_H

/*
 * When a service had its last run by the calendar, kept for the supd after this one: an empty file
 * whose time says so, in the folder "stamps" of the state directory (place_state_dir()), named
 * after the daemon's run_dir and the service, with % for each /.
 */

#include <stdint.h>

#include "supd/daemon.h"

/* Seconds, as time() has them. -1: there is none, or nowhere to look. */
int64_t stamp_read(const struct daemon *d, const char *path);
/* Makes it, or sets its time. 0, or -errno: nowhere to put it, no permission, no room. */
int stamp_write(const struct daemon *d, const char *path, int64_t at);

#endif
