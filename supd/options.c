/* SPDX-License-Identifier: MIT */

#include "supd/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "wire/hello.h"

const struct option_row supd_options[] = {
	{"-c", "FILE", "the configuration; /etc/supd/supd.conf, a user's ~/.config/supd/supd.conf"},
	{"-t", NULL, "only say what is wrong with it: exit status 0, or 78"},
	{"--console", NULL, "show what services write, also where it is kept in files"},
	{"--init", NULL, "be the first process of a system or container"},
	{"--record", "FILE", "write down all that decides, for make replay"},
	{"-v", NULL, "print the version"},
	{"-h", NULL, "this help"},
	{NULL, NULL, NULL},
};

void complain(const char *format, ...)
{
	va_list args;

	fputs("supd: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static int options_help(void)
{
	char left[32];

	puts("usage: supd [options]\n       supd [options] -- COMMAND [ARG...]\n\nSupervises the "
	     "services of its configuration, in the foreground; logs to standard error.\nWith "
	     "COMMAND: runs it as an init of a container would, and ends as it ends.\n\n"
	     "options:");
	for (const struct option_row *row = supd_options; row->name; row++) {
		snprintf(left, sizeof(left), "%s %s", row->name, row->arg ? row->arg : "");
		printf("  %-15s %s\n", left, row->help);
	}
	puts("\nSIGTERM or SIGINT: stop everything in order, and end; once more: do not wait.\n"
	     "supctl looks and steers. See supd(8), supd.conf(5), supctl(1).");
	return fflush(stdout) == 0 ? SUPD_EXIT_OK : SUPD_EXIT_FAILED;
}

static int options_version(void)
{
	puts("supd " WIRE_RELEASE);
	return fflush(stdout) == 0 ? SUPD_EXIT_OK : SUPD_EXIT_FAILED;
}

/* What is usual elsewhere is taken as well. */
static const struct option_row *options_find(const char *word)
{
	if (strcmp(word, "--help") == 0)
		word = "-h";
	else if (strcmp(word, "--version") == 0)
		word = "-v";
	for (const struct option_row *row = supd_options; row->name; row++)
		if (strcmp(row->name, word) == 0)
			return row;
	return NULL;
}

static int options_unknown(const char *word)
{
	const char *names[16] = {NULL};
	const char *near;
	size_t n = 0;

	for (const struct option_row *row = supd_options; row->name; row++)
		names[n++] = row->name;
	near = text_nearest(word, names);
	if (word[0] != '-')
		complain("%s: no option: did you mean -c %s? (supd -h tells more)", word, word);
	else if (near)
		complain("no option %s: did you mean %s?", word, near);
	else
		complain("no option %s: supd -h lists them", word);
	return SUPD_EXIT_USAGE;
}

/* -1: go on; else what to end with. */
static int options_take(struct options *options, const char *name, const char *value)
{
	if (strcmp(name, "-h") == 0)
		return options_help();
	if (strcmp(name, "-v") == 0)
		return options_version();
	if (strcmp(name, "-c") == 0)
		options->config = value;
	else if (strcmp(name, "--record") == 0)
		options->record = value;
	else if (strcmp(name, "-t") == 0)
		options->test = true;
	else if (strcmp(name, "--console") == 0)
		options->console = true;
	else
		options->init = true;
	return -1;
}

static int options_take_command(struct options *options, char **words)
{
	if (!*words || !**words) {
		complain("-- needs a COMMAND behind it: supd -- COMMAND [ARG...]");
		return SUPD_EXIT_USAGE;
	}
	options->command = words;
	return -1;
}

bool options_parse(int argc, char **argv, struct options *ret_options, int *ret_status)
{
	struct options options = {0};
	int status = -1;

	for (int i = 1; i < argc && status < 0; i++) {
		const struct option_row *row = options_find(argv[i]);
		const char *value;

		if (strcmp(argv[i], "--") == 0) {
			status = options_take_command(&options, argv + i + 1);
			break;
		}
		value = row && row->arg ? argv[++i] : NULL;
		if (!row)
			status = options_unknown(argv[i]);
		else if (row->arg && (!value || !*value)) {
			complain("%s needs %s", row->name, row->arg);
			status = SUPD_EXIT_USAGE;
		} else
			status = options_take(&options, row->name, value);
	}
	if (status < 0) {
		*ret_options = options;
		return true;
	}
	*ret_status = status;
	return false;
}
