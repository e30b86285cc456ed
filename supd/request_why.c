/* SPDX-License-Identifier: MIT */

/*
 * Why: an event, the one that led to it, and so on, as far back as events are kept: over actors
 * that are long gone, and over restarts of the daemon. Each child remembers its last changes by
 * itself, too (core/chain.c): in a tree with more children than there are events that goes further
 * back.
 */

#include <string.h>

#include "supd/events.h"
#include "supd/request.h"
#include "supd/rows.h"

/* How far back it is looked for somebody who is no more. */
#define LOOKS_MAX 100000

/* ---- the chain ---- */

/* What comes after a change that the core remembers. */
static void why_go_on_from_link(struct listing *listing, const struct core *core,
				const struct link *link)
{
	listing->number = 0;
	listing->why = link->cause;
	listing->n += core_find_link(core, link->cause) != NULL;
}

static void why_write_link(struct conn *conn, struct listing *listing)
{
	const struct daemon *d = conn->control->daemon;
	const struct link *link = core_find_link(d->core, listing->why);
	struct wire_encoder e;

	if (!link)
		return;
	conn_begin(conn, &e, WIRE_ROW, listing->ref);
	row_put_link(&e, d, listing->why.slot, link, events_of_link(d, link->seq));
	field_put_span(&e, FIELD_DETAIL, "age", mono_between(link->at, loop_now()));
	conn_end(conn, &e);
	why_go_on_from_link(listing, d->core, link);
}

/* The core's own record of an event. NULL: it is none of this daemon's changes, or forgotten. */
static const struct link *why_find_link(const struct daemon *d, const struct event_entry *entry)
{
	struct wire_frame row = event_entry_row(entry);
	const char *pid = field_text(&row, "pid");
	struct cause cause = {.seq = entry->link};

	if (!entry->is_link || !pid)
		return NULL;
	cause.slot = core_find(d->core, pid);
	return core_find_link(d->core, cause);
}

/* The event's cause is the next. False: there is one, and it is not remembered any more. */
static bool why_go_on(struct listing *listing, const struct daemon *d,
		      const struct event_entry *entry)
{
	struct wire_frame row = event_entry_row(entry), because;
	uint64_t cause = (uint64_t)field_int(&row, "cause", 0);
	const struct link *link;

	/* What was read from a file may be anything: never in a circle. */
	if (cause && cause < entry->seq && events_find(d, cause, &because)) {
		listing->number = cause;
		listing->n++;
		return true;
	}
	if (!cause && !field_bool(&row, "cause_gone"))
		return true;
	link = why_find_link(d, entry);
	if (link)
		why_go_on_from_link(listing, d->core, link);
	return link && core_find_link(d->core, link->cause);
}

static void why_write_event(struct conn *conn, struct listing *listing)
{
	const struct daemon *d = conn->control->daemon;
	const struct event_ring *ring = events_ring(d);
	const struct event_entry *entry =
		event_ring_at(ring, event_ring_seek(ring, listing->number));
	struct wire_frame row;
	struct wire_encoder e;

	/* It was there when the row before it was written. */
	if (!entry || entry->seq != listing->number)
		return;
	row = event_entry_row(entry);
	conn_begin(conn, &e, WIRE_ROW, listing->ref);
	wire_put(&e, row.payload, row.payload_size);
	field_put_span(&e, FIELD_DETAIL, "age", mono_between(entry->at, loop_now()));
	if (!why_go_on(listing, d, entry) && !field_bool(&row, "cause_gone"))
		field_put_bool(&e, FIELD_DETAIL, "cause_gone", true);
	conn_end(conn, &e);
}

void listing_write_why(struct conn *conn, struct listing *listing)
{
	if (listing->number)
		why_write_event(conn, listing);
	else
		why_write_link(conn, listing);
}

/* ---- where it begins ---- */

/* The last change of an incarnation that has ended, as far as its child remembers it. */
static bool why_find_past(const struct core *core, actor_pid pid, struct cause *ret_link)
{
	const struct link *link;

	for (uint32_t slot = core_next(core, SLOT_NONE); slot != SLOT_NONE;
	     slot = core_next(core, slot)) {
		for (uint32_t i = 0; i < CHAIN_LENGTH && (link = core_chain(core, slot, i)); i++) {
			if (link->pid.n == pid.n) {
				*ret_link = (struct cause){.seq = link->seq, .slot = slot};
				return true;
			}
		}
	}
	return false;
}

/* It changes somebody's state; else it is only told. */
static bool is_change(const char *kind)
{
	for (int i = 0; i < LINK_N_KINDS; i++)
		if (strcmp(link_kind_names[i], kind) == 0)
			return link_is_kept((enum link_kind)i);
	return false;
}

/* The newest change of whoever has, or had, that path or pid. 0: none is known. */
static uint64_t why_find_event(const struct daemon *d, const char *target)
{
	const char *field = *target == '<' ? "pid" : "name";
	uint64_t seq = UINT64_MAX;
	struct wire_frame row;

	for (int looks = LOOKS_MAX; looks && (seq = events_previous(d, seq, &row)); looks--) {
		const char *who = field_text(&row, field);

		if (who && strcmp(who, target) == 0 && is_change(field_text(&row, "kind")))
			return seq;
	}
	return 0;
}

/* False: nobody is known by that name. Else the first row, where there is one. */
static bool why_begin(struct listing *listing, const struct daemon *d, const char *target)
{
	uint32_t slot = core_find(d->core, target);
	const struct link *link = slot == SLOT_NONE ? NULL : core_chain(d->core, slot, 0);
	actor_pid pid;

	if (link) {
		listing->number = events_of_link(d, link->seq);
		listing->why = (struct cause){.seq = link->seq, .slot = slot};
		listing->n = 1;
	} else {
		/* Or what came before a restart of the daemon. */
		listing->number = why_find_event(d, target);
		listing->n = listing->number ||
			     (slot == SLOT_NONE && actor_pid_parse(target, &pid) == 0 &&
			      why_find_past(d->core, pid, &listing->why));
	}
	return slot != SLOT_NONE || listing->n;
}

/* An event by its number. */
static bool why_begin_at(struct listing *listing, const struct daemon *d, int64_t seq)
{
	struct wire_frame row;

	listing->number = (uint64_t)seq;
	listing->n = 1;
	return seq > 0 && events_find(d, listing->number, &row);
}

static void why_refuse_number(struct conn *conn, uint64_t ref, int64_t seq)
{
	const struct daemon *d = conn->control->daemon;
	struct wire_frame row;

	request_fail(conn, ref, STATUS_NOPROC,
		     "event %lld is not kept: the oldest is %llu, the newest %llu", (long long)seq,
		     (unsigned long long)events_next(d, 0, &row),
		     (unsigned long long)events_last(d));
}

void request_take_why(struct conn *conn, const struct request_command *command,
		      const struct wire_frame *frame)
{
	const struct daemon *d = conn->control->daemon;
	const char *target = field_text(frame, "target");
	struct listing *listing;
	struct field seq;

	(void)command;
	if (!target && !field_find(frame, "seq", FIELD_INT, &seq)) {
		request_fail(conn, frame->ref, STATUS_USAGE,
			     "why: which one? The target is missing");
		return;
	}
	listing = listing_new(conn, frame->ref);
	if (!listing) {
		request_fail(conn, frame->ref, STATUS_FAILED, "the daemon is short of memory");
		return;
	}
	listing->of_why = true;
	if (target ? why_begin(listing, d, target) : why_begin_at(listing, d, seq.number))
		return;
	listing_free(listing);
	if (target)
		request_fail(conn, frame->ref, STATUS_NOPROC, "%s: no such actor", target);
	else
		why_refuse_number(conn, frame->ref, seq.number);
}
