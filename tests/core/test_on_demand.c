/* SPDX-License-Identifier: MIT */

/* Children that are started by a trigger: a schedule, a connection. */

#include <criterion/criterion.h>

#include "core/model.h"
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

TestSuite(on_demand, .init = setup, .fini = teardown);

static void boot(const char *tree)
{
	world_boot(&w, tree);
	world_marks(&w, "");
}

static const char *trigger(const char *path)
{
	const struct event event = {
		.kind = EVENT_REQUEST,
		.request = {.kind = REQUEST_TRIGGER, .target = path, .origin = ORIGIN_SCHEDULE},
	};

	world_step(&w, &event);
	return world_marks(&w, ">+-!");
}

Test(on_demand, is_passed_over_until_it_is_triggered)
{
	world_boot(&w, "/{a j(on_demand temporary) b}");
	cr_expect_str_eq(world_marks(&w, "+"), "+a +b +/");
	cr_expect_str_eq(world_states(&w, "/"), "a:running j:waiting b:running");
	cr_expect_str_eq(trigger("j"), ">j +j");
	cr_expect_eq(core_chain(w.core, core_find(w.core, "j"), 1)->cause.origin, ORIGIN_SCHEDULE);
	world_exit(&w, "j", 0);
	cr_expect_str_eq(world_state(&w, "j"), "waiting");
	world_marks(&w, "");
	cr_expect_str_eq(trigger("j"), ">j +j");
	world_crash(&w, "j");
	cr_expect_str_eq(world_state(&w, "j"), "failed");
	world_marks(&w, "");
	cr_expect_str_eq(trigger("j"), ">j +j", "a failure does not keep it from the next");
}

Test(on_demand, never_two_at_once)
{
	boot("/{j(on_demand)}");
	trigger("j");
	cr_expect_str_eq(trigger("j"), "");
	world_manners(&w, "j")->stubborn = true;
	world_send(&w, REQUEST_RESTART, "j", NULL);
	cr_expect_str_eq(trigger("j"), "", "while it stops");
}

Test(on_demand, restarts_after_a_failure_are_as_its_type_says)
{
	boot("/{j(on_demand transient) k(on_demand)}");
	trigger("j");
	trigger("k");
	world_crash(&w, "j");
	cr_expect_str_eq(world_marks(&w, "+"), "+j");
	world_crash(&w, "k");
	cr_expect_str_eq(world_marks(&w, "+"), "+k");
	world_exit(&w, "k", 0);
	cr_expect_str_eq(world_state(&w, "k"), "waiting", "permanent, and it ended normally");
}

Test(on_demand, a_hold_holds)
{
	boot("/{j(on_demand)}");
	world_send(&w, REQUEST_STOP, "j", NULL);
	cr_expect_str_eq(trigger("j"), "");
	world_send(&w, REQUEST_START, "j", NULL);
	cr_expect_str_eq(world_marks(&w, "+"), "+j", "an operator's start starts it");
	world_exit(&w, "j", 0);
	cr_expect_str_eq(world_state(&w, "j"), "waiting");
	world_marks(&w, "");
	cr_expect_str_eq(trigger("j"), ">j +j", "and lets it go");
}

Test(on_demand, nothing_but_what_is_on_demand_is_triggered)
{
	boot("/{s{j(on_demand)} a(temporary)}");
	world_exit(&w, "a", 0);
	world_marks(&w, "");
	cr_expect_str_eq(trigger("a"), "");
	cr_expect_str_eq(trigger("/"), "");
	cr_expect_str_eq(trigger("nobody"), "");
	world_send(&w, REQUEST_STOP, "s", NULL);
	world_marks(&w, "");
	cr_expect_str_eq(trigger("s/j"), "", "below what is down");
}

Test(on_demand, a_group_restart_stops_it_and_leaves_it_waiting)
{
	boot("/(one_for_all){a j(on_demand temporary)}");
	trigger("j");
	world_crash(&w, "a");
	cr_expect_str_eq(world_states(&w, "/"), "a:running j:waiting");
	world_marks(&w, "");
	cr_expect_str_eq(trigger("j"), ">j +j");
}

/* Idle again, it waits for a trigger and for nobody else. */
Test(on_demand, it_comes_back_with_a_failed_one)
{
	boot("/(rest_for_one intensity=0){a j(on_demand)}");
	world_crash(&w, "a");
	cr_expect(world_view(&w, "j").waits);
	world_ask(&w, REQUEST_START, "a", NULL);
	cr_expect_str_eq(world_states(&w, "/"), "a:running j:waiting");
	cr_expect_not(world_view(&w, "j").waits);
}

Test(on_demand, one_that_is_added_waits_as_well)
{
	boot("/{a}");
	cr_expect_str_eq(world_start_child(&w, "/", "j(on_demand)"), "ok_undefined");
	cr_expect_str_eq(world_state(&w, "j"), "waiting");
	cr_expect_str_eq(trigger("j"), ">j +j");
}

/* What its supervisor has in hand comes first; many triggers are one. */
Test(on_demand, a_trigger_waits_for_its_turn)
{
	boot("/(rest_for_one){a(notify) j(on_demand)}");
	world_manners(&w, "a")->mute = true;
	world_crash(&w, "a");
	world_marks(&w, "");
	for (int i = 0; i < 5; i++)
		cr_expect_str_eq(trigger("j"), "");
	world_manners(&w, "a")->mute = false;
	world_serve(&w);
	cr_expect_str_eq(world_marks(&w, ">+"), "+a >j +j");
}

/* An operator's start cuts its delay short. It does not start with its range, and comes after that:
 * also where the range waits for it. */
Test(on_demand, is_started_behind_its_range)
{
	boot("/(one_for_all){j(on_demand restart_delay=10s) a}");
	cr_expect_str_eq(world_ask(&w, REQUEST_START, "j", NULL), "ok");
	world_crash(&w, "j");
	cr_expect_str_eq(world_states(&w, "/"), "j:backoff a:waiting");
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART, "j", NULL), "ok");
	cr_expect_str_eq(world_states(&w, "/"), "j:running a:running");
	world_fini(&w);
	world_init(&w);
	boot("/(one_for_all){j(on_demand restart_delay=10s) a(requires=j)}");
	cr_expect_str_eq(world_ask(&w, REQUEST_START, "j", NULL), "ok");
	cr_expect_str_eq(world_states(&w, "/"), "j:running a:running");
	world_crash(&w, "j");
	cr_expect_str_eq(world_states(&w, "/"), "j:backoff a:waiting");
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART, "j", NULL), "ok");
	cr_expect_str_eq(world_states(&w, "/"), "j:running a:running");
}
