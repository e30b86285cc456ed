/* SPDX-License-Identifier: MIT */

/* Links, monitors and exit signals: what is asked, and that nothing of what was ended is left. */

#include <errno.h>
#include <string.h>

#include "peer.h"

static const sup_pid nine = {9};

/* What the next request must be, and its answer. */
static struct {
	const char *command, *field, *value;
	int64_t status;
} next;

static void answer(struct peer *p)
{
	struct wire_frame frame = peer_take_request(p, next.command);

	if (next.field)
		cr_assert_str_eq(field_text(&frame, next.field), next.value);
	peer_reply(p, frame.ref, next.status, "error", "that is so");
}

static void (*const answer_once[])(struct peer *) = {answer, NULL};

static void expect(struct peer *p, const char *command, const char *field, const char *value,
		   int64_t status)
{
	next.command = command;
	next.field = field;
	next.value = value;
	next.status = status;
	peer_script(p, answer_once);
}

static void put_exit(struct peer *p, uint64_t number, uint64_t from, const char *reason)
{
	struct wire_frame frame = wire_frame(WIRE_EXIT, "", 0);

	frame.from = from;
	frame.to = number;
	peer_put(p, frame, reason, strlen(reason));
}

static void put_down(struct peer *p, uint64_t number, uint64_t ref, const char *name)
{
	struct wire_frame frame = wire_frame(WIRE_DOWN, name, ref);

	frame.from = 9;
	frame.to = number;
	peer_put(p, frame, "normal", 6);
}

Test(signals, requests_and_their_fields)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);

	expect(p, "link", "target", "<0.9.0>", 0);
	cr_expect_eq(sup_link(p->sup, nine), 0);
	expect(p, "exit", "reason", "overloaded", 0);
	cr_expect_eq(sup_exit(p->sup, nine, "overloaded"), 0);
	expect(p, "exit", "target", "<0.9.0>", 0);
	cr_expect_eq(sup_exit(p->sup, nine, "kill"), 0);
	expect(p, "exit_self", "reason", "done", 0);
	cr_expect_eq(sup_exit_self(p->sup, "done"), 0);
	cr_expect_eq(sup_link(p->sup, (sup_pid){0}), -EINVAL);
	cr_expect_eq(sup_unlink(p->sup, (sup_pid){0}), -EINVAL);
	cr_expect_eq(sup_exit(p->sup, (sup_pid){0}, "kill"), -EINVAL);
	cr_expect_eq(sup_monitor(p->sup, (sup_pid){0}, &(sup_ref){0}), -EINVAL);
	cr_expect_eq(sup_demonitor(p->sup, (sup_ref){0}, 0), -EINVAL);
	peer_end(p);
}

Test(signals, what_a_refusal_says)
{
	static const struct {
		int64_t status;
		int r;
	} rows[] = {{1, -EREMOTEIO}, {2, -EOPNOTSUPP}, {3, -ESRCH},  {4, -EPERM},
		    {5, -ETIMEDOUT}, {7, -ECONNRESET}, {6, -EPROTO}, {-1, -EPROTO}};
	struct peer *p = peer_new(PEER_WINDOW, 0);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect(p, "exit", "target", "<0.9.0>", rows[i].status);
		cr_expect_eq(sup_exit(p->sup, nine, "x"), rows[i].r, "%d", rows[i].r);
		cr_expect_str_eq(sup_error(p->sup), "that is so");
	}
	peer_end(p);
}

static void was_on(struct peer *p)
{
	struct wire_frame frame = peer_take_request(p, "trap");
	struct wire_frame reply = wire_frame(WIRE_REPLY, "", frame.ref);
	struct wire_encoder e;

	cr_assert(!field_bool(&frame, "on"));
	wire_begin(&e, &p->out, &reply);
	field_put_int(&e, 0, "status", 0);
	field_put_bool(&e, 0, "was", true);
	cr_assert_eq(wire_end(&e), 0);
	peer_send(p);
}

Test(signals, trap_exit_tells_what_it_was)
{
	static void (*const steps[])(struct peer *) = {was_on, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);

	expect(p, "trap", NULL, NULL, 0);
	cr_expect_eq(sup_trap_exit(p->sup, true), 0);
	peer_script(p, steps);
	cr_expect_eq(sup_trap_exit(p->sup, false), 1);
	peer_end(p);
}

static void exit_then_unlinked(struct peer *p)
{
	put_exit(p, 3, 9, "on its way");
	peer_send(p);
	answer(p);
}

/* SEMANTICS 24, D19: neither the one at hand nor the one on its way is left; others are. */
Test(signals, s24_unlink_leaves_no_exit)
{
	static void (*const steps[])(struct peer *) = {exit_then_unlinked, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);

	put_exit(p, 1, 9, "at hand");
	put_exit(p, 2, 8, "another's");
	peer_message(p, 4, "t", "stays");
	peer_send(p);
	expect(p, "unlink", "target", "<0.9.0>", 0);
	p->steps = steps;
	cr_expect_eq(sup_unlink(p->sup, nine), 0);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "exit  another's");
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "message t stays");
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "ETIMEDOUT");
	peer_end(p);
}

/* ---- monitors ---- */

Test(signals, monitors_as_they_travel)
{
	struct peer *p = peer_new(0, 0);
	sup_ref one = {0}, two = {0};
	struct wire_frame frame;

	cr_expect_eq(sup_monitor(p->sup, nine, &one), 0, "no message: the window is not asked");
	cr_expect_eq(sup_monitor_name(p->sup, "clock", &two), 0);
	frame = peer_take(p, WIRE_MONITOR);
	cr_expect(frame.to == 9 && frame.ref == one.n && frame.flags == 0);
	frame = peer_take(p, WIRE_MONITOR);
	cr_expect(frame.to == 0 && frame.ref == two.n && frame.flags == WIRE_NAMED);
	cr_expect(frame.tag_size == 6 && memcmp(frame.tag, "clock", 6) == 0);
	cr_expect_neq(one.n, two.n);
	put_down(p, 1, two.n, "clock");
	peer_send(p);
	cr_expect_str_eq(peer_receive(p, (struct sup_clause[]){{.ref = two}}, 1, 0, 0),
			 "down clock normal");
	peer_end(p);
}

static uint64_t active;
static uint8_t flags;

static void down_then_done(struct peer *p)
{
	struct wire_frame frame = peer_take(p, WIRE_CANCEL);

	cr_assert_eq(frame.flags, flags);
	if (!active)
		put_down(p, 2, frame.ref, "");
	peer_op(p, WIRE_DONE, active, frame.ref, "");
	peer_send(p);
}

/* SEMANTICS 63 to 65. */
Test(signals, s63_s64_s65_demonitor)
{
	static void (*const steps[])(struct peer *) = {down_then_done, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);
	sup_ref ref = {0};

	cr_assert_eq(sup_monitor(p->sup, nine, &ref), 0);
	peer_take(p, WIRE_MONITOR);
	active = 1;
	peer_script(p, steps);
	cr_expect_eq(sup_demonitor(p->sup, ref, 0), 1);
	active = 0;
	peer_script(p, steps);
	cr_expect_eq(sup_demonitor(p->sup, ref, 0), 0);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "down  normal", "63: it stays");
	flags = WIRE_FLUSH;
	peer_script(p, steps);
	cr_expect_eq(sup_demonitor(p->sup, ref, SUP_FLUSH), 0);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "ETIMEDOUT", "64: it goes");
	peer_end(p);
}

/* What was dropped counts as consumed, and in a durable mailbox it is acknowledged. */
Test(signals, what_is_flushed_is_done_with)
{
	static void (*const steps[])(struct peer *) = {down_then_done, NULL};
	struct peer *p = peer_new(PEER_WINDOW, HELLO_DURABLE);

	flags = WIRE_FLUSH;
	active = 0;
	peer_script(p, steps);
	cr_expect_eq(sup_demonitor(p->sup, (sup_ref){7}, SUP_FLUSH), 0);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 1), "ETIMEDOUT");
	cr_expect_eq(peer_take(p, WIRE_ACK).ref, 2);
	cr_expect_eq(peer_last_credit(p).to, 1);
	peer_end(p);
}
