/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_LINES_H
#define CONFIG_LINES_H

/*
 * A configuration's text as a sequence of section headers and keys. A line that ends in a backslash
 * (an odd number of them) is joined with the next; a comment is a line of its own that begins with
 * # or ; and is never joined; a byte order mark and carriage returns before line ends are dropped.
 */

#include <stdbool.h>
#include <stddef.h>

enum line_kind {
	LINE_SECTION,  /* name: what stands between the brackets */
	LINE_KEY,      /* name, value: both trimmed, the value may be empty */
	LINE_UNCLOSED, /* name: begins with [ and does not end with ] */
	LINE_OTHER,    /* name: none of these, or a key without a name */
	LINE_CUT,      /* a backslash at the end of the text */
};

struct line {
	enum line_kind kind;
	int number;  /* from 1; where joined, of the first */
	char *name;  /* borrowed, for the call */
	char *value; /* borrowed; NULL but for LINE_KEY */
};

/* Called for each line that is not empty or a comment; false ends the reading. */
typedef bool line_fn(void *user, const struct line *line);

/* Reads text, which ends with a NUL that size does not count and is changed on the way. 0 or
 * -ENOMEM. */
int lines_read(char *text, size_t size, line_fn *fn, void *user);

/* The number of the first line with a NUL or with bytes that are not UTF-8; 0: there is none. */
int lines_find_binary(const char *text, size_t size, bool *ret_is_nul);

#endif
