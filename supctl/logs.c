/* SPDX-License-Identifier: MIT */

/* supctl logs: what services have written, and the daemon itself. */

#include "supctl/logs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "supctl/logs_follow.h"

/* Lines that are shown first where nobody says how many: before more comes, and on a terminal. */
#define LINES_FOLLOWED 10
#define LINES_ON_TERMINAL 100

static int parse_when(const struct context *context, const char *option, bool *ret_has,
		      struct utc *ret_when)
{
	const char *text = option_value(context, option);

	*ret_has = text != NULL;
	if (!text || log_when_parse(text, utc_now(), ret_when) == 0)
		return 0;
	return complain_usage(context,
			      "%s %s: not a time: use 10min (ago), 20:00, 2026-11-30, "
			      "'2026-11-30 20:00:15', today, yesterday or @SECONDS",
			      option, text);
}

static int parse_grep(const struct context *context, struct log_wish *wish)
{
	const char *text = option_value(context, "--grep");
	int flags = REG_EXTENDED | (option_value(context, "-i") ? REG_ICASE : 0);
	char why[200];
	int r;

	if (!text)
		return option_value(context, "-i") ? complain_usage(context, "-i goes with --grep")
						   : 0;
	r = regcomp(&wish->regex, text, flags);
	wish->grep = r == 0;
	if (r == 0)
		return 0;
	regerror(r, &wish->regex, why, sizeof(why));
	return complain_usage(context, "--grep %s: %s", text, why);
}

static int parse_count(const struct context *context, struct log_wish *wish)
{
	const char *text = option_value(context, "-n");
	bool chosen = wish->has_since || wish->has_until || wish->grep;

	wish->n = UINT64_MAX;
	if (text)
		return text_parse_u64(text, UINT32_MAX, &wish->n) == 0 || !strcmp(text, "all")
			       ? 0
			       : complain_usage(context, "-n %s: not a number of lines, or all",
						text);
	if (wish->follow && !wish->has_since)
		wish->n = LINES_FOLLOWED;
	else if (!chosen && !wish->json && !wish->raw && isatty(STDOUT_FILENO) == 1)
		wish->n = LINES_ON_TERMINAL;
	return 0;
}

/* 0 or an exit status with the message printed; wish->regex is there where wish->grep is. */
static int parse_wish(const struct context *context, struct log_wish *wish)
{
	int r;

	*wish = (struct log_wish){
		.follow = option_value(context, "-f") || option_value(context, "--follow"),
		.json = context->json,
		.raw = option_value(context, "--raw") != NULL,
	};
	r = parse_when(context, "--since", &wish->has_since, &wish->since);
	if (r == 0)
		r = parse_when(context, "--until", &wish->has_until, &wish->until);
	if (r == 0 && wish->follow && wish->has_until)
		r = complain_usage(context, "either -f or --until, not both");
	if (r == 0 && wish->json && wish->raw)
		r = complain_usage(context, "either --json or --raw, not both");
	if (r == 0)
		r = parse_grep(context, wish);
	return r ? r : parse_count(context, wish);
}

/* Those that have no log. True: there are others. */
static bool tell_absent(const struct log_places *places)
{
	bool any = false;

	for (size_t i = 0; i < places->n; i++)
		any = any || places->all[i].file;
	for (size_t i = 0; i < places->n; i++) {
		const struct log_place *place = &places->all[i];

		if (!place->file && (place->named || !any))
			complain("%s: %s", place->name, place->why);
	}
	return any;
}

static int show(struct log_places *places, const struct log_wish *wish)
{
	struct log_set set;
	int r = log_set_open(&set, places, wish);

	if (r)
		return r;
	r = log_set_show(&set);
	if (r == 0 && wish->follow)
		r = log_set_follow(&set);
	log_show_flush(&set.show);
	if (r == -ENOMEM)
		complain("out of memory");
	else if (r < 0 && r != -EPIPE)
		complain("%s: %s", places->dir, strerror(-r));
	if (r == 0 && set.pool.failed)
		r = set.pool.refused ? EXIT_REFUSED : EXIT_FAILED;
	log_set_close(&set);
	return r < 0 ? EXIT_FAILED : r;
}

/* Of each that is meant; a supervisor has none of its own. */
static int rotate_places(struct context *context, const struct log_places *places)
{
	char **args = calloc(places->n + 1, sizeof(*args));
	int n = 0, r;

	if (!args) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < places->n; i++)
		if (places->all[i].file && places->all[i].kind == LOG_OF_SERVICE)
			args[n++] = places->all[i].path ? places->all[i].path : places->all[i].name;
	context->args = args;
	context->n_args = n;
	if (n) {
		r = print_rows(context, "rotate", ROWS_TABLE, NULL);
	} else {
		complain("nothing to rotate: supd's own logs are rotated where no PATH is given");
		r = EXIT_FAILED;
	}
	context->n_args = 0;
	free(args);
	return r;
}

static int rotate(struct context *context)
{
	static const char *const others[] = {"-f",     "--follow", "-n",    "--since", "--until",
					     "--grep", "-i",       "--raw", "--dir"};
	struct log_places places;
	int r;

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (option_value(context, others[i]))
			return complain_usage(context, "either --rotate or %s, not both",
					      others[i]);
	r = context_connect(context);
	if (r == 0 && !context->n_args)
		return print_rows(context, "rotate", ROWS_TABLE, NULL);
	if (r == 0)
		r = logs_where(context, &places);
	if (r)
		return r;
	tell_absent(&places);
	r = rotate_places(context, &places);
	if (r == 0)
		r = places.status;
	log_places_fini(&places);
	return r;
}

static int logs_run(struct context *context)
{
	struct log_places places;
	struct log_wish wish;
	int r;

	if (option_value(context, "--rotate"))
		return rotate(context);
	r = parse_wish(context, &wish);
	if (r == 0)
		r = logs_where(context, &places);
	if (r == 0) {
		r = tell_absent(&places) ? show(&places, &wish)
		    : places.n           ? EXIT_FAILED
					 : EXIT_DONE;
		if (r == 0)
			r = places.status;
		log_places_fini(&places);
	}
	if (wish.grep)
		regfree(&wish.regex);
	return r;
}

const struct command logs_command = {
	.name = "logs",
	.args = "[-f] [-n N] [--since T] [--until T] [--grep RE] [PATH...] | --rotate [PATH...]",
	.usage = "what services have written, several of them in the order of time",
	.help = "A supervisor's PATH means all below it, a template's PATH@ its instances; without "
		"PATH, all\n"
		"services and the daemon itself. A time T is 10min (ago), 20:00, 2026-11-30,\n"
		"'2026-11-30 20:00:15', today, yesterday, @SECONDS. On a terminal the last 100 "
		"lines, unless -n,\n"
		"--since, --until or --grep say otherwise; else all there are.",
	.options =
		(const struct option_spec[]){
			{"-f", NULL, "go on with what comes, after the last 10 lines"},
			{"--follow", NULL, "the same"},
			{"-n", "N", "only the last N lines of it all"},
			{"--since", "T", "not what was before"},
			{"--until", "T", "not what came after"},
			{"--grep", "RE", "only lines that match the extended regular expression"},
			{"-i", NULL, "... whose letters may be large or small"},
			{"--raw", NULL, "what was written, byte for byte: no time, no name"},
			{"--rotate", NULL, "begin new files now, and show the old ones' names"},
			{"--dir", "DIR", "logs that lie in this folder: no daemon is asked"},
			{NULL, NULL, NULL},
		},
	.max_args = -1,
	.run = logs_run,
};
