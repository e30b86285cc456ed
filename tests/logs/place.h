/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LOGS_PLACE_H
#define TESTS_LOGS_PLACE_H

/* A folder for one test, below $TMPDIR or /tmp, and what is done with files in it. */

#include <stddef.h>

#include "base/buf.h"
#include "logs/reader.h"

struct place {
	char path[4096];
	int dir;
};

void place_init(struct place *place);
void place_fini(struct place *place); /* removes it with all in it */
void place_write(const struct place *place, const char *name, const void *data, size_t size);
void place_append(const struct place *place, const char *name, const void *data, size_t size);
/* The whole file. */
void place_read(const struct place *place, const char *name, struct buf *ret_data);
/* Packs the file `name` into one with the packing's ending behind its name. */
void place_pack(const struct place *place, const char *name, enum logs_packing packing);

/* Appends the line of that number in the format: "line N" at N seconds after 2026-11-30 12:00. */
void add_line(struct buf *out, enum logs_format format, int n);
struct utc time_of_line(int n);
/* The next line is that one. */
void expect_line(struct reader *reader, int n);
void expect_text(struct reader *reader, const char *text);
/* The reader says so, and once more when it is asked again. */
void expect_end(struct reader *reader, int result);

#endif
