/* SPDX-License-Identifier: MIT */

#include "tests/core/support.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tests/support/alloc.h"

/* ---- life ---- */

void world_init(struct world *w)
{
	*w = (struct world){.now = {1000000000}, .allocations = alloc_live()};
	cr_assert_eq(core_new(&w->core), 0);
}

void world_fini(struct world *w)
{
	core_free(w->core);
	cr_assert_eq(alloc_live(), w->allocations, "%ld allocations leaked",
		     alloc_live() - w->allocations);
}

struct manners *world_manners(struct world *w, const char *path)
{
	struct manners *m;

	for (unsigned i = 0; i < w->n_manners; i++)
		if (strcmp(w->manners[i].path, path) == 0)
			return &w->manners[i];
	cr_assert(w->n_manners < ARRAY_LEN(w->manners));
	m = &w->manners[w->n_manners++];
	snprintf(m->path, sizeof(m->path), "%s", path);
	m->code = -1;
	return m;
}

static struct manners *world_manners_of(struct world *w, uint32_t slot)
{
	struct child_view view;

	cr_assert(core_view(w->core, slot, &view));
	return world_manners(w, view.path);
}

/* ---- marks ---- */

static void world_mark(struct world *w, const char *mark, const char *path)
{
	size_t used = strlen(w->marks);

	cr_assert(used + strlen(path) + 20 < sizeof(w->marks), "too many marks");
	snprintf(w->marks + used, sizeof(w->marks) - used, "%s%s%s", used ? " " : "", mark, path);
}

static void world_mark_notice(struct world *w, uint32_t slot, enum link_kind kind)
{
	static const char *const marks[LINK_N_KINDS] = {
		[LINK_START] = ">",   [LINK_READY] = "+",  [LINK_START_FAILED] = "!",
		[LINK_IGNORED] = "~", [LINK_EXITED] = "-",
	};
	struct child_view view;
	char word[32];

	if (kind == LINK_STOPPING || kind == LINK_KILLING || !link_is_kept(kind))
		return; /* t and k say so; and what is only told is another test's */
	cr_assert(core_view(w->core, slot, &view));
	snprintf(word, sizeof(word), "%s:", link_kind_names[kind]);
	world_mark(w, marks[kind] ? marks[kind] : word, view.path);
}

const char *world_marks(struct world *w, const char *kinds)
{
	char *save = NULL;

	w->told[0] = '\0';
	for (char *mark = strtok_r(w->marks, " ", &save); mark; mark = strtok_r(NULL, " ", &save)) {
		size_t used = strlen(w->told);
		bool plain = strchr(">+!~-", mark[0]) ||
			     ((mark[0] == 't' || mark[0] == 'k') && !strchr(mark, ':'));

		if (*kinds && !strchr(kinds, plain ? mark[0] : ':'))
			continue;
		snprintf(w->told + used, sizeof(w->told) - used, "%s%s", used ? " " : "", mark);
	}
	w->marks[0] = '\0';
	return w->told;
}

/* ---- effects ---- */

static void world_note_answer(struct world *w, const struct reply *reply)
{
	char reason[REASON_FORMAT_MAX];
	char *text;

	cr_assert(reply->id && reply->id <= w->n_requests, "an answer nobody asked for");
	text = w->answers[reply->id - 1];
	cr_assert_eq(*text, '\0', "request %d has two answers", (int)reply->id);
	snprintf(text, sizeof(w->answers[0]), "%s", answer_names[reply->answer]);
	w->answer_pids[reply->id - 1] = reply->pid;
	if (reply->reason.kind)
		snprintf(text + strlen(text), sizeof(w->answers[0]) - strlen(text), " %.100s",
			 reason_format(&reply->reason, reason));
	if (reply->answer == ANSWER_COUNTS)
		snprintf(text, sizeof(w->answers[0]),
			 "specs=%u active=%u supervisors=%u workers=%u", reply->counts.specs,
			 reply->counts.active, reply->counts.supervisors, reply->counts.workers);
	if (reply->answer == ANSWER_ROWS && !reply->n_rows)
		snprintf(text, sizeof(w->answers[0]), "nobody");
	for (uint32_t i = 0; reply->answer == ANSWER_ROWS && i < reply->n_rows; i++) {
		static const char *const states[] = {"up", "undefined", "restarting"};
		size_t used = i ? strlen(text) : 0;

		snprintf(text + used, sizeof(w->answers[0]) - used, "%s%s=%s", i ? " " : "",
			 reply->rows[i].name, states[reply->rows[i].state]);
	}
}

static void world_note_start(struct world *w, const struct effect *effect)
{
	uint32_t slot = effect->slot;
	bool again = w->processes[slot] == PROCESS_SHORT && w->pids[slot].n == effect->pid.n;

	cr_assert(slot < WORLD_SLOTS);
	cr_assert(again || w->processes[slot] == PROCESS_NONE, "two processes in slot %u", slot);
	w->processes[slot] = PROCESS_ASKED;
	w->pids[slot] = effect->pid;
	w->told_stop[slot] = w->told_kill[slot] = false;
	w->unready[slot] = true;
}

static void world_note(struct world *w, struct effect *effect)
{
	struct child_view view = {.path = "?"};

	(void)core_view(w->core, effect->slot, &view);
	switch (effect->kind) {
	case FX_START:
		world_note_start(w, effect);
		break;
	case FX_STOP:
		w->told_stop[effect->slot] = true;
		world_mark(w, "t", view.path);
		break;
	case FX_KILL:
		w->told_kill[effect->slot] = true;
		world_mark(w, "k", view.path);
		break;
	case FX_NOTICE:
		world_mark_notice(w, effect->slot, effect->link.kind);
		if (effect->link.kind == LINK_START_FAILED || effect->link.kind == LINK_EXITED)
			w->processes[effect->slot] = PROCESS_NONE;
		break;
	case FX_REPLY:
		world_note_answer(w, &effect->reply);
		break;
	case FX_HALT:
		w->halted = true;
		w->halt = effect->end.halt;
		break;
	case FX_JOINED:
		w->sources[effect->out.source - 1] = effect->pid;
		break;
	case FX_DROP:
		cr_assert(effect->out.source && effect->out.source <= w->n_sources);
		cr_assert_str_empty(w->dropped[effect->out.source - 1], "dropped twice");
		snprintf(w->dropped[effect->out.source - 1], sizeof(w->dropped[0]), "%s",
			 effect->out.text);
		break;
	case FX_FRAMES:
		if (effect->out.source <= w->n_sources)
			world_note_frames(w, effect);
		break;
	case FX_FORGET:
	case FX_N_KINDS:
		break;
	}
}

static void world_take(struct world *w, const struct event *event)
{
	struct effect effect;

	cr_assert_eq(core_step(w->core, event, w->now), 0);
	while (core_next_effect(w->core, &effect)) {
		world_note(w, &effect);
		effect_fini(&effect);
	}
	cr_assert_null(core_check(w->core), "%s", core_check(w->core));
}

/* ---- what processes do ---- */

static void world_say(struct world *w, uint32_t slot, enum event_kind kind)
{
	world_take(w, &(struct event){.kind = kind, .pid = w->pids[slot], .code = EAGAIN});
}

static void world_end(struct world *w, uint32_t slot, int code, bool by_signal)
{
	w->processes[slot] = PROCESS_EXITED;
	world_take(w, &(struct event){.kind = EVENT_EXITED,
				      .pid = w->pids[slot],
				      .code = code,
				      .by_signal = by_signal});
}

static bool world_serve_asked(struct world *w, uint32_t slot, const struct manners *m)
{
	struct child_view view;

	(void)core_view(w->core, slot, &view);
	if (m->mute && view.spec->ready == READY_EXEC && !view.spec->start_post &&
	    !w->told_kill[slot])
		return false;
	w->processes[slot] = m->is_short ? PROCESS_SHORT : PROCESS_UP;
	world_say(w, slot, m->is_short ? EVENT_SHORTAGE : EVENT_STARTED);
	return true;
}

/* Told to go, or not ready yet. */
static bool world_serve_up(struct world *w, uint32_t slot, struct manners *m)
{
	struct child_view view;

	(void)core_view(w->core, slot, &view);
	if (w->told_kill[slot]) {
		world_end(w, slot, SIGKILL, true);
	} else if (w->told_stop[slot] && !m->stubborn) {
		world_end(w, slot, m->code < 0 ? SIGTERM : m->code, m->code < 0);
	} else if (w->unready[slot] && view.state == CHILD_STARTING && m->fails) {
		m->fails--;
		world_end(w, slot, 7, false);
	} else if (w->unready[slot] && view.state == CHILD_STARTING && m->ignores) {
		world_say(w, slot, EVENT_IGNORE);
		world_end(w, slot, 0, false);
	} else if (w->unready[slot] && !m->mute &&
		   (view.spec->ready == READY_NOTIFY || view.spec->start_post)) {
		w->unready[slot] = false;
		world_say(w, slot, EVENT_READY);
	} else if (w->unready[slot] && !m->mute && view.spec->ready == READY_EXIT) {
		w->unready[slot] = false;
		world_end(w, slot, 0, false);
	} else {
		return false;
	}
	return true;
}

static bool world_serve_one(struct world *w, uint32_t slot)
{
	struct manners *m;

	if (w->processes[slot] == PROCESS_NONE || w->processes[slot] == PROCESS_SHORT)
		return false;
	m = world_manners_of(w, slot);
	if (w->processes[slot] == PROCESS_ASKED)
		return world_serve_asked(w, slot, m);
	if (w->processes[slot] == PROCESS_UP)
		return world_serve_up(w, slot, m);
	if (m->lingering)
		return false;
	w->processes[slot] = PROCESS_NONE;
	world_say(w, slot, EVENT_GONE);
	return true;
}

void world_serve(struct world *w)
{
	for (uint32_t slot = 0, steps = 0; slot < WORLD_SLOTS; slot++) {
		if (!world_serve_one(w, slot))
			continue;
		slot = UINT32_MAX;
		cr_assert(++steps < 10000, "it does not come to rest: %.400s", w->marks);
	}
}

void world_step(struct world *w, const struct event *event)
{
	world_take(w, event);
	world_serve(w);
}

void world_boot(struct world *w, const char *tree)
{
	struct event boot = {
		.kind = EVENT_BOOT, .spec = world_spec(tree), .budget = SPAN_S(90), .seed = 7};

	world_step(w, &boot);
	spec_unref(boot.spec);
}

static uint32_t world_slot(const struct world *w, const char *path)
{
	uint32_t slot = core_find(w->core, path);

	cr_assert_neq(slot, SLOT_NONE, "%s: no such child", path);
	return slot;
}

void world_exit(struct world *w, const char *path, int code)
{
	world_end(w, world_slot(w, path), code, false);
	world_serve(w);
}

void world_die(struct world *w, const char *path, int unix_signal)
{
	world_end(w, world_slot(w, path), unix_signal, true);
	world_serve(w);
}

void world_tell(struct world *w, const char *path, const char *reason)
{
	struct event event = {.kind = EVENT_TOLD, .pid = w->pids[world_slot(w, path)]};

	cr_assert_eq(reason_parse(reason, &event.reason), 0);
	world_step(w, &event);
	reason_fini(&event.reason);
}

void world_crash(struct world *w, const char *path)
{
	world_exit(w, path, 1);
}

void world_pass(struct world *w, int64_t ms)
{
	struct mono end = mono_add(w->now, SPAN_MS(ms));

	while (core_deadline(w->core).ns <= end.ns) {
		w->now.ns = MAX_OF(w->now.ns, core_deadline(w->core).ns);
		world_step(w, &(struct event){.kind = EVENT_TICK});
	}
	w->now = end;
}

void world_shutdown(struct world *w)
{
	world_step(w, &(struct event){.kind = EVENT_SHUTDOWN});
}

/* ---- requests ---- */

const char *world_request(struct world *w, struct request *request)
{
	cr_assert(w->n_requests < WORLD_REQUESTS);
	request->id = ++w->n_requests;
	world_step(w, &(struct event){.kind = EVENT_REQUEST, .request = *request});
	return w->answers[request->id - 1];
}

const char *world_ask(struct world *w, enum request_kind kind, const char *target,
		      const char *child)
{
	return world_request(w, &(struct request){.kind = kind, .target = target, .child = child});
}

const char *world_start_child(struct world *w, const char *target, const char *tree)
{
	struct request request = {.kind = REQUEST_START_CHILD, .target = target};
	const char *answer;

	request.spec = tree ? world_spec(tree) : NULL;
	answer = world_request(w, &request);
	spec_unref(request.spec);
	return answer;
}

const char *world_send(struct world *w, enum request_kind kind, const char *target,
		       const char *reason)
{
	struct request request = {.kind = kind, .target = target};
	const char *answer;

	if (reason)
		cr_assert_eq(reason_parse(reason, &request.reason), 0);
	answer = world_request(w, &request);
	reason_fini(&request.reason);
	return answer;
}

const char *world_answer(const struct world *w, uint64_t n)
{
	return w->answers[w->n_requests - 1 - n];
}

/* ---- looks ---- */

struct child *world_child(const struct world *w, const char *path)
{
	return w->core->slots[world_slot(w, path)];
}

struct child_view world_view(const struct world *w, const char *path)
{
	struct child_view view;

	cr_assert(core_view(w->core, world_slot(w, path), &view));
	return view;
}

const char *world_state(const struct world *w, const char *path)
{
	return child_state_name(world_view(w, path).state);
}

const char *world_states(struct world *w, const char *path)
{
	uint32_t top = world_slot(w, path);
	struct child_view view;

	w->told[0] = '\0';
	for (uint32_t slot = core_next(w->core, top); slot != SLOT_NONE;
	     slot = core_next(w->core, slot)) {
		size_t used = strlen(w->told);

		if (!core_view(w->core, slot, &view) || view.parent != top)
			continue;
		snprintf(w->told + used, sizeof(w->told) - used, "%s%s:%s", used ? " " : "",
			 view.spec->name, child_state_name(view.state));
	}
	return w->told;
}

const char *world_reason(struct world *w, const char *path)
{
	struct reason reason = world_view(w, path).reason;

	return reason_format(&reason, w->told);
}

uint64_t world_starts(const struct world *w, const char *path)
{
	return world_view(w, path).starts;
}

/* ---- actors ---- */

static uint64_t world_next_source(struct world *w)
{
	cr_assert(w->n_sources < WORLD_SOURCES);
	w->windows[w->n_sources] = SPEC_OUTBOX_LIMIT;
	return ++w->n_sources;
}

/* Most tests have nothing to do with credit. */
static void world_begin_source(struct world *w, uint64_t source)
{
	if (!w->no_credit && !*world_dropped(w, source))
		world_credit(w, source, UINT64_C(1) << 40, 0);
}

uint64_t world_guest(struct world *w, uint32_t uid)
{
	uint64_t source = world_next_source(w);

	world_step(w,
		   &(struct event){
			   .kind = EVENT_JOIN, .role = ROLE_GUEST, .source = source, .uid = uid});
	world_begin_source(w, source);
	return source;
}

uint64_t world_join(struct world *w, enum role role, const char *path)
{
	uint64_t source = world_next_source(w);

	w->sources[source - 1] = world_view(w, path).pid;
	world_step(w, &(struct event){.kind = EVENT_JOIN,
				      .role = role,
				      .source = source,
				      .pid = w->sources[source - 1]});
	if (role == ROLE_MAIN)
		world_begin_source(w, source);
	return source;
}

void world_leave(struct world *w, uint64_t source, bool goodbye)
{
	world_step(w, &(struct event){.kind = EVENT_LEAVE, .source = source, .code = goodbye});
}

actor_pid world_source_pid(const struct world *w, uint64_t source)
{
	return w->sources[source - 1];
}

const char *world_dropped(const struct world *w, uint64_t source)
{
	return w->dropped[source - 1];
}

const char *world_by(struct world *w, uint64_t source, enum request_kind kind, const char *target,
		     const char *child)
{
	return world_request(
		w, &(struct request){
			   .kind = kind, .source = source, .target = target, .child = child});
}

actor_pid world_answer_pid(const struct world *w)
{
	return w->answer_pids[w->n_requests - 1];
}
