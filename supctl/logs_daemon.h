/* SPDX-License-Identifier: MIT */
#ifndef SUPCTL_LOGS_DAEMON_H
#define SUPCTL_LOGS_DAEMON_H

/* The daemon's own log, line by line (supd/log.h). */

#include <stddef.h>

struct log_line;

enum daemon_level {
	DAEMON_LEVEL_NONE,
	DAEMON_ERROR,
	DAEMON_WARNING,
	DAEMON_INFO,
	DAEMON_DEBUG,
	DAEMON_N_LEVELS,
};

extern const char *const daemon_level_names[DAEMON_N_LEVELS];

/* A line is taken apart: its time, if it has one, and what comes behind it, which begins with the
 * level. *ret_level: enum daemon_level. */
void log_line_of_daemon(struct log_line *line, int *ret_level);
/* The length of the first word, and of the blanks behind it. */
size_t daemon_word(const char *text, size_t size, size_t *ret_gap);

#endif
