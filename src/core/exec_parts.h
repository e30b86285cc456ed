/* SPDX-License-Identifier: MIT */
#ifndef CORE_EXEC_PARTS_H
#define CORE_EXEC_PARTS_H

/*
 * The parts of a process's set-up that few services have: each is a record of its own, which is
 * there only where one of its keys was given. Texts and lists in them are owned by the part.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "core/exec_hooks.h"
#include "core/exec_log.h"
#include "core/exec_probes.h"
#include "core/exec_setup.h"
#include "core/exec_sockets.h"

struct exec;

/* Of its cgroup. */
struct exec_resources {
	uint64_t memory_max, memory_high; /* bytes; UINT64_MAX: no limit */
	uint32_t cpu_max;                 /* thousandths of a processor; 0: no limit */
	uint32_t tasks_max;               /* UINT32_MAX: no limit */
	uint32_t io_weight;               /* 0: not given */
	bool enforce;                     /* a limit that can not be set makes the start fail */
};

/* When it is started, and whether. */
struct exec_when {
	char **start_if;   /* "[!]KIND:TEXT", as checked by config */
	char **schedule;   /* calendar events, as checked by config; base/calendar.h */
	struct span every; /* 0: not given */
	struct span jitter;
	bool catch_up; /* a time that went by while supd did not run counts */
};

/* What the notify socket is for, beside being ready. */
struct exec_notify {
	struct span watchdog; /* infinity: none */
	int watchdog_signal;
	uint32_t fd_store_max;
	bool fd_store_preserve; /* over a stop too */
};

enum exec_part {
	PART_HOOKS,
	PART_SETUP,
	PART_PROBES,
	PART_SOCKETS,
	PART_RESOURCES,
	PART_WHEN,
	PART_NOTIFY,
	PART_LOG,
	PART_N
};

/* The part, with its defaults where it was not there; NULL: no memory. Not of a packed one. */
void *exec_part(struct exec *exec, enum exec_part part);
void exec_parts_free(struct exec *exec);
void exec_parts_let_go(struct exec *exec); /* they belong to another one now */

#endif
