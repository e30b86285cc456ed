/* SPDX-License-Identifier: MIT */
#ifndef SUPCTL_LOGS_SHOW_H
#define SUPCTL_LOGS_SHOW_H

/*
 * How lines of logs look:
 *
 *   20:37:10.123  web/api     | text         on a terminal: local time, nothing that steers it
 *   web/api     | the line of the file       elsewhere; without the name where one log is meant
 *   text                                     --raw: what the service wrote, byte for byte
 *   {"time":...,"name":"web/api","line":...} --json
 */

#include <time.h>

#include "supctl/logs_series.h"

struct log_show {
	const struct log_wish *wish;
	bool terminal, coloured;
	bool named; /* more than one log may come */
	size_t width;
	struct buf out;
	int64_t minute; /* since 1970, that tm is of; -1: none */
	struct tm tm;
	int year, day; /* of the last line that was shown with its time, as in a tm */
};

void log_show_init(struct log_show *show, const struct log_wish *wish, bool named);
void log_show_fini(struct log_show *show);
/* Names of that many bytes are to come. */
void log_show_widen(struct log_show *show, const char *name);
/* The line in hand of a log; it is written now and then. */
void log_show_line(struct log_show *show, const struct log_series *s);
/* All that was shown is written. False: it could not be. */
bool log_show_flush(struct log_show *show);

#endif
