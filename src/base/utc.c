/* SPDX-License-Identifier: MIT */

/* A layout says where in a text each part stands, and what stands between them. Reading is what a
 * log's reader does for every line: it looks at nothing twice. */

#include "base/utc.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/macros.h"

#define US_PER_SECOND INT64_C(1000000)
#define SECONDS_PER_DAY INT64_C(86400)

enum part { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, MICRO, N_PARTS };

static const struct {
	int min, max;
} bounds[N_PARTS] = {
	[YEAR] = {1970, 9999}, [MONTH] = {1, 12},  [DAY] = {1, 31},       [HOUR] = {0, 23},
	[MINUTE] = {0, 59},    [SECOND] = {0, 59}, [MICRO] = {0, 999999},
};

struct layout {
	const char *text; /* a digit is a 0 */
	struct {
		unsigned char at, size; /* no size: it is not there */
	} parts[N_PARTS];
};

static const struct layout layout_full = {
	"0000-00-00T00:00:00.000000Z",
	{[YEAR] = {0, 4},
	 [MONTH] = {5, 2},
	 [DAY] = {8, 2},
	 [HOUR] = {11, 2},
	 [MINUTE] = {14, 2},
	 [SECOND] = {17, 2},
	 [MICRO] = {20, 6}},
};
static const struct layout layout_compact = {
	"00000000T000000.000000Z",
	{[YEAR] = {0, 4},
	 [MONTH] = {4, 2},
	 [DAY] = {6, 2},
	 [HOUR] = {9, 2},
	 [MINUTE] = {11, 2},
	 [SECOND] = {13, 2},
	 [MICRO] = {16, 6}},
};
static const struct layout layout_local = {
	"00:00:00.000",
	{[HOUR] = {0, 2}, [MINUTE] = {3, 2}, [SECOND] = {6, 2}, [MICRO] = {9, 3}},
};

/* In the calendar in which years begin in March: the day that comes and goes is then the last of
 * the year. An era is 400 years, 146097 days. */
int64_t utc_days(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year;
	int64_t era = y / 400, in_era = y % 400;
	int in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static void date_of(int64_t days, int values[N_PARTS])
{
	int64_t shifted = days + 719468;
	int era = (int)(shifted / 146097), in_era = (int)(shifted % 146097);
	int year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int in_year = in_era - (365 * year + year / 4 - year / 100);
	int month = (5 * in_year + 2) / 153;

	values[DAY] = in_year - (153 * month + 2) / 5 + 1;
	values[MONTH] = month < 10 ? month + 3 : month - 9;
	values[YEAR] = year + era * 400 + (values[MONTH] <= 2);
}

static struct utc utc_clamp(struct utc s)
{
	if (s.us < 0)
		return (struct utc){0};
	return s.us > UTC_MAX.us ? UTC_MAX : s;
}

static void split(struct utc s, int values[N_PARTS])
{
	int64_t seconds = s.us / US_PER_SECOND;
	int in_day = (int)(seconds % SECONDS_PER_DAY);

	date_of(seconds / SECONDS_PER_DAY, values);
	values[HOUR] = in_day / 3600;
	values[MINUTE] = in_day / 60 % 60;
	values[SECOND] = in_day % 60;
	values[MICRO] = (int)(s.us % US_PER_SECOND);
}

static void fill(const struct layout *layout, size_t size, const int values[N_PARTS], char *out)
{
	memcpy(out, layout->text, size);
	for (enum part part = YEAR; part < N_PARTS; part++) {
		int value = values[part];

		for (size_t i = layout->parts[part].size; i-- > 0; value /= 10)
			out[layout->parts[part].at + i] = (char)('0' + value % 10);
	}
}

/* -1: no number. */
static int number(const char *digits, size_t size)
{
	int value = 0;

	for (size_t i = 0; i < size; i++) {
		unsigned int digit = (unsigned int)digits[i] - '0';

		if (digit > 9)
			return -1;
		value = value * 10 + (int)digit;
	}
	return value;
}

static int extract(const struct layout *layout, size_t size, const char *text, int values[N_PARTS])
{
	for (enum part part = YEAR; part < N_PARTS; part++) {
		values[part] = number(text + layout->parts[part].at, layout->parts[part].size);
		if (values[part] < bounds[part].min || values[part] > bounds[part].max)
			return -EINVAL;
	}
	for (size_t i = 0; i < size; i++) {
		if (layout->text[i] != '0' && layout->text[i] != text[i])
			return -EINVAL;
	}
	return 0;
}

static int read_layout(const struct layout *layout, size_t size, const char *text,
		       struct utc *ret_utc)
{
	int values[N_PARTS] = {0}, back[N_PARTS], in_day, r;
	int64_t days;

	r = extract(layout, size, text, values);
	if (r)
		return r;
	days = utc_days(values[YEAR], values[MONTH], values[DAY]);
	date_of(days, back);
	if (back[DAY] != values[DAY])
		return -EINVAL; /* the 30th of February */
	in_day = values[HOUR] * 3600 + values[MINUTE] * 60 + values[SECOND];
	*ret_utc = (struct utc){(days * SECONDS_PER_DAY + in_day) * US_PER_SECOND + values[MICRO]};
	return 0;
}

struct utc utc_now(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_REALTIME, &now);
	return (struct utc){(int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000};
}

void utc_write(struct utc s, char out[UTC_SIZE])
{
	int values[N_PARTS];

	split(utc_clamp(s), values);
	fill(&layout_full, UTC_SIZE, values, out);
}

void utc_write_compact(struct utc s, char out[UTC_COMPACT_SIZE])
{
	int values[N_PARTS];

	split(utc_clamp(s), values);
	fill(&layout_compact, UTC_COMPACT_SIZE, values, out);
}

void utc_write_local(struct utc s, char out[UTC_LOCAL_SIZE])
{
	struct utc at = utc_clamp(s);
	time_t seconds = (time_t)(at.us / US_PER_SECOND);
	int values[N_PARTS] = {0};
	struct tm tm = {0};

	localtime_r(&seconds, &tm);
	values[HOUR] = tm.tm_hour;
	values[MINUTE] = tm.tm_min;
	values[SECOND] = MIN_OF(tm.tm_sec, 59);
	values[MICRO] = (int)(at.us % US_PER_SECOND / 1000);
	fill(&layout_local, UTC_LOCAL_SIZE, values, out);
}

int utc_read(const char *text, size_t size, struct utc *ret_utc)
{
	if (size < UTC_SIZE)
		return -EINVAL;
	return read_layout(&layout_full, UTC_SIZE, text, ret_utc);
}

int utc_read_compact(const char *text, size_t size, struct utc *ret_utc)
{
	if (size < UTC_COMPACT_SIZE)
		return -EINVAL;
	return read_layout(&layout_compact, UTC_COMPACT_SIZE, text, ret_utc);
}
