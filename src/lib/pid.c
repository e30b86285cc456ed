/* SPDX-License-Identifier: MIT */

/* Pids as text, for users of the library. */

#include "base/pid.h"
#include "lib/sup.h"

_Static_assert(SUP_PID_TEXT_MAX == ACTOR_PID_TEXT_MAX, "one size of text for both");

char *sup_pid_format(sup_pid pid, char text[SUP_PID_TEXT_MAX])
{
	return actor_pid_format((actor_pid){pid.n}, text);
}

int sup_pid_parse(const char *text, sup_pid *ret_pid)
{
	actor_pid pid;
	int r = actor_pid_parse(text, &pid);

	if (r == 0)
		ret_pid->n = pid.n;
	return r;
}
