/* SPDX-License-Identifier: MIT */

/* Frames to and from the core. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/core/support.h"

/* What it is to its reader: "tag", "call7:tag", "reply7:text", "exit:reason", "down7:reason:name".
 */
static int world_format(const struct wire_frame *f, char *text, size_t room)
{
	const char *again = f->flags & WIRE_REDELIVERED ? "*" : "";
	int tag = f->tag_size, payload = (int)MIN_OF(f->payload_size, (size_t)60);
	const char *bytes = f->payload;

	switch (f->op) {
	case WIRE_MESSAGE:
		return snprintf(text, room, " %s%.*s", again, tag, f->tag);
	case WIRE_CALL:
		return snprintf(text, room, " %scall%d:%.*s", again, (int)f->ref, tag, f->tag);
	case WIRE_RESPONSE:
		return snprintf(text, room, " reply%d:%.*s", (int)f->ref, payload, bytes);
	case WIRE_EXIT:
		return snprintf(text, room, " exit:%.*s", payload, bytes);
	case WIRE_DOWN:
		return snprintf(text, room, " down%d:%.*s%s%.*s", (int)f->ref, payload, bytes,
				tag ? ":" : "", tag, f->tag);
	case WIRE_DONE:
		return snprintf(text, room, " done%d:%d%s%.*s", (int)f->ref, (int)f->to,
				tag ? ":" : "", tag, f->tag);
	default:
		return 0;
	}
}

void world_note_frames(struct world *w, const struct effect *effect)
{
	const size_t n = effect->out.source - 1, room = sizeof(w->inbox[0]);
	struct wire_frame f;
	size_t cursor = 0;

	w->n_units[n]++;
	while (wire_decode(effect->out.data, effect->out.size, &cursor, &f) == 1) {
		size_t used = strlen(w->inbox[n]);

		cr_assert_null(wire_broken_rule(&f, WIRE_TO_ACTOR));
		if (f.op == WIRE_WINDOW)
			w->windows[n] = f.ref;
		else if (f.op == WIRE_QUEUED)
			w->queued[n] = f.ref;
		else if (f.op >= WIRE_MESSAGE && f.op <= WIRE_DOWN)
			w->n_messages[n]++;
		if (used + 600 < room)
			world_format(&f, w->inbox[n] + used, room - used);
	}
}

/* Encoded by hand: what fails for want of memory is to be the core's alone. */
void world_frame(struct world *w, uint64_t source, const struct wire_frame *frame)
{
	static uint8_t bytes[WIRE_DATAGRAM_MAX * 2];
	const size_t size = WIRE_HEADER_SIZE + frame->tag_size + frame->payload_size;

	cr_assert_leq(size, sizeof(bytes));
	number_store(bytes, size, 4);
	bytes[4] = frame->op;
	bytes[5] = frame->flags;
	number_store(bytes + 6, frame->tag_size, 2);
	number_store(bytes + 8, frame->from, 8);
	number_store(bytes + 16, frame->to, 8);
	number_store(bytes + 24, frame->ref, 8);
	if (frame->tag_size)
		memcpy(bytes + WIRE_HEADER_SIZE, frame->tag, frame->tag_size);
	if (frame->payload_size)
		memcpy(bytes + WIRE_HEADER_SIZE + frame->tag_size, frame->payload,
		       frame->payload_size);
	world_step(w, &(struct event){
			      .kind = EVENT_FRAMES, .source = source, .data = bytes, .size = size});
}

void world_credit(struct world *w, uint64_t source, uint64_t n, uint64_t consumed)
{
	world_frame(w, source, &(struct wire_frame){.op = WIRE_CREDIT, .ref = n, .to = consumed});
}

void world_monitor(struct world *w, uint64_t source, uint64_t ref, actor_pid pid, const char *name)
{
	world_frame(w, source,
		    &(struct wire_frame){.op = WIRE_MONITOR,
					 .flags = name ? WIRE_NAMED : 0,
					 .to = pid.n,
					 .ref = ref,
					 .tag = name,
					 .tag_size = (uint16_t)(name ? strlen(name) + 1 : 0)});
}

void world_message(struct world *w, uint64_t source, const char *to, const char *tag,
		   size_t payload_size)
{
	static char payload[WIRE_DATAGRAM_MAX];
	char named[300];
	struct wire_frame f = {
		.op = WIRE_MESSAGE, .payload = payload, .payload_size = payload_size};
	actor_pid pid;
	int n;

	if (actor_pid_parse(to, &pid) == 0) {
		f.to = pid.n;
		f.tag = tag;
		f.tag_size = (uint16_t)strlen(tag);
	} else {
		n = snprintf(named, sizeof(named), "%s%c%s", to, 0, tag);
		f.flags = WIRE_NAMED;
		f.tag = named;
		f.tag_size = (uint16_t)n;
	}
	world_frame(w, source, &f);
}

void world_call(struct world *w, uint64_t source, uint64_t ref, actor_pid to, const char *tag)
{
	world_frame(w, source,
		    &(struct wire_frame){.op = WIRE_CALL,
					 .to = to.n,
					 .ref = ref,
					 .tag = tag,
					 .tag_size = (uint16_t)strlen(tag)});
}

void world_answer_call(struct world *w, uint64_t source, actor_pid to, uint64_t ref,
		       const char *text)
{
	world_frame(w, source,
		    &(struct wire_frame){.op = WIRE_RESPONSE,
					 .to = to.n,
					 .ref = ref,
					 .payload = text,
					 .payload_size = strlen(text)});
}

void world_receive(struct world *w, uint64_t source, uint64_t ref, uint8_t flags,
		   const char *const *globs)
{
	struct buf clauses CLEANUP(buf_fini) = BUF_INIT;

	for (; globs && *globs; globs++) {
		uint8_t clause[CLAUSE_HEADER_SIZE] = {0};
		size_t size = strlen(*globs);

		number_store(clause, CLAUSE_HEADER_SIZE + size, 2);
		clause[3] = CLAUSE_HAS_TAG;
		buf_append(&clauses, clause, sizeof(clause));
		buf_append(&clauses, *globs, size);
	}
	world_frame(w, source,
		    &(struct wire_frame){.op = WIRE_RECEIVE,
					 .flags = flags,
					 .ref = ref,
					 .payload = clauses.data,
					 .payload_size = clauses.size});
}

void world_cancel(struct world *w, uint64_t source, uint64_t ref)
{
	world_frame(w, source, &(struct wire_frame){.op = WIRE_CANCEL, .ref = ref});
}

const char *world_inbox(struct world *w, uint64_t source)
{
	char *inbox = w->inbox[source - 1];

	snprintf(w->told, sizeof(w->told), "%s", *inbox ? inbox + 1 : "");
	inbox[0] = '\0';
	return w->told;
}
