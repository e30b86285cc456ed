/* SPDX-License-Identifier: MIT */

/*
 * No test runs longer than two minutes, or five where sanitizers look at all it does. Criterion
 * 2.4.1 heeds a test's own .timeout, where it is shorter, but not its --timeout option: a test that
 * hangs would hang the whole run, and its process outlive it. So each test's process, which
 * Criterion starts with BXFI_MAP in its environment, gets an alarm of its own. An alarm passes on
 * to no child. Criterion reports such a test as a crash.
 */

#include <stdlib.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#define LIMIT_SECONDS 300
#else
#define LIMIT_SECONDS 120
#endif

__attribute__((constructor)) static void limit_start(void)
{
	if (getenv("BXFI_MAP"))
		alarm(LIMIT_SECONDS);
}
