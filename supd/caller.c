/* SPDX-License-Identifier: MIT */

#include "supd/caller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supd/processes.h"
#include "wire/frame.h"

struct caller {
	struct list calls; /* struct outgoing_call */
	uint64_t source;   /* 0: it has not joined */
	uint64_t last_source, last_ref;
	struct buf frame;
};

void outgoing_call_init(struct outgoing_call *call)
{
	list_init(&call->link);
}

/* ---- to the core ---- */

static struct caller *caller_get(struct daemon *d)
{
	struct caller *caller = d->processes->caller;

	if (caller)
		return caller;
	caller = d->processes->caller = calloc(1, sizeof(*caller));
	if (caller)
		list_init(&caller->calls);
	return caller;
}

/* A join that is refused is a drop, at once. */
static bool join(struct daemon *d, struct caller *caller)
{
	if (caller->source)
		return true;
	caller->source = CALLER_SOURCES + ++caller->last_source;
	daemon_step(d, &(struct event){.kind = EVENT_JOIN,
				       .source = caller->source,
				       .role = ROLE_GUEST,
				       .uid = (uint32_t)geteuid(),
				       .admin = true});
	return caller->source != 0;
}

static int send_frame(struct daemon *d, struct caller *caller, const struct wire_frame *frame)
{
	struct wire_encoder e;
	int r;

	buf_clear(&caller->frame);
	wire_begin(&e, &caller->frame, frame);
	r = wire_end(&e);
	if (r < 0)
		return r;
	daemon_step(d, &(struct event){.kind = EVENT_FRAMES,
				       .source = caller->source,
				       .data = caller->frame.data,
				       .size = caller->frame.size});
	return 0;
}

int caller_call(struct daemon *d, struct outgoing_call *call, actor_pid whom, const char *tag)
{
	struct caller *caller = caller_get(d);
	struct wire_frame frame;
	int r;

	if (!caller || !join(d, caller))
		return -ENOMEM;
	call->ref = ++caller->last_ref;
	list_append(&caller->calls, &call->link);
	frame = wire_frame(WIRE_CALL, tag, call->ref);
	frame.flags = WIRE_DIRECT;
	frame.to = whom.n;
	r = send_frame(d, caller, &frame);
	if (r < 0)
		list_unlink(&call->link);
	return r;
}

void caller_forget(struct outgoing_call *call)
{
	list_unlink(&call->link);
}

void caller_free(struct caller *caller)
{
	if (!caller)
		return;
	while (list_take_first(&caller->calls))
		;
	buf_fini(&caller->frame);
	free(caller);
}

/* ---- from the core ---- */

static void end(struct caller *caller, uint64_t ref, bool answered)
{
	LIST_EACH (l, &caller->calls) {
		struct outgoing_call *call = LIST_ENTRY(l, struct outgoing_call, link);

		if (call->ref != ref)
			continue;
		list_unlink(&call->link);
		call->done(call->owner, answered);
		return;
	}
}

void caller_on_frames(struct daemon *d, const void *data, size_t size)
{
	struct wire_frame frame;
	size_t cursor = 0;

	while (wire_decode(data, size, &cursor, &frame) > 0) {
		if (frame.op == WIRE_RESPONSE || frame.op == WIRE_DOWN)
			end(d->processes->caller, frame.ref, frame.op == WIRE_RESPONSE);
	}
}

/* Memory was short: the next call joins anew. */
void caller_on_drop(struct daemon *d)
{
	struct caller *caller = d->processes->caller;
	struct list *l;

	caller->source = 0;
	while ((l = list_take_first(&caller->calls))) {
		struct outgoing_call *call = LIST_ENTRY(l, struct outgoing_call, link);

		call->done(call->owner, false);
	}
}
