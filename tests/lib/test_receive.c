/* SPDX-License-Identifier: MIT */

/* Receiving: SEMANTICS 12 to 20 and D1, with the mailbox partly at hand and partly in the daemon.
 */

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"
#include "tests/support/alloc.h"

static const struct sup_clause urgent_first[] = {{.tag = "priority"}, {.tag = "normal"}};
static const struct sup_clause only_x[] = {{.tag = "x"}};

static struct peer *peer_three(void)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);

	peer_message(p, 1, "normal", "a");
	peer_message(p, 2, "other", "b");
	peer_message(p, 3, "priority", "c");
	peer_op(p, WIRE_QUEUED, 0, 0, "");
	peer_send(p);
	return p;
}

/* SEMANTICS 12, D1. */
Test(receive, by_clause_the_first_clause_wins)
{
	struct peer *p = peer_three();

	cr_expect_str_eq(peer_receive(p, urgent_first, 2, 0, 0), "message priority c");
	cr_expect_str_eq(peer_receive(p, urgent_first, 2, 0, 0), "message normal a");
	cr_expect_str_eq(peer_receive(p, urgent_first, 2, 0, 0), "ETIMEDOUT");
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "message other b");
	peer_end(p);
}

Test(receive, in_order_the_first_message_wins)
{
	struct peer *p = peer_three();

	cr_expect_str_eq(peer_receive(p, urgent_first, 2, SUP_IN_ORDER, 0), "message normal a");
	cr_expect_str_eq(peer_receive(p, urgent_first, 2, SUP_IN_ORDER, 0), "message priority c");
	cr_expect_str_eq(peer_receive(p, urgent_first, 2, SUP_IN_ORDER, 0), "ETIMEDOUT");
	peer_end(p);
}

/* SEMANTICS 13, 20: without clauses the first; the rest stays in its order. */
Test(receive, takes_exactly_one)
{
	struct peer *p = peer_three();

	cr_expect_str_eq(peer_receive(p, &urgent_first[0], 1, 0, 0), "message priority c");
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "message normal a");
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "message other b");
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "ETIMEDOUT");
	peer_end(p);
}

Test(receive, clauses_by_kind_from_ref_and_pattern)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct wire_frame frame = wire_frame(WIRE_CALL, "get", 77);
	static const struct sup_clause none[] = {{.kind = SUP_DOWN},
						 {.tag = "g"},
						 {.from = {8}},
						 {.ref = {78}},
						 {.kind = SUP_CALL, .from = {9}, .tag = "put"}};
	static const struct sup_clause one[] = {
		{.kind = SUP_CALL, .from = {9}, .ref = {77}, .tag = "g*"}};

	frame.from = 9;
	frame.to = 1;
	peer_put(p, frame, "key", 3);
	peer_send(p);
	cr_expect_str_eq(peer_receive(p, none, 5, 0, 0), "ETIMEDOUT");
	cr_expect_str_eq(peer_receive(p, none, 5, SUP_IN_ORDER, 0), "ETIMEDOUT");
	cr_expect_str_eq(peer_receive(p, one, 1, 0, 0), "call get key");
	peer_end(p);
}

Test(receive, clauses_that_are_none)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	char tag[300];
	struct sup_clause bad = {.tag = tag};

	memset(tag, 'x', sizeof(tag) - 1);
	tag[sizeof(tag) - 1] = '\0';
	cr_expect_str_eq(peer_receive(p, &bad, 1, 0, 0), "EINVAL");
	cr_expect_str_eq(peer_receive(p, urgent_first, SUP_CLAUSES_MAX + 1, 0, 0), "EINVAL");
	bad = (struct sup_clause){.kind = (enum sup_kind)6};
	cr_expect_str_eq(peer_receive(p, &bad, 1, 0, 0), "EINVAL");
	peer_end(p);
}

/* ---- what the daemon still has ---- */

/* The RECEIVE that was sent, to be answered at once, has those clauses' patterns. */
static uint64_t take_receive(struct peer *p, uint8_t flags, const char *patterns)
{
	struct wire_frame frame = peer_take(p, WIRE_RECEIVE);
	char text[128] = "";
	struct clause clause;
	size_t cursor = 0;

	cr_assert_eq(frame.flags, flags);
	while (clause_decode(frame.payload, frame.payload_size, &cursor, &clause) == 1) {
		strncat(text, (const char *)clause.glob, clause.glob_size);
		strcat(text, " ");
	}
	cr_assert_str_eq(text, patterns);
	return frame.ref;
}

static void answer_priority(struct peer *p)
{
	peer_op(p, WIRE_DONE, 4, take_receive(p, WIRE_NOW, "priority "), "");
	peer_message(p, 4, "priority", "d");
	peer_op(p, WIRE_QUEUED, 0, 4, "");
	peer_send(p);
}

static void answer_none(struct peer *p)
{
	peer_op(p, WIRE_DONE, 0, take_receive(p, WIRE_NOW, "priority "), "");
	peer_send(p);
}

static struct peer *peer_with_more(uint64_t queued)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);

	peer_message(p, 1, "normal", "a");
	peer_op(p, WIRE_QUEUED, 0, queued, "");
	peer_send(p);
	return p;
}

/* A match of the second clause is not final while more is queued: the daemon is asked first. */
Test(receive, asks_for_what_would_come_first)
{
	static void (*const steps[])(struct peer *) = {answer_priority, answer_none, NULL};
	struct peer *p = peer_with_more(5);

	peer_script(p, steps);
	cr_expect_str_eq(peer_receive(p, urgent_first, 2, 0, SUP_FOREVER), "message priority d");
	cr_expect_str_eq(peer_receive(p, urgent_first, 2, 0, SUP_FOREVER), "message normal a");
	peer_end(p);
}

static void hand_out_then_none(struct peer *p)
{
	uint64_t ref = take_receive(p, WIRE_NOW, "priority ");

	peer_message(p, 2, "priority", "was on its way");
	peer_op(p, WIRE_QUEUED, 0, 3, "");
	peer_op(p, WIRE_DONE, 0, ref, "");
	peer_send(p);
}

Test(receive, what_was_on_its_way_counts)
{
	static void (*const steps[])(struct peer *) = {hand_out_then_none, NULL};
	struct peer *p = peer_with_more(5);

	peer_script(p, steps);
	cr_expect_str_eq(peer_receive(p, urgent_first, 2, 0, SUP_FOREVER),
			 "message priority was on its way");
	peer_end(p);
}

static void hand_out_and_answer(struct peer *p)
{
	uint64_t ref = take_receive(p, WIRE_NOW, "priority ");

	peer_message(p, 2, "priority", "earlier");
	peer_op(p, WIRE_DONE, 3, ref, "");
	peer_message(p, 3, "priority", "later");
	peer_op(p, WIRE_QUEUED, 0, 0, "");
	peer_send(p);
}

/* Both the one on its way and the one asked for match: the older one is taken, the other stays. */
Test(receive, the_older_of_two_is_taken)
{
	static void (*const steps[])(struct peer *) = {hand_out_and_answer, NULL};
	struct peer *p = peer_with_more(5);

	peer_script(p, steps);
	cr_expect_str_eq(peer_receive(p, urgent_first, 2, 0, 0), "message priority earlier");
	cr_expect_str_eq(peer_receive(p, urgent_first, 2, 0, 0), "message priority later");
	cr_expect_str_eq(peer_receive(p, urgent_first, 2, 0, 0), "message normal a");
	peer_end(p);
}

Test(receive, first_clauses_and_receives_in_order_never_ask)
{
	struct peer *p = peer_with_more(5);

	cr_expect_str_eq(peer_receive(p, &urgent_first[1], 1, 0, 0), "message normal a");
	peer_nothing(p);
	peer_message(p, 2, "normal", "b");
	peer_op(p, WIRE_QUEUED, 0, 4, "");
	peer_send(p);
	cr_expect_str_eq(peer_receive(p, urgent_first, 2, SUP_IN_ORDER, 0), "message normal b");
	peer_message(p, 3, "normal", "c");
	peer_op(p, WIRE_QUEUED, 0, 3, "");
	peer_send(p);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "message normal c");
	peer_end(p);
}

static void answer_all_x(struct peer *p)
{
	peer_op(p, WIRE_DONE, 9, take_receive(p, WIRE_NOW, "x "), "");
	peer_message(p, 9, "x", "");
	peer_send(p);
}

/* SEMANTICS 14: a timeout of 0 looks at the whole mailbox, also where credit has run out. */
Test(receive, s14_a_timeout_of_0_sees_what_the_daemon_keeps)
{
	static void (*const steps[])(struct peer *) = {answer_all_x, NULL};
	struct peer *p = peer_with_more(300);

	peer_script(p, steps);
	cr_expect_str_eq(peer_receive(p, only_x, 1, 0, 0), "message x ");
	peer_end(p);
}

/* ... and where nothing seems to be queued: it may be on its way. */
Test(receive, s14_a_timeout_of_0_always_asks)
{
	static void (*const steps[])(struct peer *) = {answer_all_x, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);

	peer_script(p, steps);
	cr_expect_str_eq(peer_receive(p, only_x, 1, 0, 0), "message x ");
	peer_end(p);
}

static void answer_no_x(struct peer *p)
{
	peer_op(p, WIRE_DONE, 0, take_receive(p, WIRE_NOW, "x "), "");
	peer_send(p);
}

static void nothing(struct peer *p)
{
	(void)p;
}

/* What came too late to be handed out is found when the time is over. */
Test(receive, asks_again_when_the_time_is_over)
{
	static void (*const steps[])(struct peer *) = {nothing, answer_all_x, NULL};
	struct peer *p = peer_with_more(1);

	peer_script(p, steps);
	cr_expect_str_eq(peer_receive(p, only_x, 1, 0, 10), "message x ");
	peer_end(p);
}

/* A message that comes back to its old place, before what was looked at already. */
Test(receive, what_comes_again_is_seen)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);

	peer_flood(p, 5, 3, "normal", 0);
	cr_expect_str_eq(peer_receive(p, only_x, 1, 0, 0), "ETIMEDOUT");
	peer_flood(p, 3, 1, "x", 0);
	cr_expect_str_eq(peer_receive(p, only_x, 1, 0, 0), "message x ");
	peer_flood(p, 4, 1, "y", 0);
	cr_expect_str_eq(peer_receive(p, &(struct sup_clause){.tag = "y"}, 1, 0, 0), "message y ");
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "message normal ");
	peer_end(p);
}

/* ---- waiting ---- */

static void send_y(struct peer *p)
{
	peer_message(p, 2, "y", "");
	peer_send(p);
}

static void send_x(struct peer *p)
{
	peer_message(p, 3, "x", "");
	peer_send(p);
}

Test(receive, waits_for_what_matches)
{
	static void (*const steps[])(struct peer *) = {send_y, send_x, NULL};
	struct peer *p = peer_with_more(1);

	peer_script(p, steps);
	cr_expect_str_eq(peer_receive(p, only_x, 1, 0, SUP_FOREVER), "message x ");
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "message normal a");
	peer_end(p);
}

/* What is not at hand is not asked for: it makes the socket readable when it comes. */
Test(receive, at_hand_asks_nothing)
{
	struct peer *p = peer_with_more(1);

	cr_expect_str_eq(peer_receive(p, only_x, 1, SUP_AT_HAND, 0), "ETIMEDOUT");
	cr_expect_str_eq(peer_receive(p, NULL, 0, SUP_AT_HAND, 0), "message normal a");
	peer_last_credit(p);
	peer_end(p);
}

/* SEMANTICS 15: what does not match does not begin the timeout anew. */
Test(receive, s15_the_timeout_runs_from_the_entry)
{
	static void (*const steps[])(struct peer *) = {send_y, nothing, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct timespec start, end;

	peer_script(p, steps);
	clock_gettime(CLOCK_MONOTONIC, &start);
	cr_expect_str_eq(peer_receive(p, only_x, 1, 0, 30), "ETIMEDOUT");
	clock_gettime(CLOCK_MONOTONIC, &end);
	cr_expect_geq((end.tv_sec - start.tv_sec) * 1000000000 + end.tv_nsec - start.tv_nsec,
		      30000000);
	peer_end(p);
}

static void interrupt(struct peer *p)
{
	p->interrupts = true;
}

Test(receive, a_unix_signal_interrupts)
{
	static void (*const steps[])(struct peer *) = {interrupt, interrupt, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);

	peer_script(p, steps);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, SUP_FOREVER), "EINTR");
	cr_expect_eq(sup_sleep(p->sup, SUP_FOREVER), -EINTR);
	peer_end(p);
}

/* SEMANTICS 17. */
Test(receive, s17_a_sleep_takes_nothing)
{
	struct peer *p = peer_three();

	cr_expect_eq(sup_sleep(p->sup, 1), 0);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "message normal a");
	peer_end(p);
}

/* ---- credit ---- */

Test(receive, credit_is_topped_up_when_half_is_used)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct wire_frame credit;

	peer_flood(p, 1, PEER_CREDIT, "normal", 0);
	for (int i = 0; i < PEER_CREDIT / 2 - 1; i++)
		cr_assert_str_eq(peer_receive(p, NULL, 0, 0, 0), "message normal ");
	peer_nothing(p);
	for (int i = 0; i < 2; i++)
		cr_assert_str_eq(peer_receive(p, NULL, 0, 0, 0), "message normal ");
	credit = peer_last_credit(p);
	cr_expect_eq(credit.to, PEER_CREDIT / 2 + 1);
	cr_expect_eq(credit.ref, PEER_CREDIT + PEER_CREDIT / 2 + 1);
	peer_end(p);
}

static void hand_out_44_more(struct peer *p)
{
	struct wire_frame credit = peer_last_credit(p);

	cr_assert_eq(credit.to, 0);
	cr_assert_eq(credit.ref, 2 * PEER_CREDIT);
	peer_flood(p, PEER_CREDIT + 1, 43, "normal", 0);
	peer_message(p, PEER_CREDIT + 44, "x", "");
	peer_send(p);
}

/* A receive that waits behind a window full of what it does not want gets what lies behind. */
Test(receive, what_is_passed_over_uses_no_credit)
{
	static void (*const steps[])(struct peer *) = {answer_no_x, hand_out_44_more, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);

	peer_flood(p, 1, PEER_CREDIT, "normal", 44);
	peer_script(p, steps);
	cr_expect_str_eq(peer_receive(p, only_x, 1, 0, SUP_FOREVER), "message x ");
	peer_end(p);
}

Test(receive, what_a_match_lies_behind_uses_no_credit)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);

	peer_flood(p, 1, PEER_CREDIT - 1, "normal", 1);
	peer_flood(p, PEER_CREDIT, 1, "x", 0);
	cr_expect_str_eq(peer_receive(p, only_x, 1, 0, 0), "message x ");
	cr_expect_eq(peer_last_credit(p).ref, 2 * PEER_CREDIT);
	peer_end(p);
}

static void expect_one_by_credit(struct peer *p)
{
	struct wire_frame credit = peer_last_credit(p);

	cr_assert_eq(credit.ref, 1 + PEER_CREDIT);
	cr_assert_eq(credit.to, 2);
	peer_message(p, 10, "x", "");
	peer_send(p);
}

/* What was asked for comes besides the credit, and counts as consumed like others. */
Test(receive, what_was_asked_for_uses_no_credit)
{
	static void (*const steps[])(struct peer *) = {answer_all_x, expect_one_by_credit, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);

	peer_script(p, steps);
	cr_expect_str_eq(peer_receive(p, only_x, 1, 0, 0), "message x ");
	peer_flood(p, 9, 1, "normal", 0);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, SUP_FOREVER), "message normal ");
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, SUP_FOREVER), "message x ");
	peer_end(p);
}

/* Who has an event loop waits for the socket himself. */
Test(receive, nothing_more_leaves_the_socket_to_turn_readable)
{
	static void (*const steps[])(struct peer *) = {answer_no_x, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct wire_frame credit;

	peer_flood(p, 1, 1, "x", PEER_CREDIT - 1);
	peer_flood(p, 2, PEER_CREDIT - 1, "normal", 0);
	cr_expect_str_eq(peer_receive(p, only_x, 1, 0, 0), "message x ");
	peer_nothing(p);
	peer_script(p, steps);
	cr_expect_str_eq(peer_receive(p, only_x, 1, 0, 0), "ETIMEDOUT");
	credit = peer_last_credit(p);
	cr_expect_eq(credit.to, 1);
	cr_expect_eq(credit.ref, 2 * PEER_CREDIT);
	peer_end(p);
}

static void expect_consumed_2(struct peer *p)
{
	struct wire_frame credit = peer_last_credit(p);

	cr_assert_eq(credit.to, 2);
	cr_assert_eq(credit.ref, 2 + PEER_CREDIT);
	peer_message(p, 3, "x", "");
	peer_send(p);
}

Test(receive, consumption_is_reported_before_a_wait)
{
	static void (*const steps[])(struct peer *) = {expect_consumed_2, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);

	peer_flood(p, 1, 2, "normal", 0);
	for (int i = 0; i < 2; i++)
		cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "message normal ");
	peer_script(p, steps);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, SUP_FOREVER), "message x ");
	peer_end(p);
}

/* Taking 20,000 one by one from behind 100,000 others: each of these is tried once. */
Test(receive, a_receive_that_goes_on_does_not_begin_anew)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct timespec start, end;

	for (uint64_t first = 1; first < 100000; first += 250) {
		peer_flood(p, first, 250, "normal", 0);
		cr_assert_str_eq(peer_receive(p, only_x, 1, 0, 1), "ETIMEDOUT");
		peer_nothing(p);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	for (uint64_t i = 0; i < 20000; i++) {
		peer_flood(p, 100001 + i, 1, "x", 0);
		cr_assert_str_eq(peer_receive(p, only_x, 1, 0, 0), "message x ");
		peer_nothing(p);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	/* Two thousand million tries would take longer by far. */
	cr_expect_lt(end.tv_sec - start.tv_sec, 3);
	peer_end(p);
}

/* ---- acknowledging ---- */

Test(receive, a_durable_mailbox_is_acknowledged_by_the_next_receive)
{
	struct peer *p = peer_new(PEER_WINDOW, HELLO_DURABLE);
	struct sup_message *m;

	peer_flood(p, 1, 3, "normal", 0);
	cr_assert_str_eq(peer_receive(p, NULL, 0, 0, 0), "message normal ");
	peer_nothing(p);
	cr_assert_eq(sup_receive(p->sup, NULL, 0, 0, 0, &m), 0);
	cr_expect_eq(m->number, 2);
	cr_expect_eq(sup_ack(p->sup, m), 0);
	sup_message_free(m);
	cr_expect_eq(peer_take(p, WIRE_ACK).ref, 1);
	cr_expect_eq(peer_take(p, WIRE_ACK).ref, 2);
	cr_assert_str_eq(peer_receive(p, NULL, 0, 0, 0), "message normal ");
	peer_nothing(p);
	cr_assert_str_eq(peer_receive(p, NULL, 0, 0, 0), "ETIMEDOUT");
	cr_expect_eq(peer_take(p, WIRE_ACK).ref, 3);
	peer_end(p);
}

Test(receive, a_volatile_one_is_not)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct sup_message *m;

	peer_flood(p, 1, 1, "normal", 0);
	cr_assert_eq(sup_receive(p->sup, NULL, 0, 0, 0, &m), 0);
	cr_expect_eq(sup_ack(p->sup, m), 0);
	sup_message_free(m);
	peer_nothing(p);
	peer_end(p);
}

/* ---- memory ---- */

/* Whichever allocation fails, no message is lost and none comes twice. */
Test(receive, without_memory_nothing_is_lost)
{
	for (unsigned long n = 1;; n++) {
		struct peer *p = peer_three();
		const char *text;

		alloc_fail_at(n);
		text = peer_receive(p, urgent_first, 2, 0, 0);
		if (!alloc_fail_end()) {
			cr_assert_str_eq(text, "message priority c");
			peer_end(p);
			cr_assert_gt(n, 4);
			return;
		}
		cr_assert_str_eq(text, "ENOMEM", "allocation %lu", n);
		cr_assert_str_eq(peer_receive(p, urgent_first, 2, 0, 0), "message priority c");
		cr_assert_str_eq(peer_receive(p, NULL, 0, 0, 0), "message normal a");
		cr_assert_str_eq(peer_receive(p, NULL, 0, 0, 0), "message other b");
		peer_end(p);
	}
}
