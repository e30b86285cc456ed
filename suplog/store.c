/* SPDX-License-Identifier: MIT */

/* A stream's file and its record. */

#include "suplog/store.h"

#include <errno.h>

#include "suplog/packing.h"
#include "suplog/pump.h"
#include "suplog/stream.h"

void store_has_begun(struct keeper *k, struct stream *s)
{
	if (s->place.since != 0)
		return;
	s->place.since = (uint64_t)wall_now();
	hand_sweep_at(k, mono_now());
}

/* Another file than before begins with a line, also where what is in it has no end; and so does
 * what is written in another format. */
static int begin_line(struct keeper *k, struct stream *s, struct fault *fault)
{
	CLEANUP(buf_fini) struct buf last = BUF_INIT;
	int r = 0;

	if ((s->settings->format == FORMAT_RAW && !s->reformatted) || s->place.offset == 0)
		return 0;
	hand_leave(k, s);
	if (place_tail(&s->place, 1, &last) == 0 && last.size > 0 && last.data[0] != '\n')
		r = place_write(&s->place, "\n", 1, fault);
	hand_enter(k);
	return r;
}

/* Old files that a keeper before has left unpacked. */
static void store_find_left(struct keeper *k, struct stream *s)
{
	if (s->settings->packing == LOGS_PLAIN || !k->packing)
		return;
	hand_leave(k, s);
	packing_add_left(k->packing, s->place.file, s->settings->packing);
	hand_enter(k);
}

int store_ready(struct keeper *k, struct stream *s, struct fault *fault)
{
	const struct record_slot *slot = record_slot(&k->record, s->number);
	struct record_slot file;
	bool gone;
	int r;

	hand_leave(k, s);
	r = k->root.dir < 0 ? hand_open_root(k, fault) : 0;
	if (r == 0)
		r = s->recovered
			    ? place_look(&s->place, fault)
			    : place_recover(&s->place, slot->dev, slot->ino, slot->offset, fault);
	gone = r == -ENOENT && place_root_is_gone(&k->root);
	hand_enter(k);
	if (gone) {
		k->done = true;
		k->status = EXIT_AGAIN;
	}
	if (r < 0)
		return r;
	if (!s->has_opened)
		store_find_left(k, s);
	s->recovered = s->has_opened = true;
	if (slot->ino == s->place.ino && slot->dev == s->place.dev &&
	    slot->offset == s->place.offset && !s->reformatted)
		return 0;
	if (slot->ino != s->place.ino || s->place.offset == 0 || s->reformatted) {
		s->format.state.open = 0;
		r = begin_line(k, s, fault);
		if (r < 0)
			return r;
		s->reformatted = false;
	}
	file = (struct record_slot){.dev = s->place.dev,
				    .ino = s->place.ino,
				    .offset = s->place.offset,
				    .since = s->place.since,
				    .state = s->format.state};
	record_set_file(&k->record, s->number, &file);
	return 0;
}

uint64_t store_room(const struct stream *s)
{
	uint64_t size = s->settings->size;

	return size > s->place.offset ? size - s->place.offset : 0;
}

void store_learn_raw(struct keeper *k, struct stream *s)
{
	CLEANUP(buf_fini) struct buf last = BUF_INIT;

	hand_leave(k, s);
	place_tail(&s->place, 1, &last);
	hand_enter(k);
	s->format.state = (struct format_state){.open = last.size && last.data[0] != '\n'};
}

/* A raw line that is longer than lines may be: it is torn, as the file would grow for ever. */
static bool line_is_endless(const struct stream *s)
{
	return s->settings->format == FORMAT_RAW && s->place.offset > s->settings->size &&
	       s->place.offset - s->settings->size > s->settings->line_max;
}

/* The next file, where this one is full, or was rotated since the batch began. What was formatted
 * comes to be in that: the line at hand is then where it was before, whatever file it is in. */
static int next_file(struct keeper *k, struct stream *s, bool full,
		     const struct format_state *before, struct fault *fault)
{
	const struct format_state then = s->format.state;
	int r = full ? rotate_now(k, s, 0, fault) : 0;

	s->format.state = *before;
	if (r == 0)
		r = store_ready(k, s, fault);
	s->format.state = then;
	return r;
}

/* Writes what was formatted of the n bytes, in a new file where it does not fit this one. */
int store_put(struct keeper *k, struct stream *s, const struct format_state *before,
	      struct fault *fault)
{
	bool full = k->out.size > store_room(s) && s->place.offset > 0 &&
		    (!before->open || line_is_endless(s));
	int r = 0;

	if (!stream_has_file(s))
		return 0;
	if (full || s->place.fd < 0)
		r = next_file(k, s, full, before, fault);
	if (r < 0)
		return r;
	hand_leave(k, s);
	r = place_write(&s->place, k->out.data, k->out.size, fault);
	hand_enter(k);
	if (r == 0)
		store_has_begun(k, s);
	return r;
}
