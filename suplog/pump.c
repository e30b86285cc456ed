/* SPDX-License-Identifier: MIT */

/*
 * From a pipe to a log. Each batch follows the record's protocol (suplog/record.h): what is in the
 * pipe is looked at by tee(2) into a pipe of our own, and taken out once it is written.
 *
 * raw that nobody else wants to see goes from that pipe into the file by splice(2); all else is
 * read, formatted and written. Near a file's size limit raw is read too, as a file is rotated
 * between two lines.
 */

#include "suplog/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "logs/keeper.h"
#include "suplog/drop.h"
#include "suplog/notice.h"
#include "suplog/stream.h"

/* So near its limit a raw file is written line by line. */
#define NEAR_LIMIT ((uint64_t)65536)
/* What formatting may make of a batch at once. */
#define OUT_MAX ((size_t)1 << 20)
#define PARTIAL_TIME SPAN_S(1)

static void scratch_empty(struct keeper *k)
{
	ssize_t n;

	do
		n = splice(k->scratch[0], NULL, k->record.nothing, NULL, BATCH_MAX,
			   SPLICE_F_NONBLOCK);
	while (n > 0);
}

/* Looks at the front of the pipe. Bytes in scratch; 0: nothing is there. */
size_t pump_peek(struct keeper *k, struct stream *s, size_t most)
{
	ssize_t n;

	do
		n = tee(s->pipe, k->scratch[1], most, SPLICE_F_NONBLOCK);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		s->ended = true;
	return n > 0 ? (size_t)n : 0;
}

/* All of scratch into the keeper's buffer. A pipe of packets is read one by one. */
void pump_read_scratch(struct keeper *k, size_t n)
{
	ssize_t r;

	for (size_t at = 0; at < n; at += (size_t)r) {
		r = read(k->scratch[0], k->in + at, n - at);
		if (r < 0 && errno == EINTR)
			r = 0;
		else if (r <= 0)
			abort();
	}
}

/* n bytes at the front of the pipe are in the log. False: what is behind them is gone meanwhile. */
bool pump_commit(struct keeper *k, struct stream *s, size_t n)
{
	struct record_slot then = {.offset = s->place.offset, .state = s->format.state};

	k->flight -= MIN_OF(n, k->flight);
	if (s->detached)
		return false;
	if (k->held) {
		drop_held(k, s, n, &then);
		return false;
	}
	record_commit(&k->record, s->number, s->pipe, n, &then);
	s->taken += n;
	return true;
}

/* The first bytes are in the file: its age counts from now on. */
static void file_has_begun(struct keeper *k, struct stream *s)
{
	if (s->place.since != 0)
		return;
	s->place.since = (uint64_t)wall_now();
	hand_sweep_at(k, mono_now());
}

/* Another file than before begins with a line, also where what is in it has no end. */
static int begin_line(struct keeper *k, struct stream *s, struct fault *fault)
{
	CLEANUP(buf_fini) struct buf last = BUF_INIT;
	int r = 0;

	if (s->settings->format == FORMAT_RAW || s->place.offset == 0)
		return 0;
	hand_leave(k, s);
	if (place_tail(&s->place, 1, &last) == 0 && last.size > 0 && last.data[0] != '\n')
		r = place_write(&s->place, "\n", 1, fault);
	hand_enter(k);
	return r;
}

/* The file is open and sound; what the record says of it is true. Without the lock in between. */
static int ready_file(struct keeper *k, struct stream *s, struct fault *fault)
{
	const struct record_slot *slot = record_slot(&k->record, s->number);
	struct record_slot file;
	int r;

	hand_leave(k, s);
	r = s->recovered ? place_look(&s->place, fault)
			 : place_recover(&s->place, slot->dev, slot->ino, slot->offset, fault);
	hand_enter(k);
	if (r < 0)
		return r;
	s->recovered = true;
	if (slot->ino == s->place.ino && slot->dev == s->place.dev &&
	    slot->offset == s->place.offset)
		return 0;
	if (slot->ino != s->place.ino || s->place.offset == 0) {
		s->format.state.open = 0;
		r = begin_line(k, s, fault);
		if (r < 0)
			return r;
	}
	file = (struct record_slot){.dev = s->place.dev,
				    .ino = s->place.ino,
				    .offset = s->place.offset,
				    .since = s->place.since,
				    .state = s->format.state};
	record_set_file(&k->record, s->number, &file);
	return 0;
}

/* Room up to the size limit of the file. */
static uint64_t room_in(const struct stream *s)
{
	uint64_t size = s->settings->size;

	return size > s->place.offset ? size - s->place.offset : 0;
}

bool pump_is_seen(const struct stream *s)
{
	return s->settings->show || s->has_regex;
}

/* raw has no state of its own: whether the file ends in a line is read off it. */
static void learn_raw_state(struct keeper *k, struct stream *s)
{
	CLEANUP(buf_fini) struct buf last = BUF_INIT;

	hand_leave(k, s);
	place_tail(&s->place, 1, &last);
	hand_enter(k);
	s->format.state = (struct format_state){.open = last.size && last.data[0] != '\n'};
}

/* raw by splice: all that fits well below the limit. Bytes written; -errno; 0: by reading. */
static int pump_raw(struct keeper *k, struct stream *s, size_t most, size_t *ret_n,
		    struct fault *fault)
{
	uint64_t room;
	size_t n;
	int r = ready_file(k, s, fault);

	if (r < 0)
		return r;
	room = room_in(s);
	if (s->rotation || s->rotate_late || room <= NEAR_LIMIT || s->unwritten.bytes > 0 ||
	    s->dropping) {
		learn_raw_state(k, s);
		return 0;
	}
	n = pump_peek(k, s, (size_t)MIN_OF(room - NEAR_LIMIT, (uint64_t)most));
	*ret_n = n;
	k->flight = n;
	if (n == 0)
		return 1;
	hand_leave(k, s);
	r = place_splice(&s->place, k->scratch[0], n, fault);
	hand_enter(k);
	if (r < 0) {
		scratch_empty(k);
		return r;
	}
	file_has_begun(k, s);
	pump_commit(k, s, n);
	return 1;
}

/* A raw line that is longer than lines may be: it is torn, as the file would grow for ever. */
static bool line_is_endless(const struct stream *s)
{
	return s->settings->format == FORMAT_RAW && s->place.offset > s->settings->size &&
	       s->place.offset - s->settings->size > s->settings->line_max;
}

/* Writes what was formatted of the n bytes, in a new file where it does not fit this one. */
int pump_put_out(struct keeper *k, struct stream *s, const struct format_state *before,
		 struct fault *fault)
{
	int r;

	if (!stream_has_file(s))
		return 0;
	if (k->out.size > room_in(s) && s->place.offset > 0 &&
	    (!before->open || line_is_endless(s))) {
		r = rotate_now(k, s, 0, fault);
		if (r == 0)
			r = ready_file(k, s, fault);
		if (r < 0)
			return r;
	}
	hand_leave(k, s);
	r = place_write(&s->place, k->out.data, k->out.size, fault);
	hand_enter(k);
	if (r == 0)
		file_has_begun(k, s);
	return r;
}

/* A line without its end has waited long enough at the front of the pipe. */
static bool partial_is_due(struct stream *s, struct mono now)
{
	if (s->partial_since.ns == INT64_MAX || s->partial_at != s->taken) {
		s->partial_since = now;
		s->partial_at = s->taken;
	}
	return mono_between(s->partial_since, now).ns >= PARTIAL_TIME.ns;
}

/* What others than the file want to see of lines. */
static void show(struct keeper *k, struct stream *s, const char *data, size_t size)
{
	(void)k;
	stream_note_tail(s, data, size);
}

/* Writes n bytes that were read. -errno, or how many are written. */
static ssize_t pump_read(struct keeper *k, struct stream *s, size_t n, bool rest,
			 struct fault *fault)
{
	struct format_input in = {.time = wall_now(), .rest = rest};
	size_t at = 0, used;
	int r;

	while (at < n) {
		struct format_state before = s->format.state;
		uint64_t room = stream_has_file(s) ? room_in(s) : UINT64_MAX;

		buf_clear(&k->out);
		in.data = k->in + at;
		in.size = n - at;
		in.room = (size_t)MIN_OF(room, (uint64_t)OUT_MAX);
		used = format_put(&s->format, &k->out, &in);
		r = k->out.error ? fault_set(fault, k->out.error, "%s", s->settings->name) : 0;
		if (used == 0 && r == 0)
			break;
		if (r == 0)
			r = pump_put_out(k, s, &before, fault);
		if (r < 0) {
			s->format.state = before;
			return r;
		}
		show(k, s, in.data, used);
		at += used;
		if (!pump_commit(k, s, used))
			return (ssize_t)n;
		if (s->rotation || s->rotate_late)
			rotate_on_request(k, s);
	}
	return (ssize_t)at;
}

/* What was dropped is said in the log, now that it takes something again. */
static int put_remark(struct keeper *k, struct stream *s, struct fault *fault)
{
	struct format_state before = s->format.state;
	int r;

	if (!drop_remark(k, s))
		return 0;
	r = pump_put_out(k, s, &before, fault);
	if (r < 0) {
		s->format.state = before;
		return r;
	}
	s->unwritten = (struct tally){0};
	pump_commit(k, s, 0);
	return 0;
}

/* The remark alone: nothing else is there to write. */
static int remark(struct keeper *k, struct stream *s, struct fault *fault)
{
	int r = stream_has_file(s) ? ready_file(k, s, fault) : 0;

	return r < 0 ? r : put_remark(k, s, fault);
}

/* By reading: formats, and whatever others want to see. */
static int pump_formatted(struct keeper *k, struct stream *s, size_t most, struct look *ret,
			  struct fault *fault)
{
	struct mono now = s->looked_at;
	bool to_mark = !list_is_empty(&s->marks);
	size_t n = pump_peek(k, s, MIN_OF(most, BATCH_MAX));
	bool due, full;
	size_t used;
	ssize_t r;

	/* A log that is in trouble is not better before something was written. */
	if (n == 0)
		return s->trouble.on && s->unwritten.bytes > 0 ? remark(k, s, fault) : 0;
	pump_read_scratch(k, n);
	k->flight = n;
	if (stream_has_file(s)) {
		r = ready_file(k, s, fault);
		if (r < 0)
			return (int)r;
	}
	if (s->unwritten.bytes > 0) {
		r = put_remark(k, s, fault);
		if (r < 0)
			return (int)r;
	}
	used = drop_rest_of_line(k, s, k->in, n);
	if (used > 0) {
		ret->n = used;
		pump_commit(k, s, used);
		return 0;
	}
	full = n >= s->pipe_size / 4 * 3 || n == BATCH_MAX;
	due = partial_is_due(s, now);
	r = pump_read(k, s, n, to_mark, fault);
	/* No end of a line in all of a pipe, or for a long time. */
	if (r == 0 && (due || full || s->ended))
		r = pump_read(k, s, n, true, fault);
	if (r < 0)
		return (int)r;
	ret->n = (size_t)r;
	ret->partial = (size_t)r < n;
	if (!ret->partial)
		s->partial_since = MONO_NEVER;
	return 0;
}

static int pump(struct keeper *k, struct stream *s, struct look *ret, struct fault *fault)
{
	size_t most = BATCH_MAX;
	int r = 0;

	if (!list_is_empty(&s->marks)) {
		const struct mark *m = LIST_ENTRY(s->marks.next, struct mark, link);

		most = m->target > s->taken
			       ? (size_t)MIN_OF(m->target - s->taken, (uint64_t)BATCH_MAX)
			       : 0;
	}
	if (most > 0) {
		uint64_t before = s->taken;

		if (s->settings->format == FORMAT_RAW && stream_has_file(s) && !pump_is_seen(s))
			r = pump_raw(k, s, most, &ret->n, fault);
		if (r == 0)
			r = pump_formatted(k, s, most, ret, fault);
		/* Somebody else has read what was to come. */
		if (r >= 0 && s->taken == before && !ret->partial)
			marks_reached(s);
	}
	if (r >= 0)
		r = marks_answer(k, s, fault);
	return r;
}

void pump_look(struct keeper *k, struct stream *s, struct mono now, struct look *ret_look)
{
	struct fault fault;

	*ret_look = (struct look){0};
	if (s->next)
		stream_adopt(k, s);
	if (!s->trouble.on || now.ns >= s->trouble.retry_at.ns) {
		if (pump(k, s, ret_look, &fault) < 0)
			trouble_begin(k, s, &fault);
		else if (s->trouble.on && !(s->unwritten.bytes > 0))
			trouble_end(k, s);
	}
	if (k->held)
		drop_held(
			k, s, 0,
			&(struct record_slot){.offset = s->place.offset, .state = s->format.state});
	k->flight = 0;
	if (s->trouble.on && s->settings->drop && !s->detached)
		drop_all(k, s);
	if (s->trouble.on)
		marks_in_trouble(k, s, now);
	if (s->rotation || s->rotate_late)
		rotate_on_request(k, s);
}
