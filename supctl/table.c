/* SPDX-License-Identifier: MIT */

/* All commands, in the order in which help shows them. */

#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "supctl/command.h"

const struct command *const commands[] = {
	&tree_command,
	&status_command,
	&why_command,
	&events_command,
	&start_command,
	&stop_command,
	&restart_command,
	&add_command,
	&remove_command,
	&wait_command,
	&sync_command,
	&kill_command,
	&exit_command,
	&child_command,
	&self_command,
	&whereis_command,
	&names_command,
	&info_command,
	&register_command,
	&unregister_command,
	&link_command,
	&unlink_command,
	&trap_command,
	&ready_command,
	&ignore_command,
	&watchdog_command,
	&check_command,
	&ping_command,
	&version_command,
	&shutdown_command,
	NULL,
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

const char *command_suggest(const char *name)
{
	const char *names[ARRAY_LEN(commands)] = {NULL};

	for (size_t i = 0; commands[i]; i++)
		names[i] = commands[i]->name;
	return text_nearest(name, names);
}
