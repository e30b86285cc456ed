/* SPDX-License-Identifier: MIT */

#include "core/exec_setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/strings.h"

const char *const exec_limit_names[LIMIT_N + 1] = {
	[LIMIT_AS] = "as",           [LIMIT_CORE] = "core",
	[LIMIT_CPU] = "cpu",         [LIMIT_DATA] = "data",
	[LIMIT_FSIZE] = "fsize",     [LIMIT_LOCKS] = "locks",
	[LIMIT_MEMLOCK] = "memlock", [LIMIT_MSGQUEUE] = "msgqueue",
	[LIMIT_NICE] = "nice",       [LIMIT_NOFILE] = "nofile",
	[LIMIT_NPROC] = "nproc",     [LIMIT_RSS] = "rss",
	[LIMIT_RTPRIO] = "rtprio",   [LIMIT_RTTIME] = "rttime",
	[LIMIT_STACK] = "stack",     [LIMIT_SIGPENDING] = "sigpending",
};

const int exec_limit_resources[LIMIT_N] = {
	[LIMIT_AS] = RLIMIT_AS,           [LIMIT_CORE] = RLIMIT_CORE,
	[LIMIT_CPU] = RLIMIT_CPU,         [LIMIT_DATA] = RLIMIT_DATA,
	[LIMIT_FSIZE] = RLIMIT_FSIZE,     [LIMIT_LOCKS] = RLIMIT_LOCKS,
	[LIMIT_MEMLOCK] = RLIMIT_MEMLOCK, [LIMIT_MSGQUEUE] = RLIMIT_MSGQUEUE,
	[LIMIT_NICE] = RLIMIT_NICE,       [LIMIT_NOFILE] = RLIMIT_NOFILE,
	[LIMIT_NPROC] = RLIMIT_NPROC,     [LIMIT_RSS] = RLIMIT_RSS,
	[LIMIT_RTPRIO] = RLIMIT_RTPRIO,   [LIMIT_RTTIME] = RLIMIT_RTTIME,
	[LIMIT_STACK] = RLIMIT_STACK,     [LIMIT_SIGPENDING] = RLIMIT_SIGPENDING,
};

void exec_setup_init(struct exec_setup *setup)
{
	*setup = (struct exec_setup){
		.nice = SETUP_NOT_GIVEN,
		.oom_score_adj = SETUP_NOT_GIVEN,
	};
	for (int kind = 0; kind < DIRECTORY_N_KINDS; kind++)
		setup->directories[kind].mode = 0755;
}

void exec_setup_fini(struct exec_setup *setup)
{
	for (int kind = 0; kind < DIRECTORY_N_KINDS; kind++)
		strings_free(setup->directories[kind].names);
	free(setup->chroot);
	free(setup->input.path);
}

bool exec_setup_has_directories(const struct exec_setup *setup)
{
	for (int kind = 0; kind < DIRECTORY_N_KINDS; kind++)
		if (setup->directories[kind].names)
			return true;
	return false;
}

int exec_setup_inherit(struct exec_setup *to, const struct exec_setup *from)
{
	memcpy(to->limits, from->limits, sizeof(to->limits));
	to->nice = from->nice;
	to->oom_score_adj = from->oom_score_adj;
	to->io = from->io;
	to->cpus = from->cpus;
	to->bounding = from->bounding;
	to->ambient = from->ambient;
	to->no_new_privileges = from->no_new_privileges;
	if (!from->chroot)
		return 0;
	to->chroot = strdup(from->chroot);
	return to->chroot ? 0 : -ENOMEM;
}
