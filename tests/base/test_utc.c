/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/macros.h"
#include "base/utc.h"

static void expect_written(int64_t us, const char *text)
{
	char out[UTC_SIZE + 1] = "";
	struct utc back;

	utc_write((struct utc){us}, out);
	cr_expect_str_eq(out, text, "%ld: %s is not %s", (long)us, out, text);
	cr_assert_eq(utc_read(text, strlen(text), &back), 0, "%s", text);
	utc_write(back, out);
	cr_expect_str_eq(out, text);
}

Test(utc, what_is_written)
{
	expect_written(0, "1970-01-01T00:00:00.000000Z");
	expect_written(INT64_C(1796071030123456), "2026-11-30T20:37:10.123456Z");
	expect_written(INT64_C(951825599999999), "2000-02-29T11:59:59.999999Z");
	expect_written(INT64_C(4107542400000000), "2100-03-01T00:00:00.000000Z");
	expect_written(-1, "1970-01-01T00:00:00.000000Z");
	expect_written(INT64_MIN, "1970-01-01T00:00:00.000000Z");
	expect_written(INT64_MAX, "9999-12-31T23:59:59.999999Z");
	expect_written(UTC_MAX.us + 1, "9999-12-31T23:59:59.999999Z");
}

/* Some hours on every day of 500 years, so that each comes in every place. */
Test(utc, each_day_as_the_c_library_has_it)
{
	for (int64_t s = 0; s < INT64_C(500) * 366 * 86400; s += 86400 + 3607) {
		time_t t = (time_t)s;
		char out[UTC_SIZE + 1] = "", compact[UTC_COMPACT_SIZE + 1] = "", text[64];
		struct utc back;
		struct tm tm;

		gmtime_r(&t, &tm);
		utc_write((struct utc){s * 1000000 + 42}, out);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000042Z", &tm);
		cr_assert_str_eq(out, text);
		cr_assert(utc_read(out, UTC_SIZE, &back) == 0 && back.us == s * 1000000 + 42);
		utc_write_compact((struct utc){s * 1000000 + 42}, compact);
		strftime(text, sizeof(text), "%Y%m%dT%H%M%S.000042Z", &tm);
		cr_assert_str_eq(compact, text);
		cr_assert_eq(utc_read_compact(compact, UTC_COMPACT_SIZE, &back), 0);
		cr_assert_eq(back.us, s * 1000000 + 42);
	}
}

Test(utc, what_is_no_time)
{
	static const char *const texts[] = {
		"",
		"2026-11-30T20:37:10.123456",
		"2026-11-30T20:37:10.123456z",
		"2026-11-30 20:37:10.123456Z",
		"2026-11-31T20:37:10.123456Z",
		"2026-02-29T20:37:10.123456Z",
		"2026-00-30T20:37:10.123456Z",
		"2026-13-30T20:37:10.123456Z",
		"2026-11-00T20:37:10.123456Z",
		"2026-11-30T24:37:10.123456Z",
		"2026-11-30T20:60:10.123456Z",
		"2026-11-30T20:37:60.123456Z",
		"1969-12-31T20:37:10.123456Z",
		"2026-11-30T20:37:10.12345 Z",
		"2026-11-30T20:37:-1.123456Z",
	};
	struct utc t = {7};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		cr_expect_eq(utc_read(texts[i], strlen(texts[i]), &t), -EINVAL, "%s", texts[i]);
	cr_expect_eq(t.us, 7);
	cr_expect_eq(utc_read("2026-11-30T20:37:10.123456Zx", 28, &t), 0);
	cr_expect_eq(utc_read_compact("20261130T203710.123456", 22, &t), -EINVAL);
}

Test(utc, local_time)
{
	char out[UTC_LOCAL_SIZE + 1] = "";

	setenv("TZ", "XXX-2", 1);
	tzset();
	utc_write_local((struct utc){INT64_C(1796071030123456)}, out);
	cr_expect_str_eq(out, "22:37:10.123");
}

Test(utc, now)
{
	time_t before = time(NULL);
	struct utc now = utc_now();

	cr_expect_geq(now.us / 1000000, before);
	/* time() may be a tick behind. */
	cr_expect_leq(now.us / 1000000, time(NULL) + 1);
}
