/* SPDX-License-Identifier: MIT */

/*
 * supctl tree: the rows of status, drawn. Which branches go on below is only known when the rows
 * after are, so all are kept: their fields as text, their branches worked out from the last row to
 * the first.
 */

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

#include "supctl/ask.h"
#include "supctl/render.h"
#include "wire/json.h"

#define DEPTH_MAX 80

struct node {
	int64_t depth;
	bool last;                                          /* of its siblings */
	size_t name, state, os_pid, uptime, restarts, note; /* offsets of texts */
};

struct drawing {
	struct node *nodes; /* owned */
	size_t n, capacity;
	struct buf texts;
	bool json;
	struct buf out;
};

struct branches {
	const char *through, *fork, *end, *gap;
};

static const struct branches utf8_branches = {"\u2502  ", "\u251c\u2500 ", "\u2514\u2500 ", "   "};
static const struct branches ascii_branches = {"|  ", "|- ", "`- ", "   "};

/* ---- rows to nodes ---- */

static size_t drawing_text(struct drawing *d, const struct wire_frame *row, const char *name)
{
	size_t at = d->texts.size, cursor = 0;
	struct field f;

	while (field_next(row, &cursor, &f) > 0) {
		if (strcmp(f.name, name) == 0) {
			render_field(&d->texts, &f);
			break;
		}
	}
	buf_append(&d->texts, "", 1);
	return at;
}

/* A note of its own, or behind the one that is there. */
static void note_add(struct drawing *d, size_t at, const char *before, const char *text)
{
	buf_puts(&d->texts, d->texts.size > at ? ", " : "");
	buf_puts(&d->texts, before);
	render_text(&d->texts, text, RENDER_LINE);
}

/* Of what waits: for whom, or until when. False: that is not known. */
static bool note_waiting(struct drawing *d, size_t at, const struct wire_frame *row)
{
	const char *on = field_text(row, "waits_for");
	struct buf when CLEANUP(buf_fini) = BUF_INIT;
	size_t cursor = 0;
	struct field f;

	if (on) {
		note_add(d, at, "waits for ", on);
		return true;
	}
	if (field_bool(row, "listening")) {
		note_add(d, at, "waits for a connection", "");
		return true;
	}
	while (field_next(row, &cursor, &f) > 0) {
		if (strcmp(f.name, "next_run") != 0)
			continue;
		render_field(&when, &f);
		note_add(d, at, "next run ", buf_text(&when));
	}
	return false;
}

/* Why it is down, that it is held or was never started, what it waits for; the strategy of a
 * supervisor. */
static size_t drawing_note(struct drawing *d, const struct wire_frame *row)
{
	const char *state = field_text(row, "state");
	const char *strategy = field_text(row, "strategy");
	const char *reason = field_text(row, "reason");
	size_t at = d->texts.size;
	const char *status_text = field_text(row, "status_text");
	bool running = state && strcmp(state, "running") == 0;
	bool waits = state && strcmp(state, "waiting") == 0;

	if (strategy)
		note_add(d, at, strategy, "");
	if (field_bool(row, "held"))
		note_add(d, at, "held", "");
	if (waits && note_waiting(d, at, row))
		reason = NULL;
	if (!running && reason)
		note_add(d, at, waits ? "last run: " : "", reason);
	else if (d->texts.size == at && state && strcmp(state, "stopped") == 0)
		note_add(d, at, "not started yet", "");
	if (running && status_text)
		note_add(d, at, "", status_text);
	buf_append(&d->texts, "", 1);
	return at;
}

/* The field that shows it: of what runs, what it says that it is about. */
static const char *drawing_state(const struct wire_frame *row)
{
	const char *state = field_text(row, "state");

	return state && strcmp(state, "running") == 0 && field_text(row, "activity") ? "activity"
										     : "state";
}

static int drawing_add(struct drawing *d, const struct wire_frame *row)
{
	struct node *node;

	if (d->n == d->capacity) {
		size_t capacity = d->capacity ? d->capacity * 2 : 64;
		struct node *nodes = reallocarray(d->nodes, capacity, sizeof(*nodes));

		if (!nodes)
			return -1;
		d->nodes = nodes;
		d->capacity = capacity;
	}
	node = &d->nodes[d->n++];
	*node = (struct node){.depth = field_int(row, "depth", 0)};
	node->name = drawing_text(d, row, "name");
	node->state = drawing_text(d, row, drawing_state(row));
	node->os_pid = drawing_text(d, row, "os_pid");
	node->uptime = drawing_text(d, row, "uptime");
	node->restarts = drawing_text(d, row, "restarts");
	node->note = drawing_note(d, row);
	return d->texts.error;
}

/* ---- drawing ---- */

static void drawing_find_last(struct drawing *d, int64_t top)
{
	bool more[DEPTH_MAX] = {false};

	for (size_t i = d->n; i-- > 0;) {
		int64_t depth = d->nodes[i].depth - top;

		if (depth < 0 || depth >= DEPTH_MAX)
			continue;
		d->nodes[i].last = !more[depth];
		more[depth] = true;
		memset(more + depth + 1, 0, sizeof(more) - (size_t)depth - 1);
	}
}

/* open[k]: the branch at depth k goes on below. */
static void drawing_branches(struct buf *out, const struct branches *style, const bool *open,
			     const struct node *node, int64_t depth)
{
	for (int64_t k = 1; k < depth && k < DEPTH_MAX; k++)
		buf_puts(out, open[k] ? style->through : style->gap);
	if (depth > 0)
		buf_puts(out, node->last ? style->end : style->fork);
}

static int drawing_print(struct drawing *d)
{
	const struct branches *style =
		strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? &utf8_branches : &ascii_branches;
	struct buf label CLEANUP(buf_fini) = BUF_INIT;
	struct grid *grid = grid_new();
	bool open[DEPTH_MAX] = {false};
	int64_t top = d->n ? d->nodes[0].depth : 0;
	int r = grid ? 0 : -1;

	drawing_find_last(d, top);
	for (size_t i = 0; grid && i < d->n; i++) {
		const struct node *node = &d->nodes[i];
		int64_t depth = node->depth - top;
		const char *texts = buf_text(&d->texts);
		const char *name = texts + node->name;
		const char *slash = strrchr(name, '/');

		buf_clear(&label);
		drawing_branches(&label, style, open, node, depth);
		buf_puts(&label, slash && slash[1] && depth > 0 ? slash + 1 : name);
		if (depth > 0 && depth < DEPTH_MAX)
			open[depth] = !node->last;
		grid_begin(grid);
		grid_add(grid, "NAME", buf_text(&label), false);
		grid_add(grid, "STATE", texts + node->state, false);
		grid_add(grid, "OS_PID", texts + node->os_pid, true);
		grid_add(grid, "UPTIME", texts + node->uptime, true);
		grid_add(grid, "RESTARTS", texts + node->restarts, true);
		grid_add(grid, "", texts + node->note, false);
	}
	if (grid)
		r = grid_print(grid, true);
	grid_free(grid);
	return r;
}

/* ---- the command ---- */

static void tree_fill(const struct context *context, struct wire_encoder *e)
{
	(void)context;
	field_put_bool(e, 0, "below", true);
}

static int tree_receive(struct context *context, struct drawing *d)
{
	struct wire_frame frame;
	int r;

	while ((r = context_receive(context, &frame)) == 0 && frame.op == WIRE_ROW) {
		if (context->json)
			json_put_row(&d->out, &frame);
		else if (drawing_add(d, &frame) < 0) {
			complain("out of memory");
			return EXIT_FAILED;
		}
	}
	render_flush(&d->out);
	return r ? r : reply_status_to(context, "status", &frame);
}

static int tree_run(struct context *context)
{
	struct drawing d = {.texts = BUF_INIT, .out = BUF_INIT};
	int r = ask(context, "status", context->n_args ? context->args[0] : NULL, tree_fill);

	if (r == 0)
		r = tree_receive(context, &d);
	if (r == 0 && !context->json && drawing_print(&d) < 0) {
		complain("out of memory");
		r = EXIT_FAILED;
	}
	free(d.nodes);
	buf_fini(&d.texts);
	buf_fini(&d.out);
	return r;
}

const struct command tree_command = {
	.name = "tree",
	.args = "[PATH]",
	.usage = "draw the tree, with state, OS pid, uptime and restarts",
	.help = "With PATH, it and what is below it.",
	.max_args = 1,
	.run = tree_run,
};
