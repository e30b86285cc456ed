/* SPDX-License-Identifier: MIT */

/*
 * Events and effects as one number, so that two runs of a seed can be compared; as lines of text
 * for whoever looks at a failure; and, for some seeds, as a recording.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "core/record.h"
#include "tests/sim/sim.h"
#include "wire/rule.h"

/* ---- as a number ---- */

static void mix(struct sim *sim, uint64_t value)
{
	sim->hash = (sim->hash ^ value) * 0x9e3779b97f4a7c15u;
	sim->hash ^= sim->hash >> 29;
}

static void mix_bytes(struct sim *sim, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		mix(sim, data[i]);
}

static void mix_reason(struct sim *sim, const struct reason *reason)
{
	char text[REASON_FORMAT_MAX];

	mix(sim,
	    (uint64_t)reason->kind << 40 ^ (uint64_t)reason->step << 32 ^ (uint32_t)reason->code);
	if (reason->text)
		mix(sim, text_hash(reason_format(reason, text)));
}

static void mix_link(struct sim *sim, const struct link *link)
{
	mix(sim, link->seq);
	mix(sim, (uint64_t)link->at.ns);
	mix(sim, link->cause.seq);
	mix(sim, (uint64_t)link->cause.slot << 32 ^ (uint64_t)link->cause.origin << 8 ^
			 (uint64_t)link->kind);
	mix(sim, (uint64_t)(uint32_t)link->code << 32 ^ link->pid.n);
	mix_reason(sim, &link->reason);
}

static void mix_reply(struct sim *sim, const struct reply *reply)
{
	const struct child_counts *n = &reply->counts;

	mix(sim, reply->id);
	mix(sim, (uint64_t)reply->answer << 32 ^ (uint32_t)reply->code);
	mix(sim, reply->pid.n);
	mix(sim, (uint64_t)reply->slot << 32 ^ reply->blocker);
	mix_reason(sim, &reply->reason);
	mix(sim, (uint64_t)n->specs << 48 ^ (uint64_t)n->active << 32 ^
			 (uint64_t)n->supervisors << 16 ^ n->workers);
	for (uint32_t i = 0; i < reply->n_rows; i++) {
		mix(sim, reply->rows[i].pid.n);
		mix(sim, (uint64_t)reply->rows[i].slot << 8 ^ (uint64_t)reply->rows[i].state);
		mix(sim, text_hash(reply->rows[i].name));
	}
	if (reply->spec)
		mix(sim, text_hash(reply->spec->name));
}

/* ---- as text ---- */

static void print_reason(const struct reason *reason)
{
	char text[REASON_FORMAT_MAX];

	if (reason->kind != REASON_NONE)
		printf(" \"%s\"", reason_format(reason, text));
}

static void print_child(const struct sim *sim, uint32_t slot)
{
	struct child_view view;

	if (slot == SLOT_NONE)
		return;
	if (core_view(sim->core, slot, &view))
		printf(" %s[%u %s%s]", view.path, slot, child_state_name(view.state),
		       view.listed ? "" : " unlisted");
	else
		printf(" [%u]", slot);
}

static void print_link(const struct sim *sim, const struct link *link)
{
	printf(" %s #%" PRIu64, link_kind_names[link->kind], link->seq);
	if (link->cause.seq)
		printf(" <- #%" PRIu64 " of %u", link->cause.seq, link->cause.slot);
	else
		printf(" <- %s", origin_names[link->cause.origin]);
	print_reason(&link->reason);
	(void)sim;
}

static void print_frames(const void *data, size_t size)
{
	struct wire_frame frame;
	size_t cursor = 0;

	while (wire_decode(data, size, &cursor, &frame) == 1) {
		printf(" [%s %" PRIu64 " > %" PRIu64 " ref %" PRIu64, wire_rule(frame.op)->name,
		       frame.from, frame.to, frame.ref);
		if (frame.op == WIRE_EXIT || frame.op == WIRE_DOWN)
			printf(" %.*s", (int)frame.payload_size, (const char *)frame.payload);
		printf("]");
	}
}

static void print_effect(const struct sim *sim, const struct effect *effect)
{
	printf("          %-6s", effect_kind_names[effect->kind]);
	print_child(sim, effect->slot);
	if (effect->pid.n)
		printf(" pid %" PRIu64, effect->pid.n);
	if (effect->kind == FX_NOTICE)
		print_link(sim, &effect->link);
	if (effect->kind == FX_FRAMES || effect->kind == FX_DROP || effect->kind == FX_JOINED)
		printf(" source %" PRIu64, effect->out.source);
	if (effect->kind == FX_FRAMES)
		print_frames(effect->out.data, effect->out.size);
	if (effect->kind == FX_DROP)
		printf(" %s", effect->out.text);
	if (effect->kind == FX_REPLY) {
		printf(" to %" PRIu64 ": %s", effect->reply.id, answer_names[effect->reply.answer]);
		print_reason(&effect->reply.reason);
	}
	putchar('\n');
}

static void print_event(const struct sim *sim, const struct event *event)
{
	const struct request *request = &event->request;

	printf("%8" PRIu64 "  %s", sim->n_events, event_kind_names[event->kind]);
	if (event->pid.n) {
		printf(" pid %" PRIu64, event->pid.n);
		print_child(sim, core_find_pid(sim->core, event->pid));
	}
	if (event->kind == EVENT_EXITED)
		printf(" %s %d", event->by_signal ? "signal" : "code", event->code);
	print_reason(&event->reason);
	if (event->kind == EVENT_REQUEST) {
		printf(" %" PRIu64 " %s %s", request->id, request_kind_names[request->kind],
		       request->target ? request->target : "-");
		if (request->kind <= REQUEST_GET_CHILDSPEC)
			printf(" child %s spec %s", request->child ? request->child : "-",
			       request->spec ? request->spec->name : "-");
		print_reason(&request->reason);
		printf("%s", request->no_wait ? " no_wait" : "");
	}
	if (event->source)
		printf(" source %" PRIu64 " %s", event->source, role_names[event->role]);
	if (event->kind == EVENT_FRAMES)
		print_frames(event->data, event->size);
	if (event->kind == EVENT_REQUEST && request->source)
		printf(" by source %" PRIu64 "%s", request->source, request->on ? " on" : "");
	if (event->kind == EVENT_FORGET)
		printf(" %" PRIu64, request->id);
	printf(" at %" PRId64 " us\n", sim->now.ns / 1000);
}

/* ---- both ---- */

void trace_event(struct sim *sim, const struct event *event)
{
	if (sim->record)
		record_event(sim->record, event, sim->now);
	mix(sim, (uint64_t)event->kind << 56 ^ event->pid.n);
	if (sim->n_events >= sim->trace_from)
		print_event(sim, event);
}

void trace_effect(struct sim *sim, const struct effect *effect)
{
	if (sim->record)
		record_effect(sim->record, effect);
	mix(sim, (uint64_t)effect->kind << 56 ^ (uint64_t)effect->slot << 24 ^ effect->pid.n);
	if (effect->kind == FX_NOTICE)
		mix_link(sim, &effect->link);
	else if (effect->kind == FX_REPLY)
		mix_reply(sim, &effect->reply);
	else if (effect->kind == FX_FRAMES)
		mix_bytes(sim, effect->out.data, effect->out.size);
	else if (effect->kind == FX_HALT)
		mix_reason(sim, &effect->end.reason);
	if (sim->n_events >= sim->trace_from)
		print_effect(sim, effect);
}
