/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)
#define S INT64_C(1000000000)
#define MIN (60 * S)
#define H (60 * MIN)
#define D (24 * H)

Test(clock, span_parse)
{
	static const struct {
		const char *text;
		int r;
		int64_t ns;
	} rows[] = {
		{"0", 0, 0},
		{"5", 0, 5 * S},
		{"5s", 0, 5 * S},
		{"5sec", 0, 5 * S},
		{"5 s", 0, 5 * S},
		{"  5s\t", 0, 5 * S},
		{"500ms", 0, 500 * MS},
		{"7us", 0, 7 * US},
		{"7ns", 0, 7},
		{"2min", 0, 2 * MIN},
		{"2m", 0, 2 * MIN},
		{"2h", 0, 2 * H},
		{"1d", 0, D},
		{"1min 30s", 0, 90 * S},
		{"1min30s", 0, 90 * S},
		{"30s 1min", 0, 90 * S},
		{"1d 2h 3min 4s 5ms 6us 7ns", 0, D + 2 * H + 3 * MIN + 4 * S + 5 * MS + 6 * US + 7},
		{"1.5s", 0, 1500 * MS},
		{"1.5", 0, 1500 * MS},
		{"0.25min", 0, 15 * S},
		{"0.000000001s", 0, 1},
		{"1.50000000000000000000s", 0, 1500 * MS},
		{"1.5us", 0, 1500},
		{"0.1d", 0, 144 * MIN},
		{"infinity", 0, INT64_MAX},
		{" infinity", 0, INT64_MAX},
		{"9223372036s", 0, 9223372036 * S},
		{"9223372036854775806ns", 0, INT64_MAX - 1},
		{"9223372036854775807ns", -ERANGE, 0},
		{"9223372037s", -ERANGE, 0},
		{"9223372036s 1s", -ERANGE, 0},
		{"99999999999999999999999s", -ERANGE, 0},
		{"106752d", -ERANGE, 0},
		{"99999999999999999999999x", -EINVAL, 0},
		{"9223372037s x", -EINVAL, 0},
		{"0.0000000001s", -EINVAL, 0},
		{"1.5ns", -EINVAL, 0},
		{"", -EINVAL, 0},
		{" ", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{".5s", -EINVAL, 0},
		{"5.", -EINVAL, 0},
		{"5.s", -EINVAL, 0},
		{"1.2.3s", -EINVAL, 0},
		{"5x", -EINVAL, 0},
		{"5S", -EINVAL, 0},
		{"5seconds", -EINVAL, 0},
		{"5s,", -EINVAL, 0},
		{"5 30", -EINVAL, 0},
		{"5s 30", -EINVAL, 0},
		{"5 30s", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"infinity 5s", -EINVAL, 0},
		{"Infinity", -EINVAL, 0},
		{"inf", -EINVAL, 0},
		{"\xc2\xb5s", -EINVAL, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct span span = {-7};
		int r = span_parse(rows[i].text, &span);

		cr_expect_eq(r, rows[i].r, "\"%s\": %d", rows[i].text, r);
		cr_expect_eq(span.ns, r == 0 ? rows[i].ns : -7, "\"%s\": %ld", rows[i].text,
			     (long)span.ns);
	}
}

Test(clock, span_format)
{
	static const struct {
		int64_t ns;
		const char *text;
	} rows[] = {
		{0, "0s"},
		{1, "1ns"},
		{1500, "1us 500ns"},
		{500 * MS, "500ms"},
		{1500 * MS, "1s 500ms"},
		{5 * S, "5s"},
		{90 * S, "1min 30s"},
		{60 * MIN, "1h"},
		{24 * H, "1d"},
		{D + 1, "1d 1ns"},
		{-1, "0s"},
		{INT64_MAX, "infinity"},
		{INT64_MAX - 1, "106751d 23h 47min 16s 854ms 775us 806ns"},
	};
	char buf[SPAN_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = span_format((struct span){rows[i].ns}, buf);

		cr_expect_eq(text, buf);
		cr_expect_str_eq(text, rows[i].text);
	}
}

Test(clock, what_is_formatted_parses_to_the_same)
{
	char buf[SPAN_TEXT_MAX];

	for (int bits = 0; bits < 63; bits++) {
		for (int64_t d = -2; d <= 2; d++) {
			struct span span = {(INT64_C(1) << bits) + d}, again = {-1};

			if (span.ns < 0)
				continue;
			cr_expect_eq(span_parse(span_format(span, buf), &again), 0, "%s", buf);
			cr_expect_eq(again.ns, span.ns, "%s", buf);
		}
	}
}

Test(clock, sums_saturate)
{
	static const struct {
		const char *name;
		int64_t time, span, sum;
	} rows[] = {
		{"plain", 5, 7, 12},
		{"infinite span", 5, INT64_MAX, INT64_MAX},
		{"never plus a span", INT64_MAX, 1, INT64_MAX},
		{"never plus nothing", INT64_MAX, 0, INT64_MAX},
		{"just too far", INT64_MAX - 5, 6, INT64_MAX},
		{"just not too far", INT64_MAX - 7, 6, INT64_MAX - 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mono sum =
			mono_add((struct mono){rows[i].time}, (struct span){rows[i].span});

		cr_expect_eq(sum.ns, rows[i].sum, "%s", rows[i].name);
	}
	cr_expect_eq(mono_between((struct mono){3}, (struct mono){10}).ns, 7);
	cr_expect_eq(mono_between((struct mono){10}, (struct mono){3}).ns, 0);
	cr_expect(span_is_infinite(SPAN_INFINITY));
	cr_expect_not(span_is_infinite(SPAN_S(1)));
	cr_expect_eq(SPAN_MS(3).ns, 3 * MS);
}
