/* SPDX-License-Identifier: MIT */
#ifndef SUPD_CLONE_INTO_H
#define SUPD_CLONE_INTO_H

/*
 * clone(2) as spawn.c uses it, of a child that is born in another cgroup: clone3(2) with
 * CLONE_INTO_CGROUP, for which the C library has no function. Moving a process afterwards makes the
 * kernel wait for every processor; this does not.
 */

#include <stddef.h>
#include <sys/types.h>

/*
 * flags: of clone(2), beside those that are set here. The child shares our memory and runs
 * call(argument) on that stack, which ends by its top; we stand still until it has executed or
 * ended. Its OS pid, or -errno: -ENOSYS where the kernel, or this build for its processor, cannot
 * do it.
 */
pid_t clone_into(int cgroup_fd, int flags, void *stack, size_t stack_size,
		 int (*call)(void *argument), void *argument);

#endif
