/* SPDX-License-Identifier: MIT */
#ifndef CORE_EXEC_HOOKS_H
#define CORE_EXEC_HOOKS_H

/*
 * Commands that are run beside a service's main process, at certain moments of its life. A hook is
 * a row of them, run one after the other; the first that fails ends the row, but for those that may
 * fail.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

enum hook_kind {
	HOOK_START_IF,   /* conditions of the start, before all else */
	HOOK_START_PRE,  /* before the main process */
	HOOK_START_POST, /* once it is ready, before others are told so */
	HOOK_STOP,       /* instead of the stop signal, which follows it */
	HOOK_STOP_POST,  /* when nothing is left of it */
	HOOK_RELOAD,
	HOOK_N_KINDS,
};

/* The keys of the configuration, in enum order. */
extern const char *const hook_names[HOOK_N_KINDS];

/* Of one hook. */
#define EXEC_HOOK_COMMANDS_MAX 32
/* Of each command of a hook that does not say. */
#define EXEC_HOOK_TIMEOUT SPAN_S(30)

struct exec_command {
	char **argv;   /* owned, ends with NULL */
	bool may_fail; /* its failure is passed over */
	bool negated;  /* of a condition: it is to end with another exit status than 0 */
};

struct exec_hook {
	struct exec_command *commands; /* owned */
	size_t n;
	struct span timeout; /* of each */
};

struct exec_hooks {
	struct exec_hook of[HOOK_N_KINDS];
	int reload_signal; /* 0: none */
};

void exec_hook_fini(struct exec_hook *hook);
void exec_hooks_init(void *hooks);
void exec_hooks_fini(void *hooks);
/* Appends a command; argv is taken over on success. 0; -ENOMEM; -E2BIG: there are too many. */
int exec_hook_add(struct exec_hook *hook, char **argv, bool may_fail);

#endif
