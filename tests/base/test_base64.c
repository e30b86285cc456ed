/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "base/macros.h"

Test(base64, there_and_back)
{
	static const struct {
		const char *from, *to;
	} rows[] = {/* RFC 4648, 10 */
		    {"", ""},
		    {"f", "Zg=="},
		    {"fo", "Zm8="},
		    {"foo", "Zm9v"},
		    {"foob", "Zm9vYg=="},
		    {"fooba", "Zm9vYmE="},
		    {"foobar", "Zm9vYmFy"},
		    {"\377\376\375\373\357\277", "//79+++/"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = BUF_INIT;
		size_t size = strlen(rows[i].from);
		char back[8] = "";

		cr_assert_eq(base64_put(&out, rows[i].from, size), 0);
		cr_expect_str_eq(buf_text(&out), rows[i].to, "row %zu: %s", i, buf_text(&out));
		cr_expect_eq(base64_read(rows[i].to, strcspn(rows[i].to, "="), back),
			     (ssize_t)size);
		cr_expect_str_eq(back, rows[i].from, "row %zu", i);
		buf_fini(&out);
	}
}

/* Also where it is read into itself. */
Test(base64, every_byte)
{
	struct buf text = BUF_INIT;
	char bytes[256];

	for (int i = 0; i < 256; i++)
		bytes[i] = (char)i;
	cr_assert_eq(base64_put(&text, bytes, sizeof(bytes)), 0);
	cr_assert_eq(text.size, 344);
	cr_assert_eq(base64_read(text.data, 342, text.data), 256);
	cr_expect_eq(memcmp(text.data, bytes, sizeof(bytes)), 0);
	buf_fini(&text);
}

Test(base64, what_is_none)
{
	static const char *const rows[] = {"A", "AAAAA", "AA=", "A A", "AA\n", "AA-_", "Zg=="};
	char out[8];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_eq(base64_read(rows[i], strlen(rows[i]), out), -EINVAL, "%s", rows[i]);
}
