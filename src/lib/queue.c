/* SPDX-License-Identifier: MIT */

/*
 * The queue of messages at hand. A place that a scan remembers is always a letter of the queue, or
 * its head: where the letter is taken out the place moves to the one before it, and where one comes
 * into the queue before it the scan begins anew.
 */

#include "lib/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct letter *letter_at(struct list *link)
{
	return LIST_ENTRY(link, struct letter, link);
}

void queue_init(struct queue *q)
{
	*q = (struct queue){0};
	list_init(&q->letters);
}

static void scan_fini(struct scan *scan)
{
	buf_fini(&scan->bytes);
	free(scan->clauses);
	*scan = (struct scan){0};
}

void queue_fini(struct queue *q)
{
	struct list *link;

	for (size_t i = 0; i < SCANS; i++)
		scan_fini(&q->scans[i]);
	while ((link = list_take_first(&q->letters)))
		letter_free(letter_at(link));
}

/* ---- in and out ---- */

static void queue_forget_places(struct queue *q)
{
	for (size_t s = 0; s < SCANS; s++)
		for (size_t i = 0; i < q->scans[s].n; i++)
			q->scans[s].clauses[i].tried = &q->letters;
}

void queue_insert(struct queue *q, struct letter *letter)
{
	struct list *before = q->letters.prev;

	while (before != &q->letters && letter_at(before)->message.number > letter->message.number)
		before = before->prev;
	if (before != q->letters.prev)
		queue_forget_places(q);
	list_insert_before(before->next, &letter->link);
	q->n_fresh++;
}

void queue_unlink(struct queue *q, struct letter *letter)
{
	for (size_t s = 0; s < SCANS; s++)
		for (size_t i = 0; i < q->scans[s].n; i++)
			if (q->scans[s].clauses[i].tried == &letter->link)
				q->scans[s].clauses[i].tried = letter->link.prev;
	list_unlink(&letter->link);
	if (!letter->passed)
		q->n_fresh--;
}

/* From `last` back to the first that was passed before. */
static void queue_pass(struct queue *q, struct list *last)
{
	for (; last != &q->letters && !letter_at(last)->passed; last = last->prev) {
		letter_at(last)->passed = true;
		q->n_fresh--;
	}
}

void queue_take(struct queue *q, struct letter *letter)
{
	struct list *before = letter->link.prev;

	queue_unlink(q, letter);
	queue_pass(q, before);
}

void queue_pass_all(struct queue *q)
{
	queue_pass(q, q->letters.prev);
}

/* ---- clauses ---- */

static int clause_put_one(struct buf *out, const struct sup_clause *from)
{
	struct clause clause = {
		.kind = (enum clause_kind)from->kind,
		.from = from->from.n,
		.ref = from->ref.n,
		.glob = (const uint8_t *)from->tag,
		.glob_size = from->tag ? strlen(from->tag) : 0,
	};

	if ((unsigned)from->kind >= CLAUSE_N_KINDS || clause.glob_size > CLAUSE_GLOB_MAX)
		return -EINVAL;
	if (clause.from)
		clause.has |= CLAUSE_HAS_FROM;
	if (clause.ref)
		clause.has |= CLAUSE_HAS_REF;
	if (clause.glob)
		clause.has |= CLAUSE_HAS_TAG;
	return clause_put(out, &clause);
}

int clauses_put(struct buf *out, const struct sup_clause *clauses, size_t n)
{
	static const struct sup_clause anything[1];
	int r = 0;

	if (n == 0)
		return clause_put_one(out, anything);
	if (n > SUP_CLAUSES_MAX)
		return -EINVAL;
	for (size_t i = 0; i < n && r == 0; i++)
		r = clause_put_one(out, &clauses[i]);
	return r;
}

/* Takes over bytes. */
static int scan_init(struct scan *scan, struct queue *q, struct buf *bytes, size_t n)
{
	size_t cursor = 0;

	scan_fini(scan);
	scan->clauses = calloc(n, sizeof(*scan->clauses));
	if (!scan->clauses)
		return -ENOMEM;
	scan->bytes = *bytes;
	*bytes = BUF_INIT;
	scan->n = n;
	for (size_t i = 0; i < n; i++) {
		clause_decode(scan->bytes.data, scan->bytes.size, &cursor,
			      &scan->clauses[i].clause);
		scan->clauses[i].tried = &q->letters;
	}
	return 0;
}

static bool clause_is(const struct clause *clause, const struct sup_clause *from)
{
	size_t size = from->tag ? strlen(from->tag) : 0;

	return (unsigned)clause->kind == (unsigned)from->kind && clause->from == from->from.n &&
	       clause->ref == from->ref.n && !(clause->has & CLAUSE_HAS_TAG) == !from->tag &&
	       clause->glob_size == size && (!size || memcmp(clause->glob, from->tag, size) == 0);
}

/* Told without encoding them: most receives are repeated. */
static bool scan_is(const struct scan *scan, const struct sup_clause *clauses, size_t n)
{
	static const struct sup_clause anything[1];

	if (n == 0)
		return scan->n == 1 && clause_is(&scan->clauses[0].clause, anything);
	if (scan->n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!clause_is(&scan->clauses[i].clause, &clauses[i]))
			return false;
	return true;
}

int queue_scan(struct queue *q, const struct sup_clause *clauses, size_t n, struct scan **ret_scan)
{
	struct buf bytes CLEANUP(buf_fini) = BUF_INIT;
	struct scan *oldest = &q->scans[0];
	int r;

	for (size_t s = 0; s < SCANS; s++) {
		struct scan *scan = &q->scans[s];

		if (scan_is(scan, clauses, n)) {
			scan->used = ++q->uses;
			*ret_scan = scan;
			return 0;
		}
		if (scan->used < oldest->used)
			oldest = scan;
	}
	r = clauses_put(&bytes, clauses, n);
	if (r < 0)
		return r;
	r = scan_init(oldest, q, &bytes, MAX_OF(n, (size_t)1));
	if (r < 0)
		return r;
	oldest->used = ++q->uses;
	*ret_scan = oldest;
	return 0;
}

size_t scan_size(const struct scan *scan, size_t n)
{
	size_t size = 0;

	for (size_t i = 0; i < n && i < scan->n; i++)
		size += scan->clauses[i].clause.size;
	return size;
}

/* ---- matching ---- */

static bool clause_takes(const struct clause *clause, const struct letter *letter)
{
	const struct sup_message *m = &letter->message;
	uint64_t work = 0;

	if (clause->kind != CLAUSE_ANY && (unsigned)clause->kind != (unsigned)m->kind)
		return false;
	if (clause->has & CLAUSE_HAS_FROM && clause->from != m->from.n)
		return false;
	if (clause->has & CLAUSE_HAS_REF && clause->ref != m->ref.n)
		return false;
	return !(clause->has & CLAUSE_HAS_TAG) ||
	       clause_glob(clause->glob, clause->glob_size, (const uint8_t *)letter->bytes,
			   letter->tag_size, &work);
}

struct letter *queue_find(struct queue *q, struct list *from, const struct clause *clause)
{
	for (; from != &q->letters; from = from->next)
		if (clause_takes(clause, letter_at(from)))
			return letter_at(from);
	return NULL;
}

struct letter *queue_match(struct queue *q, struct scan *scan, bool in_order, size_t *ret_i)
{
	struct letter *best = NULL;

	for (size_t i = 0; i < scan->n; i++) {
		struct scan_clause *c = &scan->clauses[i];
		struct letter *found = queue_find(q, c->tried->next, &c->clause);

		c->tried = found ? found->link.prev : q->letters.prev;
		if (found && (!best || found->message.number < best->message.number)) {
			best = found;
			*ret_i = i;
		}
		if (best && !in_order)
			break;
	}
	return best;
}
