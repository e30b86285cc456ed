/* SPDX-License-Identifier: MIT */

/*
 * Events from the daemon. Who follows them is connected again when the daemon comes back, and goes
 * on after the last number that was seen: what happened in between the new daemon has read back, or
 * it tells of a gap.
 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "supctl/ask.h"
#include "supctl/events.h"

/* Between two looks whether the daemon is back. */
#define LOOK_MS 200

/* Where a connection begins. */
struct stage {
	struct event_bound since;
	bool kept, follow;
	bool again; /* another connection, or a request, was before it */
};

static void put_list(struct wire_encoder *e, const char *name, const char *const *texts, size_t n)
{
	char **list = calloc(n + 1, sizeof(*list));

	for (size_t i = 0; list && i < n; i++)
		list[i] = (char *)(uintptr_t)texts[i];
	if (list && n)
		field_put_list(e, 0, name, list);
	if (!list)
		e->error = -ENOMEM;
	free(list);
}

static int request(struct context *context, const struct stage *stage)
{
	struct wire_encoder *e;
	uint64_t ref;
	int status;

	e = context_begin(context, "events", &ref, &status);
	if (!e)
		return status;
	if (stage->since.kind == BOUND_TIME)
		field_put_time(e, 0, "since_time", stage->since.at);
	else if (stage->since.kind == BOUND_SEQ || stage->kept)
		field_put_int(e, 0, "since", stage->since.at);
	field_put_bool(e, 0, "follow", stage->follow);
	put_list(e, "paths", (const char *const *)context->args, (size_t)context->n_args);
	put_list(e, "kinds", context->list, context->n_list);
	return context_end(context);
}

/* The daemon that has come back knows less than was seen: it has begun to count anew. */
static bool counts_anew(const struct event_show *show, const struct stage *stage,
			const struct wire_frame *row)
{
	return stage->again && field_int(row, "seq", INT64_MAX) < show->seen;
}

/* ---- one connection ---- */

/* What comes until the request's end. 0; an exit status with the message printed; -EPIPE: the
 * daemon has gone, and is to be waited for; -ESTALE: it counts anew. */
static int take_rows(struct context *context, struct event_show *show, const struct stage *stage)
{
	struct wire_frame frame;

	while (show->left) {
		int r = client_receive(context->client, context->deadline, &frame);
		const char *kind;

		if ((r == -EPIPE || r == -ECONNRESET) && show->wish->follow)
			return -EPIPE;
		if (r)
			return context_failed(context, r);
		if (frame.op == WIRE_REPLY) {
			r = reply_status(&frame);
			return r || frame.ref ? r : EXIT_FAILED;
		}
		if (frame.op != WIRE_ROW)
			return context_failed(context, -EPROTO);
		kind = field_text(&frame, "kind");
		if (stage->again && kind && strcmp(kind, "watching") == 0) {
			if (counts_anew(show, stage, &frame))
				return -ESTALE;
			continue;
		}
		if (event_show_take(show, &frame) < 0) {
			complain("out of memory");
			return EXIT_FAILED;
		}
		if (show->left && client_has_frame(context->client))
			continue;
		if (!event_show_flush(show))
			return EXIT_FAILED;
	}
	return 0;
}

/* ---- over restarts of the daemon ---- */

static void disconnect(struct context *context)
{
	client_close(context->client);
	context->client = NULL;
}

static bool is_absent(int error)
{
	return is_no_daemon(error) || error == -EAGAIN || error == -EPIPE || error == -ECONNRESET;
}

/* 0 when it is back, or an exit status with the message printed. */
static int wait_for_daemon(struct context *context)
{
	struct pollfd reader = {.fd = STDOUT_FILENO};
	int r;

	do {
		poll(&reader, 1, LOOK_MS);
		if (reader.revents & (POLLERR | POLLHUP | POLLNVAL))
			return EXIT_FAILED;
		/* What is closed is always ready. */
		r = deadline_in((struct span){0}).ns >= context->deadline.ns ? -ETIMEDOUT
									     : context_try(context);
	} while (r < 0 && is_absent(r));
	if (r == -ETIMEDOUT)
		return context_failed(context, r);
	return r < 0 ? context_connect(context) : r;
}

static int follow_on(struct context *context, struct event_show *show, struct stage stage)
{
	int r;

	while ((r = request(context, &stage)) == 0 || r == EXIT_DIED) {
		int64_t before = show->seen;

		r = r ? -EPIPE : take_rows(context, show, &stage);
		if (r >= 0)
			return r;
		if (r == -EPIPE && (show->seen > before || !stage.again))
			complain("the daemon at %s has gone: waiting until it is back",
				 context->path);
		if (r == -ESTALE)
			complain("the daemon at %s does not know of the events before it, and "
				 "counts anew",
				 context->path);
		if (r == -ESTALE)
			show->seen = 0;
		disconnect(context);
		r = wait_for_daemon(context);
		if (r)
			return r;
		stage = (struct stage){.since = {BOUND_SEQ, show->seen ? show->seen + 1 : 0},
				       .kept = true,
				       .follow = true,
				       .again = true};
	}
	return r;
}

int events_from_daemon(struct context *context, const struct event_wish *wish)
{
	struct event_show show CLEANUP(event_show_fini);
	struct stage stage = {.since = wish->since, .kept = wish->kept, .follow = wish->follow};
	int r;

	event_show_init(&show, context, wish);
	if (show.hold) {
		stage.follow = false;
		r = request(context, &stage);
		if (r == 0)
			r = take_rows(context, &show, &stage);
		/* Also what was there before the daemon has gone, where that is waited for. */
		if (r <= 0)
			event_show_last(&show);
		if (r > 0 || !wish->follow || !show.left)
			return event_show_flush(&show) ? r : EXIT_FAILED;
		stage.follow = stage.again = true;
		if (show.seen)
			stage.since = (struct event_bound){BOUND_SEQ, show.seen + 1};
	}
	r = follow_on(context, &show, stage);
	return event_show_flush(&show) ? r : EXIT_FAILED;
}
