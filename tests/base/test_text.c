/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"

Test(text, parse_u64)
{
	static const struct {
		const char *text;
		uint64_t max;
		int r;
		uint64_t value;
	} rows[] = {
		{"0", 10, 0, 0},
		{"10", 10, 0, 10},
		{"0010", 10, 0, 10},
		{"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
		{"11", 10, -ERANGE, 0},
		{"18446744073709551616", UINT64_MAX, -ERANGE, 0},
		{"99999999999999999999999999", UINT64_MAX, -ERANGE, 0},
		{"36893488147419103232", UINT64_MAX, -ERANGE, 0},
		{"", 10, -EINVAL, 0},
		{" 1", 10, -EINVAL, 0},
		{"1 ", 10, -EINVAL, 0},
		{"+1", 10, -EINVAL, 0},
		{"-1", 10, -EINVAL, 0},
		{"0x1", 10, -EINVAL, 0},
		{"1.0", 10, -EINVAL, 0},
		{"99999999999999999999999999x", 10, -EINVAL, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t value = 77;
		int r = text_parse_u64(rows[i].text, rows[i].max, &value);

		cr_expect_eq(r, rows[i].r, "\"%s\": %d", rows[i].text, r);
		cr_expect_eq(value, r == 0 ? rows[i].value : 77, "\"%s\"", rows[i].text);
	}
}

Test(text, parse_bool)
{
	static const struct {
		const char *text;
		int r;
		bool value;
	} rows[] = {
		{"yes", 0, true},        {"no", 0, false},
		{"true", 0, true},       {"false", 0, false},
		{"on", 0, true},         {"off", 0, false},
		{"1", 0, true},          {"0", 0, false},
		{"", -EINVAL, false},    {"y", -EINVAL, false},
		{"Yes", -EINVAL, false}, {"2", -EINVAL, false},
		{"no ", -EINVAL, false}, {"yesyes", -EINVAL, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (int before = 0; before < 2; before++) {
			bool value = before;
			int r = text_parse_bool(rows[i].text, &value);

			cr_expect_eq(r, rows[i].r, "\"%s\"", rows[i].text);
			cr_expect_eq(value, r == 0 ? rows[i].value : before, "\"%s\"",
				     rows[i].text);
		}
	}
}

Test(text, parse_size)
{
	static const struct {
		const char *text;
		int r;
		uint64_t value;
	} rows[] = {
		{"0", 0, 0},
		{"512", 0, 512},
		{"64K", 0, 65536},
		{"10M", 0, 10 << 20},
		{"1G", 0, 1 << 30},
		{"2T", 0, UINT64_C(2) << 40},
		{"infinity", 0, UINT64_MAX},
		{"18446744073709551614", 0, UINT64_MAX - 1},
		{"18446744073709551615", -ERANGE, 0},
		{"18446744073709551616", -ERANGE, 0},
		{"17179869184G", -ERANGE, 0},
		{"99999999999999999999K", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"K", -EINVAL, 0},
		{"1k", -EINVAL, 0},
		{"1KB", -EINVAL, 0},
		{"1 K", -EINVAL, 0},
		{"1.5M", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"infinityK", -EINVAL, 0},
		{"99999999999999999999X", -EINVAL, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t value = 77;
		int r = text_parse_size(rows[i].text, &value);

		cr_expect_eq(r, rows[i].r, "\"%s\": %d", rows[i].text, r);
		cr_expect_eq(value, r == 0 ? rows[i].value : 77, "\"%s\"", rows[i].text);
	}
}

/* Which second and third bytes a reference decoder would let pass, by the code point they make. */
static bool is_character(const unsigned char *p, size_t size)
{
	static const uint32_t smallest[] = {0, 1, 0x80, 0x800, 0x10000};
	uint32_t code = *p;

	if (size > 1)
		code = *p & (0x7fu >> size);
	if ((size == 1 && *p >= 0x80) ||
	    (size > 1 && (*p & (0xff00u >> (size + 1) & 0xff)) != (0xff00u >> size & 0xff)))
		return false;
	for (size_t i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return false;
		code = code << 6 | (p[i] & 0x3f);
	}
	return code >= smallest[size] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

static bool is_utf8_by_reference(const unsigned char *p, size_t size)
{
	for (size_t at = 0, step; at < size; at += step) {
		for (step = 1; step <= 4; step++) {
			if (at + step <= size && is_character(p + at, step))
				break;
		}
		if (step > 4)
			return false;
	}
	return true;
}

Test(text, is_utf8_for_all_short_texts)
{
	/* All of one and two bytes; three and four over the bytes where the rules change. */
	static const unsigned char edges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0,
					      0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xec, 0xed,
					      0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
	const size_t n = ARRAY_LEN(edges);
	unsigned char p[4];

	for (unsigned int i = 0; i < 65536; i++) {
		p[0] = (unsigned char)(i >> 8);
		p[1] = (unsigned char)i;
		cr_assert_eq(text_is_utf8((char *)p, 1), is_utf8_by_reference(p, 1), "%04x", i);
		cr_assert_eq(text_is_utf8((char *)p, 2), is_utf8_by_reference(p, 2), "%04x", i);
	}
	for (size_t i = 0; i < n * n * n * n; i++) {
		for (size_t at = 0, rest = i; at < 4; at++, rest /= n)
			p[at] = edges[rest % n];
		for (size_t size = 3; size <= 4; size++)
			cr_assert_eq(text_is_utf8((char *)p, size), is_utf8_by_reference(p, size),
				     "%02x %02x %02x %02x", p[0], p[1], p[2], p[3]);
	}
}

Test(text, is_utf8)
{
	static const struct {
		const char *name;
		const char *data;
		size_t size;
		bool valid;
	} rows[] = {
		{"empty", "", 0, true},
		{"ascii", "web/api", 7, true},
		{"umlaut", "gr\xc3\xbc\xc3\x9f", 6, true},
		{"euro", "\xe2\x82\xac", 3, true},
		{"last character", "\xf4\x8f\xbf\xbf", 4, true},
		{"NUL", "a\0b", 3, false},
		{"cut short", "\xe2\x82", 2, false},
		{"overlong slash", "\xc0\xaf", 2, false},
		{"surrogate", "\xed\xa0\x80", 3, false},
		{"too high", "\xf4\x90\x80\x80", 4, false},
		{"latin 1", "gr\xfc\xdf", 4, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_eq(text_is_utf8(rows[i].data, rows[i].size), rows[i].valid, "%s",
			     rows[i].name);
}

Test(text, nearest)
{
	static const char *const words[] = {"restart", "status", "start",    "stop",
					    "tree",    "wait",   "shutdown", NULL};
	static const struct {
		const char *word;
		const char *nearest;
	} rows[] = {
		{"status", "status"}, /* itself */
		{"statsu", "status"}, /* swapped */
		{"statu", "status"},  /* one missing */
		{"statuss", "status"},
		{"stats", "status"},
		{"strat", "start"},
		{"stpo", "stop"},
		{"stp", "stop"},
		{"tre", "tree"},
		{"restrat", "restart"},
		{"shutdwon", "shutdown"},
		{"shutdn", "shutdown"},
		{"wiat", "wait"},
		{"", NULL},
		{"s", NULL},
		{"xy", NULL},
		{"xyz", NULL},
		{"Status", "status"},
		{"STATUS", NULL},
		{"shutdownshutdown", NULL},
		{"wtaiing", NULL},
	};
	static const char *const none[] = {NULL};
	char lengthy[200] = {0};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *nearest = text_nearest(rows[i].word, words);

		if (rows[i].nearest)
			cr_expect(nearest && strcmp(nearest, rows[i].nearest) == 0, "%s: %s",
				  rows[i].word, nearest ? nearest : "none");
		else
			cr_expect_null(nearest, "%s: %s", rows[i].word, nearest);
	}
	cr_expect_null(text_nearest("status", none));
	memset(lengthy, 'a', sizeof(lengthy) - 1);
	cr_expect_null(text_nearest(lengthy, words));
	cr_expect_null(text_nearest("status", (const char *const[]){lengthy, NULL}));
	/* The first of equals; the longest word there is. */
	cr_expect_str_eq(text_nearest("abc", (const char *const[]){"abd", "abe", NULL}), "abd");
	lengthy[64] = '\0';
	cr_expect_eq(text_nearest(lengthy, (const char *const[]){lengthy, NULL}), lengthy);
}

Test(text, errno_names)
{
	static const struct {
		int error;
		const char *name;
	} rows[] = {
		{ENOENT, "ENOENT"},
		{EAGAIN, "EAGAIN"},
		{EOPNOTSUPP, "EOPNOTSUPP"},
		{EPERM, "EPERM"},
		{EHWPOISON, "EHWPOISON"},
		{EDEADLK, "EDEADLK"},
		{999, "E999"},
		{0, "E0"},
		{-1, "E-1"},
	};
	char buf[16];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_str_eq(text_errno_name(rows[i].error, buf), rows[i].name);
	/* All that the C library knows, and back again. */
	for (int error = 1; error < 200; error++) {
		const char *known = strerrorname_np(error);

		if (!known)
			continue;
		cr_expect_eq(text_errno_parse(text_errno_name(error, buf)), error, "%s", known);
		cr_expect_eq(text_errno_parse(known), error, "%s", known);
	}
	cr_expect_eq(text_errno_parse("EWOULDBLOCK"), EWOULDBLOCK);
	cr_expect_eq(text_errno_parse("ENOTSUP"), ENOTSUP);
	cr_expect_eq(text_errno_parse("ENOSUCH"), 0);
	cr_expect_eq(text_errno_parse("enoent"), 0);
	cr_expect_eq(text_errno_parse(""), 0);
	cr_expect_eq(text_errno_parse("E2"), 0);
}

Test(text, treacherous)
{
	static const uint32_t yes[] = {0,      '\n',   0x1b,   0x7f,   0x9f,   0x61c,  0x200b,
				       0x200f, 0x2028, 0x202a, 0x202e, 0x2066, 0x2069, 0xfeff};
	static const uint32_t no[] = {' ',    '~',    0xa0,   0x61b,  0x61d,  0x200a, 0x2010,
				      0x2027, 0x202f, 0x2065, 0x206a, 0xfefe, 0xff00, 0x10ffff};

	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		cr_expect(text_is_treacherous(yes[i]), "%x", (unsigned)yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		cr_expect(!text_is_treacherous(no[i]), "%x", (unsigned)no[i]);
}
