/* SPDX-License-Identifier: MIT */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

/*
 * Calendar events, in the notation of systemd.time(7): which seconds of the calendar are meant, and
 * which of them comes next. Of that notation all but fractions of a second and names of time zones
 * other than UTC.
 *
 *   Mon..Fri *-*-* 02:30:00    [WEEKDAYS] [[YEAR-]MONTH-DAY] [HOUR:MINUTE[:SECOND]] [UTC]
 *   *-02~01                    a ~ before the day counts from the end of the month
 *   *:0/15                     each part: *, N, N..M, any of them with /STEP, lists with commas
 *   daily                      minutely, hourly, daily, weekly, monthly, quarterly, semiannually,
 *                              yearly, annually
 */

#include <stdbool.h>
#include <stdint.h>

#define CALENDAR_YEAR_MIN 1970
#define CALENDAR_YEARS 230

/* Bit N: the value N is meant; of years, N after CALENDAR_YEAR_MIN; of days, 1 is the first of the
 * month or, from_end, the last; of weekdays, 0 is Sunday. */
struct calendar {
	uint64_t seconds, minutes;
	uint64_t years[(CALENDAR_YEARS + 63) / 64];
	uint32_t hours, days;
	uint16_t months;
	uint8_t weekdays;
	bool from_end;
	bool utc; /* else the local time of the process */
};

/*
 * 0; -EINVAL with what is wrong and what to do in *ret_why (static) for a text that is no calendar
 * event, or one that never comes. Leaves *ret_calendar alone then.
 */
int calendar_parse(const char *text, struct calendar *ret_calendar, const char **ret_why);

/*
 * The first time after `after` that is meant; both count seconds as time() does. -1: none comes. A
 * time that a change to summer time leaves out comes as much later; one that comes twice counts
 * twice.
 */
int64_t calendar_next(const struct calendar *calendar, int64_t after);

#endif
