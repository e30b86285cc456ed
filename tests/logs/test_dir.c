/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "logs/dir.h"

static void expect(const char *state, const char *home, const char *dir)
{
	struct buf out = BUF_INIT;

	unsetenv("XDG_STATE_HOME");
	unsetenv("HOME");
	if (state)
		setenv("XDG_STATE_HOME", state, 1);
	if (home)
		setenv("HOME", home, 1);
	if (dir) {
		cr_expect_eq(logs_default_dir(&out), 0);
		cr_expect_str_eq(buf_text(&out), dir);
	} else {
		cr_expect_eq(logs_default_dir(&out), -ENOENT);
	}
	buf_fini(&out);
}

Test(dir, of_root)
{
	if (geteuid() != 0)
		cr_skip_test("needs root");
	expect("/s", "/h", "/var/log/supd");
	expect(NULL, NULL, "/var/log/supd");
}

Test(dir, of_a_user)
{
	if (geteuid() == 0)
		cr_assert_eq(setuid(65534), 0);
	expect("/s", "/h", "/s/supd/log");
	expect(NULL, "/h", "/h/.local/state/supd/log");
	expect("relative", "/h", "/h/.local/state/supd/log");
	expect("relative", "", NULL);
	expect(NULL, NULL, NULL);
}
