/* SPDX-License-Identifier: MIT */
#ifndef SUPD_PROC_H
#define SUPD_PROC_H

/* What /proc tells of OS processes, proc(5). */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"

struct proc_stat {
	bool dead;    /* a zombie, or less; one whose first thread alone has ended lives */
	bool exiting; /* on its way there; it has no environment any more */
	pid_t parent, group, session;
	uint64_t start_ticks; /* since boot, PROC_TICKS a second */
};

struct proc_usage {
	int64_t memory;         /* bytes that are in RAM, those shared with others too */
	struct span cpu_time;   /* of all its threads */
	struct span waited_for; /* of its children that have ended, and theirs */
	int64_t tasks;          /* threads */
};

#define PROC_TICKS 100 /* USER_HZ: the same on every Linux */

/* 0, -ESRCH where there is no such process, -errno. */
int proc_stat(pid_t os_pid, struct proc_stat *ret_stat);
/* What it has used. 0, -ESRCH, -errno. */
int proc_usage(pid_t os_pid, struct proc_usage *ret_usage);
/* Its environment as it was executed, NAME=VALUE with a NUL after each. 0 or -errno (-EACCES). */
int proc_environment(pid_t os_pid, struct buf *out);
/* Its cgroup v2, "/a/b". 0, -ENOENT: there is none, -errno. */
int proc_cgroup(pid_t os_pid, struct buf *out);
/* The value of NAME in such an environment, borrowed; NULL: not there. */
const char *proc_variable(const struct buf *environment, const char *name);
/* Calls for each OS process there is, in no order, until a call returns false. 0 or -errno. */
int proc_each(bool (*call)(void *owner, pid_t os_pid), void *owner);
/* Likewise for each child that a thread of a process has made. */
int proc_each_child_of(pid_t os_pid, pid_t thread, bool (*call)(void *owner, pid_t os_pid),
		       void *owner);
/* Likewise for each of our own children, zombies too. */
int proc_each_child(bool (*call)(void *owner, pid_t os_pid), void *owner);

#endif
