/* SPDX-License-Identifier: MIT */
#ifndef WIRE_JSON_TEXT_H
#define WIRE_JSON_TEXT_H

/* The inside of a JSON string, read. */

#include <stdbool.h>

#include "base/buf.h"

/*
 * Appends what stands from *at, behind the opening quote, up to the closing one, to which *at is
 * moved. False: there is none before end, or what is escaped is no character. The buffer's error is
 * sticky.
 */
bool json_text_read(const char **at, const char *end, struct buf *out);

#endif
