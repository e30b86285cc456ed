/* SPDX-License-Identifier: MIT */

/*
 * What is done about dependences where several things happen at once (SEMANTICS D16): no step goes
 * round in circles, and nothing that was asked for is forgotten. The rules are numbered in
 * depend_act.c.
 */

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

TestSuite(depend_act, .init = setup, .fini = teardown);

/*
 * t is told to stop and waits for y; p, which is removed, waits for x, and for d, which ends anyway
 * (rule 6). Nothing is left that d would have to wait for: but it is not started again, only to be
 * in the way of p once more.
 */
Test(depend_act, what_ends_anyway_is_not_started_again)
{
	static const char *const groups[] = {"rest_for_one", "one_for_all", "one_for_one"};

	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		char tree[128];

		snprintf(tree, sizeof(tree),
			 "/{t{m(%s){d(after=p){z(down)}}} p x(requires=p) y(requires=t)}",
			 groups[i]);
		world_boot(&w, tree);
		world_manners(&w, "x")->stubborn = true;
		world_manners(&w, "y")->stubborn = true;
		world_ask(&w, REQUEST_STOP, "t", NULL);
		cr_expect_str_eq(world_ask(&w, REQUEST_REMOVE, "p", NULL), "");
		cr_expect_str_eq(world_state(&w, "t/m/d"), "waiting", "%s", groups[i]);
		cr_expect_str_eq(world_states(&w, "/"),
				 "t:stopping p:stopping x:stopping y:stopping");
		world_manners(&w, "x")->stubborn = false;
		world_serve(&w);
		cr_expect_str_eq(world_answer(&w, 0), "ok", "%s", groups[i]);
		world_manners(&w, "y")->stubborn = false;
		world_serve(&w);
		cr_expect_str_eq(world_state(&w, "t"), "stopped");
		world_fini(&w);
		world_init(&w);
	}
}

/* A call has its child in hand until that is down, though a range is suspended for it meanwhile. */
Test(depend_act, a_call_waits_for_what_it_suspends)
{
	world_boot(&w, "/{s(rest_for_one){a b(requires=s/a) c}}");
	world_manners(&w, "s/b")->stubborn = true;
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "s", "a"), "");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "s", "a"), "");
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART_CHILD, "s", "c"), "");
	world_manners(&w, "s/a")->stubborn = true;
	world_manners(&w, "s/b")->stubborn = false;
	world_serve(&w);
	cr_expect_str_eq(world_states(&w, "s"), "a:stopping b:waiting c:waiting");
	cr_expect_str_eq(world_answer(&w, 0), "");
	world_manners(&w, "s/a")->stubborn = false;
	world_serve(&w);
	cr_expect_str_eq(world_answer(&w, 2), "ok");
	cr_expect_str_eq(world_answer(&w, 1), "ok");
	cr_expect_str_eq(world_answer(&w, 0), "ok_up");
}

/* Its range starts again and fails at another one, which is not wanted any more: it starts alone.
 */
Test(depend_act, a_range_whose_start_fails)
{
	world_boot(&w, "/{g(one_for_all){a(notify) b(requires=x)} x(down)}");
	cr_expect_str_eq(world_states(&w, "g"), "a:waiting b:waiting");
	world_manners(&w, "g/a")->mute = true;
	world_ask(&w, REQUEST_START, "x", NULL);
	cr_expect_str_eq(world_states(&w, "g"), "a:starting b:waiting");
	cr_expect_str_eq(world_ask(&w, REQUEST_TERMINATE_CHILD, "g", "a"), "");
	world_manners(&w, "g/a")->fails = 1;
	world_serve(&w);
	cr_expect_str_eq(world_answer(&w, 0), "ok");
	cr_expect_str_eq(world_states(&w, "g"), "a:stopped b:running");
}

/* A sibling's death is counted, though a pass has come to one that waits for it and for another. */
Test(depend_act, a_siblings_death_in_a_pass_is_counted)
{
	world_manners(&w, "r")->mute = true;
	world_boot(&w, "/(one_for_all parallel intensity=0){c(requires=p requires=r) p r(notify)}");
	cr_expect_str_eq(world_states(&w, "/"), "c:waiting p:running r:starting");
	world_crash(&w, "p");
	cr_expect_str_eq(world_state(&w, "r"), "starting", "its pass goes on");
	world_manners(&w, "r")->mute = false;
	world_serve(&w);
	cr_expect_str_eq(world_states(&w, "/"), "c:waiting p:failed r:waiting");
}

/* What is down by itself, or for a failed one's sake (D6), does not come back with another range.
 */
Test(depend_act, a_range_that_comes_back_without_some)
{
	world_boot(&w, "/(one_for_all parallel intensity=0){a(requires=d) b c d}");
	world_crash(&w, "b");
	cr_expect_str_eq(world_states(&w, "/"), "a:waiting b:failed c:waiting d:waiting");
	cr_expect_eq(world_starts(&w, "b"), 1);
	cr_expect_eq(world_view(&w, "c").waits_for, world_view(&w, "b").slot);
	cr_expect_str_eq(world_ask(&w, REQUEST_START, "a", NULL), "blocked");
	cr_expect_str_eq(world_ask(&w, REQUEST_START, "b", NULL), "ok");
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:running c:running d:running");
	world_fini(&w);
	world_init(&w);
	world_boot(&w, "/{s(rest_for_one){a(requires=q) b(transient) c d} q}");
	world_exit(&w, "s/b", 0);
	world_ask(&w, REQUEST_TERMINATE_CHILD, "s", "c");
	world_ask(&w, REQUEST_STOP, "q", NULL);
	cr_expect_str_eq(world_states(&w, "s"), "a:waiting b:done c:stopped d:waiting");
	world_ask(&w, REQUEST_START, "q", NULL);
	cr_expect_str_eq(world_states(&w, "s"), "a:running b:done c:stopped d:running");
}

/* One that has waited for a failed sibling, and now keeps its range waiting, is parked itself: the
 * two passes would follow each other for ever. */
Test(depend_act, one_behind_a_failed_one_is_suspended)
{
	world_boot(&w, "/{s(one_for_all hold intensity=1){a(requires=x) b} x}");
	world_crash(&w, "s/b");
	world_crash(&w, "s/b");
	cr_expect_str_eq(world_states(&w, "s"), "a:waiting b:failed");
	world_ask(&w, REQUEST_STOP, "s/b", NULL);
	world_ask(&w, REQUEST_STOP, "x", NULL);
	cr_expect_str_eq(world_start_child(&w, "s", "c"), "ok_up");
	world_pass(&w, 100000);
	world_crash(&w, "s/c");
	cr_expect_str_eq(world_states(&w, "s"), "a:waiting b:failed c:waiting");
	cr_expect_eq(world_view(&w, "s/a").waits_for, world_view(&w, "x").slot);
	world_ask(&w, REQUEST_START, "x", NULL);
	cr_expect_str_eq(world_states(&w, "s"), "a:running b:failed c:running");
}

/* Each would be what the other waits for: the one that was held requires one of the range that
 * waits for it. It starts with them, in order. */
Test(depend_act, one_that_was_held_joins_its_range)
{
	static const enum request_kind kinds[] = {REQUEST_START, REQUEST_RESTART};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		world_fini(&w);
		world_init(&w);
		world_boot(&w, "/{s(one_for_all){a b c(requires=s/b) d(requires=s/c)} x}");
		cr_expect_str_eq(world_ask(&w, REQUEST_STOP, "s/c", NULL), "ok");
		cr_expect_str_eq(world_states(&w, "s"), "a:waiting b:waiting c:stopped d:waiting");
		cr_expect_str_eq(world_ask(&w, REQUEST_START, "s/b", NULL), "blocked");
		cr_expect_str_eq(world_ask(&w, kinds[i], "s/c", NULL), "ok");
		cr_expect_str_eq(world_states(&w, "s"), "a:running b:running c:running d:running");
		cr_expect_eq(world_starts(&w, "s/c"), 2);
	}
	/* Something else is missing still: it waits with them. */
	world_fini(&w);
	world_init(&w);
	world_boot(&w, "/{x s(one_for_all){b(requires=x) c(requires=s/b) d(requires=s/c)}}");
	cr_expect_str_eq(world_states(&w, "s"), "b:running c:running d:running");
	world_ask(&w, REQUEST_STOP, "s/c", NULL);
	world_ask(&w, REQUEST_STOP, "x", NULL);
	cr_expect_str_eq(world_ask(&w, REQUEST_START, "s/c", NULL), "blocked");
	cr_expect_str_eq(world_states(&w, "s"), "b:waiting c:waiting d:waiting");
	cr_expect_str_eq(world_ask(&w, REQUEST_START, "x", NULL), "ok");
	cr_expect_str_eq(world_states(&w, "s"), "b:running c:running d:running");
}

/* What is removed while it waits, waits no more. */
Test(depend_act, one_that_waits_is_removed)
{
	world_boot(&w, "/{s(rest_for_one){a(requires=x) b} x(down)}");
	cr_expect(world_view(&w, "s/b").waits);
	cr_expect_str_eq(world_ask(&w, REQUEST_DELETE_CHILD, "s", "b"), "ok");
	cr_expect_str_eq(world_state(&w, "s/b"), "stopped");
	cr_expect_not(world_view(&w, "s/b").waits);
}

/* What is on demand, and idle, waits for nobody who is suspended. */
Test(depend_act, an_idle_one_is_not_suspended)
{
	world_boot(&w, "/{s(one_for_all hold intensity=0){j(on_demand) a(requires=x) b} x}");
	world_crash(&w, "s/b");
	cr_expect(world_view(&w, "s/j").waits);
	world_ask(&w, REQUEST_STOP, "x", NULL);
	world_ask(&w, REQUEST_START, "s/b", NULL);
	cr_expect_str_eq(world_states(&w, "s"), "j:waiting a:waiting b:waiting");
	cr_expect_not(world_view(&w, "s/j").waits);
}

/* Who is killed because of a requirement dooms those that it is linked to, in the same step. */
Test(depend_act, ends_are_told_of_at_once)
{
	world_boot(&w, "/{a(requires=b shutdown=brutal_kill) b c(link=a) "
		       "d(requires=c shutdown=brutal_kill) e(link=d)}");
	world_manners(&w, "c")->lingering = true;
	world_marks(&w, "");
	world_ask(&w, REQUEST_STOP, "b", NULL);
	cr_expect_str_eq(world_state(&w, "d"), "waiting");
	cr_expect_neq(strstr(world_marks(&w, ""), "doomed:e"), NULL, "%s", w.told);
}

/* One of several that provide a name starts in the same pass: it is that one that is waited for. */
Test(depend_act, a_sibling_and_another_one_provide_it)
{
	world_manners(&w, "q")->mute = true;
	world_boot(&w, "/(parallel){q(provides=v notify) "
		       "s(one_for_all parallel){a(requires=v) b(provides=v)}}");
	cr_expect_str_eq(world_states(&w, "s"), "a:running b:running");
	cr_expect_eq(world_starts(&w, "s/b"), 1);
	/* Who comes after all that provide it waits for the other one too. */
	world_fini(&w);
	world_init(&w);
	world_manners(&w, "q")->mute = true;
	world_boot(&w, "/(parallel){q(provides=v notify) "
		       "s(one_for_all parallel){a(after=v) b(provides=v)}}");
	cr_expect_str_eq(world_states(&w, "s"), "a:waiting b:waiting");
	world_manners(&w, "q")->mute = false;
	world_serve(&w);
	cr_expect_str_eq(world_states(&w, "s"), "a:running b:running");
}
