/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_CONSOLE_H
#define SUPLOG_CONSOLE_H

/*
 * What all services write, on supd's standard output:
 *
 *   a terminal    20:37:10.123  web/api     | text       local time; the name in a colour of its
 * own, control characters as \x1b else          web/api     | text                     bytes as
 * they came
 *
 * A line that goes on what was shown of it before, because it had no end then, has + for the |.
 *
 * A thread of its own does the writing, so that a terminal that was stopped, or a pipe that nobody
 * reads, holds up nobody else. What waits for it is bounded: beyond that lines are counted and a
 * line says how many are missing; who can not do without asks console_has_room() first.
 * Nothing is torn: what is written at once ends with a line's end, and into a pipe, which others
 * may write into, as much as the kernel keeps together.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/utc.h"

struct console;

/* Of a stream. */
struct console_stream {
	const char *name; /* borrowed */
	bool open;        /* what was shown last had no end */
};

/*
 * The fd is taken on success; width: names are padded to that. wake (an eventfd, borrowed; -1:
 * none) is written to when there is room again. 0 or -errno.
 */
int console_new(int fd, bool colour, size_t width, int wake, struct console **ret_console);
/* Waits so long for what is still to be written. Takes NULL. */
void console_free(struct console *console, struct span patience);

/* What console_show() would be given now is shown. */
bool console_has_room(struct console *console);
/* Shows data, which came at that time. */
void console_show(struct console *console, struct console_stream *stream, const char *data,
		  size_t size, struct utc time);

#endif
