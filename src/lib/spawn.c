/* SPDX-License-Identifier: MIT */

/* Processes that an actor starts itself. */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "lib/spawn.h"
#include "wire/field.h"

/* A list field; texts of any constness. */
static void spawn_put_list(struct wire_encoder *e, const char *name, const char *const *texts)
{
	field_put_list(e, 0, name, (char *const *)(uintptr_t)texts);
}

/* Which of 0, 1, 2 it is given, and the fds for them, in order. */
static size_t spawn_put_fds(struct wire_encoder *e, const struct sup_command *command, int fds[3])
{
	static const char *const digits[] = {"0", "1", "2"};
	const char *names[4] = {NULL};
	size_t n = 0;

	for (size_t i = 0; command->fds && i < 3; i++) {
		if (command->fds[i] < 0)
			continue;
		names[n] = digits[i];
		fds[n++] = command->fds[i];
	}
	if (n)
		spawn_put_list(e, "fds", names);
	return n;
}

/* The errno of an exec that failed. */
static int spawn_error(const struct sup *sup, int r)
{
	const char *reason = sup_reason(sup);
	int error;

	if (r != -EREMOTEIO || strncmp(reason, "exec:", 5) != 0)
		return r;
	error = text_errno_parse(reason + 5);
	return error ? -error : r;
}

int spawn_command(struct sup *sup, const struct sup_command *command, bool link, uint64_t monitor,
		  sup_pid *ret_pid)
{
	struct request q;
	sup_pid pid;
	size_t n_fds;
	int fds[3], r;

	if (!command->argv || !command->argv[0])
		return -EINVAL;
	request_begin(&q, sup, "spawn");
	spawn_put_list(&q.e, "command", command->argv);
	if (command->environment)
		spawn_put_list(&q.e, "environment", command->environment);
	if (command->directory)
		field_put_text(&q.e, 0, "directory", command->directory);
	if (link)
		field_put_bool(&q.e, 0, "link", true);
	if (monitor)
		field_put_int(&q.e, 0, "monitor", (int64_t)monitor);
	n_fds = spawn_put_fds(&q.e, command, fds);
	r = spawn_error(sup, request_ask(&q, fds, n_fds));
	if (r == 0)
		r = request_pid(&q, "pid", &pid);
	request_fini(&q);
	if (r == 0 && ret_pid)
		*ret_pid = pid;
	return r;
}

int sup_spawn(struct sup *sup, const struct sup_command *command, sup_pid *ret_pid)
{
	return spawn_command(sup, command, false, 0, ret_pid);
}

int sup_spawn_link(struct sup *sup, const struct sup_command *command, sup_pid *ret_pid)
{
	return spawn_command(sup, command, true, 0, ret_pid);
}

int sup_spawn_monitor(struct sup *sup, const struct sup_command *command, sup_pid *ret_pid,
		      sup_ref *ret_ref)
{
	uint64_t ref = ref_new(sup);
	int r = spawn_command(sup, command, false, ref, ret_pid);

	if (r == 0)
		ret_ref->n = ref;
	return r;
}
