/* SPDX-License-Identifier: MIT */
#ifndef LOGS_READ_BACK_H
#define LOGS_READ_BACK_H

/* What a daemon before this one has written to a log of its own, line by line. */

#include <stddef.h>

/*
 * Calls for each of the last `most` lines of DIR/name and of its old files, packed or not, the
 * oldest first; without its end. What can not be read is passed over. It reads from the disk: in
 * the daemon's start alone. 0, -ENOMEM, or the errno of opening DIR.
 */
int read_back(const char *dir, const char *name, size_t most,
	      void (*take)(void *owner, const char *line, size_t size), void *owner);

#endif
