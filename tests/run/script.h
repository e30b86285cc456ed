/* SPDX-License-Identifier: MIT */
#ifndef TESTS_RUN_SCRIPT_H
#define TESTS_RUN_SCRIPT_H

/* Services that are shell scripts, with supctl as their hands. */

#include "support.h"

/* Scripts end at their first failure, and say so in NAME.out, where all that they print is. */
#define SERVICE(name)                                                                           \
	"[service " name "]\ncommand = sh -eu @folder/" name ".sh\nstdout = file:@folder/" name \
	".out\nready = notify\n"                                                                \
	"pass_environment = PATH ASAN_OPTIONS UBSAN_OPTIONS\n"
#define SCRIPT(name) SERVICE(name) "restart = temporary\n"

/* Waits for the next message; arguments are options of recv. Sets kind, from, ref, ... */
#define NEXT "eval \"$(supctl recv --timeout 60s \"$@\" --vars)\"\n"

/* For one that runs supctl very often: under a sanitizer the search for leaks takes most of it. */
#define NO_LEAKS "export ASAN_OPTIONS=\"${ASAN_OPTIONS-}:detect_leaks=0\"\n"

struct script {
	const char *name;
	const char *text; /* supctl stands for the one in the build folder */
};

/* A node on config, with these scripts in its folder; the last one has no text. */
struct node *run_scripts(const char *config, const struct script *scripts);
/* One of a single script, a, which has said that it is ready. */
struct node *run_script(const char *text);
/* What a script has printed, after its end. */
char *output_of(struct node *n, const char *name);
/* One script, to its end: all that it prints. */
void check_script(const char *text, const char *expected);

#endif
