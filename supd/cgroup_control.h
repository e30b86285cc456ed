/* SPDX-License-Identifier: MIT */
#ifndef SUPD_CGROUP_CONTROL_H
#define SUPD_CGROUP_CONTROL_H

/*
 * Limits of cgroups. A controller counts in a folder only where each folder above it hands it on
 * (cgroup.subtree_control), and one that hands controllers on may have no processes itself, but for
 * the root. So where a limit is asked for, and not before:
 *   1. where OWN has the controller and hands it on already, our folder in it hands it on too
 *   2. else the daemon, if nobody but it runs in OWN, moves to OWN/NAME.daemon, and lets OWN hand
 *      it on; what that was is undone at the end
 *   3. not where OWN is the root of all cgroups: that is the machine's, not the daemon's
 * Nothing here logs, or knows of services; folders are any folders, for tests.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "core/exec_parts.h"

/* The keys of exec_resources that are limits, and their names in the configuration. */
enum resource {
	RESOURCE_MEMORY_MAX,
	RESOURCE_MEMORY_HIGH,
	RESOURCE_CPU_MAX,
	RESOURCE_TASKS_MAX,
	RESOURCE_IO_WEIGHT,
	RESOURCE_N
};
extern const char *const resource_names[RESOURCE_N];

enum controller { CONTROLLER_MEMORY, CONTROLLER_CPU, CONTROLLER_PIDS, CONTROLLER_IO, CONTROLLER_N };

struct cgroup_control {
	int own_fd, fd;   /* borrowed; OWN, and our folder in it */
	const char *name; /* borrowed; of our folder */
	bool moved;       /* to OWN/NAME.daemon */
	bool tried[CONTROLLER_N];
	int error[CONTROLLER_N]; /* negative: it can not be had; -EBUSY: others run in OWN */
	bool own_hands_on[CONTROLLER_N]; /* since we have told it to */
};

/* True where that limit is asked for. */
bool resource_is_asked(const struct exec_resources *resources, enum resource resource);
/*
 * Writes what is asked for into that folder, which is one in ours. 0, or for each limit that does
 * not hold -errno in ret_errors: -ENOENT: there is no such controller; -EBUSY as above; -EPERM: OWN
 * is the root. Returns how many those are.
 */
unsigned cgroup_control_apply(struct cgroup_control *control, int folder,
			      const struct exec_resources *resources, int ret_errors[RESOURCE_N]);
/* Our folder is gone: OWN becomes what it was, and the daemon goes back to it. */
void cgroup_control_undo(struct cgroup_control *control);

#endif
