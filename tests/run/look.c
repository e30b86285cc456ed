/* SPDX-License-Identifier: MIT */

/* Looking at the tree over a connection of the test's own: rows, and the stream of events. */

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* ---- lines ---- */

void lines_add(struct lines *lines, char *line)
{
	cr_assert_lt(lines->n, NODE_LINES_MAX);
	lines->line[lines->n++] = keep(line);
}

const char *lines_find(struct lines *lines, const char *pattern)
{
	while (lines->next < lines->n) {
		const char *line = lines->line[lines->next++];

		if (fnmatch(pattern, line, 0) == 0)
			return line;
	}
	return NULL;
}

size_t lines_count(const struct lines *lines, const char *pattern)
{
	size_t n = 0;

	for (size_t i = 0; i < lines->n; i++)
		n += fnmatch(pattern, lines->line[i], 0) == 0;
	return n;
}

static char *lines_join_from(const struct lines *lines, size_t from, size_t to)
{
	struct buf text = BUF_INIT;

	for (size_t i = from; i < to; i++)
		buf_printf(&text, "%s%s", i > from ? "; " : "", lines->line[i]);
	buf_puts(&text, "");
	return keep(buf_take(&text));
}

const char *lines_join(const struct lines *lines)
{
	return lines_join_from(lines, 0, lines->n);
}

/* ---- requests ---- */

struct client *node_client(struct node *n)
{
	if (!n->client)
		cr_assert_eq(client_open(n->socket, &n->client), 0);
	return n->client;
}

static char *copy_text(const char *text)
{
	return text ? keep(strdup(text)) : NULL;
}

static void row_read(const struct wire_frame *frame, struct row *row)
{
	struct field f;

	*row = (struct row){
		.name = copy_text(field_text(frame, "name")),
		.state = copy_text(field_text(frame, "state")),
		.pid = copy_text(field_text(frame, "pid")),
		.reason = copy_text(field_text(frame, "reason")),
		.os_pid = (pid_t)field_int(frame, "os_pid", 0),
		.restarts = field_int(frame, "restarts", -1),
		.held = field_bool(frame, "held"),
		.ready = field_bool(frame, "ready"),
	};
	if (field_find(frame, "exit_status", FIELD_INT, &f))
		row->exit_status = keep_printf("%d", (int)f.number);
	else
		row->exit_status = copy_text(field_text(frame, "exit_status"));
}

static bool look_for(struct node *n, const char *target, struct row *row)
{
	struct client *client = node_client(n);
	struct wire_encoder *e;
	struct wire_frame frame;
	uint64_t ref;
	int r;

	e = client_begin(client, "status", &ref);
	field_put_text(e, 0, "target", target);
	client_end(client);
	for (;;) {
		r = client_receive(client, deadline(), &frame);
		cr_assert_eq(r, 0, "status %s: %d\n%s", target, r, node_log(n));
		if (frame.op == WIRE_REPLY)
			return field_int(&frame, "status", -1) == 0;
		row_read(&frame, row);
	}
}

struct row look(struct node *n, const char *target)
{
	struct row row = {0};

	cr_assert(look_for(n, target, &row), "there is no %s\n%s", target, node_log(n));
	return row;
}

bool exists(struct node *n, const char *target)
{
	struct row row;

	return look_for(n, target, &row);
}

const char *state_of(struct node *n, const char *target)
{
	return look(n, target).state;
}

pid_t os_pid_of(struct node *n, const char *target)
{
	struct row row = look(n, target);

	cr_assert_gt(row.os_pid, 0, "%s is %s and has no process", target, row.state);
	return row.os_pid;
}

static void sync_with(struct node *n, bool allow_starting)
{
	struct client *client = node_client(n);
	struct wire_encoder *e;
	struct wire_frame frame;
	uint64_t ref;
	int r;

	e = client_begin(client, "sync", &ref);
	field_put_bool(e, 0, "allow_starting", allow_starting);
	client_end(client);
	r = client_receive(client, deadline(), &frame);
	cr_assert(r == 0 && frame.op == WIRE_REPLY && field_int(&frame, "status", -1) == 0,
		  "the tree does not come to rest: %d\n%s", r, node_log(n));
}

void sync_tree(struct node *n)
{
	sync_with(n, false);
}

void sync_allow_starting(struct node *n)
{
	sync_with(n, true);
}

/* ---- events ---- */

struct watch {
	struct client *client; /* owned */
	struct watch *next;
	struct node *node;
	struct lines lines;
	size_t mark; /* behind the line that watch_until() found last */
};

/* A report comes when it is complete, behind whatever else: only who asks for it is told. */
static bool watch_wants(const struct wire_frame *row, const char *pattern)
{
	static const char report[] = "report";

	return strcmp(field_text(row, "kind"), report) != 0 ||
	       strncmp(pattern, report, sizeof(report) - 1) == 0;
}

static void watch_read(struct watch *w, const char *pattern)
{
	struct wire_frame frame;
	const char *name, *reason;
	int r = client_receive(w->client, deadline(), &frame);

	if (r)
		cr_assert_fail("no event \"%s\" (%d): %s\n%s", pattern, r, lines_join(&w->lines),
			       node_log(w->node));
	name = field_text(&frame, "name");
	reason = field_text(&frame, "reason");
	if (!watch_wants(&frame, pattern))
		return;
	lines_add(&w->lines,
		  strdup(keep_printf("%s%s%s%s%s", field_text(&frame, "kind"), name ? " " : "",
				     name ? name : "", reason ? " " : "", reason ? reason : "")));
}

static struct watch *watch_begin(struct node *n, bool all)
{
	struct watch *w = keep(calloc(1, sizeof(*w)));
	struct wire_encoder *request;
	uint64_t ref;

	w->node = n;
	w->next = n->watches;
	n->watches = w;
	cr_assert_eq(client_open(n->socket, &w->client), 0);
	request = client_begin(w->client, "events", &ref);
	if (all) {
		field_put_int(request, 0, "since", 0);
		field_put_bool(request, 0, "follow", true);
	}
	client_end(w->client);
	watch_until(w, "watching");
	return w;
}

struct watch *watch_open(struct node *n)
{
	return watch_begin(n, false);
}

struct watch *watch_open_from_start(struct node *n)
{
	return watch_begin(n, true);
}

void watch_close(struct watch *w)
{
	client_close(w->client);
	w->client = NULL;
}

void watch_close_all(struct node *n)
{
	for (; n->watches; n->watches = n->watches->next)
		watch_close(n->watches);
}

const char *watch_until(struct watch *w, const char *pattern)
{
	const char *line;

	while (!(line = lines_find(&w->lines, pattern)))
		watch_read(w, pattern);
	w->mark = w->lines.next;
	return line;
}

size_t watch_count(const struct watch *w, const char *pattern)
{
	return lines_count(&w->lines, pattern);
}

char *watch_join(struct watch *w, const char *pattern)
{
	size_t from = w->mark;

	watch_until(w, pattern);
	return lines_join_from(&w->lines, from, w->mark);
}
