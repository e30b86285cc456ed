/* SPDX-License-Identifier: MIT */
#ifndef SUPD_SCHEDULE_H
#define SUPD_SCHEDULE_H

/*
 * Runs of services at their time (keys schedule, every): the daemon's clock, which sends the core a
 * trigger. Whether one leads to a run the core decides: a service that still runs, or is held, is
 * left alone, so there are never two at once.
 *
 *   every      counts on the monotonic clock, from the time at which supd has come to know it
 *   schedule   counts on the wall clock; when that is set, all times are found out anew, and a time
 *              that has had its run has none again within an hour
 *   jitter     a random time up to it, drawn for each run, goes on top of either
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct daemon;

/* Something of slot has changed: where it has a schedule, its time is known from now on. */
void schedule_on_notice(struct daemon *d, uint32_t slot);
void schedule_on_forget(struct daemon *d, uint32_t slot);
void schedule_close(struct daemon *d);

/* When the next run is due, in nanoseconds of CLOCK_REALTIME; false: there is none. */
bool schedule_next(const struct daemon *d, uint32_t slot, int64_t *ret_at_ns);

#endif
