/* SPDX-License-Identifier: MIT */

/* Recordings: what is written is read back, a replay decides the same, and damage does no harm. */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/record.h"
#include "tests/support/alloc.h"

static struct spec *spec_of(enum child_type type, const char *name)
{
	struct spec *spec = spec_new(type, name);

	cr_assert_not_null(spec);
	return spec;
}

/* / -> pool (rest_for_one: a, b), odd name */
static struct spec *tree_of_specs(void)
{
	struct spec *root = spec_of(CHILD_SUPERVISOR, "/");
	struct spec *pool = spec_of(CHILD_SUPERVISOR, "pool");
	struct spec *last = spec_of(CHILD_SERVICE, "x:y@1+z");

	pool->strategy = STRATEGY_REST_FOR_ONE;
	pool->intensity = 1;
	pool->period = SPAN_MS(1500);
	last->ready = READY_NOTIFY;
	last->restart = RESTART_TRANSIENT;
	last->shutdown = SHUTDOWN_BRUTAL_KILL;
	last->restart_delay = SPAN_MS(200);
	spec_success_code(last, 7);
	spec_success_signal(last, 15);
	cr_assert_eq(spec_add_child(pool, spec_of(CHILD_SERVICE, "a")), 0);
	cr_assert_eq(spec_add_child(pool, spec_of(CHILD_SERVICE, "b")), 0);
	cr_assert_eq(spec_add_child(root, pool), 0);
	cr_assert_eq(spec_add_child(root, last), 0);
	return root;
}

static void expect_round_trip(const struct event *event)
{
	struct buf first CLEANUP(buf_fini) = BUF_INIT;
	struct buf again CLEANUP(buf_fini) = BUF_INIT;
	struct recorded recorded;
	const char *cursor;

	record_event(&first, event, (struct mono){1234567890123});
	cr_assert_eq(first.error, 0);
	cursor = buf_text(&first);
	cr_assert_eq(record_parse(&cursor, &recorded), 0, "%s", buf_text(&first));
	cr_assert_str_empty(cursor);
	cr_assert_eq(recorded.at.ns, 1234567890123);
	record_event(&again, &recorded.event, recorded.at);
	cr_assert_str_eq(buf_text(&again), buf_text(&first));
	record_event_fini(&recorded);
	cr_assert_eq(record_parse(&cursor, &recorded), 1);
}

Test(record, every_kind_of_event_is_read_back)
{
	for (int kind = 0; kind < EVENT_N_KINDS; kind++) {
		struct event event = {.kind = (enum event_kind)kind, .pid = {(uint64_t)1 << 40}};

		if (event.kind == EVENT_BOOT) {
			event.spec = tree_of_specs();
			event.budget = SPAN_INFINITY;
			event.seed = UINT64_MAX;
		}
		if (event.kind == EVENT_EXITED) {
			event.code = 9;
			event.by_signal = true;
		}
		if (event.kind == EVENT_START_FAILED)
			event.reason = (struct reason){
				.kind = REASON_EXEC, .code = ENOENT, .step = STEP_CHDIR};
		if (event.kind == EVENT_FORGET)
			event.request.id = 77;
		expect_round_trip(&event);
		spec_unref(event.spec);
	}
}

Test(record, every_kind_of_request_is_read_back)
{
	char first[] = "--a b=c %", second[] = "", third[] = "\xff\n";
	char *args[] = {first, second, third, NULL};

	for (int kind = 0; kind < REQUEST_N_KINDS; kind++) {
		struct event event = {.kind = EVENT_REQUEST};

		event.request = (struct request){
			.id = 5,
			.kind = (enum request_kind)kind,
			.target = "web/api",
			.child = "",
			.spec = kind == REQUEST_START_CHILD || kind == REQUEST_SPAWN
					? tree_of_specs()
					: NULL,
			.args = kind == REQUEST_START_CHILD ? args : args + 3,
			.no_wait = kind % 2,
			.allow_starting = kind % 3 == 0,
			.on = kind == REQUEST_SPAWN,
			.ref = kind == REQUEST_SPAWN ? UINT64_MAX : 0,
			.uid = kind == REQUEST_SPAWN ? 7 : 0,
		};
		cr_assert_eq(reason_parse("shutdown:good bye", &event.request.reason), 0);
		expect_round_trip(&event);
		spec_unref(event.request.spec);
		reason_fini(&event.request.reason);
	}
}

/* ---- a run ---- */

struct run {
	struct core *core;
	struct buf text;
	struct mono now;
	actor_pid started[8];
	size_t n_started;
};

static void run_step(struct run *run, const struct event *event)
{
	struct effect effect;

	run->now.ns += 1000000;
	record_event(&run->text, event, run->now);
	cr_assert_eq(core_step(run->core, event, run->now), 0);
	while (core_next_effect(run->core, &effect)) {
		record_effect(&run->text, &effect);
		if (effect.kind == FX_START)
			run->started[run->n_started++ % ARRAY_LEN(run->started)] = effect.pid;
		effect_fini(&effect);
	}
}

static void run_process(struct run *run, enum event_kind kind, actor_pid pid, int code)
{
	run_step(run,
		 &(struct event){.kind = kind, .pid = pid, .code = code, .by_signal = code > 0});
}

/* Boots, lets a die, asks this and that, ends. */
static void run_play(struct run *run)
{
	struct event boot = {
		.kind = EVENT_BOOT, .spec = tree_of_specs(), .budget = SPAN_S(90), .seed = 3};

	*run = (struct run){.text = BUF_INIT};
	cr_assert_eq(core_new(&run->core), 0);
	run_step(run, &boot);
	spec_unref(boot.spec);
	run_process(run, EVENT_STARTED, run->started[0], 0);
	run_process(run, EVENT_STARTED, run->started[1], 0);
	run_process(run, EVENT_STARTED, run->started[2], 0);
	run_process(run, EVENT_READY, run->started[2], 0);
	for (int kind = REQUEST_WHICH_CHILDREN; kind <= REQUEST_GET_CHILDSPEC; kind++)
		run_step(run, &(struct event){.kind = EVENT_REQUEST,
					      .request = {.id = 9,
							  .kind = (enum request_kind)kind,
							  .target = "pool",
							  .child = "a"}});
	run_process(run, EVENT_EXITED, run->started[0], 11);
	run_process(run, EVENT_GONE, run->started[0], 0);
	run_process(run, EVENT_EXITED, run->started[1], 15);
	run_process(run, EVENT_GONE, run->started[1], 0);
	run_process(run, EVENT_STARTED, run->started[3], 0);
	run_process(run, EVENT_EXITED, run->started[2], 6);
	run_process(run, EVENT_GONE, run->started[2], 0);
	run_step(run, &(struct event){.kind = EVENT_SHUTDOWN});
	run_step(run, &(struct event){.kind = EVENT_SHUTDOWN});
}

static void run_fini(struct run *run)
{
	core_free(run->core);
	buf_fini(&run->text);
}

Test(record, a_replay_decides_the_same)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct run run;

	run_play(&run);
	cr_assert_not_null(strstr(buf_text(&run.text), "fx start"));
	cr_assert_not_null(strstr(buf_text(&run.text), " kind=backoff"));
	cr_assert_not_null(strstr(buf_text(&run.text), "counts=2,2,0,2"));
	cr_assert_eq(record_replay(buf_text(&run.text), &out), 0);
	cr_assert_str_eq(buf_text(&out), buf_text(&run.text));
	run_fini(&run);
}

Test(record, damage_does_no_harm)
{
	struct run run;
	size_t size;

	run_play(&run);
	size = run.text.size;
	for (size_t i = 0; i < size; i += 1 + i / 64) {
		struct buf out CLEANUP(buf_fini) = BUF_INIT;
		char kept = run.text.data[i];

		run.text.data[i] = (char)(i % 3 == 0 ? '\0' : i % 3 == 1 ? ' ' : kept ^ 1);
		record_replay(run.text.data, &out);
		run.text.data[i] = kept;
	}
	run_fini(&run);
}

Test(record, refuses_what_is_no_event)
{
	static const char *const rows[] = {
		"nonsense\n",
		"ev x boot\n",
		"ev 1 unheard_of\n",
		"ev 1 boot\n",
		"ev 1 exited code=9999999999999\n",
		"ev 1 exited by_signal=2\n",
		"ev 1 exited pid\n",
		"ev 1 told reason=%00\n",
		"ev 1 told reason=%zz\n",
		"ev 1 exited colour=blue\n",
		"ev 1 boot budget=1\nspec 1 supervisor web\n",
		"ev 1 boot budget=1\nspec 0 supervisor / intensity=x\n",
		"ev 1 boot budget=1\nspec 0 gardener /\n",
		"ev 1 boot budget=1\nspec 0 supervisor /\nspec 0 supervisor /\n",
		"ev 1 boot budget=1\nspec 0 supervisor /\nspec 2 service a\n",
		"ev 1 boot budget=1\nspec 0 supervisor / success_codes=00\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct recorded recorded;
		const char *cursor = rows[i];

		cr_assert_eq(record_parse(&cursor, &recorded), -EINVAL, "%s", rows[i]);
	}
}

Test(record, every_allocation_may_fail)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	char word[] = "word";
	char *args[] = {word, word, NULL};
	struct event event = {.kind = EVENT_REQUEST};

	event.request = (struct request){
		.id = 1, .target = "x", .child = "y", .spec = tree_of_specs(), .args = args};
	cr_assert_eq(reason_parse("a longer reason of its own", &event.request.reason), 0);
	record_event(&text, &event, (struct mono){1});
	for (unsigned long n = 1;; n++) {
		const char *cursor = buf_text(&text);
		struct recorded recorded;
		int r;

		alloc_fail_at(n);
		r = record_parse(&cursor, &recorded);
		if (!alloc_fail_end()) {
			cr_assert_eq(r, 0);
			record_event_fini(&recorded);
			cr_assert_gt(n, 10);
			break;
		}
		cr_assert_eq(r, -ENOMEM, "allocation %lu", n);
	}
	spec_unref(event.request.spec);
	reason_fini(&event.request.reason);
}
