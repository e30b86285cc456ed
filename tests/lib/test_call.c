/* SPDX-License-Identifier: MIT */

/* Calls: answered, late, never; and that a dead server is told from a slow one. */

#include <errno.h>
#include <string.h>

#include "peer.h"
#include "tests/support/alloc.h"

static const sup_pid nine = {9};
static uint64_t last_ref;

static uint64_t take_call(struct peer *p)
{
	struct wire_frame frame = peer_take(p, WIRE_CALL);

	cr_assert_eq(frame.flags & ~WIRE_NAMED, WIRE_DIRECT);
	last_ref = frame.ref;
	return frame.ref;
}

static void put_answer(struct peer *p, enum wire_op op, uint64_t ref, const char *payload)
{
	struct wire_frame frame = wire_frame(op, op == WIRE_RESPONSE ? "ok" : "", ref);

	frame.from = 9;
	peer_put(p, frame, payload, strlen(payload));
}

static void answer(struct peer *p)
{
	put_answer(p, WIRE_RESPONSE, take_call(p), "42");
	peer_send(p);
}

static void down_noproc(struct peer *p)
{
	put_answer(p, WIRE_DOWN, take_call(p), "noproc");
	peer_send(p);
}

static void down_crashed(struct peer *p)
{
	put_answer(p, WIRE_DOWN, take_call(p), "signal:SEGV");
	peer_send(p);
}

Test(call, is_answered_past_what_is_queued)
{
	static void (*const steps[])(struct peer *) = {answer, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct sup_message *reply;

	peer_flood(p, 1, 3, "normal", 7);
	peer_script(p, steps);
	cr_assert_eq(sup_call(p->sup, nine, "get", sup_text("key"), SUP_FOREVER, &reply), 0);
	cr_expect_eq(reply->kind, SUP_REPLY);
	cr_expect_eq(reply->from.n, 9);
	cr_expect_str_eq(reply->tag, "ok");
	cr_expect_str_eq(reply->payload, "42");
	sup_message_free(reply);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "message normal ");
	peer_end(p);
}

Test(call, a_dead_server_is_told_from_one_that_never_was)
{
	static void (*const steps[])(struct peer *) = {down_noproc, down_crashed, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct sup_message *reply = NULL;

	peer_script(p, steps);
	cr_expect_eq(sup_call_name(p->sup, "db", "get", SUP_NOTHING, 60000, &reply), -ESRCH);
	cr_expect_str_eq(sup_reason(p->sup), "noproc");
	cr_expect_eq(sup_call(p->sup, nine, "get", SUP_NOTHING, 60000, &reply), -ECONNRESET);
	cr_expect_str_eq(sup_reason(p->sup), "signal:SEGV");
	cr_expect_null(reply);
	peer_end(p);
}

static void only_read(struct peer *p);

static void refuse(struct peer *p)
{
	struct wire_frame frame = peer_take_request(p, "whereis");

	peer_reply(p, frame.ref, 3, "error", "clock: no such actor");
}

/* What was said of an earlier failure is not said of this one. */
Test(call, a_failure_has_no_words_of_an_earlier_one)
{
	static void (*const steps[])(struct peer *) = {down_crashed, NULL};
	static void (*const more[])(struct peer *) = {refuse, only_read, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct sup_message *message = NULL;
	sup_pid pid;

	peer_script(p, steps);
	cr_expect_eq(sup_call(p->sup, nine, "get", SUP_NOTHING, 60000, &message), -ECONNRESET);
	cr_expect_str_eq(sup_reason(p->sup), "signal:SEGV");
	cr_expect_eq(sup_receive(p->sup, NULL, 0, 0, 0, &message), -ETIMEDOUT);
	cr_expect_str_eq(sup_reason(p->sup), "");
	peer_script(p, more);
	cr_expect_eq(sup_whereis(p->sup, "clock", &pid), -ESRCH);
	cr_expect_str_eq(sup_error(p->sup), "clock: no such actor");
	cr_expect_eq(sup_call(p->sup, nine, "get", SUP_NOTHING, 1, &message), -ETIMEDOUT);
	cr_expect_str_eq(sup_error(p->sup), "");
	peer_take(p, WIRE_CANCEL);
	cr_expect_null(message);
	peer_end(p);
}

Test(call, of_oneself)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct sup_message *reply = NULL;

	cr_expect_eq(sup_call(p->sup, (sup_pid){PEER_SELF}, "get", SUP_NOTHING, 0, &reply),
		     -EDEADLK);
	peer_end(p);
}

static void only_read(struct peer *p)
{
	take_call(p);
}

static void late_and_next(struct peer *p)
{
	uint64_t late = last_ref;
	struct wire_frame frame = peer_take(p, WIRE_CANCEL);

	cr_assert_eq(frame.ref, late);
	cr_assert_eq(frame.flags, WIRE_FLUSH);
	put_answer(p, WIRE_RESPONSE, late, "late");
	peer_op(p, WIRE_DONE, 0, late, "");
	put_answer(p, WIRE_RESPONSE, take_call(p), "in time");
	peer_send(p);
}

Test(call, a_late_answer_is_dropped)
{
	static void (*const steps[])(struct peer *) = {only_read, late_and_next, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct sup_message *reply;

	peer_script(p, steps);
	cr_expect_eq(sup_call(p->sup, nine, "get", SUP_NOTHING, 1, &reply), -ETIMEDOUT);
	cr_assert_eq(sup_call(p->sup, nine, "get", SUP_NOTHING, SUP_FOREVER, &reply), 0);
	cr_expect_str_eq(reply->payload, "in time");
	sup_message_free(reply);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "ETIMEDOUT");
	peer_end(p);
}

/* Unix signals do not end a wait for an answer: there would be no way to take it up again. */
static void interrupt(struct peer *p)
{
	p->interrupts = true;
}

Test(call, goes_on_after_a_unix_signal)
{
	static void (*const steps[])(struct peer *) = {interrupt, answer, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct sup_message *reply;

	peer_script(p, steps);
	cr_assert_eq(sup_call(p->sup, nine, "get", SUP_NOTHING, SUP_FOREVER, &reply), 0);
	sup_message_free(reply);
	peer_end(p);
}

static void nothing(struct peer *p)
{
	(void)p;
}

static void answer_behind_a_window(struct peer *p)
{
	cr_assert_eq(peer_last_credit(p).ref, 2 * PEER_CREDIT);
	put_answer(p, WIRE_RESPONSE, last_ref, "42");
	peer_send(p);
}

/* The server may wait for room in our mailbox: a call that takes long makes some. */
Test(call, makes_room_for_who_is_to_answer)
{
	static void (*const steps[])(struct peer *) = {only_read, nothing, answer_behind_a_window,
						       NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct sup_message *reply;

	peer_flood(p, 1, PEER_CREDIT, "normal", 77);
	peer_script(p, steps);
	cr_assert_eq(sup_call(p->sup, nine, "get", SUP_NOTHING, SUP_FOREVER, &reply), 0);
	sup_message_free(reply);
	peer_end(p);
}

/* The answer to a call that goes on is a message like others. */
Test(call, begun_and_received)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct wire_frame frame;
	sup_ref ref;

	cr_assert_eq(sup_call_begin(p->sup, nine, "get", SUP_NOTHING, 0, &ref), 0);
	frame = peer_take(p, WIRE_CALL);
	cr_expect(frame.flags == 0 && frame.ref == ref.n && frame.to == 9);
	peer_message(p, 1, "other", "");
	frame = wire_frame(WIRE_RESPONSE, "ok", ref.n);
	frame.to = 2;
	peer_put(p, frame, "42", 2);
	peer_send(p);
	cr_expect_str_eq(peer_receive(p, (struct sup_clause[]){{.ref = ref}}, 1, 0, 0),
			 "reply ok 42");
	peer_end(p);
}

Test(call, without_memory)
{
	static void (*const steps[])(struct peer *) = {answer, NULL};
	static void (*const no_steps[])(struct peer *) = {NULL};

	for (unsigned long n = 1;; n++) {
		struct peer *p = peer_new(PEER_WINDOW, 0);
		struct sup_message *reply = NULL;
		bool failed;
		int r;

		peer_script(p, steps);
		alloc_fail_at(n);
		r = sup_call(p->sup, nine, "get", SUP_NOTHING, SUP_FOREVER, &reply);
		failed = alloc_fail_end();
		cr_assert(r == 0 || (failed && r == -ENOMEM), "allocation %lu: %d", n, r);
		sup_message_free(reply);
		p->steps = no_steps;
		while (peer_look(p, &(struct wire_frame){0}))
			;
		peer_end(p);
		if (!failed)
			return;
	}
}
