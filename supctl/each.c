/* SPDX-License-Identifier: MIT */

/*
 * The same request for several targets. They are under way together, so that `stop a b c` takes as
 * long as the slowest; a window bounds how many the daemon has to remember, and how much it has to
 * keep for us.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "supctl/ask.h"
#include "supctl/instances.h"
#include "supctl/render.h"
#include "wire/json.h"

#define WINDOW 64
#define FLUSH_SIZE 65536
/* Before the first word about what does not go; doubles. */
#define PATIENCE SPAN_S(2)
#define PATIENCE_MAX SPAN_S(60)

int ask(struct context *context, const char *request, const char *target, fill_request *fill)
{
	struct wire_encoder *e;
	uint64_t ref;
	int status;

	e = context_begin(context, request, &ref, &status);
	if (!e)
		return status;
	if (target)
		field_put_text(e, 0, "target", target);
	if (fill)
		fill(context, e);
	return context_end(context);
}

/* What becomes of the frames. */
struct taker {
	const char *done;
	enum rows_form form;
	struct grid *grid; /* NULL: replies are printed, there are no rows */
	size_t n_rows;
	struct span patience; /* 0: nothing is said meanwhile */
	struct buf out;
};

static void put_passed_over(struct buf *out, const char *condition)
{
	buf_puts(out, ": not started: ");
	render_text(out, condition ? condition : "a condition", RENDER_LINE);
	buf_puts(out, " does not hold\n");
}

static void print_reply(const struct context *context, struct taker *taker,
			const struct wire_frame *reply)
{
	const char *name = field_text(reply, "name");
	const char *result = field_text(reply, "result");

	if (context->json) {
		json_put_row(&taker->out, reply);
		return;
	}
	render_text(&taker->out, name ? name : "?", RENDER_LINE);
	if (result && strcmp(result, "already") == 0)
		buf_puts(&taker->out, ": runs already\n");
	else if (result && strcmp(result, "passed_over") == 0)
		put_passed_over(&taker->out, field_text(reply, "reason"));
	else if (result && strcmp(result, "done") == 0)
		buf_puts(&taker->out, ": started, and done\n");
	else
		buf_printf(&taker->out, ": %s\n", taker->done);
}

static void take_row(const struct context *context, struct taker *taker,
		     const struct wire_frame *row)
{
	if (!context->json && taker->form == ROWS_BLOCKS && taker->n_rows++)
		buf_putc(&taker->out, '\n');
	if (context->json)
		json_put_row(&taker->out, row);
	else if (taker->form == ROWS_BLOCKS)
		render_block(&taker->out, row);
	else
		grid_add_row(taker->grid, row);
	if (taker->out.size >= FLUSH_SIZE)
		render_flush(&taker->out);
}

/* The next frame, with a word about what does not go whenever patience is over. */
static int receive(struct context *context, struct taker *taker, struct wire_frame *ret_frame)
{
	struct mono look;
	int r = -ETIMEDOUT;

	while (taker->patience.ns && r == -ETIMEDOUT) {
		look = deadline_in(taker->patience);
		if (look.ns >= context->deadline.ns)
			break;
		r = context_take(context, look, ret_frame);
		if (r == -ETIMEDOUT)
			say_what_is_left(context);
		taker->patience.ns = MIN_OF(taker->patience.ns * 2, PATIENCE_MAX.ns);
	}
	if (r == -ETIMEDOUT)
		r = context_take(context, context->deadline, ret_frame);
	if (r == -ETIMEDOUT) {
		r = context_failed(context, r);
		if (taker->patience.ns)
			say_what_is_left(context);
	}
	if (r == 0 && ret_frame->op != WIRE_ROW && ret_frame->op != WIRE_REPLY)
		return context_failed(context, -EPROTO);
	return r;
}

/* Sends as the window allows, takes what comes, until each target has its reply. */
static int exchange(struct context *context, const char *request, fill_request *fill,
		    struct taker *taker)
{
	int n = context->n_args ? context->n_args : 1;
	int asked = 0, answered = 0, status = 0;

	while (answered < n) {
		struct wire_frame frame;
		int r = 0;

		for (; asked < n && asked - answered < WINDOW && !r; asked++)
			r = ask(context, request, context->n_args ? context->args[asked] : NULL,
				fill);
		if (!r)
			r = receive(context, taker, &frame);
		if (r)
			return r;
		if (frame.op == WIRE_ROW) {
			take_row(context, taker, &frame);
			continue;
		}
		answered++;
		r = reply_status_to(context, request, &frame);
		if (r == 0 && !taker->grid) {
			print_reply(context, taker, &frame);
			render_flush(&taker->out);
			fflush(stdout);
		}
		status = status ? status : r;
	}
	return status;
}

static int run_all(struct context *context, const char *request, fill_request *fill,
		   struct taker *taker)
{
	struct expansion expansion;
	int status = instances_expand(context, &expansion);

	if (status)
		return status;
	status = exchange(context, request, fill, taker);
	expansion_fini(&expansion);
	buf_fini(&taker->out);
	return status;
}

int run_each(struct context *context, const char *request, const char *done, fill_request *fill)
{
	struct taker taker = {.done = done, .out = BUF_INIT};

	return run_all(context, request, fill, &taker);
}

int run_each_end(struct context *context, const char *request, const char *done, fill_request *fill)
{
	struct taker taker = {.done = done, .patience = PATIENCE, .out = BUF_INIT};

	return run_all(context, request, fill, &taker);
}

int print_rows(struct context *context, const char *request, enum rows_form form,
	       fill_request *fill)
{
	struct taker taker = {.form = form, .grid = grid_new(), .out = BUF_INIT};
	int status;

	if (!taker.grid) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	status = exchange(context, request, fill, &taker);
	render_flush(&taker.out);
	if (grid_print(taker.grid, true) < 0) {
		complain("out of memory");
		status = EXIT_FAILED;
	}
	grid_free(taker.grid);
	buf_fini(&taker.out);
	return status;
}

/* ---- requests with one answer ---- */

void fill_target(const struct context *context, struct wire_encoder *e)
{
	field_put_text(e, 0, "target", context->args[0]);
}

void fill_name(const struct context *context, struct wire_encoder *e)
{
	field_put_text(e, 0, "name", context->args[0]);
}

int ask_reply(struct context *context, const char *request, fill_request *fill,
	      struct wire_frame *ret_reply)
{
	int status = ask(context, request, NULL, fill);

	if (status == 0)
		status = context_receive(context, ret_reply);
	return status ? status : reply_status(ret_reply);
}

int ask_and_print(struct context *context, const char *request, fill_request *fill,
		  const char *shown)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct wire_frame reply;
	const char *text;
	int status = ask_reply(context, request, fill, &reply);

	if (status || !shown)
		return status;
	text = field_text(&reply, shown);
	if (context->json) {
		json_put_row(&out, &reply);
	} else if (text) {
		render_text(&out, text, RENDER_LINE);
		buf_putc(&out, '\n');
	}
	render_flush(&out);
	return 0;
}
