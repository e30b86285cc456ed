/* SPDX-License-Identifier: MIT */

/*
 * supctl spawn: a process as an actor of its own, outside the tree. It gets our working directory
 * and what --env names, and none of our files: what waits for our standard output to be closed
 * (a command substitution) would wait for the process, too.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supctl/hands.h"
#include "supctl/render.h"

/* NAME stands for NAME=VALUE with our own value. Ends with NULL; owned. NULL: the status is set. */
static char **spawn_environment(const struct context *context, int *ret_status)
{
	char **list = calloc(context->n_list + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; list && i < context->n_list; i++) {
		const char *word = context->list[i], *value = getenv(word);
		int r = 0;

		if (strchr(word, '='))
			r = asprintf(&list[n], "%s", word);
		else if (value)
			r = asprintf(&list[n], "%s=%s", word, value);
		else
			continue;
		if (r < 0)
			break;
		n++;
	}
	*ret_status = list ? 0 : EXIT_FAILED;
	if (!list)
		complain("out of memory");
	return list;
}

static void environment_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

/* Its monitor's ref: 0 where none is asked for. */
static int spawn_ask(struct context *context, char **environment, uint64_t monitor,
		     struct wire_frame *ret_reply)
{
	char *directory CLEANUP(cleanup_free) = getcwd(NULL, 0);
	struct wire_encoder *e;
	uint64_t ref;
	int status;

	e = context_begin(context, "spawn", &ref, &status);
	if (!e)
		return status;
	field_put_list(e, 0, "command", context->rest);
	if (*environment)
		field_put_list(e, 0, "environment", environment);
	if (directory)
		field_put_text(e, 0, "directory", directory);
	if (option_value(context, "--user"))
		field_put_text(e, 0, "user", option_value(context, "--user"));
	if (option_value(context, "--link"))
		field_put_bool(e, 0, "link", true);
	if (monitor)
		field_put_int(e, 0, "monitor", (int64_t)monitor);
	status = context_end(context);
	if (status == 0)
		status = context_receive(context, ret_reply);
	return status ? status : reply_status(ret_reply);
}

static void spawn_print(const struct context *context, const struct wire_frame *reply,
			uint64_t monitor)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	const char *pid = field_text(reply, "pid");

	pid = pid ? pid : "?";
	if (context->json) {
		buf_printf(&out, "{\"pid\":\"%s\",", pid);
		buf_printf(&out, "\"os_pid\":%" PRId64, field_int(reply, "os_pid", 0));
		if (monitor)
			buf_printf(&out, ",\"ref\":\"%" PRIu64 "\"", monitor);
		buf_puts(&out, "}\n");
	} else {
		buf_puts(&out, pid);
		if (monitor)
			buf_printf(&out, " %" PRIu64, monitor);
		buf_putc(&out, '\n');
	}
	render_flush(&out);
	fflush(stdout);
}

static int spawn_run(struct context *context)
{
	bool inside = inside_an_actor(context);
	struct wire_frame reply;
	uint64_t monitor = 0;
	char **environment;
	int status = 0;

	if (context->n_args)
		return complain_usage(context, "%s: the command stands behind --",
				      context->args[0]);
	if (!context->rest || !*context->rest)
		return complain_usage(context, "which command? It stands behind --");
	if (option_value(context, "--link") && !inside)
		return complain_usage(context, "--link: only inside an actor");
	environment = spawn_environment(context, &status);
	if (status == 0 && option_value(context, "--monitor"))
		status = frame_new_ref(context, &monitor);
	if (status == 0)
		status = spawn_ask(context, environment, monitor, &reply);
	environment_free(environment);
	if (status)
		return status;
	spawn_print(context, &reply, inside ? monitor : 0);
	return monitor && !inside ? monitor_wait(context, monitor) : 0;
}

const struct command spawn_command = {
	.name = "spawn",
	.args = "[--link] [--monitor] [--env NAME[=VALUE]]... [--user USER] -- COMMAND [ARG...]",
	.usage = "run a command as an actor outside the tree, and print its pid",
	.help = "It runs in the working directory of supctl, as the user of the actor, or of who "
		"calls. Nobody\n"
		"starts it again; it ends with the daemon at the latest. Where it can not be "
		"executed: exit\n"
		"status 1.",
	.options =
		(const struct option_spec[]){
			{"--link", NULL, "link it to the actor, before its first instruction"},
			{"--monitor", NULL,
			 "monitor it: prints the ref, too; outside an actor, waits for its end"},
			{"--env", "NAME[=VALUE]",
			 "set in its environment; may be given more than once"},
			{"--user", "USER", "run it as another user, where a grant permits that"},
			{NULL, NULL, NULL},
		},
	.max_args = -1,
	.repeats = "--env",
	.as = AS_ACTOR,
	.run = spawn_run,
};
