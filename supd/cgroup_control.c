/* SPDX-License-Identifier: MIT */

#include "supd/cgroup_control.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "supd/cgroup_folder.h"

/* Of cpu.max, in microseconds; the kernel's default. */
#define CPU_PERIOD 100000

static const char *const controllers[CONTROLLER_N] = {
	[CONTROLLER_MEMORY] = "memory",
	[CONTROLLER_CPU] = "cpu",
	[CONTROLLER_PIDS] = "pids",
	[CONTROLLER_IO] = "io",
};

static const struct {
	enum controller controller;
	const char *file;
} rows[RESOURCE_N] = {
	[RESOURCE_MEMORY_MAX] = {CONTROLLER_MEMORY, "memory.max"},
	[RESOURCE_MEMORY_HIGH] = {CONTROLLER_MEMORY, "memory.high"},
	[RESOURCE_CPU_MAX] = {CONTROLLER_CPU, "cpu.max"},
	[RESOURCE_TASKS_MAX] = {CONTROLLER_PIDS, "pids.max"},
	[RESOURCE_IO_WEIGHT] = {CONTROLLER_IO, "io.weight"},
};

const char *const resource_names[RESOURCE_N] = {
	[RESOURCE_MEMORY_MAX] = "memory_max", [RESOURCE_MEMORY_HIGH] = "memory_high",
	[RESOURCE_CPU_MAX] = "cpu_max",       [RESOURCE_TASKS_MAX] = "tasks_max",
	[RESOURCE_IO_WEIGHT] = "io_weight",
};

/* ---- values ---- */

/* As the kernel takes it; "" where it is not asked for. */
static void value_of(const struct exec_resources *r, enum resource resource, char out[64])
{
	*out = '\0';
	switch (resource) {
	case RESOURCE_MEMORY_MAX:
		if (r->memory_max != UINT64_MAX)
			snprintf(out, 64, "%" PRIu64, r->memory_max);
		return;
	case RESOURCE_MEMORY_HIGH:
		if (r->memory_high != UINT64_MAX)
			snprintf(out, 64, "%" PRIu64, r->memory_high);
		return;
	case RESOURCE_CPU_MAX:
		if (r->cpu_max)
			snprintf(out, 64, "%" PRIu64 " %d",
				 (uint64_t)r->cpu_max * (CPU_PERIOD / 1000), CPU_PERIOD);
		return;
	case RESOURCE_TASKS_MAX:
		if (r->tasks_max != UINT32_MAX)
			snprintf(out, 64, "%" PRIu32, r->tasks_max);
		return;
	case RESOURCE_IO_WEIGHT:
		if (r->io_weight)
			snprintf(out, 64, "default %" PRIu32, r->io_weight);
		return;
	case RESOURCE_N:
		return;
	}
}

bool resource_is_asked(const struct exec_resources *resources, enum resource resource)
{
	char value[64];

	value_of(resources, resource, value);
	return *value;
}

/* ---- controllers ---- */

/* Whether a file that lists controllers has that one. 1, 0 or -errno. */
static int lists(int folder, const char *file, enum controller controller)
{
	char text[512], *rest = text;
	ssize_t n = cgroup_read(folder, ".", file, text, sizeof(text));
	const char *word;

	if (n < 0)
		return (int)n;
	while ((word = strsep(&rest, " \n"))) {
		if (strcmp(word, controllers[controller]) == 0)
			return 1;
	}
	return 0;
}

static int hand_on(int folder, char sign, enum controller controller)
{
	char text[16];

	snprintf(text, sizeof(text), "%c%s", sign, controllers[controller]);
	return cgroup_write(folder, ".", "cgroup.subtree_control", text);
}

static char *daemon_folder(const struct cgroup_control *c, char out[CGROUP_NAME_MAX + 1])
{
	snprintf(out, CGROUP_NAME_MAX + 1, "%s.daemon", c->name);
	return out;
}

/* Nobody but us is in OWN itself. */
static bool are_alone(const struct cgroup_control *c)
{
	char text[64];
	int os_pid = 0, other = 0;

	return cgroup_read(c->own_fd, ".", "cgroup.procs", text, sizeof(text)) > 0 &&
	       sscanf(text, "%d %d", &os_pid, &other) == 1 && os_pid == (int)getpid();
}

static void move_back(struct cgroup_control *c)
{
	char name[CGROUP_NAME_MAX + 1];

	if (!c->moved || cgroup_write(c->own_fd, ".", "cgroup.procs", "0") < 0)
		return;
	c->moved = false;
	cgroup_remove(c->own_fd, daemon_folder(c, name));
}

static int move_away(struct cgroup_control *c)
{
	char name[CGROUP_NAME_MAX + 1];
	int r;

	if (c->moved)
		return 0;
	if (!are_alone(c))
		return -EBUSY;
	if (mkdirat(c->own_fd, daemon_folder(c, name), 0755) < 0)
		return -errno;
	r = cgroup_write(c->own_fd, name, "cgroup.procs", "0");
	if (r < 0)
		cgroup_remove(c->own_fd, name);
	c->moved = r == 0;
	return r;
}

/* The root of all cgroups is the one without events. */
static bool is_root(const struct cgroup_control *c)
{
	return faccessat(c->own_fd, "cgroup.events", F_OK, 0) < 0;
}

static int make_own_hand_on(struct cgroup_control *c, enum controller controller)
{
	int r = lists(c->own_fd, "cgroup.controllers", controller);

	if (r <= 0)
		return r ? r : -ENOENT;
	if (is_root(c))
		return -EPERM;
	r = move_away(c);
	if (r == 0)
		r = hand_on(c->own_fd, '+', controller);
	c->own_hands_on[controller] = r == 0;
	for (int i = 0; i < CONTROLLER_N; i++) {
		if (c->own_hands_on[i])
			return r;
	}
	move_back(c);
	return r;
}

/* Once for each: what was not possible then is not now. 0 or -errno. */
static int enable(struct cgroup_control *c, enum controller controller)
{
	int r;

	if (c->tried[controller])
		return c->error[controller];
	r = lists(c->own_fd, "cgroup.subtree_control", controller);
	if (r == 0)
		r = make_own_hand_on(c, controller);
	if (r >= 0)
		r = hand_on(c->fd, '+', controller);
	c->tried[controller] = true;
	c->error[controller] = r;
	return r;
}

unsigned cgroup_control_apply(struct cgroup_control *control, int folder,
			      const struct exec_resources *resources, int ret_errors[RESOURCE_N])
{
	unsigned n = 0;

	for (int i = 0; i < RESOURCE_N; i++) {
		char value[64];

		ret_errors[i] = 0;
		value_of(resources, (enum resource)i, value);
		if (!*value)
			continue;
		ret_errors[i] = enable(control, rows[i].controller);
		if (ret_errors[i] == 0)
			ret_errors[i] = cgroup_write(folder, ".", rows[i].file, value);
		n += ret_errors[i] != 0;
	}
	return n;
}

void cgroup_control_undo(struct cgroup_control *control)
{
	for (int i = 0; i < CONTROLLER_N; i++) {
		if (control->own_hands_on[i])
			hand_on(control->own_fd, '-', (enum controller)i);
		control->own_hands_on[i] = false;
	}
	move_back(control);
}
