/* SPDX-License-Identifier: MIT */
#ifndef LOGS_ESCAPE_H
#define LOGS_ESCAPE_H

/*
 * What a program has written, made harmless for a terminal: control characters (a tab excepted),
 * all that text_is_treacherous() knows, and bytes that are not UTF-8 become \xNN, byte by byte; all
 * else stays, a backslash as well.
 */

#include <stddef.h>

#include "base/buf.h"

/* Appends; 0 or -ENOMEM. */
int escape_text(struct buf *out, const char *data, size_t size);

/* How many bytes from the beginning are shown as they are. */
size_t escape_plain_span(const char *data, size_t size);

#endif
