/* SPDX-License-Identifier: MIT */

/* Outboxes, calls, durable mailboxes, shortage (SEMANTICS 1, 3, 6, 60, D2, D3). */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/core/mail.h"
#include "tests/support/alloc.h"

TestSuite(outbox, .init = mail_init, .fini = mail_fini);
TestSuite(durable, .init = mail_init, .fini = mail_fini);
TestSuite(calls_of_actors, .init = mail_init, .fini = mail_fini);

static const char *const any_m[] = {"m*", NULL};

/* ---- outboxes ---- */

Test(outbox, s6_d2_block)
{
	w.no_credit = true;
	boot("/{a b(limit=2500)}");
	for (int i = 0; i < 5; i++)
		tell_long(1, "b", (char[]){(char)('m' + i), '\0'});
	confirm(1, "b", 7, "z");
	cr_expect_eq(length("b"), 2);
	cr_expect_str_eq(blocked_on("a"), "b");
	cr_expect_str_eq(world_inbox(&w, 1), "");
	world_credit(&w, 2, 3, 0);
	cr_expect_str_eq(world_inbox(&w, 2), "m n o");
	cr_expect_eq(length("b"), 3 + 3);
	cr_expect_str_eq(world_inbox(&w, 1), "done7:0");
	world_credit(&w, 2, 10, 0);
	cr_expect_str_eq(world_inbox(&w, 2), "p q z");
	cr_expect_str_eq(blocked_on("a"), "");
}

Test(outbox, an_empty_mailbox_takes_any_one)
{
	w.no_credit = true;
	boot("/{a b(limit=10)}");
	tell_long(1, "b", "m");
	cr_expect_eq(length("b"), 1);
}

Test(outbox, d2_reject)
{
	w.no_credit = true;
	boot("/{a b(reject limit=2000)}");
	for (int i = 0; i < 2; i++)
		tell_long(1, "b", "m");
	confirm(1, "b", 7, "z");
	world_call(&w, 1, 8, world_source_pid(&w, 2), "get");
	world_credit(&w, 1, 10, 0);
	cr_expect_str_eq(world_inbox(&w, 1), "done7:0:rejected down8:mailbox_overflow");
	cr_expect_eq(length("b"), 2);
}

Test(outbox, d2_drop)
{
	w.no_credit = true;
	boot("/{a b(drop limit=2000)}");
	for (int i = 0; i < 5; i++)
		tell_long(1, "b", "m");
	confirm(1, "b", 7, "z");
	cr_expect_str_eq(world_inbox(&w, 1), "done7:0");
	cr_expect_eq(length("b"), 2);
	cr_expect_eq(world_child(&w, "b")->actor.mailbox->dropped, 4);
}

Test(outbox, d2_kill)
{
	w.no_credit = true;
	boot("/{a b(kill limit=2000 transient)}");
	for (int i = 0; i < 3; i++)
		tell_long(1, "b", "m");
	cr_expect_str_eq(world_reason(&w, "b"), "mailbox_overflow");
	cr_expect_eq(length("b"), 0);
}

Test(outbox, another_users_messages_fill_only_the_half)
{
	uint64_t guest;

	w.no_credit = true;
	boot("/{a b(limit=10000)}");
	guest = world_guest(&w, 1234);
	for (int i = 0; i < 10; i++)
		tell_long(guest, "b", "m");
	cr_expect_eq(length("b"), 5);
	tell_long(1, "b", "n");
	cr_expect_eq(length("b"), 6, "its own user's are not in the way");
}

/* Exit signals, DOWNs and answers are never refused, and keep behind what was sent before them. */
Test(outbox, s1_a_signal_moves_in_what_waits_before_it)
{
	w.no_credit = true;
	boot("/{a b(limit=1500)}");
	trap(2);
	for (int i = 0; i < 3; i++)
		tell_long(1, "b", (char[]){(char)('m' + i), '\0'});
	cr_expect_eq(length("b"), 1);
	send_exit(1, "b", "hello");
	cr_expect_eq(length("b"), 4);
	world_credit(&w, 2, 10, 0);
	cr_expect_str_eq(world_inbox(&w, 2), "m n o exit:hello");
}

Test(outbox, s3_the_end_of_a_sender_moves_it_in)
{
	w.no_credit = true;
	boot("/{a b(limit=1500)}");
	world_monitor(&w, 2, 9, world_source_pid(&w, 1), NULL);
	for (int i = 0; i < 3; i++)
		tell_long(1, "b", (char[]){(char)('m' + i), '\0'});
	world_crash(&w, "a");
	world_credit(&w, 2, 10, 0);
	cr_expect_str_eq(world_inbox(&w, 2), "m n o down9:exit:1");
}

Test(outbox, the_end_of_a_receiver_frees_it)
{
	w.no_credit = true;
	boot("/{a b(limit=1500)}");
	tell_long(1, "b", "m");
	tell_long(1, "b", "n");
	confirm(1, "b", 7, "o");
	cr_expect_str_eq(blocked_on("a"), "b");
	world_crash(&w, "b");
	cr_expect_str_eq(blocked_on("a"), "");
	cr_expect_str_eq(world_inbox(&w, 1), "done7:0");
	cr_expect_eq(length("b"), 0);
}

Test(outbox, a_message_that_waits_can_be_taken_back)
{
	w.no_credit = true;
	boot("/{a b(limit=1000)}");
	tell_long(1, "b", "m");
	confirm(1, "b", 7, "o");
	world_cancel(&w, 1, 7);
	world_cancel(&w, 1, 7);
	cr_expect_str_eq(world_inbox(&w, 1), "done7:1 done7:0");
	cr_expect_str_eq(blocked_on("a"), "");
}

/* Each is found by its ref, among many, from wherever it lies. */
Test(outbox, any_of_many_that_wait_can_be_taken_back)
{
	w.no_credit = true;
	boot("/{a b(limit=1000)}");
	tell_long(1, "b", "m");
	for (uint64_t ref = 1; ref <= 2000; ref++)
		confirm(1, "b", ref, "o");
	for (uint64_t ref = 1; ref <= 2000; ref += 2)
		world_cancel(&w, 1, ref * 7919 % 2000 + 1);
	cr_expect_eq(world_child(&w, "a")->actor.outbox_weight, 1000 * (WIRE_HEADER_SIZE + 1));
	confirm(1, "b", 4, "o");
	cr_expect_str_eq(world_dropped(&w, 1), "");
	confirm(1, "b", 4, "twice");
	cr_expect_str_eq(world_dropped(&w, 1), "it used a ref twice");
}

/* What waits behind a large one fits when that is taken back. */
Test(outbox, a_small_one_behind_one_taken_back)
{
	char name[] = "b\0m";

	w.no_credit = true;
	boot("/{a b(limit=1500)}");
	tell_long(1, "b", "l");
	world_frame(&w, 1,
		    &(struct wire_frame){.op = WIRE_MESSAGE,
					 .flags = WIRE_NAMED | WIRE_CONFIRM,
					 .ref = 7,
					 .tag = name,
					 .tag_size = 3,
					 .payload = memset(w.told, 0, 1000),
					 .payload_size = 1000});
	tell(1, "b", "n");
	cr_expect_str_eq(blocked_on("a"), "b");
	world_cancel(&w, 1, 7);
	cr_expect_str_eq(blocked_on("a"), "");
	cr_expect_eq(length("b"), 2);
}

Test(outbox, whoever_overruns_the_window_is_disconnected)
{
	unsigned n = 0;

	w.no_credit = true;
	boot("/{a(outbox=100000) b(limit=1000)}");
	for (; n < 300 && !*world_dropped(&w, 1); n++)
		tell_long(1, "b", "m");
	cr_expect_eq(n, 101, "100 fit into the window, and it has sent %u", n);
	cr_expect_str_eq(world_dropped(&w, 1), "it sent more than its window allows");
}

Test(outbox, the_window_moves_with_what_is_taken)
{
	uint64_t sent = 0, consumed = 0;

	w.no_credit = true;
	boot("/{a(outbox=100000) b(limit=1000)}");
	w.windows[0] = 100000;
	for (int round = 0; round < 1000; round++) {
		/* Its whole frames, with the name. */
		for (; sent < w.windows[0]; sent += 1000 + sizeof("b"))
			tell_long(1, "b", "m");
		cr_assert_str_empty(world_dropped(&w, 1));
		consumed += 10;
		world_credit(&w, 2, consumed, consumed - 10);
	}
	cr_expect_geq(sent, 1000 * consumed);
}

/* Nothing waits; by the names alone it sends many times its window. */
Test(outbox, names_do_not_use_the_window_up)
{
	uint64_t sent = 0;

	boot("/{a(outbox=65536) b}");
	w.windows[0] = 65536;
	for (int i = 0; i < 20000; i++) {
		cr_assert_lt(sent, w.windows[0], "after %d messages", i);
		tell(1, "b", "m");
		sent += WIRE_HEADER_SIZE + sizeof("b") + 1;
		w.inbox[1][0] = '\0';
	}
}

/* A helper's HELLO can not know whose it is: the first window is that of all. */
Test(outbox, the_first_window_is_what_its_hello_says)
{
	uint64_t h;

	w.no_credit = true;
	boot("/{a(outbox=10) b(limit=1000) c(outbox=4194304)}");
	cr_expect_eq(w.windows[0], 65536, "that is the least");
	h = world_join(&w, ROLE_HELPER, "a");
	for (uint64_t sent = 0; sent < SPEC_OUTBOX_LIMIT; sent += 1002)
		tell_long(h, "b", "m");
	cr_expect_str_eq(world_dropped(&w, h), "");
	tell_long(h, "b", "m");
	cr_expect_str_eq(world_dropped(&w, h), "it sent more than its window allows");
	h = world_join(&w, ROLE_HELPER, "c");
	cr_expect_eq(w.windows[h - 1], 4194304);
}

/* Of many senders to one that is full none waits while others send again and again. */
Test(outbox, those_who_wait_take_turns)
{
	w.no_credit = true;
	boot("/{a b(limit=1000) c d}");
	for (int i = 0; i < 10; i++)
		tell_long(1, "b", "a");
	for (int i = 0; i < 2; i++) {
		tell_long(3, "b", "c");
		tell_long(4, "b", "d");
	}
	for (uint64_t n = 1; n <= 6; n++) {
		world_credit(&w, 2, n, 0);
		tell_long(1, "b", "a");
	}
	cr_expect_str_eq(world_inbox(&w, 2), "a a c d a c");
}

/* Both are full, both have more to send: both can still receive, be ended, and end. */
Test(outbox, two_that_flood_each_other)
{
	w.no_credit = true;
	boot("/{a(limit=1000) b(limit=1000)}");
	for (int i = 0; i < 50; i++) {
		tell_long(1, "b", "m");
		tell_long(2, "a", "n");
	}
	cr_expect_str_eq(blocked_on("a"), "b");
	cr_expect_str_eq(blocked_on("b"), "a");
	world_credit(&w, 1, 20, 0);
	cr_expect_eq(w.n_messages[0], 20);
	world_credit(&w, 2, 50, 0);
	cr_expect_eq(w.n_messages[1], 50);
	send_exit(1, "b", "enough");
	cr_expect_str_eq(world_reason(&w, "b"), "enough");
	world_crash(&w, "a");
	cr_expect_str_eq(world_state(&w, "a"), "running");
}

/* Told once, however much more waits, and again when it comes to that again. */
Test(outbox, a_circle_of_senders_is_told)
{
	w.no_credit = true;
	boot("/{a(limit=1000) b(limit=1000) c(limit=1000)}");
	for (int i = 0; i < 3; i++) {
		tell_long(1, "b", "m");
		tell_long(2, "c", "m");
	}
	cr_expect_str_eq(world_marks(&w, ":"), "");
	for (int i = 0; i < 3; i++)
		tell_long(3, "a", "m");
	cr_expect_str_eq(world_marks(&w, ":"), "cycle:c");
	tell_long(1, "b", "m");
	cr_expect_str_eq(world_marks(&w, ":"), "cycle:a");
	tell_long(1, "b", "m");
	cr_expect_str_eq(world_marks(&w, ":"), "");
	world_credit(&w, 1, 100, 0);
	cr_expect_str_eq(blocked_on("c"), "");
	for (int i = 0; i < 3; i++)
		world_credit(&w, 1, 100, 0);
	world_crash(&w, "c");
}

/* ---- calls ---- */

Test(calls_of_actors, s60_an_answer)
{
	boot("/{a b}");
	world_call(&w, 1, 5, world_source_pid(&w, 2), "get");
	cr_expect_str_eq(world_inbox(&w, 2), "call5:get");
	world_answer_call(&w, 2, world_source_pid(&w, 1), 5, "42");
	cr_expect_str_eq(world_inbox(&w, 1), "reply5:42");
	world_answer_call(&w, 2, world_source_pid(&w, 1), 5, "43");
	world_crash(&w, "b");
	cr_expect_str_eq(world_inbox(&w, 1), "", "no second answer, and no DOWN");
	cr_expect_eq(w.core->edges.used, 0);
}

Test(calls_of_actors, the_server_dies)
{
	boot("/{a b}");
	world_call(&w, 1, 5, world_source_pid(&w, 2), "get");
	world_crash(&w, "b");
	cr_expect_str_eq(world_inbox(&w, 1), "down5:exit:1");
	world_call(&w, 1, 6, (actor_pid){999}, "get");
	cr_expect_str_eq(world_inbox(&w, 1), "down6:noproc");
}

Test(calls_of_actors, who_gives_up_hears_no_more)
{
	boot("/{a b}");
	world_call(&w, 1, 5, world_source_pid(&w, 2), "get");
	world_cancel(&w, 1, 5);
	world_answer_call(&w, 2, world_source_pid(&w, 1), 5, "42");
	cr_expect_str_eq(world_inbox(&w, 1), "done5:1");
}

Test(calls_of_actors, directly_past_the_mailbox)
{
	uint64_t helper;

	w.no_credit = true;
	boot("/{a b c}");
	helper = world_join(&w, ROLE_HELPER, "a");
	world_frame(&w, helper,
		    &(struct wire_frame){.op = WIRE_CALL,
					 .flags = WIRE_DIRECT,
					 .to = world_source_pid(&w, 2).n,
					 .ref = 5});
	world_answer_call(&w, 2, world_source_pid(&w, 1), 5, "42");
	cr_expect_str_eq(world_inbox(&w, helper), "reply5:42");
	world_frame(&w, helper,
		    &(struct wire_frame){.op = WIRE_CALL,
					 .flags = WIRE_DIRECT,
					 .to = world_source_pid(&w, 2).n,
					 .ref = 6});
	world_crash(&w, "b");
	cr_expect_str_eq(world_inbox(&w, helper), "down6:exit:1");
	cr_expect_eq(length("a"), 0);
	world_frame(&w, helper,
		    &(struct wire_frame){.op = WIRE_CALL,
					 .flags = WIRE_DIRECT,
					 .to = world_source_pid(&w, 3).n,
					 .ref = 7});
	world_leave(&w, helper, false);
	cr_expect_eq(w.core->edges.used, 0, "nobody waits for it any more");
}

/* DONE and a message are never parted: both go into one datagram. */
Test(calls_of_actors, an_answer_too_long_for_a_datagram)
{
	static const char zeros[WIRE_DATAGRAM_MAX];

	boot("/{a b}");
	world_call(&w, 1, 5, world_source_pid(&w, 2), "get");
	world_frame(&w, 2,
		    &(struct wire_frame){.op = WIRE_RESPONSE,
					 .to = world_source_pid(&w, 1).n,
					 .ref = 5,
					 .payload = zeros,
					 .payload_size = WIRE_DATAGRAM_MAX - WIRE_HEADER_SIZE});
	cr_expect_str_eq(world_dropped(&w, 2), "it sent a message too long for a datagram: that "
					       "goes in a memfd");
}

Test(calls_of_actors, a_stranger_may_not_answer)
{
	uint64_t guest;

	boot("/{a b}");
	guest = world_guest(&w, 1234);
	world_call(&w, 1, 5, world_source_pid(&w, 2), "get");
	world_answer_call(&w, guest, world_source_pid(&w, 1), 5, "false");
	cr_expect_str_eq(world_inbox(&w, 1), "");
	cr_expect_str_eq(world_dropped(&w, guest),
			 "it answered a call that was made to somebody else");
}

/* ---- durable mailboxes ---- */

Test(durable, d3_what_was_sent_while_it_is_down)
{
	boot("/{a b(durable)}");
	world_ask(&w, REQUEST_STOP, "b", NULL);
	confirm(1, "b", 7, "one");
	tell(1, "b", "two");
	cr_expect_str_eq(world_inbox(&w, 1), "done7:0");
	cr_expect_str_eq(world_by(&w, 1, REQUEST_WHEREIS, "b", NULL), "noproc");
	world_ask(&w, REQUEST_START, "b", NULL);
	world_join(&w, ROLE_MAIN, "b");
	cr_expect_str_eq(world_inbox(&w, 3), "one two");
}

Test(durable, d3_what_was_not_acknowledged_comes_again)
{
	boot("/{a b(durable)}");
	tell(1, "b", "one");
	tell(1, "b", "two");
	tell(1, pid(2), "to the pid");
	cr_expect_str_eq(world_inbox(&w, 2), "one two to the pid");
	acknowledge(2, 1);
	world_crash(&w, "b");
	world_join(&w, ROLE_MAIN, "b");
	cr_expect_str_eq(world_inbox(&w, 3), "*two");
	acknowledge(3, 2);
	world_crash(&w, "b");
	world_join(&w, ROLE_MAIN, "b");
	cr_expect_str_eq(world_inbox(&w, 4), "");
}

Test(durable, d3_the_next_receive_acknowledges)
{
	uint64_t h;

	w.no_credit = true;
	boot("/{a b(durable)}");
	for (int i = 0; i < 3; i++)
		tell(1, "b", (char[]){(char)('m' + i), '\0'});
	h = world_join(&w, ROLE_HELPER, "b");
	world_receive(&w, h, 1, 0, NULL);
	cr_expect_str_eq(world_inbox(&w, h), "done1:1 m");
	acknowledge(h, 1);
	world_leave(&w, h, false);
	cr_expect_eq(length("b"), 3, "it is written out, not done with");
	h = world_join(&w, ROLE_HELPER, "b");
	world_receive(&w, h, 2, 0, NULL);
	cr_expect_str_eq(world_inbox(&w, h), "done2:2 n");
	acknowledge(h, 2);
	cr_expect_eq(length("b"), 2);
	world_crash(&w, "b");
	w.no_credit = false;
	world_join(&w, ROLE_MAIN, "b");
	cr_expect_str_eq(world_inbox(&w, w.n_sources), "*n o");
}

/* Who crashes again and again does not get the more into its mailbox by that. */
Test(durable, d3_the_limit_holds_over_incarnations)
{
	w.no_credit = true;
	boot("/{a b(durable limit=1500)}");
	for (int i = 0; i < 3; i++) {
		tell_long(1, "b", (char[]){(char)('m' + i), '\0'});
		world_frame(&w, 1,
			    &(struct wire_frame){.op = WIRE_MESSAGE,
						 .flags = WIRE_CONFIRM,
						 .to = world_source_pid(&w, 2).n,
						 .ref = (uint64_t)i + 5,
						 .payload = memset(w.told, 0, 900),
						 .payload_size = 900});
	}
	cr_expect_eq(length("b"), 1);
	for (int i = 0; i < 3; i++) {
		world_crash(&w, "b");
		cr_expect_eq(length("b"), 1);
		cr_expect_str_eq(blocked_on("a"), "?", "by its next pid");
	}
	cr_expect_str_eq(world_inbox(&w, 1), "done5:0 done6:0 done7:0");
	w.no_credit = false;
	world_join(&w, ROLE_MAIN, "b");
	cr_expect_str_eq(world_inbox(&w, 3), "m");
	for (int i = 0; i < 2; i++) {
		acknowledge(3, world_child(&w, "b")->actor.mailbox->frames.next_number - 1);
		cr_expect_str_eq(world_inbox(&w, 3), i ? "o" : "n");
	}
}

/* By another helper than the one that has it, and once more by that one. */
Test(durable, d3_somebody_else_acknowledges)
{
	uint64_t h, other;

	w.no_credit = true;
	boot("/{a b(durable)}");
	tell(1, "b", "one");
	tell(1, "b", "two");
	h = world_join(&w, ROLE_HELPER, "b");
	other = world_join(&w, ROLE_HELPER, "b");
	world_receive(&w, h, 1, 0, NULL);
	world_receive(&w, h, 2, 0, NULL);
	acknowledge(other, 1);
	cr_expect_eq(length("b"), 1);
	acknowledge(h, 1);
	acknowledge(h, 2);
	acknowledge(2, 2);
	cr_expect_eq(length("b"), 0);
	world_leave(&w, h, false);
	cr_expect_eq(length("b"), 0);
}

/* ---- shortage ---- */

/* Whatever fails, nothing is broken, and who asked is answered or disconnected. */
Test(outbox, without_memory)
{
	for (unsigned long n = 1, failed = true; failed; n++) {
		uint64_t h;

		world_fini(&w);
		world_init(&w);
		boot("/{a b(limit=1500) c}");
		h = world_join(&w, ROLE_HELPER, "c");
		alloc_fail_at(n);
		tell_long(1, "b", "m");
		confirm(1, "b", 7, "n");
		world_call(&w, 1, 8, world_source_pid(&w, 2), "get");
		world_answer_call(&w, 2, world_source_pid(&w, 1), 8, "42");
		world_receive(&w, h, 9, 0, any_m);
		tell(2, "c", "m1");
		failed = alloc_fail_end();
		world_pass(&w, 1000);
		if (!*world_dropped(&w, 1))
			cr_expect(strstr(w.inbox[0], "done7:0"), "allocation %lu: %s", n,
				  w.inbox[0]);
		cr_assert_lt(n, 200);
	}
}
