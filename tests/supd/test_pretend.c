/* SPDX-License-Identifier: MIT */

/* What would happen, played on a core. What really happens then: tests/run/test_what_if.c. */

#include "supd/pretend.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "supd/loop.h"

static struct core *core;
static struct mono at;
static char told[8192];
static size_t n_told;
static uint64_t last_seq;

static void fini(void)
{
	core_free(core);
}

TestSuite(pretend, .fini = fini);

/* ---- a tree ---- */

static void take(const struct event *event)
{
	struct effect e;
	actor_pid starts[16384];
	size_t n = 0;

	cr_assert_eq(core_step(core, event, at), 0);
	while (core_next_effect(core, &e)) {
		if (e.kind == FX_START)
			starts[n++] = e.pid;
		effect_fini(&e);
	}
	for (size_t i = 0; i < n; i++)
		take(&(struct event){.kind = EVENT_STARTED, .pid = starts[i]});
}

/* "/" with s below it, and n services below that. */
static void boot(uint32_t n, void (*change)(struct spec *spec, uint32_t i))
{
	struct spec *root = spec_new(CHILD_SUPERVISOR, "/"), *s = spec_new(CHILD_SUPERVISOR, "s");
	char name[16];

	s->strategy = STRATEGY_ONE_FOR_ALL;
	s->start = START_PARALLEL;
	for (uint32_t i = 1; i <= n; i++) {
		struct spec *service;

		snprintf(name, sizeof(name), "c%u", i);
		service = spec_new(CHILD_SERVICE, name);
		if (change)
			change(service, i);
		cr_assert_eq(spec_add_child(s, service), 0);
	}
	cr_assert_eq(spec_add_child(root, s), 0);
	cr_assert_eq(core_new(&core), 0);
	at = loop_now();
	at.ns -= MIN_OF(at.ns, SPAN_S(10).ns); /* a while ago */
	take(&(struct event){.kind = EVENT_BOOT, .spec = root, .budget = SPAN_INFINITY, .seed = 7});
	spec_unref(root);
}

/* ---- hearing ---- */

static void on_notice(void *owner, const struct pretend_notice *n)
{
	struct child_view v = {.path = "?"};
	size_t used = strlen(told);

	(void)owner;
	cr_assert_eq(n->seq, ++last_seq);
	cr_assert_lt(n->cause, n->seq);
	n_told++;
	(void)core_view(core, n->slot, &v);
	if (used < sizeof(told) - 100)
		snprintf(told + used, sizeof(told) - used, "%s%s:%s:%lld", used ? " " : "",
			 link_kind_names[n->link->kind], v.path,
			 (long long)(n->after.ns / 1000000));
}

static void on_answer(void *owner, size_t target, const struct reply *reply)
{
	(void)owner;
	(void)target;
	snprintf(told + strlen(told), 64, " =%s", answer_names[reply->answer]);
}

static void on_result(void *owner, uint32_t slot, enum child_state before, uint64_t starts_before)
{
	struct child_view v;

	(void)owner;
	cr_assert(core_view(core, slot, &v));
	if (strlen(told) < sizeof(told) - 100)
		snprintf(told + strlen(told), 100, " |%s:%s>%s:%d", v.path,
			 child_state_name(before), child_state_name(v.state),
			 (int)(v.starts - starts_before));
}

static const struct pretend_hears hears = {
	.notice = on_notice, .answer = on_answer, .result = on_result};

static const char *run(struct pretend_what what, const char *target, enum pretend_end *ret_end)
{
	what.targets = &target;
	what.n_targets = 1;
	last_seq = 0;
	told[0] = '\0';
	*ret_end = pretend_run(core, &what, &hears, loop_now, SPAN_S(60));
	cr_assert_null(core_check(core));
	return told;
}

static const char *what_if(enum pretend_act act, const char *target, enum pretend_end *ret_end)
{
	return run((struct pretend_what){.act = act, .code = 9, .by_signal = true}, target,
		   ret_end);
}

/* ---- */

static void with_delay(struct spec *spec, uint32_t i)
{
	if (i == 2)
		spec->restart_delay = SPAN_S(7);
	if (i == 1) {
		spec->ready = READY_DELAY;
		spec->ready_delay = SPAN_S(3);
	}
}

/* The clock jumps: nobody waits. */
Test(pretend, time_passes)
{
	struct mono begin = loop_now();
	enum pretend_end end;
	const char *is;

	boot(2, with_delay);
	at = mono_add(at, SPAN_S(4));
	take(&(struct event){.kind = EVENT_TICK});
	is = what_if(PRETEND_KILL, "s/c2", &end);
	cr_expect_eq(end, PRETEND_RESTS);
	cr_expect_not_null(strstr(is, "exit:s/c2:0 stopping:s/c1:0 exit:s/c1:0 backoff:s/c2:0"),
			   "%s", is);
	cr_expect_not_null(strstr(is, "|s/c1:running>running:1 |s/c2:running>running:1"), "%s", is);
	cr_expect_lt(mono_between(begin, loop_now()).ns, SPAN_S(6).ns);
}

/* Who ends by itself was sent nothing. */
Test(pretend, an_exit_status_is_no_signal)
{
	struct pretend_what what = {.act = PRETEND_KILL, .code = 1};
	enum pretend_end end;
	const char *is;

	boot(1, NULL);
	is = run(what, "s/c1", &end);
	cr_expect_null(strstr(is, "unix_signal"), "%s", is);
	cr_expect_eq(strncmp(is, "exit:s/c1:0 ", 12), 0, "%s", is);
	is = what_if(PRETEND_KILL, "s/c1", &end);
	cr_expect_eq(strncmp(is, "unix_signal:s/c1:0 exit:s/c1:0 ", 31), 0, "%s", is);
}

static void kill_fast(struct spec *spec, uint32_t i)
{
	(void)i;
	spec->shutdown = SHUTDOWN_BRUTAL_KILL;
}

Test(pretend, ten_thousand)
{
	enum pretend_end end;

	boot(10000, kill_fast);
	what_if(PRETEND_RESTART, "s", &end);
	cr_expect_eq(end, PRETEND_RESTS);
	cr_expect_geq(n_told, 50000);
}

Test(pretend, what_can_not_be)
{
	enum pretend_end end;

	boot(1, NULL);
	cr_expect_not_null(pretend_refuses(core, PRETEND_KILL, "s"));
	cr_expect_not_null(pretend_refuses(core, PRETEND_STOP, "t"));
	cr_expect_null(pretend_refuses(core, PRETEND_STOP, "s"));
	cr_expect_null(pretend_refuses(core, PRETEND_KILL, "s/c1"));
	cr_expect_str_eq(what_if(PRETEND_STOP, "/", &end), " =root |/:running>running:0");
}

/* What is under way for another reason goes on, and is not told. */
Test(pretend, others_are_left_out)
{
	enum pretend_end end;
	struct child_view v;
	const char *is;

	boot(2, with_delay);
	at = mono_add(at, SPAN_S(4));
	take(&(struct event){.kind = EVENT_TICK});
	take(&(struct event){
		.kind = EVENT_REQUEST,
		.request = {.id = 1, .kind = REQUEST_STOP, .target = "s/c1", .no_wait = true}});
	cr_assert(core_view(core, core_find(core, "s/c1"), &v));
	cr_assert_eq(v.state, CHILD_STOPPING);
	is = what_if(PRETEND_STOP, "s/c2", &end);
	cr_expect_null(strstr(is, "c1"), "%s", is);
	cr_expect_not_null(strstr(is, "|s/c2:running>stopped:0"), "%s", is);
}
