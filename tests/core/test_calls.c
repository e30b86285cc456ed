/* SPDX-License-Identifier: MIT */

/* SEMANTICS 14, the child API; 15, simple_one_for_one; max_children (175). */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

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

TestSuite(calls, .init = setup, .fini = teardown);
TestSuite(simple, .init = setup, .fini = teardown);

static void boot(const char *tree)
{
	world_boot(&w, tree);
	world_marks(&w, "");
}

static const char *which(const char *path)
{
	return world_ask(&w, REQUEST_WHICH_CHILDREN, path, NULL);
}

static const char *count(const char *path)
{
	return world_ask(&w, REQUEST_COUNT_CHILDREN, path, NULL);
}

/* ---- 14 ---- */

Test(calls, s153_start_child_at_the_end_of_the_order)
{
	boot("/(rest_for_one){a b}");
	cr_expect_str_eq(world_start_child(&w, "/", "c"), "ok_up");
	cr_expect_str_eq(which("/"), "c=up b=up a=up");
	world_marks(&w, "");
	world_crash(&w, "b");
	cr_expect_str_eq(world_marks(&w, "t+"), "tc +b +c");
}

Test(calls, s154_its_failure_is_told_and_the_spec_not_kept)
{
	boot("/{a}");
	world_manners(&w, "c")->fails = 1;
	cr_expect_str_eq(world_start_child(&w, "/", "c(notify)"), "start_failed exit:7");
	cr_expect_str_eq(which("/"), "a=up");
	cr_expect_eq(core_find(w.core, "c"), SLOT_NONE);
	cr_expect_str_eq(world_start_child(&w, "/", "c(notify)"), "ok_up");
}

Test(calls, s155_already_started_already_present)
{
	boot("/{a b}");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "b");
	/* The new spec is not looked at. */
	cr_expect_str_eq(world_start_child(&w, "/", "a(temporary shutdown=0)"), "already_started");
	cr_expect_str_eq(world_start_child(&w, "/", "b"), "already_present");
}

Test(calls, s156_terminate_child_keeps_the_spec_but_of_a_temporary)
{
	boot("/{a b(temporary)}");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a"), "ok");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "b"), "ok");
	cr_expect_str_eq(which("/"), "a=undefined");
}

Test(calls, s157_terminate_child_of_what_is_down_or_unknown)
{
	char pid[ACTOR_PID_TEXT_MAX];

	boot("/{a b}");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a"), "ok");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "nobody"), "not_found");
	actor_pid_format(world_view(&w, "b").pid, pid);
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", pid), "not_found");
}

Test(calls, s158_terminate_child_causes_nothing_else)
{
	boot("/{s(rest_for_one intensity=0 any_significant temporary)"
	     "{a b(transient significant) c}}");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "s", "a");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "s", "b");
	cr_expect_str_eq(world_marks(&w, ""), "ts/a -s/a ts/b -s/b");
	cr_expect_str_eq(world_states(&w, "s"), "a:stopped b:stopped c:running");
}

Test(calls, s159_restart_child_starts_what_is_down)
{
	boot("/{a b(restart_delay=10s)}");
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART_CHILD, "/", "a"), "running");
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART_CHILD, "/", "nobody"), "not_found");
	world_crash(&w, "b");
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART_CHILD, "/", "b"), "restarting");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a");
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART_CHILD, "/", "a"), "ok_up");
}

Test(calls, s160_its_failure_leaves_it_down_no_retry)
{
	boot("/{a(notify) b}");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a");
	world_manners(&w, "a")->fails = 1;
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART_CHILD, "/", "a"), "start_failed exit:7");
	world_pass(&w, 60000);
	cr_expect_str_eq(which("/"), "b=up a=undefined");
}

Test(calls, s161_delete_child_never_kills)
{
	boot("/{a b(restart_delay=10s)}");
	cr_expect_str_eq(world_ask(&w, REQUEST_DELETE_CHILD, "/", "a"), "running");
	cr_expect_str_eq(world_ask(&w, REQUEST_DELETE_CHILD, "/", "nobody"), "not_found");
	world_crash(&w, "b");
	cr_expect_str_eq(world_ask(&w, REQUEST_DELETE_CHILD, "/", "b"), "restarting");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a");
	cr_expect_str_eq(world_ask(&w, REQUEST_DELETE_CHILD, "/", "a"), "ok");
	cr_expect_str_eq(which("/"), "b=restarting");
	cr_expect_str_eq(world_start_child(&w, "/", "a"), "ok_up");
	cr_expect_str_eq(which("/"), "a=up b=restarting");
}

Test(calls, s162_which_children_in_reverse_order)
{
	boot("/{a s{x} b(transient)}");
	world_exit(&w, "b", 0);
	cr_expect_str_eq(which("/"), "b=undefined s=up a=up");
}

Test(calls, s163_count_children_counts_specs)
{
	boot("/{a s{x} b(transient) t{}}");
	world_exit(&w, "b", 0);
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "t");
	cr_expect_str_eq(count("/"), "specs=4 active=2 supervisors=2 workers=2");
}

Test(calls, s164_get_childspec_and_a_restart_that_forgets)
{
	boot("/(intensity=9){s(intensity=0){a}}");
	cr_expect_str_eq(world_start_child(&w, "s", "d"), "ok_up");
	cr_expect_str_eq(world_ask(&w, REQUEST_GET_CHILDSPEC, "s", "d"), "spec");
	cr_expect_str_eq(world_ask(&w, REQUEST_GET_CHILDSPEC, "s", "nobody"), "not_found");
	world_ask(&w, REQUEST_DELETE_CHILD, "s", "a");
	world_crash(&w, "s/a");
	cr_expect_eq(world_starts(&w, "s"), 2);
	cr_expect_str_eq(which("s"), "a=up");
}

Test(calls, s164_what_was_added_goes_with_its_supervisor)
{
	boot("/{s{a}}");
	world_start_child(&w, "s", "d");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "s");
	cr_expect_eq(core_find(w.core, "s/d"), SLOT_NONE);
	cr_expect_neq(core_find(w.core, "s/a"), SLOT_NONE);
}

/* What was deleted is in the init list, and comes back with it. */
Test(calls, s164_a_deleted_child_comes_back_with_its_supervisor)
{
	boot("/(intensity=9){s(intensity=0){a b}}");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "s", "a");
	world_ask(&w, REQUEST_DELETE_CHILD, "s", "a");
	world_crash(&w, "s/b");
	cr_expect_str_eq(which("s"), "b=up a=up");
}

Test(calls, s88_bad_specs_are_refused)
{
	boot("/{a}");
	cr_expect_str_eq(world_start_child(&w, "/", "b(significant transient)"),
			 "bad_combination"); /* 187 */
	cr_expect_str_eq(world_start_child(&w, "/", "b(exit permanent)"), "bad_spec");
	cr_expect_str_eq(world_start_child(&w, "/", NULL), "bad_spec");
	cr_expect_str_eq(which("/"), "a=up");
}

Test(calls, of_whom)
{
	boot("/{a s{b}}");
	cr_expect_str_eq(which("nobody"), "noproc");
	cr_expect_str_eq(which("a"), "not_supervisor");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "s");
	cr_expect_str_eq(which("s"), "noproc");
}

/* A call that waits when its supervisor is told to stop: at once it is not there any more. */
Test(calls, a_call_to_a_supervisor_that_ends)
{
	boot("/{s(rest_for_one){a b(notify)}}");
	world_manners(&w, "s/b")->mute = true;
	world_crash(&w, "s/b");
	world_manners(&w, "s/a")->stubborn = true;
	cr_expect_str_eq(which("s"), "");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "s"), "");
	cr_expect_str_eq(world_answer(&w, 1), "noproc");
}

Test(calls, s175_max_children)
{
	boot("/(max_children=2){a}");
	cr_expect_str_eq(world_start_child(&w, "/", "b(restart_delay=10s)"), "ok_up");
	cr_expect_str_eq(world_start_child(&w, "/", "c"), "max_children");
	world_crash(&w, "b"); /* one in restart counts */
	cr_expect_str_eq(world_start_child(&w, "/", "c"), "max_children");
}

Test(calls, a_subtree_is_started_as_a_child)
{
	boot("/{a}");
	cr_expect_str_eq(world_start_child(&w, "/", "s{x t{y}}"), "ok_up");
	cr_expect_str_eq(world_marks(&w, "+"), "+s/x +s/t/y +s/t +s");
	cr_expect_str_eq(world_send(&w, REQUEST_REMOVE, "s", NULL), "ok");
	cr_expect_eq(core_find(w.core, "s/t/y"), SLOT_NONE);
}

/* ---- 15 ---- */

static const char *pid_of(const char *path)
{
	static char text[ACTOR_PID_TEXT_MAX];

	return actor_pid_format(world_view(&w, path).pid, text);
}

Test(simple, s165_all_are_told_at_once)
{
	boot("/{s(simple_one_for_one){w(shutdown=2s)}}");
	for (unsigned i = 0; i < 3; i++)
		cr_expect_str_eq(world_start_child(&w, "s", NULL), "ok_up");
	world_manners(&w, "s/w@2")->stubborn = true;
	world_marks(&w, "");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "s");
	cr_expect_str_eq(world_marks(&w, "t"), "ts/w@3 ts/w@2 ts/w@1");
	world_pass(&w, 2000);
	cr_expect_str_eq(world_answer(&w, 0), "ok");
}

Test(simple, s166_s167_extra_arguments_of_its_own)
{
	char *args[] = {(char[]){"one"}, (char[]){"two"}, NULL};
	struct request request = {.kind = REQUEST_START_CHILD, .target = "/", .args = args};

	boot("/(simple_one_for_one){w}");
	cr_expect_str_eq(world_ask(&w, REQUEST_WHICH_CHILDREN, "/", NULL), "nobody");
	cr_expect_str_eq(world_request(&w, &request), "ok_up");
	cr_expect_str_eq(world_start_child(&w, "/", NULL), "ok_up");
	world_crash(&w, "w@1");
	cr_expect_str_eq(world_view(&w, "w@1").args[1], "two");
	cr_expect_null(world_view(&w, "w@2").args);
}

Test(simple, s168_no_ids)
{
	boot("/(simple_one_for_one){w}");
	world_start_child(&w, "/", NULL);
	cr_expect_str_eq(which("/"), "undefined=up");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "w"), "simple_one_for_one");
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART_CHILD, "/", "w"), "simple_one_for_one");
	cr_expect_str_eq(world_ask(&w, REQUEST_DELETE_CHILD, "/", "w"), "simple_one_for_one");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", pid_of("w@1")), "ok");
	cr_expect_str_eq(which("/"), "nobody");
}

Test(simple, s169_a_dead_pid_is_ok_a_live_stranger_not_found)
{
	char dead[ACTOR_PID_TEXT_MAX];

	boot("/{a s(simple_one_for_one){w(temporary)}}");
	world_start_child(&w, "s", NULL);
	snprintf(dead, sizeof(dead), "%s", pid_of("s/w@1"));
	world_exit(&w, "s/w@1", 0);
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "s", dead), "ok");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "s", pid_of("a")), "not_found");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "s", "0.9999.0"), "not_found");
}

Test(simple, s170_ended_ones_leave_no_trace)
{
	boot("/{s(simple_one_for_one){w(transient)} t(simple_one_for_one){w}}");
	world_start_child(&w, "s", NULL);
	world_exit(&w, "s/w@1", 0);
	cr_expect_eq(core_find(w.core, "s/w@1"), SLOT_NONE);
	world_start_child(&w, "t", NULL);
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "t", pid_of("t/w@1")), "ok");
	cr_expect_eq(core_find(w.core, "t/w@1"), SLOT_NONE);
}

Test(simple, s171_count_children)
{
	boot("/(simple_one_for_one){w(restart_delay=10s)}");
	cr_expect_str_eq(count("/"), "specs=1 active=0 supervisors=0 workers=0");
	world_start_child(&w, "/", NULL);
	world_start_child(&w, "/", NULL);
	world_crash(&w, "w@1");
	cr_expect_str_eq(count("/"), "specs=1 active=1 supervisors=0 workers=2");
}

Test(simple, s172_a_failed_start_leaves_nothing)
{
	boot("/(simple_one_for_one){w(notify)}");
	world_manners(&w, "w@1")->fails = 1;
	cr_expect_str_eq(world_start_child(&w, "/", NULL), "start_failed exit:7");
	cr_expect_str_eq(which("/"), "nobody");
	cr_expect_eq(core_find(w.core, "w@1"), SLOT_NONE);
}

Test(simple, s172_a_restarting_one_goes_by_its_old_pid)
{
	char old[ACTOR_PID_TEXT_MAX];

	boot("/(simple_one_for_one intensity=9){w(notify restart_delay=10s)}");
	world_start_child(&w, "/", NULL);
	snprintf(old, sizeof(old), "%s", pid_of("w@1"));
	world_manners(&w, "w@1")->fails = 1;
	world_crash(&w, "w@1");
	world_pass(&w, 13000);
	cr_expect_str_eq(which("/"), "undefined=restarting");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "/", old), "ok");
	cr_expect_str_eq(which("/"), "nobody");
}

Test(simple, s173_ignore_leaves_no_child)
{
	static const char *const trees[] = {"/(simple_one_for_one){w(notify)}",
					    "/(simple_one_for_one){w(notify transient)}",
					    "/(simple_one_for_one){w(notify temporary)}"};

	for (size_t i = 0; i < 3; i++) {
		if (i)
			world_init(&w);
		boot(trees[i]);
		world_manners(&w, "w@1")->ignores = true;
		cr_expect_str_eq(world_start_child(&w, "/", NULL), "ok_undefined");
		cr_expect_str_eq(which("/"), "nobody");
		cr_expect_eq(core_find(w.core, "w@1"), SLOT_NONE);
		if (i < 2)
			world_fini(&w);
	}
}

Test(simple, s173_ignore_in_a_restart_drops_it)
{
	boot("/(simple_one_for_one){w(notify)}");
	world_start_child(&w, "/", NULL);
	world_manners(&w, "w@1")->ignores = true;
	world_crash(&w, "w@1");
	cr_expect_str_eq(which("/"), "nobody");
}

Test(simple, s174_names_are_not_used_again)
{
	boot("/(simple_one_for_one){w(temporary)}");
	world_start_child(&w, "/", NULL);
	world_exit(&w, "w@1", 0);
	world_start_child(&w, "/", NULL);
	cr_expect_str_eq(world_state(&w, "w@2"), "running");
}

/* Its place was given to another one when it was off the list: nobody starts it beside that. */
Test(calls, one_whose_place_is_taken)
{
	char pid[32];

	boot("/{a b(temporary)}");
	snprintf(pid, sizeof(pid), "<0.%llu.0>", (unsigned long long)world_view(&w, "b").pid.n);
	world_exit(&w, "b", 0);
	cr_expect_str_eq(world_start_child(&w, "/", "b(temporary)"), "ok_up");
	cr_expect_str_eq(world_ask(&w, REQUEST_START, pid, NULL), "noproc");
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART, pid, NULL), "noproc");
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:done b:running");
}
