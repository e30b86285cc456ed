/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/exec_hooks.h"
#include "tests/support/alloc.h"

static char **word(const char *text)
{
	char **argv = calloc(2, sizeof(*argv));

	cr_assert_not_null(argv);
	argv[0] = strdup(text);
	return argv;
}

static void word_free(char **argv)
{
	free(argv[0]);
	free(argv);
}

Test(exec_hooks, in_order_up_to_a_bound)
{
	struct exec_hooks hooks = {0};
	struct exec_hook *hook = &hooks.of[HOOK_STOP_POST];
	char **more = word("more");

	exec_hooks_init(&hooks);
	for (int kind = 0; kind < HOOK_N_KINDS; kind++) {
		cr_expect_eq(hooks.of[kind].timeout.ns, EXEC_HOOK_TIMEOUT.ns);
		cr_expect(strlen(hook_names[kind]) > 0);
	}
	for (int i = 0; i < EXEC_HOOK_COMMANDS_MAX; i++)
		cr_assert_eq(exec_hook_add(hook, word(i ? "next" : "first"), i == 1), 0);
	cr_expect_eq(exec_hook_add(hook, more, false), -E2BIG);
	cr_expect_eq(hook->n, EXEC_HOOK_COMMANDS_MAX);
	cr_expect_str_eq(hook->commands[0].argv[0], "first");
	cr_expect_str_eq(hook->commands[1].argv[0], "next");
	cr_expect(hook->commands[1].may_fail);
	cr_expect_not(hook->commands[2].may_fail);
	word_free(more);
	exec_hooks_fini(&hooks);
	cr_expect_eq(alloc_live(), 0);
}

Test(exec_hooks, without_memory)
{
	struct exec_hooks hooks = {0};
	char **argv = word("x");

	exec_hooks_init(&hooks);
	alloc_fail_at(1);
	cr_expect_eq(exec_hook_add(&hooks.of[HOOK_RELOAD], argv, false), -ENOMEM);
	cr_expect(alloc_fail_end());
	cr_expect_eq(hooks.of[HOOK_RELOAD].n, 0);
	word_free(argv);
	exec_hooks_fini(&hooks);
	cr_expect_eq(alloc_live(), 0);
}
