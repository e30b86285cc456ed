/* SPDX-License-Identifier: MIT */

/* Messages: mailboxes, credit, receives (SEMANTICS 1 to 20, D1, D14, D19). */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/core/mail.h"

TestSuite(mailbox, .init = mail_init, .fini = mail_fini);
TestSuite(receive, .init = mail_init, .fini = mail_fini);

/* ---- there and in order ---- */

Test(mailbox, s1_in_the_order_sent)
{
	boot("/{a b}");
	for (int i = 0; i < 5; i++) {
		char tag[16];

		snprintf(tag, sizeof(tag), "m%d", i);
		tell(1, i % 2 ? "b" : pid(2), tag);
	}
	cr_expect_str_eq(world_inbox(&w, 2), "m0 m1 m2 m3 m4");
	cr_expect_eq(w.queued[1], 0);
}

/* n messages to b and n to c, all in one event. */
static void flood(unsigned n, const char *tag)
{
	struct buf run CLEANUP(buf_fini) = BUF_INIT;
	struct wire_encoder e;

	for (unsigned i = 0; i < 2 * n; i++) {
		wire_begin(&e, &run,
			   &(struct wire_frame){.op = WIRE_MESSAGE,
						.to = world_source_pid(&w, i < n ? 2 : 3).n,
						.tag = tag,
						.tag_size = (uint16_t)strlen(tag)});
		cr_assert_eq(wire_end(&e), 0);
	}
	world_step(&w,
		   &(struct event){
			   .kind = EVENT_FRAMES, .source = 1, .data = run.data, .size = run.size});
}

Test(mailbox, a_run_of_messages_is_taken_at_once)
{
	boot("/{a b c}");
	flood(1500, "x");
	world_pass(&w, 0);
	cr_expect_eq(w.n_messages[1], 1500);
	cr_expect_eq(w.n_messages[2], 1500);
	cr_expect_leq(w.n_units[1], 3 + 2);
}

Test(mailbox, s4_s5_to_what_is_gone)
{
	boot("/{a b}");
	tell(1, "<0.999.0>", "lost");
	confirm(1, "nobody", 7, "lost");
	confirm(1, "b", 8, "there");
	cr_expect_str_eq(world_inbox(&w, 1), "done7:0:noproc done8:0");
	cr_expect_str_eq(world_inbox(&w, 2), "there");
	cr_expect_str_eq(world_dropped(&w, 1), "");
}

Test(mailbox, s10_to_the_doomed)
{
	boot("/{a b}");
	world_manners(&w, "b")->stubborn = true;
	send_exit(1, "b", "bad");
	tell(1, pid(2), "lost");
	cr_expect_str_eq(world_inbox(&w, 2), "");
	cr_expect_eq(length("b"), 0);
	cr_expect_str_eq(world_dropped(&w, 1), "");
}

Test(mailbox, to_who_has_none)
{
	boot("/{a b(none) sup{x}}");
	confirm(1, "b", 7, "x");
	confirm(1, "sup", 8, "x");
	cr_expect_str_eq(world_inbox(&w, 1), "done7:0:rejected done8:0:rejected");
}

/* ---- credit ---- */

Test(mailbox, no_more_than_there_is_credit_for)
{
	w.no_credit = true;
	boot("/{a b}");
	for (int i = 0; i < 5; i++)
		tell(1, "b", (char[]){(char)('m' + i), '\0'});
	cr_expect_str_eq(world_inbox(&w, 2), "");
	cr_expect_eq(length("b"), 5);
	world_credit(&w, 2, 2, 0);
	cr_expect_str_eq(world_inbox(&w, 2), "m n");
	cr_expect_eq(w.queued[1], 3);
	cr_expect_eq(length("b"), 5, "handed out is not consumed");
	world_credit(&w, 2, 3, 2);
	cr_expect_str_eq(world_inbox(&w, 2), "o");
	cr_expect_eq(length("b"), 3);
	world_credit(&w, 2, 2, 2);
	cr_expect_str_eq(world_dropped(&w, 2),
			 "it gave credit that does not fit what it had given before");
}

/* ready = mailbox; what it sends before says nothing. */
Test(mailbox, who_asks_for_messages_is_ready)
{
	static const struct wire_frame asks[] = {{.op = WIRE_CREDIT, .ref = 1},
						 {.op = WIRE_RECEIVE, .ref = 1}};

	for (size_t i = 0; i < 2; i++) {
		w.no_credit = true;
		world_manners(&w, "a")->mute = true;
		boot("/{a(mailbox)}");
		cr_expect_str_eq(world_state(&w, "a"), "starting");
		tell(1, "a", "x");
		acknowledge(1, 1);
		cr_expect_str_eq(world_state(&w, "a"), "starting");
		world_frame(&w, 1, &asks[i]);
		cr_expect_str_eq(world_state(&w, "a"), "running");
		world_frame(&w, 1, &(struct wire_frame){.op = WIRE_CREDIT, .ref = 2});
		cr_expect_eq(world_starts(&w, "a"), 1);
		mail_fini();
		mail_init();
	}
}

Test(mailbox, credit_that_does_not_fit)
{
	boot("/{a b}");
	world_credit(&w, 1, UINT64_MAX, 1);
	cr_expect_neq(*world_dropped(&w, 1), '\0', "it has consumed what it never got");
	world_join(&w, ROLE_HELPER, "b");
	world_credit(&w, 3, 1, 0);
	cr_expect_str_eq(world_dropped(&w, 3), "it gave credit, and is only a helper");
}

Test(mailbox, s7_whoever_does_not_read_can_be_ended)
{
	w.no_credit = true;
	boot("/{a b}");
	tell(1, "b", "x");
	send_exit(1, "b", "bad");
	cr_expect_str_eq(world_reason(&w, "b"), "bad");
}

Test(mailbox, a_new_incarnation_begins_empty)
{
	w.no_credit = true;
	boot("/{a b}");
	tell(1, "b", "old");
	world_crash(&w, "b");
	cr_expect_eq(length("b"), 0);
	w.no_credit = false;
	world_join(&w, ROLE_MAIN, "b");
	cr_expect_str_eq(world_inbox(&w, 3), "");
	tell(1, "b", "new");
	cr_expect_str_eq(world_inbox(&w, 3), "new");
}

Test(mailbox, a_full_connection_is_handed_out_nothing)
{
	boot("/{a b}");
	world_step(&w, &(struct event){.kind = EVENT_FULL, .source = 2});
	tell(1, "b", "x");
	cr_expect_str_eq(world_inbox(&w, 2), "");
	world_step(&w, &(struct event){.kind = EVENT_ROOM, .source = 2});
	cr_expect_str_eq(world_inbox(&w, 2), "x");
}

/* Signals that are no messages come in the same mailbox (19). */
Test(mailbox, s3_s19_what_the_dead_had_sent_comes_before_its_end)
{
	w.no_credit = true;
	boot("/{a b}");
	trap(1);
	world_by(&w, 1, REQUEST_LINK, "b", NULL);
	world_monitor(&w, 1, 9, world_source_pid(&w, 2), NULL);
	tell(2, "a", "last");
	world_crash(&w, "b");
	world_credit(&w, 1, 10, 0);
	cr_expect_str_eq(world_inbox(&w, 1), "last exit:exit:1 down9:exit:1");
}

Test(mailbox, s64_flush)
{
	w.no_credit = true;
	boot("/{a b}");
	world_monitor(&w, 1, 9, world_source_pid(&w, 2), NULL);
	world_crash(&w, "b");
	cr_expect_eq(length("a"), 1);
	world_frame(&w, 1, &(struct wire_frame){.op = WIRE_CANCEL, .flags = WIRE_FLUSH, .ref = 9});
	cr_expect_eq(length("a"), 0);
	cr_expect_str_eq(world_inbox(&w, 1), "done9:0");
}

Test(mailbox, d19_unlink_takes_back_an_exit_that_was_not_taken)
{
	char gone[ACTOR_PID_TEXT_MAX];

	w.no_credit = true;
	boot("/{a b}");
	trap(1);
	snprintf(gone, sizeof(gone), "%s", pid(2));
	world_by(&w, 1, REQUEST_LINK, "b", NULL);
	world_crash(&w, "b");
	cr_expect_eq(length("a"), 1);
	world_by(&w, 1, REQUEST_UNLINK, gone, NULL);
	cr_expect_eq(length("a"), 0);
}

Test(mailbox, d14_who_has_taken_the_exit_is_not_told_again)
{
	boot("/{a(trap shutdown=10s) b}");
	world_manners(&w, "a")->stubborn = true;
	world_ask(&w, REQUEST_STOP, "a", NULL);
	cr_expect_str_eq(world_inbox(&w, 1), "exit:shutdown");
	world_credit(&w, 1, UINT64_C(1) << 40, 1);
	world_pass(&w, 5000);
	cr_expect_str_eq(world_marks(&w, "tk"), "");
	world_pass(&w, 5001);
	cr_expect_str_eq(world_marks(&w, "tk"), "ka");
}

Test(mailbox, d14_who_does_not_take_it_is)
{
	w.no_credit = true;
	boot("/{a(trap shutdown=10s)}");
	world_ask(&w, REQUEST_STOP, "a", NULL);
	world_pass(&w, 999);
	cr_expect_str_eq(world_marks(&w, "tk"), "");
	world_pass(&w, 2);
	cr_expect_str_eq(world_marks(&w, "tk"), "ta");
}

/* ---- receive ---- */

static const char *const urgent_first[] = {"priority", "normal", NULL};
static const char *const any_m[] = {"m*", NULL};

/* b's mailbox holds these, and a helper of b is source 3. */
static uint64_t with_helper(const char *const *tags)
{
	w.no_credit = true;
	boot("/{a b}");
	for (; *tags; tags++)
		tell(1, "b", *tags);
	return world_join(&w, ROLE_HELPER, "b");
}

Test(receive, d1_by_clause)
{
	uint64_t h = with_helper((const char *const[]){"x", "normal", "priority", NULL});

	world_receive(&w, h, 1, 0, urgent_first);
	cr_expect_str_eq(world_inbox(&w, h), "done1:3 priority");
	acknowledge(h, 3);
	world_receive(&w, h, 2, 0, urgent_first);
	cr_expect_str_eq(world_inbox(&w, h), "done2:2 normal");
	acknowledge(h, 2);
	cr_expect_eq(length("b"), 1);
}

Test(receive, s12_in_order)
{
	uint64_t h = with_helper((const char *const[]){"x", "normal", "priority", NULL});

	world_receive(&w, h, 1, WIRE_IN_ORDER, urgent_first);
	cr_expect_str_eq(world_inbox(&w, h), "done1:2 normal");
}

Test(receive, s13_what_does_not_match_stays_in_order)
{
	uint64_t h = with_helper((const char *const[]){"x", "m1", "y", NULL});

	world_receive(&w, h, 1, 0, any_m);
	acknowledge(h, 2);
	world_inbox(&w, h);
	world_receive(&w, h, 2, 0, NULL);
	world_receive(&w, h, 3, 0, NULL);
	cr_expect_str_eq(world_inbox(&w, h), "done2:1 x done3:3 y");
}

Test(receive, s14_now_looks_at_all_of_it)
{
	uint64_t h = with_helper((const char *const[]){"x", "m1", NULL});

	world_receive(&w, h, 1, WIRE_NOW, urgent_first);
	cr_expect_str_eq(world_inbox(&w, h), "done1:0");
	world_receive(&w, h, 2, WIRE_NOW, any_m);
	cr_expect_str_eq(world_inbox(&w, h), "done2:2 m1");
}

Test(receive, it_waits_until_one_comes)
{
	uint64_t h = with_helper((const char *const[]){"x", NULL});

	world_receive(&w, h, 1, 0, urgent_first);
	tell(1, "b", "y");
	cr_expect_str_eq(world_inbox(&w, h), "");
	tell(1, "b", "normal");
	cr_expect_str_eq(world_inbox(&w, h), "done1:3 normal");
}

Test(receive, a_helper_goes_before_the_standing_window)
{
	uint64_t h = with_helper((const char *const[]){"x", NULL});

	world_receive(&w, h, 1, 0, urgent_first);
	world_credit(&w, 2, 10, 0);
	cr_expect_str_eq(world_inbox(&w, 2), "x");
	tell(1, "b", "normal");
	cr_expect_str_eq(world_inbox(&w, 2), "");
	cr_expect_str_eq(world_inbox(&w, h), "done1:2 normal");
}

Test(receive, s20_what_was_not_acknowledged_comes_back_to_its_place)
{
	uint64_t h = with_helper((const char *const[]){"m1", "m2", "m3", NULL});

	world_receive(&w, h, 1, 0, (const char *const[]){"m2", NULL});
	cr_expect_str_eq(world_inbox(&w, h), "done1:2 m2");
	cr_expect_eq(length("b"), 3);
	world_leave(&w, h, false);
	world_credit(&w, 2, 10, 0);
	cr_expect_str_eq(world_inbox(&w, 2), "m1 *m2 m3");
}

Test(receive, what_came_back_is_found_by_who_looked_before)
{
	uint64_t one = with_helper((const char *const[]){"m1", "x", NULL});
	uint64_t two = world_join(&w, ROLE_HELPER, "b");

	world_receive(&w, one, 1, 0, any_m);
	world_receive(&w, two, 2, 0, any_m);
	cr_expect_str_eq(world_inbox(&w, two), "");
	world_leave(&w, one, false);
	cr_expect_str_eq(world_inbox(&w, two), "done2:1 *m1");
}

Test(receive, taken_back)
{
	uint64_t h = with_helper((const char *const[]){"x", NULL});

	world_receive(&w, h, 1, 0, any_m);
	world_cancel(&w, h, 1);
	tell(1, "b", "m1");
	cr_expect_str_eq(world_inbox(&w, h), "done1:0:cancelled");
	cr_expect_eq(length("b"), 2);
}

Test(receive, damaged_clauses)
{
	uint64_t h = with_helper((const char *const[]){"x", NULL});

	world_frame(
		&w, h,
		&(struct wire_frame){
			.op = WIRE_RECEIVE, .ref = 1, .payload = "\x05\x00", .payload_size = 2});
	cr_expect_str_eq(world_dropped(&w, h), "it sent damaged clauses, or too many");
}

Test(receive, too_many_at_once)
{
	uint64_t h = with_helper((const char *const[]){"x", NULL});

	for (uint64_t ref = 1; ref <= 17 && !*world_dropped(&w, h); ref++)
		world_receive(&w, h, ref, 0, any_m);
	cr_expect_str_eq(world_dropped(&w, h), "it waits for too many messages at once");
}

/* A long search is cut into steps; the next one begins where it ended. */
Test(receive, the_last_of_many_is_not_searched_for_again)
{
	static const char *const slow[] = {"*a*a*a*b", NULL};
	char tag[201];
	uint64_t h;

	w.no_credit = true;
	boot("/{a(outbox=100000000) b c}");
	memset(tag, 'a', sizeof(tag) - 1);
	tag[sizeof(tag) - 1] = '\0';
	flood(10000, tag);
	h = world_join(&w, ROLE_HELPER, "b");
	world_receive(&w, h, 1, WIRE_NOW, slow);
	cr_expect_str_eq(world_inbox(&w, h), "", "it takes more than one step");
	world_pass(&w, 0);
	cr_expect_str_eq(world_inbox(&w, h), "done1:0");
	for (uint64_t ref = 2; ref < 20; ref++) {
		char done[20];

		world_receive(&w, h, ref, WIRE_NOW, slow);
		snprintf(done, sizeof(done), "done%d:0", (int)ref);
		cr_expect_str_eq(world_inbox(&w, h), done, "in one step");
	}
	tell(1, "b", "aaab");
	world_receive(&w, h, 50, WIRE_NOW, slow);
	cr_expect_str_eq(world_inbox(&w, h), "done50:10001 aaab");
}

/* What others wait for it does not grow with the number of those who search. */
Test(receive, many_long_searches_share_a_step)
{
	static const char *const slow[] = {"*a*a*a*b", "*a*b*a", "*b*b*b", NULL};
	char tag[201];
	uint64_t helpers[8];

	w.no_credit = true;
	boot("/{a(outbox=100000000) b c}");
	memset(tag, 'a', sizeof(tag) - 1);
	tag[sizeof(tag) - 1] = '\0';
	flood(10000, tag);
	for (size_t i = 0; i < ARRAY_LEN(helpers); i++) {
		helpers[i] = world_join(&w, ROLE_HELPER, "b");
		for (uint64_t ref = 1; ref <= 4; ref++) {
			world_receive(&w, helpers[i], ref, WIRE_NOW, slow + ref % 3);
			cr_assert_lt(w.core->scan_work, SCAN_WORK_MAX + 100000);
		}
	}
	while (!strstr(w.inbox[helpers[7] - 1], "done4:0")) {
		world_step(&w, &(struct event){.kind = EVENT_TICK});
		cr_assert_lt(w.core->scan_work, SCAN_WORK_MAX + 100000);
	}
	for (size_t i = 0; i < ARRAY_LEN(helpers); i++)
		cr_expect_eq(strlen(world_inbox(&w, helpers[i])), strlen("done1:0") * 4 + 3);
}
