/* SPDX-License-Identifier: MIT */
#ifndef SUPCTL_LINES_H
#define SUPCTL_LINES_H

/* What a service has said last, as supctl report and supctl why show it. */

#include <stddef.h>

#include "base/buf.h"

/* Indented, a line each, and escaped; what has no end of its own had none. */
void lines_put(struct buf *out, const char *bytes, size_t size);

#endif
