/* SPDX-License-Identifier: MIT */

/* The keys after, requires and provides (SEMANTICS D16); the rules are numbered in depend.c and
 * depend_act.c. */

#include <criterion/criterion.h>
#include <string.h>

#include "core/order.h"
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

TestSuite(depend, .init = setup, .fini = teardown);

/* ---- judgement: depend.c ---- */

/* Rules 1 to 6: b has whatever state the script leads to, a waits, or runs, or is blocked. */
Test(depend, rules_of_the_gate)
{
	static const struct {
		const char *tree, *act, *a;
		bool parked;
	} rows[] = {
		{"/{a(requires=b) b}", "", "running", false},
		{"/{a(after=b) b}", "", "running", false},
		{"/{a(requires=b) b(notify)}", "mute", "waiting", false},
		{"/{a(after=b) b(notify)}", "mute", "waiting", false},
		{"/{a(requires=b) b(down)}", "", "waiting", true},
		{"/{a(after=b) b(down)}", "", "running", false},
		{"/{a(requires=b) b(exit transient)}", "done", "running", false},
		{"/{a(requires=b) b(transient)}", "end", "waiting", true},
		{"/{a(after=b) b(transient)}", "end", "running", false},
		{"/(intensity=0){a(requires=b) b}", "crash", "waiting", true},
		{"/(intensity=0){a(after=b) b}", "crash", "running", false},
		{"/{a(requires=b) b(restart_delay=1s)}", "crash", "waiting", false},
		{"/{a(requires=b) b}", "stop", "waiting", true},
		{"/{a(after=b) b}", "stop", "running", false},
		{"/{a(requires=v) b(provides=v)}", "", "running", false},
		{"/{a(requires=x) b(alias=x)}", "", "running", false},
		{"/{a(requires=v) b(provides=v) c(provides=v)}", "stop", "running", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *act = rows[i].act;

		if (strcmp(act, "mute") == 0)
			world_manners(&w, "b")->mute = true;
		world_boot(&w, rows[i].tree);
		if (strcmp(act, "end") == 0 || strcmp(act, "done") == 0)
			world_exit(&w, "b", 0);
		if (strcmp(act, "crash") == 0)
			world_crash(&w, "b");
		if (strcmp(act, "stop") == 0)
			world_ask(&w, REQUEST_STOP, "b", NULL);
		cr_expect_str_eq(world_state(&w, "a"), rows[i].a, "row %zu: %s", i, rows[i].tree);
		cr_expect_eq(world_view(&w, "a").parked, rows[i].parked, "row %zu: %s", i,
			     rows[i].tree);
		world_fini(&w);
		world_init(&w);
	}
}

/* Rule 2: what is below a supervisor goes with it, and what waits for one that is gone is gone. */
Test(depend, gone_with_others)
{
	world_boot(&w, "/{a(requires=s/b) c(requires=a) d(after=c) s{b}}");
	cr_expect_str_eq(world_states(&w, "/"), "a:running c:running d:running s:running");
	world_ask(&w, REQUEST_STOP, "s", NULL);
	cr_expect_str_eq(world_states(&w, "/"), "a:waiting c:waiting d:running s:stopped");
	cr_expect(world_view(&w, "a").parked);
	cr_expect(world_view(&w, "c").parked);
	cr_expect_eq(world_view(&w, "c").waits_for, world_view(&w, "a").slot);
	world_ask(&w, REQUEST_START, "s", NULL);
	cr_expect_str_eq(world_states(&w, "/"), "a:running c:running d:running s:running");
}

/* ---- acts: depend_act.c ---- */

/* Rules 1 and 2: parked counts as started; order of starts is that of dependence. */
Test(depend, parked_counts_as_started)
{
	world_manners(&w, "b")->mute = true;
	world_boot(&w, "/{a(requires=b) b(notify) c}");
	cr_expect_str_eq(world_marks(&w, "+"), "");
	world_manners(&w, "b")->mute = false;
	world_serve(&w);
	cr_expect_str_eq(world_marks(&w, ">+"), "+b >c >a +a +c +/");
}

/* Rule 3: stopped with it, uncounted, and started again; the chain of causes leads to it. */
Test(depend, lost_and_back)
{
	world_boot(&w, "/(intensity=5){a(requires=b) b}");
	for (int i = 0; i < 5; i++) {
		world_marks(&w, "");
		world_crash(&w, "b");
		cr_expect_str_eq(world_marks(&w, ">+-t"), "ta -a -b >b +b >a +a", "%s", w.told);
	}
	cr_expect_eq(world_child(&w, "a")->window.used, 0);
	cr_expect_str_eq(world_reason(&w, "a"), "shutdown");
	world_crash(&w, "a");
	cr_expect_str_eq(world_state(&w, "a"), "running");
	cr_expect_eq(world_child(&w, "a")->window.used, 1);
}

/* Its own death while it waits for the other to come back is no loop: one start when that is there.
 */
Test(depend, parking_instead_of_a_crash_loop)
{
	world_boot(&w, "/{a(requires=b) b(restart_delay=10s)}");
	world_crash(&w, "b");
	world_marks(&w, "");
	for (int i = 0; i < 5; i++)
		world_pass(&w, 1000);
	cr_expect_str_eq(world_marks(&w, ">"), "");
	cr_expect_str_eq(world_state(&w, "a"), "waiting");
	world_pass(&w, 10000);
	cr_expect_str_eq(world_marks(&w, ">+"), ">b +b >a +a");
}

/* Rule 3 under the other strategies: the range goes and comes with it. */
Test(depend, ranges)
{
	world_boot(&w, "/{s(rest_for_one){x y(requires=b) z} t(one_for_all){p q(requires=b)} b}");
	cr_expect_str_eq(world_states(&w, "s"), "x:running y:running z:running");
	world_marks(&w, "");
	world_ask(&w, REQUEST_STOP, "b", NULL);
	cr_expect_str_eq(world_states(&w, "s"), "x:running y:waiting z:waiting");
	cr_expect_str_eq(world_states(&w, "t"), "p:waiting q:waiting");
	cr_expect_str_eq(world_marks(&w, "-"), "-s/z -s/y -t/q -b -t/p");
	cr_expect_str_eq(world_ask(&w, REQUEST_START, "s/z", NULL), "blocked");
	world_ask(&w, REQUEST_START, "b", NULL);
	cr_expect_str_eq(world_states(&w, "s"), "x:running y:running z:running");
	cr_expect_str_eq(world_states(&w, "t"), "p:running q:running");
}

/* Rule 4: a start pass; and a supervisor whose range is parked counts as started. */
Test(depend, ranges_at_the_start)
{
	world_boot(&w, "/{s(rest_for_one){x y(requires=b) z} t(one_for_all){p q(requires=b)} "
		       "b(down)}");
	cr_expect_str_eq(world_states(&w, "/"), "s:running t:running b:stopped");
	cr_expect_str_eq(world_states(&w, "s"), "x:running y:waiting z:waiting");
	cr_expect_str_eq(world_states(&w, "t"), "p:waiting q:waiting");
	cr_expect_eq(world_starts(&w, "t/p"), 0);
	world_ask(&w, REQUEST_START, "b", NULL);
	cr_expect_str_eq(world_states(&w, "s"), "x:running y:running z:running");
	cr_expect_str_eq(world_states(&w, "t"), "p:running q:running");
}

/* Siblings: the pass waits for the one, and its death is the strategy's. */
Test(depend, siblings_of_a_group)
{
	world_manners(&w, "b")->mute = true;
	world_boot(&w, "/(one_for_all parallel intensity=1){a(requires=b) b(notify) c}");
	cr_expect_str_eq(world_states(&w, "/"), "a:waiting b:starting c:running");
	world_manners(&w, "b")->mute = false;
	world_serve(&w);
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:running c:running");
	world_crash(&w, "b");
	cr_expect_str_eq(world_states(&w, "/"), "a:running b:running c:running");
	world_crash(&w, "b");
	cr_expect_str_eq(world_state(&w, "b"), "failed", "both counted");
}

/* Rule 5: held, stopped or removed, it keeps nobody. */
Test(depend, a_range_goes_on_without_it)
{
	static const enum request_kind kinds[] = {REQUEST_STOP, REQUEST_REMOVE};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		world_boot(&w, "/{s(rest_for_one){x y(requires=b) z} b(down)}");
		cr_expect_str_eq(world_state(&w, "s/z"), "waiting");
		world_ask(&w, kinds[i], "s/y", NULL);
		cr_expect_str_eq(world_state(&w, "s/z"), "running", "%zu", i);
		world_fini(&w);
		world_init(&w);
	}
}

/* Rule 6: those that depend on it go first, one after the other, across the tree. */
Test(depend, stops_in_reverse_order)
{
	world_boot(&w, "/{c(requires=s/b) s{b(requires=a)} a}");
	world_marks(&w, "");
	world_ask(&w, REQUEST_STOP, "a", NULL);
	cr_expect_str_eq(world_marks(&w, "t-"), "tc -c ts/b -s/b ta -a");
	world_ask(&w, REQUEST_START, "a", NULL);
	world_marks(&w, "");
	world_shutdown(&w);
	cr_expect_str_eq(world_marks(&w, "t-"), "tc -c ts/b -s/b ta -a -s -/");
}

/* ... after too, where all ends; by itself it is nothing to those that came after it. */
Test(depend, after_is_no_fate)
{
	world_boot(&w, "/{b(after=s/a) s{a} t{c(after=b)}}");
	world_ask(&w, REQUEST_RESTART, "s/a", NULL);
	cr_expect_eq(world_starts(&w, "b"), 1);
	world_marks(&w, "");
	world_shutdown(&w);
	cr_expect_str_eq(world_marks(&w, "-"), "-t/c -t -b -s/a -s -/");
}

/* Rule 7. */
Test(depend, d21_order_given_up)
{
	world_boot(&w, "/{b(requires=a shutdown=infinity) a}");
	world_manners(&w, "b")->stubborn = true;
	world_marks(&w, "");
	world_shutdown(&w);
	world_pass(&w, 70000);
	cr_expect_str_eq(world_marks(&w, "t-"), "tb");
	world_pass(&w, 3000);
	cr_expect_str_eq(world_marks(&w, "t-"), "ta -a");
	world_pass(&w, 20000);
	cr_expect(w.halted);
	/* Who is told only then does not wait either. */
	world_fini(&w);
	world_init(&w);
	world_boot(&w, "/(rest_for_one){a s{b(requires=a shutdown=infinity)}}");
	world_manners(&w, "s/b")->stubborn = true;
	world_shutdown(&w);
	world_marks(&w, "");
	world_pass(&w, 73000);
	cr_expect_str_eq(world_marks(&w, "t-"), "ta -a");
}

/* ---- requests ---- */

/* D4: an error that names it. */
Test(depend, d4_a_start_that_is_blocked)
{
	world_boot(&w, "/{a(requires=b down) b(down)}");
	cr_expect_str_eq(world_ask(&w, REQUEST_START, "a", NULL), "blocked");
	cr_expect_str_eq(world_ask(&w, REQUEST_RESTART_CHILD, "/", "a"), "blocked");
	world_ask(&w, REQUEST_START, "b", NULL);
	cr_expect_str_eq(world_ask(&w, REQUEST_START, "a", NULL), "ok");
}

/* Who waits for one that is on its way waits with it. */
Test(depend, d4_a_start_that_waits)
{
	world_manners(&w, "b")->mute = true;
	world_boot(&w, "/{a(requires=b down) b(notify)}");
	cr_expect_str_eq(world_ask(&w, REQUEST_START, "a", NULL), "");
	cr_expect_str_eq(world_state(&w, "a"), "waiting");
	world_manners(&w, "b")->mute = false;
	world_serve(&w);
	cr_expect_str_eq(world_answer(&w, 0), "ok");
}

Test(depend, children_that_are_added)
{
	world_boot(&w, "/{a s{b}}");
	cr_expect_str_eq(world_start_child(&w, "/", "c(requires=nobody)"), "bad_spec");
	cr_expect_str_eq(world_start_child(&w, "s", "c(requires=s)"), "bad_spec");
	cr_expect_str_eq(world_start_child(&w, "/", "c(requires=a)"), "ok_up");
	world_ask(&w, REQUEST_STOP, "a", NULL);
	cr_expect_str_eq(world_start_child(&w, "/", "d(requires=a)"), "blocked");
	cr_expect_str_eq(world_start_child(&w, "/", "d(after=a)"), "ok_up");
	/* A name that comes back with another wish. */
	world_ask(&w, REQUEST_REMOVE, "a", NULL);
	cr_expect_str_eq(world_start_child(&w, "/", "a(requires=c)"), "bad_spec");
	cr_expect_str_eq(world_state(&w, "c"), "waiting");
	cr_expect_str_eq(world_start_child(&w, "/", "a"), "ok_up");
	cr_expect_str_eq(world_state(&w, "c"), "running");
}

/* Each allocation of an admission fails once, and nothing is left of it. */
Test(depend, no_memory)
{
	struct spec *spec = world_spec("b(requires=a after=a provides=v)");
	struct request request = {
		.kind = REQUEST_START_CHILD, .target = "/", .child = "b", .spec = spec};
	const char *answer = "";

	world_boot(&w, "/{a}");
	for (unsigned long n = 1; strcmp(answer, "ok_up") != 0; n++) {
		alloc_fail_at(n);
		answer = world_request(&w, &request);
		if (alloc_fail_end() && strcmp(answer, "ok_up") != 0)
			cr_expect_str_eq(answer, "no_memory", "%lu", n);
		world_pass(&w, 100);
		cr_expect_eq(w.core->needs.used, strcmp(answer, "ok_up") == 0 ? 2 : 0, "%lu", n);
		cr_assert_lt(n, 60);
	}
	cr_expect_str_eq(world_state(&w, "b"), "running");
	spec_unref(spec);
}

/* ---- circles: order.c ---- */

/* Children 1 and 2 of 0, and 3 in 2. */
static bool has_circle(const struct spec *spec, uint32_t who, uint32_t on)
{
	struct order order = {0};
	struct order_step *steps = NULL;
	size_t n;
	const struct spec *both = who != 3 && on != 3 ? spec : NULL;

	cr_assert_eq(order_add_child(&order, 0, 0), 0);
	cr_assert_eq(order_add_child(&order, 1, 0), 0);
	cr_assert_eq(order_add_place(&order, spec, 0, 1, 1), 0);
	cr_assert_eq(order_add_child(&order, 2, 0), 0);
	cr_assert_eq(order_add_place(&order, spec, 0, 2, 1), 0);
	cr_assert_eq(order_add_child(&order, 3, 2), 0);
	cr_assert_eq(order_add_depend(&order, who, on, both, ORDER_REQUIRES), 0);
	cr_assert_eq(order_find_cycle(&order, &steps, &n), 0);
	order_fini(&order);
	free(steps);
	return n > 0;
}

Test(depend, circles)
{
	static const struct {
		enum strategy strategy;
		enum start_mode start;
		uint32_t who, on;
		bool circle;
	} rows[] = {
		{STRATEGY_ONE_FOR_ONE, START_ORDERED, 1, 2, false},
		{STRATEGY_ONE_FOR_ONE, START_ORDERED, 2, 1, false},
		{STRATEGY_ONE_FOR_ONE, START_ORDERED, 1, 3, false},
		{STRATEGY_ONE_FOR_ONE, START_ORDERED, 3, 2, false},
		{STRATEGY_REST_FOR_ONE, START_ORDERED, 1, 2, true},
		{STRATEGY_REST_FOR_ONE, START_ORDERED, 2, 1, false},
		{STRATEGY_REST_FOR_ONE, START_ORDERED, 1, 3, true},
		{STRATEGY_REST_FOR_ONE, START_PARALLEL, 1, 2, true},
		{STRATEGY_REST_FOR_ONE, START_PARALLEL, 2, 1, false},
		{STRATEGY_ONE_FOR_ALL, START_PARALLEL, 1, 2, false},
		{STRATEGY_ONE_FOR_ALL, START_PARALLEL, 1, 3, true},
		{STRATEGY_ONE_FOR_ALL, START_ORDERED, 3, 1, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct spec *spec = spec_new(CHILD_SUPERVISOR, "/");

		spec->strategy = rows[i].strategy;
		spec->start = rows[i].start;
		cr_expect_eq(has_circle(spec, rows[i].who, rows[i].on), rows[i].circle, "row %zu",
			     i);
		spec_unref(spec);
	}
}

/* Linear, and no call of itself: a chain that no stack would hold. */
Test(depend, a_long_chain)
{
	struct order order = {0};
	struct order_step *steps;
	const uint32_t n_children = 200000;
	size_t n;

	cr_assert_eq(order_add_child(&order, 0, 0), 0);
	for (uint32_t i = 1; i < n_children; i++) {
		cr_assert_eq(order_add_child(&order, i, 0), 0);
		cr_assert_eq(order_add_depend(&order, i, i == n_children - 1 ? 1 : i + 1, NULL,
					      ORDER_AFTER),
			     0);
	}
	cr_assert_eq(order_find_cycle(&order, &steps, &n), 0);
	cr_expect_eq(n, n_children - 1);
	free(steps);
	order_fini(&order);
}

/* A child on demand that was asked for, and waits with its range: it starts with that. */
Test(depend, on_demand_and_asked_for)
{
	world_boot(&w, "/{s(rest_for_one){a b(on_demand requires=c)} c}");
	cr_expect_str_eq(world_state(&w, "s/b"), "waiting");
	cr_expect_eq(world_starts(&w, "s/b"), 0);
	world_ask(&w, REQUEST_START, "s/b", NULL);
	cr_expect_str_eq(world_state(&w, "s/b"), "running");
	world_ask(&w, REQUEST_STOP, "c", NULL);
	cr_expect_str_eq(world_state(&w, "s/b"), "waiting");
	world_ask(&w, REQUEST_START, "c", NULL);
	cr_expect_str_eq(world_state(&w, "s/b"), "running");
}
