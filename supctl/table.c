/* SPDX-License-Identifier: MIT */

/* All commands, in the order in which help shows them. */

#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "supctl/command.h"

const struct command *const commands[] = {
	/* looking */
	&tree_command,
	&status_command,
	&why_command,
	&what_if_command,
	&events_command,
	&report_command,
	&logs_command,
	&names_command,
	&info_command,
	&mailbox_command,
	/* steering */
	&start_command,
	&stop_command,
	&restart_command,
	&reload_command,
	&scale_command,
	&add_command,
	&remove_command,
	&kill_command,
	&exit_command,
	/* waiting */
	&wait_command,
	&sync_command,
	/* actors */
	&spawn_command,
	&send_command,
	&call_command,
	&recv_command,
	&ack_command,
	&reply_command,
	&monitor_command,
	&demonitor_command,
	&link_command,
	&unlink_command,
	&trap_command,
	&self_command,
	&whereis_command,
	&register_command,
	&unregister_command,
	&ready_command,
	&ignore_command,
	&watchdog_command,
	/* the child API */
	&child_command,
	/* the daemon */
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
