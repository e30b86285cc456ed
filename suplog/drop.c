/* SPDX-License-Identifier: MIT */

/* Dropping. Nothing of it is in the record but that batch: what is dropped is dropped. */

#include "suplog/drop.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suplog/stream.h"
#include "suplog/watch.h"

#define PIECE 65536
/* Pieces of one stream at once: others wait for theirs. */
#define PIECES 64

static void count(struct keeper *k, struct stream *s, const char *data, size_t size)
{
	uint64_t lines;

	if (size == 0)
		return;
	lines = count_lines(data, size);
	s->dropped.lines += lines;
	s->dropped.bytes += size;
	s->unwritten.lines += lines;
	s->unwritten.bytes += size;
	s->dropping = data[size - 1] != '\n';
	stream_note_tail(s, data, size);
	hand_sweep_at(k, mono_now());
}

void drop_all(struct keeper *k, struct stream *s)
{
	char data[PIECE];

	stream_taking(k, s);
	for (int i = 0; i < PIECES; i++) {
		ssize_t n =
			splice(s->pipe, NULL, k->spill[1], NULL, sizeof(data), SPLICE_F_NONBLOCK);

		if (n <= 0)
			break;
		for (ssize_t got; n > 0; n -= got) {
			got = read(k->spill[0], data, (size_t)n);
			if (got <= 0)
				break;
			watch_look(k, s, data, (size_t)got);
			watch_pass(k, s, (size_t)got);
			s->taken += (uint64_t)got;
			count(k, s, data, (size_t)got);
		}
	}
	/* Of what is held it is not known yet whether it was taken. */
	if (k->held == 0 || k->calling != s)
		stream_took(k, s);
}

void stall_drop(struct keeper *k)
{
	struct stream *s = k->calling;

	if (s->settings->drop && !s->detached && k->flight > 0 && k->held == 0) {
		stream_taking(k, s);
		k->held = record_hold(&k->record, s->number, s->pipe, k->flight);
		if (k->held == 0)
			stream_took(k, s);
	}
	for (size_t i = 0; i < k->n_streams; i++) {
		struct stream *each = k->streams[i];

		if (!each || !each->settings->drop)
			continue;
		if (each == s && k->held < k->flight)
			continue;
		drop_all(k, each);
	}
}

void drop_held(struct keeper *k, struct stream *s, size_t n, const struct record_slot *then)
{
	char data[PIECE];
	struct tally before = s->dropped;
	size_t held = k->held, left;
	bool dropping = s->dropping;

	k->held = 0;
	k->flight = 0;
	watch_pass(k, s, MAX_OF(held, n));
	left = record_release(&k->record, s->pipe, n, then, data, sizeof(data));
	s->taken += MAX_OF(held, n);
	count(k, s, data, left);
	/* What was dropped behind it is what counts for the line at hand. */
	if (before.bytes > 0)
		s->dropping = dropping;
	if (held > n + left) {
		s->dropped.bytes += held - n - left;
		s->unwritten.bytes += held - n - left;
	}
	stream_took(k, s);
}

size_t drop_rest_of_line(struct keeper *k, struct stream *s, const char *data, size_t size)
{
	const char *end;
	size_t n;

	if (!s->dropping)
		return 0;
	end = memchr(data, '\n', size);
	n = end ? (size_t)(end - data) + 1 : size;
	count(k, s, data, n);
	return n;
}

void drop_rated(struct keeper *k, struct stream *s, const char *data, size_t size)
{
	uint64_t lines = count_lines(data, size);

	watch_look(k, s, data, size);
	stream_note_tail(s, data, size);
	s->dropped_rate.lines += lines;
	s->dropped_rate.bytes += size;
	s->unwritten_rate.lines += lines;
	s->unwritten_rate.bytes += size;
	hand_sweep_at(k, mono_now());
}

void drop_remark(struct keeper *k, struct stream *s, const struct tally *tally, const char *why)
{
	char text[160];

	snprintf(text, sizeof(text), "%" PRIu64 " lines (%" PRIu64 " bytes) were dropped here: %s",
		 tally->lines, tally->bytes, why);
	buf_clear(&k->out);
	/* A line that was begun is not ended any more: its end was dropped. */
	format_end(&s->format, &k->out, wall_now());
	format_remark(&s->format, &k->out, wall_now(), text);
}
