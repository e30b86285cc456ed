/* SPDX-License-Identifier: MIT */

/* Instances of templates: how they come, where they stand, when they go. */

#include <criterion/criterion.h>

#include "core/model.h"
#include "tests/core/support.h"
#include "tests/support/alloc.h"

static struct world w;

static void setup(void)
{
	world_init(&w);
}

static void teardown(void)
{
	world_fini(&w);
}

TestSuite(instances, .init = setup, .fini = teardown);

static void boot(const char *tree)
{
	world_boot(&w, tree);
	world_marks(&w, "");
}

static const char *start(const char *path)
{
	return world_send(&w, REQUEST_START, path, NULL);
}

Test(instances, are_there_from_the_beginning_and_stand_where_the_template_does)
{
	world_boot(&w, "/{a w@(instances=3) b}");
	cr_expect_str_eq(world_marks(&w, "+"), "+a +w@1 +w@2 +w@3 +b +/");
	cr_expect_eq(core_find(w.core, "w@"), SLOT_NONE, "the template is no child");
}

Test(instances, none_where_none_is_wanted)
{
	boot("/{w@(instances=0)}");
	cr_expect_str_eq(world_states(&w, "/"), "");
}

Test(instances, a_start_makes_one_behind_its_siblings)
{
	boot("/(rest_for_one){a w@(instances=2) b}");
	start("w@blue");
	cr_expect_str_eq(world_marks(&w, "+"), "+w@blue");
	cr_expect_str_eq(world_states(&w, "/"), "a:running w@1:running w@2:running w@blue:running "
						"b:running");
	world_crash(&w, "w@2");
	cr_expect_str_eq(world_marks(&w, "t-+"), "-w@2 tb -b tw@blue -w@blue +w@2 +w@blue +b");
}

Test(instances, one_that_is_there_is_started_as_any_child)
{
	boot("/{w@(instances=1)}");
	cr_expect_str_eq(world_ask(&w, REQUEST_START, "w@1", NULL), "already");
	start("w@7");
	world_marks(&w, "");
	world_send(&w, REQUEST_STOP, "w@7", NULL);
	start("w@7");
	cr_expect_str_eq(world_marks(&w, "+"), "+w@7");
	cr_expect_eq(world_starts(&w, "w@7"), 2);
}

Test(instances, what_is_none)
{
	static const char *const rows[] = {"v@1",   "w@",    "w@/", "w",     "x/w@1",
					   "w@1/2", "w@a b", "@1",  "s/w@1", "w@\n"};

	boot("/{w@(instances=0) s{a}}");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_str_eq(world_ask(&w, REQUEST_START, rows[i], NULL), "noproc", "%s",
				 rows[i]);
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART, "w@1", NULL), "noproc");
}

Test(instances, not_below_what_is_down)
{
	boot("/{s{w@(instances=1)}}");
	world_send(&w, REQUEST_STOP, "s", NULL);
	cr_expect_str_eq(world_ask(&w, REQUEST_START, "s/w@2", NULL), "parent_down");
	cr_expect_eq(core_find(w.core, "s/w@2"), SLOT_NONE);
}

Test(instances, no_more_than_max_children)
{
	boot("/(max_children=2){w@(instances=1)}");
	start("w@2");
	cr_expect_str_eq(world_ask(&w, REQUEST_START, "w@3", NULL), "max_children");
}

Test(instances, outlive_a_restart_of_their_supervisor)
{
	boot("/{s(intensity=0){w@(instances=1) a}}");
	start("s/w@9");
	world_crash(&w, "s/a");
	cr_expect_str_eq(world_states(&w, "s"), "w@1:running w@9:running a:running");
}

Test(instances, are_gone_for_good_when_removed)
{
	boot("/{s(intensity=0){w@(instances=2) a}}");
	world_send(&w, REQUEST_REMOVE, "s/w@2", NULL);
	cr_expect_eq(core_find(w.core, "s/w@2"), SLOT_NONE);
	world_crash(&w, "s/a");
	cr_expect_str_eq(world_states(&w, "s"), "w@1:running a:running");
	start("s/w@2");
	cr_expect_eq(world_starts(&w, "s/w@2"), 1, "it is a new one");
}

Test(instances, no_template_is_added_at_run_time)
{
	boot("/{a}");
	cr_expect_str_eq(world_start_child(&w, "/", "w@(instances=1)"), "bad_spec");
}

Test(instances, every_allocation_may_fail)
{
	boot("/{w@(instances=1) b}");
	for (unsigned long n = 1;; n++) {
		const char *answer;

		alloc_fail_at(n);
		answer = world_ask(&w, REQUEST_START, "w@2", NULL);
		if (!alloc_fail_end())
			break;
		cr_expect_str_eq(answer, "no_memory", "allocation %lu", n);
		cr_expect_null(core_check(w.core), "allocation %lu", n);
	}
	cr_expect_str_eq(world_state(&w, "w@2"), "running");
}
