/* SPDX-License-Identifier: MIT */

/*
 * Marks: somebody waits for what was in the pipe. Where the log takes nothing, one that wants the
 * last lines is answered without; one that does not want any waits: it is about the log itself.
 */

#include <stdlib.h>
#include <unistd.h>

#include "logs/keeper.h"
#include "suplog/notice.h"
#include "suplog/outlets.h"
#include "suplog/pump.h"
#include "suplog/store.h"
#include "suplog/stream.h"

/* How long a mark waits for a log that is in trouble. */
#define TROUBLE_TIME SPAN_S(1)

/* Ends the line that a process has left open, and writes that. */
static int end_line(struct keeper *k, struct stream *s, struct fault *fault)
{
	struct format_state before = s->format.state;
	int r = 0;

	if (s->settings->format == FORMAT_RAW)
		return 0;
	buf_clear(&k->out);
	format_end(&s->format, &k->out, wall_now());
	if (k->out.size > 0)
		r = store_put(k, s, &before, fault);
	if (r < 0)
		s->format.state = before;
	else if (k->out.size > 0 || before.open || before.split || before.fill)
		pump_note(k, s);
	return r;
}

/* raw lines go by unseen: the last of them are read off the file. What was noted before is in that,
 * or older than what is. */
static void note_unseen(struct keeper *k, struct stream *s, const struct mark *m)
{
	CLEANUP(buf_fini) struct buf last = BUF_INIT;

	if (s->settings->format != FORMAT_RAW || outlets_want(k, s) || m->lines == 0 ||
	    !stream_has_file(s))
		return;
	hand_leave(k, s);
	place_tail(&s->place, KEEPER_TAIL_MAX, &last);
	hand_enter(k);
	if (last.size > 0)
		buf_clear(&s->tail);
	stream_note_tail(s, buf_text(&last), last.size);
}

/* Sends the last lines of what was before the mark. */
static void tell_mark(struct keeper *k, struct stream *s, struct mark *m)
{
	struct notice n;
	uint64_t behind = s->taken > m->target ? s->taken - m->target : 0;
	size_t size = s->tail.size - (size_t)MIN_OF(behind, (uint64_t)s->tail.size);
	size_t from = stream_tail_from(buf_text(&s->tail), size, m->lines);

	notice_begin(&n, KEEPER_MARKED, s);
	field_put_int(&n.encoder, 0, "ref", (int64_t)m->ref);
	field_put_bytes(&n.encoder, 0, "tail", buf_text(&s->tail) + from, size - from);
	notice_send(k, &n);
	m->told = true;
}

/* Marks that were reached. */
int marks_answer(struct keeper *k, struct stream *s, struct fault *fault)
{
	while (!list_is_empty(&s->marks)) {
		struct mark *m = LIST_ENTRY(s->marks.next, struct mark, link);
		int r;

		if (s->taken < m->target && !s->ended)
			break;
		/* What is open now is the next one's, where that has written already. */
		r = s->taken > m->target ? 0 : end_line(k, s, fault);
		if (r < 0)
			return r;
		if (!m->told) {
			note_unseen(k, s, m);
			tell_mark(k, s, m);
		}
		list_unlink(&m->link);
		free(m);
	}
	return 0;
}

void marks_reached(struct stream *s)
{
	LIST_EACH (node, &s->marks) {
		struct mark *m = LIST_ENTRY(node, struct mark, link);

		m->target = MIN_OF(m->target, s->taken);
	}
}

/* The last lines where they are not written: what is in the pipe. */
static void tell_from_pipe(struct keeper *k, struct stream *s, struct mark *m)
{
	CLEANUP(buf_fini) struct buf kept = BUF_INIT;
	size_t n;

	note_unseen(k, s, m);
	n = pump_peek(k, s, KEEPER_BATCH_MAX);
	buf_append(&kept, buf_text(&s->tail), s->tail.size);
	pump_read_scratch(k, n);
	stream_note_tail(s, k->in, MIN_OF((uint64_t)n, m->target - s->taken));
	tell_mark(k, s, m);
	buf_fini(&s->tail);
	s->tail = kept;
	kept = BUF_INIT;
}

void marks_in_trouble(struct keeper *k, struct stream *s, struct mono now)
{
	LIST_EACH (node, &s->marks) {
		struct mark *m = LIST_ENTRY(node, struct mark, link);

		if (s->taken >= m->target) {
			if (!m->told)
				tell_mark(k, s, m);
			list_unlink(&m->link);
			free(m);
		} else if (!m->told && m->lines > 0 &&
			   mono_between(m->since, now).ns >= TROUBLE_TIME.ns) {
			tell_from_pipe(k, s, m);
		}
	}
}
