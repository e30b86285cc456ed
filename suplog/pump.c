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
#include "suplog/outlets.h"
#include "suplog/store.h"
#include "suplog/stream.h"
#include "suplog/watch.h"

/* So near its limit a raw file is written line by line. */
#define NEAR_LIMIT ((uint64_t)65536)
/* What formatting may make of a batch at once. */
#define OUT_MAX ((size_t)1 << 20)

void pump_empty_scratch(struct keeper *k)
{
	ssize_t n;

	do
		n = splice(k->scratch[0], NULL, k->record.nothing, NULL, KEEPER_BATCH_MAX,
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
	watch_pass(k, s, n);
	stream_taking(k, s);
	record_commit(&k->record, s->number, s->pipe, n, &then);
	s->taken += n;
	stream_took(k, s);
	return true;
}

void pump_note(struct keeper *k, struct stream *s)
{
	const struct record_slot file = {.dev = s->place.dev,
					 .ino = s->place.ino,
					 .offset = s->place.offset,
					 .since = s->place.since,
					 .state = s->format.state};

	if (s->detached)
		return;
	/* The record's head tells of what is held. */
	if (k->held) {
		record_set_file(&k->record, s->number, &file);
		return;
	}
	record_commit(&k->record, s->number, s->pipe, 0, &file);
	stream_took(k, s);
}

/* raw by splice: all that fits well below the limit. Bytes written; -errno; 0: by reading. */
static int pump_raw(struct keeper *k, struct stream *s, size_t most, size_t *ret_n,
		    struct fault *fault)
{
	uint64_t room;
	size_t n;
	int r = store_ready(k, s, fault);

	if (r < 0)
		return r;
	room = store_room(s);
	/* The disk may have taken its time, and a watch has begun. */
	if (s->watch.live || s->rotation || s->rotate_late || room <= NEAR_LIMIT ||
	    s->unwritten.bytes > 0 || s->dropping) {
		store_learn_raw(k, s);
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
		pump_empty_scratch(k);
		return r;
	}
	store_has_begun(k, s);
	pump_commit(k, s, n);
	return 1;
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

/* To the system's log, which keeps no state: as much as it takes. */
static ssize_t pump_send(struct keeper *k, struct stream *s, const char *data, size_t size,
			 bool rest, struct fault *fault)
{
	ssize_t n = outlets_send(k, s, data, size, rest, fault);

	if (n > 0) {
		outlets_show(k, s, data, (size_t)n);
		pump_commit(k, s, (size_t)n);
	}
	return n;
}

/* Writes what was read. How many bytes of it are written; -errno. */
static ssize_t pump_write(struct keeper *k, struct stream *s, const char *data, size_t size,
			  bool rest, struct fault *fault)
{
	struct format_input in = {.time = wall_now(), .rest = rest};
	size_t at = 0, used;
	int r;

	if (s->settings->syslog)
		return pump_send(k, s, data, size, rest, fault);
	while (at < size) {
		struct format_state before = s->format.state;
		uint64_t room = stream_has_file(s) ? store_room(s) : UINT64_MAX;

		buf_clear(&k->out);
		in.data = data + at;
		in.size = size - at;
		in.room = (size_t)MIN_OF(room, (uint64_t)OUT_MAX);
		used = format_put(&s->format, &k->out, &in);
		r = k->out.error ? fault_set(fault, k->out.error, "%s", s->settings->name) : 0;
		if (used == 0 && r == 0)
			break;
		if (r == 0)
			r = store_put(k, s, &before, fault);
		if (r < 0) {
			s->format.state = before;
			return r;
		}
		outlets_show(k, s, in.data, used);
		at += used;
		if (!pump_commit(k, s, used))
			return (ssize_t)size;
		if (s->rotation || s->rotate_late)
			rotate_on_request(k, s);
	}
	return (ssize_t)at;
}

/* A remark on what was dropped, now that something is written again. */
static int put_remark(struct keeper *k, struct stream *s, struct tally *tally, const char *why,
		      struct fault *fault)
{
	struct format_state before = s->format.state;
	const struct tally told = *tally;
	int r;

	if (told.bytes == 0)
		return 0;
	if (!s->settings->syslog) {
		drop_remark(k, s, tally, why);
		r = store_put(k, s, &before, fault);
		if (r < 0) {
			s->format.state = before;
			return r;
		}
		pump_note(k, s);
	}
	/* More may have been dropped while that was written. */
	tally->lines -= told.lines;
	tally->bytes -= told.bytes;
	return 0;
}

static int put_remarks(struct keeper *k, struct stream *s, struct fault *fault)
{
	int r = put_remark(k, s, &s->unwritten, "the log took nothing", fault);

	if (r == 0)
		r = put_remark(k, s, &s->unwritten_rate, "more than log_rate lets pass", fault);
	return r;
}

/* The remark alone: nothing else is there to write. */
static int remark(struct keeper *k, struct stream *s, struct fault *fault)
{
	int r = stream_has_file(s) ? store_ready(k, s, fault) : 0;

	return r < 0 ? r : put_remarks(k, s, fault);
}

/* Lines that pass. How many bytes are written; what is not is judged anew when it is shown again.
 */
static ssize_t write_passed(struct keeper *k, struct stream *s, const char *data, size_t size,
			    const struct rate *before, struct fault *fault)
{
	bool pass;
	ssize_t r = put_remark(k, s, &s->unwritten_rate, "more than log_rate lets pass", fault);

	if (r == 0)
		r = pump_write(k, s, data, size, true, fault);
	if (r < 0 || (size_t)r < size) {
		s->rate = *before;
		if (r > 0)
			rate_judge(&s->rate, mono_now(), s->settings->line_max, data, (size_t)r,
				   &pass);
	}
	return r;
}

/* Whole lines, less what is above the rate. How many bytes are through; -errno. */
static ssize_t pump_rated(struct keeper *k, struct stream *s, size_t n, bool rest,
			  struct fault *fault)
{
	const char *end = rest ? k->in + n - 1 : memrchr(k->in, '\n', n);
	size_t whole = end ? (size_t)(end - k->in) + 1 : 0, at = 0, run;
	struct mono now = mono_now();
	bool pass;

	while (at < whole) {
		const struct rate before = s->rate;

		run = rate_judge(&s->rate, now, s->settings->line_max, k->in + at, whole - at,
				 &pass);
		if (pass) {
			ssize_t r = write_passed(k, s, k->in + at, run, &before, fault);

			if (r < 0)
				return r;
			if ((size_t)r < run)
				return (ssize_t)at + r;
			/* What is behind them is gone meanwhile. */
			if (k->flight == 0 || s->detached)
				return (ssize_t)n;
		} else {
			drop_rated(k, s, k->in + at, run);
			if (!pump_commit(k, s, run))
				return (ssize_t)n;
		}
		at += run;
	}
	return (ssize_t)at;
}

/* Writes what was read: whole lines, and the rest where that is due. */
static ssize_t pump_lines(struct keeper *k, struct stream *s, size_t n, struct fault *fault)
{
	bool full = n >= s->pipe_size / 4 * 3 || n == KEEPER_BATCH_MAX;
	bool due = partial_is_due(s, s->looked_at);
	bool rest = !list_is_empty(&s->marks);
	ssize_t r;

	/* No end of a line in all of a pipe, or for a long time. */
	if ((due || full || s->ended) && !memrchr(k->in, '\n', n))
		rest = true;
	if (s->settings->rate > 0)
		r = pump_rated(k, s, n, rest, fault);
	else
		r = pump_write(k, s, k->in, n, rest, fault);
	return r;
}

/* By reading: formats, and whatever others want to see. */
static int pump_formatted(struct keeper *k, struct stream *s, size_t most, struct look *ret,
			  struct fault *fault)
{
	size_t n, used;
	ssize_t r;

	if (outlets_are_full(k, s)) {
		ret->full = true;
		return 0;
	}
	n = pump_peek(k, s, most);
	/* A log that is in trouble is not better before something was written; and how much the
	 * rate has cost is not to wait for a next line that may never come. */
	if (n == 0)
		return (s->trouble.on && s->unwritten.bytes > 0) ||
				       (s->unwritten_rate.bytes > 0 &&
					rate_is_over(&s->rate, mono_now()))
			       ? remark(k, s, fault)
			       : 0;
	pump_read_scratch(k, n);
	k->flight = n;
	r = stream_has_file(s) ? store_ready(k, s, fault) : 0;
	if (r == 0 && s->unwritten.bytes > 0)
		r = put_remarks(k, s, fault);
	if (r < 0)
		return (int)r;
	used = drop_rest_of_line(k, s, k->in, n);
	if (used > 0) {
		ret->n = used;
		pump_commit(k, s, used);
		return 0;
	}
	r = pump_lines(k, s, n, fault);
	ret->full = r == -EAGAIN;
	if (r < 0)
		return ret->full ? 0 : (int)r;
	ret->n = (size_t)r;
	ret->partial = (size_t)r < n;
	if (!ret->partial)
		s->partial_since = MONO_NEVER;
	return 0;
}

static int pump(struct keeper *k, struct stream *s, struct look *ret, struct fault *fault)
{
	size_t most = KEEPER_BATCH_MAX;
	int r = 0;

	if (!list_is_empty(&s->marks)) {
		const struct mark *m = LIST_ENTRY(s->marks.next, struct mark, link);

		most = m->target > s->taken
			       ? (size_t)MIN_OF(m->target - s->taken, (uint64_t)KEEPER_BATCH_MAX)
			       : 0;
	}
	if (most > 0) {
		uint64_t before = s->taken;

		if (s->settings->format == FORMAT_RAW && stream_has_file(s) && !outlets_want(k, s))
			r = pump_raw(k, s, most, &ret->n, fault);
		if (r == 0)
			r = pump_formatted(k, s, most, ret, fault);
		/* Somebody else has read what was to come. */
		if (r >= 0 && s->taken == before && !ret->partial && !ret->full)
			marks_reached(s);
	}
	if (r >= 0)
		r = marks_answer(k, s, fault);
	return r;
}

/* It takes what there is; where nobody has tried yet, since something was written. */
static bool trouble_is_over(const struct stream *s, const struct look *look)
{
	if (s->trouble.on)
		return s->unwritten.bytes == 0;
	return s->trouble.told && s->trouble.better_at.ns == 0 && look->n > 0;
}

/* Whoever takes the system's log is slower than the service, which is about to wait. */
static bool syslog_is_stuck(const struct keeper *k, const struct stream *s, const struct look *look)
{
	return s->settings->syslog && look->full && stream_waiting(k, s) >= s->pipe_size / 4 * 3;
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
		else if (trouble_is_over(s, ret_look))
			trouble_end(k, s);
	}
	if (k->held)
		drop_held(
			k, s, 0,
			&(struct record_slot){.offset = s->place.offset, .state = s->format.state});
	k->flight = 0;
	if (s->settings->drop && !s->detached && (s->trouble.on || syslog_is_stuck(k, s, ret_look)))
		drop_all(k, s);
	if (s->trouble.on)
		marks_in_trouble(k, s, now);
	if (s->rotation || s->rotate_late)
		rotate_on_request(k, s);
}
