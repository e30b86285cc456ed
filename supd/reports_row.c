/* SPDX-License-Identifier: MIT */

/*
 * A report as a row. The order of the fields is that of the JSON keys; what is not known, or does
 * not apply, is left out, but for the few that every report has. The lines of output come last: who
 * may look but not do everything gets the row up to there.
 */

#include "supd/reporting.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "base/utc.h"
#include "supd/events.h"
#include "supd/rows.h"
#include "supd/said.h"

/* Links of the chain of causes that are followed; that are told, and of these the last ones. */
#define CAUSES_MAX 64
#define CAUSES_SHOWN 9
#define CAUSES_LAST 3

/* ---- times ---- */

static int64_t wall_of(struct mono at)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec - mono_between(at, loop_now()).ns;
}

/* As JSON has times. */
static void put_wall(struct buf *out, struct mono at)
{
	char text[UTC_SIZE];

	utc_write((struct utc){wall_of(at) / 1000}, text);
	buf_append(out, text, sizeof(text));
}

/* When that incarnation was started, as far as its child remembers; now: it does not. */
static struct mono find_start(const struct core *core, uint32_t slot, actor_pid pid)
{
	const struct link *link;

	for (uint32_t i = 0; (link = core_chain(core, slot, i)); i++)
		if (link->pid.n == pid.n && link->kind == LINK_START)
			return link->at;
	return loop_now();
}

/* ---- in words ---- */

static bool was_sent_sigkill(const struct core *core, uint32_t slot, actor_pid pid)
{
	const struct link *link;

	for (uint32_t i = 0; (link = core_chain(core, slot, i)); i++)
		if (link->pid.n == pid.n && link->kind == LINK_KILLING)
			return true;
	return false;
}

/* The Unix signal that an operator had sent, and of which it died; NULL: there was none. */
static const char *sent_by_operator(const struct daemon *d, const struct link *link,
				    struct wire_frame *row)
{
	return events_find(d, events_of_link(d, link->cause.seq), row) ? field_text(row, "signal")
								       : NULL;
}

static void explain_killed(struct buf *out, const struct draft *draft, const struct daemon *d,
			   const struct link *link)
{
	struct wire_frame row;

	if (sent_by_operator(d, link, &row))
		buf_puts(out, "by SIGKILL, which an operator had sent: supctl kill");
	else if (was_sent_sigkill(d->core, draft->slot, draft->pid))
		buf_puts(out, "by SIGKILL, which supd has sent");
	else if (draft->facts.oom_kills > 0)
		buf_printf(out,
			   "by SIGKILL, most likely of the kernel: out of memory (%" PRId64
			   " such in its cgroup so far)",
			   draft->facts.oom_kills);
	else
		buf_puts(out, "by SIGKILL, from somebody or from the kernel, but not from supd");
}

static void explain_signal(struct buf *out, const struct draft *draft, const struct daemon *d,
			   const struct link *link)
{
	int unix_signal = link->reason.code;
	struct wire_frame row;
	char name[16];

	buf_printf(out, "by SIG%s: %s%s", text_signal_name(unix_signal, name),
		   strsignal(unix_signal), draft->facts.dumped ? " (core dumped)" : "");
	if (sent_by_operator(d, link, &row))
		buf_puts(out, ", which an operator had sent: supctl kill");
}

/* What it may have taken for a request. */
static void explain_after_signal(struct buf *out, const struct link *link)
{
	char name[16];

	if (link->kind == LINK_EXITED && link->code)
		buf_printf(out, ", shortly after an operator had sent it SIG%s",
			   text_signal_name(link->code, name));
}

static void explain_gave_up(struct buf *out, const struct child_view *v, const struct daemon *d,
			    enum link_kind kind)
{
	struct child_view by = *v;

	if (kind != LINK_FAILED || core_view(d->core, v->parent, &by))
		row_explain_intensity(out, by.spec);
}

static void explain(struct buf *out, const struct draft *draft, const struct daemon *d,
		    const struct child_view *v, const struct link *link)
{
	const struct reason *reason = &link->reason;

	if (link->kind == LINK_GAVE_UP || link->kind == LINK_FAILED)
		explain_gave_up(out, v, d, link->kind);
	else if (reason->kind == REASON_SIGNAL)
		explain_signal(out, draft, d, link);
	else if (reason->kind == REASON_KILLED)
		explain_killed(out, draft, d, link);
	else if (reason->kind == REASON_EXIT)
		buf_printf(out, "with exit status %d", (int)reason->code);
	else
		row_explain(out, reason, v->spec);
	explain_after_signal(out, link);
	if (v->spec->type == CHILD_SERVICE)
		said_explain(out, d, draft->slot, draft->pid, false);
}

/* "exit (signal:SEGV)", "doomed of web/db (unhealthy)". */
static void put_cause(struct buf *out, const struct core *core, uint32_t slot, uint32_t self,
		      const struct link *link)
{
	char text[REASON_FORMAT_MAX];
	struct child_view v;

	buf_puts(out, link_kind_names[link->kind]);
	if (slot != self && core_view(core, slot, &v))
		buf_printf(out, " of %s", v.path);
	if (link->reason.kind != REASON_NONE)
		buf_printf(out, " (%s)", reason_format(&link->reason, text));
}

/* What the model has told and does not keep goes on in the events. */
static void put_told_causes(struct buf *out, const struct daemon *d, uint64_t seq)
{
	const char *origin = NULL;
	struct wire_frame row;

	for (int i = 0; i < CAUSES_LAST && !origin && seq && events_find(d, seq, &row); i++) {
		const char *kind = field_text(&row, "kind"), *reason = field_text(&row, "reason");
		uint64_t cause = (uint64_t)field_int(&row, "cause", 0);

		buf_puts(out, kind ? kind : "?");
		if (reason)
			buf_printf(out, " (%s)", reason);
		buf_puts(out, " <- ");
		origin = field_text(&row, "origin");
		seq = cause < seq ? cause : 0;
		if (origin)
			buf_puts(out, origin);
	}
	if (!origin)
		buf_puts(out, "...");
}

/* Where the chain is long, what is next to the end and where it began are told. */
static void put_causes(struct wire_encoder *e, const struct daemon *d, uint32_t self,
		       const struct link *link)
{
	const struct core *core = d->core;
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	const struct link *links[CAUSES_MAX];
	uint32_t slots[CAUSES_MAX], slot = self;
	struct cause cause = {.origin = ORIGIN_NONE};
	size_t n = 0;

	while (link && n < CAUSES_MAX) {
		links[n] = link;
		slots[n++] = slot;
		cause = link->cause;
		slot = cause.slot;
		link = core_find_link(core, cause);
	}
	for (size_t i = 0; i < n; i++) {
		if (n > CAUSES_SHOWN && i == CAUSES_SHOWN - CAUSES_LAST) {
			i = n - CAUSES_LAST;
			buf_printf(&out, "(%zu more) <- ", n - CAUSES_SHOWN);
		}
		put_cause(&out, core, slots[i], self, links[i]);
		buf_puts(&out, " <- ");
	}
	if (cause.seq)
		put_told_causes(&out, d, events_of_link(d, cause.seq));
	else
		buf_puts(&out, origin_names[cause.origin]);
	field_put_text(e, 0, "causes", buf_text(&out));
}

/* ---- when its end is told ---- */

static void put_pid(struct wire_encoder *e, actor_pid pid)
{
	char text[ACTOR_PID_TEXT_MAX];

	field_put_text(e, 0, "pid", actor_pid_format(pid, text));
}

static void put_status(struct wire_encoder *e, const struct facts *facts)
{
	char name[16], text[24];

	field_put_int(e, 0, "os_pid", facts->os_pid);
	if (!facts->by_signal) {
		field_put_int(e, 0, "exit_status", facts->code);
		return;
	}
	snprintf(text, sizeof(text), "SIG%s", text_signal_name(facts->code, name));
	field_put_text(e, 0, "exit_status", text);
}

static void put_used(struct wire_encoder *e, const struct facts *facts)
{
	if (facts->used) {
		field_put_span(e, 0, "cpu_user", facts->user);
		field_put_span(e, 0, "cpu_system", facts->system);
		field_put_int(e, 0, "memory_peak", facts->memory);
	}
	if (facts->cgroup_memory >= 0)
		field_put_int(e, 0, "cgroup_memory_peak", facts->cgroup_memory);
	if (facts->oom_kills >= 0)
		field_put_int(e, 0, "oom_kills", facts->oom_kills);
}

static void report_put_ties(struct wire_encoder *e, const char *name, struct texts *texts)
{
	char **list = texts_list(texts);

	if (list && *list)
		field_put_list(e, 0, name, list);
}

/* That of its event: the process itself has ended a moment before. */
static int64_t find_time(const struct draft *draft, const struct daemon *d, const struct link *link)
{
	struct wire_frame row;
	struct field f;

	return events_find(d, draft->seq, &row) && field_find(&row, "time", FIELD_TIME, &f)
		       ? f.number
		       : wall_of(link->at);
}

void draft_put_told(struct draft *draft, const struct daemon *d, const struct child_view *v,
		    const struct link *link, const struct crashes *crashes)
{
	static const struct wire_frame frame = {.op = WIRE_ROW};
	struct wire_encoder *e = &draft->encoder;
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	char reason[REASON_FORMAT_MAX];
	struct mono started = find_start(d->core, draft->slot, draft->pid);

	draft->began = wall_of(started) / 1000000000;
	wire_begin(e, &draft->row, &frame);
	field_put_int(e, 0, "seq", (int64_t)draft->seq);
	field_put_time(e, 0, "time", find_time(draft, d, link));
	field_put_text(e, 0, "name", v->path);
	field_put_text(e, 0, "reason",
		       link->reason.kind == REASON_NONE ? NULL
							: reason_format(&link->reason, reason));
	put_pid(e, draft->pid);
	field_put_text(e, 0, "kind", link_kind_names[link->kind]);
	explain(&text, draft, d, v, link);
	field_put_text(e, 0, "explanation", buf_text(&text));
	if (draft->facts.os_pid)
		put_status(e, &draft->facts);
	if (v->spec->type == CHILD_SERVICE && draft->facts.os_pid)
		field_put_span(e, 0, "uptime", mono_between(started, draft->found));
	put_used(e, &draft->facts);
	field_put_int(e, 0, "restarts", (int64_t)v->restarts);
	if (events_of_link(d, link->cause.seq))
		field_put_int(e, 0, "cause", (int64_t)events_of_link(d, link->cause.seq));
	put_causes(e, d, draft->slot, link);
	report_put_ties(e, "linked", &draft->linked);
	report_put_ties(e, "monitored_by", &draft->monitors);
	if (crashes->left_out)
		field_put_int(e, 0, "left_out", (int64_t)crashes->left_out);
}

/* ---- when it is complete ---- */

static void put_core(struct wire_encoder *e, struct draft *draft)
{
	struct core_place *core = &draft->core;
	struct buf how CLEANUP(buf_fini) = BUF_INIT;

	if (!draft->has_core)
		return;
	if (core->kind == CORE_FILE) {
		bool there = core_place_look(core, draft->began);

		field_put_text(e, 0, "core", buf_text(&core->path));
		field_put_bool(e, 0, "core_there", there);
		return;
	}
	field_put_text(e, 0, "core_taker", buf_text(&core->path));
	if (strstr(buf_text(&core->path), "systemd-coredump") &&
	    buf_printf(&how, "coredumpctl info %d", (int)draft->facts.os_pid) == 0)
		field_put_text(e, 0, "core_command", buf_text(&how));
}

static void put_passage(struct texts *texts, const struct passage *passage)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	char pid[ACTOR_PID_TEXT_MAX], text[REASON_FORMAT_MAX];

	put_wall(&out, passage->at);
	buf_printf(&out, " %s %s", link_kind_names[passage->kind],
		   actor_pid_format(passage->pid, pid));
	if (passage->reason.kind != REASON_NONE)
		buf_printf(&out, " %s", reason_format(&passage->reason, text));
	texts_add(texts, buf_text(&out));
}

static void put_history(struct wire_encoder *e, const struct crashes *crashes)
{
	size_t n = crashes ? MIN_OF(crashes->n_passages, (size_t)PASSAGES_MAX) : 0;
	struct texts texts = {0};

	for (; n; n--)
		put_passage(&texts, &crashes->passages[(crashes->n_passages - n) % PASSAGES_MAX]);
	report_put_ties(e, "history", &texts);
	texts_fini(&texts);
}

void draft_put_past(struct draft *draft, const struct crashes *crashes)
{
	struct wire_encoder *e = &draft->encoder;

	put_core(e, draft);
	if (draft->outcome.size)
		field_put_text(e, 0, "outcome", buf_text(&draft->outcome));
	put_history(e, crashes);
}

int draft_put_rest(struct draft *draft)
{
	struct wire_encoder *e = &draft->encoder;

	if (draft->has_output)
		field_put_bytes(e, 0, "output", draft->output.data, draft->output.size);
	else if (draft->silence)
		field_put_text(e, 0, "output_missing", draft->silence);
	return wire_end(e);
}
