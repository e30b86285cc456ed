/* SPDX-License-Identifier: MIT */

/* Times as they are typed; in Berlin, where clocks are set back on October 25 at 3:00 to 2:00, and
 * forward on March 29 at 2:00 to 3:00. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/macros.h"
#include "supctl/logs.h"

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static struct utc at(const char *text)
{
	char full[UTC_SIZE + 1];
	struct utc time;

	snprintf(full, sizeof(full), "%.19s.%s", text, strlen(text) > 20 ? text + 20 : "000000Z");
	cr_assert_eq(utc_read(full, UTC_SIZE, &time), 0, "%s", full);
	return time;
}

static void in_berlin(void)
{
	setenv("TZ", BERLIN, 1);
	tzset();
}

TestSuite(logs_when, .init = in_berlin);

Test(logs_when, table)
{
	/* now: 2026-11-30 03:10:20.5 in Berlin */
	static const struct {
		const char *text, *when; /* in UTC; NULL: no time */
	} rows[] = {
		{"now", "2026-11-30T02:10:20.500000Z"},
		{"today", "2026-11-29T23:00:00"},
		{"yesterday", "2026-11-28T23:00:00"},
		{"10min", "2026-11-30T02:00:20.500000Z"},
		{"10min ago", "2026-11-30T02:00:20.500000Z"},
		{"-1h 10s", "2026-11-30T01:10:10.500000Z"},
		{"20", "2026-11-30T02:10:00.500000Z"},
		{"3:00", "2026-11-30T02:00:00"},
		{"3:0", NULL},
		{"003:00", NULL},
		{"03:00", "2026-11-30T02:00:00"},
		{"03:10:20", "2026-11-30T02:10:20"},
		{"23:00", "2026-11-29T22:00:00"},
		{"02:30Z", "2026-11-29T02:30:00"},
		{"02:00Z", "2026-11-30T02:00:00"},
		{"2026-11-30", "2026-11-29T23:00:00"},
		{"2026-11-30Z", "2026-11-30T00:00:00"},
		{"2026-11-30 20:00", "2026-11-30T19:00:00"},
		{"2026-11-30 20:00:15", "2026-11-30T19:00:15"},
		{"2026-11-30 20:00:15.25", "2026-11-30T19:00:15.250000Z"},
		{"2026-11-30T20:00:15.123456Z", "2026-11-30T20:00:15.123456Z"},
		{"2026-11-30 20:00 UTC", "2026-11-30T20:00:00"},
		{"2026-07-01 12:00", "2026-07-01T10:00:00"},
		{"2028-02-29", "2028-02-28T23:00:00"},
		{"@1796004620", "2026-11-30T02:10:20"},
		{"@1796004620.25", "2026-11-30T02:10:20.250000Z"},
		{"@0", "1970-01-01T00:00:00"},
		/* comes twice: the first */
		{"2026-10-25 02:30", "2026-10-25T00:30:00"},
		{"2026-10-25 03:00", "2026-10-25T02:00:00"},
		{"2026-10-25 01:59", "2026-10-24T23:59:00"},
		{"100000d", "1970-01-01T00:00:00"},
		{"", NULL},
		{"@", NULL},
		{"@-1", NULL},
		{"@1.", NULL},
		{"@1.5x", NULL},
		{"infinity", NULL},
		{"tomorrow", NULL},
		{"2026-02-29", NULL},
		{"2026-11-31", NULL},
		{"2026-13-01", NULL},
		{"2026-00-01", NULL},
		{"2026-11-00", NULL},
		{"1969-12-31", NULL},
		{"2026-11-30 24:00", NULL},
		{"2026-11-30 20", NULL},
		{"2026-11-30 20:00:60", NULL},
		{"2026-11-30 20:00:15.", NULL},
		{"2026-11-30x", NULL},
		{"20:00 CET", NULL},
		{"10 minutes past", NULL},
		{"ago", NULL},
		{"- 5min ago ago", NULL},
	};
	struct utc now = at("2026-11-30T02:10:20.500000Z");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct utc when = {-7};
		int r = log_when_parse(rows[i].text, now, &when);
		char text[UTC_SIZE + 1] = "none";

		if (r == 0)
			utc_write(when, text);
		cr_expect_eq(r == 0, rows[i].when != NULL, "\"%s\": %s", rows[i].text, text);
		if (r == 0 && rows[i].when)
			cr_expect_eq(when.us, at(rows[i].when).us, "\"%s\": %s", rows[i].text,
				     text);
		if (r)
			cr_expect_eq(when.us, -7, "\"%s\"", rows[i].text);
	}
}

/* Yesterday, over the end of a month, a year, and an hour that was there twice, or not at all. */
Test(logs_when, days_over_changes)
{
	static const struct {
		const char *now, *today, *yesterday, *at_2_30;
	} rows[] = {
		{"2026-12-31T23:30:00", "2026-12-31T23:00:00", "2026-12-30T23:00:00",
		 "2026-12-31T01:30:00"},
		{"2026-10-25T12:00:00", "2026-10-24T22:00:00", "2026-10-23T22:00:00",
		 "2026-10-25T00:30:00"},
		{"2026-10-26T12:00:00", "2026-10-25T23:00:00", "2026-10-24T22:00:00",
		 "2026-10-26T01:30:00"},
		{"2026-03-30T12:00:00", "2026-03-29T22:00:00", "2026-03-28T23:00:00",
		 "2026-03-30T00:30:00"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct utc now = at(rows[i].now), when;

		cr_expect_eq(log_when_parse("today", now, &when), 0);
		cr_expect_eq(when.us, at(rows[i].today).us, "today of %s", rows[i].now);
		cr_expect_eq(log_when_parse("yesterday", now, &when), 0);
		cr_expect_eq(when.us, at(rows[i].yesterday).us, "yesterday of %s", rows[i].now);
		cr_expect_eq(log_when_parse("02:30", now, &when), 0);
		cr_expect_eq(when.us, at(rows[i].at_2_30).us, "02:30 of %s", rows[i].now);
	}
}
