/* SPDX-License-Identifier: MIT */

/*
 * Rotation: by size (while a batch is written), by age and on request, always between two lines. A
 * request waits a second for the end of a line; then it is answered, and the file is rotated as
 * soon as the line ends.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suplog/notice.h"
#include "suplog/pump.h"
#include "suplog/store.h"
#include "suplog/stream.h"

static void tell_rotated(struct keeper *k, const struct stream *s, uint64_t ref, const char *file,
			 uint64_t bytes)
{
	struct notice n;

	/* Nobody has asked for it. */
	if (ref == 0 && notices_are_many(k))
		return;
	notice_begin(&n, KEEPER_ROTATED, s);
	field_put_int(&n.encoder, 0, "ref", (int64_t)ref);
	field_put_text(&n.encoder, 0, "file", file);
	field_put_int(&n.encoder, 0, "bytes", (int64_t)bytes);
	notice_send(k, &n);
}

int rotate_now(struct keeper *k, struct stream *s, uint64_t ref, struct fault *fault)
{
	CLEANUP(cleanup_free) char *name = NULL;
	uint64_t bytes = s->place.offset;
	int r;

	hand_leave(k, s);
	r = place_rotate(&s->place, s->settings->files, &name, fault);
	hand_enter(k);
	if (r == 0)
		tell_rotated(k, s, ref, name, bytes);
	if (r == 0 && name && k->packing && s->settings->packing != LOGS_PLAIN)
		packing_add(k->packing, name, s->settings->packing);
	return r;
}

/* The stream has had its turn in the request. */
void rotation_passed(struct keeper *k, struct stream *s, const struct fault *fault)
{
	struct rotation *r = s->rotation;

	if (!r)
		return;
	s->rotation = NULL;
	r->left--;
	if (r->left == 0)
		hand_sweep_at(k, mono_now());
	if (fault && !r->fault.error)
		r->fault = *fault;
}

static void give_up(struct keeper *k, struct stream *s)
{
	struct fault fault = {.error = -1};

	snprintf(fault.text, sizeof(fault.text),
		 "%s: is in the midst of a line: it is rotated when that ends", s->settings->name);
	s->rotate_late = true;
	rotation_passed(k, s, &fault);
}

/* Whether the file ends where a line does. raw: as the last look has left it. */
static bool between_lines(struct keeper *k, struct stream *s)
{
	CLEANUP(buf_fini) struct buf last = BUF_INIT;

	if (s->settings->format != FORMAT_RAW)
		return !s->format.state.open && !s->format.state.split;
	hand_leave(k, s);
	place_tail(&s->place, 1, &last);
	hand_enter(k);
	return last.size == 0 || last.data[0] == '\n';
}

void rotate_on_request(struct keeper *k, struct stream *s)
{
	struct fault fault;
	int r;

	if (!stream_has_file(s)) {
		rotation_passed(k, s, NULL);
		return;
	}
	/* What a keeper before has left of a batch is cut off first. */
	r = store_ready(k, s, &fault);
	if (r == 0 && s->place.offset > 0) {
		if (!between_lines(k, s)) {
			if (s->rotation && mono_now().ns >= s->rotation->until.ns)
				give_up(k, s);
			return;
		}
		r = rotate_now(k, s, s->rotation ? s->rotation->ref : 0, &fault);
	}
	s->rotate_late = false;
	rotation_passed(k, s, r < 0 ? &fault : NULL);
}
