/* SPDX-License-Identifier: MIT */
#ifndef SUPD_LIMITS_H
#define SUPD_LIMITS_H

/*
 * Resource limits: the daemon raises its own as far as it may, services get those that the daemon
 * was started with.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

#include "base/buf.h"

struct limits {
	struct rlimit nofile, nproc; /* as the daemon was started */
	bool nofile_raised, nproc_raised;
};

/* Raises the soft limits on files and processes to the hard ones. Where that is refused they stay.
 */
void limits_raise(struct limits *limits);

/*
 * Whether this host lets us run so many services: 0, or -EAGAIN with a sentence in why that names
 * the limit in the way. -ENOMEM. What can not be found out counts as no limit.
 */
int limits_check(size_t services, struct buf *why);

#endif
