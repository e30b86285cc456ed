/* SPDX-License-Identifier: MIT */

/* Links, monitors, exit signals and trap_exit (SEMANTICS 8, 9, 22 to 46, 58 to 68, D10, D14). */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "core/signal.h"
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

TestSuite(links, .init = setup, .fini = teardown);
TestSuite(exits, .init = setup, .fini = teardown);
TestSuite(monitors, .init = setup, .fini = teardown);

/* Services by name, each with its own connection; a, b, c, d in this order: sources 1 to 4. */
static void boot(const char *tree)
{
	static const char *const names[] = {"a", "b", "c", "d"};

	world_boot(&w, tree);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (core_find(w.core, names[i]) != SLOT_NONE)
			world_join(&w, ROLE_MAIN, names[i]);
	world_marks(&w, "");
}

static const char *ask(uint64_t source, enum request_kind kind, const char *target)
{
	return world_by(&w, source, kind, target, NULL);
}

static const char *send_exit(uint64_t source, const char *target, const char *reason)
{
	struct request request = {.kind = REQUEST_EXIT, .source = source, .target = target};
	const char *answer;

	cr_assert_eq(reason_parse(reason, &request.reason), 0);
	answer = world_request(&w, &request);
	reason_fini(&request.reason);
	return answer;
}

static void trap(uint64_t source, bool on)
{
	world_request(&w, &(struct request){.kind = REQUEST_TRAP, .source = source, .on = on});
}

static const char *pid_text(uint64_t source)
{
	static char texts[4][ACTOR_PID_TEXT_MAX];
	static unsigned next;

	return actor_pid_format(world_source_pid(&w, source), texts[next++ % 4]);
}

/* ---- links ---- */

Test(links, s22_s23_one_link_and_one_unlink)
{
	boot("/{a b}");
	cr_expect_str_eq(ask(1, REQUEST_LINK, "b"), "ok");
	cr_expect_str_eq(ask(1, REQUEST_LINK, "b"), "ok");
	cr_expect_str_eq(ask(2, REQUEST_LINK, "a"), "ok");
	cr_expect_eq(w.core->edges.used, 1);
	cr_expect_str_eq(ask(2, REQUEST_UNLINK, "a"), "ok");
	cr_expect_eq(w.core->edges.used, 0);
	world_crash(&w, "a");
	cr_expect_str_eq(world_marks(&w, ""), "-a >a +a");
}

Test(links, s24_after_unlink_no_signal_comes)
{
	boot("/{a b}");
	trap(1, true);
	ask(1, REQUEST_LINK, "b");
	ask(1, REQUEST_UNLINK, "b");
	world_crash(&w, "b");
	cr_expect_str_eq(world_inbox(&w, 1), "");
}

Test(links, s25_to_what_is_gone)
{
	boot("/{a b}");
	trap(1, true);
	cr_expect_str_eq(ask(1, REQUEST_LINK, "<0.999.0>"), "ok");
	cr_expect_str_eq(world_inbox(&w, 1), "exit:noproc");
	ask(2, REQUEST_LINK, "<0.999.0>");
	cr_expect_str_eq(world_reason(&w, "b"), "noproc");
	cr_expect_str_eq(ask(1, REQUEST_LINK, "nobody"), "noproc");
}

Test(links, s26_to_oneself)
{
	boot("/{a}");
	cr_expect_str_eq(ask(1, REQUEST_LINK, "a"), "ok");
	cr_expect_eq(w.core->edges.used, 0);
}

Test(links, s29_a_restart_does_not_restore_links)
{
	boot("/{a b}");
	trap(1, true);
	ask(1, REQUEST_LINK, "b");
	world_crash(&w, "b");
	cr_expect_str_eq(world_inbox(&w, 1), "exit:exit:1");
	world_crash(&w, "b");
	cr_expect_str_eq(world_inbox(&w, 1), "");
	cr_expect_eq(w.core->edges.used, 0);
}

Test(links, s31_d10_not_from_ones_own_supervisor)
{
	boot("/{s{x} a}");
	ask(1, REQUEST_LINK, "/");
	cr_expect_eq(w.core->edges.used, 0);
	cr_expect_str_eq(ask(1, REQUEST_UNLINK, "/"), "not_permitted");
	cr_expect_str_eq(ask(1, REQUEST_UNLINK, "s"), "ok");
}

Test(links, across_users_a_grant_is_needed)
{
	uint64_t guest;

	boot("/{a}");
	guest = world_guest(&w, 77);
	cr_expect_str_eq(ask(guest, REQUEST_LINK, "a"), "not_permitted");
	cr_expect_str_eq(send_exit(guest, "a", "bye"), "not_permitted");
}

/* ---- exit signals ---- */

Test(exits, s32_s34_normal)
{
	boot("/{a(transient) b}");
	cr_expect_str_eq(send_exit(2, "a", "normal"), "ok");
	cr_expect_str_eq(world_state(&w, "a"), "running");
	send_exit(1, "a", "normal");
	cr_expect_str_eq(world_state(&w, "a"), "done");
	cr_expect_str_eq(world_reason(&w, "a"), "normal");
}

Test(exits, s32_normal_over_a_link)
{
	boot("/{a(transient) b}");
	ask(1, REQUEST_LINK, "b");
	world_exit(&w, "a", 0);
	cr_expect_str_eq(world_states(&w, "/"), "a:done b:running");
}

Test(exits, s33_s36_who_traps_gets_a_message)
{
	boot("/{a b}");
	trap(1, true);
	send_exit(2, "a", "normal");
	send_exit(2, "a", "boom");
	cr_expect_str_eq(world_inbox(&w, 1), "exit:normal exit:boom");
	cr_expect_str_eq(world_marks(&w, ""), "");
	trap(1, false); /* 41 */
	send_exit(2, "a", "boom");
	cr_expect_str_eq(world_reason(&w, "a"), "boom");
}

Test(exits, s37_s38_kill_becomes_killed)
{
	boot("/{a b c}");
	trap(1, true);
	trap(2, true);
	ask(1, REQUEST_LINK, "b");
	ask(1, REQUEST_LINK, "c");
	send_exit(3, "a", "kill");
	cr_expect_str_eq(world_reason(&w, "a"), "killed");
	cr_expect_str_eq(world_reason(&w, "c"), "killed");
	cr_expect_str_eq(world_inbox(&w, 2), "exit:killed");
	cr_expect_str_eq(world_marks(&w, "tk"), "ka tc");
}

Test(exits, s39_a_reason_kill_of_its_own_can_be_trapped)
{
	struct request request = {
		.kind = REQUEST_EXIT_SELF, .source = 1, .reason = REASON(REASON_KILL)};

	boot("/{a b c}");
	trap(2, true);
	ask(1, REQUEST_LINK, "b");
	ask(1, REQUEST_LINK, "c");
	world_request(&w, &request);
	world_exit(&w, "a", 0);
	cr_expect_str_eq(world_inbox(&w, 2), "exit:kill");
	cr_expect_str_eq(world_reason(&w, "c"), "kill");
	cr_expect_str_eq(world_marks(&w, "k"), "");
}

Test(exits, s42_trapping_is_not_inherited_by_the_next_incarnation)
{
	boot("/{a(trap) b c}");
	trap(1, false);
	trap(2, true);
	world_crash(&w, "a");
	world_crash(&w, "b");
	cr_expect(world_child(&w, "a")->actor.trap);
	cr_expect_not(world_child(&w, "b")->actor.trap);
}

/* All of the chain is told at once, and the first reason arrives at its far end. */
Test(exits, s45_the_closure_is_signalled_at_once)
{
	boot("/(intensity=9){a b c d}");
	ask(1, REQUEST_LINK, "b");
	ask(2, REQUEST_LINK, "c");
	ask(3, REQUEST_LINK, "d");
	world_manners(&w, "b")->stubborn = true;
	trap(4, true);
	send_exit(4, "a", "boom");
	cr_expect_str_eq(world_marks(&w, "t"), "ta tb tc");
	cr_expect_str_eq(world_reason(&w, "c"), "boom");
	cr_expect_str_eq(world_inbox(&w, 4), "exit:boom");
	cr_expect_str_eq(world_state(&w, "b"), "stopping");
	world_pass(&w, 5000);
	cr_expect_str_eq(world_reason(&w, "b"), "boom");
}

/* The chain of causes tells whose end it was. */
Test(exits, s45_a_death_by_link_is_explained)
{
	const struct link *link;

	boot("/{a b}");
	ask(1, REQUEST_LINK, "b");
	world_crash(&w, "b");
	for (uint32_t i = 0; (link = core_chain(w.core, world_view(&w, "a").slot, i)); i++)
		if (link->kind == LINK_DOOMED)
			break;
	cr_assert_not_null(link);
	cr_expect_eq(link->cause.slot, world_view(&w, "b").slot);
	cr_expect_eq(link->from.n, world_source_pid(&w, 2).n);
}

Test(exits, s46_kill_shortens_the_wait_and_leaves_the_reason)
{
	boot("/{a(temporary) b}");
	world_manners(&w, "a")->stubborn = true;
	send_exit(2, "a", "boom");
	send_exit(2, "a", "other");
	cr_expect_str_eq(world_state(&w, "a"), "stopping");
	send_exit(2, pid_text(1), "kill");
	cr_expect_str_eq(world_marks(&w, "tk"), "ta ka");
	cr_expect_str_eq(world_reason(&w, "a"), "boom");
}

/* Nobody uses the daemon's memory up with what no limit of a mailbox bounds. */
Test(exits, their_number_is_bounded)
{
	const struct wire_frame frame = {.op = WIRE_EXIT, .from = 1};

	w.no_credit = true;
	boot("/{a b}");
	trap(1, true);
	for (unsigned i = 0; i < SIGNAL_REFS_MAX - 1; i++)
		cr_assert_eq(mailbox_put(&world_child(&w, "a")->actor, &frame, 0), 0);
	cr_expect_str_eq(send_exit(2, "a", "one more"), "ok");
	cr_expect_str_eq(send_exit(2, "a", "too many"), "refused");
	cr_expect_str_eq(ask(1, REQUEST_LINK, "<0.4711.0>"), "refused");
	cr_expect_str_eq(ask(1, REQUEST_LINK, "b"), "ok");
	cr_expect_str_eq(send_exit(2, "a", "kill"), "ok");
	cr_expect_str_eq(world_reason(&w, "a"), "killed");
}

Test(exits, a_guest_ends_by_an_exit_signal)
{
	uint64_t guest;

	boot("/{a}");
	guest = world_guest(&w, 0);
	trap(1, true);
	ask(1, REQUEST_LINK, pid_text(guest));
	send_exit(1, pid_text(guest), "enough");
	cr_expect_str_neq(world_dropped(&w, guest), "");
	cr_expect_str_eq(world_inbox(&w, 1), "exit:enough");
}

Test(exits, d20_a_guest_says_goodbye_or_does_not)
{
	uint64_t one, two;

	boot("/{a}");
	trap(1, true);
	one = world_guest(&w, 0);
	two = world_guest(&w, 0);
	ask(one, REQUEST_LINK, "a");
	ask(two, REQUEST_LINK, "a");
	world_leave(&w, one, true);
	world_leave(&w, two, false);
	cr_expect_str_eq(world_inbox(&w, 1), "exit:normal exit:noconnection");
}

/* Guests in a chain: no end of one stands on the stack of another. */
Test(exits, s45_a_long_chain_of_guests)
{
	char pid[ACTOR_PID_TEXT_MAX];
	struct effect e;

	boot("/{a}");
	for (uint64_t n = 1; n <= 20000; n++) {
		struct event join = {.kind = EVENT_JOIN, .role = ROLE_GUEST, .source = 1000 + n};
		struct event ask_for = {.kind = EVENT_REQUEST};

		cr_assert_eq(core_step(w.core, &join, w.now), 0);
		while (core_next_effect(w.core, &e)) {
			if (e.kind == FX_JOINED)
				ask_for.request.target =
					actor_pid_format((actor_pid){e.pid.n - 1}, pid);
			effect_fini(&e);
		}
		ask_for.request.id = 1;
		ask_for.request.kind = REQUEST_LINK;
		ask_for.request.source = join.source;
		if (n > 1)
			cr_assert_eq(core_step(w.core, &ask_for, w.now), 0);
	}
	cr_expect_eq(w.core->edges.used, 19999);
	core_step(w.core, &(struct event){.kind = EVENT_LEAVE, .source = 1001}, w.now);
	cr_expect_eq(w.core->edges.used, 0);
	cr_expect_eq(w.core->sources.used, 1);
	cr_expect_null(core_check(w.core));
}

/* ---- D14 ---- */

Test(exits, d14_a_stop_asks_who_traps)
{
	boot("/{a(trap shutdown=5s)}");
	world_manners(&w, "a")->stubborn = true;
	world_send(&w, REQUEST_STOP, "a", NULL);
	cr_expect_str_eq(world_inbox(&w, 1), "exit:shutdown");
	cr_expect_str_eq(world_marks(&w, "tk"), "");
	cr_expect_str_eq(ask(1, REQUEST_SELF, NULL), "ok", "it is not doomed");
	world_pass(&w, 499);
	cr_expect_str_eq(world_marks(&w, "tk"), "");
	world_pass(&w, 1);
	cr_expect_str_eq(world_marks(&w, "tk"), "ta");
	world_pass(&w, 4499);
	cr_expect_str_eq(world_marks(&w, "tk"), "");
	world_pass(&w, 1);
	cr_expect_str_eq(world_marks(&w, "tk"), "ka");
	cr_expect_str_eq(world_reason(&w, "a"), "killed");
}

/* Last words "normal" are no exit signal, neither when they are said nor at the end. */
Test(exits, s32_s50_last_words_normal)
{
	boot("/{a b}");
	world_manners(&w, "a")->stubborn = true;
	ask(1, REQUEST_LINK, "b");
	world_tell(&w, "a", "normal");
	world_exit(&w, "a", 3);
	cr_expect_str_eq(world_reason(&w, "a"), "normal");
	cr_expect_str_eq(world_marks(&w, "t-"), "-a");
}

/* Asked to stop, it traps no more, and something else dooms it: it is told once. */
Test(exits, d14_s41_doomed_while_it_is_asked)
{
	boot("/{a(trap shutdown=5s) b}");
	world_manners(&w, "a")->stubborn = true;
	ask(1, REQUEST_LINK, "b");
	world_send(&w, REQUEST_STOP, "a", NULL);
	trap(1, false);
	world_crash(&w, "b");
	cr_expect_str_eq(world_marks(&w, "tk"), "ta");
	world_pass(&w, 4999);
	cr_expect_str_eq(world_marks(&w, "tk"), "");
	world_pass(&w, 1);
	cr_expect_str_eq(world_marks(&w, "tk"), "ka");
	cr_expect_str_eq(world_reason(&w, "a"), "exit:1");
}

Test(exits, d14_d15_last_words_when_it_is_asked)
{
	boot("/{a(trap shutdown=5s)}");
	world_manners(&w, "a")->stubborn = true;
	world_send(&w, REQUEST_STOP, "a", NULL);
	world_tell(&w, "a", "so long");
	world_pass(&w, 4999);
	cr_expect_str_eq(world_marks(&w, "tk"), "");
	world_pass(&w, 1);
	cr_expect_str_eq(world_marks(&w, "tk"), "ka");
	cr_expect_str_eq(world_reason(&w, "a"), "so long");
}

Test(exits, s55_d14_its_own_end_is_its_reason)
{
	static const struct {
		int code;
		const char *reason;
	} rows[] = {{0, "normal"}, {3, "exit:3"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		boot("/{a(trap)}");
		world_manners(&w, "a")->stubborn = true;
		world_send(&w, REQUEST_STOP, "a", NULL);
		world_exit(&w, "a", rows[i].code);
		cr_expect_str_eq(world_reason(&w, "a"), rows[i].reason);
		world_fini(&w);
		world_init(&w);
	}
}

Test(exits, d14_who_has_closed_its_mailbox_does_not_trap)
{
	boot("/{a(trap)}");
	world_leave(&w, 1, false);
	world_send(&w, REQUEST_STOP, "a", NULL);
	cr_expect_str_eq(world_marks(&w, "t"), "ta");
}

/* ---- monitors ---- */

Test(monitors, s58_s59_each_has_its_own_down)
{
	boot("/{a b}");
	world_monitor(&w, 1, 7, world_source_pid(&w, 2), NULL);
	world_monitor(&w, 1, 8, world_source_pid(&w, 2), NULL);
	world_crash(&w, "b");
	cr_expect_str_eq(world_inbox(&w, 1), "down7:exit:1 down8:exit:1");
	world_crash(&w, "b");
	cr_expect_str_eq(world_inbox(&w, 1), "");
	cr_expect_eq(w.core->edges.used, 0);
}

Test(monitors, s60_s67_of_nobody)
{
	boot("/{a}");
	world_monitor(&w, 1, 7, (actor_pid){999}, NULL);
	world_monitor(&w, 1, 8, ACTOR_PID_NONE, "nobody");
	cr_expect_str_eq(world_inbox(&w, 1), "down7:noproc down8:noproc:nobody");
}

Test(monitors, s61_its_owners_end_changes_nothing)
{
	boot("/{a b}");
	world_monitor(&w, 1, 7, world_source_pid(&w, 2), NULL);
	world_crash(&w, "a");
	cr_expect_str_eq(world_state(&w, "b"), "running");
	cr_expect_eq(w.core->edges.used, 0);
}

Test(monitors, s63_s65_cancelled)
{
	boot("/{a b}");
	world_monitor(&w, 1, 7, world_source_pid(&w, 2), NULL);
	world_cancel(&w, 1, 7);
	world_cancel(&w, 1, 7);
	world_crash(&w, "b");
	cr_expect_str_eq(world_inbox(&w, 1), "done7:1 done7:0");
}

Test(monitors, s66_by_name_it_stays_with_who_had_it)
{
	boot("/{a b}");
	world_monitor(&w, 1, 7, ACTOR_PID_NONE, "b");
	world_crash(&w, "b");
	cr_expect_str_eq(world_inbox(&w, 1), "down7:exit:1:b");
	world_crash(&w, "b");
	cr_expect_str_eq(world_inbox(&w, 1), "");
}

Test(monitors, s68_s43_a_normal_end_and_a_link_beside_it)
{
	boot("/{a b(temporary)}");
	trap(1, true);
	ask(1, REQUEST_LINK, "b");
	world_monitor(&w, 1, 7, world_source_pid(&w, 2), NULL);
	world_exit(&w, "b", 0);
	cr_expect_str_eq(world_inbox(&w, 1), "exit:normal down7:normal");
}

Test(monitors, a_ref_is_used_once_at_a_time)
{
	boot("/{a b}");
	world_monitor(&w, 1, 7, world_source_pid(&w, 2), NULL);
	world_monitor(&w, 1, 7, world_source_pid(&w, 2), NULL);
	cr_expect_str_eq(world_dropped(&w, 1), "it used a ref twice");
}

Test(monitors, a_ref_is_in_use_while_its_answer_waits)
{
	w.no_credit = true;
	boot("/{a b}");
	world_monitor(&w, 1, 5, (actor_pid){4711}, NULL);
	world_frame(&w, 1, &(struct wire_frame){.op = WIRE_CANCEL, .flags = WIRE_FLUSH, .ref = 5});
	cr_expect_eq(mailbox_length(&world_child(&w, "a")->actor), 0);
	world_monitor(&w, 1, 5, (actor_pid){4711}, NULL);
	cr_expect_eq(mailbox_length(&world_child(&w, "a")->actor), 1);
	cr_expect_str_eq(world_dropped(&w, 1), "");
	world_monitor(&w, 1, 5, (actor_pid){4711}, NULL);
	cr_expect_str_eq(world_dropped(&w, 1), "it used a ref twice");
}

/* So many monitors, with refs from first on in steps, in one event. */
static void monitor_many(uint64_t source, actor_pid pid, unsigned n, uint64_t first, uint64_t step)
{
	static uint8_t bytes[1000 * WIRE_HEADER_SIZE];

	cr_assert_leq(n, 1000);
	for (unsigned i = 0; i < n; i++) {
		uint8_t *frame = bytes + (size_t)i * WIRE_HEADER_SIZE;

		number_store(frame, WIRE_HEADER_SIZE, 4);
		frame[4] = WIRE_MONITOR;
		number_store(frame + 16, pid.n, 8);
		number_store(frame + 24, first + i * step, 8);
	}
	world_step(&w, &(struct event){.kind = EVENT_FRAMES,
				       .source = source,
				       .data = bytes,
				       .size = (size_t)n * WIRE_HEADER_SIZE});
}

/* Nobody uses the daemon's memory up with what no limit of a mailbox bounds. */
Test(monitors, their_number_is_bounded)
{
	unsigned n = 0;

	w.no_credit = true;
	boot("/{a b}");
	for (; n <= SIGNAL_REFS_MAX && !*world_dropped(&w, 1); n += 1000)
		monitor_many(1, n % 2000 ? world_source_pid(&w, 2) : (actor_pid){4711}, 1000, n + 1,
			     1);
	cr_expect_eq(n, SIGNAL_REFS_MAX + 1000);
	cr_expect_str_eq(world_dropped(&w, 1),
			 "it has too many monitors, calls and answers that it does not take");
}

/* An actor chooses its refs; where they lie in the table is not its choice. */
Test(monitors, refs_of_any_pattern_are_found)
{
	static const uint64_t steps[] = {1, 0x10000, UINT64_C(1) << 32, UINT64_C(1) << 50};

	boot("/{a b c d e}");
	for (uint64_t i = 0; i < 4; i++)
		monitor_many(1, world_source_pid(&w, 2), 1000, UINT64_C(1000000) * i + 1, steps[i]);
	cr_assert_eq(w.core->edges.used, 4000);
	for (size_t i = 0; i < w.core->edges.capacity; i++) {
		unsigned n = 0;

		for (struct edge *e = w.core->edges.buckets[i]; e; e = e->next)
			n++;
		cr_assert_lt(n, 20);
	}
}
