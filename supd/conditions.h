/* SPDX-License-Identifier: MIT */
#ifndef SUPD_CONDITIONS_H
#define SUPD_CONDITIONS_H

/*
 * The conditions of a start (key start_if). They are looked at before every start, restarts
 * included; where one does not hold the start is passed over, as if the service had said "ignore"
 * (SEMANTICS 94), and the reason says which.
 *
 *   path_exists:PATH         something is there; a symbolic link is followed
 *   path_is_directory:PATH   and it is a directory
 *   env:NAME[=VALUE]         the daemon's own environment has it
 */

#include <stdbool.h>

#include "core/exec.h"

/*
 * The first of the conditions that does not hold, borrowed; NULL: all hold. path: the service's,
 * for %n and %i; environment: the daemon's. What can not be expanded for want of memory does not
 * hold.
 */
const char *conditions_find_unmet(const struct exec *exec, const char *path,
				  char *const *environment);

#endif
