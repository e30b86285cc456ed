/* SPDX-License-Identifier: MIT */

/*
 * Words of the command line, and help. Options may stand anywhere before "--"; what comes after it
 * is handed on as it is. Everything is read from the command's own record.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "supctl/command.h"

static const struct option_spec common_options[] = {
	{"--json", NULL, "print JSON, one object a line"},
	{"-s", "SOCKET", "the control socket of another daemon"},
	{"-h", NULL, "this help"},
	{NULL, NULL, NULL},
};

void complain(const char *format, ...)
{
	va_list args;

	fputs("supctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int complain_usage(const struct context *context, const char *format, ...)
{
	const struct command *command = context->command;
	va_list args;

	fprintf(stderr, "supctl %s: ", command->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nusage: supctl %s%s%s   (supctl %s -h tells more)\n", command->name,
		*command->args ? " " : "", command->args, command->name);
	return EXIT_USAGE;
}

/* ---- help ---- */

static void help_print_options(const struct option_spec *options)
{
	char left[64];

	for (; options && options->name; options++) {
		snprintf(left, sizeof(left), "%s%s%s", options->name, options->arg ? " " : "",
			 options->arg ? options->arg : "");
		printf("  %-20s %s\n", left, options->help);
	}
}

void help_print_command(const struct command *command)
{
	printf("usage: supctl %s [options]%s%s\n\n%s\n", command->name, *command->args ? " " : "",
	       command->args, command->usage);
	if (*command->help)
		printf("\n%s\n", command->help);
	fputs("\noptions:\n", stdout);
	help_print_options(command->options);
	help_print_options(common_options);
}

void help_print(void)
{
	fputs("usage: supctl COMMAND [options] [arguments]\n\ncommands:\n", stdout);
	for (size_t i = 0; commands[i]; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->usage);
	fputs("\nsupctl COMMAND -h tells more about one; supctl -v prints the release. "
	      "Options of every command:\n",
	      stdout);
	help_print_options(common_options);
}

/* ---- parsing ---- */

/* The place of the option in list that word names, or -1. "--timeout=5s" counts, with *ret_inline.
 */
static int option_find(const struct option_spec *list, const char *word, const char **ret_inline)
{
	size_t size = strcspn(word, "=");

	for (int i = 0; list && list[i].name; i++) {
		if (strcmp(list[i].name, word) == 0) {
			*ret_inline = NULL;
			return i;
		}
		if (list[i].arg && strncmp(word, "--", 2) == 0 && word[size] &&
		    strlen(list[i].name) == size && strncmp(list[i].name, word, size) == 0) {
			*ret_inline = word + size + 1;
			return i;
		}
	}
	return -1;
}

const char *option_value(const struct context *context, const char *name)
{
	const char *unused;
	int i = option_find(context->command->options, name, &unused);

	return i < 0 ? NULL : context->values[i];
}

bool command_has_option(const struct command *command, const char *name)
{
	const char *unused;

	return option_find(command->options, name, &unused) >= 0;
}

static int options_unknown(const struct context *context, const char *word)
{
	const char *names[OPTIONS_MAX + 4] = {"--json", "-s", "-h"};
	const struct option_spec *own = context->command->options;
	const char *near;

	for (int i = 0; own && own[i].name; i++)
		names[3 + i] = own[i].name;
	near = text_nearest(word, names);
	if (near)
		return complain_usage(context, "no option %s: did you mean %s?", word, near);
	return complain_usage(context, "no option %s", word);
}

/* The argument of an option: inline, or the next word. NULL: there is none. */
static const char *options_take(int *at, int argc, char **argv, const char *inlined)
{
	if (inlined)
		return inlined;
	return *at + 1 < argc ? argv[++*at] : NULL;
}

static int options_repeat(struct context *context, const char *value)
{
	size_t size = (context->n_list + 1) * sizeof(*context->list);
	const char **list = realloc(context->list, size);

	if (!list) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	list[context->n_list++] = value;
	context->list = list;
	return 0;
}

/* One of the command's own, the i-th. */
static int options_parse_own(struct context *context, int i, int *at, int argc, char **argv,
			     const char *inlined)
{
	const struct command *command = context->command;
	const struct option_spec *option = &command->options[i];
	const char *value = option->arg ? options_take(at, argc, argv, inlined) : "";

	if (!value)
		return complain_usage(context, "%s needs %s", option->name, option->arg);
	context->values[i] = value;
	if (command->repeats && strcmp(command->repeats, option->name) == 0)
		return options_repeat(context, value);
	return 0;
}

/* One option, with the words that belong to it. */
static int options_parse_one(struct context *context, int *at, int argc, char **argv)
{
	const struct option_spec *own = context->command->options;
	const char *word = argv[*at];
	const char *inlined;
	int i = option_find(own, word, &inlined);

	if (i >= 0)
		return options_parse_own(context, i, at, argc, argv, inlined);
	i = option_find(common_options, strcmp(word, "--help") == 0 ? "-h" : word, &inlined);
	if (i < 0 && context->command->takes_signal && word[1] != '-' && !context->unix_signal) {
		context->unix_signal = word + 1;
		return 0;
	}
	if (i < 0)
		return options_unknown(context, word);
	if (strcmp(word, "--json") == 0)
		context->json = true;
	else if (strcmp(word, "-s") == 0)
		context->socket = options_take(at, argc, argv, NULL);
	else {
		help_print_command(context->command);
		exit(fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED);
	}
	if (strcmp(word, "-s") == 0 && !context->socket)
		return complain_usage(context, "-s needs SOCKET");
	return 0;
}

struct mono deadline_in(struct span span)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return mono_add((struct mono){(int64_t)now.tv_sec * 1000000000 + now.tv_nsec}, span);
}

static int options_set_deadline(struct context *context)
{
	const char *timeout = option_value(context, "--timeout");
	struct span span;

	context->deadline = MONO_NEVER;
	if (!timeout)
		return 0;
	if (span_parse(timeout, &span) < 0)
		return complain_usage(
			context, "--timeout %s: not a time span like 500ms, 5s, 1min 30s, infinity",
			timeout);
	context->deadline = deadline_in(span);
	return 0;
}

int options_parse(struct context *context, int argc, char **argv)
{
	const struct command *command = context->command;
	int r;

	context->args = argv;
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			context->rest = argv + i + 1;
			break;
		}
		if (argv[i][0] != '-' || !argv[i][1]) {
			context->args[context->n_args++] = argv[i];
			continue;
		}
		r = options_parse_one(context, &i, argc, argv);
		if (r)
			return r;
	}
	if (context->n_args < command->min_args)
		return complain_usage(context, "something is missing");
	if (command->max_args >= 0 && context->n_args > command->max_args)
		return complain_usage(context, "too many arguments: %s",
				      context->args[command->max_args]);
	return options_set_deadline(context);
}
