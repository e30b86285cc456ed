/* SPDX-License-Identifier: MIT */

#include "core/exec_hooks.h"

#include <errno.h>
#include <stdlib.h>

#include "base/strings.h"

const char *const hook_names[HOOK_N_KINDS] = {
	[HOOK_START_IF] = "start_if",     [HOOK_START_PRE] = "start_pre",
	[HOOK_START_POST] = "start_post", [HOOK_STOP] = "stop_command",
	[HOOK_STOP_POST] = "stop_post",   [HOOK_RELOAD] = "reload_command",
};

void exec_hooks_init(void *hooks)
{
	struct exec_hooks *h = hooks;

	for (int kind = 0; kind < HOOK_N_KINDS; kind++)
		h->of[kind].timeout = EXEC_HOOK_TIMEOUT;
}

void exec_hook_fini(struct exec_hook *hook)
{
	for (size_t i = 0; i < hook->n; i++)
		strings_free(hook->commands[i].argv);
	free(hook->commands);
}

void exec_hooks_fini(void *hooks)
{
	struct exec_hooks *h = hooks;

	for (int kind = 0; kind < HOOK_N_KINDS; kind++)
		exec_hook_fini(&h->of[kind]);
}

int exec_hook_add(struct exec_hook *hook, char **argv, bool may_fail)
{
	struct exec_command *commands;

	if (hook->n == EXEC_HOOK_COMMANDS_MAX)
		return -E2BIG;
	commands = reallocarray(hook->commands, hook->n + 1, sizeof(*commands));
	if (!commands)
		return -ENOMEM;
	hook->commands = commands;
	hook->commands[hook->n++] = (struct exec_command){.argv = argv, .may_fail = may_fail};
	return 0;
}
