/* SPDX-License-Identifier: MIT */

/*
 * What is due by time, for all streams at once, as it is seldom: rotations by age, requests to
 * rotate, notices of dropped lines that were held back, and the end.
 */

#include <stdlib.h>

#include "suplog/notice.h"
#include "suplog/pump.h"
#include "suplog/stream.h"

/* Between two notices of dropped lines. */
#define TOLD_SPAN SPAN_S(1)

/* The first byte in the file is older than may be: as told by the wall clock, as that is what the
 * file's own time is of. */
static void sweep_age(struct keeper *k, struct stream *s, struct mono now)
{
	struct span age = s->settings->age;
	int64_t old;

	if (span_is_infinite(age) || !stream_has_file(s) || !s->place.since)
		return;
	old = wall_now() - (int64_t)s->place.since;
	/* The clock was set back: it counts from now on. */
	if (old < 0) {
		s->place.since = (uint64_t)wall_now();
		old = 0;
	}
	if (old < age.ns) {
		hand_sweep_at(k, mono_add(now, (struct span){age.ns - old}));
		return;
	}
	s->rotate_late = true;
	hand_look_at(k, s, now);
	hand_sweep_at(k, mono_add(now, TOLD_SPAN));
}

static void tell_dropped(struct keeper *k, struct stream *s, const char *why, struct tally *tally)
{
	if (tally->bytes > 0)
		notice_dropped(k, s, why, tally);
	*tally = (struct tally){0};
}

static void sweep_dropped(struct keeper *k, struct stream *s, struct mono now)
{
	struct mono due = mono_add(s->told_at, TOLD_SPAN);

	if (s->dropped.bytes == 0 && s->dropped_rate.bytes == 0)
		return;
	if (notices_are_many(k))
		due = mono_add(now, TOLD_SPAN);
	if (due.ns > now.ns && !k->finishing) {
		hand_sweep_at(k, due);
		return;
	}
	tell_dropped(k, s, "overflow", &s->dropped);
	tell_dropped(k, s, "rate", &s->dropped_rate);
	s->told_at = now;
}

/* What was dropped of a service that has been quiet since is noted when its span is over. */
static void sweep_rated(struct keeper *k, struct stream *s, struct mono now)
{
	struct mono over = mono_add(s->rate.begin, s->rate.span);

	if (s->unwritten_rate.bytes == 0)
		return;
	if (over.ns <= now.ns) {
		hand_look_at(k, s, now);
		over = mono_add(now, TOLD_SPAN);
	}
	hand_sweep_at(k, over);
}

/* Every stream of the request is to look at it. */
static void begin_rotation(struct keeper *k, struct rotation *r, struct mono now)
{
	for (size_t i = 0; i < k->n_streams; i++) {
		struct stream *s = k->streams[i];

		if (!s || (r->number >= 0 && (uint64_t)r->number != i))
			continue;
		s->rotation = r;
		r->left++;
		hand_look_at(k, s, now);
	}
	r->begun = true;
}

static void end_rotation(struct keeper *k, struct rotation *r)
{
	struct notice n;

	notice_begin(&n, KEEPER_DONE, NULL);
	field_put_int(&n.encoder, 0, "ref", (int64_t)r->ref);
	if (r->fault.error)
		field_put_text(&n.encoder, 0, "error", r->fault.text);
	notice_send(k, &n);
	list_unlink(&r->link);
	free(r);
}

static void sweep_rotations(struct keeper *k, struct mono now)
{
	while (!list_is_empty(&k->rotations)) {
		struct rotation *r = LIST_ENTRY(k->rotations.next, struct rotation, link);

		if (!r->begun)
			begin_rotation(k, r, now);
		if (r->left > 0)
			break;
		end_rotation(k, r);
	}
}

/* At the end each pipe has to be read up to what is in it now. */
static void sweep_finish(struct keeper *k, struct mono now)
{
	for (size_t i = 0; i < k->n_streams; i++)
		if (k->streams[i] && !k->streams[i]->last)
			stream_finish(k, k->streams[i], now);
	k->finish_asked = true;
	hand_sweep_at(k, k->finish_by);
}

void sweep(struct keeper *k)
{
	struct mono now = mono_now();

	k->sweep_at = MONO_NEVER;
	sweep_rotations(k, now);
	for (size_t i = 0; i < k->n_streams; i++) {
		struct stream *s = k->streams[i];

		if (!s)
			continue;
		sweep_age(k, s, now);
		sweep_dropped(k, s, now);
		sweep_rated(k, s, now);
		trouble_sweep(k, s, now);
	}
	if (k->finishing)
		sweep_finish(k, now);
}
