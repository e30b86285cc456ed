/* SPDX-License-Identifier: MIT */
#ifndef SUPD_LOG_H
#define SUPD_LOG_H

/*
 * The daemon's log, on standard error: one line an event, as text for people or as JSON.
 *
 *   text, on a terminal    06:51:02.123  web/db         running, OS pid 4242
 *                          the level is a colour, or where there are none stands before the text
 *   text, elsewhere        2025-11-25 06:51:02.123  info     web/db        running, OS pid 4242
 *   json                   {"time":"2025-11-25T06:51:02.123Z","level":"info","name":"web/db",
 *                           "pid":"<0.5.0>","event":"ready","os_pid":4242,
 *                           "text":"running, OS pid 4242"}
 *
 * Writing never waits: what standard error does not take is kept, up to a bound, and written as
 * soon as it does; beyond the bound lines are counted, and a line says how many are missing. That
 * standard error is gone is no error.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/macros.h"
#include "supd/loop.h"

enum log_level { LOG_AT_ERROR, LOG_AT_WARNING, LOG_AT_INFO, LOG_AT_DEBUG, LOG_N_LEVELS };

/* What a line is about: fields of its JSON form; NULL or 0 are left out. All borrowed. */
struct log_about {
	const char *name; /* a path; NULL: the daemon itself */
	const char *pid;
	const char *event;
	const char *reason;
	pid_t os_pid;
};

/* Both words as in supd.conf(5), or NULL for the defaults. */
void log_open(const char *level, const char *format);
#define LOG_WIDTH_MAX 28
/* Names are padded to that width, within that. */
void log_set_width(size_t width);
/*
 * Every line is also handed to that, whole, with its end, in the form of a log file: as text with
 * the level and a time in UTC, or as JSON. Several at a time, where they come so. NULL: no more.
 *
 *   2025-11-25T06:51:02.123456Z info     web/db        running, OS pid 4242
 */
void log_copy_to(void (*call)(void *owner, const char *data, size_t size), void *owner);
/* From now on what could not be written waits for the loop; NULL: no more. */
void log_attach(struct loop *loop);
void log_close(void);

bool log_wants(enum log_level level);
/* A line about the daemon itself. */
void log_line(enum log_level level, const char *format, ...) PRINTF(2, 3);
void log_about(enum log_level level, const struct log_about *about, const char *format, ...)
	PRINTF(3, 4);

/* Of lines that others can bring about as often as they like: so many in so long a time. */
#define LOG_QUOTA_LINES 10
#define LOG_QUOTA_TIME SPAN_S(10)

struct log_quota {
	struct mono since; /* the time in hand began */
	uint32_t said;     /* lines in it */
	uint64_t more;     /* that were not said, ever, until the owner sets it back */
};

/* May one more be said at this time? False: it is counted. */
bool log_quota_take(struct log_quota *quota, struct mono now);

/* Between these two, lines are kept for one write at the end. */
void log_hold(void);
void log_release(void);

#endif
