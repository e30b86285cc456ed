/* SPDX-License-Identifier: MIT */

#include "supd/events_watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/strings.h"
#include "config/event_kinds.h"
#include "logs/own.h"
#include "supd/control.h"
#include "supd/request.h"
#include "supd/rows.h"

/* Events that are looked at for one reader before others have their turn. */
#define LOOKS_PER_TURN 4096
/* ... and for the name of somebody who is no more. */
#define LOOKS_MAX 100000
#define NEVER UINT64_MAX

/* ---- which ones ---- */

static bool paths_have(char *const *paths, const struct wire_frame *row)
{
	while (*paths && !logs_row_is_of(row, *paths))
		paths++;
	return *paths;
}

static bool kinds_have(char *const *kinds, const struct wire_frame *row)
{
	const char *kind = field_text(row, "kind");

	while (*kinds && strcmp(*kinds, kind) != 0)
		kinds++;
	return *kinds;
}

static bool watch_wants(const struct watch *watch, const struct wire_frame *row)
{
	return (!watch->kinds || kinds_have(watch->kinds, row)) &&
	       (!watch->paths || paths_have(watch->paths, row));
}

/* ---- writing ---- */

static void watch_put_gap(struct watch *watch, uint64_t to, uint64_t lost)
{
	struct wire_encoder e;

	conn_begin(watch->conn, &e, WIRE_ROW, watch->ref);
	logs_event_put_gap(&e, (int64_t)(watch->after + 1), (int64_t)to, (int64_t)lost);
	conn_end(watch->conn, &e);
}

static void watch_put(struct watch *watch, const struct event_entry *entry)
{
	struct wire_frame row = event_entry_row(entry);
	struct wire_encoder e;

	if (!watch_wants(watch, &row))
		return;
	conn_begin(watch->conn, &e, WIRE_ROW, watch->ref);
	wire_put(&e, row.payload, row.payload_size);
	field_put_span(&e, FIELD_DETAIL, "age", mono_between(entry->at, loop_now()));
	conn_end(watch->conn, &e);
}

static void watch_end(struct watch *watch)
{
	struct conn *conn = watch->conn;

	conn_reply_status(conn, watch->ref, STATUS_OK, NULL);
	conn->watch = NULL;
	watch_free(watch);
}

/* Says what is missing before that event. Numbers that were left out at a daemon's start are not.
 */
static void watch_tell_gap(struct watch *watch, const struct event_entry *entry, uint64_t skipped)
{
	if (entry->seq > watch->after + 1 && (skipped || !entry->is_first))
		watch_put_gap(watch, entry->seq - 1,
			      skipped ? skipped : entry->seq - 1 - watch->after);
}

/* False: there is none. */
static bool watch_step(struct watch *watch, const struct event_ring *ring)
{
	uint64_t skipped = ring->first > watch->position ? ring->first - watch->position : 0;
	const struct event_entry *entry = event_ring_at(ring, watch->position + skipped);

	if (!entry)
		return false;
	watch_tell_gap(watch, entry, skipped);
	watch->after = entry->seq;
	watch->position += skipped + 1;
	watch_put(watch, entry);
	return true;
}

void watch_continue(struct conn *conn)
{
	struct watch *watch = conn->watch;
	int looks = LOOKS_PER_TURN;

	if (!watch)
		return;
	while (watch->position < watch->until && !conn_is_full(conn) && looks-- &&
	       watch_step(watch, events_ring(conn->control->daemon)))
		;
	if (watch->position >= watch->until)
		watch_end(watch);
}

bool watch_is_behind(const struct conn *conn)
{
	return conn->watch && conn->watch->position < events_ring(conn->control->daemon)->next;
}

static void watch_on_event(void *owner, uint64_t seq, const struct wire_frame *row)
{
	struct watch *watch = owner;

	(void)seq;
	(void)row;
	conn_touch(watch->conn);
}

/* ---- life ---- */

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	events_unlisten(&watch->listener);
	strings_free(watch->paths);
	strings_free(watch->kinds);
	free(watch);
}

/* A request's list of texts; NULL: it has none. False: no memory. */
static bool watch_take_list(const struct wire_frame *frame, const char *name, char ***ret_list)
{
	struct field f;
	size_t n = 0, cursor = 0;
	const char *text;
	char **list;

	if (!field_find(frame, name, FIELD_LIST, &f) || !f.text_size)
		return true;
	while (field_list_next(&f, &cursor))
		n++;
	list = calloc(n + 1, sizeof(*list));
	cursor = 0;
	for (size_t i = 0; list && (text = field_list_next(&f, &cursor)); i++) {
		list[i] = strdup(text);
		if (!list[i]) {
			strings_free(list);
			return false;
		}
	}
	*ret_list = list;
	return list;
}

static void watch_place(struct watch *watch, const struct daemon *d, const struct wire_frame *frame)
{
	const struct event_ring *ring = events_ring(d);
	const struct event_entry *entry;
	struct field f;

	watch->position = ring->next;
	watch->after = events_last(d);
	watch->until = NEVER;
	if (field_find(frame, "since", FIELD_INT, &f) && f.number > 0) {
		watch->position = event_ring_seek(ring, (uint64_t)f.number);
		watch->after = MIN_OF((uint64_t)f.number - 1, watch->after);
	} else if (field_find(frame, "since", FIELD_INT, &f)) {
		watch->position = ring->first;
	} else if (field_find(frame, "since_time", FIELD_TIME, &f)) {
		watch->position = event_ring_seek_time(
			ring, (struct mono){loop_now().ns - (wall_now() - f.number)});
	} else {
		return;
	}
	if (!field_bool(frame, "follow"))
		watch->until = ring->next;
	/* What was not asked for by its number is not missing. */
	entry = event_ring_at(ring, watch->position);
	if (entry && !(f.type == FIELD_INT && f.number > 0))
		watch->after = entry->seq - 1;
}

static int watch_new(struct conn *conn, const struct wire_frame *frame)
{
	struct daemon *d = conn->control->daemon;
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return -1;
	list_init(&watch->listener.link);
	if (!watch_take_list(frame, "paths", &watch->paths) ||
	    !watch_take_list(frame, "kinds", &watch->kinds)) {
		watch_free(watch);
		return -1;
	}
	watch->conn = conn;
	watch->ref = frame->ref;
	watch->listener.call = watch_on_event;
	watch->listener.owner = watch;
	watch_place(watch, d, frame);
	events_listen(d, &watch->listener);
	conn->watch = watch;
	return 0;
}

/* ---- the request ---- */

/* Somebody has that path or pid, or had it when something happened that is kept. */
static bool watch_knows(const struct daemon *d, const char *path)
{
	struct wire_frame row;
	uint64_t seq = UINT64_MAX;
	char *const paths[] = {(char *)(uintptr_t)path, NULL};

	if (core_find(d->core, path) != SLOT_NONE || core_has_template(d->core, path))
		return true;
	for (int looks = LOOKS_MAX; looks && (seq = events_previous(d, seq, &row)); looks--)
		if (paths_have(paths, &row))
			return true;
	return false;
}

static const char *watch_find_unknown(const struct daemon *d, const struct wire_frame *frame)
{
	struct field f;
	const char *path;
	size_t cursor = 0;

	if (!field_find(frame, "paths", FIELD_LIST, &f))
		return NULL;
	while ((path = field_list_next(&f, &cursor)))
		if (!watch_knows(d, path))
			return path;
	return NULL;
}

static void watch_put_beginning(struct conn *conn)
{
	struct wire_encoder e;

	conn_begin(conn, &e, WIRE_ROW, conn->watch->ref);
	row_put_watching(&e, conn->watch->after);
	conn_end(conn, &e);
}

static bool watch_refuses_kinds(struct conn *conn, const struct wire_frame *frame)
{
	struct buf all CLEANUP(buf_fini) = BUF_INIT;
	struct field f;
	const char *kind;
	size_t cursor = 0;

	if (!field_find(frame, "kinds", FIELD_LIST, &f))
		return false;
	while ((kind = field_list_next(&f, &cursor)) && event_kind_exists(kind))
		;
	if (!kind)
		return false;
	event_kinds_put(&all);
	request_fail(conn, frame->ref, STATUS_USAGE, "%s: no such kind of event: there are %s",
		     kind, buf_text(&all));
	return true;
}

void request_take_events(struct conn *conn, const struct request_command *command,
			 const struct wire_frame *frame)
{
	const struct daemon *d = conn->control->daemon;
	const char *unknown = watch_find_unknown(d, frame);

	(void)command;
	if (conn->watch) {
		request_fail(conn, frame->ref, STATUS_USAGE,
			     "this connection watches events already");
		return;
	}
	if (unknown) {
		request_fail(conn, frame->ref, STATUS_NOPROC, "%s: %s", unknown,
			     request_absence(d, unknown));
		return;
	}
	if (watch_refuses_kinds(conn, frame))
		return;
	if (watch_new(conn, frame) < 0) {
		request_fail(conn, frame->ref, STATUS_FAILED, "the daemon is short of memory");
		return;
	}
	if (conn->watch->until == NEVER)
		watch_put_beginning(conn);
	conn_touch(conn);
}
