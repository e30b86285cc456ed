/* SPDX-License-Identifier: MIT */

#include "tests/run/libsup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sup *sup_borrow(struct node *n, const char *puppet)
{
	struct actor_end *end = actor_borrow(n, puppet, true);
	struct sup *sup;

	cr_assert_eq(fcntl(end->fd, F_SETFD, 0), 0);
	setenv("SUP_FD", keep_printf("%d", end->fd), 1);
	setenv("SUP_OS_PID", keep_printf("%d", (int)getpid()), 1);
	cr_assert_eq(sup_open(&sup), 0);
	return sup;
}

const char *sup_take(struct sup *sup, const struct sup_clause *clauses, size_t n, unsigned flags,
		     int64_t timeout_ms)
{
	static const char *const kinds[] = {"any", "message", "call", "reply", "exit", "down"};
	struct sup_message *m;
	int r = sup_receive(sup, clauses, n, flags, timeout_ms, &m);
	const char *text;

	if (r < 0)
		return strerrorname_np(-r);
	text = keep_printf("%s %s %.*s", kinds[m->kind], m->tag, (int)m->size,
			   (const char *)m->payload);
	sup_message_free(m);
	return text;
}

struct sup_command *shell_command(const char *text)
{
	static const char *argv[] = {"sh", "-c", NULL, NULL};
	static struct sup_command command;

	argv[2] = text;
	command = (struct sup_command){.argv = argv};
	return &command;
}
