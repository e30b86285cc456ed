/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "folder.h"
#include "logs/read_back.h"

static void take(void *owner, const char *line, size_t size)
{
	struct buf *out = owner;

	buf_append(out, line, size);
	buf_putc(out, ';');
}

static void check(struct folder *f, size_t most, const char *expected)
{
	struct buf out = BUF_INIT;

	cr_assert_eq(read_back(f->path, "x.log", most, take, &out), 0);
	cr_expect_str_eq(buf_text(&out), expected, "%zu: %s", most, buf_text(&out));
	buf_fini(&out);
}

Test(read_back, over_files)
{
	struct folder f;

	folder_init(&f);
	check(&f, 5, "");
	folder_write(&f, "x.log.20261130T203710.123456Z", "3\n4\n", 0600);
	folder_write(&f, "x.log.20261130T203710.000000Z", "1\n2\n", 0600);
	folder_write(&f, "x.log.20261130T203711.000000Z.tmp", "no\n", 0600);
	folder_write(&f, "y.log", "no\n", 0600);
	check(&f, 1, "4;");
	/* A last line without end is none. */
	folder_write(&f, "x.log", "5\n6\nhalf", 0600);
	check(&f, 10, "1;2;3;4;5;6;");
	check(&f, 4, "4;5;6;");
	check(&f, 0, "");
	folder_fini(&f);
}

Test(read_back, no_folder)
{
	struct buf out = BUF_INIT;

	cr_assert_eq(read_back("/does/not/exist", "x.log", 3, take, &out), -ENOENT);
	buf_fini(&out);
}
