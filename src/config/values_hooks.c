/* SPDX-License-Identifier: MIT */

/* Commands beside a service's main process: KEY = [-]COMMAND, one to a line. */

#include <errno.h>

#include "config/keys.h"
#include "config/words.h"
#include "core/exec_hooks.h"

int value_hook(const struct value *value)
{
	bool may_fail = value->text[0] == '-';
	struct value command = *value;
	char **argv = NULL;
	int r;

	command.text += may_fail;
	command.field = &argv;
	r = value_command(&command);
	if (r == 0)
		r = exec_hook_add(value->field, argv, may_fail);
	if (r == 0)
		return 0;
	strings_free(argv);
	if (r == -E2BIG)
		return value_refuse(value,
				    "at most %d commands: make a script of them, and run that",
				    EXEC_HOOK_COMMANDS_MAX);
	return r;
}

/* Whoever waits for it to be ready then waits for this too, which is the model's affair. */
int value_start_post(const struct value *value)
{
	int r = value_hook(value);

	if (r == 0)
		value->spec->start_post = true;
	return r;
}
