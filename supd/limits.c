/* SPDX-License-Identifier: MIT */

#include "supd/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a host runs besides our services, at the least. */
#define OTHERS 64

static void raise_one(__rlimit_resource_t resource, struct rlimit *before, bool *ret_raised)
{
	struct rlimit wanted;

	*ret_raised = false;
	if (getrlimit(resource, before) < 0 || before->rlim_cur == before->rlim_max)
		return;
	wanted = (struct rlimit){before->rlim_max, before->rlim_max};
	*ret_raised = setrlimit(resource, &wanted) == 0;
}

void limits_raise(struct limits *limits)
{
	raise_one(RLIMIT_NOFILE, &limits->nofile, &limits->nofile_raised);
	raise_one(RLIMIT_NPROC, &limits->nproc, &limits->nproc_raised);
}

/* The number in a file; UINT64_MAX where there is none ("max", say). */
static uint64_t read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	uint64_t number;
	int n;

	if (!file)
		return UINT64_MAX;
	n = fscanf(file, "%" SCNu64, &number);
	fclose(file);
	return n == 1 ? number : UINT64_MAX;
}

/* The smallest pids.max from our own cgroup up to the root. */
static uint64_t cgroup_limit(void)
{
	char line[PATH_MAX], path[PATH_MAX + 64];
	uint64_t least = UINT64_MAX;
	FILE *file = fopen("/proc/self/cgroup", "re");
	char *slash = NULL;

	if (!file)
		return least;
	while (!slash && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "0::/", 4) == 0)
			slash = line + 3;
	}
	fclose(file);
	if (slash)
		slash[strcspn(slash, "\n")] = '\0';
	for (; slash; slash = strlen(line + 3) > 0 ? slash : NULL) {
		uint64_t limit;

		snprintf(path, sizeof(path), "/sys/fs/cgroup%s/pids.max", line + 3);
		limit = read_number(path);
		least = MIN_OF(least, limit);
		*strrchr(line + 3, '/') = '\0';
	}
	return least;
}

static uint64_t process_limit(void)
{
	struct rlimit limit;

	if (geteuid() == 0 || getrlimit(RLIMIT_NPROC, &limit) < 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}

int limits_check(size_t services, struct buf *why)
{
	const struct {
		const char *name;
		uint64_t limit;
	} rows[] = {
		{"the limit on this user's processes (RLIMIT_NPROC, ulimit -u)", process_limit()},
		{"pids.max of the cgroup", cgroup_limit()},
		{"kernel.pid_max", read_number("/proc/sys/kernel/pid_max")},
		{"kernel.threads-max", read_number("/proc/sys/kernel/threads-max")},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].limit >= services + OTHERS)
			continue;
		buf_printf(why, "%zu services: %s is %" PRIu64 ": raise it, or run fewer", services,
			   rows[i].name, rows[i].limit);
		return why->error ? why->error : -EAGAIN;
	}
	return 0;
}
