/* SPDX-License-Identifier: MIT */

#include "supd/keeper.h"

#include <criterion/criterion.h>

#include "supd/daemon.h"

Test(keeper, a_daemon_that_keeps_no_logs)
{
	struct daemon d = {0};
	struct keeper_mark mark = {0};
	struct keeper_rotation rotation = {0};
	struct buf path CLEANUP(buf_fini) = BUF_INIT;

	keeper_write(&d, KEEPER_EVENTS, "{}\n", 3);
	cr_expect_eq(keeper_lost(&d, KEEPER_EVENTS), 0);
	cr_expect_null(keeper_dir(&d));
	cr_expect_not(keeper_file(&d, 0, KEEPER_OUTPUT, &path));
	cr_expect_eq(path.size, 0);
	cr_expect_not(keeper_mark(&d, 0, 20, &mark));
	keeper_mark_cancel(&mark);
	cr_expect_not(keeper_rotate(&d, SLOT_NONE, &rotation));
	keeper_rotate_cancel(&rotation);
	keeper_close(&d);
}
