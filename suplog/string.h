/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_STRING_H
#define SUPLOG_STRING_H

/* Bytes as the inside of a JSON string, as they come and fast; what wire/json.h writes is what
 * people and other programs have named. */

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* How many bytes from the beginning are ASCII that stands for itself in a JSON string. */
size_t string_plain_span(const char *data, size_t size);
/* True where all of it is UTF-8; a NUL is. */
bool string_is_text(const char *data, size_t size);
/* Appends what string_is_text() says is text. 0 or -ENOMEM. */
int string_put(struct buf *out, const char *data, size_t size);

#endif
