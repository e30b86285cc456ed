/* SPDX-License-Identifier: MIT */

/* The text of an actor's pid: the node, the low and the high half of the counter. */

#include "base/pid.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"

char *actor_pid_format(actor_pid pid, char buf[ACTOR_PID_TEXT_MAX])
{
	snprintf(buf, ACTOR_PID_TEXT_MAX, "<0.%" PRIu32 ".%" PRIu32 ">", (uint32_t)pid.n,
		 (uint32_t)(pid.n >> 32));
	return buf;
}

/* Moves *at behind the decimal number there; false where there is none that fits 32 bits. */
static bool take_number(const char **at, uint32_t *ret_number)
{
	uint64_t number = 0;
	const char *p = *at;

	for (; *p >= '0' && *p <= '9'; p++) {
		number = number * 10 + (uint64_t)(*p - '0');
		if (number > UINT32_MAX)
			return false;
	}
	if (p == *at)
		return false;
	*at = p;
	*ret_number = (uint32_t)number;
	return true;
}

int actor_pid_parse(const char *text, actor_pid *ret_pid)
{
	bool quoted = *text == '<';
	const char *at = text + quoted;
	uint32_t part[3];

	for (size_t i = 0; i < ARRAY_LEN(part); i++) {
		if (i > 0 && *at++ != '.')
			return -EINVAL;
		if (!take_number(&at, &part[i]))
			return -EINVAL;
	}
	if (strcmp(at, quoted ? ">" : "") != 0 || part[0] != 0)
		return -EINVAL;
	*ret_pid = (actor_pid){(uint64_t)part[2] << 32 | part[1]};
	return 0;
}

const char *actor_pid_spell(const char *text, char buf[ACTOR_PID_TEXT_MAX])
{
	actor_pid pid;

	return actor_pid_parse(text, &pid) == 0 ? actor_pid_format(pid, buf) : text;
}
