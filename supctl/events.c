/* SPDX-License-Identifier: MIT */

/* supctl events: a line for every event, as it happens, or for those that are kept. */

#include "supctl/events.h"

#include <string.h>

#include "base/text.h"
#include "supctl/logs.h"

/* 0 or EXIT_USAGE with the message printed. */
static int parse_bound(const struct context *context, const char *option,
		       struct event_bound *ret_bound)
{
	const char *text = option_value(context, option);
	uint64_t number;
	struct utc when;

	if (text && text_parse_u64(text, INT64_MAX, &number) == 0)
		*ret_bound = (struct event_bound){BOUND_SEQ, (int64_t)number};
	else if (text && log_when_parse(text, utc_now(), &when) == 0)
		*ret_bound = (struct event_bound){BOUND_TIME, when.us * 1000};
	else if (text)
		return complain_usage(
			context,
			"%s %s: neither the number of an event nor a time: use 4711, 10min (ago), "
			"20:00, 2026-11-30, '2026-11-30 20:00:15', today, yesterday or @SECONDS",
			option, text);
	return 0;
}

static int parse_number(const struct context *context, const char *option, uint64_t *ret_number)
{
	const char *text = option_value(context, option);

	*ret_number = UINT64_MAX;
	if (!text || text_parse_u64(text, UINT32_MAX, ret_number) == 0)
		return 0;
	if (strcmp(option, "-n") == 0 && strcmp(text, "all") == 0)
		return 0;
	return complain_usage(context, "%s %s: not a number of events", option, text);
}

static int wish_read(const struct context *context, struct event_wish *ret_wish)
{
	struct event_wish wish = {
		.follow = option_value(context, "-f") || option_value(context, "--follow"),
	};
	int r = parse_bound(context, "--since", &wish.since);

	if (r == 0)
		r = parse_bound(context, "--until", &wish.until);
	if (r == 0)
		r = parse_number(context, "-n", &wish.last);
	if (r == 0)
		r = parse_number(context, "--count", &wish.count);
	if (r == 0 && wish.follow && wish.until.kind != BOUND_NONE)
		r = complain_usage(context, "either -f or --until, not both");
	wish.kept = wish.since.kind != BOUND_NONE || wish.until.kind != BOUND_NONE ||
		    option_value(context, "-n");
	*ret_wish = wish;
	return r;
}

static int events_run(struct context *context)
{
	const char *dir = option_value(context, "--dir");
	struct event_wish wish;
	int r = wish_read(context, &wish);

	if (r == 0 && dir && wish.follow)
		r = complain_usage(context, "either -f or --dir, not both");
	if (r)
		return r;
	return dir ? events_from_dir(context, &wish, dir) : events_from_daemon(context, &wish);
}

const struct command events_command = {
	.name = "events",
	.args = "[-f] [-n N] [--since SEQ|T] [--until SEQ|T] [PATH...]",
	.usage = "a line for every start, ready, exit, restart, ... as it happens",
	.help = "Of all, or of those named and what is below them; with --since, --until or -n "
		"those that are\n"
		"kept. A time T is as for logs: 10min (ago), 20:00, 2026-11-30, @SECONDS, ... A "
		"line of kind\n"
		"watching says that nothing after it is missed, one of kind gap how many events "
		"are missing,\n"
		"because they were not read fast enough or are not kept any more. In front stands "
		"an event's\n"
		"number, after <- what led to it, with its own: supctl why --seq NUMBER tells the "
		"whole chain.",
	.options =
		(const struct option_spec[]){
			{"-f", NULL, "go on with what happens, when the daemon is restarted, too"},
			{"--follow", NULL, "the same"},
			{"-n", "N", "the last N of those that are kept; all"},
			{"--since", "SEQ|T", "those that are kept, from that number or time on"},
			{"--until", "SEQ|T", "... up to that number or time"},
			{"--kind", "KIND", "only of that kind; may be repeated"},
			{"--dir", "DIR",
			 "those that are logged in this folder: no daemon is asked"},
			{"--count", "N", "end after N events"},
			{"--timeout", "SPAN", "end after that time: exit status 5"},
			{NULL, NULL, NULL},
		},
	.max_args = -1,
	.repeats = "--kind",
	.run = events_run,
};
