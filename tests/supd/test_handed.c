/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>

#include "supd/handed.h"
#include "tests/support/alloc.h"

Test(handed, in_the_order_of_their_numbers)
{
	static const int targets[] = {10, 3, 5, 4, 7};
	static const int next[] = {3, 4, 4, 6, 6};
	struct handed h = {0};

	cr_expect_eq(handed_next(&h), 3);
	for (int i = 0; i < 5; i++) {
		cr_assert_eq(handed_add(&h, 100 + i, targets[i], STEP_MAILBOX), 0);
		cr_expect_eq(handed_next(&h), next[i], "after %d", targets[i]);
	}
	for (size_t i = 1; i < h.n; i++)
		cr_expect_lt(h.fds[i - 1].target, h.fds[i].target);
	cr_expect_eq(h.fds[4].fd, 100);
	handed_clear(&h);
	cr_expect_eq(h.n, 0);
	cr_expect_eq(handed_next(&h), 3);
	handed_fini(&h);
	handed_fini(&h);
}

Test(handed, a_number_is_given_once)
{
	struct handed h = {0};

	for (int target = 3; target < 40; target += 2)
		cr_assert_eq(handed_add(&h, 100, target, STEP_NONE), 0);
	for (int target = 3; target < 40; target += 2)
		cr_expect_eq(handed_add(&h, 100, target, STEP_NONE), -EEXIST, "%d", target);
	cr_expect_eq(h.n, 19);
	handed_fini(&h);
}

Test(handed, memory_is_short)
{
	struct handed h = {0};

	alloc_fail_at(1);
	cr_expect_eq(handed_add(&h, 100, 3, STEP_NONE), -ENOMEM);
	cr_expect(alloc_fail_end());
	cr_expect_eq(h.n, 0);
	cr_expect_eq(handed_add(&h, 100, 3, STEP_NONE), 0);
	handed_fini(&h);
}
