/* SPDX-License-Identifier: MIT */

/* What is told and kept in no chain: signals, full mailboxes, health, Unix signals of an operator.
 */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "core/signal.h"
#include "tests/core/mail.h"

TestSuite(told, .init = mail_init, .fini = mail_fini);

static struct link last; /* of the notices that told() has looked through; without its reason */

/* One event, and what it told, in order: "KIND:NAME:FROM:REASON:CODE ...", what is kept left out.
 */
static const char *told(const struct event *event)
{
	static char text[4096];
	struct effect effect;
	size_t used = 0;

	text[0] = '\0';
	cr_assert_eq(core_step(w.core, event, w.now), 0);
	cr_assert_null(core_check(w.core));
	while (core_next_effect(w.core, &effect)) {
		struct child_view to = {.path = "guest"}, from = {.path = "-"};
		char reason[REASON_FORMAT_MAX] = "";

		if (effect.kind == FX_NOTICE && !link_is_kept(effect.link.kind)) {
			last = effect.link;
			last.reason = REASON(REASON_NONE);
			(void)core_view(w.core, effect.slot, &to);
			if (effect.link.from.n &&
			    !core_view(w.core, core_find_pid(w.core, effect.link.from), &from))
				(void)core_view(w.core, effect.link.cause.slot, &from);
			if (effect.link.reason.kind != REASON_NONE)
				reason_format(&effect.link.reason, reason);
			used += (size_t)snprintf(text + used, sizeof(text) - used,
						 "%s%s:%s:%s:%s:%d", used ? " " : "",
						 link_kind_names[effect.link.kind], to.path,
						 from.path, reason, effect.link.code);
			cr_assert_lt(used, sizeof(text));
		}
		effect_fini(&effect);
	}
	return text;
}

static const char *asked(uint64_t source, enum request_kind kind, const char *target,
			 const char *reason)
{
	struct event event = {
		.kind = EVENT_REQUEST,
		.request = {.id = 1000, .source = source, .kind = kind, .target = target}};
	const char *text;

	if (reason)
		cr_assert_eq(reason_parse(reason, &event.request.reason), 0);
	text = told(&event);
	reason_fini(&event.request.reason);
	return text;
}

static const char *sent(uint64_t source, const struct wire_frame *frame)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct wire_encoder e;

	wire_begin(&e, &out, frame);
	wire_put(&e, frame->payload, frame->payload_size);
	cr_assert_eq(wire_end(&e), 0);
	return told(&(struct event){
		.kind = EVENT_FRAMES, .source = source, .data = out.data, .size = out.size});
}

static const char *ended(const char *path, int code)
{
	actor_pid pid = world_view(&w, path).pid;

	cr_expect_str_empty(told(&(struct event){.kind = EVENT_EXITED, .pid = pid, .code = code}));
	return told(&(struct event){.kind = EVENT_GONE, .pid = pid});
}

/* ---- signals ---- */

Test(told, a_link_and_its_end)
{
	boot("/{a b}");
	cr_expect_str_eq(asked(1, REQUEST_LINK, "b", NULL), "link:b:a::0");
	cr_expect_str_empty(asked(1, REQUEST_LINK, "b", NULL)); /* there is one */
	cr_expect_str_eq(asked(2, REQUEST_UNLINK, "a", NULL), "unlink:a:b::0");
	cr_expect_str_empty(asked(2, REQUEST_UNLINK, "a", NULL));
}

Test(told, an_exit_signal_that_is_a_message)
{
	boot("/{a b}");
	trap(1);
	cr_expect_str_eq(asked(2, REQUEST_EXIT, "a", "boom"), "exit_signal:a:b:boom:0");
	cr_expect_eq(last.cause.origin, ORIGIN_ACTOR);
	asked(2, REQUEST_LINK, "a", NULL);
	cr_expect_str_eq(ended("b", 3), "exit_signal:a:b:exit:3:0");
	cr_expect_eq(last.cause.slot, world_view(&w, "b").slot);
	cr_expect_eq(core_find_link(w.core, last.cause)->kind, LINK_EXITED);
}

Test(told, an_exit_signal_that_is_ignored)
{
	boot("/{a b sub{d}}");
	cr_expect_str_eq(asked(2, REQUEST_EXIT, "a", "normal"), "exit_ignored:a:b:normal:0");
	cr_expect_str_eq(asked(0, REQUEST_EXIT, "sub", "boom"), "exit_ignored:sub:-:boom:0");
	cr_expect_eq(last.cause.origin, ORIGIN_OPERATOR);
	asked(2, REQUEST_LINK, "a", NULL);
	cr_expect_str_eq(ended("b", 0), "exit_ignored:a:b:normal:0");
}

Test(told, a_monitor_and_its_down)
{
	boot("/{a b}");
	cr_expect_str_eq(sent(1, &(struct wire_frame){.op = WIRE_MONITOR,
						      .ref = 7,
						      .to = world_source_pid(&w, 2).n}),
			 "monitor:b:a::0");
	cr_expect_str_eq(sent(1, &(struct wire_frame){.op = WIRE_CANCEL, .ref = 7}),
			 "demonitor:b:a::0");
	sent(1,
	     &(struct wire_frame){.op = WIRE_MONITOR, .ref = 8, .to = world_source_pid(&w, 2).n});
	cr_expect_str_eq(ended("b", 1), "down:a:b:exit:1:0");
	cr_expect_eq(last.cause.slot, world_view(&w, "b").slot);
	cr_expect_str_eq(sent(1, &(struct wire_frame){.op = WIRE_MONITOR, .ref = 9, .to = 4711}),
			 "down:a:-:noproc:0");
}

/* A guest is no child: it has a pid, and no slot. */
Test(told, a_guest_is_told_by_its_pid)
{
	uint64_t guest;

	boot("/{a b}");
	guest = world_guest(&w, 0);
	sent(guest,
	     &(struct wire_frame){.op = WIRE_MONITOR, .ref = 8, .to = world_source_pid(&w, 1).n});
	cr_expect_str_eq(ended("a", 1), "down:guest:a:exit:1:0");
	cr_expect_eq(last.pid.n, world_source_pid(&w, guest).n);
}

/* Nothing of it takes the place of what a chain keeps. */
Test(told, a_chain_does_not_have_them)
{
	const struct link *link;

	boot("/{a b}");
	for (int i = 0; i < 40; i++)
		asked(2, REQUEST_EXIT, "a", "normal");
	for (uint32_t i = 0; (link = core_chain(w.core, world_view(&w, "a").slot, i)); i++)
		cr_expect(link_is_kept(link->kind));
	cr_expect_eq(core_chain(w.core, world_view(&w, "a").slot, 0)->kind, LINK_READY);
}

/* ---- too many ---- */

Test(told, too_many_at_once_are_counted)
{
	boot("/{a b}");
	w.now.ns += 3600 * (int64_t)1000000000;
	for (unsigned i = 0; i < TOLD_ROOM; i++)
		cr_expect_str_neq(asked(2, REQUEST_EXIT, "a", "normal"), "", "%u", i);
	cr_expect_eq(core_deadline(w.core).ns, MONO_NEVER.ns);
	for (unsigned i = 0; i < 7; i++)
		cr_expect_str_empty(asked(2, REQUEST_EXIT, "a", "normal"));
	cr_expect_eq(core_deadline(w.core).ns, w.now.ns + 1000000000);
	w.now = core_deadline(w.core);
	cr_expect_str_eq(told(&(struct event){.kind = EVENT_TICK}), "left_out:/:-::7");
	cr_expect_eq(core_deadline(w.core).ns, MONO_NEVER.ns);
	for (unsigned i = 0; i < 10; i++)
		cr_expect_str_neq(asked(2, REQUEST_EXIT, "a", "normal"), "", "%u", i);
	cr_expect_str_empty(asked(2, REQUEST_EXIT, "a", "normal"));
}

/* ---- mailboxes ---- */

#define MESSAGE(target)                                            \
	((struct wire_frame){.op = WIRE_MESSAGE,                   \
			     .to = world_source_pid(&w, target).n, \
			     .tag = "t",                           \
			     .tag_size = 1,                        \
			     .payload = big,                       \
			     .payload_size = sizeof(big)})

static const char big[1000];

static void flood(unsigned n, const char *path, const char *from)
{
	struct wire_frame frame = MESSAGE(2);
	char text[64];

	for (unsigned i = 1; i <= n; i++) {
		const char *is = sent(1, &frame);

		if (i != 1 && i != 10 && i != 100) {
			cr_expect_str_empty(is, "%u", i);
			continue;
		}
		snprintf(text, sizeof(text), "overflow:%s:%s::%u", path, from, i);
		cr_expect_str_eq(is, text);
	}
}

static void check_episodes(const char *tree, unsigned fits)
{
	struct wire_frame frame;
	const char *is;

	w.no_credit = true;
	boot(tree);
	frame = MESSAGE(2);
	for (unsigned i = 0; i < fits; i++)
		cr_assert_str_empty(sent(1, &frame));
	flood(123, "b", "a");
	is = sent(2, &(struct wire_frame){.op = WIRE_CREDIT, .ref = 1000});
	/* What is handed out in one step is bounded. */
	for (int i = 0; i < 20 && !*is; i++)
		is = told(&(struct event){.kind = EVENT_TICK});
	cr_expect_str_eq(is, "overflow_end:b:-::123");
	cr_expect_eq(last.cause.origin, ORIGIN_SELF);
}

Test(told, an_overflow_and_its_end_where_messages_are_dropped)
{
	check_episodes("/{a b(limit=5000 drop)}", 4);
}

Test(told, an_overflow_and_its_end_where_messages_wait)
{
	check_episodes("/{a b(limit=5000)}", 4);
}

/* By the end of who has it, whatever was in it. */
Test(told, an_overflow_ends_with_the_incarnation)
{
	struct wire_frame frame;

	w.no_credit = true;
	boot("/{a b(limit=5000 drop)}");
	frame = MESSAGE(2);
	for (unsigned i = 0; i < 6; i++)
		sent(1, &frame);
	cr_expect_str_eq(ended("b", 1), "overflow_end:b:-::2");
}

Test(told, the_cause_of_an_end_by_overflow)
{
	const struct link *link;
	struct wire_frame frame;

	w.no_credit = true;
	boot("/{a b(limit=5000 kill)}");
	frame = MESSAGE(2);
	for (unsigned i = 0; i < 4; i++)
		sent(1, &frame);
	cr_expect_str_eq(sent(1, &frame), "overflow:b:a::1");
	link = core_chain(w.core, world_view(&w, "b").slot, 0);
	cr_assert_eq(link->kind, LINK_DOOMED);
	cr_expect_eq(link->cause.seq, last.seq);
}

/* ---- health ---- */

static const char *health(const char *path, int32_t code, const char *found)
{
	struct event event = {.kind = EVENT_HEALTH,
			      .pid = world_view(&w, path).pid,
			      .code = code,
			      .reason = found ? reason_found(REASON_UNHEALTHY, found)
					      : REASON(REASON_NONE)};
	const char *text = told(&event);

	reason_fini(&event.reason);
	return text;
}

Test(told, health_is_a_chain_of_causes)
{
	const struct link *link;
	uint64_t first;

	boot("/{a}");
	cr_expect_str_eq(health("a", HEALTH_WORD_HEALTHY, NULL), "healthy:a:-::0");
	cr_expect_eq(last.cause.origin, ORIGIN_WATCH);
	cr_expect_str_eq(health("a", HEALTH_WORD_FAILING + 1, "x"), "failing:a:-:unhealthy:1");
	cr_expect_eq(last.cause.origin, ORIGIN_WATCH);
	first = last.seq;
	cr_expect_str_eq(health("a", HEALTH_WORD_FAILING + 2, "x"), "failing:a:-:unhealthy:2");
	cr_expect_eq(last.cause.seq, first);
	cr_expect_str_eq(health("a", HEALTH_WORD_UNHEALTHY, "x"), "unhealthy:a:-:unhealthy:0");
	cr_expect_eq(last.cause.seq, first + 1);
	told(&(struct event){.kind = EVENT_FAULT,
			     .pid = world_view(&w, "a").pid,
			     .reason = REASON(REASON_UNHEALTHY)});
	link = core_chain(w.core, world_view(&w, "a").slot, 0);
	cr_assert_eq(link->kind, LINK_DOOMED);
	cr_expect_eq(link->cause.seq, first + 2);
	cr_expect_str_empty(health("a", HEALTH_WORD_HEALTHY, NULL), "it is on its way out");
}

/* What ended well, or concerns another incarnation, is no cause of a later fault. */
Test(told, health_that_was_is_no_cause)
{
	boot("/{a}");
	health("a", HEALTH_WORD_FAILING + 1, "x");
	health("a", HEALTH_WORD_HEALTHY, NULL);
	told(&(struct event){.kind = EVENT_FAULT,
			     .pid = world_view(&w, "a").pid,
			     .reason = REASON(REASON_UNHEALTHY)});
	cr_expect_eq(core_chain(w.core, world_view(&w, "a").slot, 0)->cause.origin, ORIGIN_WATCH);
}

Test(told, a_watchdog_has_a_cause_of_its_own)
{
	boot("/{a}");
	health("a", HEALTH_WORD_FAILING + 1, "x");
	told(&(struct event){.kind = EVENT_FAULT,
			     .pid = world_view(&w, "a").pid,
			     .reason = REASON(REASON_WATCHDOG)});
	cr_expect_eq(core_chain(w.core, world_view(&w, "a").slot, 0)->cause.origin, ORIGIN_WATCH);
}

/* ---- an operator's Unix signals ---- */

static const char *sent_to(const char *path, int32_t unix_signal)
{
	return told(&(struct event){
		.kind = EVENT_UNIX_SIGNAL, .pid = world_view(&w, path).pid, .code = unix_signal});
}

/* The link of its end. */
static const struct link *end_of(const char *path, bool by_signal, int32_t code)
{
	struct child_view v = world_view(&w, path);
	const struct link *link;

	world_step(&w, &(struct event){.kind = EVENT_EXITED,
				       .pid = v.pid,
				       .by_signal = by_signal,
				       .code = code});
	world_step(&w, &(struct event){.kind = EVENT_GONE, .pid = v.pid});
	world_serve(&w);
	for (uint32_t i = 0; (link = core_chain(w.core, v.slot, i)); i++)
		if (link->pid.n == v.pid.n && link->kind == LINK_EXITED)
			return link;
	cr_assert_fail("%s has not ended", path);
	return NULL;
}

Test(told, what_it_was_sent_is_the_cause_of_its_end_by_that)
{
	const struct link *link;

	boot("/{a b c}");
	cr_expect_str_eq(sent_to("a", 9), "unix_signal:a:-:signal:KILL:0");
	cr_expect_eq(last.cause.seq, 0);
	cr_expect_eq(last.cause.origin, ORIGIN_OPERATOR);
	link = end_of("a", true, 9);
	cr_expect_eq(link->cause.seq, last.seq);
	cr_expect_eq(link->reason.kind, REASON_KILLED);
	cr_expect_eq(link->code, 0);
	sent_to("b", 15);
	link = end_of("b", true, 15);
	cr_expect_eq(link->cause.seq, last.seq);
	cr_expect_eq(link->reason.kind, REASON_SIGNAL);
	cr_expect_str_empty(sent_to("/", 15), "a supervisor has no process");
}

Test(told, another_end_is_its_own_shortly_after_that)
{
	static const struct {
		const char *what;
		int32_t sent, code;
		bool by_signal;
		int64_t later; /* seconds */
		int32_t after;
	} rows[] = {
		{"it took it for a request", 15, 0, false, 0, 15},
		{"it failed", 15, 3, false, 10, 15},
		{"another signal", 15, 11, true, 0, 15},
		{"long ago", 1, 3, false, 11, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct link *link;

		boot("/{a}");
		sent_to("a", rows[i].sent);
		w.now = mono_add(w.now, SPAN_S(rows[i].later));
		link = end_of("a", rows[i].by_signal, rows[i].code);
		cr_expect_eq(link->cause.seq, 0, "%s", rows[i].what);
		cr_expect_eq(link->cause.origin, ORIGIN_SELF, "%s", rows[i].what);
		cr_expect_eq(link->code, rows[i].after, "%s", rows[i].what);
		mail_fini();
		mail_init();
	}
}

/* The next one was sent nothing. */
Test(told, a_signal_is_of_one_incarnation)
{
	const struct link *link;

	boot("/{a}");
	sent_to("a", 15);
	end_of("a", true, 15);
	link = end_of("a", true, 15);
	cr_expect_eq(link->cause.seq, 0);
	cr_expect_eq(link->code, 0);
}

/* A stop is the cause of what it comes to; not of a SIGKILL that it has not sent yet. */
Test(told, a_signal_while_it_is_stopped)
{
	const struct link *link;

	boot("/{a b}");
	told(&(struct event){.kind = EVENT_SHUTDOWN});
	sent_to("b", 15);
	link = end_of("b", true, 15);
	cr_assert_not_null(core_find_link(w.core, link->cause));
	cr_expect_eq(core_find_link(w.core, link->cause)->kind, LINK_STOPPING);
	mail_fini();
	mail_init();
	boot("/{a b}");
	told(&(struct event){.kind = EVENT_SHUTDOWN});
	sent_to("b", 9);
	link = end_of("b", true, 9);
	cr_expect_eq(link->cause.seq, last.seq);
}
