/* SPDX-License-Identifier: MIT */

/* One row a part: where it is, its size, its defaults, its end. */

#include "core/exec_parts.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/strings.h"
#include "core/exec.h"

static void setup_init(void *part)
{
	exec_setup_init(part);
}

static void setup_fini(void *part)
{
	exec_setup_fini(part);
}

static void probes_init(void *part)
{
	exec_probes_init(part);
}

static void probes_fini(void *part)
{
	exec_probes_fini(part);
}

static void sockets_init(void *part)
{
	struct exec_sockets *sockets = part;

	sockets->max_connections = ACCEPT_MAX_CONNECTIONS;
	sockets->max_connections_per_source = UINT32_MAX;
}

static void sockets_fini(void *part)
{
	exec_sockets_fini(part);
}

static void resources_init(void *part)
{
	struct exec_resources *resources = part;

	resources->memory_max = resources->memory_high = UINT64_MAX;
	resources->tasks_max = UINT32_MAX;
}

static void resources_fini(void *part)
{
	(void)part;
}

/* The default Unix signal is systemd's. */
static void notify_init(void *part)
{
	struct exec_notify *notify = part;

	notify->watchdog = SPAN_INFINITY;
	notify->watchdog_signal = SIGABRT;
}

static void notify_fini(void *part)
{
	(void)part;
}

static void log_init(void *part)
{
	exec_log_init(part);
}

static void log_fini(void *part)
{
	(void)part;
}

static void when_init(void *part)
{
	(void)part;
}

static void when_fini(void *part)
{
	struct exec_when *when = part;

	strings_free(when->start_if);
	strings_free(when->schedule);
}

static const struct part_row {
	size_t offset, size;
	void (*init)(void *part);
	void (*fini)(void *part);
} rows[PART_N] = {
	[PART_HOOKS] = {offsetof(struct exec, hooks), sizeof(struct exec_hooks), exec_hooks_init,
			exec_hooks_fini},
	[PART_SETUP] = {offsetof(struct exec, setup), sizeof(struct exec_setup), setup_init,
			setup_fini},
	[PART_PROBES] = {offsetof(struct exec, probes), sizeof(struct exec_probes), probes_init,
			 probes_fini},
	[PART_SOCKETS] = {offsetof(struct exec, sockets), sizeof(struct exec_sockets), sockets_init,
			  sockets_fini},
	[PART_RESOURCES] = {offsetof(struct exec, resources), sizeof(struct exec_resources),
			    resources_init, resources_fini},
	[PART_WHEN] = {offsetof(struct exec, when), sizeof(struct exec_when), when_init, when_fini},
	[PART_NOTIFY] = {offsetof(struct exec, notify), sizeof(struct exec_notify), notify_init,
			 notify_fini},
	[PART_LOG] = {offsetof(struct exec, log), sizeof(struct exec_log), log_init, log_fini},
};

static void **part_place(struct exec *exec, enum exec_part part)
{
	return (void **)((char *)exec + rows[part].offset);
}

void *exec_part(struct exec *exec, enum exec_part part)
{
	void **place = part_place(exec, part);
	bool made = !*place;

	if (made)
		*place = calloc(1, rows[part].size);
	if (made && *place)
		rows[part].init(*place);
	return *place;
}

void exec_parts_free(struct exec *exec)
{
	for (int part = 0; part < PART_N; part++) {
		void **place = part_place(exec, (enum exec_part)part);

		if (*place)
			rows[part].fini(*place);
		free(*place);
		*place = NULL;
	}
}

void exec_parts_let_go(struct exec *exec)
{
	for (int part = 0; part < PART_N; part++)
		*part_place(exec, (enum exec_part)part) = NULL;
}
