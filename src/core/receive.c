/* SPDX-License-Identifier: MIT */

/*
 * Which message a RECEIVE takes (SEMANTICS 12 to 20, D1). By clause: the first clause is tried on
 * all messages, then the second. In order: all clauses on the first message, then on the second.
 *
 * What a clause was tried on in vain is remembered beside the mailbox, so that the next receive
 * with that clause begins where the last one ended. Scans that take long are cut into parts, each
 * of a step of its own; what one step does of them has a limit for all receives together.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/mailbox.h"
#include "core/model.h"

/* ---- what was tried ---- */

static struct tried *tried_find(const struct mailbox *m, const struct clause *clause)
{
	for (size_t i = 0; m->tried && i < TRIED_MAX; i++) {
		struct tried *t = &m->tried[i];

		if (t->clause && t->size == clause->size &&
		    memcmp(t->clause, clause->bytes, t->size) == 0)
			return t;
	}
	return NULL;
}

static uint64_t tried_up_to(const struct mailbox *m, const struct clause *clause)
{
	const struct tried *t = tried_find(m, clause);

	return t ? t->number : 0;
}

/* Without memory it is tried again, that is all. */
static void tried_set(struct mailbox *m, const struct clause *clause, uint64_t number)
{
	struct tried *t = tried_find(m, clause);
	uint8_t *copy;

	if (t) {
		t->number = MAX_OF(t->number, number);
		return;
	}
	if (!m->tried)
		m->tried = calloc(TRIED_MAX, sizeof(*m->tried));
	copy = m->tried ? malloc(clause->size) : NULL;
	if (!copy)
		return;
	memcpy(copy, clause->bytes, clause->size);
	t = &m->tried[m->next_tried++ % TRIED_MAX];
	free(t->clause);
	*t = (struct tried){.number = number, .clause = copy, .size = clause->size};
}

void receive_rewind(struct mailbox *m, uint64_t number)
{
	for (size_t i = 0; m->tried && i < TRIED_MAX; i++)
		m->tried[i].number = MIN_OF(m->tried[i].number, number - 1);
	LIST_EACH (l, &m->receives) {
		struct receive *r = LIST_ENTRY(l, struct receive, link);

		r->at = MIN_OF(r->at, number - 1);
		r->is_scanning = false;
	}
}

void receive_forget(struct mailbox *m)
{
	LIST_EACH (l, &m->receives) {
		struct receive *r = LIST_ENTRY(l, struct receive, link);

		list_unlink(&r->link);
		free(r);
	}
	for (size_t i = 0; m->tried && i < TRIED_MAX; i++)
		free(m->tried[i].clause);
	free(m->tried);
	m->tried = NULL;
	m->next_tried = 0;
}

/* ---- a pass ---- */

/* Begins a pass where none is in hand. False: there is nothing that was not tried. */
static bool receive_begin(struct mailbox *m, struct receive *r)
{
	if (r->is_scanning)
		return true;
	r->last = m->frames.next_number - 1;
	if (r->at >= r->last)
		return false;
	r->is_scanning = true;
	r->cursor = 0;
	r->clause_at = 0;
	return true;
}

/* The first message behind `from` that matches, within the pass. */
static enum scan scan_clause(struct mailbox *m, struct receive *r, const struct clause *clause,
			     uint64_t *work, struct place *ret_place)
{
	uint64_t tried = MAX_OF(r->clause_at, tried_up_to(m, clause));
	struct place place = frames_after(&m->frames, MAX_OF(r->at, tried));

	for (; place.chunk; place = frames_step(&m->frames, place)) {
		const uint8_t *frame = frame_at(place);

		if (frame_number(frame) > r->last)
			break;
		if (!frame_is_queued(frame))
			continue;
		if (clause_matches(clause, frame, work)) {
			*ret_place = place;
			return SCAN_FOUND;
		}
		if (*work > SCAN_WORK_MAX) {
			r->clause_at = frame_number(frame);
			return SCAN_MORE;
		}
	}
	return SCAN_NOTHING;
}

static enum scan scan_by_clause(struct mailbox *m, struct receive *r, uint64_t *work,
				struct place *ret_place)
{
	struct clause clause;
	size_t next = r->cursor;

	while (clause_decode(r->clauses, r->size, &next, &clause) > 0) {
		enum scan scan = scan_clause(m, r, &clause, work, ret_place);

		*work += TRIED_MAX; /* looked through for what is known of it */
		if (scan == SCAN_FOUND)
			tried_set(m, &clause, frame_number(frame_at(*ret_place)) - 1);
		if (scan != SCAN_NOTHING)
			return scan;
		tried_set(m, &clause, r->last);
		r->cursor = next;
		r->clause_at = 0;
	}
	return SCAN_NOTHING;
}

static bool matches_any(const struct receive *r, const uint8_t *frame, uint64_t *work)
{
	struct clause clause;
	size_t next = 0;

	while (clause_decode(r->clauses, r->size, &next, &clause) > 0)
		if (clause_matches(&clause, frame, work))
			return true;
	return r->size == 0;
}

/* All clauses are tried on the same: what any of them was not tried on. */
static uint64_t tried_by_all(const struct mailbox *m, const struct receive *r)
{
	uint64_t least = UINT64_MAX;
	struct clause clause;
	size_t next = 0;

	while (clause_decode(r->clauses, r->size, &next, &clause) > 0)
		least = MIN_OF(least, tried_up_to(m, &clause));
	return r->size ? least : 0;
}

static void set_tried_by_all(struct mailbox *m, const struct receive *r, uint64_t number)
{
	struct clause clause;
	size_t next = 0;

	while (clause_decode(r->clauses, r->size, &next, &clause) > 0)
		tried_set(m, &clause, number);
}

static enum scan scan_in_order(struct mailbox *m, struct receive *r, uint64_t *work,
			       struct place *ret_place)
{
	uint64_t from = MAX_OF(r->at, tried_by_all(m, r));
	struct place place = from ? frames_after(&m->frames, from) : frames_first(&m->frames);

	for (; place.chunk; place = frames_step(&m->frames, place)) {
		const uint8_t *frame = frame_at(place);

		if (frame_number(frame) > r->last)
			break;
		if (!frame_is_queued(frame))
			continue;
		if (matches_any(r, frame, work)) {
			set_tried_by_all(m, r, frame_number(frame) - 1);
			*ret_place = place;
			return SCAN_FOUND;
		}
		r->at = frame_number(frame);
		if (*work > SCAN_WORK_MAX)
			return SCAN_MORE;
	}
	set_tried_by_all(m, r, r->last);
	return SCAN_NOTHING;
}

enum scan receive_scan(struct mailbox *m, struct receive *r, struct place *ret_place)
{
	uint64_t *work = &m->actor->core->scan_work;
	enum scan scan;

	if (!receive_begin(m, r))
		return SCAN_NOTHING;
	if (*work > SCAN_WORK_MAX)
		return SCAN_MORE;
	if (r->in_order || r->size == 0)
		scan = scan_in_order(m, r, work, ret_place);
	else
		scan = scan_by_clause(m, r, work, ret_place);
	if (scan == SCAN_NOTHING) {
		r->is_scanning = false;
		r->at = r->last;
	}
	return scan;
}
