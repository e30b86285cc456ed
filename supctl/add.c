/* SPDX-License-Identifier: MIT */

/* supctl add: a child that the files do not have. */

#include <stdlib.h>
#include <string.h>

#include "supctl/ask.h"
#include "supctl/render.h"
#include "wire/json.h"

/* "web/api" -> "web"; "api" -> "/". Owned by the caller; NULL: no memory. */
static char *add_parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash != path ? strndup(path, (size_t)(slash - path)) : strdup("/");
}

static int add_send(struct context *context, const char *path, const char *text)
{
	char *parent CLEANUP(cleanup_free) = add_parent(path);
	struct wire_encoder *e;
	uint64_t ref;
	int r;

	if (!parent)
		return EXIT_FAILED;
	e = context_begin(context, "add", &ref, &r);
	if (!e)
		return r;
	field_put_text(e, 0, "target", parent);
	field_put_text(e, 0, "path", path);
	field_put_text(e, 0, "text", text);
	return context_end(context);
}

static bool is_waiting(const struct wire_frame *reply)
{
	const char *result = field_text(reply, "result");

	return result && strcmp(result, "waiting") == 0;
}

static int add_run(struct context *context)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	const char *path = context->args[0];
	struct wire_frame frame;
	int r;

	while (*path == '/' && path[1])
		path++;
	r = child_text(context, path, context->args + 1, context->n_args - 1, &text);
	if (r == 0)
		r = add_send(context, path, buf_text(&text));
	if (r == 0)
		r = context_receive(context, &frame);
	if (r == 0)
		r = child_reply_status(context, "add", &frame);
	if (r)
		return r;
	if (context->json) {
		json_put_row(&out, &frame);
	} else {
		render_text(&out, path, RENDER_LINE);
		buf_puts(&out, is_waiting(&frame)
				       ? ": added; starts when what it depends on is ready\n"
				       : ": added\n");
	}
	render_flush(&out);
	return 0;
}

const struct command add_command = {
	.name = "add",
	.args = "PATH KEY=VALUE...",
	.usage = "add a child that the files do not have, and wait until it is ready",
	.help = "The keys are those of [service] in supd.conf(5): supctl add web/extra "
		"command='sleep 60'.\n"
		"It lasts until its supervisor ends or is restarted.",
	.options =
		(const struct option_spec[]){
			{"--file", "FILE",
			 "its sections, as in supd.conf(5), instead of KEY=VALUE; - is standard "
			 "input"},
			{"--supervisor", NULL,
			 "it is a supervisor: the keys are those of [supervisor]"},
			{"--timeout", "SPAN", "wait no longer (exit status 5); the start goes on"},
			{NULL, NULL, NULL},
		},
	.min_args = 1,
	.max_args = -1,
	.run = add_run,
};
