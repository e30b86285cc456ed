/* SPDX-License-Identifier: MIT */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

/* Base64 (RFC 4648, 4), with padding, in one line. */

#include <sys/types.h>

#include "base/buf.h"

/* Appends bytes as text. 0, or -ENOMEM, which the buffer keeps. */
int base64_put(struct buf *out, const char *bytes, size_t size);
/*
 * The bytes that size characters without their padding stand for, to out, which has room for three
 * for every four and may be the text itself. How many they are; -EINVAL.
 */
ssize_t base64_read(const char *text, size_t size, char *out);

#endif
