/* SPDX-License-Identifier: MIT */

/*
 * Receiving. What lies at hand is looked at first. A match is final where nothing that would have
 * to be taken before it can lie in the daemon: it is the first clause's, or the receive is in
 * order, or nothing more is queued there. Else the daemon is asked, with the clauses that go before
 * it, and what it has comes into the queue, where the choice is made again.
 *
 * Before a wait the daemon is told to hand out whatever comes, however much a receive has passed
 * over: what matches may lie behind it.
 */

#include <errno.h>

#include "lib/connection.h"

/* ---- credit and acknowledgements ---- */

/* An ACK for the message that was taken last, where it would come again without. */
static int receive_acknowledge(struct sup *sup)
{
	struct wire_frame ack = wire_frame(WIRE_ACK, "", sup->unacked);
	int r = sup->unacked ? output_put(sup, &ack) : 0;

	if (r == 0)
		sup->unacked = 0;
	return r;
}

static uint64_t receive_window(const struct sup *sup)
{
	uint64_t n = CREDIT_BYTES / (sup->mean + 1);

	return n > CREDIT_WINDOW ? CREDIT_WINDOW : n < CREDIT_WINDOW_MIN ? CREDIT_WINDOW_MIN : n;
}

int receive_put_credit(struct sup *sup)
{
	struct wire_frame credit = wire_frame(WIRE_CREDIT, "", 0);
	uint64_t window = receive_window(sup);
	uint64_t used = sup->queue.n_fresh < window ? sup->queue.n_fresh : window;
	int r;

	credit.to = sup->consumed;
	credit.ref = MAX_OF(sup->credit, sup->handed + window - used);
	if (credit.ref == sup->credit && credit.to == sup->told_consumed)
		return 0;
	r = output_put(sup, &credit);
	if (r == 0) {
		sup->credit = credit.ref;
		sup->told_consumed = credit.to;
	}
	return r;
}

int receive_all(struct sup *sup)
{
	if (sup->role == ROLE_HELPER)
		return 0;
	queue_pass_all(&sup->queue);
	return receive_put_credit(sup);
}

int receive_report(struct sup *sup)
{
	int r = receive_acknowledge(sup);

	return r < 0 || sup->role == ROLE_HELPER ? r : receive_put_credit(sup);
}

/* Tops up when half of the window is used. */
static void receive_top_up(struct sup *sup)
{
	uint64_t half = receive_window(sup) / 2;

	if (sup->role == ROLE_HELPER || sup->credit > sup->handed + half ||
	    sup->queue.n_fresh >= half)
		return;
	/* Where it fails the next receive, which has no message to lose, tries again. */
	if (receive_put_credit(sup) == 0)
		output_commit(sup);
}

static bool receive_is_repeated(const struct sup *sup)
{
	return sup->durable || sup->role == ROLE_HELPER;
}

static struct sup_message *receive_take(struct sup *sup, struct letter *letter)
{
	queue_take(&sup->queue, letter);
	sup->consumed++;
	if (receive_is_repeated(sup))
		sup->unacked = letter->message.number;
	return &letter->message;
}

int sup_ack(struct sup *sup, const struct sup_message *message)
{
	struct wire_frame ack = wire_frame(WIRE_ACK, "", message->number);
	int r;

	if (!message->number || !receive_is_repeated(sup))
		return 0;
	r = output_put(sup, &ack);
	if (r < 0)
		return r;
	if (sup->unacked == message->number)
		sup->unacked = 0;
	return output_commit(sup);
}

/* ---- asking the daemon ---- */

static int receive_put(struct sup *sup, const void *clauses, size_t size, uint8_t flags,
		       uint64_t ref)
{
	struct wire_frame frame = wire_frame(WIRE_RECEIVE, "", ref);
	struct wire_encoder e;

	frame.flags = flags;
	wire_begin(&e, &sup->out, &frame);
	wire_put(&e, clauses, size);
	return output_end(sup, &e);
}

/* One RECEIVE that does not wait; a message that it brings comes into the queue. */
static int receive_ask(struct sup *sup, const void *clauses, size_t size, uint8_t flags)
{
	struct waiter waiter;
	int r;

	waiter_add(sup, &waiter, ref_new(sup));
	waiter.receives = true;
	r = receive_report(sup);
	if (r == 0)
		r = receive_put(sup, clauses, size, flags | WIRE_NOW, waiter.ref);
	if (r == 0)
		r = wait_for(sup, &waiter, MONO_NEVER);
	waiter_remove(&waiter);
	return r;
}

/* Something may lie in the daemon that is not at hand. */
static bool receive_may_have_more(const struct sup *sup)
{
	return sup->queued || sup->handed >= sup->credit;
}

/* ---- main processes and guests ---- */

/* How a receive stands. */
struct receiving {
	struct scan *scan;
	bool in_order;
	bool only_at_hand;
	int64_t timeout_ms;
	struct mono deadline; /* 0: not known yet */
	bool over;            /* the deadline has passed */
	bool looked;          /* into the socket, at least once */
	bool waited;          /* for something to come, after that */
	bool asked;           /* the daemon, since then */
};

/* The match at hand where that is final, or NULL. */
static struct letter *receive_match(struct sup *sup, struct receiving *r, size_t *ret_before)
{
	size_t i = 0;
	struct letter *letter = queue_match(&sup->queue, r->scan, r->in_order, &i);

	/* How many clauses something in the daemon could match and have to be taken first. */
	*ret_before = letter ? (r->in_order ? 0 : i) : r->scan->n;
	return letter;
}

static int receive_wait(struct sup *sup, struct receiving *r)
{
	int error;

	queue_pass_all(&sup->queue);
	error = receive_report(sup);
	if (error == 0)
		error = wait_input(sup, r->deadline);
	r->waited = r->looked;
	r->looked = true;
	r->asked = false;
	if (error != -ETIMEDOUT)
		return error;
	r->over = true;
	return 0;
}

/* Whoever is told that there is nothing may wait for the socket himself: it has to turn readable
 * for whatever comes next. */
static int receive_give_up(struct sup *sup)
{
	int r;

	if (sup->closed)
		return -EPIPE;
	queue_pass_all(&sup->queue);
	r = receive_report(sup);
	if (r == 0)
		r = output_commit(sup);
	return r < 0 ? r : -ETIMEDOUT;
}

/*
 * The match among what lies at hand, where nothing that may have come meanwhile can go before it:
 * what a first clause matches, or any in order. NULL: the socket has to be looked at.
 */
static struct letter *receive_at_hand(struct sup *sup, struct receiving *r)
{
	size_t before;
	struct letter *letter =
		list_is_empty(&sup->queue.letters) ? NULL : receive_match(sup, r, &before);

	return letter && before == 0 ? letter : NULL;
}

/*
 * A receive that does not wait asks whatever it knows: what has just been sent, by oneself for
 * example, is in the mailbox and may not have come yet (SEMANTICS 14).
 */
static bool receive_has_to_ask(const struct sup *sup, const struct receiving *r,
			       const struct letter *letter)
{
	if (r->asked || sup->closed)
		return false;
	if (r->over)
		return !r->only_at_hand;
	if (letter)
		return receive_may_have_more(sup);
	/* While there is credit, whatever is queued comes by itself. */
	return !r->waited && sup->handed >= sup->credit;
}

/* Everything that has come is at hand: takes what is final, or asks, gives up or waits. 1: taken.
 */
static int receive_decide(struct sup *sup, struct receiving *r, struct sup_message **ret_message)
{
	size_t before;
	struct letter *letter = receive_match(sup, r, &before);
	int error;

	if (before && receive_has_to_ask(sup, r, letter)) {
		r->asked = true;
		error = receive_ask(sup, r->scan->bytes.data, scan_size(r->scan, before),
				    r->in_order ? WIRE_IN_ORDER : 0);
		return error < 0 && !(error == -EPIPE && letter) ? error : 0;
	}
	if (!letter)
		return r->over ? receive_give_up(sup) : receive_wait(sup, r);
	*ret_message = receive_take(sup, letter);
	receive_top_up(sup);
	return 1;
}

/*
 * A system call is made only where it can lead to something: not before what lies at hand was
 * looked at, and where nothing does the wait itself is the read.
 */
static int receive_main(struct sup *sup, struct receiving *r, struct sup_message **ret_message)
{
	bool all_at_hand = list_is_empty(&sup->queue.letters) && !r->over && !sup->closed;
	int n = 0;

	while (n >= 0) {
		struct letter *letter = receive_at_hand(sup, r);

		if (letter) {
			*ret_message = receive_take(sup, letter);
			receive_top_up(sup);
			return 0;
		}
		if (!r->deadline.ns)
			r->deadline = deadline_in(r->timeout_ms);
		if (!all_at_hand) {
			n = input_take(sup);
			all_at_hand = r->looked = n <= 0;
			n = n == -EPIPE ? 0 : n;
			continue;
		}
		n = receive_decide(sup, r, ret_message);
		if (n > 0)
			return 0;
		all_at_hand = false;
	}
	return n;
}

/* ---- helpers ---- */

/* The RECEIVE that waits is taken back; it may have been answered meanwhile. */
static int receive_cancel(struct sup *sup, struct waiter *receive)
{
	struct wire_frame cancel = wire_frame(WIRE_CANCEL, "", receive->ref);
	int r = output_put(sup, &cancel);

	return r < 0 ? r : wait_for(sup, receive, MONO_NEVER);
}

static int receive_helper_wait(struct sup *sup, struct receiving *r, struct waiter *waiter)
{
	int error = 0;

	while (!waiter->done && error == 0)
		error = wait_input(sup, r->deadline);
	if (error != -ETIMEDOUT && error != -EINTR)
		return error;
	if (receive_cancel(sup, waiter) < 0)
		return -EPIPE;
	return list_is_empty(&sup->queue.letters) ? error : 0;
}

/* Every receive asks for one message; one that came although it was given up is the next one's. */
static int receive_helper(struct sup *sup, struct receiving *r, struct sup_message **ret_message)
{
	struct waiter waiter;
	struct letter *letter;
	size_t before;
	int error = 0;

	r->deadline = deadline_in(r->timeout_ms);
	letter = receive_match(sup, r, &before);
	if (!letter) {
		uint8_t flags = (uint8_t)((r->in_order ? WIRE_IN_ORDER : 0) |
					  (deadline_is_over(r->deadline) ? WIRE_NOW : 0));

		waiter_add(sup, &waiter, ref_new(sup));
		waiter.receives = true;
		error = receive_report(sup);
		if (error == 0)
			error = receive_put(sup, r->scan->bytes.data, r->scan->bytes.size, flags,
					    waiter.ref);
		if (error == 0)
			error = flags & WIRE_NOW ? wait_for(sup, &waiter, MONO_NEVER)
						 : receive_helper_wait(sup, r, &waiter);
		waiter_remove(&waiter);
		letter = receive_match(sup, r, &before);
	}
	if (!letter)
		return error < 0 ? error : -ETIMEDOUT;
	*ret_message = receive_take(sup, letter);
	return 0;
}

/* ---- the function ---- */

int sup_receive(struct sup *sup, const struct sup_clause *clauses, size_t n_clauses, unsigned flags,
		int64_t timeout_ms, struct sup_message **ret_message)
{
	struct receiving r = {
		.in_order = flags & SUP_IN_ORDER,
		.only_at_hand = flags & SUP_AT_HAND,
		.timeout_ms = timeout_ms,
		.over = timeout_ms == 0,
	};
	int error = flags & ~(SUP_IN_ORDER | SUP_AT_HAND) ? -EINVAL : receive_acknowledge(sup);

	if (error == 0)
		error = queue_scan(&sup->queue, clauses, n_clauses, &r.scan);
	if (error == 0)
		error = sup->role == ROLE_HELPER ? receive_helper(sup, &r, ret_message)
						 : receive_main(sup, &r, ret_message);
	return fail_without_words(sup, error);
}

int receive_aside(struct sup *sup, const struct sup_clause *clause, int64_t timeout_ms,
		  struct sup_message **ret_message)
{
	uint64_t unacked = sup->unacked;
	int r;

	sup->unacked = 0;
	r = sup_receive(sup, clause, 1, 0, timeout_ms, ret_message);
	if (r == 0)
		sup_ack(sup, *ret_message);
	sup->unacked = unacked;
	return r;
}

int sup_sleep(struct sup *sup, int64_t timeout_ms)
{
	struct mono deadline = deadline_in(timeout_ms);
	int r = 0;

	while (r == 0)
		r = wait_input(sup, deadline);
	return r == -ETIMEDOUT ? 0 : r;
}

/* ---- flushing ---- */

int receive_drop(struct sup *sup, enum sup_kind kind, sup_pid from, sup_ref ref)
{
	LIST_EACH (link, &sup->queue.letters) {
		struct letter *letter = LIST_ENTRY(link, struct letter, link);
		struct sup_message *m = &letter->message;
		struct wire_frame ack = wire_frame(WIRE_ACK, "", m->number);
		int r;

		if ((kind && m->kind != kind) || (from.n && m->from.n != from.n) ||
		    (ref.n && m->ref.n != ref.n))
			continue;
		r = receive_is_repeated(sup) ? output_put(sup, &ack) : 0;
		if (r < 0)
			return r;
		queue_unlink(&sup->queue, letter);
		sup->consumed++;
		letter_free(letter);
	}
	return 0;
}
