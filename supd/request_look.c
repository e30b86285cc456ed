/* SPDX-License-Identifier: MIT */

/*
 * Requests that only look: status (and tree, which is the same rows), ping and version.
 *
 * The rows of a long status are written as the guest takes them, so that ten thousand services cost
 * no more memory than a few: only the slots are noted when it is asked for. Each row is true at the
 * moment it is written.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supd/reports.h"
#include "supd/request.h"
#include "supd/resources.h"
#include "supd/rows.h"
#include "supd/what_if.h"
#include "wire/hello.h"

/* ---- status ---- */

void listing_free(struct listing *listing)
{
	list_unlink(&listing->link);
	for (size_t i = 0; listing->names && i < listing->n; i++)
		free(listing->names[i]);
	free(listing->names);
	free(listing->slots);
	free(listing);
}

struct listing *listing_new(struct conn *conn, uint64_t ref)
{
	struct listing *listing = calloc(1, sizeof(*listing));

	if (!listing)
		return NULL;
	listing->ref = ref;
	list_init(&listing->link);
	list_append(&conn->listings, &listing->link);
	return listing;
}

static int listing_add(struct listing *listing, uint32_t slot)
{
	size_t n = listing->n;

	/* Room doubles at each power of two. */
	if ((n & (n - 1)) == 0) {
		uint32_t *slots = reallocarray(listing->slots, n ? n * 2 : 1, sizeof(*slots));

		if (!slots)
			return -1;
		listing->slots = slots;
	}
	listing->slots[listing->n++] = slot;
	return 0;
}

/* top and all below it, but for what was removed; SLOT_NONE: everything. */
static int listing_add_tree(struct listing *listing, const struct core *core, uint32_t top)
{
	uint32_t slot = top == SLOT_NONE ? core_next(core, SLOT_NONE) : top;
	uint32_t removed = UINT32_MAX; /* the depth of what was removed, while we are below it */
	struct child_view v;
	uint32_t depth;

	if (!core_view(core, slot, &v))
		return 0;
	depth = v.depth;
	do {
		if (v.depth <= removed)
			removed = v.removed ? v.depth : UINT32_MAX;
		if (removed == UINT32_MAX && listing_add(listing, slot) < 0)
			return -1;
		slot = core_next(core, slot);
	} while (slot != SLOT_NONE && core_view(core, slot, &v) && v.depth > depth);
	return 0;
}

/* All whose path begins with that of their template. */
static int listing_add_instances(struct listing *listing, const struct core *core,
				 const char *template)
{
	size_t size = strlen(template);
	struct child_view v;

	for (uint32_t slot = core_next(core, SLOT_NONE); slot != SLOT_NONE;
	     slot = core_next(core, slot)) {
		if (core_view(core, slot, &v) && v.spec->instance && !v.removed && !v.replaced &&
		    v.elder == SLOT_NONE && strncmp(v.path, template, size) == 0 &&
		    !strchr(v.path + size, '/') && listing_add(listing, slot) < 0)
			return -1;
	}
	return 0;
}

static int listing_add_spawned(struct listing *listing, const struct core *core)
{
	uint32_t slot = SLOT_NONE;

	while ((slot = core_next_spawned(core, slot)) != SLOT_NONE)
		if (listing_add(listing, slot) < 0)
			return -1;
	return 0;
}

static bool status_exists(const struct core *core, uint32_t slot)
{
	struct child_view v;

	return slot != SLOT_NONE && core_view(core, slot, &v) && !v.removed;
}

static void listing_write_child(struct conn *conn, const struct listing *listing, uint32_t slot)
{
	struct wire_encoder e;
	struct child_view v;
	struct usage usage;

	if (!core_view(conn->control->daemon->core, slot, &v))
		return;
	conn_begin(conn, &e, WIRE_ROW, listing->ref);
	field_put_int(&e, FIELD_HIDDEN, "depth", v.depth);
	row_put_status(&e, conn->control->daemon, slot);
	if (listing->usage)
		usage_put(&e, FIELD_DETAIL,
			  usage_find(conn->control->daemon, slot, &usage) ? &usage : NULL);
	conn_end(conn, &e);
}

static void listing_write_row(struct conn *conn, struct listing *listing, size_t i)
{
	if (listing->of_mailbox)
		listing_write_message(conn, listing);
	else if (listing->of_reports)
		listing_write_report(conn, listing, listing->slots[i]);
	else if (listing->of_why)
		listing_write_why(conn, listing);
	else if (listing->of_logs)
		listing_write_log(conn, listing, listing->slots[i]);
	else if (listing->names)
		listing_write_name(conn, listing, listing->names[i]);
	else
		listing_write_child(conn, listing, listing->slots[i]);
}

void request_continue(struct conn *conn)
{
	what_if_continue(conn->what_if);
	while (!list_is_empty(&conn->listings)) {
		struct listing *listing = LIST_ENTRY(conn->listings.next, struct listing, link);

		while (listing->next < listing->n) {
			if (conn_is_full(conn))
				return;
			listing_write_row(conn, listing, listing->next++);
		}
		conn_reply_status(conn, listing->ref, STATUS_OK, NULL);
		listing_free(listing);
	}
}

static bool is_template_name(const char *target)
{
	size_t size = strlen(target);

	return size > 1 && target[size - 1] == '@';
}

struct listing *listing_begin(struct conn *conn, const struct wire_frame *frame, bool below)
{
	const struct core *core = conn->control->daemon->core;
	const char *target = field_text(frame, "target");
	uint32_t slot = target ? core_find(core, target) : SLOT_NONE;
	bool template = target && core_has_template(core, target);
	struct listing *listing;
	int r;

	if (target && !template && !status_exists(core, slot)) {
		request_fail(conn, frame->ref, STATUS_NOPROC, "%s: %s", target,
			     is_template_name(target)
				     ? "no such template: its section has instances = N"
				     : request_absence(conn->control->daemon, target));
		return NULL;
	}
	listing = listing_new(conn, frame->ref);
	if (!listing) {
		request_fail(conn, frame->ref, STATUS_FAILED, "the daemon is short of memory");
		return NULL;
	}
	if (template)
		r = listing_add_instances(listing, core, target);
	else if (target && !below)
		r = listing_add(listing, slot);
	else if (!target && field_bool(frame, "spawned"))
		r = listing_add_spawned(listing, core);
	else
		r = listing_add_tree(listing, core, slot);
	if (r == 0)
		return listing;
	listing_free(listing);
	request_fail(conn, frame->ref, STATUS_FAILED, "the daemon is short of memory");
	return NULL;
}

void request_take_status(struct conn *conn, const struct request_command *command,
			 const struct wire_frame *frame)
{
	struct listing *listing = listing_begin(conn, frame, field_bool(frame, "below"));

	(void)command;
	if (listing)
		listing->usage = field_bool(frame, "usage");
}

/* ---- ping, version ---- */

void request_take_version(struct conn *conn, const struct request_command *command,
			  const struct wire_frame *frame)
{
	const struct daemon *d = conn->control->daemon;
	struct wire_encoder e;

	conn_begin(conn, &e, WIRE_REPLY, frame->ref);
	field_put_int(&e, FIELD_HIDDEN, "status", STATUS_OK);
	if (strcmp(command->name, "ping") == 0) {
		field_put_text(&e, 0, "answer", "pong");
	} else {
		field_put_text(&e, 0, "supd", WIRE_RELEASE);
		field_put_int(&e, 0, "protocol", WIRE_PROTOCOL);
		field_put_int(&e, 0, "os_pid", getpid());
		field_put_span(&e, 0, "uptime", mono_between(d->started, loop_now()));
	}
	conn_end(conn, &e);
}
