/* SPDX-License-Identifier: MIT */

/*
 * supctl what-if: what would happen, in order, and what would be left of it. The daemon finds out;
 * here it is put into lines, and its last rows into sentences.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "supctl/ask.h"
#include "supctl/instances.h"
#include "supctl/render.h"
#include "wire/json.h"

/* The first few of them, and how many there are. */
#define NAMES_SHOWN 12

struct names {
	struct buf text;
	size_t n;
};

struct what_if {
	const struct context *context;
	struct grid *grid;
	struct names again, done, down;
	struct buf limits, refused;
	bool nothing; /* no change was told */
};

/* ---- rows ---- */

static const char *text_of(const struct wire_frame *row, const char *name)
{
	const char *text = field_text(row, name);

	return text ? text : "";
}

static void add(struct grid *grid, const char *text)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;

	render_text(&out, text, RENDER_LINE);
	grid_add(grid, "", buf_text(&out), false);
}

/* +0.000  exit  web/db  killed  <- exit web/api */
static void take_change(struct what_if *w, const struct wire_frame *row)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	struct field after, delay;
	const char *kind = field_text(row, "cause_kind"), *name = field_text(row, "cause_name");
	double s = field_find(row, "after", FIELD_SPAN, &after) ? (double)after.number / 1e9 : 0;

	w->nothing = false;
	grid_begin(w->grid);
	buf_printf(&text, "+%.3f", s);
	grid_add(w->grid, "", buf_text(&text), true);
	add(w->grid, text_of(row, "kind"));
	add(w->grid, text_of(row, "name"));
	buf_clear(&text);
	if (field_find(row, "delay", FIELD_SPAN, &delay)) {
		buf_puts(&text, "for ");
		render_field(&text, &delay);
	} else {
		buf_puts(&text, text_of(row, "reason"));
	}
	add(w->grid, buf_text(&text));
	buf_clear(&text);
	if (kind)
		buf_printf(&text, "<- %s %s", kind, name ? name : "");
	add(w->grid, buf_text(&text));
}

/* state NULL: it goes without saying. */
static void name_in(struct names *names, const char *name, const char *state)
{
	if (names->n++ >= NAMES_SHOWN)
		return;
	buf_puts(&names->text, names->text.size ? ", " : "");
	render_text(&names->text, name, RENDER_LINE);
	if (state)
		buf_printf(&names->text, " (%s)", state);
}

/* Of a supervisor whose children were started again. */
static void take_intensity(struct what_if *w, const struct wire_frame *row)
{
	int64_t used = field_int(row, "restarts_counted", 0);
	int64_t intensity = field_int(row, "intensity", 0);
	struct field period;

	if (!used || !field_find(row, "period", FIELD_SPAN, &period))
		return;
	render_text(&w->limits, text_of(row, "name"), RENDER_LINE);
	buf_printf(&w->limits, ": %lld of %lld restarts within ", (long long)used,
		   (long long)intensity);
	render_field(&w->limits, &period);
	buf_puts(&w->limits,
		 used >= intensity ? ": with one more it would give up\n" : " are used up then\n");
}

static void take_result(struct what_if *w, const struct wire_frame *row)
{
	const char *name = text_of(row, "name"), *state = text_of(row, "state");
	bool started = field_int(row, "starts", 0) > 0;

	take_intensity(w, row);
	if (strcmp(state, "running") == 0 && started)
		name_in(&w->again, name, NULL);
	else if (strcmp(state, "done") == 0 && started)
		name_in(&w->done, name, NULL);
	if (strcmp(state, "running") == 0 || (strcmp(state, "done") == 0 && started))
		return;
	name_in(&w->down, name, state);
}

static void take_row(struct what_if *w, const struct wire_frame *row)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	const char *kind = text_of(row, "kind");

	if (strcmp(kind, "refused") == 0) {
		render_text(&w->refused, text_of(row, "error"), RENDER_LINE);
		buf_putc(&w->refused, '\n');
	}
	if (w->context->json) {
		json_put_row(&out, row);
		render_flush(&out);
	} else if (strcmp(kind, "result") == 0) {
		take_result(w, row);
	} else if (strcmp(kind, "refused") != 0) {
		take_change(w, row);
		if (strcmp(kind, "gave_up") == 0 || strcmp(kind, "failed") == 0) {
			render_text(&w->limits, text_of(row, "name"), RENDER_LINE);
			buf_puts(&w->limits, strcmp(kind, "failed") == 0
						     ? " would stay down: too many restarts\n"
						     : " would give up: too many restarts\n");
		}
	}
}

/* ---- the end ---- */

static const struct {
	const char *end, *text;
} ends[] = {
	{"halted", "the whole tree would end\n"},
	{"events", "and so on: there is no end to it in sight\n"},
	{"span", "and so on: more is to come in more than a day\n"},
	{"time", "and so on: there was no time to look further\n"},
	{"memory", "and so on: there was no memory to look further\n"},
};

static void put_list(struct buf *out, const char *before, struct names *names)
{
	if (!names->n)
		return;
	buf_printf(out, "%s: %s", before, buf_text(&names->text));
	if (names->n > NAMES_SHOWN)
		buf_printf(out, " and %zu more", names->n - NAMES_SHOWN);
	buf_putc(out, '\n');
}

static void print_end(struct what_if *w, const char *end)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;

	if (w->nothing)
		buf_puts(&out, "nothing would change\n");
	else
		buf_putc(&out, '\n');
	put_list(&out, "started again", &w->again);
	put_list(&out, "started again, and done", &w->done);
	put_list(&out, "down in the end", &w->down);
	buf_puts(&out, buf_text(&w->limits));
	for (size_t i = 0; end && i < ARRAY_LEN(ends); i++)
		if (strcmp(ends[i].end, end) == 0)
			buf_puts(&out, ends[i].text);
	render_flush(&out);
}

/* The words behind the first, which other words may follow. */
static void put_targets(const struct context *context, struct wire_encoder *e)
{
	char **targets = calloc((size_t)context->n_args, sizeof(*targets));

	if (targets)
		memcpy(targets, context->args + 1,
		       (size_t)(context->n_args - 1) * sizeof(*targets));
	field_put_list(e, 0, "targets", targets);
	free(targets);
}

static void fill(const struct context *context, struct wire_encoder *e)
{
	const char *status = option_value(context, "--exit");
	uint64_t number = 0;

	field_put_text(e, 0, "act", context->args[0]);
	put_targets(context, e);
	if (context->unix_signal)
		field_put_text(e, 0, "signal", context->unix_signal);
	if (status && text_parse_u64(status, 255, &number) == 0)
		field_put_int(e, 0, "exit_status", (int64_t)number);
}

static int exchange(struct context *context, struct what_if *w)
{
	struct wire_frame frame;
	int r = ask(context, "what_if", NULL, fill);

	while (r == 0) {
		r = context_receive(context, &frame);
		if (r || frame.op == WIRE_REPLY)
			break;
		take_row(w, &frame);
	}
	if (r == 0)
		r = reply_status_to(context, "what_if", &frame);
	if (r)
		return r;
	if (!context->json && (!w->refused.size || !w->nothing)) {
		if (grid_print(w->grid, false) < 0) {
			complain("out of memory");
			return EXIT_FAILED;
		}
		print_end(w, field_text(&frame, "end"));
	}
	if (w->refused.size)
		complain("it would be refused: %.*s", (int)w->refused.size - 1,
			 buf_text(&w->refused));
	return w->refused.size ? EXIT_FAILED : 0;
}

static int run(struct context *context)
{
	const char *act = context->args[0], *status = option_value(context, "--exit");
	struct what_if w = {.context = context, .nothing = true, .grid = grid_new()};
	struct expansion expansion;
	uint64_t number;
	int unix_signal, r;

	if (strcmp(act, "kill") != 0 && strcmp(act, "stop") != 0 && strcmp(act, "restart") != 0)
		return complain_usage(context, "%s: what if what? kill, stop or restart", act);
	if ((status || context->unix_signal) && strcmp(act, "kill") != 0)
		return complain_usage(context, "a signal, or --exit, is for what-if kill");
	if (status && context->unix_signal)
		return complain_usage(context, "a signal or --exit, not both");
	if (status && text_parse_u64(status, 255, &number) < 0)
		return complain_usage(context, "--exit %s: a status is a number up to 255", status);
	if (context->unix_signal && text_parse_signal(context->unix_signal, &unix_signal) < 0)
		return complain_usage(context, "-%s: no Unix signal: -TERM, -HUP, -9, ...",
				      context->unix_signal);
	if (!w.grid) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	r = instances_expand(context, &expansion);
	if (r == 0) {
		r = exchange(context, &w);
		expansion_fini(&expansion);
	}
	grid_free(w.grid);
	buf_fini(&w.again.text);
	buf_fini(&w.done.text);
	buf_fini(&w.down.text);
	buf_fini(&w.limits);
	buf_fini(&w.refused);
	return r;
}

const struct command what_if_command = {
	.name = "what-if",
	.args = "kill|stop|restart [-SIGNAL] PATH...",
	.usage = "what would happen, in order; nothing is changed",
	.help = "kill: its main OS process ends by SIGNAL (KILL), or with --exit; stop, restart: "
		"an operator's.\n"
		"The daemon's own rules are played on a copy of the tree as it is now, with "
		"processes that start\n"
		"and stop as they should, at once. Behind <- stands what led to it.",
	.options =
		(const struct option_spec[]){
			{"--exit", "STATUS", "kill: it ends by itself, with that exit status"},
			{"--timeout", "SPAN", "wait no longer: exit status 5"},
			{NULL, NULL, NULL},
		},
	.min_args = 2,
	.max_args = -1,
	.takes_signal = true,
	.run = run,
};
