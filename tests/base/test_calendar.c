/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/calendar.h"
#include "base/macros.h"

/* "2026-11-30 12:00:00", on the clock that TZ says; -1 for "never". */
static int64_t at(const char *text, bool utc)
{
	struct tm tm = {.tm_isdst = -1};

	if (strcmp(text, "never") == 0)
		return -1;
	cr_assert_not_null(strptime(text, "%Y-%m-%d %H:%M:%S", &tm), "%s", text);
	tm.tm_isdst = -1;
	return utc ? timegm(&tm) : mktime(&tm);
}

static void use_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

Test(calendar, what_comes_next)
{
	static const struct {
		const char *text, *after, *next;
	} rows[] = {
		{"daily", "2026-11-30 12:00:00", "2026-12-01 00:00:00"},
		{"daily", "2026-11-30 23:59:59", "2026-12-01 00:00:00"},
		{"daily", "2026-12-01 00:00:00", "2026-12-02 00:00:00"},
		{"minutely", "2026-11-30 12:00:00", "2026-11-30 12:01:00"},
		{"hourly", "2026-11-30 12:00:01", "2026-11-30 13:00:00"},
		{"weekly", "2026-11-30 12:00:00", "2026-12-07 00:00:00"},
		{"monthly", "2026-12-01 00:00:00", "2027-01-01 00:00:00"},
		{"quarterly", "2026-10-01 00:00:00", "2027-01-01 00:00:00"},
		{"semiannually", "2026-02-01 00:00:00", "2026-07-01 00:00:00"},
		{"yearly", "2026-11-30 12:00:00", "2027-01-01 00:00:00"},
		{"Annually", "2026-11-30 12:00:00", "2027-01-01 00:00:00"},
		{"02:30", "2026-11-30 02:29:59", "2026-11-30 02:30:00"},
		{"02:30", "2026-11-30 02:30:00", "2026-12-01 02:30:00"},
		{"*:0/15", "2026-11-30 12:16:00", "2026-11-30 12:30:00"},
		{"*:*:*", "2026-11-30 12:16:00", "2026-11-30 12:16:01"},
		{"*:*:5..7/2", "2026-11-30 12:16:06", "2026-11-30 12:16:07"},
		{"*:*:0/20", "2026-11-30 12:16:41", "2026-11-30 12:17:00"},
		{"Mon..Fri 08:00", "2026-12-04 09:00:00", "2026-12-07 08:00:00"},
		{"Sat..Mon", "2026-12-02 09:00:00", "2026-12-05 00:00:00"},
		{"friday", "2026-12-02 09:00:00", "2026-12-04 00:00:00"},
		{"Tue,Thu 12:00", "2026-12-02 09:00:00", "2026-12-03 12:00:00"},
		{"*-02-29", "2026-12-02 09:00:00", "2028-02-29 00:00:00"},
		{"*-*~1", "2028-02-01 00:00:00", "2028-02-29 00:00:00"},
		{"*-*~1..3 06:00", "2026-12-02 00:00:00", "2026-12-29 06:00:00"},
		{"02-03", "2026-12-02 00:00:00", "2027-02-03 00:00:00"},
		{"*-1/3-01", "2026-12-02 00:00:00", "2027-01-01 00:00:00"},
		{"Fri *-*-13", "2026-12-02 00:00:00", "2027-08-13 00:00:00"},
		{"2026-12-24,31 18:00", "2026-12-25 00:00:00", "2026-12-31 18:00:00"},
		{"2026-12-24", "2026-12-25 00:00:00", "never"},
		{"26-12-24", "2026-12-02 00:00:00", "2026-12-24 00:00:00"},
		{"2030..2032-01-01", "2026-12-02 00:00:00", "2030-01-01 00:00:00"},
	};

	use_zone("Europe/Berlin");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct calendar calendar;
		const char *why = NULL;
		int r = calendar_parse(rows[i].text, &calendar, &why);

		cr_assert_eq(r, 0, "%s: %s", rows[i].text, why);
		cr_expect_eq(calendar_next(&calendar, at(rows[i].after, false)),
			     at(rows[i].next, false), "%s after %s", rows[i].text, rows[i].after);
	}
}

Test(calendar, what_is_none)
{
	static const char *const rows[] = {
		"",           " ",          "often",     "Mon..",   "..Fri",       "Mon Tue",
		"25:00",      "12:60",      "12:00:60",  "12",      "12:",         ":30",
		"*-13-01",    "*-00-01",    "*-01-32",   "*-02-30", "*-*-*-*",     "1969-01-01",
		"*:0/0",      "5..3:00",    "1.5:00",    "*-*~0",   "12:00 *-*-*", "12:00 Mon",
		"UTC",        "UTC 1:00",   "1:00 1:00", "*:*:*:*", "99999-01-01", "Mon,,Tue",
		"1,:00",      "*-",         "-",         "~",       "*:*:*.5",     "1:00 GMT",
		"Monda 1:00", "2200-01-01",
	};
	char longest[400];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct calendar calendar = {.hours = 77};
		const char *why = NULL;

		cr_expect_eq(calendar_parse(rows[i], &calendar, &why), -EINVAL, "\"%s\"", rows[i]);
		cr_expect_not_null(why, "\"%s\"", rows[i]);
		cr_expect_eq(calendar.hours, 77, "\"%s\": it was touched", rows[i]);
	}
	memset(longest, '*', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	cr_expect_eq(calendar_parse(longest, &(struct calendar){0}, &(const char *){NULL}),
		     -EINVAL);
}

/* Berlin: from 02:00 to 03:00 on 2027-03-28, and from 03:00 back to 02:00 on 2027-10-31. */
Test(calendar, summer_time)
{
	struct calendar calendar;
	const char *why;
	int64_t first, second;

	use_zone("Europe/Berlin");
	cr_assert_eq(calendar_parse("02:30", &calendar, &why), 0);
	cr_expect_eq(calendar_next(&calendar, at("2027-03-27 12:00:00", false)),
		     at("2027-03-28 01:30:00", true), "what is left out comes at 03:30");
	cr_expect_eq(calendar_next(&calendar, at("2027-03-28 12:00:00", false)),
		     at("2027-03-29 02:30:00", false));
	first = calendar_next(&calendar, at("2027-10-30 12:00:00", false));
	second = calendar_next(&calendar, first);
	cr_expect_eq(first, at("2027-10-31 00:30:00", true));
	cr_expect_eq(second, at("2027-10-31 01:30:00", true), "it comes twice");
	cr_expect_eq(calendar_next(&calendar, second), at("2027-11-01 02:30:00", false));
	cr_assert_eq(calendar_parse("02:30 UTC", &calendar, &why), 0);
	cr_expect_eq(calendar_next(&calendar, at("2027-03-27 12:00:00", false)),
		     at("2027-03-28 02:30:00", true));
}

/* Each second of a day, one after the other, and no other. */
Test(calendar, goes_on_second_by_second)
{
	struct calendar calendar;
	const char *why;
	int64_t now = at("2026-12-31 23:00:00", true), next;

	use_zone("UTC");
	cr_assert_eq(calendar_parse("*:*:*", &calendar, &why), 0);
	for (int i = 0; i < 7200; i++, now = next) {
		next = calendar_next(&calendar, now);
		cr_assert_eq(next, now + 1);
	}
}
