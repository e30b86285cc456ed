/* SPDX-License-Identifier: MIT */

/*
 * Requests about actors, whether they are children of the tree or not: names, and info. Names are
 * collected when they are asked for, in the order of the alphabet, and each row is written, as
 * those of status are, when there is room for it, and is true then.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/look.h"
#include "supd/request.h"
#include "supd/resources.h"
#include "supd/rows.h"
#include "supd/texts.h"
#include "wire/number.h"

/* An answer is one datagram: so many of a list are told, and how many are left out. */
#define PIDS_MAX ((size_t)500)
#define NAMES_MAX ((size_t)100)

/* ---- names ---- */

static int by_alphabet(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Copies, as the listing outlives this step. False: no memory. */
static bool listing_take_names(struct listing *listing, const struct core *core)
{
	size_t n = core_names(core, NULL, 0);
	const char **names = calloc(n ? n : 1, sizeof(*names));

	listing->names = calloc(n ? n : 1, sizeof(*listing->names));
	if (names && listing->names) {
		core_names(core, names, n);
		while (listing->n < n && (listing->names[listing->n] = strdup(names[listing->n])))
			listing->n++;
		qsort(listing->names, listing->n, sizeof(*listing->names), by_alphabet);
	}
	free(names);
	return listing->names && listing->n == n;
}

void request_take_names(struct conn *conn, const struct request_command *command,
			const struct wire_frame *frame)
{
	struct listing *listing = listing_new(conn, frame->ref);

	(void)command;
	if (listing && listing_take_names(listing, conn->control->daemon->core))
		return;
	if (listing)
		listing_free(listing);
	request_fail(conn, frame->ref, STATUS_FAILED, "the daemon is short of memory");
}

void listing_write_name(struct conn *conn, const struct listing *listing, const char *name)
{
	struct wire_encoder e;
	struct name_view v;

	if (!core_view_name(conn->control->daemon->core, name, &v))
		return;
	conn_begin(conn, &e, WIRE_ROW, listing->ref);
	row_put_name(&e, &v);
	conn_end(conn, &e);
}

/* ---- info ---- */

/* Appends a list; how many of it were left out. */
static size_t info_put_texts(struct wire_encoder *e, const char *name, struct texts *texts,
			     size_t n)
{
	char **list = texts_list(texts);

	field_put_list(e, 0, name, list);
	return list ? n - texts->n : n;
}

static size_t info_put_ties(struct wire_encoder *e, const struct core *core,
			    const struct actor_view *v, enum actor_tie tie, const char *name)
{
	struct texts texts = {.bytes = BUF_INIT};
	char text[ACTOR_PID_TEXT_MAX];
	actor_pid pids[PIDS_MAX];
	size_t n = core_ties(core, v->pid, tie, pids, PIDS_MAX);

	for (size_t i = 0; i < n && i < PIDS_MAX; i++)
		texts_add(&texts, actor_pid_format(pids[i], text));
	n = info_put_texts(e, name, &texts, n);
	texts_fini(&texts);
	return n;
}

static size_t info_put_names(struct wire_encoder *e, const struct core *core,
			     const struct actor_view *v)
{
	struct texts texts = {.bytes = BUF_INIT};
	const char *names[NAMES_MAX];
	size_t n = core_names_of(core, v->pid, names, NAMES_MAX);

	for (size_t i = 0; i < n && i < NAMES_MAX; i++)
		texts_add(&texts, names[i]);
	n = info_put_texts(e, "names", &texts, n);
	texts_fini(&texts);
	return n;
}

/* The OS process behind an actor; 0: there is none. */
static pid_t info_os_pid(const struct control *control, const struct actor_view *v)
{
	if (v->slot != SLOT_NONE)
		return process_os_pid(control->daemon, v->slot);
	LIST_EACH (l, &control->conns) {
		const struct conn *conn = LIST_ENTRY(l, const struct conn, link);

		if (conn->role == CONN_GUEST && conn->actor.n == v->pid.n)
			return conn->peer.os_pid;
	}
	return 0;
}

/* All of a service's processes, one of a guest. */
static void info_put_usage(struct wire_encoder *e, const struct daemon *d,
			   const struct actor_view *v, pid_t os_pid)
{
	struct usage usage;
	bool known = v->slot != SLOT_NONE ? usage_find(d, v->slot, &usage)
					  : os_pid && usage_find_one(os_pid, &usage);

	usage_put(e, 0, known ? &usage : NULL);
}

static void info_put_mail(struct wire_encoder *e, const struct core *core,
			  const struct actor_view *v)
{
	struct mail_view mail = core_view_mail(core, v->pid);
	char pid[ACTOR_PID_TEXT_MAX];

	field_put_int(e, 0, "message_queue_len", (int64_t)mail.length);
	field_put_int(e, 0, "mailbox_bytes", (int64_t)mail.bytes);
	if (mail.limit == UINT64_MAX)
		field_put_null(e, 0, "mailbox_limit");
	else
		field_put_int(e, 0, "mailbox_limit", (int64_t)mail.limit);
	field_put_int(e, 0, "dropped", (int64_t)mail.dropped);
	field_put_int(e, 0, "outbox_bytes", (int64_t)mail.outbox_bytes);
	field_put_text(e, 0, "blocked_on",
		       mail.blocked_on.n ? actor_pid_format(mail.blocked_on, pid) : NULL);
}

static void info_put(struct wire_encoder *e, const struct control *control,
		     const struct actor_view *v)
{
	const struct core *core = control->daemon->core;
	pid_t os_pid = info_os_pid(control, v);
	size_t more = 0;

	row_put_actor(e, v);
	if (os_pid)
		field_put_int(e, 0, "os_pid", os_pid);
	else
		field_put_null(e, 0, "os_pid");
	field_put_text(e, 0, "state", child_state_name(v->state));
	field_put_bool(e, 0, "trap_exit", v->trap);
	info_put_mail(e, core, v);
	more += info_put_ties(e, core, v, TIE_LINK, "links");
	more += info_put_ties(e, core, v, TIE_MONITOR, "monitors");
	more += info_put_ties(e, core, v, TIE_MONITORED_BY, "monitored_by");
	more += info_put_names(e, core, v);
	if (more)
		field_put_int(e, 0, "more", (int64_t)more);
	info_put_usage(e, control->daemon, v, os_pid);
	if (v->has_uid)
		field_put_int(e, 0, "uid", v->uid);
	else
		field_put_null(e, 0, "uid");
}

void request_take_info(struct conn *conn, const struct request_command *command,
		       const struct wire_frame *frame)
{
	const char *target = field_text(frame, "target");
	struct actor_view v;
	struct wire_encoder e;

	(void)command;
	if (!core_view_actor(conn->control->daemon->core, target, &v)) {
		request_fail_absent(conn, frame->ref, target);
		return;
	}
	conn_begin(conn, &e, WIRE_REPLY, frame->ref);
	field_put_int(&e, FIELD_HIDDEN, "status", STATUS_OK);
	info_put(&e, conn->control, &v);
	if (conn_end(conn, &e) < 0)
		request_fail(conn, frame->ref, STATUS_FAILED, "the answer is too long to be sent");
}

/* ---- mailbox ---- */

/* Of a payload so much is shown. */
#define PAYLOAD_MAX ((size_t)32 * 1024)

static const char *const message_kinds[WIRE_N_OPS] = {
	[WIRE_MESSAGE] = "message", [WIRE_CALL] = "call", [WIRE_RESPONSE] = "reply",
	[WIRE_EXIT] = "exit",       [WIRE_DOWN] = "down",
};

static void mailbox_put_message(struct wire_encoder *e, const struct core *core,
				const struct wire_frame *message, bool held)
{
	struct actor_view from;
	char pid[ACTOR_PID_TEXT_MAX], tag[WIRE_TAG_MAX + 1] = "", ref[24];

	memcpy(tag, message->tag, message->tag_size);
	field_put_int(e, 0, "number", (int64_t)message->to);
	field_put_text(e, 0, "kind", message_kinds[message->op]);
	actor_pid_format((actor_pid){message->from}, pid);
	field_put_text(e, 0, "from", message->from ? pid : NULL);
	if (core_view_actor(core, pid, &from) && from.path)
		field_put_text(e, 0, "from_name", from.path);
	else
		field_put_null(e, 0, "from_name");
	snprintf(ref, sizeof(ref), "%" PRIu64, message->ref ? message->ref : message->to);
	field_put_text(e, FIELD_DETAIL, "ref", ref);
	field_put_text(e, 0, "tag", tag);
	field_put_bool(e, 0, "held", held);
	if (message->flags & WIRE_MEMFD) {
		field_put_int(e, 0, "size", (int64_t)number_load(message->payload, 4));
		field_put_null(e, FIELD_DETAIL, "payload");
		return;
	}
	field_put_int(e, 0, "size", (int64_t)message->payload_size);
	field_put_bytes(e, FIELD_DETAIL, "payload", message->payload,
			MIN_OF(message->payload_size, PAYLOAD_MAX));
}

void listing_write_message(struct conn *conn, struct listing *listing)
{
	const struct core *core = conn->control->daemon->core;
	struct wire_frame message;
	struct wire_encoder e;
	bool held;

	if (!core_next_message(core, &listing->mailbox, listing->number, &message, &held)) {
		listing->next = listing->n;
		return;
	}
	listing->number = message.to;
	conn_begin(conn, &e, WIRE_ROW, listing->ref);
	mailbox_put_message(&e, core, &message, held);
	conn_end(conn, &e);
}

/* Of one's own, or with full rights: what is in a mailbox is nobody else's business. */
void request_take_mailbox(struct conn *conn, const struct request_command *command,
			  const struct wire_frame *frame)
{
	const char *target = field_text(frame, "target");
	struct mailbox_view whose;
	struct listing *listing;

	(void)command;
	if (!core_view_mailbox(conn->control->daemon->core, target, &whose)) {
		request_fail_absent(conn, frame->ref, target);
		return;
	}
	if ((!whose.pid.n || whose.pid.n != conn->actor.n) && conn_right(conn) < RIGHT_EVERYTHING) {
		request_fail(conn, frame->ref, STATUS_REFUSED,
			     "%s: an actor may look into its own mailbox; into others', who may do "
			     "everything",
			     target);
		return;
	}
	listing = listing_new(conn, frame->ref);
	if (!listing) {
		request_fail(conn, frame->ref, STATUS_FAILED, "the daemon is short of memory");
		return;
	}
	listing->of_mailbox = true;
	listing->mailbox = whose;
	listing->n = SIZE_MAX;
}
