/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/support/alloc.h"

Test(buf, empty)
{
	struct buf b = BUF_INIT;

	cr_assert_str_eq(buf_text(&b), "");
	buf_clear(&b);
	buf_consume(&b, 10);
	cr_assert_eq(b.size, 0u);
	buf_fini(&b);
	buf_fini(&b);
}

Test(buf, appends_in_order)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	cr_assert_eq(buf_puts(&b, "one"), 0);
	cr_assert_eq(buf_putc(&b, ' '), 0);
	cr_assert_eq(buf_append(&b, "two!", 3), 0);
	cr_assert_eq(buf_printf(&b, " %d%s", 3, "rd"), 0);
	cr_assert_eq(buf_append(&b, NULL, 0), 0);
	cr_assert_str_eq(buf_text(&b), "one two 3rd");
	cr_assert_eq(b.size, strlen("one two 3rd"));
	buf_clear(&b);
	cr_assert_str_eq(buf_text(&b), "");
	cr_assert_eq(buf_puts(&b, "again"), 0);
	cr_assert_str_eq(buf_text(&b), "again");
}

Test(buf, nul_follows_at_every_size)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	for (size_t n = 1; n <= 5000; n++) {
		cr_assert_eq(buf_putc(&b, (char)('a' + n % 26)), 0);
		cr_assert_eq(b.size, n);
		cr_assert_lt(b.size, b.capacity);
		cr_assert_eq(b.data[n], '\0');
	}
	for (size_t n = 1; n <= 5000; n++)
		cr_assert_eq(b.data[n - 1], (char)('a' + n % 26), "byte %zu", n);
}

Test(buf, printf_of_every_length)
{
	for (int n = 0; n < 300; n++) {
		CLEANUP(buf_fini) struct buf b = BUF_INIT;

		cr_assert_eq(buf_puts(&b, "x"), 0);
		cr_assert_eq(buf_printf(&b, "%*s", n, ""), 0);
		cr_assert_eq(b.size, (size_t)n + 1);
		cr_assert_eq(strlen(b.data), (size_t)n + 1, "%d", n);
	}
}

Test(buf, consume)
{
	static const struct {
		size_t n;
		const char *left;
	} rows[] = {{0, "abcdef"}, {1, "bcdef"}, {5, "f"}, {6, ""}, {7, ""}, {SIZE_MAX, ""}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf b = BUF_INIT;

		buf_puts(&b, "abcdef");
		buf_consume(&b, rows[i].n);
		cr_assert_str_eq(buf_text(&b), rows[i].left, "consume %zu", rows[i].n);
		cr_assert_eq(b.size, strlen(rows[i].left));
	}
}

Test(buf, reserve_then_write)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	char *to;

	buf_puts(&b, "ab");
	to = buf_reserve(&b, 1000);
	cr_assert_not_null(to);
	cr_assert_eq(to, b.data + 2);
	memset(to, 'c', 1000);
	b.size += 1000;
	buf_puts(&b, "d");
	cr_assert_eq(b.size, 1003u);
	cr_assert_eq(b.data[1001], 'c');
	cr_assert_str_eq(b.data + 1002, "d");
}

Test(buf, take)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	char *empty, *text;

	empty = buf_take(&b);
	cr_assert_str_eq(empty, "");
	buf_puts(&b, "text");
	text = buf_take(&b);
	cr_assert_str_eq(text, "text");
	cr_assert_null(b.data);
	cr_assert_eq(b.size, 0u);
	free(empty);
	free(text);
}

Test(buf, an_error_sticks_until_clear)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	buf_puts(&b, "kept");
	alloc_fail_at(1);
	cr_assert_null(buf_reserve(&b, 1000));
	cr_assert(alloc_fail_end());
	cr_assert_eq(b.error, -ENOMEM);
	cr_assert_eq(buf_puts(&b, "x"), -ENOMEM);
	cr_assert_eq(buf_putc(&b, 'x'), -ENOMEM);
	cr_assert_eq(buf_printf(&b, "%d", 1), -ENOMEM);
	cr_assert_eq(buf_append(&b, "x", 1), -ENOMEM);
	cr_assert_null(buf_reserve(&b, 0));
	cr_assert_null(buf_take(&b));
	cr_assert_str_eq(buf_text(&b), "kept");
	buf_clear(&b);
	cr_assert_eq(buf_puts(&b, "new"), 0);
	cr_assert_str_eq(buf_text(&b), "new");
}

Test(buf, sizes_that_overflow)
{
	static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2 + 1, SIZE_MAX / 2};

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		CLEANUP(buf_fini) struct buf b = BUF_INIT;

		buf_puts(&b, "x");
		cr_assert_null(buf_reserve(&b, sizes[i]), "%zu", sizes[i]);
		cr_assert_eq(b.error, -ENOMEM);
	}
}

Test(buf, the_nth_allocation_fails)
{
	for (unsigned long n = 1;; n++) {
		CLEANUP(buf_fini) struct buf b = BUF_INIT;
		int r = 0;

		alloc_fail_at(n);
		for (int i = 0; i < 500 && r == 0; i++)
			r = buf_printf(&b, "%d,", i);
		if (!alloc_fail_end()) {
			cr_assert_eq(r, 0);
			cr_assert_gt(n, 3u);
			break;
		}
		cr_assert_eq(r, -ENOMEM, "allocation %lu", n);
		cr_assert_eq(strlen(buf_text(&b)), b.size, "allocation %lu", n);
	}
}

Test(macros, take_and_cleanup)
{
	CLEANUP(cleanup_free) char *owned = strdup("x");
	CLEANUP(cleanup_free) char *other = TAKE(owned);

	cr_assert_null(owned);
	cr_assert_str_eq(other, "x");
	cr_assert_eq(MAX_OF(1, 2), 2);
	cr_assert_eq(MIN_OF(1, 2), 1);
}
