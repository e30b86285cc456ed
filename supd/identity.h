/* SPDX-License-Identifier: MIT */
#ifndef SUPD_IDENTITY_H
#define SUPD_IDENTITY_H

/*
 * Who a service runs as: its keys user, group and groups as numbers, and the account behind them.
 * The databases are read at each start, and only where the service names somebody.
 */

#include "base/buf.h"
#include "core/exec.h"
#include "supd/spawn.h"

/* Texts are in `text` of its owner, NULL where there is no such entry. */
struct account {
	const char *name, *home, *shell;
};

struct identity {
	struct spawn_identity ids; /* its groups are below */
	struct account account;    /* of the service's user */
	gid_t *groups;             /* owned */
	size_t capacity;
	struct buf text; /* what the account's texts are in */
	/* the daemon's own, which do not change */
	bool ours_known;
	uid_t our_uid;
	gid_t our_gid;
	struct account ours;
	struct buf ours_text; /* what its texts are in */
};

void identity_fini(struct identity *id);
/*
 * Looks them up. 0; or -errno with *ret_step and *ret_name, the user or group it was about
 * (borrowed from exec): -ENOENT where there is no such one.
 */
int identity_find(struct identity *id, const struct exec *exec, enum start_step *ret_step,
		  const char **ret_name);

#endif
