/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>

#include "base/strings.h"
#include "tests/support/alloc.h"

static char one[] = "one", empty[] = "";

Test(strings, copies_are_their_own)
{
	char *list[] = {one, empty, NULL};
	char **copy = strings_copy(list);

	cr_assert_not_null(copy);
	cr_expect_str_eq(copy[0], "one");
	cr_expect_neq(copy[0], list[0]);
	cr_expect_str_eq(copy[1], "");
	cr_expect_null(copy[2]);
	strings_free(copy);
	copy = strings_copy(list + 2);
	cr_assert_not_null(copy, "an empty list is one");
	cr_expect_null(copy[0]);
	strings_free(copy);
	cr_expect_null(strings_copy(NULL));
	strings_free(NULL);
}

Test(strings, every_allocation_may_fail)
{
	char *list[] = {one, empty, NULL};
	long before = alloc_live();

	for (unsigned long n = 1;; n++) {
		char **copy;

		alloc_fail_at(n);
		copy = strings_copy(list);
		if (!alloc_fail_end()) {
			strings_free(copy);
			break;
		}
		cr_expect_null(copy, "allocation %lu", n);
	}
	cr_expect_eq(alloc_live(), before);
}
