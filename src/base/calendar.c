/* SPDX-License-Identifier: MIT */

/* Which time comes next. Fields are looked at from the year down; the first that does not fit moves
 * on, and all below it start at their lowest. */

#include "base/calendar.h"

#include <time.h>

#include "base/macros.h"

/* A time on the clock on the wall. */
struct wall {
	int year, month, day, hour, minute, second; /* month and day from 1 */
};

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_length(int year, int month)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return lengths[month - 1] + (month == 2 && is_leap(year));
}

/* 0: Sunday. */
static int weekday(const struct wall *w)
{
	static const int offsets[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
	int year = w->year - (w->month < 3);

	return (year + year / 4 - year / 100 + year / 400 + offsets[w->month - 1] + w->day) % 7;
}

/* ---- moving on ---- */

static void next_year(struct wall *w)
{
	*w = (struct wall){.year = w->year + 1, .month = 1, .day = 1};
}

static void next_month(struct wall *w)
{
	*w = (struct wall){.year = w->year, .month = w->month + 1, .day = 1};
	if (w->month > 12)
		next_year(w);
}

static void next_day(struct wall *w)
{
	*w = (struct wall){.year = w->year, .month = w->month, .day = w->day + 1};
	if (w->day > month_length(w->year, w->month))
		next_month(w);
}

static void next_hour(struct wall *w)
{
	w->minute = w->second = 0;
	if (++w->hour > 23)
		next_day(w);
}

static void next_minute(struct wall *w)
{
	w->second = 0;
	if (++w->minute > 59)
		next_hour(w);
}

static void next_second(struct wall *w)
{
	if (++w->second > 59)
		next_minute(w);
}

/* ---- what fits ---- */

static bool year_fits(const struct calendar *c, int year)
{
	int n = year - CALENDAR_YEAR_MIN;

	return n >= 0 && n < CALENDAR_YEARS && c->years[n / 64] >> n % 64 & 1;
}

static bool day_fits(const struct calendar *c, const struct wall *w)
{
	int day = c->from_end ? month_length(w->year, w->month) - w->day + 1 : w->day;

	return c->days >> day & 1 && c->weekdays >> weekday(w) & 1;
}

/* The function that moves on what does not fit, or NULL. */
static void (*misfit(const struct calendar *c, const struct wall *w))(struct wall *w)
{
	if (!year_fits(c, w->year))
		return next_year;
	if (!(c->months >> w->month & 1))
		return next_month;
	if (!day_fits(c, w))
		return next_day;
	if (!(c->hours >> w->hour & 1))
		return next_hour;
	if (!(c->minutes >> w->minute & 1))
		return next_minute;
	return c->seconds >> w->second & 1 ? NULL : next_second;
}

/* The first time on the wall, from w on, that is meant. False: none comes. */
static bool wall_next(const struct calendar *c, struct wall *w)
{
	if (w->year < CALENDAR_YEAR_MIN)
		*w = (struct wall){.year = CALENDAR_YEAR_MIN, .month = 1, .day = 1};
	while (w->year < CALENDAR_YEAR_MIN + CALENDAR_YEARS) {
		void (*move)(struct wall * w) = misfit(c, w);

		if (!move)
			return true;
		move(w);
	}
	return false;
}

/* ---- clocks ---- */

static struct wall to_wall(bool utc, int64_t at)
{
	time_t t = (time_t)at;
	struct tm tm = {0};

	if (utc)
		gmtime_r(&t, &tm);
	else
		localtime_r(&t, &tm);
	return (struct wall){tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
			     tm.tm_hour,        tm.tm_min,     MIN_OF(tm.tm_sec, 59)};
}

/* As if the wall showed UTC. */
static int64_t from_wall(const struct wall *w)
{
	struct tm tm = {
		.tm_year = w->year - 1900,
		.tm_mon = w->month - 1,
		.tm_mday = w->day,
		.tm_hour = w->hour,
		.tm_min = w->minute,
		.tm_sec = w->second,
	};

	return timegm(&tm);
}

/* How many seconds the wall is ahead of UTC. */
static int64_t offset_at(bool utc, int64_t at)
{
	const struct wall w = to_wall(utc, at);

	return utc ? 0 : from_wall(&w) - at;
}

/* Between from, where that is the offset, and to, where it is not: when it changes. */
static int64_t find_change(int64_t from, int64_t to, int64_t offset)
{
	while (to - from > 1) {
		int64_t middle = from + (to - from) / 2;

		if (offset_at(false, middle) == offset)
			from = middle;
		else
			to = middle;
	}
	return to;
}

/*
 * The wall is followed with the offset of the beginning. Where that has changed before the time
 * that is found, what comes after the change is looked at anew, with its own offset.
 */
int64_t calendar_next(const struct calendar *c, int64_t after)
{
	for (;;) {
		int64_t start = after + 1, offset = offset_at(c->utc, start), change, found;
		struct wall w = to_wall(c->utc, start);

		if (!wall_next(c, &w))
			return -1;
		found = from_wall(&w) - offset;
		if (offset_at(c->utc, found) == offset)
			return found;
		change = find_change(start, found, offset);
		if (found - change < offset_at(false, change) - offset)
			return found; /* the clock has left it out */
		after = change - 1;
	}
}
