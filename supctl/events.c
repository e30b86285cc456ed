/* SPDX-License-Identifier: MIT */

/*
 * supctl events: a line for every event, as it happens, or for those that are kept. Lines are
 * written for a whole datagram at a time, which matters where there are hundreds of thousands in a
 * second; what has come is never held back.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "supctl/ask.h"
#include "supctl/events.h"
#include "supctl/render.h"
#include "wire/json.h"

/* ---- what is asked for ---- */

struct wish {
	bool has_since, by_time;
	int64_t since; /* a number, or a time */
	uint64_t count;
};

static int64_t time_before(struct span span)
{
	struct timespec now;
	int64_t ns;

	clock_gettime(CLOCK_REALTIME, &now);
	ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	return ns > span.ns ? ns - span.ns : 0;
}

static int wish_read(const struct context *context, struct wish *ret_wish)
{
	const char *since = option_value(context, "--since");
	const char *count = option_value(context, "--count");
	struct wish wish = {.has_since = since, .count = UINT64_MAX};
	uint64_t number;
	struct span span;

	if (count && text_parse_u64(count, UINT32_MAX, &wish.count) < 0)
		return complain_usage(context, "--count %s: not a number", count);
	if (since && text_parse_u64(since, INT64_MAX, &number) == 0) {
		wish.since = (int64_t)number;
	} else if (since && span_parse(since, &span) == 0) {
		wish.by_time = true;
		wish.since = time_before(span);
	} else if (since) {
		return complain_usage(context,
				      "--since %s: neither the number of an event nor a time span "
				      "like 10min",
				      since);
	}
	*ret_wish = wish;
	return 0;
}

static void put_list(struct wire_encoder *e, const char *name, const char *const *texts, size_t n)
{
	char **list = calloc(n + 1, sizeof(*list));

	for (size_t i = 0; list && i < n; i++)
		list[i] = (char *)(uintptr_t)texts[i];
	if (list && n)
		field_put_list(e, 0, name, list);
	if (!list)
		e->error = -ENOMEM;
	free(list);
}

static void fill_wish(const struct context *context, struct wire_encoder *e)
{
	struct wish wish = {0};

	if (wish_read(context, &wish))
		return;
	if (wish.by_time)
		field_put_time(e, 0, "since_time", wish.since);
	else if (wish.has_since)
		field_put_int(e, 0, "since", wish.since);
	field_put_bool(e, 0, "follow", option_value(context, "--follow"));
	put_list(e, "paths", (const char *const *)context->args, (size_t)context->n_args);
	put_list(e, "kinds", context->list, context->n_list);
}

/* ---- what comes ---- */

static bool is_event(const struct wire_frame *row)
{
	const char *kind = field_text(row, "kind");

	return !kind || strcmp(kind, "watching") != 0;
}

static int events_show(struct context *context, uint64_t left)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct wire_frame frame;

	while (left) {
		int r = context_receive(context, &frame);

		if (r)
			return r;
		if (frame.op == WIRE_REPLY) {
			render_flush(&out);
			return fflush(stdout) == 0 ? reply_status(&frame) : EXIT_FAILED;
		}
		if (context->json)
			json_put_row(&out, &frame);
		else
			event_put(&out, &frame);
		left -= is_event(&frame);
		if (left && client_has_frame(context->client))
			continue;
		render_flush(&out);
		if (fflush(stdout) != 0)
			return EXIT_FAILED;
	}
	return 0;
}

static int events_run(struct context *context)
{
	struct wish wish = {0};
	int r = wish_read(context, &wish);

	if (r == 0)
		r = ask(context, "events", NULL, fill_wish);
	return r ? r : events_show(context, wish.count);
}

const struct command events_command = {
	.name = "events",
	.args = "[PATH...]",
	.usage = "a line for every start, ready, exit, restart, ... as it happens",
	.help = "Of all, or of those named and what is below them. The first line, of kind "
		"watching, says that\n"
		"nothing after it is missed. A line of kind gap tells how many events are missing, "
		"because they\n"
		"were not read fast enough or are not kept any more. In front stands an event's "
		"number, after <-\n"
		"what led to it, with its own: supctl why --seq NUMBER tells the whole chain.",
	.options =
		(const struct option_spec[]){
			{"--since", "SEQ|SPAN", "those that are kept, from that one or time on"},
			{"--follow", NULL, "with --since: go on with what happens"},
			{"--kind", "KIND", "only of that kind; may be repeated"},
			{"--count", "N", "end after N events"},
			{"--timeout", "SPAN", "end after that time: exit status 5"},
			{NULL, NULL, NULL},
		},
	.max_args = -1,
	.repeats = "--kind",
	.run = events_run,
};
