/* SPDX-License-Identifier: MIT */

/* What the keeper tells, and what others hear of it. A notice that makes no sense is passed over.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "supd/daemon.h"
#include "supd/events.h"
#include "supd/keeping.h"
#include "supd/log.h"
#include "wire/field.h"

/* Heard before others have their turn. */
#define BATCH 64

/* What is dropped is told of again after a second, two, four, ... */
#define DROPPING_FIRST SPAN_S(1)
#define DROPPING_MOST SPAN_S(600)
#define DROPPING_OVER SPAN_S(60)

/* A notice about a stream. */
struct heard {
	struct keeper *k;
	struct stream *s; /* NULL: there is no such one */
	const struct wire_frame *frame;
	uint64_t ref;
};

static struct log_about about(const struct heard *h, const char *event)
{
	struct log_about about = {.event = event};

	if (h->s && h->s->exec)
		about.name = h->s->name;
	return about;
}

static const char *text_of(const struct heard *h, const char *name)
{
	const char *text = field_text(h->frame, name);

	return text ? text : "";
}

/* "web/api: ": of which log, where the line itself does not say it. */
static const char *which(const struct heard *h, char buf[64])
{
	*buf = '\0';
	if (h->s && !h->s->exec)
		snprintf(buf, 64, "%s.log: ", h->s->name);
	return buf;
}

/* Of a log of our own it is about the daemon. */
static void add_event_by(const struct heard *h, const char *origin, const char *kind,
			 const char *reason, const char *text)
{
	bool is_service = h->s && h->s->exec;
	struct buf explanation CLEANUP(buf_fini) = BUF_INIT;
	char buf[64];

	buf_printf(&explanation, "%s%s", which(h, buf), text);
	events_add(h->k->daemon, &(struct occurrence){
					 .kind = kind,
					 .name = is_service ? h->s->name : NULL,
					 .reason = reason,
					 .explanation = buf_text(&explanation),
					 .origin = origin,
				 });
}

static void add_event(const struct heard *h, const char *kind, const char *reason, const char *text)
{
	add_event_by(h, origin_names[ORIGIN_SELF], kind, reason, text);
}

/* ---- each of them ---- */

static void on_ready(struct heard *h)
{
	h->k->ready = true;
}

static void on_marked(struct heard *h)
{
	struct field tail = {.text = NULL};

	if (!h->ref)
		return;
	if (h->s && h->s->released == h->ref) {
		keeper_say_later(h->s, SAY_FORGET);
		return;
	}
	field_find(h->frame, "tail", FIELD_BYTES, &tail);
	keeper_answer_mark(h->k, h->ref, tail.text ? tail.text : "", tail.text_size);
}

static void on_pong(struct heard *h)
{
	keeper_hear_pulse(h->k, h->ref);
}

static void on_rotated(struct heard *h)
{
	struct keeper_rotation *r = h->ref ? keeper_find_rotation(h->k, h->ref) : NULL;
	const char *file = field_text(h->frame, "file"), *path = NULL;
	struct buf whole CLEANUP(buf_fini) = BUF_INIT;
	int64_t bytes = field_int(h->frame, "bytes", 0);
	struct log_about a = about(h, "rotated");
	char buf[64];

	if (file && h->k->dir) {
		if (buf_printf(&whole, "%s/%s", h->k->dir, file) < 0)
			return;
		path = buf_text(&whole);
	}
	log_about(LOG_AT_DEBUG, &a, "%sthe log was rotated: %lld bytes are in %s now",
		  which(h, buf), (long long)bytes, path ? path : "no file (log_files = 0)");
	if (h->s)
		add_event_by(h, origin_names[r ? ORIGIN_OPERATOR : ORIGIN_SELF], "rotated", NULL,
			     path ? path : "it was removed (log_files = 0)");
	if (r && h->s)
		r->file(r, h->s->name, path, bytes);
}

static void on_done(struct heard *h)
{
	struct keeper_rotation *r = h->ref ? keeper_find_rotation(h->k, h->ref) : NULL;

	if (r)
		keeper_end_rotation(r, field_text(h->frame, "error"));
}

static void on_watching(struct heard *h)
{
	if (h->s)
		stream_watching(h->s, h->ref);
}

static void on_matched(struct heard *h)
{
	if (h->s)
		stream_matched(h->s, h->ref);
}

static void on_trouble(struct heard *h)
{
	const char *error = text_of(h, "error");
	struct log_about a = about(h, "log_trouble");
	char buf[64];

	if (h->s) {
		free(h->s->trouble);
		h->s->trouble = strdup(error);
	}
	log_about(LOG_AT_ERROR, &a, "%sits log: %s", which(h, buf), error);
	add_event(h, "log_trouble", NULL, error);
}

static void on_better(struct heard *h)
{
	struct log_about a = about(h, "log_better");
	char buf[64];

	if (h->s)
		free(TAKE(h->s->trouble));
	log_about(LOG_AT_INFO, &a, "%sits log is written again", which(h, buf));
	add_event(h, "log_better", NULL, "its log is written again");
}

bool dropping_is_due(struct dropping *d, struct mono now)
{
	if (now.ns < d->due.ns)
		return false;
	if (!d->wait.ns || mono_between(d->due, now).ns > DROPPING_OVER.ns)
		d->wait = DROPPING_FIRST;
	d->due = mono_add(now, d->wait);
	d->wait.ns = MIN_OF(2 * d->wait.ns, DROPPING_MOST.ns);
	return true;
}

static void on_dropped(struct heard *h)
{
	int64_t lines = field_int(h->frame, "lines", 0), bytes = field_int(h->frame, "bytes", 0);
	const char *why = text_of(h, "why");
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	struct log_about a = about(h, "log_dropped");
	char buf[64];

	if (h->s) {
		struct dropping *d = &h->s->dropping;

		h->s->dropped += (uint64_t)MAX_OF(lines, 0);
		d->lines += lines;
		d->bytes += bytes;
		if (!dropping_is_due(d, loop_now()))
			return;
		lines = d->lines;
		bytes = d->bytes;
		d->lines = d->bytes = 0;
	}
	buf_printf(&text, "%lld line%s of its log (%lld bytes) %s dropped: %s", (long long)lines,
		   lines == 1 ? "" : "s", (long long)bytes, lines == 1 ? "was" : "were",
		   strcmp(why, "rate") == 0 ? "there were more than log_rate allows"
					    : "the disk takes no more (log_overflow)");
	log_about(LOG_AT_WARNING, &a, "%s%s", which(h, buf), buf_text(&text));
	/* One of ours would make what it tells of. */
	if (h->s && h->s->exec)
		add_event(h, "log_dropped", strcmp(why, "rate") == 0 ? "rate" : "overflow",
			  buf_text(&text));
}

static void (*const calls[KEEPER_N_NOTICES])(struct heard *h) = {
	[KEEPER_READY] = on_ready,     [KEEPER_MARKED] = on_marked,
	[KEEPER_PONG] = on_pong,       [KEEPER_ROTATED] = on_rotated,
	[KEEPER_DONE] = on_done,       [KEEPER_WATCHING] = on_watching,
	[KEEPER_MATCHED] = on_matched, [KEEPER_TROUBLE] = on_trouble,
	[KEEPER_BETTER] = on_better,   [KEEPER_DROPPED] = on_dropped,
};

/* ---- all of them ---- */

static void hear_notice(struct keeper *k, const struct wire_frame *frame)
{
	struct heard h = {.k = k, .frame = frame};
	const char *kind;
	int64_t number;

	if (frame->op != WIRE_ROW || field_check(frame) < 0)
		return;
	kind = field_text(frame, "kind");
	number = field_int(frame, "number", -1);
	h.ref = (uint64_t)field_int(frame, "ref", 0);
	if (number >= 0 && (size_t)number < k->n_numbers)
		h.s = k->by_number[number];
	for (int i = 0; kind && i < KEEPER_N_NOTICES; i++) {
		if (strcmp(kind, keeper_notice_names[i]) == 0)
			calls[i](&h);
	}
}

static void hear_datagram(struct keeper *k, size_t size)
{
	struct wire_frame frame;
	size_t cursor = 0;

	while (wire_decode(k->heard, size, &cursor, &frame) == 1)
		hear_notice(k, &frame);
}

bool keeper_hear(struct keeper *k)
{
	k->heard_more = false;
	for (int i = 0; i < BATCH; i++) {
		ssize_t n = recv(k->socket, k->heard, sizeof(k->heard), MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0)
			return false;
		hear_datagram(k, (size_t)n);
	}
	k->heard_more = true;
	return true;
}
