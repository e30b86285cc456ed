/* SPDX-License-Identifier: MIT */
#ifndef LOGS_COLOUR_H
#define LOGS_COLOUR_H

/*
 * Colours of lines on a terminal, the same wherever they are shown: by supd, by its log keeper, by
 * supctl. The time is dim, a name has a colour of its own, and red and yellow are left to errors
 * and warnings.
 */

#include <stddef.h>

#define COLOUR_END "\033[0m"
#define COLOUR_TIME "\033[2m"
#define COLOUR_ERROR "\033[31m"
#define COLOUR_WARNING "\033[33m"
#define COLOUR_DEBUG "\033[2m"

/* Always the same for a name. */
const char *colour_of_name(const char *name, size_t size);

#endif
