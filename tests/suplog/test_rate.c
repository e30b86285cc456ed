/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "suplog/rate.h"

static struct mono at(int64_t seconds)
{
	return (struct mono){seconds * 1000000000};
}

/* What passes of data. */
static void judge(struct rate *rate, struct mono now, const char *data, struct buf *ret_passed)
{
	size_t left = strlen(data);

	while (left > 0) {
		bool pass;
		size_t n = rate_judge(rate, now, 100, data, left, &pass);

		cr_assert(n > 0 && n <= left);
		if (pass)
			buf_append(ret_passed, data, n);
		data += n;
		left -= n;
	}
}

static void expect(struct rate *rate, int64_t seconds, const char *data, const char *passed)
{
	struct buf out = BUF_INIT;

	judge(rate, at(seconds), data, &out);
	cr_expect_str_eq(buf_text(&out), passed, "%s at %ld: %s", data, (long)seconds,
			 buf_text(&out));
	buf_fini(&out);
}

Test(rate, no_limit)
{
	struct rate rate;

	rate_init(&rate, 0, SPAN_S(1));
	expect(&rate, 0, "a\nb\nc\n\n\n", "a\nb\nc\n\n\n");
}

Test(rate, so_many_in_a_window)
{
	struct rate rate;

	rate_init(&rate, 3, SPAN_S(10));
	expect(&rate, 100, "a\nb\nc\nd\ne\n", "a\nb\nc\n");
	expect(&rate, 109, "f\n", "");
	expect(&rate, 110, "g\nh\n", "g\nh\n");
	expect(&rate, 119, "i\nj\n", "i\n");
	expect(&rate, 125, "k\n", "k\n"); /* a window opens with a line */
	expect(&rate, 134, "l\nm\nn\n", "l\nm\n");
}

Test(rate, lines_in_pieces)
{
	struct rate rate;

	rate_init(&rate, 2, SPAN_S(10));
	expect(&rate, 0, "a", "a");
	expect(&rate, 0, "a\nb", "a\nb");
	expect(&rate, 1, "b\nc", "b\n");
	expect(&rate, 2, "c", "");
	expect(&rate, 20, "c\nd\n", "d\n"); /* a window does not begin in the midst of a line */
}

Test(rate, output_without_end)
{
	struct rate rate;
	char line[1001];
	size_t passed = 0;

	memset(line, 'x', sizeof(line) - 1);
	line[1000] = '\n';
	rate_init(&rate, 25, SPAN_S(10));
	for (int i = 0; i < 10; i++) {
		bool pass;

		cr_assert_eq(rate_judge(&rate, at(0), 100, line, sizeof(line), &pass),
			     sizeof(line));
		passed += pass;
	}
	cr_assert_eq(passed, 3); /* of eleven lines each */
}

/* In whatever pieces it comes: the same lines pass. */
Test(rate, every_cut)
{
	static const char data[] = "one\ntwo\nthree\n\nfour\nfive\n";

	for (uint64_t lines = 1; lines < 8; lines++) {
		struct buf once = BUF_INIT;
		struct rate rate;

		rate_init(&rate, lines, SPAN_S(10));
		judge(&rate, at(0), data, &once);
		for (size_t cut = 0; cut < sizeof(data); cut++) {
			struct buf out = BUF_INIT;
			char *first = strndup(data, cut);

			rate_init(&rate, lines, SPAN_S(10));
			judge(&rate, at(0), first, &out);
			judge(&rate, at(0), data + cut, &out);
			cr_assert_str_eq(buf_text(&out), buf_text(&once), "%zu", cut);
			free(first);
			buf_fini(&out);
		}
		buf_fini(&once);
	}
}
