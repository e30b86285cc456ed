/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_JSON_H
#define SUPLOG_JSON_H

/* Bytes as the inside of a JSON string, fast. */

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* How many bytes from the beginning are ASCII that stands for itself in a JSON string. */
size_t json_plain_span(const char *data, size_t size);
/* True where all of it is UTF-8; a NUL is. */
bool json_is_text(const char *data, size_t size);
/* Appends what json_is_text() says is text, or any bytes in base64. 0 or -ENOMEM. */
int json_put_text(struct buf *out, const char *data, size_t size);
int json_put_base64(struct buf *out, const char *data, size_t size);

#endif
