/* SPDX-License-Identifier: MIT */

/* SEMANTICS 17, escalation and nesting; 18, significant children and auto_shutdown. */

#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/core/support.h"

static struct world w;

static void setup(void)
{
	world_init(&w);
}

static void teardown(void)
{
	world_fini(&w);
}

TestSuite(nesting, .init = setup, .fini = teardown);
TestSuite(significant, .init = setup, .fini = teardown);

static void boot(const char *tree)
{
	world_boot(&w, tree);
	world_marks(&w, "");
}

/* ---- 17 ---- */

Test(nesting, s181_s182_a_permanent_supervisor_that_gives_up_is_restarted_and_counts)
{
	boot("/(intensity=1 escalate){s(intensity=0){a}}");
	world_crash(&w, "s/a");
	cr_expect_str_eq(world_reason(&w, "s"), "shutdown");
	cr_expect_eq(world_starts(&w, "s"), 2);
	world_crash(&w, "s/a");
	cr_expect(w.halted);
}

/* By the parent's strategy. */
Test(nesting, s182_by_the_parents_strategy)
{
	boot("/(one_for_all){x s(intensity=0){a} y}");
	world_crash(&w, "s/a");
	cr_expect_str_eq(world_marks(&w, "t-+"), "-s/a -s ty -y tx -x +x +s/a +s +y");
}

Test(nesting, s183_a_transient_one_is_not_restarted)
{
	boot("/(intensity=0 escalate){s(intensity=0 transient){a}}");
	world_crash(&w, "s/a");
	cr_expect_str_eq(world_states(&w, "/"), "s:done");
	cr_expect_not(w.halted);
}

Test(nesting, s184_a_temporary_one_vanishes)
{
	boot("/(intensity=0 escalate){s(intensity=0 temporary){a}}");
	world_crash(&w, "s/a");
	cr_expect_str_eq(world_ask(&w, REQUEST_WHICH_CHILDREN, "/", NULL), "nobody");
	cr_expect_not(w.halted);
}

Test(nesting, s185_a_supervisor_whose_start_fails_in_a_restart_is_retried)
{
	boot("/(intensity=3){s(intensity=0){a(notify) b}}");
	world_manners(&w, "s/a")->fails = 2;
	world_crash(&w, "s/b");
	cr_expect_str_eq(world_marks(&w, "-!+"), "-s/b -s/a -s !s/a !s !s/a !s +s/a +s/b +s");
}

Test(nesting, s186_the_root_giving_up_ends_the_tree)
{
	boot("/(intensity=0 escalate){x s(intensity=0){a b}}");
	world_crash(&w, "s/b");
	cr_expect_str_eq(world_marks(&w, "t-"), "-s/b ts/a -s/a -s tx -x -/");
	cr_expect(w.halted);
	cr_expect_eq(w.halt, HALT_GAVE_UP);
}

/* The chain over three levels: each end names the one that led to it. */
Test(nesting, why_over_three_levels)
{
	const struct link *link;
	uint32_t slot;

	boot("/(intensity=0 escalate){s(intensity=0){t(intensity=0){a}}}");
	slot = core_find(w.core, "s/t/a");
	world_crash(&w, "s/t/a");
	link = core_chain(w.core, 0, 0);
	cr_assert_not_null(link);
	cr_expect_eq(link->kind, LINK_EXITED);
	for (unsigned levels = 0; levels < 20 && link->cause.seq; levels++) {
		slot = link->cause.slot;
		link = core_find_link(w.core, link->cause);
		cr_assert_not_null(link);
	}
	cr_expect_str_eq(w.core->slots[slot]->path, "s/t/a");
	cr_expect_eq(link->kind, LINK_EXITED);
	cr_expect_eq(link->cause.origin, ORIGIN_SELF);
}

/* ---- 18 ---- */

Test(significant, s188_any_significant)
{
	static const struct {
		const char *type;
		int code;
		bool ends;
	} rows[] = {
		{"transient significant", 0, true},
		{"transient significant", 1, false}, /* 189 */
		{"temporary significant", 0, true},
		{"temporary significant", 1, true},
		{"transient", 0, false},
		{"temporary", 1, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char tree[100];

		if (i)
			world_init(&w);
		snprintf(tree, sizeof(tree), "/{s(any_significant temporary){x a(%s) y}}",
			 rows[i].type);
		boot(tree);
		world_exit(&w, "s/a", rows[i].code);
		cr_expect_str_eq(world_state(&w, "s"), rows[i].ends ? "done" : "running", "row %zu",
				 i);
		if (i + 1 < sizeof(rows) / sizeof(rows[0]))
			world_fini(&w);
	}
}

Test(significant, s190_all_significant_the_last_one)
{
	boot("/{s(all_significant temporary){a(transient significant) b(temporary significant) "
	     "c}}");
	world_exit(&w, "s/a", 0);
	cr_expect_str_eq(world_state(&w, "s"), "running");
	world_exit(&w, "s/b", 5);
	cr_expect_str_eq(world_state(&w, "s"), "done");
}

Test(significant, s190_one_in_restart_has_a_process)
{
	boot("/{s(all_significant temporary){a(transient significant restart_delay=10s) "
	     "b(temporary significant)}}");
	world_crash(&w, "s/a");
	world_exit(&w, "s/b", 0);
	cr_expect_str_eq(world_state(&w, "s"), "running");
}

Test(significant, s191_the_rest_in_reverse_and_the_parent_restarts_it)
{
	boot("/{s(any_significant){x a(transient significant) y}}");
	world_exit(&w, "s/a", 0);
	cr_expect_str_eq(world_marks(&w, "t-+"), "-s/a ts/y -s/y ts/x -s/x -s +s/x +s/a +s/y +s");
	cr_expect_str_eq(world_reason(&w, "s"), "shutdown");
}

Test(significant, s192_not_by_terminate_child_nor_for_a_sibling)
{
	boot("/{s(any_significant one_for_all temporary)"
	     "{a(transient significant) b(temporary significant) c}}");
	world_crash(&w, "s/c");
	cr_expect_str_eq(world_state(&w, "s"), "running");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "s", "a");
	cr_expect_str_eq(world_state(&w, "s"), "running");
}

Test(significant, s193_the_last_ones_own_end_after_terminate_child)
{
	boot("/{s(all_significant temporary){a(transient significant) b(transient significant)}}");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "s", "a");
	world_exit(&w, "s/b", 0);
	cr_expect_str_eq(world_state(&w, "s"), "done");
}

Test(significant, s193_all_terminated_by_request_nothing)
{
	boot("/{s(all_significant temporary){a(transient significant) b(transient significant)}}");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "s", "a");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "s", "b");
	cr_expect_str_eq(world_state(&w, "s"), "running");
}

Test(significant, s194_a_supervisor_as_a_significant_child)
{
	boot("/{s(any_significant temporary){t(significant transient intensity=0){a}}}");
	world_crash(&w, "s/t/a");
	cr_expect_str_eq(world_state(&w, "s"), "done");
}

Test(significant, s195_simple_one_for_one)
{
	boot("/{s(simple_one_for_one any_significant temporary){w(transient significant)}"
	     " t(simple_one_for_one all_significant temporary){w(transient significant)}}");
	world_start_child(&w, "s", NULL);
	world_start_child(&w, "s", NULL);
	world_start_child(&w, "t", NULL);
	world_start_child(&w, "t", NULL);
	world_exit(&w, "s/w@2", 0);
	cr_expect_str_eq(world_state(&w, "s"), "done");
	world_exit(&w, "t/w@1", 0);
	cr_expect_str_eq(world_state(&w, "t"), "running");
	world_exit(&w, "t/w@2", 0);
	cr_expect_str_eq(world_state(&w, "t"), "done");
}

/* At the root it ends supd, with the reason of the service that caused it. */
Test(significant, the_root_ends_with_the_service)
{
	boot("/(any_significant){a(temporary significant) b}");
	world_exit(&w, "a", 42);
	cr_expect(w.halted);
	cr_expect_eq(w.halt, HALT_AUTO_SHUTDOWN);
	cr_expect_eq(w.core->halt_reason.code, 42);
}
