/* SPDX-License-Identifier: MIT */
#ifndef SUPD_PLACE_H
#define SUPD_PLACE_H

/*
 * Where things are: the system's places for root, a user's own (XDG base directories) for everybody
 * else; never a place that others can write to.
 */

#include <stdbool.h>

#include "base/buf.h"

/* The default configuration file. 0, -ENOMEM, or -ENOENT with a sentence in why. */
int place_config(struct buf *out, struct buf *why);

/* run_dir: the configured one, else the default. As above. */
int place_run_dir(const char *configured, struct buf *out, struct buf *why);

/* What to type to reach the daemon of that run_dir: "supctl", or with -s where it is not found by
 * itself. */
void place_put_supctl(struct buf *out, const char *run_dir);

/* Where the daemon keeps what outlives it. As above. */
int place_state_dir(struct buf *out, struct buf *why);

/* Where its logs are. As above. */
int place_log_dir(struct buf *out, struct buf *why);

/* /dev/null, for reading and writing; where there is none, what reads as empty and can not be
 * written. Close-on-exec. -errno. */
int place_open_null(void);

/*
 * Makes the folder, mode 0755, where it is not there; what is there must be a folder of our own
 * that nobody else may write to. 0, -ENOMEM, or -EINVAL with a sentence in why. *ret_made: it was
 * made.
 */
int place_make(const char *path, bool *ret_made, struct buf *why);

#endif
