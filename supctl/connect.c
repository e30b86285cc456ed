/* SPDX-License-Identifier: MIT */

/*
 * Which daemon, and what goes wrong on the way to it and back: every failure of the connection
 * becomes one line on standard error and one of the exit statuses here.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "supctl/ask.h"
#include "supctl/render.h"

#define SYSTEM_SOCKET "/run/supd/control"

/* NULL: none is named. */
static const char *socket_given(const struct context *context)
{
	const char *given = context->socket ? context->socket : getenv("SUP_SOCKET");

	return given && *given ? given : NULL;
}

/* -s, else SUP_SOCKET, else a user's own daemon, else the system's. NULL: no memory. */
static char *socket_path(const struct context *context)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const char *given = socket_given(context);
	struct buf path CLEANUP(buf_fini) = BUF_INIT;

	if (given)
		return strdup(given);
	if (geteuid() == 0 || !runtime || !*runtime)
		return strdup(SYSTEM_SOCKET);
	buf_printf(&path, "%s/supd/control", runtime);
	if (access(buf_text(&path), F_OK) < 0)
		return strdup(SYSTEM_SOCKET);
	return buf_take(&path);
}

bool is_no_daemon(int error)
{
	return error == -ENOENT || error == -ECONNREFUSED || error == -ENOTDIR;
}

static int connect_failed(const struct context *context, int error)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	bool lost = geteuid() != 0 && (!runtime || !*runtime) && !socket_given(context);

	if (error == -EACCES || error == -EPERM) {
		complain("%s: %s", context->path, strerror(-error));
		return EXIT_REFUSED;
	}
	if (is_no_daemon(error)) {
		complain("no daemon at %s: start one with supd, or name its socket with -s%s",
			 context->path,
			 lost ? " (XDG_RUNTIME_DIR is not set, so a daemon of your own is not "
				"looked for)"
			      : "");
		return EXIT_NO_DAEMON;
	}
	if (error == -ENAMETOOLONG || error == -EPROTOTYPE || error == -ENOTSOCK) {
		complain("%s: not the control socket of a supd (%s)", context->path,
			 strerror(-error));
		return EXIT_NO_DAEMON;
	}
	complain("%s: %s", context->path, strerror(-error));
	return error == -EAGAIN ? EXIT_TIMEOUT : EXIT_FAILED;
}

bool context_names_daemon(const struct context *context)
{
	return socket_given(context) != NULL;
}

int context_try(struct context *context)
{
	struct identity who;
	int r;

	if (context->client)
		return 0;
	if (!context->path)
		context->path = socket_path(context);
	if (!context->path) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	if (context->command->as == AS_GUEST || !inside_an_actor(context))
		return client_open(context->path, &context->client);
	r = identity_read(&who);
	return r ? r : client_open_helper(context->path, who.pid, who.token, &context->client);
}

int context_connect(struct context *context)
{
	int r = context_try(context);

	return r < 0 ? connect_failed(context, r) : r;
}

int context_failed(const struct context *context, int error)
{
	if (error == CLIENT_E_PROTOCOL) {
		complain("the supd at %s (%s) speaks version %u of the protocol, this supctl "
			 "another: use the "
			 "one that came with it",
			 context->path, client_peer_release(context->client),
			 (unsigned)client_peer_protocol(context->client));
		return EXIT_FAILED;
	}
	if (error == -ETIMEDOUT) {
		complain("%s%s%s: not so within %s%s", context->command->name,
			 context->n_args == 1 ? " " : "",
			 context->n_args == 1 ? context->args[0] : "",
			 option_value(context, "--timeout"),
			 command_has_option(context->command, "--no-wait")
				 ? ": what was asked for goes on"
				 : "");
		return EXIT_TIMEOUT;
	}
	if (error == -EPIPE) {
		complain("the daemon at %s has gone, or has closed the connection", context->path);
		return EXIT_DIED;
	}
	if (error == -EPROTO)
		complain("what is at %s does not speak like a supd", context->path);
	else if (error == -EMSGSIZE)
		complain("the request is too long: %d bytes are the limit", WIRE_DATAGRAM_MAX);
	else
		complain("%s: %s", context->path, strerror(-error));
	return EXIT_FAILED;
}

int context_take(struct context *context, struct mono deadline, struct wire_frame *ret_frame)
{
	int r = client_receive(context->client, deadline, ret_frame);

	if (r == -ETIMEDOUT)
		return r;
	if (r)
		return context_failed(context, r);
	if (ret_frame->op == WIRE_REPLY && ret_frame->ref == 0) {
		r = reply_status(ret_frame);
		return r ? r : EXIT_FAILED;
	}
	return 0;
}

int context_receive(struct context *context, struct wire_frame *ret_frame)
{
	int r = context_take(context, context->deadline, ret_frame);

	if (r == -ETIMEDOUT)
		return context_failed(context, r);
	if (r == 0 && ret_frame->op != WIRE_ROW && ret_frame->op != WIRE_REPLY)
		return context_failed(context, -EPROTO);
	return r;
}

struct wire_encoder *context_begin(struct context *context, const char *request, uint64_t *ret_ref,
				   int *ret_status)
{
	*ret_status = context_connect(context);
	return *ret_status ? NULL : client_begin(context->client, request, ret_ref);
}

int context_end(struct context *context)
{
	int r = client_end(context->client);

	return r < 0 ? context_failed(context, r) : 0;
}

/* The daemon knows a request by another name than the command that sends it may have. */
static void put_error(struct buf *out, const char *error, const char *request, const char *command)
{
	size_t size = strlen(request);

	if (size && strncmp(error, request, size) == 0 && error[size] == ' ') {
		buf_puts(out, command);
		error += size;
	}
	render_text(out, error, RENDER_LINES);
}

static int status_of(const struct wire_frame *reply, const char *request, const char *command)
{
	const char *error = field_text(reply, "error");
	int64_t status = field_int(reply, "status", EXIT_FAILED);
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	if (status < 0 || status > EXIT_DIED)
		status = EXIT_FAILED;
	if (error && status) {
		put_error(&text, error, request, command);
		complain("%s", buf_text(&text));
	}
	return (int)status;
}

int reply_status(const struct wire_frame *reply)
{
	return status_of(reply, "", "");
}

int reply_status_to(const struct context *context, const char *request,
		    const struct wire_frame *reply)
{
	return status_of(reply, request, context->command->name);
}

void context_fini(struct context *context)
{
	if (context->client && context->command->as != AS_GUEST && !inside_an_actor(context))
		client_goodbye(context->client);
	client_close(context->client);
	free(context->path);
	free(context->list);
}
