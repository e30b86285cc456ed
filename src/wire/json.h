/* SPDX-License-Identifier: MIT */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

/*
 * Rows as JSON, an object a line, the same wherever they are written: by supctl, to a log, to a
 * command's standard input.
 *
 *   field            JSON
 *   null             null
 *   bool, int, text  as one expects
 *   span             seconds, with six digits behind the point; "infinity"
 *   time             "2026-11-30T20:37:10.123456Z"
 *   list             an array of strings
 *   bytes            a string; where they are no UTF-8, base64, and _base64 behind the name
 *
 * Control characters are escaped, what is no UTF-8 in a text becomes U+FFFD: a line is a line, and
 * valid JSON, whatever is in the row. Nothing here fails but the buffer.
 */

#include "base/buf.h"
#include "wire/frame.h"

/* All fields of the payload but the hidden ones, and a newline. */
void json_put_row(struct buf *out, const struct wire_frame *frame);
/* A text as a JSON string, NULs and all. */
void json_put_text(struct buf *out, const char *text, size_t size);
/* A member of an object: bytes as text, or in base64 with _base64 behind the name. */
void json_put_bytes(struct buf *out, const char *name, const char *bytes, size_t size);
/* Nanoseconds since 1970, UTC, without quotes; "?" for what has no year of four digits. */
void json_put_time(struct buf *out, int64_t ns);

#endif
