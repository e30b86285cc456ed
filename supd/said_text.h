/* SPDX-License-Identifier: MIT */
#ifndef SUPD_SAID_TEXT_H
#define SUPD_SAID_TEXT_H

/* Text that a process gave, made fit to be shown on a terminal and in a log. */

#include <stdbool.h>
#include <stddef.h>

/*
 * Copies text into out: control characters and those that turn the direction of what follows become
 * blanks, blanks at its end go, and what does not fit is cut at a character's border. False where
 * it is not UTF-8; out is untouched.
 */
bool said_clean(const char *text, char *out, size_t size);

#endif
