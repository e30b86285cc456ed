/* SPDX-License-Identifier: MIT */

/* All of it runs in the child, by spawn.c's rules. */

#include "supd/spawn_setup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
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

/*
 * The same of what is an offer to the service, not a wall around it: where it may not be done, the
 * service runs without, and that is noted.
 */
IN_CHILD static bool good_enough(const struct spawn_setup *setup, int bit,
				 struct spawn_failure *failure, enum start_step step, long result)
{
	bool may_not = result < 0 && (errno == EPERM || errno == EACCES || errno == ENOENT);

	if (!may_not || setup->enforce)
		return good(failure, step, result);
	*setup->not_enforced |= UINT32_C(1) << bit;
	return true;
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
IN_CHILD static bool raise_limits(const struct spawn_setup *setup, struct spawn_failure *failure)
{
	const struct exec_setup *exec = setup->exec;

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
		if (!good_enough(setup, SETUP_BIT_LIMITS + kind, failure, STEP_LIMIT,
				 limit_call(kind, &now, NULL)))
			return false;
	}
	return true;
}

/* A hard limit that could not be raised stays what it is, and bounds the soft one. */
IN_CHILD static bool set_limits(const struct spawn_setup *setup, struct spawn_failure *failure)
{
	for (int kind = 0; kind < LIMIT_N; kind++) {
		const struct exec_limit *wanted = &setup->exec->limits[kind];
		struct limit limit = {wanted->soft, wanted->hard}, now;

		if (!wanted->given)
			continue;
		failure->which = kind;
		if (*setup->not_enforced >> (SETUP_BIT_LIMITS + kind) & 1) {
			if (!good(failure, STEP_LIMIT, limit_call(kind, NULL, &now)))
				return false;
			limit.hard = now.hard;
			limit.soft = limit.soft < now.hard ? limit.soft : now.hard;
		}
		if (!good(failure, STEP_LIMIT, limit_call(kind, &limit, NULL)))
			return false;
	}
	return true;
}

/* ---- priorities ---- */

IN_CHILD static bool set_oom_score_adj(const struct spawn_setup *setup,
				       struct spawn_failure *failure)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	size_t size = 0;
	bool done;

	if (fd < 0)
		return good_enough(setup, SETUP_BIT_OOM_SCORE_ADJ, failure, STEP_OOM_SCORE_ADJ, fd);
	while (setup->oom_score_adj[size])
		size++;
	done = good_enough(setup, SETUP_BIT_OOM_SCORE_ADJ, failure, STEP_OOM_SCORE_ADJ,
			   write(fd, setup->oom_score_adj, size));
	close(fd);
	return done;
}

IN_CHILD static bool set_priorities(const struct spawn_setup *setup, struct spawn_failure *failure)
{
	const struct exec_setup *exec = setup->exec;
	int io = (int)exec->io.class << IOPRIO_CLASS_SHIFT | exec->io.level;

	if (exec->nice != SETUP_NOT_GIVEN &&
	    !good_enough(setup, SETUP_BIT_NICE, failure, STEP_NICE,
			 syscall(SYS_setpriority, PRIO_PROCESS, 0, exec->nice)))
		return false;
	if (exec->io.class != IO_CLASS_NONE &&
	    !good_enough(setup, SETUP_BIT_IO_CLASS, failure, STEP_IO_CLASS,
			 syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, io)))
		return false;
	return !exec->cpus.given ||
	       good(failure, STEP_CPU_AFFINITY,
		    syscall(SYS_sched_setaffinity, 0, sizeof(exec->cpus.bits), exec->cpus.bits));
}

/* ---- standard input ---- */

/* One that nobody has as its own; a line that waits for its carrier must not hang us. */
IN_CHILD static bool open_terminal(const char *path, struct spawn_failure *failure)
{
	struct termios settings;
	int fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return good(failure, STEP_STDIN, fd) &&
	       good(failure, STEP_STDIN, ioctl(fd, TCGETS, &settings)) &&
	       good(failure, STEP_STDIN, fcntl(fd, F_SETFL, 0)) &&
	       good(failure, STEP_STDIN, ioctl(fd, TIOCSCTTY, 0)) &&
	       good(failure, STEP_STDIN, dup2(fd, STDIN_FILENO));
}

IN_CHILD static bool use_terminal(int fd, struct spawn_failure *failure)
{
	return good(failure, STEP_TTY, dup2(fd, STDIN_FILENO)) &&
	       good(failure, STEP_TTY, ioctl(STDIN_FILENO, TIOCSCTTY, 0));
}

/* A link may lead to it: it is read with the user's own rights. */
IN_CHILD static bool open_input(const char *path, struct spawn_failure *failure)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (!good(failure, STEP_STDIN, fd) || !good(failure, STEP_STDIN, fstat(fd, &st)))
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return good(failure, STEP_STDIN, -1);
	}
	return good(failure, STEP_STDIN, fcntl(fd, F_SETFL, 0)) &&
	       good(failure, STEP_STDIN, dup2(fd, STDIN_FILENO));
}

/* ---- capabilities ---- */

#define HALVES _LINUX_CAPABILITY_U32S_3

struct capabilities {
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[HALVES];
};

IN_CHILD static long get_capabilities(struct capabilities *c)
{
	c->header.version = _LINUX_CAPABILITY_VERSION_3;
	c->header.pid = 0;
	return syscall(SYS_capget, &c->header, c->data);
}

/* What is not in the set can not be had again by any program. */
IN_CHILD static bool bound_capabilities(uint64_t set, struct spawn_failure *failure)
{
	struct capabilities c;
	bool changes = false;

	for (int i = 0; i < 64; i++) {
		int has = prctl(PR_CAPBSET_READ, i, 0, 0, 0);

		failure->which = i;
		if (has < 0)
			break; /* the kernel knows no more */
		if (has > 0 && !(set >> i & 1) &&
		    !good(failure, STEP_CAPABILITIES, prctl(PR_CAPBSET_DROP, i, 0, 0, 0)))
			return false;
	}
	failure->which = -1;
	if (!good(failure, STEP_CAPABILITIES, get_capabilities(&c)))
		return false;
	for (int half = 0; half < HALVES; half++) {
		uint32_t wanted = (uint32_t)(set >> (32 * half));

		changes |= (c.data[half].inheritable & ~wanted) != 0;
		c.data[half].inheritable &= wanted;
	}
	return !changes || good(failure, STEP_CAPABILITIES, syscall(SYS_capset, &c.header, c.data));
}

/* Where root was left, nothing but these is kept, and none of it counts before exec. */
IN_CHILD static bool give_capabilities(const struct spawn_setup *setup,
				       struct spawn_failure *failure)
{
	uint64_t set = setup->exec->ambient.set;
	struct capabilities c;

	failure->which = -1;
	if (!good(failure, STEP_AMBIENT_CAPABILITIES, get_capabilities(&c)))
		return false;
	for (int half = 0; half < HALVES; half++) {
		uint32_t wanted = (uint32_t)(set >> (32 * half));

		c.data[half].inheritable |= wanted;
		if (!setup->leaves_root)
			continue;
		c.data[half].inheritable = wanted;
		c.data[half].permitted &= wanted;
		c.data[half].effective = 0;
	}
	if (!good(failure, STEP_AMBIENT_CAPABILITIES, syscall(SYS_capset, &c.header, c.data)))
		return false;
	for (int i = 0; i < 64; i++) {
		failure->which = i;
		if (set >> i & 1 && !good(failure, STEP_AMBIENT_CAPABILITIES,
					  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0)))
			return false;
	}
	return true;
}

/* ---- in order ---- */

bool IN_CHILD spawn_setup_first(const struct spawn_setup *setup, struct spawn_failure *failure)
{
	const struct exec_setup *exec = setup->exec;

	if (!raise_limits(setup, failure) || !set_priorities(setup, failure))
		return false;
	if (*setup->oom_score_adj && !set_oom_score_adj(setup, failure))
		return false;
	if (setup->terminal >= 0 && !use_terminal(setup->terminal, failure))
		return false;
	if (setup->input_kind == INPUT_TTY && !open_terminal(setup->input, failure))
		return false;
	if (exec->bounding.given && !bound_capabilities(exec->bounding.set, failure))
		return false;
	if (exec->ambient.set && setup->leaves_root &&
	    !good(failure, STEP_AMBIENT_CAPABILITIES, prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)))
		return false;
	return !setup->chroot || good(failure, STEP_CHROOT, syscall(SYS_chroot, setup->chroot));
}

bool IN_CHILD spawn_setup_as_user(const struct spawn_setup *setup, struct spawn_failure *failure)
{
	if (setup->exec->ambient.set && !give_capabilities(setup, failure))
		return false;
	return setup->input_kind != INPUT_FILE || open_input(setup->input, failure);
}

bool IN_CHILD spawn_setup_last(const struct spawn_setup *setup, struct spawn_failure *failure)
{
	return set_limits(setup, failure) &&
	       (!setup->exec->no_new_privileges ||
		good(failure, STEP_NO_NEW_PRIVILEGES, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)));
}
