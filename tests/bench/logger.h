/* SPDX-License-Identifier: MIT */
#ifndef BENCH_LOGGER_H
#define BENCH_LOGGER_H

/*
 * What keeps the lines of writers in files: a bare loop, supd, or a peer where it is installed. A
 * run starts it with its writers, tells these to begin, waits until all is in the files, ends it,
 * and checks every line: there, whole, in order.
 */

#include <stdbool.h>
#include <stdint.h>

#include "tests/bench/subject.h"

enum logger_how {
	LOGGER_LOOP, /* a child of the driver: splice, and nothing else */
	LOGGER_PIPE, /* a program that reads its standard input */
	LOGGER_OWNER /* starts the writers itself */
};

/* Its files in the folder, the oldest first: by name, then `current`; or by number. */
struct logger {
	const char *name;
	const char *program; /* NULL: of this build, or none */
	enum logger_how how;
	const char *options[8]; /* LOGGER_PIPE: behind the program; "@": the folder */
	const char *settings; /* LOGGER_PIPE: a file `config` in the folder; LOGGER_OWNER: format */
	const char *current;
	bool numbered; /* current.N: the higher the older */
	size_t stamp;  /* LOGGER_OWNER: bytes before each line */
};

/* Rotated files are that large; more are kept than there will be. */
#define LOGGER_SIZE "10485760"
#define LOGGER_FILES "100"

struct logger_run {
	uint32_t writers;
	uint32_t lines;  /* of each */
	const char *how; /* bench-writer's last word: "blocks", "lines" */
};

extern const struct logger logger_splice, logger_cat, logger_supd_raw, logger_supd_text;
extern const struct logger *const logger_peers[]; /* ends with NULL */

bool logger_is_there(const struct logger *logger);
/* ns from the word to begin until all was in the files, and all of it right; else the run ends. */
double logger_measure(struct bench *b, const struct logger *logger, const struct logger_run *run);

struct writers;

/* What they share with the driver, in a file that is made. */
struct writers *writers_make(const char *path);
/* Waits until so many are there, and lets them begin; when that was. */
int64_t writers_begin(struct writers *writers, uint32_t n);

/* ---- logger_check.c ---- */

/* Bytes in all the files of the folder. */
int64_t logger_size(const char *folder);
/* Ends the run where a line is not there, not whole, or not where it belongs. name: of a writer's
 * files, "": all are its. */
void logger_check(const struct logger *logger, const char *folder, const char *name, uint32_t index,
		  uint32_t lines);

#endif
