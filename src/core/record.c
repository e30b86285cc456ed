/* SPDX-License-Identifier: MIT */

/* Events and effects as lines of text, and the replay of a recording. */

#include "core/record.h"

#include <errno.h>
#include <stdio.h>

#include "core/core.h"
#include "core/record_spec.h"

static void record_put_reason(struct buf *out, const struct reason *reason)
{
	char text[REASON_FORMAT_MAX];

	if (reason->kind == REASON_NONE)
		return;
	record_put_text(out, "reason", reason_format(reason, text));
	if (reason->step != STEP_NONE)
		record_put_text(out, "step", start_step_name((enum start_step)reason->step));
}

/* ---- events ---- */

static void record_put_request(struct buf *out, const struct request *request)
{
	record_put_uint(out, "id", request->id);
	if (request->source)
		record_put_uint(out, "source", request->source);
	record_put_text(out, "request", request_kind_names[request->kind]);
	record_put_text(out, "target", request->target);
	record_put_text(out, "child", request->child);
	for (size_t i = 0; request->args && request->args[i]; i++)
		record_put_text(out, "arg", request->args[i]);
	if (request->args)
		record_put_uint(out, "args", 1);
	record_put_reason(out, &request->reason);
	if (request->no_wait)
		record_put_uint(out, "no_wait", 1);
	if (request->allow_starting)
		record_put_uint(out, "allow_starting", 1);
	if (request->on)
		record_put_uint(out, "on", 1);
	if (request->origin)
		record_put_uint(out, "origin", request->origin);
	if (request->ref)
		record_put_uint(out, "ref", request->ref);
	if (request->uid)
		record_put_uint(out, "uid", request->uid);
}

static void record_put_source(struct buf *out, const struct event *event)
{
	record_put_uint(out, "source", event->source);
	if (event->kind == EVENT_JOIN)
		record_put_text(out, "role", role_names[event->role]);
	if (event->admin)
		record_put_uint(out, "admin", 1);
	if (event->kind == EVENT_FRAMES)
		record_put_bytes(out, "data", event->data, event->size);
}

void record_event(struct buf *out, const struct event *event, struct mono now)
{
	const struct spec *spec = NULL;

	buf_printf(out, "ev %lld %s", (long long)now.ns, event_kind_names[event->kind]);
	if (event->pid.n)
		record_put_uint(out, "pid", event->pid.n);
	if (event->code || event->by_signal)
		record_put_int(out, "code", event->code);
	if (event->by_signal)
		record_put_uint(out, "by_signal", 1);
	if (event->uid)
		record_put_uint(out, "uid", event->uid);
	record_put_reason(out, &event->reason);
	if (event->kind == EVENT_BOOT) {
		record_put_int(out, "budget", event->budget.ns);
		record_put_uint(out, "seed", event->seed);
		spec = event->spec;
	} else if (event->kind == EVENT_JOIN || event->kind == EVENT_LEAVE ||
		   event->kind == EVENT_FULL || event->kind == EVENT_ROOM ||
		   event->kind == EVENT_FRAMES) {
		record_put_source(out, event);
	} else if (event->kind == EVENT_REQUEST) {
		record_put_request(out, &event->request);
		spec = event->request.spec;
	} else if (event->kind == EVENT_EXTEND) {
		record_put_int(out, "budget", event->budget.ns);
	} else if (event->kind == EVENT_FORGET) {
		record_put_uint(out, "id", event->request.id);
	}
	buf_putc(out, '\n');
	if (spec)
		record_put_spec(out, spec);
}

/* ---- effects ---- */

static void record_put_link(struct buf *out, const struct link *link)
{
	record_put_uint(out, "seq", link->seq);
	record_put_int(out, "at", link->at.ns);
	record_put_text(out, "kind", link_kind_names[link->kind]);
	if (link->code)
		record_put_int(out, "code", link->code);
	if (link->from.n)
		record_put_uint(out, "from", link->from.n);
	record_put_reason(out, &link->reason);
	if (link->cause.seq) {
		record_put_uint(out, "cause", link->cause.seq);
		record_put_uint(out, "cause_slot", link->cause.slot);
	} else {
		record_put_text(out, "origin", origin_names[link->cause.origin]);
	}
}

static void record_put_rows(struct buf *out, const struct reply *reply)
{
	static const char *const states[] = {
		[ROW_UP] = "up", [ROW_UNDEFINED] = "undefined", [ROW_RESTARTING] = "restarting"};

	for (uint32_t i = 0; i < reply->n_rows; i++) {
		const struct child_row *row = &reply->rows[i];

		record_put_text(out, "row", row->name);
		record_put_text(out, "state", states[row->state]);
		record_put_uint(out, "row_pid", row->pid.n);
		record_put_text(out, "type", child_type_names[row->type]);
	}
}

static void record_put_reply(struct buf *out, const struct reply *reply)
{
	record_put_uint(out, "id", reply->id);
	record_put_text(out, "answer", answer_names[reply->answer]);
	if (reply->code)
		record_put_int(out, "code", reply->code);
	if (reply->pid.n)
		record_put_uint(out, "pid", reply->pid.n);
	if (reply->blocker != SLOT_NONE)
		record_put_uint(out, "blocker", reply->blocker);
	record_put_reason(out, &reply->reason);
	record_put_rows(out, reply);
	if (reply->answer == ANSWER_COUNTS)
		buf_printf(out, " counts=%u,%u,%u,%u", (unsigned)reply->counts.specs,
			   (unsigned)reply->counts.active, (unsigned)reply->counts.supervisors,
			   (unsigned)reply->counts.workers);
	if (reply->spec)
		record_put_text(out, "spec", reply->spec->name);
	record_put_text(out, "text", reply->text);
}

static void record_put_end(struct buf *out, const struct effect *effect)
{
	static const char *const halts[] = {[HALT_ORDERLY] = "orderly",
					    [HALT_GAVE_UP] = "gave_up",
					    [HALT_AUTO_SHUTDOWN] = "auto_shutdown"};

	record_put_text(out, "halt", halts[effect->end.halt]);
	record_put_reason(out, &effect->end.reason);
}

static void record_put_out(struct buf *out, const struct effect *effect)
{
	record_put_uint(out, "source", effect->out.source);
	record_put_text(out, "text", effect->out.text);
	if (effect->kind == FX_DROP && effect->out.ended)
		record_put_uint(out, "ended", 1);
	if (effect->kind == FX_FRAMES)
		record_put_bytes(out, "data", effect->out.data, effect->out.size);
}

void record_effect(struct buf *out, const struct effect *effect)
{
	buf_printf(out, "fx %s", effect_kind_names[effect->kind]);
	if (effect->slot != SLOT_NONE)
		record_put_uint(out, "slot", effect->slot);
	if (effect->pid.n)
		record_put_uint(out, "pid", effect->pid.n);
	if (effect->kind == FX_NOTICE)
		record_put_link(out, &effect->link);
	else if (effect->kind == FX_REPLY)
		record_put_reply(out, &effect->reply);
	else if (effect->kind == FX_HALT)
		record_put_end(out, effect);
	else if (effect->kind == FX_JOINED || effect->kind == FX_FRAMES || effect->kind == FX_DROP)
		record_put_out(out, effect);
	buf_putc(out, '\n');
}

/* ---- replay ---- */

static int record_play(struct core *core, const struct recorded *recorded, struct buf *out)
{
	struct effect effect;
	int r;

	record_event(out, &recorded->event, recorded->at);
	r = core_step(core, &recorded->event, recorded->at);
	if (r < 0)
		return r;
	while (core_next_effect(core, &effect)) {
		record_effect(out, &effect);
		effect_fini(&effect);
	}
	return out->error;
}

int record_replay(const char *text, struct buf *out)
{
	struct recorded recorded;
	struct core *core;
	int r = core_new(&core);

	if (r < 0)
		return r;
	while ((r = record_parse(&text, &recorded)) == 0) {
		r = record_play(core, &recorded, out);
		record_event_fini(&recorded);
		if (r < 0)
			break;
	}
	core_free(core);
	return r < 0 ? r : 0;
}
