/* SPDX-License-Identifier: MIT */

/* The small parts: timers, the window of restarts, the chain, the queue of effects, names. */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

TestSuite(timer, .init = setup, .fini = teardown);
TestSuite(chain, .init = setup, .fini = teardown);
TestSuite(effect, .init = setup, .fini = teardown);

/* ---- timers ---- */

#define TIMERS 20

static void boot_many(unsigned n)
{
	struct event boot = {.kind = EVENT_BOOT, .budget = SPAN_S(90)};
	char name[16];

	boot.spec = spec_new(CHILD_SUPERVISOR, "/");
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		cr_assert_eq(spec_add_child(boot.spec, spec_new(CHILD_SERVICE, name)), 0);
	}
	world_step(&w, &boot);
	spec_unref(boot.spec);
}

static struct child *kid(unsigned i)
{
	char name[8];

	snprintf(name, sizeof(name), "c%u", i);
	return world_child(&w, name);
}

/* The next by deadline, then by the order of being set; checked against a plain search. */
static struct child *timer_expected(const bool *set, unsigned n)
{
	struct child *next = NULL;

	for (unsigned i = 0; i < n; i++) {
		struct child *c = kid(i);

		if (set[i] &&
		    (!next || c->deadline.ns < next->deadline.ns ||
		     (c->deadline.ns == next->deadline.ns && c->deadline_seq < next->deadline_seq)))
			next = c;
	}
	return next;
}

Test(timer, in_order_equal_ones_by_sequence)
{
	bool set[TIMERS] = {false};
	uint64_t random = 1;

	boot_many(TIMERS);
	for (unsigned round = 0; round < 2000; round++) {
		unsigned i;
		struct child *due;

		random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
		i = (unsigned)(random >> 33) % TIMERS;
		if (random >> 62 == 0) {
			timer_cancel(kid(i));
			set[i] = false;
		} else if (random >> 62 == 1) {
			w.core->now.ns = INT64_MAX - 1;
			due = timer_due(w.core);
			cr_assert_eq(due, timer_expected(set, TIMERS), "round %u", round);
			for (unsigned j = 0; due && j < TIMERS; j++)
				set[j] = set[j] && kid(j) != due;
		} else {
			timer_set(kid(i), (struct mono){(int64_t)(random >> 40) % 7});
			set[i] = true;
		}
	}
	for (unsigned i = 0; i < TIMERS; i++)
		timer_cancel(kid(i));
}

Test(timer, none_is_due_before_its_time)
{
	struct child *c;

	boot_many(1);
	c = kid(0);
	timer_set(c, (struct mono){w.core->now.ns + 1});
	cr_expect_null(timer_due(w.core));
	w.core->now.ns++;
	cr_expect_eq(timer_due(w.core), c);
	cr_expect_null(timer_due(w.core));
	timer_set(c, MONO_NEVER);
	cr_expect_eq(core_deadline(w.core).ns, MONO_NEVER.ns);
}

/* ---- the window (132 to 135) ---- */

Test(window, s132_to_s135_edges)
{
	const struct span period = SPAN_S(5);
	struct window window;

	cr_assert_eq(window_init(&window, 0), 0);
	cr_expect(window_add(&window, (struct mono){1}, period), "intensity 0");
	window_fini(&window);
	cr_assert_eq(window_init(&window, 2), 0);
	cr_expect_not(window_add(&window, (struct mono){0}, period));
	cr_expect_not(window_add(&window, (struct mono){1}, period));
	cr_expect_not(window_add(&window, (struct mono){period.ns + 1}, period), "one is older");
	cr_expect(window_add(&window, (struct mono){period.ns + 1}, period), "exactly a period");
	window_fini(&window);
	alloc_fail_at(1);
	cr_expect_eq(window_init(&window, 2), -ENOMEM);
	alloc_fail_end();
}

/* ---- the chain ---- */

Test(chain, the_last_sixteen_and_an_older_one_is_gone)
{
	struct cause causes[40];
	uint32_t slot;

	boot_many(2);
	slot = kid(1)->slot;
	for (unsigned i = 0; i < 40; i++) {
		causes[i] =
			chain_add(kid(1), LINK_LINGERS,
				  i ? causes[i - 1] : cause_origin(ORIGIN_TIMER), NULL, (int32_t)i);
		world_step(&w, &(struct event){.kind = EVENT_TICK});
	}
	for (uint32_t i = 0; i < CHAIN_LENGTH; i++) {
		const struct link *l = core_chain(w.core, slot, i);

		cr_assert_not_null(l);
		cr_expect_eq(l->code, 39 - (int32_t)i);
		cr_expect_eq(core_find_link(w.core, causes[39 - i]), l);
		cr_expect_eq(l->cause.seq, causes[38 - i].seq);
	}
	cr_expect_null(core_chain(w.core, slot, CHAIN_LENGTH));
	cr_expect_null(core_find_link(w.core, causes[39 - CHAIN_LENGTH]));
	cr_expect_null(core_chain(w.core, 9999, 0));
	cr_expect_null(core_find_link(w.core, cause_origin(ORIGIN_BOOT)));
}

Test(chain, the_sequence_counts_every_change_of_the_node)
{
	struct cause a, b;

	boot_many(2);
	a = chain_add(kid(0), LINK_LINGERS, cause_origin(ORIGIN_TIMER), NULL, 0);
	b = chain_add(kid(1), LINK_LINGERS, a, NULL, 0);
	cr_expect_eq(b.seq, a.seq + 1);
	cr_expect_eq(core_find_link(w.core, b)->cause.slot, kid(0)->slot);
	cr_expect_eq(chain_last(kid(1)).seq, b.seq);
}

/* ---- the queue of effects ---- */

/* What was not taken is dropped, with what it owns. */
Test(effect, what_is_left_is_dropped_by_the_next_step)
{
	struct request which = {.id = 1, .kind = REQUEST_WHICH_CHILDREN, .target = "/"};
	struct event event = {.kind = EVENT_REQUEST, .request = which};
	struct effect effect;

	boot_many(3);
	cr_expect_eq(core_step(w.core, &event, w.now), 0);
	cr_expect_eq(core_step(w.core, &(struct event){.kind = EVENT_TICK}, w.now), 0);
	cr_expect_not(core_next_effect(w.core, &effect));
}

Test(effect, in_order_and_room_is_only_promised_once)
{
	struct effect effect;
	struct reason reason = REASON(REASON_UNHEALTHY);

	boot_many(1);
	cr_assert_eq(effect_reserve(w.core, 200), 0);
	alloc_fail_at(0);
	for (int32_t i = 0; i < 200; i++)
		chain_add(kid(0), LINK_LINGERS, cause_origin(ORIGIN_TIMER), &reason, i);
	cr_expect_eq(alloc_count(), 0);
	for (int32_t i = 0; i < 200; i++) {
		cr_assert(core_next_effect(w.core, &effect));
		cr_expect_eq(effect.kind, FX_NOTICE);
		cr_expect_eq(effect.link.code, i);
		effect_fini(&effect);
	}
	cr_expect_not(core_next_effect(w.core, &effect));
	effect_release(w.core, 200);
}

Test(effect, no_room_is_told_and_changes_nothing)
{
	size_t promised;

	boot_many(1);
	promised = w.core->effects_promised;
	alloc_fail_at(1);
	cr_expect_eq(effect_reserve(w.core, 100000), -ENOMEM);
	cr_expect(alloc_fail_end());
	cr_expect_eq(w.core->effects_promised, promised);
}

/* More in one queue than one step has room for: the next steps go on. */
Test(effect, a_long_queue_takes_more_than_one_step)
{
	world_boot(&w, "/(rest_for_one){s{} t{} b(notify)}");
	world_manners(&w, "b")->mute = true;
	world_crash(&w, "b");
	for (unsigned i = 0; i < 30; i++) {
		world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "s");
		world_ask(&w, REQUEST_RESTART_CHILD, "/", "s");
	}
	world_manners(&w, "b")->mute = false;
	world_serve(&w);
	cr_expect(core_deadline(w.core).ns <= w.now.ns, "it all fitted");
	cr_expect_not(core_is_resting(w.core, false));
	world_pass(&w, 0);
	cr_expect(core_is_resting(w.core, false));
	cr_expect_str_eq(world_answer(&w, 1), "ok");
	cr_expect_str_eq(world_answer(&w, 0), "ok_up");
	cr_expect_eq(world_starts(&w, "s"), 31);
}

/* ---- names ---- */

static void check_names(const char *const *names, int n)
{
	for (int i = 0; i < n; i++) {
		cr_assert_not_null(names[i], "%s and then nothing", i ? names[i - 1] : "");
		cr_expect_eq(strspn(names[i], "abcdefghijklmnopqrstuvwxyz_"), strlen(names[i]));
		for (int j = 0; j < i; j++)
			cr_expect_str_neq(names[i], names[j]);
	}
	cr_expect_null(names[n]);
}

Test(names, each_has_one_of_its_own)
{
	check_names(event_kind_names, EVENT_N_KINDS);
	check_names(request_kind_names, REQUEST_N_KINDS);
	check_names(effect_kind_names, FX_N_KINDS);
	check_names(link_kind_names, LINK_N_KINDS);
	check_names(origin_names, ORIGIN_N);
	check_names(answer_names, ANSWER_N);
}

/* INTERFACE 3's eight states and no other. */
Test(names, states)
{
	static const char *const words =
		" waiting starting running stopping stopped backoff failed "
		"done ";
	char word[32];

	for (int state = 0; state < CHILD_N_STATES; state++) {
		snprintf(word, sizeof(word), " %s ", child_state_name((enum child_state)state));
		cr_expect_not_null(strstr(words, word), "%s", word);
	}
}

/* ---- life ---- */

/* Every allocation of it fails once, and each time nothing has changed. */
Test(boot, short_of_memory)
{
	struct event boot = {.kind = EVENT_BOOT, .budget = SPAN_S(90)};
	int r = -1;

	boot.spec = world_spec("/(one_for_all){a s(simple_one_for_one){w} t{b(temporary) c}}");
	world_init(&w);
	for (unsigned long n = 1; r < 0; n++) {
		alloc_fail_at(n);
		r = core_step(w.core, &boot, w.now);
		if (!alloc_fail_end())
			break;
		cr_assert_eq(r, -ENOMEM, "allocation %lu", n);
		cr_assert_eq(core_step(w.core, &(struct event){.kind = EVENT_TICK}, w.now),
			     -EINVAL);
		cr_assert_eq(core_next(w.core, SLOT_NONE), SLOT_NONE);
	}
	cr_expect_eq(r, 0);
	cr_expect_eq(core_find(w.core, "/"), 0);
	cr_expect_eq(core_step(w.core, &boot, w.now), -EINVAL, "a second one");
	world_fini(&w);
	spec_unref(boot.spec);
}

/* A request that meets a failing allocation says so, and the tree does not notice. */
Test(boot, requests_short_of_memory)
{
	static const enum request_kind kinds[] = {REQUEST_START_CHILD, REQUEST_WHICH_CHILDREN,
						  REQUEST_STOP,        REQUEST_START,
						  REQUEST_WAIT_DOWN,   REQUEST_SYNC};

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		for (unsigned long n = 1;; n++) {
			struct request request = {.kind = kinds[k], .target = "/"};
			struct spec *spec = world_spec("d");
			bool failed;

			world_init(&w);
			world_boot(&w, "/{a b}");
			if (kinds[k] == REQUEST_START_CHILD)
				request.spec = spec;
			if (kinds[k] == REQUEST_STOP || kinds[k] == REQUEST_START)
				request.target = "a";
			if (kinds[k] == REQUEST_START)
				world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "a");
			alloc_fail_at(n);
			world_request(&w, &request);
			failed = alloc_fail_end();
			if (failed && w.answers[w.n_requests - 1][0])
				cr_expect_str_eq(world_answer(&w, 0), "no_memory", "%s, %lu",
						 request_kind_names[kinds[k]], n);
			cr_expect_str_eq(world_state(&w, "b"), "running");
			request.spec = NULL;
			world_fini(&w);
			spec_unref(spec);
			if (!failed)
				break;
		}
	}
}

/* A path prefers what is listed; a pid is the present incarnation's. */
Test(boot, looks)
{
	struct child_view view;

	world_init(&w);
	world_boot(&w, "/{a s{b}}");
	cr_expect(core_view(w.core, core_find(w.core, "s/b"), &view));
	cr_expect_str_eq(view.path, "s/b");
	cr_expect_eq(view.depth, 2);
	cr_expect_eq(view.parent, core_find(w.core, "s"));
	cr_expect(view.ready);
	cr_expect_eq(core_find_pid(w.core, view.pid), view.slot);
	world_crash(&w, "s/b");
	cr_expect_eq(core_find_pid(w.core, view.pid), SLOT_NONE);
	cr_expect_eq(core_find(w.core, "s/nobody"), SLOT_NONE);
	cr_expect_eq(core_find(w.core, NULL), SLOT_NONE);
	cr_expect_not(core_view(w.core, 999, &view));
	cr_expect_eq(world_view(&w, "s/b").restarts, 1);
	world_fini(&w);
}

/* The same events give the same effects, delays and all. */
Test(boot, the_jitter_is_the_seeds)
{
	int64_t deadlines[3];
	static const uint64_t seeds[3] = {5, 5, 6};

	for (unsigned i = 0; i < 3; i++) {
		struct event boot = {.kind = EVENT_BOOT, .seed = seeds[i], .budget = SPAN_S(90)};

		world_init(&w);
		boot.spec = world_spec("/{a(restart_delay=100s restart_delay_max=1h)}");
		world_step(&w, &boot);
		spec_unref(boot.spec);
		world_crash(&w, "a");
		deadlines[i] = core_deadline(w.core).ns;
		world_fini(&w);
	}
	cr_expect_eq(deadlines[0], deadlines[1]);
	cr_expect_neq(deadlines[0], deadlines[2]);
}
