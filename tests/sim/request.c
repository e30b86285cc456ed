/* SPDX-License-Identifier: MIT */

/*
 * Requests: operators' and callers', to what exists and to what does not, at any moment; and their
 * accounts: each is answered exactly once or forgotten, and an answer comes only when it is true.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/post.h"
#include "tests/sim/sim.h"
#include "tests/support/alloc.h"

/* ---- accounts ---- */

static void request_enter(struct sim *sim, const struct request *request)
{
	struct asked *a;
	uint32_t slot = core_find(sim->core, request->target);
	struct child_view view;

	if (sim->n_asked == sim->asked_capacity) {
		sim->asked_capacity = 2 * (sim->n_asked + 64);
		sim->asked = realloc(sim->asked, sim->asked_capacity * sizeof(*sim->asked));
		if (!sim->asked)
			abort();
	}
	a = &sim->asked[sim->n_asked++];
	*a = (struct asked){.id = request->id,
			    .kind = request->kind,
			    .no_wait = request->no_wait,
			    .allow_starting = request->allow_starting,
			    .slot = request->kind == REQUEST_SYNC ? SLOT_NONE : slot};
	a->elder = SLOT_NONE;
	if (!core_view(sim->core, a->slot, &view))
		return;
	a->pid = view.pid;
	a->elder = view.elder;
	if (a->kind == REQUEST_START || a->kind == REQUEST_RESTART)
		sim->seen[slot].forgiven = true;
}

static struct asked *request_find(struct sim *sim, uint64_t id)
{
	for (uint32_t i = 0; i < sim->n_asked; i++)
		if (sim->asked[i].id == id)
			return &sim->asked[i];
	return NULL;
}

static bool is_wait(const struct asked *a)
{
	return a->kind == REQUEST_WAIT_READY || a->kind == REQUEST_WAIT_DOWN;
}

static bool waits(const struct sim *sim, uint32_t slot)
{
	struct child_view view;

	return core_view(sim->core, slot, &view) && view.waits && !view.parked;
}

/* A start that waits out the delay of its range; that of an heir may be its elder's. */
static bool is_put_off(const struct sim *sim, const struct asked *a)
{
	struct child_view view;
	uint32_t parent;

	if (a->kind != REQUEST_START && a->kind != REQUEST_RESTART)
		return false;
	if (waits(sim, a->slot) || waits(sim, a->elder))
		return true;
	if (a->slot >= sim->n_slots)
		return false;
	parent = sim->seen[a->slot].parent;
	for (uint32_t i = 0; i < sim->n_slots; i++)
		if (core_view(sim->core, i, &view) && view.parent == parent &&
		    view.state == CHILD_BACKOFF)
			return true;
	return false;
}

void request_check_rest(struct sim *sim)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < sim->n_asked; i++) {
		struct asked *a = &sim->asked[i];

		if (a->forgotten)
			continue;
		if (!is_wait(a) && !is_put_off(sim, a))
			sim_fail(sim, "request %llu (%s) has no answer, and the tree rests",
				 (unsigned long long)a->id, request_kind_names[a->kind]);
		sim->asked[n++] = *a;
	}
	sim->n_asked = n;
	for (uint32_t i = 0; i < sim->n_slots; i++)
		sim->seen[i].forgiven = false;
}

void request_check_end(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->n_asked; i++)
		if (!sim->asked[i].forgotten)
			sim_fail(sim, "request %llu (%s) was never answered",
				 (unsigned long long)sim->asked[i].id,
				 request_kind_names[sim->asked[i].kind]);
}

/* ---- answers ---- */

static void reply_check_empty(struct sim *sim, const struct reply *reply)
{
	if (reply->slot != SLOT_NONE && !world_is_empty(sim, reply->slot))
		sim_fail(sim, "slot %u: said to be down, and something of it is left", reply->slot);
	if (reply->slot != SLOT_NONE)
		overlap_check_empty(sim, reply->slot);
}

static void reply_check_up(struct sim *sim, const struct asked *a, const struct reply *reply)
{
	const struct seen *seen = &sim->seen[reply->slot];

	if (!seen->up || !seen->ready)
		sim_fail(sim, "slot %u: said to be up, and is not", reply->slot);
	else if (a->kind == REQUEST_RESTART && reply->pid.n == a->pid.n)
		sim_fail(sim, "slot %u: restarted, and still the same incarnation", reply->slot);
}

static void reply_check_sync(struct sim *sim, const struct asked *a)
{
	for (uint32_t i = 0; i < sim->n_live && !sim->halted; i++) {
		const struct process *p = &sim->processes[sim->live[i]];
		const struct seen *seen = &sim->seen[sim->live[i]];

		if (p->told_stop || p->told_kill || p->state == PROCESS_EXITED)
			sim_fail(sim, "slot %u: at rest, and it is stopping", sim->live[i]);
		else if (!a->allow_starting && !seen->ready)
			sim_fail(sim, "slot %u: at rest, and it is starting", sim->live[i]);
	}
}

static void reply_check(struct sim *sim, const struct asked *a, const struct reply *reply)
{
	switch (a->kind) {
	case REQUEST_STOP:
	case REQUEST_REMOVE:
	case REQUEST_TRIGGER:
	case REQUEST_WAIT_DOWN:
	case REQUEST_TERMINATE_CHILD:
	case REQUEST_DELETE_CHILD:
		reply_check_empty(sim, reply);
		break;
	case REQUEST_START:
	case REQUEST_RESTART:
		reply_check_up(sim, a, reply);
		break;
	case REQUEST_WAIT_READY:
		if (sim->seen[reply->slot].spec->ready != READY_EXIT)
			reply_check_up(sim, a, reply);
		break;
	case REQUEST_SYNC:
		reply_check_sync(sim, a);
		break;
	case REQUEST_START_CHILD:
	case REQUEST_RESTART_CHILD:
		sim_fail(sim, "%s: a plain ok", request_kind_names[a->kind]);
		break;
	case REQUEST_WHICH_CHILDREN:
	case REQUEST_COUNT_CHILDREN:
	case REQUEST_GET_CHILDSPEC:
	case REQUEST_EXIT:
	case REQUEST_SELF:
	case REQUEST_TRAP:
	case REQUEST_LINK:
	case REQUEST_UNLINK:
	case REQUEST_EXIT_SELF:
	case REQUEST_REGISTER:
	case REQUEST_UNREGISTER:
	case REQUEST_WHEREIS:
	case REQUEST_SPAWN:
	case REQUEST_N_KINDS:
		break;
	}
}

void request_take_reply(struct sim *sim, const struct reply *reply)
{
	struct asked *a = request_find(sim, reply->id);

	if (reply->id >= POST_IDS) {
		post_take_reply(sim, reply);
		return;
	}
	if (!a || a->forgotten) {
		sim_fail(sim, "an answer to %llu, which %s", (unsigned long long)reply->id,
			 a ? "was forgotten" : "nobody waits for");
		return;
	}
	if (reply->answer == ANSWER_NO_MEMORY && !sim->alloc_expected)
		sim_fail(sim, "no memory, where there is enough");
	if (reply->answer == ANSWER_OK && !a->no_wait)
		reply_check(sim, a, reply);
	if (reply->answer == ANSWER_OK_UP && sim->seen[reply->slot].ready_pid.n != reply->pid.n)
		sim_fail(sim, "slot %u: said to be up, and never was", reply->slot);
	*a = sim->asked[--sim->n_asked];
}

/* ---- what is asked ---- */

struct wording {
	char target[64], child[64];
	char *args[3];
};

static void word_target(struct sim *sim, const struct child_view *view, char *text, size_t size)
{
	char pid[ACTOR_PID_TEXT_MAX];

	if (rng_chance(&sim->rng, 8))
		snprintf(text, size, "%s", rng_chance(&sim->rng, 50) ? "no/such" : "0.99999.0");
	else if (rng_chance(&sim->rng, 20))
		snprintf(text, size, "%s", actor_pid_format(view->pid, pid));
	else
		snprintf(text, size, "%s", view->path);
}

/* Another one of the same template, which may not be there yet. */
static void word_instance(struct sim *sim, const struct child_view *view, char *text, size_t size)
{
	int kept = (int)(strrchr(view->path, '@') - view->path) + 1;

	snprintf(text, size, "%.*s%u", kept, view->path, rng_below(&sim->rng, 8));
}

static void word_child(struct sim *sim, const struct child_view *view, char *text, size_t size)
{
	struct child_view parent;
	char pid[ACTOR_PID_TEXT_MAX];
	bool simple = core_view(sim->core, view->parent, &parent) &&
		      parent.spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE;

	if (simple == rng_chance(&sim->rng, 92))
		snprintf(text, size, "%s", actor_pid_format(view->pid, pid));
	else if (rng_chance(&sim->rng, 95))
		snprintf(text, size, "%s", view->spec->name);
	else
		snprintf(text, size, "%s", rng_chance(&sim->rng, 50) ? "nobody" : "0.99998.0");
}

static enum request_kind random_kind(struct sim *sim)
{
	static const enum request_kind often[] = {
		REQUEST_START_CHILD, REQUEST_START_CHILD, REQUEST_TERMINATE_CHILD, REQUEST_START,
		REQUEST_START,       REQUEST_STOP,        REQUEST_RESTART,         REQUEST_EXIT,
	};

	if (rng_chance(&sim->rng, 40))
		return often[rng_below(&sim->rng, ARRAY_LEN(often))];
	return (enum request_kind)rng_below(&sim->rng, REQUEST_SYNC + 1);
}

static bool random_view(struct sim *sim, struct child_view *ret_view)
{
	for (uint32_t i = 0; i < 20; i++)
		if (core_view(sim->core, rng_below(&sim->rng, sim->n_slots), ret_view))
			return true;
	return core_view(sim->core, 0, ret_view);
}

static void request_send(struct sim *sim, struct request *request)
{
	struct event event = {.kind = EVENT_REQUEST, .request = *request};
	struct asked *a;

	request_enter(sim, request);
	sim->alloc_expected = rng_chance(&sim->rng, sim->weather.no_memory);
	sim_step(sim, &event);
	sim->alloc_expected = false;
	a = request_find(sim, request->id);
	if (a && request->kind == REQUEST_START && a->slot == SLOT_NONE)
		a->slot = core_find(sim->core, request->target); /* an instance that was made */
}

/* Its start by a trigger empties its own window, as an operator's does. */
static void forgive_idle(struct sim *sim, uint32_t slot)
{
	struct child_view view;

	if (core_view(sim->core, slot, &view) && view.spec->on_demand &&
	    (view.state == CHILD_WAITING || view.state == CHILD_DONE ||
	     view.state == CHILD_FAILED || view.state == CHILD_STOPPED))
		sim->seen[slot].forgiven = true;
}

/* Of anybody: what is not on demand is left alone. */
static void trigger_random(struct sim *sim)
{
	struct event event = {.kind = EVENT_REQUEST,
			      .request = {.kind = REQUEST_TRIGGER, .origin = ORIGIN_SCHEDULE}};
	struct child_view view;
	char target[64];

	if (!random_view(sim, &view))
		return;
	word_target(sim, &view, target, sizeof(target));
	event.request.target = target;
	forgive_idle(sim, core_find(sim->core, target));
	sim_step(sim, &event);
}

void request_random(struct sim *sim)
{
	struct child_view view, above;
	struct wording words = {.args = {words.child, words.target, NULL}};
	struct request request = {.id = sim->next_request,
				  .kind = random_kind(sim),
				  .no_wait = rng_chance(&sim->rng, 20),
				  .allow_starting = rng_chance(&sim->rng, 30)};

	if (request.kind == REQUEST_TRIGGER) {
		trigger_random(sim);
		return;
	}
	if (sim->n_asked >= sim->weather.outstanding) {
		request_forget_random(sim);
		return;
	}
	sim->next_request++;
	if (!random_view(sim, &view))
		return;
	word_child(sim, &view, words.child, sizeof(words.child));
	above = view;
	if (request.kind <= REQUEST_GET_CHILDSPEC && rng_chance(&sim->rng, 92) &&
	    !(request.kind == REQUEST_START_CHILD && view.spec->type == CHILD_SUPERVISOR))
		core_view(sim->core, view.parent, &above);
	word_target(sim, &above, words.target, sizeof(words.target));
	if (request.kind == REQUEST_START && view.spec->instance && rng_chance(&sim->rng, 40))
		word_instance(sim, &view, words.target, sizeof(words.target));
	request.target = words.target;
	request.child = rng_chance(&sim->rng, 98) ? words.child : NULL;
	if (request.kind == REQUEST_START_CHILD && rng_chance(&sim->rng, 98))
		request.spec = spec_random_child(&sim->rng, above.spec);
	actors_random_spec(sim, request.spec);
	overlap_random_child(&(struct rng){request.id * 31 + sim->seed}, request.spec, above.spec);
	if (request.spec && rng_chance(&sim->rng, 20))
		depend_random_child(sim, request.spec);
	if (request.kind == REQUEST_START_CHILD && rng_chance(&sim->rng, 50))
		request.args = words.args;
	if (request.kind == REQUEST_EXIT)
		request.reason = world_random_reason(sim);
	request_send(sim, &request);
	spec_unref(request.spec);
	reason_fini(&request.reason);
}

void request_ask(struct sim *sim, enum request_kind kind, const char *target)
{
	struct request request = {.id = sim->next_request, .kind = kind, .target = target};

	if (sim->n_asked >= sim->weather.outstanding)
		return;
	sim->next_request++;
	if (kind == REQUEST_EXIT)
		request.reason = REASON(REASON_KILL);
	request_send(sim, &request);
}

void request_forget_random(struct sim *sim)
{
	struct event event = {.kind = EVENT_FORGET};
	struct asked *a;

	if (!sim->n_asked)
		return;
	a = &sim->asked[rng_below(&sim->rng, sim->n_asked)];
	a->forgotten = true;
	event.request.id = a->id;
	sim_step(sim, &event);
}
