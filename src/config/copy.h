/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_COPY_H
#define CONFIG_COPY_H

/*
 * All files of a configuration in one text, so that it can be read again when they have changed:
 *
 *   supd copy 1\n
 *   SIZE NAME\n TEXT \n     for each, in the order of reading, as it was named
 *   0 \n\n                  the end: one that was cut is none
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Appends a file. 0, -ENOMEM, or -EINVAL for a name that can not be written down. */
int copy_put(struct buf *copy, const char *name, const struct buf *text);

int copy_end(struct buf *copy); /* 0 or -ENOMEM */
bool copy_is_whole(const char *copy, size_t size);

struct copy_file {
	const char *name, *text; /* borrowed; the name ends with a newline */
	size_t name_size, text_size;
	size_t next; /* where the one after it begins */
};

/* The file at *at, 0 for the first. False: there is none (any more), or this is no copy. */
bool copy_next(const char *copy, size_t size, size_t at, struct copy_file *ret_file);
/* The file of that name, the first one. */
bool copy_find(const char *copy, size_t size, const char *name, struct copy_file *ret_file);
/* Names that match the pattern, as glob() sorts them, each once: owned, ends with NULL. NULL: no
 * memory. */
char **copy_glob(const char *copy, size_t size, const char *pattern);

#endif
