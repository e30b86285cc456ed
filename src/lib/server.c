/* SPDX-License-Identifier: MIT */

/*
 * The server loop: one message at a time goes to the function that is for its kind. Its own
 * supervisor's exit signal ends a server that traps exits, whoever else's is a message like others.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lib/connection.h"

#define SUPERVISOR_MAX 1100

/* ---- the supervisor ---- */

/* The path above this service's own; an instance's is that of its service. False: it has none. */
static bool supervisor_path(char path[SUPERVISOR_MAX])
{
	const char *name = getenv("SUP_NAME");
	const char *slash = name ? strrchr(name, '/') : NULL;

	if (!name || strlen(name) >= SUPERVISOR_MAX)
		return false;
	strcpy(path, "/");
	if (slash && slash != name) {
		strcpy(path, name);
		path[slash - name] = '\0';
	}
	return true;
}

static bool is_from_supervisor(struct sup *sup, const struct sup_message *exit)
{
	char path[SUPERVISOR_MAX];
	sup_pid pid;

	return sup->role == ROLE_MAIN && supervisor_path(path) &&
	       sup_whereis(sup, path, &pid) == 0 && pid.n == exit->from.n;
}

/* ---- one message ---- */

static int server_unexpected(struct sup *sup, const struct sup_server *server, void *state,
			     const struct sup_message *message)
{
	sup->n_unexpected++;
	if (server->unexpected)
		server->unexpected(sup, state, message);
	return SUP_CONTINUE;
}

static int server_handle(struct sup *sup, const struct sup_server *server, void *state,
			 const struct sup_message *message)
{
	int (*handle)(struct sup *, void *, const struct sup_message *) = server->handle_info;
	int r;

	if (message->kind == SUP_EXIT && is_from_supervisor(sup, message))
		return sup_server_stop(sup, message->payload);
	if (message->kind == SUP_CALL)
		handle = server->handle_call;
	else if (message->kind == SUP_MESSAGE)
		handle = server->handle_cast;
	r = handle ? handle(sup, state, message) : SUP_UNEXPECTED;
	return r == SUP_UNEXPECTED ? server_unexpected(sup, server, state, message) : r;
}

static int server_step(struct sup *sup, const struct sup_server *server, void *state)
{
	int64_t timeout_ms = server->timeout_ms ? server->timeout_ms : SUP_FOREVER;
	struct sup_message *message;
	int r = sup_receive(sup, server->clauses, server->n_clauses, 0, timeout_ms, &message);

	if (r == -EINTR)
		return SUP_CONTINUE;
	if (r == -ETIMEDOUT)
		return server->handle_timeout ? server->handle_timeout(sup, state) : SUP_CONTINUE;
	if (r < 0)
		return r;
	r = server_handle(sup, server, state, message);
	sup_message_free(message);
	return r;
}

/* ---- beginning and end ---- */

/* SUP_CONTINUE: it runs. */
static int server_start(struct sup *sup, const struct sup_server *server, void *state)
{
	int r = server->trap_exit ? sup_trap_exit(sup, true) : 0;

	if (r >= 0)
		r = server->init ? server->init(sup, state) : 0;
	if (r < 0 || sup->role == ROLE_GUEST)
		return r;
	if (r == SUP_STOP)
		return sup_ignore(sup) < 0 ? -EPIPE : SUP_STOP;
	return sup_ready(sup);
}

/* The reason in words; "normal" is not told, as the exit status says it. */
static const char *server_reason(struct sup *sup, int r, char text[64])
{
	char name[16];

	if (r == -EPIPE)
		return "noconnection";
	if (r < 0) {
		snprintf(text, 64, "error:%s", text_errno_name(-r, name));
		return text;
	}
	return sup->stop_reason.size ? buf_text(&sup->stop_reason) : "normal";
}

int sup_server_run(struct sup *sup, const struct sup_server *server, void *state)
{
	const char *reason;
	char text[64];
	int r;

	buf_clear(&sup->stop_reason);
	r = server_start(sup, server, state);
	if (r != SUP_CONTINUE)
		return r < 0 ? r : 0;
	while (r == SUP_CONTINUE)
		r = server_step(sup, server, state);
	reason = server_reason(sup, r, text);
	if (server->terminate)
		server->terminate(sup, state, reason);
	if (r != -EPIPE && strcmp(reason, "normal") != 0)
		sup_exit_self(sup, reason);
	return r < 0 ? r : 0;
}

int sup_server_stop(struct sup *sup, const char *reason)
{
	buf_clear(&sup->stop_reason);
	return buf_puts(&sup->stop_reason, reason) < 0 ? -ENOMEM : SUP_STOP;
}

uint64_t sup_server_unexpected(const struct sup *sup)
{
	return sup->n_unexpected;
}
