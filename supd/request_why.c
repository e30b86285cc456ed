/* SPDX-License-Identifier: MIT */

/*
 * Why: an event, the one that led to it, and so on, as far back as events are kept: over actors
 * that are long gone, and over restarts of the daemon. Each child remembers its last changes by
 * itself, too (core/chain.c): in a tree with more children than there are events that goes further
 * back.
 *
 * Of one that is down a last row says how it is with it now: whom it waits for, and how that one
 * is; what is to be typed; what the one whose crash stands behind it all has said last. Where it
 * waits for one that is down itself, the chain goes on with that one's: what made it wait may be
 * long past.
 */

#include <stdlib.h>
#include <string.h>

#include "supd/events.h"
#include "supd/reports.h"
#include "supd/request.h"
#include "supd/rows.h"
#include "supd/schedule.h"

/* How far back it is looked for somebody who is no more. */
#define LOOKS_MAX 100000

/* Links of a chain, when a report is asked for. */
#define CULPRIT_LOOKS_MAX 1000
#define LINES_SHOWN 5
/* Who waits for whom that waits... */
#define WAITS_MAX 64

/* listing.slots of a chain. */
enum why_slot {
	WHY_TARGET,  /* who is asked for, and is down; SLOT_NONE: nobody */
	WHY_NEXT,    /* whose chain is still to come; SLOT_NONE: nobody's */
	WHY_CULPRIT, /* number of a report; 0: none */
	WHY_NOW,     /* the last row is that of now */
	WHY_N_SLOTS,
};

/* ---- who keeps it down ---- */

static bool is_down(const struct child_view *v)
{
	return v->state != CHILD_STARTING && v->state != CHILD_RUNNING &&
	       v->state != CHILD_STOPPING && v->state != CHILD_ENDING;
}

/* The highest supervisor above it that is down; SLOT_NONE: none is. */
static uint32_t why_down_above(const struct core *core, struct child_view v)
{
	uint32_t slot = SLOT_NONE;

	while (core_view(core, v.parent, &v))
		if (is_down(&v))
			slot = v.slot;
	return slot;
}

/* Whom it waits for in the end, or below whom it is; itself. */
static uint32_t why_blocker(const struct core *core, uint32_t slot)
{
	struct child_view v, other;

	for (int i = 0; i < WAITS_MAX && core_view(core, slot, &v) && is_down(&v); i++) {
		uint32_t above = why_down_above(core, v);

		if (v.waits && core_view(core, v.waits_for, &other))
			slot = v.waits_for;
		else if (above != SLOT_NONE)
			slot = above;
		else
			break;
	}
	return slot;
}

/* "web waits for db, which HAS FAILED". */
static const char *why_state_words(const struct child_view *v)
{
	if (v->removed)
		return "was removed: it comes back when its supervisor is started anew";
	if (v->held)
		return "is held down by an operator's stop";
	if (v->state == CHILD_WAITING && v->spec->on_demand && !v->waits)
		return "waits until it is wanted";
	if (v->comes_back)
		return "is about to be started again";
	switch (v->state) {
	case CHILD_WAITING:
		return "waits for its turn";
	case CHILD_STARTING:
		return "is starting";
	case CHILD_RUNNING:
		return "runs";
	case CHILD_STOPPING:
	case CHILD_ENDING:
		return "is about to end";
	case CHILD_DEAD:
		return "has ended";
	case CHILD_STOPPED:
		return "is stopped";
	case CHILD_BACKOFF:
		return "waits to be started again";
	case CHILD_FAILED:
		return "has failed";
	case CHILD_DONE:
		return "has ended, as it may";
	case CHILD_N_STATES:
		break;
	}
	return "?";
}

/* Nobody but an operator brings it up. */
static bool why_needs_start(const struct child_view *v)
{
	return !v->removed && (v->held || v->state == CHILD_FAILED || v->state == CHILD_DONE ||
			       (v->state == CHILD_STOPPED && !v->comes_back));
}

/* ---- how it is now ---- */

/* The last lines of what it has said. */
static void why_put_lines(struct wire_encoder *e, const struct field *f)
{
	size_t from = f->text_size;

	for (int n = 0; from; from--)
		if (f->text[from - 1] == '\n' && from < f->text_size && ++n == LINES_SHOWN)
			break;
	field_put_bytes(e, 0, "output", f->text + from, f->text_size - from);
}

static void why_put_report(struct wire_encoder *e, const struct conn *conn,
			   const struct wire_frame *report)
{
	struct field f;

	field_put_text(e, 0, "report", field_text(report, "name"));
	field_put_int(e, 0, "report_seq", field_int(report, "seq", 0));
	if (conn_right(conn) < RIGHT_EVERYTHING)
		field_put_text(e, 0, "output_missing", "only who may do everything is shown it");
	else if (field_find(report, "output", FIELD_BYTES, &f))
		why_put_lines(e, &f);
	else
		field_put_text(e, 0, "output_missing", field_text(report, "output_missing"));
}

static void why_put_state(struct wire_encoder *e, const struct daemon *d,
			  const struct child_view *v)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT, advice CLEANUP(buf_fini) = BUF_INIT;
	uint32_t slot = why_blocker(d->core, v->slot);
	struct child_view on = *v;
	int64_t next;
	bool other = slot != v->slot && core_view(d->core, slot, &on);

	if (v->waits && !other)
		buf_puts(&text, "waits for one that is no more");
	else if (other)
		buf_printf(&text, "%s %s, which ", v->waits ? "waits for" : "is below", on.path);
	if (!v->waits || other)
		buf_puts(&text, why_state_words(&on));
	if (why_needs_start(&on))
		buf_printf(&advice, "supctl start %s", on.path);
	field_put_text(e, 0, "state", child_state_name(v->state));
	field_put_text(e, 0, "waits_for", other ? on.path : NULL);
	field_put_text(e, 0, "waits_for_state", other ? child_state_name(on.state) : NULL);
	field_put_time(e, 0, "since", wall_now() - mono_between(on.since, loop_now()).ns);
	if (!other && on.state == CHILD_WAITING && !on.held && schedule_next(d, on.slot, &next))
		field_put_time(e, 0, "next_run", next);
	field_put_text(e, 0, "advice", advice.size ? buf_text(&advice) : NULL);
	field_put_text(e, FIELD_DETAIL, "explanation", buf_text(&text));
}

static void why_write_now(struct conn *conn, const struct listing *listing)
{
	const struct daemon *d = conn->control->daemon;
	struct wire_frame report;
	struct wire_encoder e;
	struct child_view v;

	if (!core_view(d->core, listing->slots[WHY_TARGET], &v) || !is_down(&v))
		return;
	conn_begin(conn, &e, WIRE_ROW, listing->ref);
	field_put_null(&e, 0, "seq");
	field_put_time(&e, 0, "time", wall_now());
	row_put_pid(&e, 0, "pid", v.pid);
	field_put_text(&e, 0, "name", v.path);
	field_put_text(&e, 0, "kind", "now");
	why_put_state(&e, d, &v);
	if (listing->slots[WHY_CULPRIT] &&
	    reports_find(d, NULL, listing->slots[WHY_CULPRIT], &report))
		why_put_report(&e, conn, &report);
	conn_end(conn, &e);
}

/* ---- whose crash it was ---- */

/* An end that has a report, or could have. */
static bool is_crash(const char *kind, const char *reason)
{
	bool ends = kind && (strcmp(kind, "exit") == 0 || strcmp(kind, "start_failed") == 0 ||
			     strcmp(kind, "failed") == 0);

	return ends && reason && strcmp(reason, "normal") != 0 &&
	       strncmp(reason, "shutdown", 8) != 0;
}

/* The last of them stands at the root. */
static void why_note_crash(struct listing *listing, const struct daemon *d, const char *name,
			   const char *kind, const char *reason)
{
	struct wire_frame row;
	uint32_t number = name && is_crash(kind, reason) ? reports_find(d, name, 0, &row) : 0;

	if (listing->slots && number)
		listing->slots[WHY_CULPRIT] = number;
}

/* ---- the chain ---- */

/* What comes when the chain, or its first link, is done. */
static void why_go_on_elsewhere(struct listing *listing, const struct daemon *d)
{
	uint32_t next = listing->slots ? listing->slots[WHY_NEXT] : SLOT_NONE;
	const struct link *link = next == SLOT_NONE ? NULL : core_chain(d->core, next, 0);

	listing->number = 0;
	listing->why = (struct cause){.slot = SLOT_NONE};
	if (listing->slots)
		listing->slots[WHY_NEXT] = SLOT_NONE;
	if (link) {
		listing->number = events_of_link(d, link->seq);
		listing->why = (struct cause){.seq = link->seq, .slot = next};
		listing->n++;
	} else if (listing->slots && listing->slots[WHY_TARGET] != SLOT_NONE) {
		listing->slots[WHY_NOW] = 1;
		listing->n++;
	}
}

static bool why_is_to_go_elsewhere(const struct listing *listing)
{
	return listing->slots && listing->slots[WHY_NEXT] != SLOT_NONE;
}

/* What comes after a change that the core remembers. */
static void why_go_on_from_link(struct listing *listing, const struct core *core,
				const struct link *link)
{
	listing->number = 0;
	listing->why = link->cause;
	listing->n += core_find_link(core, link->cause) != NULL;
}

static void why_pass_link(struct listing *listing, const struct daemon *d, const struct link *link)
{
	size_t before = listing->n;
	char reason[REASON_FORMAT_MAX];
	struct child_view v;

	if (core_view(d->core, listing->why.slot, &v) && link->reason.kind != REASON_NONE)
		why_note_crash(listing, d, v.path, link_kind_names[link->kind],
			       reason_format(&link->reason, reason));
	if (!why_is_to_go_elsewhere(listing))
		why_go_on_from_link(listing, d->core, link);
	if (listing->n == before)
		why_go_on_elsewhere(listing, d);
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
	why_pass_link(listing, d, link);
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

/* True: what led to it is not remembered any more. */
static bool why_pass_event(struct listing *listing, const struct daemon *d,
			   const struct event_entry *entry)
{
	struct wire_frame row = event_entry_row(entry);
	size_t before = listing->n;
	bool gone = false;

	why_note_crash(listing, d, field_text(&row, "name"), field_text(&row, "kind"),
		       field_text(&row, "reason"));
	if (!why_is_to_go_elsewhere(listing))
		gone = !why_go_on(listing, d, entry);
	if (listing->n == before)
		why_go_on_elsewhere(listing, d);
	return gone;
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
	if (why_pass_event(listing, d, entry) && !field_bool(&row, "cause_gone"))
		field_put_bool(&e, FIELD_DETAIL, "cause_gone", true);
	conn_end(conn, &e);
}

void listing_write_why(struct conn *conn, struct listing *listing)
{
	if (listing->slots[WHY_NOW])
		why_write_now(conn, listing);
	else if (listing->number)
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
	char text[ACTOR_PID_TEXT_MAX];
	const char *who_is = actor_pid_spell(target, text);
	const char *field = *who_is == '<' ? "pid" : "name";
	uint64_t seq = UINT64_MAX;
	struct wire_frame row;

	for (int looks = LOOKS_MAX; looks && (seq = events_previous(d, seq, &row)); looks--) {
		const char *who = field_text(&row, field);

		if (who && strcmp(who, who_is) == 0 && is_change(field_text(&row, "kind")))
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
	/* It has never been up: how it is with it now is all there is. */
	if (!listing->n && listing->slots[WHY_TARGET] != SLOT_NONE)
		listing->n = listing->slots[WHY_NOW] = 1;
	return slot != SLOT_NONE || listing->n;
}

/* Where that one is down, how it is with it now comes last, and whom it waits for has a say. */
static void why_look_around(struct listing *listing, const struct daemon *d, const char *target)
{
	uint32_t slot = target ? core_find(d->core, target) : SLOT_NONE, blocker;
	struct child_view v, on;

	listing->slots[WHY_TARGET] = listing->slots[WHY_NEXT] = SLOT_NONE;
	if (slot == SLOT_NONE || !core_view(d->core, slot, &v) || !is_down(&v))
		return;
	listing->slots[WHY_TARGET] = slot;
	blocker = why_blocker(d->core, slot);
	if (v.waits && blocker != slot && core_view(d->core, blocker, &on) && is_down(&on) &&
	    core_chain(d->core, blocker, 0))
		listing->slots[WHY_NEXT] = blocker;
}

bool why_find_culprit(const struct daemon *d, const char *target, struct wire_frame *ret_row)
{
	uint32_t slots[WHY_N_SLOTS] = {0};
	struct listing walk = {.slots = slots};

	why_look_around(&walk, d, target);
	slots[WHY_TARGET] = SLOT_NONE; /* no more than the chain */
	if (!why_begin(&walk, d, target))
		return false;
	for (size_t i = 0; i < walk.n && i < CULPRIT_LOOKS_MAX; i++) {
		const struct link *link = walk.number ? NULL : core_find_link(d->core, walk.why);
		const struct event_entry *entry =
			walk.number ? event_ring_at(events_ring(d),
						    event_ring_seek(events_ring(d), walk.number))
				    : NULL;

		if (entry && entry->seq == walk.number)
			why_pass_event(&walk, d, entry);
		else if (link)
			why_pass_link(&walk, d, link);
	}
	return slots[WHY_CULPRIT] && reports_find(d, NULL, slots[WHY_CULPRIT], ret_row);
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
	if (listing)
		listing->slots = calloc(WHY_N_SLOTS, sizeof(*listing->slots));
	if (!listing || !listing->slots) {
		if (listing)
			listing_free(listing);
		request_fail(conn, frame->ref, STATUS_FAILED, "the daemon is short of memory");
		return;
	}
	listing->of_why = true;
	why_look_around(listing, d, target);
	if (target ? why_begin(listing, d, target) : why_begin_at(listing, d, seq.number))
		return;
	listing_free(listing);
	if (target)
		request_fail(conn, frame->ref, STATUS_NOPROC, "%s: no such actor", target);
	else
		why_refuse_number(conn, frame->ref, seq.number);
}
