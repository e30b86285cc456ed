/* SPDX-License-Identifier: MIT */

/*
 * An event is encoded where it happens, into a buffer of ours, and from there goes into the ring,
 * to the log keeper, to the listeners. What a listener adds while it is being told waits for its
 * turn, so that each of them hears everything in order, and nobody calls himself.
 */

#include "supd/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "logs/own.h"
#include "logs/read_back.h"
#include "supd/keeper.h"
#include "supd/log.h"
#include "supd/rows.h"
#include "wire/hello.h"
#include "wire/json.h"
#include "wire/json_read.h"

/* Of the bits that a size has. */
#define EVENT_SIZE_MASK 0x3fffffff
/* So many numbers at least are left out where the daemon before this one has not ended in order:
 * somebody may have seen events of it that were not logged any more. */
#define SEQ_LEFT_OUT 1000
/* So many bytes of lines are written however long they are held. */
#define LINES_MAX 65536

struct events {
	struct event_ring ring;
	uint64_t next_seq;
	uint64_t last_link; /* number of the core's newest change */
	struct buf row;     /* the one in hand, as a frame */
	struct buf lines;   /* as JSON, those that are still to be written */
	int held;
	struct list listeners; /* of struct events_listener */
	uint64_t told;         /* the position up to which the listeners have heard */
	bool telling;
	bool is_first; /* the next one is the first of this daemon */
	bool ended;    /* what was read last was the end of one */
};

/* ---- life ---- */

int events_open(struct daemon *d)
{
	struct events *events = calloc(1, sizeof(*events));

	if (!events)
		return -ENOMEM;
	list_init(&events->listeners);
	events->next_seq = 1;
	if (event_ring_init(&events->ring, d->config->events_kept) < 0) {
		free(events);
		return -ENOMEM;
	}
	d->events = events;
	return 0;
}

void events_close(struct daemon *d)
{
	struct events *events = d->events;

	if (!events)
		return;
	while (list_take_first(&events->listeners))
		;
	event_ring_fini(&events->ring);
	buf_fini(&events->row);
	buf_fini(&events->lines);
	free(events);
	d->events = NULL;
}

void events_listen(struct daemon *d, struct events_listener *listener)
{
	list_append(&d->events->listeners, &listener->link);
}

void events_unlisten(struct events_listener *listener)
{
	list_unlink(&listener->link);
}

/* ---- adding ---- */

static void events_begin(struct events *events, struct wire_encoder *e)
{
	struct wire_frame frame = wire_frame(WIRE_ROW, "", 0);

	buf_clear(&events->row);
	wire_begin(e, &events->row, &frame);
}

/* To all who listen: the one at that position, for as long as it is there. */
static void events_tell_one(struct events *events, uint64_t position)
{
	struct list *next;

	/* One may leave while it is called. */
	for (struct list *l = events->listeners.next; l != &events->listeners; l = next) {
		struct events_listener *one = LIST_ENTRY(l, struct events_listener, link);
		const struct event_entry *entry = event_ring_at(&events->ring, position);
		struct wire_frame row;

		next = l->next;
		if (!entry)
			return;
		row = event_entry_row(entry);
		one->call(one->owner, entry->seq, &row);
	}
}

static void events_tell(struct events *events)
{
	if (events->telling)
		return;
	events->telling = true;
	for (; events->told < events->ring.next; events->told++)
		events_tell_one(events, events->told);
	events->telling = false;
}

static void events_write_lines(struct daemon *d)
{
	struct buf *lines = &d->events->lines;

	keeper_write(d, KEEPER_EVENTS, lines->data, lines->size);
	buf_clear(lines);
}

static void events_write(struct daemon *d, const struct event_entry *entry)
{
	struct wire_frame row = event_entry_row(entry);
	struct buf *lines = &d->events->lines;
	size_t before = lines->size;

	if (!keeper_dir(d))
		return;
	json_put_row(lines, &row);
	/* Short of memory, whole lines are left out. */
	if (lines->error) {
		lines->error = 0;
		lines->size = before;
	}
	if (!d->events->held || lines->size >= LINES_MAX)
		events_write_lines(d);
}

static int events_keep(struct events *events, struct event_entry *entry)
{
	entry->data = events->row.data + WIRE_HEADER_SIZE;
	entry->size = (uint32_t)(events->row.size - WIRE_HEADER_SIZE) & EVENT_SIZE_MASK;
	return event_ring_put(&events->ring, entry);
}

/* What was encoded is an event. 0, -ENOMEM or -EMSGSIZE: it is none. */
static int events_end(struct daemon *d, struct wire_encoder *e, struct event_entry entry)
{
	struct events *events = d->events;
	int r = wire_end(e);

	entry.is_first = events->is_first;
	if (r == 0)
		r = events_keep(events, &entry);
	if (r < 0)
		return r;
	events->is_first = false;
	events_write(d, &entry);
	events_tell(events);
	return 0;
}

static void events_put_cause(struct wire_encoder *e, const struct daemon *d,
			     const struct occurrence *what)
{
	struct wire_frame because;

	if (what->cause && events_find(d, what->cause, &because)) {
		row_put_because(e, what->cause, &because);
		return;
	}
	field_put_null(e, 0, "cause");
	field_put_null(e, 0, "cause_name");
	field_put_text(e, 0, "origin", what->cause ? NULL : what->origin);
	if (what->cause)
		field_put_bool(e, FIELD_DETAIL, "cause_gone", true);
}

static void events_put(struct wire_encoder *e, const struct daemon *d,
		       const struct occurrence *what, uint64_t seq)
{
	field_put_int(e, 0, "seq", (int64_t)seq);
	field_put_time(e, 0, "time", wall_now());
	row_put_pid(e, 0, "pid", what->pid);
	field_put_text(e, 0, "name", what->name);
	field_put_text(e, 0, "kind", what->kind);
	field_put_text(e, 0, "reason", what->reason);
	events_put_cause(e, d, what);
}

uint64_t events_add(struct daemon *d, const struct occurrence *what)
{
	struct events *events = d->events;
	struct wire_encoder e;
	struct event_entry entry;
	int r;

	if (!events)
		return 0;
	entry = (struct event_entry){
		.seq = events->next_seq++, .link = events->last_link, .at = loop_now()};
	events_begin(events, &e);
	events_put(&e, d, what, entry.seq);
	if (what->more)
		what->more(&e, what->data);
	if (what->explanation)
		field_put_text(&e, FIELD_DETAIL, "explanation", what->explanation);
	r = events_end(d, &e, entry);
	if (r == -EMSGSIZE) {
		events_begin(events, &e);
		events_put(&e, d, what, entry.seq);
		field_put_text(&e, FIELD_DETAIL, "explanation",
			       "the details are too long to be kept");
		r = events_end(d, &e, entry);
	}
	return r < 0 ? 0 : entry.seq;
}

void events_on_notice(struct daemon *d, uint32_t slot, const struct link *link)
{
	struct events *events = d->events;
	struct wire_encoder e;
	uint64_t seq;

	if (!events)
		return;
	seq = events->next_seq++;
	events->last_link = link->seq;
	events_begin(events, &e);
	row_put_link(&e, d, slot, link, seq);
	events_end(d, &e,
		   (struct event_entry){
			   .seq = seq, .link = link->seq, .at = link->at, .is_link = true});
}

void events_hold(struct daemon *d)
{
	if (d->events)
		d->events->held++;
}

void events_release(struct daemon *d)
{
	if (d->events && --d->events->held == 0)
		events_write_lines(d);
}

/* ---- from one daemon to the next ---- */

static void events_put_started(struct wire_encoder *e, const void *data)
{
	(void)data;
	field_put_int(e, 0, "os_pid", getpid());
	field_put_text(e, FIELD_DETAIL, "supd", WIRE_RELEASE);
}

int events_restore(struct daemon *d, const char *line, size_t size)
{
	struct events *events = d->events;
	struct event_entry entry = {0};
	struct wire_frame row;
	const char *kind;
	struct field at;
	int r;

	if (logs_read_row(line, size, logs_event_members, &events->row, &row) < 0)
		return -EINVAL;
	kind = field_text(&row, "kind");
	entry.seq = (uint64_t)field_int(&row, "seq", 0);
	if (!kind || !field_find(&row, "time", FIELD_TIME, &at) || entry.seq < events->next_seq ||
	    entry.seq > INT64_MAX)
		return -EINVAL;
	entry.at.ns = loop_now().ns - (wall_now() - at.number);
	entry.is_first = strcmp(kind, "supd_started") == 0;
	r = events_keep(events, &entry);
	if (r < 0)
		return r;
	events->next_seq = entry.seq + 1;
	/* A last report may follow the end. */
	if (entry.is_first || strcmp(kind, "supd_ended") == 0)
		events->ended = !entry.is_first;
	return 0;
}

struct restoring {
	struct daemon *d;
	size_t damaged;
};

static void restore_line(void *owner, const char *line, size_t size)
{
	struct restoring *restoring = owner;

	restoring->damaged += events_restore(restoring->d, line, size) < 0;
}

static void events_read(struct daemon *d, const char *dir)
{
	struct events *events = d->events;
	struct restoring restoring = {d, 0};
	int r = read_back(dir, "events.log", d->config->events_kept, restore_line, &restoring);

	if (r < 0 && r != -ENOENT)
		log_line(LOG_AT_WARNING, "%s/events.log: %s: not all events of before are known",
			 dir, strerror(-r));
	if (restoring.damaged)
		log_line(LOG_AT_WARNING,
			 "%s/events.log: %zu damaged line%s passed over: supctl events shows a gap",
			 dir, restoring.damaged, restoring.damaged == 1 ? " was" : "s were");
	events->told = events->ring.next;
}

void events_resume(struct daemon *d)
{
	struct events *events = d->events;
	const char *dir = keeper_dir(d);
	struct occurrence started = {.kind = "supd_started", .more = events_put_started};

	if (dir)
		events_read(d, dir);
	if (events->next_seq > 1 && !events->ended) {
		events->next_seq += 2 * SEQ_LEFT_OUT - 1;
		events->next_seq -= events->next_seq % SEQ_LEFT_OUT;
		started.explanation = "the supd before it did not end in order";
	}
	events->is_first = true;
	events_add(d, &started);
}

/* What the root has come to, and why, the core has told before. */
void events_on_halt(struct daemon *d, const struct reason *reason)
{
	const struct link *last = core_chain(d->core, core_next(d->core, SLOT_NONE), 0);
	char text[REASON_FORMAT_MAX];

	events_add(d, &(struct occurrence){.kind = "supd_ended",
					   .reason = reason->kind == REASON_NONE
							     ? NULL
							     : reason_format(reason, text),
					   .cause = last ? events_of_link(d, last->seq) : 0,
					   .origin = "self"});
}

/* ---- looking back ---- */

static uint64_t events_give(const struct daemon *d, uint64_t position, struct wire_frame *ret_row)
{
	const struct event_entry *entry = event_ring_at(&d->events->ring, position);

	if (!entry)
		return 0;
	*ret_row = event_entry_row(entry);
	return entry->seq;
}

bool events_find(const struct daemon *d, uint64_t seq, struct wire_frame *ret_row)
{
	uint64_t position = event_ring_seek(&d->events->ring, seq);
	const struct event_entry *entry = event_ring_at(&d->events->ring, position);

	return entry && entry->seq == seq && events_give(d, position, ret_row);
}

uint64_t events_next(const struct daemon *d, uint64_t seq, struct wire_frame *ret_row)
{
	return events_give(d, event_ring_seek(&d->events->ring, seq + 1), ret_row);
}

uint64_t events_previous(const struct daemon *d, uint64_t seq, struct wire_frame *ret_row)
{
	uint64_t position = event_ring_seek(&d->events->ring, seq);

	/* Position 0 has none before it, and no number is that large. */
	return events_give(d, position - 1, ret_row);
}

uint64_t events_of_link(const struct daemon *d, uint64_t link)
{
	const struct event_entry *entry = event_ring_link(&d->events->ring, link);

	return entry ? entry->seq : 0;
}

uint64_t events_last(const struct daemon *d)
{
	return d->events->next_seq - 1;
}

const struct event_ring *events_ring(const struct daemon *d)
{
	return &d->events->ring;
}
