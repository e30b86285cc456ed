/* SPDX-License-Identifier: MIT */
#ifndef SUPD_OPTIONS_H
#define SUPD_OPTIONS_H

/* supd's command line (INTERFACE 1), and what it says before there is a log. */

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

/* What supd ends with. */
enum {
	SUPD_EXIT_OK = 0,
	SUPD_EXIT_FAILED = 1,
	SUPD_EXIT_USAGE = 2,
	SUPD_EXIT_CONFIG = 78, /* EX_CONFIG of sysexits.h */
	/* Of a COMMAND that could not be executed, as a shell has it. */
	SUPD_EXIT_NO_EXEC = 126,
	SUPD_EXIT_NOT_FOUND = 127,
};

struct options {
	const char *config; /* borrowed; NULL: the default one */
	const char *record; /* borrowed; NULL: no recording */
	bool test;          /* -t */
	bool init;          /* --init, or PID 1 */
	bool console;       /* --console */
	char **command;     /* borrowed; what follows --; NULL: none */
};

struct option_row {
	const char *name; /* NULL ends the table */
	const char *arg;  /* NULL: it takes none */
	const char *help;
};

/* All there are but --: the help, and the test of the manual page, read it. */
extern const struct option_row supd_options[];

/* True: go on. False: end with *ret_status; help, version or what is wrong has been printed. */
bool options_parse(int argc, char **argv, struct options *ret_options, int *ret_status);

/* "supd: ..." on standard error. */
void complain(const char *format, ...) PRINTF(1, 2);

#endif
