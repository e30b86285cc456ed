/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supd/texts.h"
#include "tests/support/alloc.h"

static void check_list(struct texts *t, const char *joined)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	char **list = texts_list(t);

	cr_assert_not_null(list);
	for (; *list; list++)
		buf_printf(&text, "%s;", *list);
	cr_assert_str_eq(buf_text(&text), joined);
}

Test(texts, words_as_they_come)
{
	struct texts t = {0};

	check_list(&t, "");
	texts_add(&t, "a");
	texts_add(&t, "");
	texts_add(&t, "a");
	check_list(&t, "a;;a;");
	texts_clear(&t);
	check_list(&t, "");
	texts_fini(&t);
}

Test(texts, last_setting_of_a_name_counts)
{
	struct texts t = {0};

	texts_set(&t, "A=1");
	texts_set(&t, "AB=2");
	texts_set_value(&t, "A", "3=4");
	texts_set(&t, "C=");
	check_list(&t, "A=3=4;AB=2;C=;");
	cr_assert_str_eq(texts_get(&t, "A"), "3=4");
	cr_assert_str_eq(texts_get(&t, "C"), "");
	cr_assert_null(texts_get(&t, "B"));
	texts_unset(&t, "A");
	texts_unset(&t, "NONE");
	cr_assert_null(texts_get(&t, "A"));
	check_list(&t, "AB=2;C=;");
	texts_set(&t, "A=5");
	check_list(&t, "AB=2;C=;A=5;");
	texts_clear(&t);
	cr_assert_null(texts_get(&t, "A"));
	texts_fini(&t);
}

/* Thousands of settings, twice each, without a walk over all of them for each. */
Test(texts, many_names)
{
	struct texts t = {0};
	char setting[32], name[32];
	char **list;

	for (int i = 0; i < 40000; i++) {
		snprintf(setting, sizeof(setting), "N%d=%d", i % 20000, i);
		texts_set(&t, setting);
	}
	list = texts_list(&t);
	for (int i = 0; i < 20000; i++) {
		snprintf(setting, sizeof(setting), "N%d=%d", i, i + 20000);
		cr_assert_str_eq(list[i], setting);
		snprintf(name, sizeof(name), "N%d", i);
		cr_assert_str_eq(texts_get(&t, name), strchr(setting, '=') + 1);
	}
	cr_assert_null(list[20000]);
	texts_clear(&t);
	cr_assert_eq(t.bytes.capacity, 0, "much memory is kept");
	texts_fini(&t);
}

Test(texts, memory_runs_out)
{
	for (unsigned long n = 1;; n++) {
		struct texts t = {0};
		char setting[32];
		char **list;
		bool failed;

		alloc_fail_at(n);
		for (int i = 0; i < 100; i++) {
			snprintf(setting, sizeof(setting), "N%d=%d", i, i);
			texts_set(&t, setting);
		}
		texts_unset(&t, "N1");
		list = texts_list(&t);
		failed = alloc_fail_end();
		cr_assert_eq(list == NULL, failed, "allocation %lu", n);
		texts_clear(&t);
		texts_add(&t, "again");
		check_list(&t, "again;");
		texts_fini(&t);
		if (!failed)
			break;
	}
}
