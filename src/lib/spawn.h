/* SPDX-License-Identifier: MIT */
#ifndef LIB_SPAWN_H
#define LIB_SPAWN_H

#include "lib/connection.h"

/* Starts it; link: linked to us; monitor: the ref of a monitor, 0: none. ret_pid may be NULL. */
int spawn_command(struct sup *sup, const struct sup_command *command, bool link, uint64_t monitor,
		  sup_pid *ret_pid);

#endif
