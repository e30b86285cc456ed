/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "supd/limits.h"

Test(limits, raised_to_the_hard_ones)
{
	struct rlimit low = {.rlim_cur = 100}, now;
	struct limits limits;

	getrlimit(RLIMIT_NOFILE, &now);
	low.rlim_max = now.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	limits_raise(&limits);
	cr_assert(limits.nofile_raised);
	cr_assert_eq(limits.nofile.rlim_cur, 100);
	getrlimit(RLIMIT_NOFILE, &now);
	cr_assert_eq(now.rlim_cur, low.rlim_max);
	limits_raise(&limits);
	cr_assert(!limits.nofile_raised, "there was nothing to raise");
}

Test(limits, what_is_in_the_way_is_named)
{
	struct rlimit low = {500, 500};
	struct buf why = BUF_INIT;

	if (geteuid() == 0)
		cr_assert(setgid(65534) == 0 && setuid(65534) == 0);
	cr_assert_eq(limits_check(10, &why), 0);
	cr_assert_eq(why.size, 0);
	cr_assert_eq(setrlimit(RLIMIT_NPROC, &low), 0);
	cr_assert_eq(limits_check(436, &why), 0);
	cr_assert_eq(limits_check(437, &why), -EAGAIN);
	cr_assert(strstr(buf_text(&why), "437 services: ") && strstr(buf_text(&why), "ulimit -u") &&
			  strstr(buf_text(&why), "is 500"),
		  "%s", buf_text(&why));
	buf_fini(&why);
}

/* No host has that many OS pids. */
Test(limits, more_than_any_kernel_has)
{
	struct buf why = BUF_INIT;

	cr_assert_eq(limits_check(5000000, &why), -EAGAIN);
	cr_assert_gt(why.size, 0);
	buf_fini(&why);
}
