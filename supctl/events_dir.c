/* SPDX-License-Identifier: MIT */

/* Events that are logged, where no daemon is asked: those of events.log and of its old files. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "logs/own.h"
#include "logs/read_back.h"
#include "supctl/events.h"
#include "supctl/logs.h"

struct dir_reading {
	const struct context *context;
	const struct event_wish *wish;
	struct event_show *show;
	struct buf row;
	int64_t before;     /* the number of the event before; 0: none */
	bool began;         /* what is missing behind `known` is told */
	int64_t known;      /* up to that number all is there, or was not asked for */
	uint64_t n_damaged; /* lines */
	uint64_t n_of_path; /* events of those that were named */
	uint64_t n_of_kind; /* of those, of a kind that was named */
	int error;
};

static bool is_of_path(const struct context *context, const struct wire_frame *row)
{
	for (int i = 0; i < context->n_args; i++)
		if (logs_row_is_of(row, context->args[i]))
			return true;
	return context->n_args == 0;
}

static bool is_of_kind(const struct context *context, const struct wire_frame *row)
{
	for (size_t i = 0; i < context->n_list; i++)
		if (strcmp(context->list[i], field_text(row, "kind")) == 0)
			return true;
	return context->n_list == 0;
}

static void show_row(struct dir_reading *reading, const struct wire_frame *row)
{
	reading->error = event_show_take(reading->show, row);
	if (reading->error == 0 && reading->show->out.size >= 65536)
		event_show_flush(reading->show);
}

static void show_gap(struct dir_reading *reading, int64_t from, int64_t to)
{
	static const struct wire_frame frame = {.op = WIRE_ROW};
	struct buf buf CLEANUP(buf_fini) = BUF_INIT;
	struct wire_encoder e;
	struct wire_frame row;
	size_t cursor = 0;

	wire_begin(&e, &buf, &frame);
	logs_event_put_gap(&e, from, to, to - from + 1);
	reading->error = wire_end(&e);
	if (reading->error == 0 && wire_decode(buf.data, buf.size, &cursor, &row) == 1)
		show_row(reading, &row);
}

/* As the daemon tells it: what is missing before that event, but not what its start left out. */
static void take_gap(struct dir_reading *reading, const struct wire_frame *row, int64_t seq)
{
	const struct event_wish *wish = reading->wish;
	bool is_first = strcmp(field_text(row, "kind"), "supd_started") == 0;
	int64_t from = reading->known + 1;

	if (reading->began && !is_first && seq > from && reading->show->left &&
	    event_compare(row, &wish->since) >= 0 &&
	    (event_compare(row, &wish->until) <= 0 ||
	     (wish->until.kind == BOUND_SEQ && from <= wish->until.at)))
		show_gap(reading, from, seq - 1);
	reading->began = true;
	reading->known = is_first ? seq : MAX_OF(reading->known, seq);
}

static void take_row(struct dir_reading *reading, const struct wire_frame *row)
{
	bool of_path = is_of_path(reading->context, row);
	bool of_kind = of_path && is_of_kind(reading->context, row);

	reading->n_of_path += of_path;
	reading->n_of_kind += of_kind;
	if (!of_kind || event_compare(row, &reading->wish->since) < 0 || !reading->show->left)
		return;
	show_row(reading, row);
}

static void take_line(void *owner, const char *line, size_t size)
{
	struct dir_reading *reading = owner;
	struct wire_frame row;
	int64_t seq;

	if (reading->error)
		return;
	if (logs_read_row(line, size, logs_event_members, &reading->row, &row) < 0 ||
	    !field_text(&row, "kind")) {
		reading->n_damaged++;
		return;
	}
	seq = field_int(&row, "seq", 0);
	/* As the daemon that reads them back: what is not newer is not one more. */
	if (seq <= reading->before && strcmp(field_text(&row, "kind"), "supd_started") != 0) {
		reading->n_damaged++;
		return;
	}
	reading->before = seq;
	take_gap(reading, &row, seq);
	if (!reading->error)
		take_row(reading, &row);
}

static int finish(struct dir_reading *reading, const char *dir)
{
	const struct context *context = reading->context;

	if (reading->error) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	if (reading->show->hold)
		event_show_last(reading->show);
	if (!event_show_flush(reading->show))
		return EXIT_FAILED;
	if (reading->n_damaged)
		complain("%s/%s: damaged lines, which are passed over: %llu", dir, LOGS_EVENTS_FILE,
			 (unsigned long long)reading->n_damaged);
	if (reading->n_of_kind)
		return EXIT_DONE;
	if (reading->n_of_path) {
		complain("no event of kind %s in %s/%s, or in old files of it",
			 context->n_list == 1 ? context->list[0] : "that was named", dir,
			 LOGS_EVENTS_FILE);
		return EXIT_FAILED;
	}
	complain("%s%sno events%s in %s/%s, or in old files of it",
		 context->n_args == 1 ? context->args[0] : "", context->n_args == 1 ? ": " : "",
		 context->n_args ? " of that name" : "", dir, LOGS_EVENTS_FILE);
	return context->n_args ? EXIT_NOPROC : EXIT_FAILED;
}

int events_from_dir(const struct context *context, const struct event_wish *wish, const char *dir)
{
	struct event_show show CLEANUP(event_show_fini);
	struct dir_reading reading = {
		.context = context, .wish = wish, .show = &show, .row = BUF_INIT};
	int r;

	event_show_init(&show, context, wish);
	if (wish->since.kind == BOUND_SEQ && wish->since.at > 0) {
		reading.began = true;
		reading.known = wish->since.at - 1;
	}
	r = read_back(dir, LOGS_EVENTS_FILE, SIZE_MAX, take_line, &reading);
	buf_fini(&reading.row);
	if (r == 0)
		return finish(&reading, dir);
	return log_dir_failed(dir, r);
}
