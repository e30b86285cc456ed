/* SPDX-License-Identifier: MIT */

/*
 * supctl child: OTP's calls on a supervisor, with OTP's answers on standard output: ok, ok <0.5.0>,
 * ok undefined, error running, ...
 */

#include <stdlib.h>
#include <string.h>

#include "supctl/ask.h"
#include "supctl/render.h"
#include "wire/json.h"

struct child_call {
	const char *word;
	const char *request;
	int n_args; /* after the word; start takes more */
	enum rows_form form;
};

static const struct child_call child_calls[] = {
	{"start", "start_child", 1, ROWS_TABLE},
	{"terminate", "terminate_child", 2, ROWS_TABLE},
	{"restart", "restart_child", 2, ROWS_TABLE},
	{"delete", "delete_child", 2, ROWS_TABLE},
	{"which", "which_children", 1, ROWS_TABLE},
	{"count", "count_children", 1, ROWS_TABLE},
	{"spec", "get_childspec", 2, ROWS_BLOCKS},
};

static const struct child_call *child_find(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(child_calls); i++)
		if (strcmp(child_calls[i].word, word) == 0)
			return &child_calls[i];
	return NULL;
}

/* The path of child id of supervisor. */
static int child_path(const char *supervisor, const char *id, struct buf *out)
{
	if (strcmp(supervisor, "/") != 0)
		buf_printf(out, "%s/", supervisor);
	return buf_puts(out, id);
}

/* child start SUP ID [KEY=VALUE...], or child start SUP [-- ARG...]. */
static int child_put_start(struct context *context, const char *path, const char *text)
{
	struct wire_encoder *e;
	uint64_t ref;
	int r;

	e = context_begin(context, "start_child", &ref, &r);
	if (!e)
		return r;
	field_put_text(e, 0, "target", context->args[1]);
	if (path) {
		field_put_text(e, 0, "path", path);
		field_put_text(e, 0, "text", text);
	} else if (context->rest) {
		field_put_list(e, 0, "arguments", context->rest);
	}
	return context_end(context);
}

static int child_ask_start(struct context *context)
{
	struct buf path CLEANUP(buf_fini) = BUF_INIT;
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	int r;

	if (context->n_args == 2)
		return child_put_start(context, NULL, NULL);
	if (context->rest)
		return complain_usage(context,
				      "either an ID, or -- and arguments for the template");
	if (strchr(context->args[2], '/'))
		return complain_usage(context,
				      "%s: an ID is one name, without /: the child is put "
				      "directly below the supervisor",
				      context->args[2]);
	if (context->n_args == 3 && !option_value(context, "--file") &&
	    !option_value(context, "--supervisor"))
		return complain_usage(
			context,
			"%s: a child needs KEY=VALUE, as for add; what the template of "
			"a simple_one_for_one gets stands behind --",
			context->args[2]);
	child_path(context->args[1], context->args[2], &path);
	r = child_text(context, buf_text(&path), context->args + 3, context->n_args - 3, &text);
	return r ? r : child_put_start(context, buf_text(&path), buf_text(&text));
}

static void child_fill(const struct context *context, struct wire_encoder *e)
{
	if (context->n_args > 2)
		field_put_text(e, 0, "child", context->args[2]);
}

/* OTP's answer on one line; already_started has a pid. */
static void child_print_answer(const struct wire_frame *reply, struct buf *out)
{
	const char *answer = field_text(reply, "answer");
	const char *error = field_text(reply, "error");
	const char *pid = field_text(reply, "pid");
	const char *child = field_text(reply, "child");
	const char *more = error ? error : child ? child : pid;

	render_text(out, answer ? answer : "error", RENDER_LINE);
	if (more) {
		buf_putc(out, ' ');
		render_text(out, more, RENDER_LINE);
	}
	if (error && pid) {
		buf_putc(out, ' ');
		render_text(out, pid, RENDER_LINE);
	}
	buf_putc(out, '\n');
}

static int child_finish(struct context *context, const struct child_call *call,
			const struct wire_frame *reply)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	const char *answer = field_text(reply, "answer");
	int64_t status = field_int(reply, "status", EXIT_FAILED);

	if (!answer)
		return child_reply_status(context, call->request, reply);
	if (status == EXIT_NOPROC)
		complain("%s: no such supervisor, or it does not run", context->args[1]);
	else if (field_text(reply, "explanation"))
		complain("%s", field_text(reply, "explanation"));
	if (context->json)
		json_put_row(&out, reply);
	else
		child_print_answer(reply, &out);
	render_flush(&out);
	return status ? (int)status : EXIT_DONE;
}

/* Rows first, where there are any, then the answer. */
static int child_receive(struct context *context, const struct child_call *call)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct grid *grid = grid_new();
	struct wire_frame frame;
	int r;

	while ((r = context_receive(context, &frame)) == 0 && frame.op == WIRE_ROW) {
		if (context->json)
			json_put_row(&out, &frame);
		else if (call->form == ROWS_BLOCKS)
			render_block(&out, &frame);
		else if (grid)
			grid_add_row(grid, &frame);
	}
	render_flush(&out);
	if (grid)
		grid_print(grid, true);
	grid_free(grid);
	return r ? r : child_finish(context, call, &frame);
}

static int child_run(struct context *context)
{
	const struct child_call *call = child_find(context->args[0]);
	bool starts;
	int r;

	if (!call)
		return complain_usage(
			context, "%s: start, terminate, restart, delete, which, count or spec?",
			context->args[0]);
	starts = strcmp(call->word, "start") == 0;
	if (context->n_args - 1 < call->n_args || (!starts && context->n_args - 1 > call->n_args))
		return complain_usage(context, "child %s takes %s", call->word,
				      call->n_args == 1 ? "a supervisor"
							: "a supervisor and a child of it");
	r = starts ? child_ask_start(context)
		   : ask(context, call->request, context->args[1], child_fill);
	return r ? r : child_receive(context, call);
}

const struct command child_command = {
	.name = "child",
	.args = "start|terminate|restart|delete|which|count|spec SUPERVISOR [ID] ...",
	.usage = "OTP's calls on a supervisor, with OTP's answers",
	.help = "child start SUPERVISOR ID KEY=VALUE...   start_child, with keys as for add\n"
		"child start SUPERVISOR [-- ARG...]       start_child of a simple_one_for_one: "
		"ARG... is\n"
		"                                         appended to its template's command\n"
		"child terminate SUPERVISOR ID            terminate_child: stopped, but not held\n"
		"child restart SUPERVISOR ID              restart_child: starts what is not "
		"running\n"
		"child delete SUPERVISOR ID               delete_child: forgets what is not "
		"running\n"
		"child which SUPERVISOR                   which_children, in reverse start order\n"
		"child count SUPERVISOR                   count_children\n"
		"child spec SUPERVISOR ID                 get_childspec\n\n"
		"Under a simple_one_for_one ID is the child's pid. Exit status 0 for ok, 1 for "
		"error, 3 where\n"
		"the supervisor does not exist.",
	.options =
		(const struct option_spec[]){
			{"--file", "FILE",
			 "start: sections instead of KEY=VALUE; - is standard input"},
			{"--supervisor", NULL, "start: the child is a supervisor"},
			{"--timeout", "SPAN", "wait no longer: exit status 5"},
			{NULL, NULL, NULL},
		},
	.min_args = 2,
	.max_args = -1,
	.run = child_run,
};
