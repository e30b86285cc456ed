/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "logs/escape.h"

#define ROW(from, to)                      \
	{                                  \
		from, sizeof(from) - 1, to \
	}

Test(escape, rows)
{
	static const struct {
		const char *from;
		size_t size;
		const char *to;
	} rows[] = {
		ROW("", ""),
		ROW("plain text\twith a tab, a \\ and more than eight bytes",
		    "plain text\twith a tab, a \\ and more than eight bytes"),
		ROW("\33[31mred\33[0m", "\\x1b[31mred\\x1b[0m"),
		ROW("a\0b\rc\nd\177", "a\\x00b\\x0dc\\x0ad\\x7f"),
		ROW("gr\303\274n \342\202\254 \360\237\230\200",
		    "gr\303\274n \342\202\254 \360\237\230\200"),
		ROW("\302\233"
		    "31m",
		    "\\xc2\\x9b31m"),        /* CSI in UTF-8 */
		ROW("\302\240", "\302\240"), /* the first behind them */
		ROW("\233"
		    "31m",
		    "\\x9b31m"), /* CSI in ISO 8859-1 */
		ROW("\377\376", "\\xff\\xfe"),
		ROW("\342\202", "\\xe2\\x82"),          /* a piece of a character */
		ROW("\355\240\200", "\\xed\\xa0\\x80"), /* a surrogate */
		ROW("\300\233", "\\xc0\\x9b"),          /* overlong */
		/* what turns direction, is no line's end, or takes no room */
		ROW("a\342\200\256b", "a\\xe2\\x80\\xaeb"),
		ROW("\342\201\246\342\201\251", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9"),
		ROW("\330\234", "\\xd8\\x9c"),
		ROW("\342\200\250\342\200\251", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9"),
		ROW("\342\200\213\342\200\215", "\\xe2\\x80\\x8b\\xe2\\x80\\x8d"),
		ROW("\357\273\277", "\\xef\\xbb\\xbf"),
		/* their neighbours */
		ROW("\330\233\330\235\342\200\212\342\200\220\342\200\247\342\200\257",
		    "\330\233\330\235\342\200\212\342\200\220\342\200\247\342\200\257"),
		ROW("\342\201\245\342\201\252\357\273\276\357\274\200",
		    "\342\201\245\342\201\252\357\273\276\357\274\200"),
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = BUF_INIT;

		cr_assert_eq(escape_text(&out, rows[i].from, rows[i].size), 0);
		cr_expect_str_eq(buf_text(&out), rows[i].to, "row %zu: %s", i, buf_text(&out));
		buf_fini(&out);
	}
}

/* Every byte in every place of two words. */
Test(escape, each_byte_in_each_place)
{
	for (int byte = 0; byte < 256; byte++) {
		for (size_t at = 0; at < 16; at++) {
			bool plain = (byte >= ' ' && byte < 0x7f) || byte == '\t';
			char text[16];

			memset(text, 'x', sizeof(text));
			text[at] = (char)byte;
			cr_assert_eq(escape_plain_span(text, sizeof(text)),
				     plain ? sizeof(text) : at, "%d at %zu", byte, at);
		}
	}
}

Test(escape, nothing_dangerous_comes_out)
{
	srand(1);
	for (int run = 0; run < 20000; run++) {
		struct buf out = BUF_INIT;
		char text[24];

		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = (char)(rand() % 3 ? rand() : 0xc2 + rand() % 2);
		cr_assert_eq(escape_text(&out, text, sizeof(text)), 0);
		cr_assert(text_is_utf8(buf_text(&out), out.size));
		for (size_t i = 0; i < out.size; i++) {
			unsigned char c = (unsigned char)out.data[i];

			cr_assert(c >= ' ' || c == '\t');
			cr_assert(c != 0x7f);
			if (c == 0xc2)
				cr_assert_geq((unsigned char)out.data[i + 1], 0xa0);
		}
		buf_fini(&out);
	}
}
