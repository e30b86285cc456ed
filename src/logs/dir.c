/* SPDX-License-Identifier: MIT */

#include "logs/dir.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const char *absolute_variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

int logs_default_dir(struct buf *out)
{
	const char *state = absolute_variable("XDG_STATE_HOME");
	const char *home = absolute_variable("HOME");

	if (geteuid() == 0)
		return buf_puts(out, "/var/log/supd");
	if (state)
		return buf_printf(out, "%s/supd/log", state);
	if (home)
		return buf_printf(out, "%s/.local/state/supd/log", home);
	return -ENOENT;
}
