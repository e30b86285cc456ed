/* SPDX-License-Identifier: MIT */

/* All of it runs in the child, by spawn.c's rules. */

#include "supd/spawn_setup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_SHIFT 13

IN_CHILD static bool good(struct spawn_failure *failure, enum start_step step, long result)
{
	if (result >= 0)
		return true;
	failure->step = step;
	failure->error = errno;
	return false;
}

/* ---- limits ---- */

/* The kernel's structure, whatever the size of rlim_t. */
struct limit {
	uint64_t soft, hard;
};

IN_CHILD static long limit_call(int kind, const struct limit *set, struct limit *ret_old)
{
	return syscall(SYS_prlimit64, 0, exec_limit_resources[kind], set, ret_old);
}

/* Hard limits go up while we may do that; how much of it counts is set last. */
IN_CHILD static bool raise_limits(const struct exec_setup *exec, struct spawn_failure *failure)
{
	for (int kind = 0; kind < LIMIT_N; kind++) {
		const struct exec_limit *wanted = &exec->limits[kind];
		struct limit now;

		if (!wanted->given)
			continue;
		failure->which = kind;
		if (!good(failure, STEP_LIMIT, limit_call(kind, NULL, &now)))
			return false;
		if (wanted->hard <= now.hard)
			continue;
		now.hard = wanted->hard;
		if (!good(failure, STEP_LIMIT, limit_call(kind, &now, NULL)))
			return false;
	}
	return true;
}

IN_CHILD static bool set_limits(const struct exec_setup *exec, struct spawn_failure *failure)
{
	for (int kind = 0; kind < LIMIT_N; kind++) {
		const struct exec_limit *wanted = &exec->limits[kind];
		const struct limit limit = {wanted->soft, wanted->hard};

		failure->which = kind;
		if (wanted->given && !good(failure, STEP_LIMIT, limit_call(kind, &limit, NULL)))
			return false;
	}
	return true;
}

/* ---- priorities ---- */

IN_CHILD static bool set_oom_score_adj(const char *text, struct spawn_failure *failure)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	size_t size = 0;
	bool done;

	if (!good(failure, STEP_OOM_SCORE_ADJ, fd))
		return false;
	while (text[size])
		size++;
	done = good(failure, STEP_OOM_SCORE_ADJ, write(fd, text, size));
	close(fd);
	return done;
}

IN_CHILD static bool set_priorities(const struct exec_setup *exec, struct spawn_failure *failure)
{
	int io = (int)exec->io.class << IOPRIO_CLASS_SHIFT | exec->io.level;

	if (exec->nice != SETUP_NOT_GIVEN &&
	    !good(failure, STEP_NICE, syscall(SYS_setpriority, PRIO_PROCESS, 0, exec->nice)))
		return false;
	if (exec->io.class != IO_CLASS_NONE &&
	    !good(failure, STEP_IO_CLASS, syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, io)))
		return false;
	return !exec->cpus.given ||
	       good(failure, STEP_CPU_AFFINITY,
		    syscall(SYS_sched_setaffinity, 0, sizeof(exec->cpus.bits), exec->cpus.bits));
}

bool IN_CHILD spawn_setup_first(const struct spawn_setup *setup, struct spawn_failure *failure)
{
	return raise_limits(setup->exec, failure) && set_priorities(setup->exec, failure) &&
	       (!*setup->oom_score_adj || set_oom_score_adj(setup->oom_score_adj, failure));
}

bool IN_CHILD spawn_setup_last(const struct spawn_setup *setup, struct spawn_failure *failure)
{
	return set_limits(setup->exec, failure);
}
