/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "wire/json_text.h"

Test(json_text, strings)
{
	static const struct {
		const char *from, *to; /* NULL: it is none */
	} rows[] = {
		{"\"", ""},
		{"plain\" behind", "plain"},
		{"\\\"a\\\"\\\\\\/\"", "\"a\"\\/"},
		{"\\b\\f\\n\\r\\t\"", "\b\f\n\r\t"},
		{"gr\\u00fcn \\u20ac \\ud83d\\ude00\"",
		 "gr\303\274n \342\202\254 \360\237\230\200"},
		{"\\u00e9\\u00E9\"", "\303\251\303\251"},
		{"no end", NULL},
		{"no end\\\"", NULL},
		{"", NULL},
		{"\\x\"", NULL},
		{"\\u12\"", NULL},
		{"\\u12g4\"", NULL},
		{"\\ude00\"", NULL},
		{"\\ud83d\"", NULL},
		{"\\ud83d\\u0041\"", NULL},
		{"\\ud83dxxxxxx\"", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *at = rows[i].from, *end = at + strlen(at);
		struct buf out = BUF_INIT;

		cr_expect_eq(json_text_read(&at, end, &out), rows[i].to != NULL, "row %zu", i);
		if (rows[i].to) {
			cr_expect_str_eq(buf_text(&out), rows[i].to, "row %zu", i);
			cr_expect_eq(*at, '"');
		}
		buf_fini(&out);
	}
}

/* Wherever it is cut off, it has no end, and nothing behind that is looked at. */
Test(json_text, every_cut)
{
	static const char text[] = "a\\\"b\\\\c\\u20acd\\ud83d\\ude00e\"";

	for (size_t size = 0; size < sizeof(text) - 2; size++) {
		char *copy = malloc(size + 1);
		const char *at = copy;
		struct buf out = BUF_INIT;

		memcpy(copy, text, size);
		cr_expect_not(json_text_read(&at, copy + size, &out), "%zu", size);
		cr_expect_leq(at, copy + size);
		buf_fini(&out);
		free(copy);
	}
}
