/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "logs/line.h"
#include "suplog/string.h"

#define ROW(from, to)                      \
	{                                  \
		from, sizeof(from) - 1, to \
	}

Test(string, texts)
{
	static const struct {
		const char *from;
		size_t size;
		const char *to;
	} rows[] = {
		ROW("", ""),
		ROW("plain text that is longer than sixteen bytes",
		    "plain text that is longer than sixteen bytes"),
		ROW("\"quoted\" \\ and more of it behind that",
		    "\\\"quoted\\\" \\\\ and more of it behind that"),
		ROW("\b\t\n\v\f\r\0\33\37 ~\177",
		    "\\b\\t\\n\\u000b\\f\\r\\u0000\\u001b\\u001f ~\177"),
		ROW("gr\303\274n \342\202\254 \360\237\230\200",
		    "gr\303\274n \342\202\254 \360\237\230\200"),
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = BUF_INIT;

		cr_assert(string_is_text(rows[i].from, rows[i].size));
		cr_assert_eq(string_put(&out, rows[i].from, rows[i].size), 0);
		cr_expect_str_eq(buf_text(&out), rows[i].to, "row %zu: %s", i, buf_text(&out));
		buf_fini(&out);
	}
}

/* Every byte in every place of two steps. */
Test(string, each_byte_in_each_place)
{
	for (int byte = 0; byte < 256; byte++) {
		for (size_t at = 0; at < 40; at++) {
			bool plain = byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';
			char text[40];

			memset(text, 'x', sizeof(text));
			text[at] = (char)byte;
			cr_assert_eq(string_plain_span(text, sizeof(text)),
				     plain ? sizeof(text) : at, "%d at %zu", byte, at);
			cr_assert_eq(string_is_text(text, sizeof(text)), byte < 0x80);
		}
	}
}

/* Is what base/text.h says, but for a NUL. */
Test(string, what_is_text)
{
	srand(1);
	for (int run = 0; run < 100000; run++) {
		static const unsigned char bytes[] = {'a',  'b',  0x80, 0xbf, 0xc2,
						      0xc3, 0xe0, 0xa0, 0xed, 0x9f,
						      0xf0, 0x90, 0xf4, 0x8f, 0xff};
		char text[24];

		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = (char)(rand() % 3 ? 'x' : bytes[(size_t)rand() % sizeof(bytes)]);
		cr_assert_eq(string_is_text(text, sizeof(text)), text_is_utf8(text, sizeof(text)));
	}
}
