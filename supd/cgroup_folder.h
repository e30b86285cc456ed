/* SPDX-License-Identifier: MIT */
#ifndef SUPD_CGROUP_FOLDER_H
#define SUPD_CGROUP_FOLDER_H

/*
 * Folders of cgroup v2, as cgroups(7) and the kernel's cgroup-v2 tell. A folder is named by that
 * which it is in and its name there; "." is that one itself. What holds for a folder holds for all
 * below it. Nothing here knows of services.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"

/* What the kernel takes. */
#define CGROUP_NAME_MAX 255

/*
 * Where our own cgroup is, out of /proc/self/cgroup and /proc/self/mountinfo. 0; -ENOENT: there is
 * no cgroup v2, or none that we can see; -ENOMEM.
 */
int cgroup_find(const char *cgroup, const char *mountinfo, struct buf *ret_path);
int cgroup_find_own(struct buf *ret_path); /* also other errnos */

/* True where fd is of a folder of cgroup v2. */
bool cgroup_is_folder(int fd);
/* 1: there are processes in it; 0: there are none, or no such folder; -errno. */
int cgroup_is_populated(int at, const char *name);
/* SIGKILL to all that is in it. 0 or -errno. */
int cgroup_kill(int at, const char *name);
/* Waits until nothing is in it; false where that is not so at that time. */
bool cgroup_await_empty(int at, const char *name, struct mono until);
/* Removes it. 0, -EBUSY: there is something in it; -errno. No such folder is no error. */
int cgroup_remove(int at, const char *name);
/* Calls for each OS process in it, until a call returns false. 0 or -errno. */
int cgroup_each(int at, const char *name, bool (*call)(void *owner, pid_t os_pid), void *owner);

/* A file of it: at most size - 1 bytes, and a NUL. How many, or -errno. */
ssize_t cgroup_read(int at, const char *name, const char *file, char *out, size_t size);
int cgroup_write(int at, const char *name, const char *file, const char *text); /* 0 or -errno */

#endif
