/* SPDX-License-Identifier: MIT */

/*
 * Points in time as people type them at a shell. What the calendar has twice, as when clocks are
 * set back in autumn, is taken for the first: rather too much is shown than too little. A time of
 * day is the last one that was: at three in the morning 23:00 is yesterday's.
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "supctl/logs.h"

#define US_PER_S INT64_C(1000000)

/* A text that is read from its beginning. */
struct reading {
	const char *at;
};

/* Exactly that many digits, up to max. */
static bool take_digits(struct reading *r, int digits, int max, int *ret_n)
{
	int n = 0;

	for (int i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)r->at[i]))
			return false;
		n = n * 10 + (r->at[i] - '0');
	}
	if (n > max)
		return false;
	r->at += digits;
	*ret_n = n;
	return true;
}

static bool take(struct reading *r, char c)
{
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

/* YYYY-MM-DD */
static bool take_date(struct reading *r, struct tm *tm)
{
	struct reading copy = *r;

	if (!take_digits(&copy, 4, 9999, &tm->tm_year) || !take(&copy, '-') ||
	    !take_digits(&copy, 2, 12, &tm->tm_mon) || !take(&copy, '-') ||
	    !take_digits(&copy, 2, 31, &tm->tm_mday) || tm->tm_year < 1970 || !tm->tm_mon ||
	    !tm->tm_mday)
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	*r = copy;
	return true;
}

/* A fraction of a second, to the microsecond; further digits are passed over. */
static bool take_fraction(struct reading *r, int64_t *ret_us)
{
	int64_t us = 0, unit = US_PER_S / 10;

	if (!isdigit((unsigned char)*r->at))
		return false;
	for (; isdigit((unsigned char)*r->at); r->at++, unit /= 10)
		us += (*r->at - '0') * unit;
	*ret_us = us;
	return true;
}

/* [H]H:MM[:SS[.FRACTION]] */
static bool take_time(struct reading *r, struct tm *tm, int64_t *ret_us)
{
	struct reading copy = *r;

	if (!take_digits(&copy, 2, 23, &tm->tm_hour) && !take_digits(&copy, 1, 9, &tm->tm_hour))
		return false;
	if (!take(&copy, ':') || !take_digits(&copy, 2, 59, &tm->tm_min))
		return false;
	if (take(&copy, ':')) {
		if (!take_digits(&copy, 2, 59, &tm->tm_sec))
			return false;
		if (take(&copy, '.') && !take_fraction(&copy, ret_us))
			return false;
	}
	*r = copy;
	return true;
}

static bool take_utc(struct reading *r)
{
	while (*r->at == ' ')
		r->at++;
	if (strcmp(r->at, "Z") != 0 && strcasecmp(r->at, "utc") != 0)
		return false;
	r->at += strlen(r->at);
	return true;
}

/* That local time; where it comes twice, the first, where it is left out, as much later. */
static time_t find_local(const struct tm *wanted)
{
	struct tm summer = *wanted, any = *wanted;
	time_t first;

	summer.tm_isdst = 1;
	first = mktime(&summer);
	if (first != -1 && summer.tm_isdst > 0 && summer.tm_hour == wanted->tm_hour)
		return first;
	any.tm_isdst = -1;
	return mktime(&any);
}

static int find_time(const struct tm *wanted, bool utc, int64_t us, struct utc *ret_when)
{
	struct tm tm = *wanted, copy = *wanted;
	time_t t = utc ? timegm(&copy) : find_local(&tm);

	/* The 31st of a month that has none is no day. */
	tm = *wanted;
	tm.tm_isdst = 0;
	if (timegm(&tm) == -1 || tm.tm_mday != wanted->tm_mday)
		return -EINVAL;
	*ret_when = (struct utc){(int64_t)t * US_PER_S + us};
	return 0;
}

/* The local day of a time, at its beginning, or that many days before. */
static void day_of(struct utc t, bool utc, int days_before, struct tm *ret_tm)
{
	time_t seconds = (time_t)(t.us / US_PER_S);
	struct tm tm = {0};

	if (utc)
		gmtime_r(&seconds, &tm);
	else
		localtime_r(&seconds, &tm);
	*ret_tm = (struct tm){.tm_year = tm.tm_year,
			      .tm_mon = tm.tm_mon,
			      .tm_mday = tm.tm_mday - days_before,
			      .tm_isdst = -1};
	/* Noon is there on every day: what mktime() makes of it is that day. */
	ret_tm->tm_hour = 12;
	timegm(ret_tm);
	ret_tm->tm_hour = 0;
	ret_tm->tm_isdst = -1;
}

static int parse_calendar(const char *text, struct utc now, struct utc *ret_when)
{
	struct reading r = {text};
	struct tm date = {0}, clock = {0};
	int64_t us = 0;
	bool has_date = take_date(&r, &date);
	bool has_time, utc;
	int e;

	if (has_date && (*r.at == ' ' || *r.at == 'T'))
		r.at++;
	has_time = take_time(&r, &clock, &us);
	utc = take_utc(&r);
	if (*r.at || (!has_date && !has_time))
		return -EINVAL;
	if (!has_date)
		day_of(now, utc, 0, &date);
	date.tm_hour = clock.tm_hour;
	date.tm_min = clock.tm_min;
	date.tm_sec = clock.tm_sec;
	e = find_time(&date, utc, us, ret_when);
	if (e || has_date || ret_when->us <= now.us)
		return e;
	day_of(now, utc, 1, &date);
	date.tm_hour = clock.tm_hour;
	date.tm_min = clock.tm_min;
	date.tm_sec = clock.tm_sec;
	return find_time(&date, utc, us, ret_when);
}

/* "@1764535030" or "@1764535030.5" */
static int parse_unix(const char *text, struct utc *ret_when)
{
	size_t size = strcspn(text, ".");
	struct reading r = {text + size};
	char seconds[16];
	uint64_t n;
	int64_t us = 0;

	if (size >= sizeof(seconds))
		return -EINVAL;
	memcpy(seconds, text, size);
	seconds[size] = '\0';
	if (text_parse_u64(seconds, (uint64_t)(UTC_MAX.us / US_PER_S), &n) < 0)
		return -EINVAL;
	if (take(&r, '.') && (!take_fraction(&r, &us) || *r.at))
		return -EINVAL;
	*ret_when = (struct utc){(int64_t)n * US_PER_S + us};
	return 0;
}

/* "10min", "-10min", "10min ago" */
static int parse_span(const char *text, struct utc now, struct utc *ret_when)
{
	static const char ago[] = " ago";
	size_t size;
	char copy[SPAN_TEXT_MAX];
	struct span span;

	text += *text == '-';
	size = strlen(text);
	if (size > sizeof(ago) - 1 && strcmp(text + size - (sizeof(ago) - 1), ago) == 0)
		size -= sizeof(ago) - 1;
	if (size >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, size);
	copy[size] = '\0';
	if (span_parse(copy, &span) < 0 || span_is_infinite(span))
		return -EINVAL;
	*ret_when = (struct utc){MAX_OF(now.us - span.ns / 1000, INT64_C(0))};
	return 0;
}

int log_when_parse(const char *text, struct utc now, struct utc *ret_when)
{
	bool yesterday = strcmp(text, "yesterday") == 0;
	struct tm day;

	if (strcmp(text, "now") == 0) {
		*ret_when = now;
		return 0;
	}
	if (yesterday || strcmp(text, "today") == 0) {
		day_of(now, false, yesterday, &day);
		return find_time(&day, false, 0, ret_when);
	}
	if (*text == '@')
		return parse_unix(text + 1, ret_when);
	if (parse_calendar(text, now, ret_when) == 0)
		return 0;
	return parse_span(text, now, ret_when);
}
