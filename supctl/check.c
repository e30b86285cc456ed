/* SPDX-License-Identifier: MIT */

/* supctl check: supd -t, by the supd that lies beside this program, else the one in PATH. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supctl/ask.h"

/* The supd beside us; NULL: there is none. */
static const char *check_beside(char path[PATH_MAX + 8])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	if (n <= 0)
		return NULL;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	strcpy(slash + 1, "supd");
	return access(path, X_OK) == 0 ? path : NULL;
}

static int check_run(struct context *context)
{
	char path[PATH_MAX + 8];
	const char *beside = check_beside(path);
	char *file = context->n_args ? context->args[0] : NULL;
	char program[] = "supd", test[] = "-t", config[] = "-c";
	char *words[] = {program, test, file ? config : NULL, file, NULL};

	if (context->json)
		return complain_usage(context, "there is no JSON of it");
	fflush(stdout);
	if (beside)
		execv(beside, words);
	else
		execvp(program, words);
	complain("cannot run supd: %s: it is looked for beside supctl and in PATH",
		 strerror(errno));
	return EXIT_FAILED;
}

const struct command check_command = {
	.name = "check",
	.args = "[FILE]",
	.usage = "validate a configuration: what supd -t says",
	.help = "Exit status 0, or 78 where something is wrong. Needs no daemon and changes "
		"nothing.",
	.max_args = 1,
	.run = check_run,
};
