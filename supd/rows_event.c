/* SPDX-License-Identifier: MIT */

/*
 * Rows of events. Times of the model are monotonic and are turned to wall-clock times here, for
 * people only.
 */

#include <stdio.h>
#include <time.h>

#include "base/text.h"
#include "supd/events.h"
#include "supd/rows.h"

int64_t wall_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The wall-clock time at which it was `at`. */
static void row_put_wall(struct wire_encoder *e, uint8_t flags, const char *name, struct mono at)
{
	field_put_time(e, flags, name, wall_now() - mono_between(at, loop_now()).ns);
}

static void row_put_signal(struct wire_encoder *e, const char *field, int32_t unix_signal)
{
	char name[16], text[24];

	snprintf(text, sizeof(text), "SIG%s", text_signal_name(unix_signal, name));
	field_put_text(e, FIELD_DETAIL, field, text);
}

/* LINK_SHORTAGE carries an errno, LINK_BACKOFF a delay, LINK_READY a count of starts. */
static void row_put_code(struct wire_encoder *e, const struct link *link)
{
	char text[16];

	if (link->kind == LINK_SHORTAGE)
		field_put_text(e, FIELD_DETAIL, "error", text_errno_name(link->code, text));
	if (link->kind == LINK_BACKOFF)
		field_put_span(e, FIELD_DETAIL, "delay", SPAN_MS(link->code));
	if (link->kind == LINK_READY)
		field_put_int(e, FIELD_DETAIL, "starts", link->code);
	if (link->kind == LINK_OVERFLOW || link->kind == LINK_OVERFLOW_END ||
	    link->kind == LINK_LEFT_OUT)
		field_put_int(e, FIELD_DETAIL, "count", link->code);
	if (link->kind == LINK_EXITED && link->code)
		row_put_signal(e, "after_signal", link->code);
	if (link->kind == LINK_UNIX_SIGNAL)
		row_put_signal(e, "signal", link->reason.code);
	if (link->kind == LINK_FAILING)
		field_put_int(e, FIELD_DETAIL, "failures", link->code);
	if (link->reason.kind == REASON_EXEC)
		field_put_text(e, FIELD_DETAIL, "step", start_step_name(link->reason.step));
}

void row_put_because(struct wire_encoder *e, uint64_t seq, const struct wire_frame *because)
{
	field_put_int(e, 0, "cause", (int64_t)seq);
	field_put_text(e, 0, "cause_name", field_text(because, "name"));
	field_put_null(e, 0, "origin");
	field_put_text(e, FIELD_DETAIL, "cause_kind", field_text(because, "kind"));
}

static void row_put_cause(struct wire_encoder *e, const struct daemon *d, const struct cause *cause)
{
	uint64_t seq = cause->seq ? events_of_link(d, cause->seq) : 0;
	struct wire_frame because;

	if (seq && events_find(d, seq, &because)) {
		row_put_because(e, seq, &because);
		return;
	}
	field_put_null(e, 0, "cause");
	field_put_null(e, 0, "cause_name");
	field_put_text(e, 0, "origin", cause->seq ? NULL : origin_names[cause->origin]);
	if (cause->seq)
		field_put_bool(e, FIELD_DETAIL, "cause_gone", true);
}

/* Who sent the exit signal, or was linked. */
static void row_put_from(struct wire_encoder *e, const struct daemon *d, const struct link *link)
{
	struct child_view v;

	if (!link->from.n)
		return;
	row_put_pid(e, FIELD_DETAIL, "from", link->from);
	/* Who has ended may have a successor by now; its end is the cause. */
	if (core_view(d->core, core_find_pid(d->core, link->from), &v) ||
	    (!link_is_kept(link->kind) && core_view(d->core, link->cause.slot, &v)))
		field_put_text(e, FIELD_DETAIL, "from_name", v.path);
}

/* What was allowed, where there was more: of a supervisor that gave up, or given up by its own. */
static bool row_put_intensity(struct wire_encoder *e, const struct daemon *d,
			      const struct link *link, const struct child_view *v)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	struct child_view by = *v;

	if (link->kind != LINK_GAVE_UP && link->kind != LINK_FAILED)
		return false;
	if (link->kind == LINK_FAILED && !core_view(d->core, v->parent, &by))
		return false;
	field_put_int(e, FIELD_DETAIL, "intensity", by.spec->intensity);
	field_put_span(e, FIELD_DETAIL, "period", by.spec->period);
	row_explain_intensity(&text, by.spec);
	field_put_text(e, FIELD_DETAIL, "explanation", buf_text(&text));
	return true;
}

void row_put_link(struct wire_encoder *e, const struct daemon *d, uint32_t slot,
		  const struct link *link, uint64_t seq)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	struct child_view v;
	bool known = core_view(d->core, slot, &v);

	if (seq)
		field_put_int(e, 0, "seq", (int64_t)seq);
	else
		field_put_null(e, 0, "seq");
	row_put_wall(e, 0, "time", link->at);
	row_put_pid(e, 0, "pid", link->pid);
	field_put_text(e, 0, "name", known ? v.path : NULL);
	field_put_text(e, 0, "kind", link_kind_names[link->kind]);
	row_put_reason(e, 0, &link->reason);
	row_put_cause(e, d, &link->cause);
	row_put_code(e, link);
	row_put_from(e, d, link);
	if (known && row_put_intensity(e, d, link, &v))
		return;
	if (link->reason.kind == REASON_EXEC)
		row_explain(&text, &link->reason, known ? v.spec : NULL);
	if (link->reason.kind == REASON_EXEC ||
	    row_explain_found(&text, link, known ? v.spec : NULL))
		field_put_text(e, FIELD_DETAIL, "explanation", buf_text(&text));
}

void row_put_watching(struct wire_encoder *e, uint64_t seq)
{
	field_put_int(e, 0, "seq", (int64_t)seq);
	row_put_wall(e, 0, "time", loop_now());
	field_put_text(e, 0, "kind", "watching");
}
