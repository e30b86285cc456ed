/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/exec.h"
#include "tests/support/alloc.h"

static char **list(const char *first, const char *second)
{
	char **texts = calloc(3, sizeof(*texts));

	texts[0] = first ? strdup(first) : NULL;
	texts[1] = second ? strdup(second) : NULL;
	return texts;
}

static struct exec *full(void)
{
	struct exec *exec = exec_new();

	exec->argv = list("/bin/sh", "-c");
	exec->groups = list(NULL, NULL);
	exec->environment = list("A=1", NULL);
	exec->environment_files = list("-/etc/a", "/etc/b");
	exec->pass_environment = list("", "TZ");
	exec->user = strdup("www-data");
	exec->group = strdup("adm");
	exec->working_directory = strdup("/srv");
	exec->standard_output.kind = OUTPUT_FILE;
	exec->standard_output.path = strdup("/tmp/out");
	exec->standard_error.path = strdup("/tmp/err");
	exec->source = strdup("a.conf:7");
	exec->umask = 022;
	return exec;
}

static void expect_full(const struct exec *exec)
{
	cr_expect_str_eq(exec->argv[0], "/bin/sh");
	cr_expect_str_eq(exec->argv[1], "-c");
	cr_expect_null(exec->argv[2]);
	cr_expect_null(exec->groups[0]);
	cr_expect_str_eq(exec->environment[0], "A=1");
	cr_expect_null(exec->environment[1]);
	cr_expect_str_eq(exec->environment_files[0], "-/etc/a");
	cr_expect_str_eq(exec->environment_files[1], "/etc/b");
	cr_expect_null(exec->environment_files[2]);
	cr_expect_str_eq(exec->pass_environment[0], "");
	cr_expect_str_eq(exec->pass_environment[1], "TZ");
	cr_expect_null(exec->pass_environment[2]);
	cr_expect_str_eq(exec->user, "www-data");
	cr_expect_str_eq(exec->group, "adm");
	cr_expect_str_eq(exec->working_directory, "/srv");
	cr_expect_eq(exec->standard_output.kind, OUTPUT_FILE);
	cr_expect_str_eq(exec->standard_output.path, "/tmp/out");
	cr_expect_str_eq(exec->standard_error.path, "/tmp/err");
	cr_expect_str_eq(exec->source, "a.conf:7");
	cr_expect_eq(exec->umask, 022);
}

Test(exec, packed_in_one_block)
{
	struct exec *exec = full();

	alloc_fail_at(0);
	exec = exec_pack(exec);
	cr_expect_eq(alloc_count(), 1);
	cr_expect(exec->packed);
	expect_full(exec);
	cr_expect_eq(exec_pack(exec), exec, "twice is once");
	exec_free(exec);
}

Test(exec, what_was_not_given_stays_so)
{
	struct exec *exec = exec_pack(exec_new());

	cr_expect(exec->packed);
	cr_expect_null(exec->argv);
	cr_expect_null(exec->environment);
	cr_expect_null(exec->user);
	cr_expect_null(exec->source);
	cr_expect_eq(exec->standard_error.kind, OUTPUT_SAME);
	exec_free(exec);
	cr_expect_null(exec_pack(NULL));
}

Test(exec, stays_unpacked_without_memory)
{
	struct exec *exec = full();

	alloc_fail_at(1);
	exec = exec_pack(exec);
	cr_expect(alloc_fail_end());
	cr_expect_not(exec->packed);
	expect_full(exec);
	exec_free(exec);
}

Test(exec, parts_are_made_on_demand_and_go_with_it)
{
	struct exec *exec = full();
	struct exec_hooks *hooks = exec_part(exec, PART_HOOKS);
	struct exec_resources *resources = exec_part(exec, PART_RESOURCES);

	for (int part = 0; part < PART_N; part++)
		cr_expect_not_null(exec_part(exec, (enum exec_part)part));
	cr_expect_eq(exec_part(exec, PART_HOOKS), hooks, "twice is once");
	cr_expect_gt(hooks->of[HOOK_STOP].timeout.ns, 0, "defaults");
	cr_expect_eq(resources->memory_max, UINT64_MAX);
	cr_assert_eq(exec_hook_add(&hooks->of[HOOK_STOP], list("a", "b"), true), 0);
	cr_assert_eq(exec_sockets_add(exec_part(exec, PART_SOCKETS),
				      &(struct exec_listen){.address = strdup("*:80"),
							    .name = strdup("http"),
							    .owner = strdup("root"),
							    .group = strdup("root")}),
		     0);
	((struct exec_probes *)exec_part(exec, PART_PROBES))->ready.text = strdup("tcp:80");
	((struct exec_probes *)exec_part(exec, PART_PROBES))->health.argv = list("a", "b");
	exec = exec_pack(exec);
	cr_expect(exec->packed);
	cr_expect_eq(exec->hooks, hooks);
	cr_expect_str_eq(exec->hooks->of[HOOK_STOP].commands[0].argv[1], "b");
	cr_expect(exec->hooks->of[HOOK_STOP].commands[0].may_fail);
	exec_free(exec);
	cr_expect_eq(alloc_live(), 0);
}

Test(exec, parts_without_memory)
{
	struct exec *exec = exec_new();

	alloc_fail_at(1);
	cr_expect_null(exec_part(exec, PART_SETUP));
	cr_expect(alloc_fail_end());
	cr_expect_null(exec->setup);
	exec_free(exec);
}

/* What bounds a process bounds those that it has started; what was made for it is its own. */
Test(exec, setup_that_is_inherited)
{
	struct exec_setup from, to;

	exec_setup_init(&from);
	from.limits[LIMIT_CPU] = (struct exec_limit){1, 2, true};
	from.nice = 5;
	from.bounding = (struct exec_capabilities){true, 3};
	from.no_new_privileges = from.tty = true;
	from.chroot = strdup("/srv/%i");
	from.input = (struct input){INPUT_FILE, strdup("/in")};
	from.directories[DIRECTORY_STATE].names = list("a", "b");
	exec_setup_init(&to);
	cr_assert_eq(exec_setup_inherit(&to, &from), 0);
	cr_expect_eq(to.limits[LIMIT_CPU].hard, 2);
	cr_expect_eq(to.nice, 5);
	cr_expect_eq(to.oom_score_adj, SETUP_NOT_GIVEN);
	cr_expect_eq(to.bounding.set, 3);
	cr_expect(to.no_new_privileges);
	cr_expect_str_eq(to.chroot, "/srv/%i");
	cr_expect_not(to.tty);
	cr_expect_null(to.input.path);
	cr_expect_not(exec_setup_has_directories(&to));
	cr_expect(exec_setup_has_directories(&from));
	exec_setup_fini(&to);
	exec_setup_init(&to);
	alloc_fail_at(1);
	cr_expect_eq(exec_setup_inherit(&to, &from), -ENOMEM);
	cr_expect(alloc_fail_end());
	exec_setup_fini(&to);
	exec_setup_fini(&from);
	cr_expect_eq(alloc_live(), 0);
}
