/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <string.h>

#include "base/macros.h"
#include "supd/said_text.h"

Test(said_text, shown)
{
	static const struct {
		const char *text, *shown; /* NULL: refused */
	} rows[] = {
		{"", ""},
		{"ready to serve", "ready to serve"},
		{"caf\303\251 \342\202\254 \360\237\221\215",
		 "caf\303\251 \342\202\254 \360\237\221\215"},
		{"a\033[2Jb", "a [2Jb"},
		{"a\tb\r\n", "a b"},
		{"a\177b", "a b"},
		{"\302\205\302\237\302\240", "  \302\240"},
		{"a\330\234b", "a b"},                    /* U+061C */
		{"a\342\200\216b\342\200\217c", "a b c"}, /* U+200E, U+200F */
		{"\342\200\250\342\200\256x", "  x"},     /* U+2028, U+202E */
		{"\342\201\246x\342\201\251", " x"},      /* U+2066, U+2069 */
		{"\342\200\215", "\342\200\215"},         /* U+200D joins characters */
		{"\377", NULL},
		{"a\303", NULL},
		{"\300\200", NULL},
		{"\355\240\200", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char out[64] = "untouched";

		cr_expect_eq(said_clean(rows[i].text, out, sizeof(out)), rows[i].shown != NULL,
			     "row %zu", i);
		cr_expect_str_eq(out, rows[i].shown ? rows[i].shown : "untouched", "row %zu", i);
	}
}

/* Every size of the room: what stands in it is whole, and no byte behind it is touched. */
Test(said_text, cut)
{
	static const char text[] = "a\303\251\342\202\254\360\237\221\215z";
	static const size_t whole[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};

	for (size_t size = 1; size <= ARRAY_LEN(whole); size++) {
		char out[16];

		memset(out, '#', sizeof(out));
		cr_assert(said_clean(text, out, size));
		cr_expect_eq(strlen(out), whole[size - 1], "%zu: %zu", size, strlen(out));
		cr_expect_eq(memcmp(out, text, strlen(out)), 0, "%zu", size);
		cr_expect_eq(out[size], '#', "%zu", size);
	}
}
